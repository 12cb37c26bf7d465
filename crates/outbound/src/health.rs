//! How a connection has been, as a person wants to know it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the way out knows about the calls with a connection, since the start of the process.
/// Attempts are counted, retries and redirects included; what a limit or a breaker held back is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// Attempts.
    pub calls: u64,
    /// Attempts without an answer, or with a status of 401, 407, 429 or 5xx.
    pub errors: u64,
    /// Attempts in the last 15 minutes.
    pub recent_calls: u64,
    /// Errors among them.
    pub recent_errors: u64,
    /// When an attempt last went well, as time since 1970.
    pub last_success: Option<Duration>,
    /// What went wrong last.
    pub last_failure: Option<Failure>,
    /// How long answers took in the last 10 to 20 minutes.
    pub latency: Option<Latency>,
    /// The scarcest quota that the service states.
    pub quota: Option<Quota>,
    /// Until when the service wants to be left alone, as time since 1970.
    pub paused_until: Option<Duration>,
    /// Calls that wait for a place, here or in the engine.
    pub waiting: u64,
    /// The circuit breaker.
    pub breaker: BreakerState,
    /// Answers that are kept in memory.
    pub cached: u64,
    /// Calls that were answered from memory.
    pub hits: u64,
}

impl Health {
    /// Share of errors in the last 15 minutes, from 0 to 1.
    pub fn error_share(&self) -> f64 {
        if self.recent_calls == 0 { 0.0 } else { self.recent_errors as f64 / self.recent_calls as f64 }
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// When, as time since 1970.
    pub at: Duration,
    /// In a few words, safe to show.
    pub reason: String,
}

/// How long it takes until an answer begins, without any wait of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// Half of the answers were faster.
    pub median: Duration,
    /// One of twenty was slower.
    pub slow: Duration,
}

/// A quota as the service last stated it, with what was used since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Calls in each window.
    pub limit: Option<u64>,
    /// Calls that are left.
    pub remaining: u64,
    /// When it is whole again, as time since 1970.
    pub resets_at: Duration,
}

/// How a circuit breaker stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum BreakerState {
    /// Calls pass.
    #[default]
    Closed,
    /// Calls are held back; after that time one passes as a probe.
    Open {
        /// Until the probe.
        probe_in: Duration,
    },
    /// A probe is on its way.
    Probing,
    /// A person holds it open or closed.
    Forced(Forced),
}

/// What a person makes of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Forced {
    /// Nothing is called.
    Open,
    /// Everything is called, however often it fails.
    Closed,
}

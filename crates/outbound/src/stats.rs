//! What the way out has seen: counters for metrics, read as one snapshot.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::{Error, LaterReason, Response};

/// Counts since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Calls begun through `send`.
    pub calls: u64,
    /// Calls whose head has not come yet.
    pub in_flight: u64,
    /// Answers with a status below 400.
    pub succeeded: u64,
    /// Answers with a status of 400 and above.
    pub rejected: u64,
    /// Calls without an answer, other than those below.
    pub failed: u64,
    /// Calls refused by egress rules or a connection's hosts.
    pub refused: u64,
    /// Calls told to come back later, whoever said so.
    pub postponed: u64,
    /// Of those, the ones held back by an open breaker.
    pub breaker_open: u64,
    /// Repeated attempts within a call.
    pub retries: u64,
    /// Second attempts for slow answers.
    pub hedged: u64,
    /// Answers from the cache, revalidated ones included.
    pub cached: u64,
    /// Streams dialled for other protocols.
    pub dialled: u64,
    /// Response bytes read by callers, dialled streams included.
    pub received_bytes: u64,
    /// Bytes written to dialled streams.
    pub sent_bytes: u64,
    /// Sum of the times to the head, in microseconds.
    pub head_micros: u64,
}

macro_rules! counters {
    ($($name:ident)*) => {
        /// The live counters behind [`Stats`].
        #[derive(Default)]
        pub(crate) struct Counters { $(pub(crate) $name: AtomicU64,)* }

        impl Counters {
            pub(crate) fn snapshot(&self) -> Stats {
                Stats { $($name: self.$name.load(Relaxed),)* }
            }
        }
    };
}

counters! {
    calls in_flight succeeded rejected failed refused postponed breaker_open retries hedged cached dialled
    received_bytes sent_bytes head_micros
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Relaxed);
    }

    /// Counts how a call ended.
    pub(crate) fn ended(&self, outcome: &Result<Response, Error>, took: Duration) {
        Self::add(&self.head_micros, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        match outcome {
            Ok(response) => {
                let counter = if response.status.as_u16() < 400 { &self.succeeded } else { &self.rejected };
                Self::add(counter, 1);
                if response.timing.cached {
                    Self::add(&self.cached, 1);
                }
            }
            Err(Error::Later { reason, .. }) => {
                Self::add(&self.postponed, 1);
                if *reason == LaterReason::BreakerOpen {
                    Self::add(&self.breaker_open, 1);
                }
            }
            Err(Error::EgressRefused { .. } | Error::HostNotAllowed { .. }) => Self::add(&self.refused, 1),
            Err(_) => Self::add(&self.failed, 1),
        }
    }
}

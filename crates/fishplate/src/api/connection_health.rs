//! How the calls with a connection go, and what a person can do about it by hand.

use std::time::Duration;

use auth::Permission;
use model::Problem;
use outbound::{BreakerState, Forced, Health};
use part::http::{Call, Operation, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connections::place;
use super::{App, on};
use crate::resources::now_millis;

/// How the calls with a connection go, since this server started. Times are milliseconds since 1970.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Calls {
    /// Attempts to call, retries and redirects included; what was held back is none.
    call_count: u64,
    /// Attempts without an answer, or answered with 401, 407, 429 or 5xx.
    error_count: u64,
    /// Attempts in the last 15 minutes.
    recent_call_count: u64,
    /// Errors among them.
    recent_error_count: u64,
    /// Share of errors among them, from 0 to 1.
    error_share: f64,
    /// When an attempt last went well.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success_at: Option<u64>,
    /// When an attempt last failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure_at: Option<u64>,
    /// Why it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<String>,
    /// Half of the answers of the last minutes began within so many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    median_millis: Option<f64>,
    /// Nineteen of twenty did within so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_millis: Option<f64>,
    /// The scarcest quota that the service states.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<Quota>,
    /// Until when the service wants to be left alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<u64>,
    /// Calls that wait for a place.
    waiting_count: u64,
    /// The circuit breaker, which holds calls back from a service that keeps failing.
    breaker: Breaker,
    /// When a held back call may pass to see whether the service is back.
    #[serde(skip_serializing_if = "Option::is_none")]
    probe_at: Option<u64>,
    /// Answers that are kept in memory.
    cached_count: u64,
    /// Calls that were answered from memory.
    hit_count: u64,
}

/// A quota as the service last stated it, with what was used since.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Quota {
    /// Calls in each window.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// Calls that are left.
    remaining: u64,
    /// When it is whole again.
    resets_at: u64,
}

/// How a circuit breaker stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Breaker {
    /// Calls pass.
    Closed,
    /// Calls are held back.
    Open,
    /// One call is on its way to see whether the service is back; the others are held back.
    Probing,
    /// A person holds it open: calls are held back.
    HeldOpen,
    /// A person holds it closed: calls pass, however often they fail.
    HeldClosed,
}

/// What becomes of a circuit breaker.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Hold {
    /// `open` holds calls back, `closed` lets them pass, `auto` leaves it to the breaker again.
    breaker: Wanted,
}

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Wanted {
    /// Calls are held back.
    Open,
    /// Calls pass.
    Closed,
    /// The breaker judges for itself.
    Auto,
}

/// What to forget.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Forget {
    /// Only answers for the workflow of that name, and those that the service tagged so (`Cache-Tag`, `Surrogate-Key`);
    /// all when absent.
    tag: Option<String>,
}

/// What was forgotten.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Forgotten {
    /// Answers.
    count: u64,
}

pub(super) fn operations(app: &App) -> Vec<Operation> {
    let path = |rest: &str| format!("/api/v1/connections/{{name}}/{rest}");
    vec![
        on(
            app,
            Operation::get(path("health"), "connectionHealth", Permission::ResourceRead)
                .about("connections", "How the calls with a connection go: errors, times, quotas, and what waits.")
                .gives::<Calls>(),
            async |app, call| {
                let (scope, name) = place(&app, &call).await?;
                Reply::json(&Calls::of(app.outbound.health(scope, &name)))
            },
        ),
        on(
            app,
            Operation::post(path("forget-answers"), "forgetAnswers", Permission::ConnectionUse)
                .about("connections", "Forgets the answers to a connection's calls that are kept in memory.")
                .takes::<Forget>()
                .gives::<Forgotten>(),
            async |app, mut call| {
                let forget: Forget = call.json_or_default().await?;
                let (scope, name) = place(&app, &call).await?;
                Reply::json(&Forgotten { count: app.outbound.forget_answers(scope, &name, forget.tag.as_deref()) })
            },
        ),
        on(
            app,
            Operation::post(path("breaker"), "setBreaker", Permission::ResourceWrite)
                .about(
                    "connections",
                    "Holds the circuit breaker of a connection open or closed, until this server ends or it is left to \
                     itself again.",
                )
                .takes::<Hold>()
                .gives::<Calls>(),
            set_breaker,
        ),
    ]
}

async fn set_breaker(app: App, mut call: Call) -> Result<Reply, Problem> {
    let hold: Hold = call.json().await?;
    let (scope, name) = place(&app, &call).await?;
    let forced = match hold.breaker {
        Wanted::Open => Some(Forced::Open),
        Wanted::Closed => Some(Forced::Closed),
        Wanted::Auto => None,
    };
    let subject = format!("{} connection/{name}", call.scope);
    let detail = serde_json::json!({ "breaker": hold.breaker }).to_string();
    app.store.record(now_millis(), call.grant()?.actor(), "connection.breaker", &subject, detail).await?;
    app.outbound.set_breaker(scope, &name, forced);
    Reply::json(&Calls::of(app.outbound.health(scope, &name)))
}

impl Calls {
    fn of(health: Health) -> Calls {
        let (breaker, probe_in) = match health.breaker {
            BreakerState::Closed => (Breaker::Closed, None),
            BreakerState::Open { probe_in } => (Breaker::Open, Some(probe_in)),
            BreakerState::Probing => (Breaker::Probing, None),
            BreakerState::Forced(Forced::Open) => (Breaker::HeldOpen, None),
            BreakerState::Forced(Forced::Closed) => (Breaker::HeldClosed, None),
        };
        let in_millis = |time: Duration| (time.as_secs_f64() * 1e4).round() / 10.0;
        Calls {
            call_count: health.calls,
            error_count: health.errors,
            recent_call_count: health.recent_calls,
            recent_error_count: health.recent_errors,
            error_share: health.error_share(),
            last_success_at: health.last_success.map(date),
            last_failure_at: health.last_failure.as_ref().map(|failure| date(failure.at)),
            last_failure: health.last_failure.map(|failure| failure.reason),
            median_millis: health.latency.map(|latency| in_millis(latency.median)),
            slow_millis: health.latency.map(|latency| in_millis(latency.slow)),
            quota: health.quota.map(|quota| Quota {
                limit: quota.limit,
                remaining: quota.remaining,
                resets_at: date(quota.resets_at),
            }),
            paused_until: health.paused_until.map(date),
            waiting_count: health.waiting,
            breaker,
            probe_at: probe_in.map(|left| now_millis().unsigned_abs() + date(left)),
            cached_count: health.cached,
            hit_count: health.hits,
        }
    }
}

fn date(since_1970: Duration) -> u64 {
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

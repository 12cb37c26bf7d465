//! Time as this crate sees it. Spans are measured with `tokio::time`, which tests pause; only what a peer dates
//! (`Retry-After` as a date) needs the calendar, and that comes from here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The calendar.
pub trait Clock: Send + Sync + 'static {
    /// Time since 1970-01-01T00:00:00Z.
    fn unix_time(&self) -> Duration;
}

/// The machine's clock; the only reader of wall time in this crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the port behind which the wall clock is read")]
    fn unix_time(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

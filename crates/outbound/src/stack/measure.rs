//! Counts every call and how it ended.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::{Call, Next};
use crate::handle::Shared;
use crate::stats::Counters;
use crate::{Error, Response};

pub(super) async fn call(shared: Arc<Shared>, next: Next, call: Call) -> Result<Response, Error> {
    let counters = shared.counters.clone();
    let _flying = Flying::new(counters.clone());
    let (host, progress) = (call.host(), call.progress.clone());
    let mut outcome = next.run(call).await;
    let took = progress.started.elapsed();
    if let Ok(response) = &mut outcome {
        response.timing.head = took;
        response.timing.waited = progress.waited();
        response.timing.attempts = progress.attempts.load(Relaxed);
    }
    counters.ended(&outcome, took);
    match &outcome {
        Ok(response) => tracing::debug!(host, status = response.status.as_u16(), ?took, "answered"),
        Err(error) => tracing::debug!(host, error = error.chain(), ?took, "not answered"),
    }
    outcome
}

/// A call whose head has not come; counted down also when the caller drops it.
struct Flying(Arc<Counters>);

impl Flying {
    fn new(counters: Arc<Counters>) -> Flying {
        Counters::add(&counters.calls, 1);
        Counters::add(&counters.in_flight, 1);
        Flying(counters)
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

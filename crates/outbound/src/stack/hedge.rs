//! Asks a second time when an answer is slow, for reads of callers that want it: the first answer wins, and the other
//! attempt is canceled. The second attempt is an attempt like any other; it is not made where no place is free for it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use http::Method;
use tokio::time::Instant;

use super::{Call, Next};
use crate::handle::Shared;
use crate::stats::Counters;
use crate::{Body, Error, Response};

/// Nobody is asked again sooner.
const SOONEST: Duration = Duration::from_millis(5);

pub(super) async fn call(shared: Arc<Shared>, next: Next, call: Call) -> Result<Response, Error> {
    let Some(patience) = patience(&shared, &call) else { return next.run(call).await };
    let second = Call { spare: true, ..call.clone() };
    let progress = call.progress.clone();
    let first = next.run(call).boxed();
    let asleep = async {
        // What was not sent yet waits for us, and not for the service.
        loop {
            tokio::time::sleep(patience).await;
            if progress.sent.load(Relaxed) {
                return;
            }
        }
    };
    let first = match select(first, asleep.boxed()).await {
        Either::Left((outcome, _)) => return outcome,
        Either::Right(((), first)) => first,
    };
    Counters::add(&shared.counters.hedged, 1);
    match select(first, next.run(second).boxed()).await {
        Either::Left((Err(_), second)) | Either::Right((Err(_), second)) => second.await,
        Either::Left((outcome, _)) | Either::Right((outcome, _)) => outcome,
    }
}

/// How long an answer may take before the second attempt; `None` when there is none.
fn patience(shared: &Shared, call: &Call) -> Option<Duration> {
    let hedge = call.meta.hedge?;
    let is_read = matches!(call.request.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let again = match &call.request.body {
        Body::Empty => is_read || call.meta.reads,
        Body::Bytes(_) => call.meta.reads,
        Body::Stream(_) => false,
    };
    if !again {
        return None;
    }
    let usual = || call.peer(shared).record().latency(Instant::now()).map(|latency| latency.slow);
    hedge.after.or_else(usual).map(|patience| patience.max(SOONEST))
}

//! Tries again when it is certain that no byte of the request was sent.

use std::sync::Arc;
use std::time::Duration;

use super::{Call, Next};
use crate::handle::Shared;
use crate::stats::Counters;
use crate::{Error, Response};

/// Pauses between attempts: long enough for a restarting server's socket, 1.5 s in all.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1000)];

pub(super) async fn call(shared: Arc<Shared>, next: Next, call: Call) -> Result<Response, Error> {
    for pause in PAUSES {
        let outcome = next.run(call.clone()).await;
        match &outcome {
            Err(Error::Dial { .. }) if call.request.body.is_fresh() => {}
            _ => return outcome,
        }
        if !call.progress.wait(pause).await {
            return outcome;
        }
        Counters::add(&shared.counters.retries, 1);
    }
    next.run(call).await
}

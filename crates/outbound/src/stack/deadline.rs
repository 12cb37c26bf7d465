//! Ends a call that is late or canceled.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::{Call, Next};
use crate::handle::Shared;
use crate::{Error, Response};

pub(super) async fn call(_: Arc<Shared>, next: Next, call: Call) -> Result<Response, Error> {
    let (meta, progress, host) = (call.meta.clone(), call.progress.clone(), call.host());
    tokio::select! {
        biased;
        () = meta.cancel.cancelled() => Err(Error::Canceled { sent: progress.sent.load(Relaxed) }),
        outcome = next.run(call) => outcome,
        () = tokio::time::sleep_until(progress.deadline) => {
            Err(Error::Timeout { host, after: meta.deadline, sent: progress.sent.load(Relaxed) })
        }
    }
}

//! Long-lived work: made from options, run until told to stop.

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// A part of the server that runs as long as it does.
pub trait Service: Send {
    /// Name for logs and the health page.
    fn name(&self) -> &'static str;

    /// Works until `stop` is cancelled, then ends what it began. An error stops the server: what can be mended by
    /// waiting is waited for inside.
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), model::Problem>>;
}

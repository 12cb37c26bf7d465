//! The stack that every HTTP call passes, built in one place: `build`.

mod breaker;
mod cache;
mod connection;
mod deadline;
mod decode;
mod gate;
mod health;
mod hedge;
mod idempotency;
mod limit;
mod measure;
mod meter;
mod peers;
mod points;
mod quota;
mod redirect;
mod retry;
mod send;
mod sign;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Name, ScopeId};
use tokio::time::Instant;
use tower::Service;

use crate::handle::Shared;
use crate::{Budget, Error, Meta, Reach, Request, Response};
use peers::Peer;

pub(crate) use breaker::Breakers;
pub(crate) use cache::Cache;
pub(crate) use health::of as health_of;
pub(crate) use peers::Peers;

/// Most time that a call may spend waiting on our own account; what is longer becomes [`Error::Later`].
pub const WAIT_BUDGET: Duration = Duration::from_secs(2);

/// Builds the stack from the inside out. Read it from the bottom up: the last line is the outermost layer.
pub(crate) fn build(shared: &Arc<Shared>) -> Next {
    // Innermost: the egress check and the dial belong together, so that what was checked is what is dialled.
    let stack = layer(shared, send::call);
    // Signatures age and nonces are used once, so each attempt is signed right before it is sent.
    let stack = around(shared, stack, sign::call);
    // Below the limit, so that what is noted of a service holds no wait of ours.
    let stack = around(shared, stack, health::call);
    // Only what would really be sent uses up allowance; a call that the breaker refuses does not.
    let stack = around(shared, stack, limit::call);
    // Inside retry, so that each failed attempt counts and an opening breaker ends the retries.
    let stack = around(shared, stack, breaker::call);
    // Inside retry, so that a second attempt is made once and not again; each of the two passes breaker and limit.
    let stack = around(shared, stack, hedge::call);
    // Below redirects, so that each hop is retried by itself.
    let stack = around(shared, stack, retry::call);
    // Above everything that depends on the host: each hop has its own check, breaker, limit and credentials.
    let stack = around(shared, stack, redirect::call);
    // Above redirects and retries: all attempts of a call carry one key.
    let stack = around(shared, stack, idempotency::call);
    // An answer from memory needs no key, allowance or breaker; its key includes the connection.
    let stack = around(shared, stack, cache::call);
    // Before the cache, so that nobody is served an answer from a host that the connection may not be sent to.
    let stack = around(shared, stack, connection::call);
    // Bounds everything that may wait, and hears the caller's cancel.
    let stack = around(shared, stack, deadline::call);
    // Outermost: sees every call and how it ended, also those that were late or canceled.
    around(shared, stack, measure::call)
}

/// What the body of an answer says of a budget.
pub(crate) fn spent(shared: &Shared, key: &LimitKey, url: &url::Url, budget: &Budget) {
    limit::spent(shared, key, url, budget);
}

/// One call on its way through the layers.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) meta: Arc<Meta>,
    /// The connection whose credentials go with the request; gone after a redirect to a host that it does not name.
    pub(crate) connection: Option<(Name, Arc<Reach>)>,
    pub(crate) progress: Arc<Progress>,
    /// What is known about the service; looked up once for an attempt.
    pub(crate) peer: Option<Arc<Peer>>,
    /// A second attempt beside one that is under way: nothing is lost when it is not made.
    pub(crate) spare: bool,
}

/// What the layers learn about a call; shared by all its attempts.
pub(crate) struct Progress {
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
    /// A byte of the request may have been sent.
    pub(crate) sent: AtomicBool,
    pub(crate) attempts: AtomicU32,
    waited: AtomicU64,
}

impl Call {
    pub(crate) fn new(request: Request, meta: Meta) -> Call {
        let started = Instant::now();
        // A century is for ever; adding more could overflow the clock.
        let deadline = started + meta.deadline.min(Duration::from_secs(100 * 365 * 24 * 3600));
        let progress = Progress {
            started,
            deadline,
            sent: AtomicBool::new(false),
            attempts: AtomicU32::new(0),
            waited: AtomicU64::new(0),
        };
        Call { request, meta: Arc::new(meta), connection: None, progress: Arc::new(progress), peer: None, spare: false }
    }

    pub(crate) fn host(&self) -> String {
        self.request.url.host_str().unwrap_or_default().to_owned()
    }

    /// What is known about the service.
    pub(crate) fn peer(&self, shared: &Shared) -> Arc<Peer> {
        self.peer.clone().unwrap_or_else(|| shared.peers.of(&self.key()))
    }

    /// What breaker and rate limit count by.
    pub(crate) fn key(&self) -> LimitKey {
        match &self.connection {
            Some((name, _)) => LimitKey { scope: self.meta.scope, connection: Some(name.clone()), host: None },
            None => LimitKey::host(&self.meta, &self.request.url),
        }
    }
}

impl Progress {
    /// Waits, if the call's budget and deadline have room for it; `false` means that nothing was waited.
    pub(crate) async fn wait(&self, time: Duration) -> bool {
        if time > self.budget() {
            return false;
        }
        self.has_waited(time);
        tokio::time::sleep(time).await;
        true
    }

    /// So much was waited.
    pub(crate) fn has_waited(&self, time: Duration) {
        self.waited.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// What may still be waited.
    pub(crate) fn budget(&self) -> Duration {
        let left = WAIT_BUDGET.saturating_sub(self.waited());
        left.min(self.deadline.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn waited(&self) -> Duration {
        Duration::from_micros(self.waited.load(Relaxed))
    }
}

/// A connection in its scope, or a host and port for calls without one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LimitKey {
    pub(crate) scope: ScopeId,
    pub(crate) connection: Option<Name>,
    pub(crate) host: Option<String>,
}

impl LimitKey {
    /// What a call without a connection counts by.
    pub(crate) fn host(meta: &Meta, url: &url::Url) -> LimitKey {
        let port = url.port_or_known_default().unwrap_or(0);
        let host = || format!("{}:{port}", url.host_str().unwrap_or_default());
        let host = Some(meta.counted_as.as_deref().map_or_else(host, str::to_owned));
        LimitKey { scope: meta.scope, connection: None, host }
    }

    pub(crate) fn of(scope: ScopeId, connection: &Name) -> LimitKey {
        LimitKey { scope, connection: Some(connection.clone()), host: None }
    }
}

impl std::fmt::Display for LimitKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.connection, &self.host) {
            (Some(name), _) => write!(out, "{}/connection/{name}", self.scope.0),
            (None, host) => write!(out, "{}/{}", self.scope.0, host.as_deref().unwrap_or_default()),
        }
    }
}

/// The rest of the stack below a layer: a tower service, boxed, shared and always ready, so that a layer clones it
/// for the price of a counter and any tower layer fits between two of ours.
#[derive(Clone)]
pub(crate) struct Next(Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Response, Error>> + Send + Sync>);

impl Next {
    pub(crate) async fn run(&self, call: Call) -> Result<Response, Error> {
        (self.0)(call).await
    }
}

impl Service<Call> for Next {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        (self.0)(call)
    }
}

/// Boxes any service that is always ready; [`build`] uses it for each layer.
fn boxed<S>(service: S) -> Next
where
    S: Service<Call, Response = Response, Error = Error> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    Next(Arc::new(move |call| Box::pin(tower::ServiceExt::oneshot(service.clone(), call))))
}

fn layer<F, O>(shared: &Arc<Shared>, innermost: F) -> Next
where
    F: Fn(Arc<Shared>, Call) -> O + Clone + Send + Sync + 'static,
    O: Future<Output = Result<Response, Error>> + Send + 'static,
{
    let shared = shared.clone();
    boxed(tower::service_fn(move |call| innermost(shared.clone(), call)))
}

fn around<F, O>(shared: &Arc<Shared>, next: Next, outer: F) -> Next
where
    F: Fn(Arc<Shared>, Next, Call) -> O + Clone + Send + Sync + 'static,
    O: Future<Output = Result<Response, Error>> + Send + 'static,
{
    let shared = shared.clone();
    boxed(tower::service_fn(move |call| outer(shared.clone(), next.clone(), call)))
}

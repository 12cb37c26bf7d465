//! What a caller says about a call, beside the request itself.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName};
use model::{HumanDuration, Name, ScopeId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use url::Url;

/// On whose behalf a call is made, and how patient it is. Start from [`Meta::new`] and set fields.
#[derive(Clone, Debug)]
pub struct Meta {
    /// Whose egress rules apply, and where the connection is looked up.
    pub scope: ScopeId,
    /// The connection whose credentials go with the request.
    pub connection: Option<Name>,
    /// Sent in [`Meta::idempotency_header`] unless the request has that header already.
    pub idempotency_key: Option<String>,
    /// `idempotency-key` unless the operation declares another.
    pub idempotency_header: HeaderName,
    /// Longest time from the start to the final response head: waits, retries and redirects included.
    pub deadline: Duration,
    /// Longest silence between two chunks of the response body.
    pub stall: Duration,
    /// Most bytes of response body, counted after decoding.
    pub max_body: u64,
    /// Decodes bodies with `Content-Encoding` gzip or deflate, and takes the header away.
    pub decode: bool,
    /// How many redirects are followed; 0 hands the 3xx to the caller.
    pub follow_redirects: u8,
    /// `http://`, `https://`, `socks5://` or `socks5h://` proxy. It is subject to the egress check itself.
    pub proxy: Option<Url>,
    /// Takes any certificate. Only for a person who knows why.
    pub accept_invalid_certs: bool,
    /// The caller has signed the request itself, as the driver of an account does ([`crate::Login`]): the connection's
    /// hosts, limits and breaker apply, and its secret is not put on it.
    pub signed: bool,
    /// Which HTTP version is spoken.
    pub http: HttpVersion,
    /// Serves `GET` and `HEAD` from memory for so long, and revalidates afterwards. `None` never caches.
    pub cache: Option<Duration>,
    /// Serves what is in memory for so much longer when the service fails: no answer, 5xx, or a wait. `None` never does.
    pub stale_on_error: Option<Duration>,
    /// Asks a second time when the answer to a read is slow. `None` never does.
    pub hedge: Option<Hedge>,
    /// The call only reads, although its method says otherwise: a search by `POST`. It may then be served from memory
    /// and be asked a second time, if its body is in memory.
    pub reads: bool,
    /// Which answers may be kept; absent: all with status 200. For services that say no in a body with a good status.
    pub sound: Option<Sound>,
    /// For whom the call is made among those of its scope: the workflow. Where places are scarce, flows take turns.
    pub flow: Option<Arc<str>>,
    /// What limits and breaker of a call without a connection count by; absent: the host. For several receivers at one
    /// host, of which none is to pay for another.
    pub counted_as: Option<Arc<str>>,
    /// What the call is known by when it comes again after [`crate::Error::Later`], so that it keeps its place;
    /// without it, by its idempotency key.
    pub ticket: Option<Arc<str>>,
    /// Limit of the operation; it counts beside the connection's own.
    pub limit: Option<RateLimit>,
    /// What becomes of 429, and of 503 with `Retry-After`.
    pub throttle: Throttle,
    /// Ends the call at once, its body included.
    pub cancel: CancellationToken,
}

impl Meta {
    /// A call of that scope: no connection, 60 s to the head, 60 s between chunks, 64 MiB of body, 10 redirects.
    pub fn new(scope: ScopeId) -> Meta {
        Meta {
            scope,
            connection: None,
            idempotency_key: None,
            idempotency_header: HeaderName::from_static("idempotency-key"),
            deadline: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            max_body: 64 << 20,
            decode: true,
            follow_redirects: 10,
            proxy: None,
            accept_invalid_certs: false,
            signed: false,
            http: HttpVersion::Auto,
            cache: None,
            stale_on_error: None,
            hedge: None,
            reads: false,
            sound: None,
            flow: None,
            counted_as: None,
            ticket: None,
            limit: None,
            throttle: Throttle::Later,
            cancel: CancellationToken::new(),
        }
    }
}

/// When a read is asked for a second time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hedge {
    /// After so long without an answer; absent: after the time that nineteen of twenty answers take.
    pub after: Option<Duration>,
}

/// Tells an answer that may be kept from one that says no, by its headers and body.
#[derive(Clone)]
pub struct Sound(pub Arc<IsSound>);

/// Looks at headers and body.
pub type IsSound = dyn Fn(&HeaderMap, &[u8]) -> bool + Send + Sync;

impl std::fmt::Debug for Sound {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Sound")
    }
}

/// A budget that calls use up by different amounts, as an answer states it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// What is left.
    pub left: f64,
    /// What there is at most.
    pub most: Option<f64>,
    /// What comes back in each second.
    pub per_second: Option<f64>,
    /// When all of it is back, from now.
    pub resets: Option<Duration>,
    /// What the call has cost, or would have.
    pub cost: Option<f64>,
}

impl Budget {
    /// Whether its numbers can be reckoned with.
    pub(crate) fn is_sound(&self) -> bool {
        let numbers = [Some(self.left), self.most, self.per_second, self.cost];
        numbers.into_iter().flatten().all(|number| number.is_finite() && (0.0..1e15).contains(&number))
    }

    /// How long until there is enough again for a call that costs the same; zero: there is.
    pub fn wait(&self) -> Duration {
        let lacks = self.cost.unwrap_or(1.0).min(self.most.unwrap_or(f64::INFINITY)) - self.left;
        if lacks <= 0.0 {
            return Duration::ZERO;
        }
        let filled = self.per_second.filter(|rate| *rate > 0.0);
        let filled = filled.and_then(|rate| Duration::try_from_secs_f64(lacks / rate).ok());
        filled.into_iter().chain(self.resets).min().unwrap_or_default()
    }
}

/// Which HTTP version is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// What the peer offers in the TLS handshake, HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 from the first byte, also without TLS.
    Http2,
}

/// What becomes of an answer that asks to wait (429, or 503 with `Retry-After`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Throttle {
    /// It becomes [`crate::Error::Later`], so that the engine sets a timer.
    #[default]
    Later,
    /// The caller gets the answer as it is. The rate limit learns from it all the same.
    Answer,
}

/// So many calls in so long; the whole allowance may be used at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// Calls in each period; at least 1.
    pub calls: u32,
    /// The period, for example `"1s"` or `"1m"`.
    pub per: HumanDuration,
}

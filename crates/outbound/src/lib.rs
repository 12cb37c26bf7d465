//! The one way out: every HTTP call and every dialled stream of Fishplate leaves through [`Outbound`].
//!
//! A call passes one stack of layers, built in one place ([`stack`]): measure, deadline, connection, cache,
//! idempotency key, redirects, retry, second attempts, circuit breaker, rate limit, health, credentials, egress check and
//! dial.
//! Other protocols use [`Outbound::dial`], which shares the egress check, the pinned addresses and the measure, or
//! [`Outbound::tunnel`] when their driver opens its sockets itself. Their accounts are [`Login`]s.
//!
//! What this crate must never do: know where secrets are kept (that is the [`Credentials`] port, filled by `auth`),
//! repeat a request of which a byte may have been sent, or wait longer than two seconds on its own account
//! (that is [`Error::Later`], a durable timer in the engine).
//!
//! Start reading at [`Outbound`], then [`stack`], then [`egress`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use outbound::{Error, Meta, NoCredentials, Options, Outbound, Request};
//!
//! let outbound = Outbound::new(Options::default(), Arc::new(NoCredentials))?;
//! let request = Request::new(http::Method::GET, "http://127.0.0.1/".parse()?);
//! let error = outbound.send(request, Meta::new(model::ScopeId(1))).await.unwrap_err();
//! assert!(matches!(error, Error::EgressRefused { .. }) && error.before_send());
//! # Ok(()) }
//! ```

pub mod clock;
pub mod credentials;
pub mod dial;
pub mod egress;
pub mod error;
pub mod health;
pub mod login;
pub mod message;
pub mod meta;
pub mod resolve;
pub mod stack;
pub mod stats;
pub mod tunnel;

mod account_tls;
mod clients;
mod handle;
mod tls;

pub use account_tls::{AccountTls, TlsFault};
pub use clock::{Clock, SystemClock};
pub use credentials::{Credentials, NoCredentials, Reach, Refusal, RefusalSign, ShownRequest, Signable};
pub use dial::{BoxedStream, Stream, Target};
pub use egress::{EgressRules, HostPattern};
pub use error::{Error, LaterReason};
pub use handle::{BreakerOptions, Options, Outbound};
pub use health::{BreakerState, Forced, Health};
pub use login::{Encryption, Login, Protocol};
pub use message::{Body, BodyStream, Request, Response, Timing};
pub use meta::{Budget, Hedge, HttpVersion, Meta, RateLimit, Sound, Throttle};
pub use resolve::{Resolver, SystemResolver};
pub use stats::Stats;
pub use tunnel::Tunnel;

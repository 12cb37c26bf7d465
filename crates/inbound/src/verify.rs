//! Who may call: a port that `auth` fills, so that no secret is ever seen here.

pub use auth::signature::{Incoming, Verdict};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use model::{Name, Problem, ScopeId, Value};

/// What a sender has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// User and password.
    Basic,
    /// The connection's header.
    Header,
    /// A signed token.
    Jwt,
}

/// Compares what a sender shows with a connection, in constant time.
pub trait Verifier: Send + Sync + 'static {
    /// Gives the claims of a token, or refuses.
    fn verify<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        shown: Shown,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, Result<Option<Value>, Problem>>;

    /// Says what a signed request is, or refuses.
    fn judge<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        request: Incoming<'a>,
    ) -> BoxFuture<'a, Result<Verdict, Problem>>;
}

impl Verifier for auth::Vault {
    fn verify<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        shown: Shown,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, Result<Option<Value>, Problem>> {
        let shown = match shown {
            Shown::Basic => auth::Shown::Basic,
            Shown::Header => auth::Shown::Header,
            Shown::Jwt => auth::Shown::Jwt,
        };
        Box::pin(auth::Vault::verify(self, scope, connection, shown, headers))
    }

    fn judge<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        request: Incoming<'a>,
    ) -> BoxFuture<'a, Result<Verdict, Problem>> {
        Box::pin(async move { auth::Vault::judge(self, scope, connection, &request).await })
    }
}

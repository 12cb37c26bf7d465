//! Who may call: a port that `auth` fills, so that no secret is ever seen here.

pub use auth::signature::{Incoming, Verdict};
use auth::signature::{Place, Signature};
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

    /// The same by a secret of an account; `token` is what its service was told to show when it asks whether somebody
    /// is there.
    fn judge_by<'a>(
        &'a self,
        scope: ScopeId,
        secret: (&'a Name, &'a str),
        signature: &'a Signature,
        token: &'a str,
        request: Incoming<'a>,
    ) -> BoxFuture<'a, Result<Verdict, Problem>>;

    /// Where the connection's sender says of an event which kind it is of, if it does.
    fn event_type<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Option<Place>, Problem>>;
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

    fn event_type<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Option<Place>, Problem>> {
        Box::pin(auth::Vault::event_type(self, scope, connection))
    }

    fn judge_by<'a>(
        &'a self,
        scope: ScopeId,
        secret: (&'a Name, &'a str),
        signature: &'a Signature,
        token: &'a str,
        request: Incoming<'a>,
    ) -> BoxFuture<'a, Result<Verdict, Problem>> {
        Box::pin(async move { auth::Vault::judge_by(self, scope, secret, signature, token, &request).await })
    }
}

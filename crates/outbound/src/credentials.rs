//! The port through which secrets meet a request. `auth` fills it; this crate never sees where secrets live.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{HeaderMap, Method};
use model::{Map, Name, ScopeId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{AccountTls, Body, Error, HostPattern, Login, RateLimit};

/// Knows connections: where each may go, and how its secret is put on a request.
pub trait Credentials: Send + Sync + 'static {
    /// What a connection allows. [`Error::Connection`] when it does not exist or is not complete.
    fn reach<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, Error>>;

    /// Puts the secret on a request: a header, a query parameter, a signature over the body.
    /// Called once for each attempt and each redirect that stays within the connection's hosts.
    /// The URL's scheme, host and port must stay as they are.
    fn sign<'a>(
        &'a self,
        scope: ScopeId,
        connection: &'a Name,
        request: Signable<'a>,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Answers a challenge: the service has refused a request with 401 and these headers, and the same request, not
    /// signed, is sent again with what this puts on it. `false` when the connection has no answer to it. Called for
    /// connections that are [`Refusal::Challenged`].
    fn answer<'a>(
        &'a self,
        _scope: ScopeId,
        _connection: &'a Name,
        _challenge: &'a HeaderMap,
        _request: Signable<'a>,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(std::future::ready(Ok(false)))
    }

    /// Renews what is shown, because the service has refused this request. `true`: there is something newer to show, and
    /// the same request is signed and sent once more. Called for connections that are [`Refusal::Renewed`].
    fn renew<'a>(
        &'a self,
        _scope: ScopeId,
        _connection: &'a Name,
        _shown: ShownRequest<'a>,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(std::future::ready(Ok(false)))
    }

    /// What a person has told about the account beside its secrets: a subdomain, a region, the id of a site.
    fn settings<'a>(&'a self, _scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Map, Error>> {
        Box::pin(async move { Err(Error::connection(connection, "does not exist")) })
    }

    /// The connector that it is an account of, if it is one.
    fn connector<'a>(&'a self, _scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Option<Name>, Error>> {
        Box::pin(async move { Err(Error::connection(connection, "does not exist")) })
    }

    /// The service says in an answer of its own kind that it does not take the account any more. What can be renewed is
    /// renewed; otherwise the connection is dead from now on. Gives the error that the call ends with. `generation`:
    /// the one that was shown ([`crate::Response::generation`]); a newer one is not declared dead.
    fn refused<'a>(
        &'a self,
        _scope: ScopeId,
        connection: &'a Name,
        _generation: Option<u64>,
        reason: &'a str,
    ) -> BoxFuture<'a, Error> {
        Box::pin(async move { Error::Dead { connection: connection.clone(), reason: reason.to_owned() } })
    }

    /// Whether calls with the connection may be begun, as far as is known: it is not dead.
    fn is_well<'a>(&'a self, _scope: ScopeId, _connection: &'a Name) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(true))
    }

    /// The account itself, for a driver that logs in by another protocol than HTTP. [`Error::Connection`] when the
    /// connection is no login.
    fn login<'a>(&'a self, _scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Login, Error>> {
        Box::pin(async move { Err(Error::connection(connection, "is no login")) })
    }
}

/// Where a connection may be sent, and how often.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reach {
    /// Hosts that may see the secret. An empty list allows none.
    pub hosts: Vec<HostPattern>,
    /// The named hosts may lie in private ranges, whatever the environment's egress rules say.
    pub private: bool,
    /// Limit of the account.
    pub limit: Option<RateLimit>,
    /// What becomes of a request that the service has refused.
    pub refusal: Refusal,
    /// How answers look that refuse what was shown, where the connection is [`Refusal::Renewed`]; none: by 401.
    pub signs: Vec<RefusalSign>,
    /// What the account brings to TLS with its hosts, and with nobody else.
    pub tls: Option<Arc<AccountTls>>,
    /// Rises whenever the connection or its secret changes, so that no cached answer outlives it.
    pub generation: u64,
}

/// What becomes of a request that the service has refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    /// The caller sees it.
    #[default]
    Final,
    /// The account is shown only when the service asks for it, and depends on what it asks.
    Challenged,
    /// What was shown may have ended before its time; it is renewed, and the request is sent once more.
    Renewed,
}

/// How an answer looks that refuses what was shown: as all of this together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusalSign {
    /// Its status.
    pub status: u16,
    /// A text in the first 64 KiB of its body, which are waited for. Not for streams of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// A part of the address that it redirects to, such as `/login`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// What a service has seen of an account.
#[derive(Clone, Copy)]
pub struct ShownRequest<'a> {
    /// The address as it was signed.
    pub url: &'a Url,
    /// The headers as they were signed.
    pub headers: &'a HeaderMap,
}

impl fmt::Debug for ShownRequest<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ShownRequest").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Reach {
    /// Whether the secret may be sent to that URL's host.
    pub fn names(&self, url: &Url) -> bool {
        let port = url.port_or_known_default().unwrap_or(0);
        url.host().is_some_and(|host| self.hosts.iter().any(|pattern| pattern.matches_host(&host, port)))
    }
}

/// A request as a signer sees it, right before it is sent.
pub struct Signable<'a> {
    /// The method.
    pub method: &'a Method,
    /// The address; query parameters may be added.
    pub url: &'a mut Url,
    /// The headers; mark secrets with `HeaderValue::set_sensitive`.
    pub headers: &'a mut HeaderMap,
    /// The body; one that lies in memory may be changed.
    pub body: &'a mut Body,
}

impl fmt::Debug for Signable<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Signable").field("method", self.method).field("host", &self.url.host_str()).finish()
    }
}

/// Knows no connection: for tools and tests that call without credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

impl Credentials for NoCredentials {
    fn reach<'a>(&'a self, _: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, Error>> {
        Box::pin(async move { Err(Error::connection(connection, "does not exist")) })
    }

    fn sign<'a>(&'a self, _: ScopeId, connection: &'a Name, _: Signable<'a>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { Err(Error::connection(connection, "does not exist")) })
    }
}

//! HTTP clients, one for each way of dialling, and the resolver that pins checked addresses.
//!
//! A client keeps streams open for reuse, so two calls may share one only if the same rules let both dial: the key
//! holds the scope, the revision of its rules, what the connection opens, and the port; and who shows a certificate or
//! trusts an authority of its own, with both.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Name as ConnectionName, ScopeId};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Proxy, redirect};
use tokio::time::Instant;
use url::{Host, Url};

use crate::egress::{Policy, borrow_host, parse_host};
use crate::error::{causes, refuses_certificate};
use crate::handle::Shared;
use crate::tls::Trust;
use crate::{AccountTls, Error, HostPattern, HttpVersion, Meta, Reach, Resolver};

/// Idle clients beyond this many are dropped, the longest unused first.
const MOST_CLIENTS: usize = 128;

#[derive(Default)]
pub(crate) struct Clients {
    known: Mutex<HashMap<Key, (Client, Instant)>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    scope: ScopeId,
    revision: u64,
    opened: Arc<[HostPattern]>,
    port: u16,
    proxy: Option<Url>,
    trust: Trust,
    /// The connection that brings something to TLS, and what.
    account: Option<(ConnectionName, Arc<AccountTls>)>,
    http: HttpVersion,
    connect_timeout: Duration,
}

impl Key {
    /// Whether this is what the same connection brought before it was changed.
    fn is_outdated_by(&self, newer: &Key) -> bool {
        match (&self.account, &newer.account) {
            (Some((name, tls)), Some((now, newer_tls))) => self.scope == newer.scope && name == now && tls != newer_tls,
            _ => false,
        }
    }
}

impl Clients {
    /// Drops the clients of a scope; calls under way keep theirs to their end.
    pub(crate) fn forget(&self, scope: ScopeId) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| key.scope != scope);
    }

    /// The client for a call to `url` that has `left` until its deadline. The host and the proxy have passed [`Policy::check_host`] when this returns.
    pub(crate) fn get(
        &self,
        shared: &Shared,
        meta: &Meta,
        reach: Option<&Reach>,
        url: &Url,
        left: Duration,
    ) -> Result<Client, Error> {
        let (policy, revision) = shared.policy(meta.scope, reach);
        let port = check_url(&policy, url)?;
        let proxy = meta.proxy.as_ref().or(shared.options.proxy.as_ref());
        if let Some(proxy) = proxy {
            check_url(&policy, proxy)?;
        }
        let account = account(meta, reach, url, proxy)?;
        let key = Key {
            scope: meta.scope,
            revision,
            opened: policy.opened.clone(),
            port,
            proxy: proxy.cloned(),
            trust: match [Some(url), proxy].into_iter().flatten().any(|url| url.scheme() == "https") {
                true if meta.accept_invalid_certs => Trust::Any,
                true => Trust::Platform,
                false => Trust::Unused,
            },
            account,
            http: meta.http,
            connect_timeout: connect_timeout(shared.options.connect_timeout, left),
        };
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((client, used)) = known.get_mut(&key) {
            *used = now;
            return Ok(client.clone());
        }
        known.retain(|old, _| !old.is_outdated_by(&key));
        if known.len() >= MOST_CLIENTS {
            let oldest = known.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            oldest.map(|key| known.remove(&key));
        }
        let client = build(shared, policy, &key)?;
        known.insert(key, (client.clone(), now));
        Ok(client)
    }
}

/// What the connection brings to TLS with that host; nothing where no TLS is spoken.
fn account(
    meta: &Meta,
    reach: Option<&Reach>,
    url: &Url,
    proxy: Option<&Url>,
) -> Result<Option<(ConnectionName, Arc<AccountTls>)>, Error> {
    let own = reach.filter(|reach| reach.names(url)).and_then(|reach| reach.tls.clone());
    let (Some(name), Some(tls)) = (&meta.connection, own) else { return Ok(None) };
    if url.scheme() != "https" || tls.is_plain() {
        return Ok(None);
    }
    if proxy.is_some_and(|proxy| proxy.scheme() == "https") {
        let why = "brings a certificate or an authority of its own, which a proxy by `https` would get to see;                    use one by `http` or `socks5`";
        return Err(Error::connection(name, why));
    }
    Ok(Some((name.clone(), tls)))
}

/// A dial that hangs must end before the call's deadline does: only then is it certain that nothing was sent, and a
/// caller need not ask a person. Rounded down to a power of two, so that few clients are made.
fn connect_timeout(usual: Duration, left: Duration) -> Duration {
    if left > usual {
        return usual;
    }
    let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).saturating_sub(1).max(1);
    Duration::from_millis(1 << millis.ilog2())
}

/// Checks scheme, host and port; returns the port.
fn check_url(policy: &Policy, url: &Url) -> Result<u16, Error> {
    let port = match (url.scheme(), url.port()) {
        (_, Some(port)) => port,
        ("http", None) => 80,
        ("https", None) => 443,
        ("socks5" | "socks5h", None) => 1080,
        (scheme, None) => return Err(Error::InvalidRequest(format!("`{scheme}` is no scheme that can be called"))),
    };
    let asked = url.host_str().unwrap_or_default();
    let refuse = |reason: String| Error::EgressRefused { host: asked.to_owned(), reason };
    // A URL of a scheme that is not special keeps its host as written, so it is read again.
    let host = parse_host(asked).map_err(refuse)?;
    policy.check_host(&borrow_host(&host), port).map_err(refuse)?;
    Ok(port)
}

fn build(shared: &Shared, policy: Policy, key: &Key) -> Result<Client, Error> {
    let proxy_port = key.proxy.as_ref().and_then(|proxy| {
        let host = proxy.host_str()?.trim_end_matches('.').to_ascii_lowercase();
        Some((host, proxy.port_or_known_default().unwrap_or(1080)))
    });
    let resolver = Pinned { resolver: shared.options.resolver.clone(), policy, port: key.port, proxy: proxy_port };
    let tls = match &key.account {
        Some((connection, account)) => {
            let made = shared.tls.with_account(key.trust, account);
            made.map_err(|reason| Error::connection(connection, reason))?
        }
        None => shared.tls.config(key.trust).clone(),
    };
    let mut builder = Client::builder()
        // Redirects are followed by our own layer, which checks and signs each hop.
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(resolver)
        .connect_timeout(key.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(60))
        .pool_max_idle_per_host(32)
        .tcp_nodelay(true)
        .referer(false)
        .tls_backend_preconfigured((*tls).clone());
    builder = match key.http {
        HttpVersion::Auto => builder,
        HttpVersion::Http1 => builder.http1_only(),
        HttpVersion::Http2 => builder.http2_prior_knowledge(),
    };
    let fault =
        |error: reqwest::Error| Error::InvalidRequest(format!("no client can be made: {}", error.without_url()));
    if let Some(proxy) = &key.proxy {
        builder = builder.proxy(Proxy::all(proxy.clone()).map_err(fault)?);
    }
    builder.build().map_err(fault)
}

/// Resolves, checks, and hands on only what passed: the dial uses these addresses and asks nobody again.
struct Pinned {
    resolver: Arc<dyn Resolver>,
    policy: Policy,
    port: u16,
    proxy: Option<(String, u16)>,
}

/// Carries a refusal through the transport's own errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unresolved(Error);

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, policy) = (self.resolver.clone(), self.policy.clone());
        let name = name.as_str().to_owned();
        let port = match &self.proxy {
            Some((host, port)) if *host == name.trim_end_matches('.').to_ascii_lowercase() => *port,
            _ => self.port,
        };
        Box::pin(async move {
            let host = Host::Domain(name.as_str());
            let addresses = checked_addresses(&*resolver, &policy, &host, port).await.map_err(Unresolved)?;
            let sockets = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// The addresses of a host that the policy lets be dialled; an error when there is none.
pub(crate) async fn checked_addresses(
    resolver: &dyn Resolver,
    policy: &Policy,
    host: &Host<&str>,
    port: u16,
) -> Result<Vec<IpAddr>, Error> {
    let refuse = |reason: String| Error::EgressRefused { host: host.to_string(), reason };
    policy.check_host(host, port).map_err(refuse)?;
    let name = match host {
        Host::Ipv4(address) => return Ok(vec![IpAddr::V4(*address)]),
        Host::Ipv6(address) => return Ok(vec![IpAddr::V6(*address)]),
        Host::Domain(name) => (*name).to_owned(),
    };
    let unknown = |source| Error::Dial { host: name.clone(), reason: "its name has no address", source };
    let found = resolver.resolve(name.clone()).await.map_err(|error| unknown(error.into()))?;
    let mut refusal = None;
    let mut open = Vec::new();
    for address in found {
        match policy.check_address(host, address, port) {
            Ok(()) => open.push(address),
            Err(reason) => refusal = Some(reason),
        }
    }
    match refusal {
        _ if !open.is_empty() => Ok(open),
        Some(reason) => Err(refuse(reason)),
        None => Err(unknown(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into())),
    }
}

/// What a transport error means. `host` is what was called; the error's URL is dropped, for it may hold secrets.
pub(crate) fn translate(host: &str, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let host = host.to_owned();
    let unresolved =
        causes(&error).find_map(|cause| cause.downcast_ref::<Unresolved>()).map(|Unresolved(error)| match error {
            Error::EgressRefused { host, reason } => Some((host.clone(), reason.clone())),
            _ => None,
        });
    match unresolved {
        Some(Some((host, reason))) => return Error::EgressRefused { host, reason },
        Some(None) => return Error::Dial { host, reason: "its name has no address", source: error.into() },
        None => {}
    }
    let invalid_certificate = causes(&error)
        .filter_map(|cause| cause.downcast_ref::<rustls::Error>())
        .any(|error| matches!(error, rustls::Error::InvalidCertificate(_)));
    if invalid_certificate {
        Error::Tls { host, source: error.into() }
    } else if error.is_connect() || causes(&error).any(refuses_certificate) {
        // A service that does not take our certificate says so after TLS 1.3 has let us speak, and reads nothing.
        Error::dial(host, error)
    } else if error.is_builder() {
        // The outermost text is only "builder error".
        let reason = causes(&error).last().map_or_else(|| error.to_string(), ToString::to_string);
        Error::InvalidRequest(format!("`{host}` cannot be called: {reason}"))
    } else {
        let detail = if error.is_timeout() { "the stream fell silent" } else { "the stream was broken off" };
        Error::Protocol { host, detail: detail.into(), source: Some(error.into()) }
    }
}

//! The handle that everybody holds, and what it is made from.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Map, Name, ScopeId};
use rustls::pki_types::CertificateDer;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use crate::clients::Clients;
use crate::egress::Policy;
use crate::health::{Forced, Health};
use crate::stack::{self, Breakers, Cache, Call, LimitKey, Next, Peers};
use crate::stats::Counters;
use crate::tls::{Tls, Trust};
use crate::{
    BoxedStream, Budget, Clock, Credentials, EgressRules, Encryption, Error, HostPattern, Login, Meta, Reach, Request,
    Resolver, Response, Stats, SystemClock, SystemResolver, Target, Tunnel, dial, tunnel,
};

/// How the way out is set up. `Options::default()` is what a server uses.
#[derive(Clone)]
pub struct Options {
    /// Rules of every scope that has none of its own.
    pub egress: EgressRules,
    /// Looks names up.
    pub resolver: Arc<dyn Resolver>,
    /// The calendar, for `Retry-After` given as a date.
    pub clock: Arc<dyn Clock>,
    /// Longest time to open a stream to one host.
    pub connect_timeout: Duration,
    /// Authorities trusted beside the platform's, in DER.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Proxy of every call that names none.
    pub proxy: Option<Url>,
    /// `User-Agent` of every request that names none.
    pub user_agent: String,
    /// Most bytes of response bodies kept by the cache.
    pub cache_bytes: u64,
    /// When the circuit breaker opens.
    pub breaker: BreakerOptions,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            egress: EgressRules::default(),
            resolver: Arc::new(SystemResolver),
            clock: Arc::new(SystemClock),
            connect_timeout: Duration::from_secs(10),
            extra_roots: Vec::new(),
            proxy: None,
            user_agent: concat!("fishplate/", env!("CARGO_PKG_VERSION")).into(),
            cache_bytes: 16 << 20,
            breaker: BreakerOptions::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("egress", &self.egress)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

/// When the circuit breaker of a connection (or of a host, for calls without one) opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerOptions {
    /// Span that is looked at.
    pub window: Duration,
    /// Fewer calls than this in the window never open it.
    pub min_calls: u32,
    /// Share of failed calls (no answer, or 5xx) that opens it, from 0 to 1.
    pub failure_share: f64,
    /// How long it stays open the first time; doubles with each failed probe.
    pub open: Duration,
    /// Longest time it stays open.
    pub max_open: Duration,
}

impl Default for BreakerOptions {
    fn default() -> BreakerOptions {
        BreakerOptions {
            window: Duration::from_secs(30),
            min_calls: 20,
            failure_share: 0.5,
            open: Duration::from_secs(5),
            max_open: Duration::from_secs(120),
        }
    }
}

/// The one way out. Cheap to clone; all clones share connections, limits, breakers and the cache.
#[derive(Clone)]
pub struct Outbound {
    shared: Arc<Shared>,
    stack: Next,
}

/// What all layers share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) tls: Tls,
    pub(crate) clients: Clients,
    pub(crate) breakers: Breakers,
    pub(crate) peers: Peers,
    pub(crate) cache: Cache,
    pub(crate) counters: Arc<Counters>,
    egress: Arc<RwLock<Egress>>,
}

struct Egress {
    default: Arc<EgressRules>,
    scopes: HashMap<ScopeId, (Arc<EgressRules>, u64)>,
    revision: u64,
}

impl Outbound {
    /// Builds the stack. Opens nothing and needs no network; fails only when an extra root is no certificate.
    pub fn new(options: Options, credentials: Arc<dyn Credentials>) -> Result<Outbound, Error> {
        let egress = Egress { default: Arc::new(options.egress.clone()), scopes: HashMap::new(), revision: 0 };
        Outbound::built(options, credentials, Arc::new(RwLock::new(egress)))
    }

    /// Another way out under the same egress rules, with limits, breakers and a memory of its own: for calls about
    /// connections that are not calls with them, such as renewing their tokens.
    pub fn beside(&self, credentials: Arc<dyn Credentials>) -> Result<Outbound, Error> {
        let options = Options { cache_bytes: 0, ..self.shared.options.clone() };
        Outbound::built(options, credentials, self.shared.egress.clone())
    }

    fn built(
        options: Options,
        credentials: Arc<dyn Credentials>,
        egress: Arc<RwLock<Egress>>,
    ) -> Result<Outbound, Error> {
        let tls = Tls::new(&options.extra_roots)
            .map_err(|error| Error::InvalidRequest(format!("an extra root is no certificate: {error}")))?;
        let shared = Arc::new(Shared {
            credentials,
            tls,
            clients: Clients::default(),
            breakers: Breakers::new(options.breaker),
            peers: Peers::default(),
            cache: Cache::new(options.cache_bytes),
            counters: Arc::default(),
            egress,
            options,
        });
        let stack = stack::build(&shared);
        Ok(Outbound { shared, stack })
    }

    /// Sends a request and returns the answer once its head is there, whatever its status.
    /// The body streams; dropping it closes the stream to the peer.
    pub async fn send(&self, request: Request, meta: Meta) -> Result<Response, Error> {
        self.stack.run(Call::new(request, meta)).await
    }

    /// Opens a stream for a protocol other than HTTP: checked and pinned as `send` does it, within `meta.deadline`.
    /// Of `meta` it reads scope, connection, deadline, certificate checks and the token.
    pub async fn dial(&self, target: Target, meta: Meta) -> Result<BoxedStream, Error> {
        dial::dial(&self.shared, target, &meta).await
    }

    /// Whether a target may be dialled now: for streams that were opened before, under rules that may have changed.
    pub async fn check(&self, target: &Target, meta: &Meta) -> Result<(), Error> {
        dial::check(&self.shared, target, meta).await.map(drop)
    }

    /// An account of a protocol other than HTTP, opened for the driver that logs in with it.
    pub async fn login(&self, scope: ScopeId, connection: &Name) -> Result<Login, Error> {
        let login = self.shared.credentials.login(scope, connection).await?;
        let trust = if login.accept_invalid_certs { Trust::Any } else { Trust::Platform };
        let config = match login.encryption {
            Encryption::None => return Ok(login),
            _ => self.shared.tls.with_account(trust, &login.account_tls()),
        };
        let config = config.map_err(|reason| Error::connection(connection, reason))?;
        Ok(login.with_tls(config))
    }

    /// The same account, whose service may show any certificate. Only for a person who knows why.
    pub fn without_checks(&self, mut login: Login) -> Result<Login, Error> {
        if login.encryption == Encryption::None {
            return Ok(login);
        }
        login.accept_invalid_certs = true;
        let config = self.shared.tls.with_account(Trust::Any, &login.account_tls()).map_err(Error::InvalidRequest)?;
        Ok(login.with_tls(config))
    }

    /// Opens a stream to the service of an account, encrypted when the account says so from the first byte.
    pub async fn dial_login(&self, login: &Login, meta: Meta) -> Result<BoxedStream, Error> {
        let stream = self.dial(Target::tcp(login.host.clone(), login.port), meta).await?;
        match (login.encryption, login.tls()) {
            (Encryption::Tls, Some(config)) => dial::encrypt(stream, &login.host, config).await,
            _ => Ok(stream),
        }
    }

    /// Begins TLS on a dialled stream, as protocols do that ask for it in the clear (STARTTLS).
    pub async fn encrypt(&self, stream: BoxedStream, login: &Login) -> Result<BoxedStream, Error> {
        match login.tls() {
            Some(config) => dial::encrypt(stream, &login.host, config).await,
            None => Err(Error::InvalidRequest("the account wants no encryption".into())),
        }
    }

    /// An address on this machine that leads to the target, for drivers that open their sockets themselves. Prefer
    /// [`Outbound::dial`]. The tunnel speaks TLS with the target when the target says so; the driver does not.
    pub async fn tunnel(&self, target: Target, meta: Meta) -> Result<Tunnel, Error> {
        tunnel::open(&self.shared, target, meta).await
    }

    /// The same to the service of an account, with the account's own TLS when it says so from the first byte.
    pub async fn tunnel_login(&self, login: &Login, meta: Meta) -> Result<Tunnel, Error> {
        dial::check(&self.shared, &login.target(), &meta).await?;
        let (this, login, cancel) = (self.clone(), login.clone(), meta.cancel.clone());
        let opener = move || -> BoxFuture<'static, Result<BoxedStream, Error>> {
            let (this, login, meta) = (this.clone(), login.clone(), meta.clone());
            Box::pin(async move { this.dial_login(&login, meta).await })
        };
        self.tunnel_through(Arc::new(opener), cancel).await
    }

    /// A tunnel whose far end the caller opens itself, out of [`Outbound::dial`] and [`Outbound::encrypt`]: for
    /// protocols that say something before TLS begins. It ends with `cancel`.
    pub async fn tunnel_through(&self, opener: tunnel::Opener, cancel: CancellationToken) -> Result<Tunnel, Error> {
        tunnel::through(opener, cancel).await
    }

    /// What a person has told about an account beside its secrets.
    pub async fn settings(&self, scope: ScopeId, connection: &Name) -> Result<Map, Error> {
        self.shared.credentials.settings(scope, connection).await
    }

    /// The connector that a connection is an account of, if it is one.
    pub async fn connector(&self, scope: ScopeId, connection: &Name) -> Result<Option<Name>, Error> {
        self.shared.credentials.connector(scope, connection).await
    }

    /// The service says in its own way that it does not take the account any more; see [`Credentials::refused`].
    pub async fn refused(&self, scope: ScopeId, connection: &Name, generation: Option<u64>, reason: &str) -> Error {
        self.shared.credentials.refused(scope, connection, generation, reason).await
    }

    /// Whether calls with a connection may be begun: it is not dead, as far as is known.
    pub async fn is_well(&self, scope: ScopeId, connection: &Name) -> bool {
        self.shared.credentials.is_well(scope, connection).await
    }

    /// Sets the rules of a scope, from its `egress` resource. Streams opened under older rules are not used again.
    pub fn set_egress(&self, scope: ScopeId, rules: EgressRules) {
        let mut egress = self.shared.egress.write().unwrap_or_else(PoisonError::into_inner);
        egress.revision += 1;
        let revision = egress.revision;
        egress.scopes.insert(scope, (Arc::new(rules), revision));
        drop(egress);
        self.shared.clients.forget(scope);
    }

    /// Counts since the start.
    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }

    /// How the calls with a connection have been going, and what holds them back.
    pub fn health(&self, scope: ScopeId, connection: &Name) -> Health {
        stack::health_of(&self.shared, &LimitKey::of(scope, connection))
    }

    /// What the body of an answer says of a budget that calls use up by different amounts. Calls to the same endpoint
    /// with the connection of that call (without one: any) wait when too little is left.
    pub fn spent(&self, meta: &Meta, url: &Url, budget: &Budget) {
        let key = match &meta.connection {
            Some(connection) => LimitKey::of(meta.scope, connection),
            None => LimitKey::host(meta, url),
        };
        if budget.is_sound() {
            stack::spent(&self.shared, &key, url, budget);
        }
    }

    /// Forgets what is kept in memory of the answers to a connection; gives how many there were. With a tag only those
    /// for the workflow of that name, and those that the service tagged so (`Cache-Tag`, `Surrogate-Key`).
    pub fn forget_answers(&self, scope: ScopeId, connection: &Name, tag: Option<&str>) -> u64 {
        self.shared.cache.forget(scope, connection, tag)
    }

    /// Holds the breaker of a connection open or closed; `None` lets it judge for itself again. It is forgotten when the
    /// process ends.
    pub fn set_breaker(&self, scope: ScopeId, connection: &Name, forced: Option<Forced>) {
        self.shared.breakers.force(&LimitKey::of(scope, connection), forced);
    }

    /// Keys whose breaker is not closed, with the time until it lets a probe through: for health pages.
    pub fn open_breakers(&self) -> Vec<(String, Duration)> {
        self.shared.breakers.open()
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Outbound").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Shared {
    /// The rules that apply in a scope with a connection of that reach, and their revision.
    pub(crate) fn policy(&self, scope: ScopeId, reach: Option<&Reach>) -> (Policy, u64) {
        let egress = self.egress.read().unwrap_or_else(PoisonError::into_inner);
        let (rules, revision) =
            egress.scopes.get(&scope).map_or((&egress.default, 0), |(rules, revision)| (rules, *revision));
        let opened: Arc<[HostPattern]> =
            reach.filter(|reach| reach.private).map(|reach| reach.hosts.clone().into()).unwrap_or_default();
        (Policy { rules: rules.clone(), opened }, revision)
    }

    /// The checked addresses of a host: what may be dialled and nothing else.
    pub(crate) async fn addresses(
        &self,
        policy: &Policy,
        host: &Host<&str>,
        port: u16,
    ) -> Result<Vec<std::net::IpAddr>, Error> {
        crate::clients::checked_addresses(&*self.options.resolver, policy, host, port).await
    }
}

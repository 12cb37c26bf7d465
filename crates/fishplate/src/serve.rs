//! A server, put together: what is started in which order, how requests come in, and how it stops.
//!
//! Start: store → key → owner's token → view of resources → way out → engine → way in → listener.
//! Stop: the listener first, then requests under way, then runs (their buffers are written), the store last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use auth::accounts::{self, Site};
use auth::{Accounts, Keyring, Tokens, Vault};
use axum::Router;
use axum::body::Body;
use engine::Engine;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use inbound::Local;
use inbound::resume::Signer;
use inbound::webhooks::{self, Receiver};
use model::{Code, Problem, Scope};
use outbound::{EgressRules, Outbound};
use part::http::{Kit, Peer};
use part::net::AddressRange;
use part::powers::{Power, Powers};
use part::{Runs, Service};
use sandbox::Sandbox;
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::api::{self, App};
use crate::backup::{open_store, store_options};
use crate::entrance::{self, NodeSigner};
use crate::household::Household;
use crate::keeper::Keeper;
use crate::metrics::Metrics;
use crate::node::Node;
use crate::presence::Presence;
use crate::rehearsals::Rehearsals;
use crate::resources::Resources;
use crate::resources::live::Live;
use crate::run_feed::RunFeed;

/// Most connections at the same time; further ones wait to be accepted.
const MOST_CONNECTIONS: usize = 16_384;
/// Longest time that a request's head may take.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// How long requests under way may take after the server was told to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// How often what has no other owner is tidied up.
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// How often tokens are read that another process may have changed. A revoked one lets no run go on after this.
const GRANTS_EVERY: Duration = Duration::from_secs(5);
/// Changes of resources that are kept for those who watch.
const KEPT_CHANGES: u64 = 100_000;

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of everything.
    pub data: PathBuf,
    /// Address of a PostgreSQL database; absent: SQLite in the folder.
    pub database: Option<String>,
    /// Address of a bucket for large blobs (`s3://…`); absent: the data folder.
    pub blobs: Option<String>,
    /// Where it listens. Port 0: a free one.
    pub listen: SocketAddr,
    /// Folder that workflows may read and write files in; absent: they may not.
    pub files: Option<PathBuf>,
    /// What workflows may do to machines.
    pub allow: Vec<Power>,
    /// How others reach it; absent: the address that it listens on.
    pub public_url: Option<String>,
    /// Let calls go to private addresses where an environment has no egress rules of its own.
    pub private_network: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// Go on although the master key is not the one that secrets were sealed with.
    pub accept_lost_secrets: bool,
}

/// A server that listens.
pub struct Server {
    /// Where.
    pub address: SocketAddr,
    /// The owner's token, on the first start only.
    pub first_token: Option<String>,
    /// Where to become the owner, while there is none.
    pub owner_link: Option<String>,
    listener: TcpListener,
    entrance: Entrance,
    store: Store,
    vault: Vault,
    _node: Node,
    sandbox: Sandbox,
    services: Vec<Box<dyn Service>>,
    stop: CancellationToken,
}

/// The folder for files of workflows.
fn files_folder(path: &Path) -> Result<Arc<part::folder::Folder>, Problem> {
    let folder = part::folder::Folder::open(path).map_err(|error| {
        let detail = format!("the folder for files `{}` cannot be used: {error}", path.display());
        Problem::new(Code::Unavailable, detail).hint("name a folder that exists with `--files`")
    })?;
    Ok(Arc::new(folder))
}

/// What workflows may do to machines. Programs that they start see this much of the server's environment: where
/// programs are and how people write here, and nothing that may be a secret.
fn powers(allow: &[Power]) -> Powers {
    const SEEN: [&str; 8] = ["PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME"];
    let mut powers = Powers::of(allow.iter().copied());
    let seen: Vec<_> = SEEN.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?))).collect();
    powers.environment.retain(|(name, _)| !seen.iter().any(|(known, _)| known == name));
    powers.environment.extend(seen);
    powers
}

impl Server {
    /// Starts everything but the answering of requests.
    pub async fn start(options: Options) -> Result<Server, Problem> {
        let data = &options.data;
        let unusable = |error: std::io::Error| {
            Problem::new(Code::Unavailable, format!("the data folder `{}` cannot be used: {error}", data.display()))
        };
        make_private_folder(data).map_err(unusable)?;
        // The port first: a second server on one machine is told so before it touches anything.
        let listener = TcpListener::bind(options.listen).await.map_err(|error| {
            Problem::new(Code::Unavailable, format!("cannot listen on {}: {error}", options.listen))
                .hint("is another server running? choose a port with `--listen`")
        })?;
        let address = listener.local_addr().map_err(unusable)?;
        // The store before the key: who has it open has the folder alone, so that no two processes make a key.
        let store = open_store(store_options(data, options.database.as_deref()), options.blobs.as_deref()).await?;
        let key = std::env::var("FISHPLATE_KEY").ok();
        let keyring = Keyring::load(key.as_deref(), &data.join("key"))?;
        store.ensure_scope(&Scope::default()).await?;
        let tokens = Tokens::new(store.clone());
        let first_token = tokens.first_start(&data.join("token")).await?;
        tokens.refresh().await?;
        let stop = CancellationToken::new();

        let catalogue = crate::parts::catalogue();
        let rotated = keyring.is_rotated();
        let vault = Vault::new(store.clone(), keyring);
        if rotated {
            let count = vault.rewrap().await?;
            tracing::info!(count, "sealed values are wrapped by the new master key");
        }
        let live = Live::new(store.clone(), catalogue.clone());
        let egress = if options.private_network { EgressRules::private() } else { EgressRules::default() };
        let outbound_options = outbound::Options { egress, ..outbound::Options::default() };
        let outbound = Outbound::new(outbound_options, Arc::new(vault.clone()))
            .map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        vault.go_out(&outbound).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let calls = outbound.clone();
        live.listen(Box::new(move |old, new| {
            for (scope, rules) in new.egress().iter().filter(|(scope, rules)| old.egress().get(scope) != Some(rules)) {
                calls.set_egress(*scope, rules.clone());
            }
        }));
        live.load().await?;
        let public_url: Arc<str> =
            options.public_url.clone().unwrap_or_else(|| format!("http://{address}")).trim_end_matches('/').into();
        let sandbox_options = sandbox::Options::this_executable().map_err(unusable)?;
        let sandbox = Sandbox::new(sandbox_options);
        let secret = vault.server_secret("resume", options.accept_lost_secrets).await;
        let secret = secret.map_err(|error| match error {
            auth::Error::Sealed(_) => {
                Problem::new(Code::Unavailable, "the store's secrets were sealed with another master key").hint(
                    "put the old file `key` into the data folder, or the key into FISHPLATE_KEY; when it is lost for \
                     good, start once with `--accept-lost-secrets` and set the secrets of connections again",
                )
            }
            other => other.into(),
        })?;
        let signer = Arc::new(Signer::new(&secret, Some(&public_url)));
        let key = vault.server_secret("sign-in", options.accept_lost_secrets).await?;
        let hook_secret = vault.server_secret("hooks", options.accept_lost_secrets).await?;
        let hook_secret = hook_secret
            .try_into()
            .map_err(|_| Problem::new(Code::StoreCorrupt, "a secret of the server has another length than it must"))?;
        let site = Site::new(options.public_url.as_deref(), address.port())?;
        let accounts = Accounts::new(accounts::Options {
            store: store.clone(),
            site,
            stop: stop.clone(),
            vault: vault.clone(),
            key,
            tokens: tokens.clone(),
        });
        let owner_link = match accounts.needs_owner().await? {
            true => Some(accounts.owner_link("start").await?.url),
            false => None,
        };
        let node = Node::enter(data, &store).await?;
        let replies = Local::new(node.name.clone());

        let mut ports = engine::engine::Ports::new(store.clone(), catalogue.clone(), Arc::new(live.clone()));
        ports.variables = Arc::new(live.clone());
        ports.outbound = Some(outbound.clone());
        let folder = options.files.as_deref().map(files_folder).transpose()?;
        ports.folder.clone_from(&folder);
        ports.powers = Arc::new(powers(&options.allow));
        ports.sandbox = Some(sandbox.clone());
        ports.replies = Some(Arc::new(replies.clone()));
        ports.tokens = Some(Arc::new(NodeSigner { vault: vault.clone(), live: live.clone(), signer: signer.clone() }));
        ports.authority = Arc::new(Delegation(tokens.clone()));
        let resources = Resources::new(
            store.clone(),
            crate::parts::kinds(),
            catalogue.clone(),
            vault.clone(),
            live.clone(),
            options.public_url.is_some(),
        );
        let household = Household::new(store.clone(), resources.clone(), catalogue.clone(), tokens.clone());
        ports.house = Some(household.clone());
        let engine = Engine::new(engine::Options { node: node.name.clone(), ..engine::Options::default() }, ports);
        engine.start().await?;
        // The engine holds the view, so the view must not hold the engine.
        let held = Arc::downgrade(engine.inner());
        live.listen(Box::new(move |old, new| {
            if old.active_changes() != new.active_changes()
                && let Some(engine) = held.upgrade()
            {
                engine.grants_changed();
            }
        }));
        let runs: Arc<dyn Runs> = Arc::new(engine.clone());
        household.meet(&runs);
        let owner = Arc::downgrade(engine.inner());
        let entrance::Built { receiver, schedules, listeners, health, hooks, called, logging } =
            entrance::build(entrance::Parts {
                store: &store,
                live: &live,
                vault: &vault,
                runs: runs.clone(),
                replies,
                signer,
                public_url: &public_url,
                told_url: options.public_url.clone(),
                hook_secret,
                trusted_proxies: options.trusted_proxies.clone(),
                outbound: outbound.clone(),
                folder,
                sandbox: &sandbox,
                owner: Arc::new(move |key| owner.upgrade().is_some_and(|engine| engine.owns(key))),
            })?;

        let (deliveries, delivering, signing_keys) =
            crate::deliveries::build(&store, &live, &vault, &outbound, &sandbox, options.accept_lost_secrets).await?;
        let portal = auth::portal::PortalKey::new(&vault.server_secret("portal", options.accept_lost_secrets).await?);

        let metrics = Metrics::default();
        let (feed, reading) = RunFeed::new(store.clone());
        let app = App {
            store: store.clone(),
            resources,
            catalogue,
            runs,
            presence: Presence::default(),
            feed,
            rehearsals: Rehearsals::new(receiver.routes().clone(), health.clone(), called.clone()),
            listeners: health,
            hooks: called,
            receiver: receiver.clone(),
            deliveries: delivering,
            signing_keys,
            portal,
            vault: vault.clone(),
            accounts: accounts.clone(),
            outbound,
            metrics: metrics.clone(),
            public_url,
            data: data.as_path().into(),
        };
        let observe = Arc::new(move |operation: &str, status: u16| metrics.answered(operation, status));
        let kit = Kit::new(accounts.clone(), store.clone(), observe);
        let router = kit.router(&api::operations(&app));
        let services: Vec<Box<dyn Service>> = vec![
            Box::new(Following(live)),
            Box::new(reading),
            Box::new(Grants { accounts: accounts.clone(), engine: engine.clone() }),
            Box::new(Keeper { vault: vault.clone(), store: store.clone(), engine: engine.clone() }),
            Box::new(schedules),
            Box::new(listeners),
            Box::new(hooks),
            Box::new(deliveries),
            Box::new(logging),
            Box::new(Tidying { store: store.clone(), accounts: accounts.clone() }),
            // The last one, so that it stops last: what the others began is written before it ends.
            Box::new(engine::engine::Running(engine)),
        ];
        Ok(Server {
            address,
            first_token,
            owner_link,
            listener,
            entrance: Entrance { receiver, router, accounts, trusted_proxies: options.trusted_proxies.into() },
            store,
            vault,
            _node: node,
            sandbox,
            services,
            stop,
        })
    }

    /// Answers requests until `stop`, then ends what was begun and closes the store.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Problem> {
        let Server { listener, entrance, store, vault, sandbox, services, stop: inner, .. } = self;
        let working = TaskTracker::new();
        let mut running = Vec::new();
        for service in services {
            let (name, own) = (service.name(), CancellationToken::new());
            running.push((name, own.clone(), tokio::spawn(service.run(own))));
        }
        tokio::select! {
            () = accept(listener, entrance, working.clone(), inner.clone()) => {}
            () = stop.cancelled() => {}
        }
        // Live streams and idle connections end now; requests under way get time.
        inner.cancel();
        working.close();
        if tokio::time::timeout(STOP_PATIENCE, working.wait()).await.is_err() {
            tracing::warn!("requests were still under way when the server stopped");
        }
        let mut ended = Ok(());
        for (name, own, task) in running {
            own.cancel();
            match task.await {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => {
                    tracing::error!(service = name, %problem, "a service ended with a problem");
                    ended = Err(problem);
                }
                Err(error) => tracing::error!(service = name, %error, "a service ended early"),
            }
        }
        sandbox.shutdown().await;
        // A token that a service has handed out must not be lost.
        vault.settle().await;
        store.close().await;
        ended
    }
}

/// Keeps the view of resources current.
struct Following(Live);

impl Service for Following {
    fn name(&self) -> &'static str {
        "resources"
    }
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            self.0.follow(stop).await;
            Ok(())
        })
    }
}

/// Runs act under the grants of tokens.
struct Delegation(Tokens);

impl engine::ports::Authority for Delegation {
    fn delegates(&self, scope: &Scope, runs_as: &str) -> Result<(), Problem> {
        self.0.delegates(runs_as, scope)
    }
}

/// Tells the engine when grants have changed, also those that another process has changed.
struct Grants {
    accounts: Accounts,
    engine: Engine,
}

impl Service for Grants {
    fn name(&self) -> &'static str {
        "grants"
    }
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            let mut changes = self.accounts.tokens().changes();
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    changed = changes.changed() => match changed {
                        Ok(()) => self.engine.inner().grants_changed(),
                        Err(_) => return Ok(()),
                    },
                    () = tokio::time::sleep(GRANTS_EVERY) => {
                        if let Err(problem) = self.accounts.refresh().await {
                            tracing::warn!(%problem, "grants could not be read; what was read last goes on to count");
                        }
                    }
                }
            }
        })
    }
}

/// Removes what a crash left behind, and changes that nobody needs any more.
struct Tidying {
    store: Store,
    accounts: Accounts,
}

impl Service for Tidying {
    fn name(&self) -> &'static str {
        "tidying"
    }
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(TIDY_EVERY) => {}
                }
                // A day: longer than any transaction that might still name a file.
                let old = crate::resources::now_millis() - 24 * 3600 * 1000;
                let swept = self.store.sweep_blobs(old).await.map(drop);
                let trimmed = self.store.trim_changes(KEPT_CHANGES).await.map(drop);
                if let Err(error) = swept.and(trimmed) {
                    tracing::warn!(%error, "tidying up failed; it is tried again");
                }
                // Rows of deleted and cleared tables, in slices that hold nobody up.
                while !stop.is_cancelled() && self.store.sweep_tables(5_000).await.unwrap_or(false) {
                    tokio::task::yield_now().await;
                }
                if let Err(problem) = self.accounts.tidy().await {
                    tracing::warn!(%problem, "what is over could not be forgotten; it is tried again");
                }
            }
        })
    }
}

/// Who answers a request.
#[derive(Clone)]
struct Entrance {
    receiver: Receiver,
    router: Router,
    accounts: Accounts,
    trusted_proxies: Arc<[AddressRange]>,
}

impl Entrance {
    async fn answer(self, request: Request<Incoming>, peer: SocketAddr) -> Result<Response<Body>, Infallible> {
        let mut request = request.map(Body::new);
        // Webhooks are what a server answers most, so they do not pass through the API's router.
        if webhooks::is_ours(request.uri().path()) {
            return Ok(self.hook(request, peer).await);
        }
        #[cfg(feature = "ui")]
        if let Some(page) = crate::app::answer(request.method(), request.uri().path(), request.headers()) {
            return Ok(page);
        }
        if let Some(address) = webhooks::sender(Some(peer.ip()), request.headers(), &self.trusted_proxies) {
            request.extensions_mut().insert(Peer(address));
        }
        self.router.oneshot(request).await
    }

    /// Webhooks have the origin of the app, and workflows are written by many: none of them sees or sets a session.
    async fn hook(self, mut request: Request<Body>, peer: SocketAddr) -> Response<Body> {
        self.accounts.site().hide_cookies(request.headers_mut());
        let mut response = self.receiver.receive(request, Some(peer.ip())).await;
        self.accounts.site().keep_cookies(response.headers_mut());
        response
    }
}

async fn accept(listener: TcpListener, entrance: Entrance, working: TaskTracker, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, or the client left: nothing that trying at once would mend.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are written whole; waiting to fill packets would only delay them.
        let _ = stream.set_nodelay(true);
        let entrance = entrance.clone();
        let service = service_fn(move |request| entrance.clone().answer(request, peer));
        let stop = stop.clone();
        working.spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_PATIENCE)
                .max_buf_size(64 << 10)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            tokio::pin!(connection);
            tokio::select! {
                // A client that breaks off is its own affair.
                _ = connection.as_mut() => {}
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }
}

/// Makes the folder, readable by its owner only. One that exists keeps its mode.
fn make_private_folder(path: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

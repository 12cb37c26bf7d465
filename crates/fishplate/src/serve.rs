//! A server, put together: what is started in which order, how requests come in, and how it stops.
//!
//! Start: key → store → owner's token → view of resources → way out → engine → way in → listener.
//! Stop: the listener first, then requests under way, then runs (their buffers are written), the store last.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use auth::{Keyring, Tokens, Vault};
use axum::Router;
use engine::Engine;
use futures_util::future::BoxFuture;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use model::{Code, Map, Name, Problem, RunId, Scope};
use outbound::{EgressRules, Outbound};
use part::http::Kit;
use part::{Catalogue, NodeError, Service};
use sandbox::Sandbox;
use store::Store;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{self, App};
use crate::backup::store_options;
use crate::metrics::Metrics;
use crate::resources::Resources;
use crate::resources::live::Live;

/// Most connections at the same time; further ones wait to be accepted.
const MOST_CONNECTIONS: usize = 16_384;
/// Longest time that a request's head may take.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// How long requests under way may take after the server was told to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// How often what has no other owner is tidied up.
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// Changes of resources that are kept for those who watch.
const KEPT_CHANGES: u64 = 100_000;

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of everything.
    pub data: PathBuf,
    /// Address of a PostgreSQL database; absent: SQLite in the folder.
    pub database: Option<String>,
    /// Where it listens. Port 0: a free one.
    pub listen: SocketAddr,
    /// How others reach it; absent: the address that it listens on.
    pub public_url: Option<String>,
    /// Let calls go to private addresses where an environment has no egress rules of its own.
    pub private_network: bool,
}

/// A server that listens.
pub struct Server {
    /// Where.
    pub address: SocketAddr,
    /// The owner's token, on the first start only.
    pub first_token: Option<String>,
    listener: TcpListener,
    router: Router,
    store: Store,
    services: Vec<Box<dyn Service>>,
    stop: CancellationToken,
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
        let key = std::env::var("FISHPLATE_KEY").ok();
        let keyring = Keyring::load(key.as_deref(), &data.join("key"))?;
        let store = Store::open(store_options(data, options.database.as_deref())).await?;
        store.ensure_scope(&Scope::default()).await?;
        let tokens = Tokens::new(store.clone());
        let first_token = tokens.first_start(&data.join("token")).await?;
        let stop = CancellationToken::new();

        let catalogue = crate::parts::catalogue();
        let vault = Vault::new(store.clone(), keyring);
        let live = Live::new(store.clone(), catalogue.clone());
        live.load().await?;
        let egress = if options.private_network { EgressRules::private() } else { EgressRules::default() };
        let outbound_options = outbound::Options { egress, ..outbound::Options::default() };
        let outbound = Outbound::new(outbound_options, Arc::new(vault.clone()))
            .map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let public_url: Arc<str> =
            options.public_url.clone().unwrap_or_else(|| format!("http://{address}")).trim_end_matches('/').into();
        let sandbox_options = sandbox::Options::this_executable().map_err(unusable)?;
        let engine = engine_of(&store, &catalogue, &live, &outbound, &vault, Sandbox::new(sandbox_options));
        engine.start().await?;

        let metrics = Metrics::default();
        let resources =
            Resources::new(store.clone(), crate::parts::kinds(), catalogue.clone(), vault.clone(), live.clone());
        let app = App {
            store: store.clone(),
            resources,
            catalogue,
            runs: Arc::new(engine.clone()),
            tokens: tokens.clone(),
            vault,
            outbound: outbound.clone(),
            metrics: metrics.clone(),
            public_url,
            data: data.as_path().into(),
        };
        let observe = Arc::new(move |operation: &str, status: u16| metrics.answered(operation, status));
        let kit = Kit::new(tokens, store.clone(), stop.clone(), observe);
        let router = kit.router(&api::operations(&app));
        let services: Vec<Box<dyn Service>> = vec![
            Box::new(Following { live, outbound }),
            Box::new(Tidying { store: store.clone() }),
            // The last one, so that it stops last: what the others began is written before it ends.
            Box::new(engine::engine::Running(engine)),
        ];
        Ok(Server { address, first_token, listener, router, store, services, stop })
    }

    /// Answers requests until `stop`, then ends what was begun and closes the store.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Problem> {
        let Server { listener, router, store, services, stop: inner, .. } = self;
        let working = TaskTracker::new();
        let mut running = Vec::new();
        for service in services {
            let (name, own) = (service.name(), CancellationToken::new());
            running.push((name, own.clone(), tokio::spawn(service.run(own))));
        }
        tokio::select! {
            () = accept(listener, router, working.clone(), inner.clone()) => {}
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
        store.close().await;
        ended
    }
}

/// The engine of a server.
fn engine_of(
    store: &Store,
    catalogue: &Catalogue,
    live: &Live,
    outbound: &Outbound,
    vault: &Vault,
    sandbox: Sandbox,
) -> Engine {
    let mut ports = engine::engine::Ports::new(store.clone(), catalogue.clone(), Arc::new(live.clone()));
    ports.variables = Arc::new(live.clone());
    ports.outbound = Some(outbound.clone());
    ports.sandbox = Some(sandbox);
    ports.tokens = Some(Arc::new(Signer { vault: vault.clone(), live: live.clone() }));
    let options = engine::Options { node: format!("node-{}", auth::random_text()), ..engine::Options::default() };
    Engine::new(options, ports)
}

/// Signs for nodes with keys that only the vault sees.
struct Signer {
    vault: Vault,
    live: Live,
}

impl engine::ports::Tokens for Signer {
    fn sign<'a>(
        &'a self,
        scope: &'a Scope,
        connection: &'a Name,
        claims: &'a Map,
    ) -> BoxFuture<'a, Result<String, NodeError>> {
        Box::pin(async move {
            let id = self.live.view().scope_id(scope);
            let id = id.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no scope `{scope}`")))?;
            Ok(self.vault.make_token(id, connection, claims).await?)
        })
    }

    fn resume_url(&self, _: RunId, _: u32) -> Option<String> {
        None
    }
}

/// Keeps the view of resources current.
struct Following {
    live: Live,
    outbound: Outbound,
}

impl Service for Following {
    fn name(&self) -> &'static str {
        "resources"
    }
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            self.live.follow(self.outbound, stop).await;
            Ok(())
        })
    }
}

/// Removes what a crash left behind, and changes that nobody needs any more.
struct Tidying {
    store: Store,
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
            }
        })
    }
}

async fn accept(listener: TcpListener, router: Router, working: TaskTracker, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, or the client left: nothing that trying at once would mend.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are written whole; waiting to fill packets would only delay them.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
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

//! Triggers that listen: a [`Source`] keeps a mailbox, a broker or a folder in its ear and makes events of what it
//! hears.
//!
//! The contract: acknowledge to the outside only after [`Ear::admit`] has resolved, give a key that is the same when
//! the outside says the same thing twice, and call [`Ear::alive`] at least every [`PROOF`] while the outside is known
//! to be reached. Who keeps to it loses nothing and doubles nothing, whatever ends in between. Supervision (one
//! listener per trigger and installation, pauses after failures, what people see of it) is `inbound`'s.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use model::{Binary, Item, Name, Problem, RunId, Scope, ScopeId, Value};
use outbound::{Login, Meta, Outbound};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::folder::Folder;
use crate::runs::RunEnd;
use crate::{ByteStream, Category, NodeError};

/// Longest time between two proofs that a source lives. After twice that, people are told that it is dead.
pub const PROOF: Duration = Duration::from_secs(10);

/// Where what triggers and their runs keep lies in our own store.
pub const SPACE: &str = "ear";

/// How long it is known that a run has let go of its event.
const LET_GO_FOR: Duration = Duration::from_secs(14 * 24 * 3600);

/// Where a run says that its event may go.
fn let_go_key(run: RunId) -> String {
    format!("let-go/{run}")
}

/// For a node: the outside may forget the event that started this run, although the run has not ended. Takes effect
/// with the step's result.
pub fn let_go(ctx: &crate::Ctx) {
    ctx.host().stage(store::LocalWrite::Put {
        space: SPACE.to_owned(),
        key: let_go_key(ctx.info().run),
        value: Bytes::from_static(b"1"),
        expires_at: Some(ctx.now() + LET_GO_FOR.as_millis() as i64),
    });
}

/// Something outside that trigger nodes listen to.
pub trait Source: Send + Sync + 'static {
    /// Its name, by which [`crate::trigger::Trigger::Provided`] asks for it.
    fn service(&self) -> &'static str;

    /// Listens until `ear.stop()`. Any other end is a failure: it is shown, and listening begins again after a pause
    /// that grows.
    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>>;
}

/// What a source has in hand for one trigger node of an active workflow.
pub struct Ear {
    host: Arc<dyn EarHost>,
    info: EarInfo,
}

/// Which trigger node it is.
#[derive(Clone, Debug, PartialEq)]
pub struct EarInfo {
    /// Workspace and environment.
    pub scope: Scope,
    /// The store's number of that scope.
    pub scope_id: ScopeId,
    /// The workflow.
    pub workflow: Name,
    /// Name of the trigger node.
    pub node: String,
    /// Name of the source.
    pub service: String,
    /// Settings of the trigger node.
    pub settings: Value,
    /// Its connections by slot.
    pub connections: BTreeMap<String, Name>,
    /// IANA time zone of the workflow.
    pub timezone: String,
    /// How the workflow came to be listened for; known to the source [`OWN_LIFE`] alone, because others must not begin
    /// anew with each version that is published.
    pub beginning: Option<Beginning>,
}

/// The source that hears of the workflow's own life.
pub const OWN_LIFE: &str = "own-life";

/// How a workflow came to be listened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// What has happened.
    pub how: How,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// The revision that is live.
    pub revision: u64,
    /// When that was published.
    pub published_at: i64,
}

/// What has happened to a workflow that is listened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The server has started.
    Started,
    /// It was published, and was not before.
    Published,
    /// Another revision was published.
    Updated,
}

/// What `inbound` does for a source. Sources use it through [`Ear`].
pub trait EarHost: Send + Sync {
    /// See [`Ear::admit`].
    fn admit<'a>(&'a self, items: Vec<Item>, key: Option<String>) -> BoxFuture<'a, Result<RunId, Problem>>;
    /// See [`Ear::ended`].
    fn ended(&self, run: RunId) -> BoxFuture<'_, Result<RunEnd, Problem>>;
    /// A value that a run has left for the trigger, see [`let_go`].
    fn left<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>>;
    /// See [`Ear::recall`].
    fn recall<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>>;
    /// See [`Ear::remember`].
    fn remember<'a>(&'a self, key: &'a str, value: Bytes) -> BoxFuture<'a, Result<(), Problem>>;
    /// See [`Ear::write_file`].
    fn write_file<'a>(&'a self, bytes: ByteStream, file: Binary) -> BoxFuture<'a, Result<Binary, NodeError>>;
    /// See [`Ear::alive`].
    fn alive(&self);
    /// See [`Ear::stop`].
    fn stop(&self) -> &CancellationToken;
    /// See [`Ear::is_over`].
    fn is_over(&self) -> bool;
    /// The way out.
    fn outbound(&self) -> &Outbound;
    /// The folder for files of workflows.
    fn folder(&self) -> Option<Arc<Folder>>;
}

impl fmt::Debug for Ear {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Ear").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Ear {
    /// Made by whoever supervises.
    pub fn new(host: Arc<dyn EarHost>, info: EarInfo) -> Ear {
        Ear { host, info }
    }

    /// Which trigger node it is.
    pub fn info(&self) -> &EarInfo {
        &self.info
    }

    /// The trigger node's settings, typed.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, NodeError> {
        serde_json::from_value(self.info.settings.clone()).map_err(|error| {
            NodeError::new(model::Code::InvalidParameter, Category::BadData, format!("the trigger's settings: {error}"))
                .permanent()
        })
    }

    /// Resolves when nobody needs to listen any more.
    pub fn stop(&self) -> &CancellationToken {
        self.host.stop()
    }

    /// After the stop: whether it is for good, because a person has deactivated or changed the trigger, and not because
    /// this server stops or another one takes over. Only then is what listening has put up outside taken down.
    pub fn is_over(&self) -> bool {
        self.host.is_over()
    }

    /// The way out.
    pub fn outbound(&self) -> &Outbound {
        self.host.outbound()
    }

    /// On whose behalf calls are made; with the connection of that slot, if there is one.
    pub fn meta(&self, slot: &str) -> Meta {
        let mut meta = Meta::new(self.info.scope_id);
        meta.connection = self.info.connections.get(slot).cloned();
        meta.cancel = self.stop().clone();
        meta.flow = Some(self.info.workflow.as_str().into());
        meta
    }

    /// The account of a slot, opened.
    pub async fn login(&self, slot: &str) -> Result<Login, NodeError> {
        let Some(connection) = self.info.connections.get(slot) else {
            let detail = format!("the trigger `{}` has no connection `{slot}`", self.info.node);
            return Err(NodeError::new(model::Code::ConnectionMissing, Category::Auth, detail).permanent());
        };
        Ok(self.outbound().login(self.info.scope_id, connection).await?)
    }

    /// The folder for files of workflows; absent: none is set up.
    pub fn folder(&self) -> Option<Arc<Folder>> {
        self.host.folder()
    }

    /// Makes an event of what was heard. Resolves when it is committed: only then tell the outside that it has
    /// arrived. The same key within two weeks is the same event; its first run is given again. Waits, until told to
    /// stop, while the server is too busy; an error means that this event is refused for good.
    pub async fn admit(&self, items: Vec<Item>, key: Option<String>) -> Result<RunId, Problem> {
        self.host.admit(items, key).await
    }

    /// How a run ended, for sources that acknowledge only then.
    pub async fn ended(&self, run: RunId) -> Result<RunEnd, Problem> {
        self.host.ended(run).await
    }

    /// Whether a node of the run has let go of its event ([`let_go`]).
    pub async fn has_let_go(&self, run: RunId) -> Result<bool, Problem> {
        Ok(self.host.left(&let_go_key(run)).await?.is_some())
    }

    /// What this trigger node keeps under a key, over restarts.
    pub async fn recall(&self, key: &str) -> Result<Option<Bytes>, Problem> {
        self.host.recall(key).await
    }

    /// Keeps a value of at most a megabyte for this trigger node, over restarts.
    pub async fn remember(&self, key: &str, value: impl Into<Bytes>) -> Result<(), Problem> {
        self.host.remember(key, value.into()).await
    }

    /// Writes a file of an item that will be admitted.
    pub async fn write_file(&self, bytes: ByteStream, file: Binary) -> Result<Binary, NodeError> {
        self.host.write_file(bytes, file).await
    }

    /// The outside was reached just now: a connection stands and has answered, a folder was read.
    pub fn alive(&self) {
        self.host.alive();
    }
}

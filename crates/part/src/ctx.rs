//! What a node may use while it runs: its input, its journaled clock and chance, calls, files, children, answers.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use model::template::Params;
use model::workflow::OnError;
use model::{Binary, Item, Map, Name, RunId, Scope, ScopeId, Value};
use outbound::Outbound;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::items::Spool;
use crate::{Answer, Category, Items, NodeError, Origin, Origins, PortOutput, Resumed};

/// A stream of bytes: a file, a request body, an answer.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, NodeError>> + Send>>;

/// What is fixed for one attempt at one step.
#[derive(Clone, Debug)]
pub struct StepInfo {
    /// Workspace and environment.
    pub scope: Scope,
    /// The store's number of that scope; egress rules and connections are looked up by it.
    pub scope_id: ScopeId,
    /// The run.
    pub run: RunId,
    /// Name of the workflow.
    pub workflow: Arc<str>,
    /// Number of the step in the run.
    pub step: u32,
    /// Name of the node.
    pub node: Arc<str>,
    /// How often the node has run before in this run.
    pub run_index: u32,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Tries that the node's retry policy gives; the last one may give up for good.
    pub tries: u32,
    /// The step's journaled clock reading, milliseconds since 1970.
    pub now: i64,
    /// The step's journaled random seed.
    pub seed: u64,
    /// What follows a failure.
    pub on_error: OnError,
    /// IANA time zone of the workflow.
    pub timezone: Arc<str>,
    /// How the run was started.
    pub mode: Arc<str>,
    /// Connections by slot.
    pub connections: Arc<BTreeMap<String, Name>>,
}

/// One outward effect of a step. Its name must be the same whenever the step is run again with the same input.
#[derive(Clone, Debug)]
pub struct CallSpec {
    /// Name within (step, item), for example `request` or `page 3`.
    pub name: String,
    /// Item that it is made for; absent when it is for the whole step.
    pub item: Option<u32>,
    /// The canonical request without secrets. Its digest is journaled with the intent, and a repeat with another one
    /// is refused.
    pub request: Value,
}

/// What a call carries to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The same for every repetition of this call whose outcome was not known; another one after a known failure, an
    /// edited input or a fork.
    pub idempotency_key: String,
    /// Counts those changes, from 0.
    pub epoch: u32,
    /// It was begun before and nobody knows what came of it.
    pub repeated: bool,
}

/// How a call ended badly.
#[derive(Clone, Debug)]
pub struct CallFailure {
    /// What the step fails with.
    pub error: NodeError,
    /// Whether the service may have done it all the same (no answer after bytes were sent).
    pub uncertain: bool,
}

impl From<outbound::Error> for CallFailure {
    fn from(error: outbound::Error) -> Self {
        CallFailure { uncertain: error.uncertain(), error: error.into() }
    }
}

impl From<NodeError> for CallFailure {
    fn from(error: NodeError) -> Self {
        CallFailure { error, uncertain: false }
    }
}

/// Makes the call; run at most once per call of [`Ctx::call`], and not at all when the outcome is journaled.
pub type Perform<'a> = Box<dyn FnOnce(Ticket) -> BoxFuture<'a, Result<Value, CallFailure>> + Send + 'a>;

/// A read from our own store under way.
pub type OwnRead<'a> = BoxFuture<'a, Result<Value, NodeError>>;

/// Values of parameters in their order; `None` is `undefined`.
pub type ValueRow = Vec<Option<Value>>;

/// A child run to start.
#[derive(Clone, Debug)]
pub struct ChildStart {
    /// Item that it is started for; absent when it gets all of them.
    pub item: Option<u32>,
    /// What to run.
    pub workflow: ChildWorkflow,
    /// Its trigger's output.
    pub input: Items,
    /// The step goes on without waiting, and a cancel does not reach it.
    pub detached: bool,
}

/// The workflow of a child.
#[derive(Clone, Debug, PartialEq)]
pub enum ChildWorkflow {
    /// An active workflow of the same scope.
    Named(Name),
    /// A text given in place (n8n's "define below"), as a workflow spec.
    Inline(Box<model::WorkflowSpec>),
}

/// How a child ended.
#[derive(Clone, Debug)]
pub struct ChildEnd {
    /// The child.
    pub run: RunId,
    /// Items of its last node, or what it failed with.
    pub result: Result<Items, NodeError>,
}

/// A node attached to the running one.
#[derive(Clone, Debug)]
pub struct Attached {
    /// Name of the attached node.
    pub name: Arc<str>,
    /// Its type.
    pub node_type: String,
    /// Its parameters as stored.
    pub params: Arc<Map>,
}

/// How serious a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Details.
    Debug,
    /// `console.log`.
    Info,
    /// Something odd.
    Warn,
    /// Something wrong that the step survived.
    Error,
}

/// User code to run in the sandbox.
#[derive(Clone, Debug)]
pub struct CodeJob<'a> {
    /// JavaScript as the user wrote it.
    pub source: &'a str,
    /// How often it runs.
    pub mode: CodeMode,
    /// Longest time.
    pub timeout: Option<std::time::Duration>,
}

/// How often user code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeMode {
    /// Once for all items.
    All,
    /// Once for each item; the first one that fails ends it.
    EachItem,
    /// Once for each item; those that fail are told in [`CodeResult::failed`].
    EachItemGoingOn,
}

/// What user code gave back.
#[derive(Clone, Debug)]
pub struct CodeResult {
    /// The items.
    pub items: Items,
    /// Their origins.
    pub origins: Origins,
    /// What went wrong with items that failed, by the place of the empty item that stands for each.
    pub failed: BTreeMap<usize, NodeError>,
}

/// What the engine does for a step. Nodes use it through [`Ctx`].
pub trait StepHost: Spool {
    /// Answers from the journal, or journals the intent, commits, performs, and journals the outcome.
    fn call<'a>(&'a self, spec: CallSpec, perform: Perform<'a>) -> BoxFuture<'a, Result<Value, NodeError>>;
    /// Runs an attached node as a nested step.
    fn invoke<'a>(&'a self, node: &'a str, input: Items) -> BoxFuture<'a, Result<Items, NodeError>>;
    /// Nodes attached at ports of that kind, in edge order.
    fn attached(&self, kind: &str) -> Vec<Attached>;
    /// Evaluates parameters for consecutive items of the first input, of which the first is at `first`.
    fn resolve<'a>(
        &'a self,
        params: &'a Params,
        items: &'a [Arc<Item>],
        first: usize,
    ) -> BoxFuture<'a, Result<Vec<Result<Map, NodeError>>, NodeError>>;
    /// The same as values in the order of the parameters, for nodes that know what stands where.
    fn resolve_rows<'a>(
        &'a self,
        params: &'a Params,
        items: &'a [Arc<Item>],
        first: usize,
    ) -> BoxFuture<'a, Result<Vec<Result<ValueRow, NodeError>>, NodeError>> {
        Box::pin(async move {
            let row = |mut map: Map| params.names().map(|name| map.swap_remove(name)).collect();
            let maps = self.resolve(params, items, first).await?;
            Ok(maps.into_iter().map(|map| map.map(row)).collect())
        })
    }
    /// Evaluates parameters for the item at `position` of the first input, with further globals beside the usual
    /// ones (`$response`, `$pageCount` …).
    fn resolve_with<'a>(
        &'a self,
        params: &'a Params,
        item: &'a Arc<Item>,
        position: usize,
        globals: &'a Map,
    ) -> BoxFuture<'a, Result<Map, NodeError>>;
    /// Makes a JSON web token, signed with the key of a `jwt` connection. The key is never seen here.
    fn sign_token<'a>(
        &'a self,
        connection: &'a Name,
        request: &'a auth::TokenRequest,
    ) -> BoxFuture<'a, Result<String, NodeError>>;
    /// The claims of a JSON web token that is good, as the key of a `jwt` connection says. The key is never seen here.
    fn check_token<'a>(
        &'a self,
        connection: &'a Name,
        token: &'a str,
        checks: &'a auth::TokenChecks,
    ) -> BoxFuture<'a, Result<Value, NodeError>>;
    /// A key of a `keys` connection, by its field ([`auth::Scheme::Keys`]). Keep it for the step, and show it nowhere.
    fn key<'a>(&'a self, connection: &'a Name, field: &'a str) -> BoxFuture<'a, Result<auth::Key, NodeError>>;
    /// Whether all nodes that this output leads to take their items as text ([`crate::Node::takes_text`]).
    fn feeds_scripts(&self, _output: u16) -> bool {
        false
    }
    /// Runs user code over the first input.
    fn code<'a>(&'a self, job: CodeJob<'a>) -> BoxFuture<'a, Result<CodeResult, NodeError>>;
    /// Reads from our own store, staged writes of this step included.
    fn local_get<'a>(&'a self, space: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, NodeError>>;
    /// Stages a write for the commit of the step's result.
    fn stage(&self, write: store::LocalWrite);
    /// Starts a child with the commit of the step's result or suspension; a child that an earlier attempt started
    /// under the same item and epoch is the same child.
    fn start_child(&self, child: ChildStart) -> Result<(), NodeError>;
    /// How the child of that item ended, if it has.
    fn child(&self, item: Option<u32>) -> Option<ChildEnd>;
    /// State that the node kept when it last ran in this run.
    fn state(&self) -> Option<Value>;
    /// Keeps state for the node's next run index.
    fn set_state(&self, state: Value);
    /// Appends all items of an input port to a list that the node holds: they survive across its run indexes in this
    /// run. Journaled by reference to the steps that made them, never by value. Takes effect with the step's result.
    fn hold(&self, list: &str, input: u16);
    /// The items of a held list in the order in which they came, those of this step included; none when there is no
    /// such list. [`PortOutput::Held`] puts them out.
    fn held(&self, list: &str) -> Items;
    /// Forgets a list, after this step's outputs were taken from it. Not for one that the same step holds items in:
    /// start another list instead.
    fn release(&self, list: &str);
    /// Answers whoever started the run. `false`: nobody waits or it was answered before.
    fn respond(&self, answer: Answer) -> bool;
    /// Whether somebody waits for an answer that was not given yet.
    fn awaits_answer(&self) -> bool;
    /// Whether items can come to this node from one of these types.
    fn comes_after(&self, node_types: &[&str]) -> bool;
    /// Begins a streamed answer: committed before this resolves.
    fn begin_stream<'a>(
        &'a self,
        status: u16,
        headers: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<bool, NodeError>>;
    /// Sends a provisional part of the streamed answer.
    fn stream_chunk<'a>(&'a self, bytes: Bytes) -> BoxFuture<'a, Result<(), NodeError>>;
    /// Ends the streamed answer: digest and length are committed.
    fn end_stream<'a>(&'a self) -> BoxFuture<'a, Result<(), NodeError>>;
    /// Writes a file durably and gives its address and length.
    fn write_blob<'a>(&'a self, bytes: ByteStream) -> BoxFuture<'a, Result<(model::Digest, u64), NodeError>>;
    /// Reads a file.
    fn read_blob<'a>(&'a self, digest: &'a model::Digest) -> BoxFuture<'a, Result<ByteStream, NodeError>>;
    /// Adds a line to the step's log.
    fn log(&self, level: Level, text: String);
    /// Shows how far the step is; provisional, never journaled.
    fn progress(&self, done: u64, total: Option<u64>);
    /// Ends the attempt: the run was cancelled, or the attempt has run out of time.
    fn cancelled(&self) -> &CancellationToken;
    /// The folder of the host's disk that nodes may use; absent: none is set up. Reading and writing in it are effects,
    /// so both belong into a call.
    fn folder(&self) -> Option<Arc<crate::folder::Folder>> {
        None
    }
    /// What the operator lets workflows do to machines.
    fn powers(&self) -> Arc<crate::powers::Powers> {
        Arc::default()
    }
    /// The rows of data tables; absent in a replay, which answers from the journal.
    fn tables(&self) -> Option<crate::Tables> {
        None
    }
    /// The types of events for others; absent in a replay, which answers from the journal.
    fn events(&self) -> Option<crate::Events> {
        None
    }
    /// Asks the house, in the name of whom the run acts for. What changes something belongs into a call, what only
    /// looks into [`Self::read_own`].
    fn ask_house<'a>(&'a self, _act: crate::house::Act) -> BoxFuture<'a, Result<Value, NodeError>> {
        let error =
            NodeError::new(model::Code::Unsupported, crate::Category::Refused, "there is no house around this step");
        Box::pin(std::future::ready(Err(error.hint("run the workflow on a server"))))
    }
    /// Reads from our own store, once for each key in a step: what it came to is journaled with what comes next, and a
    /// replay finds it there. Costs no write of its own, because nobody outside can tell that it happened.
    fn read_own<'a>(&'a self, _key: String, read: OwnRead<'a>) -> OwnRead<'a> {
        read
    }
    /// The way out.
    fn outbound(&self) -> Option<&Outbound>;
    /// What a connection says beside its secret; also while the way out is closed, where requests are only looked at.
    fn settings<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Map, NodeError>> {
        Box::pin(async move {
            match self.outbound() {
                Some(outbound) => Ok(outbound.settings(scope, connection).await?),
                None => Ok(Map::new()),
            }
        })
    }
    /// Address that resumes the run while this step waits, signed; absent when the server has no public address.
    fn resume_url(&self) -> Option<String>;
    /// Bytes that the run may still take in memory.
    fn memory_left(&self) -> u64;
}

/// A query over items, in SQLite's dialect.
#[derive(Debug)]
pub struct Query {
    /// Tables by name.
    pub tables: Vec<(String, Arc<[Arc<Item>]>)>,
    /// One statement, or several with `;` between them.
    pub sql: String,
    /// Values of the `?` in it, in order.
    pub params: Vec<Value>,
    /// Longest time.
    pub time: Duration,
    /// Most rows that come out.
    pub rows: usize,
}

/// Why a query gave no rows.
#[derive(Debug)]
pub enum QueryError {
    /// It took too long.
    Late,
    /// The run was canceled.
    Canceled,
    /// It is no query, or one that is not allowed.
    Refused(String),
    /// It wants more memory, or gives more rows, than it may.
    Limit(String),
    /// Fishplate did something wrong.
    Broken,
}

/// Ends a query whose step has gone.
struct StopAtEnd(Arc<AtomicBool>);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Most bytes that a query takes, whatever the run may still take.
const QUERY_BYTES: usize = 256 << 20;

/// What a node has in hand during one attempt.
pub struct Ctx {
    host: Arc<dyn StepHost>,
    info: StepInfo,
    inputs: Arc<[Items]>,
    resumed: Option<Resumed>,
    draws: u64,
}

impl Ctx {
    /// Made by the engine for each attempt.
    pub fn new(host: Arc<dyn StepHost>, info: StepInfo, inputs: Arc<[Items]>, resumed: Option<Resumed>) -> Self {
        Ctx { host, info, inputs, resumed, draws: 0 }
    }

    /// What is fixed for this attempt.
    pub fn info(&self) -> &StepInfo {
        &self.info
    }

    /// The items at an input port; none when nothing came.
    pub fn input(&self, port: u16) -> Items {
        self.inputs.get(port as usize).cloned().unwrap_or_default()
    }

    /// Number of input ports that the step was scheduled with.
    pub fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// Why the step runs again, when it was suspended.
    pub fn resumed(&self) -> Option<&Resumed> {
        self.resumed.as_ref()
    }

    /// Resolves when the run is cancelled or the attempt has run out of time; calls in flight should end then.
    pub fn cancelled(&self) -> &CancellationToken {
        self.host.cancelled()
    }

    /// The engine's side; also reads spooled chunks.
    pub fn host(&self) -> &Arc<dyn StepHost> {
        &self.host
    }

    /// Reads spooled chunks.
    pub fn spool(&self) -> &dyn Spool {
        &*self.host
    }

    /// The step's journaled clock reading, milliseconds since 1970. Stands still during the step.
    pub fn now(&self) -> i64 {
        self.info.now
    }

    /// The next number of the step's journaled random sequence (SplitMix64).
    pub fn random(&mut self) -> u64 {
        self.draws += 1;
        let mut z = self.info.seed.wrapping_add(self.draws.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Runs a query over items, in a database of its own that ends with it. Time and chance in it are the step's.
    pub async fn query(&mut self, query: Query) -> Result<Vec<Map>, QueryError> {
        // The store runs one at a time; whoever waits for its turn can be canceled here, and not on a thread.
        static TURN: Semaphore = Semaphore::const_new(1);
        let _turn = tokio::select! {
            turn = TURN.acquire() => turn,
            () = self.host.cancelled().cancelled() => return Err(QueryError::Canceled),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let _ends = StopAtEnd(stop.clone());
        let job = store::scratch::Job {
            tables: query.tables.into_iter().map(|(name, rows)| store::scratch::Table { name, rows }).collect(),
            sql: query.sql,
            params: query.params,
            now: self.now(),
            seed: self.random(),
            rows: query.rows,
            bytes: usize::try_from(self.host.memory_left()).unwrap_or(QUERY_BYTES).min(QUERY_BYTES),
            stop: stop.clone(),
        };
        let mut task = tokio::task::spawn_blocking(move || store::scratch::query(&job));
        let why = tokio::select! {
            done = &mut task => {
                return done.map_err(|_| QueryError::Broken)?.map_err(|error| match error {
                    store::scratch::Error::Refused(said) => QueryError::Refused(said),
                    limit => QueryError::Limit(limit.to_string()),
                });
            }
            () = tokio::time::sleep(query.time) => QueryError::Late,
            () = self.host.cancelled().cancelled() => QueryError::Canceled,
        };
        stop.store(true, Ordering::Relaxed);
        // It looks at the flag within milliseconds; until then it holds memory that counts as this step's.
        let _ = task.await;
        Err(why)
    }

    /// Does work that keeps a processor busy, away from the threads that serve others. It gets no longer than `time`,
    /// after which nobody waits for it: work over what strangers made must have bounds of its own.
    pub async fn compute<T: Send + 'static>(
        &self,
        time: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NodeError> {
        let task = tokio::task::spawn_blocking(work);
        let error = |code, category, detail: &str| NodeError::new(code, category, detail);
        tokio::select! {
            done = task => done.map_err(|error| {
                // Readers of foreign formats give up like this on files that their makers did not think of.
                tracing::warn!(%error, "work over a step's data has panicked");
                NodeError::bad_data("the data is broken in a way that its reader does not survive").permanent()
            }),
            () = tokio::time::sleep(time) => {
                let detail = format!("the work took longer than {} seconds", time.as_secs());
                Err(error(model::Code::StepFailed, Category::Timeout, &detail).permanent())
            }
            () = self.host.cancelled().cancelled() => {
                Err(error(model::Code::RunCanceled, Category::Refused, "the run was canceled"))
            }
        }
    }

    /// Makes one outward effect. See [`CallSpec`] and ENGINE "Calls".
    pub async fn call<'a, F>(&'a self, spec: CallSpec, perform: F) -> Result<Value, NodeError>
    where
        F: FnOnce(Ticket) -> BoxFuture<'a, Result<Value, CallFailure>> + Send + 'a,
    {
        self.host.call(spec, Box::new(perform)).await
    }

    /// Runs an attached node as a nested step.
    pub async fn invoke(&self, node: &str, input: Items) -> Result<Items, NodeError> {
        self.host.invoke(node, input).await
    }

    /// Adds a line to the step's log.
    pub fn log(&self, level: Level, text: impl Into<String>) {
        self.host.log(level, text.into());
    }

    /// Typed parameters for consecutive items of the first input, of which the first is at `first`.
    pub async fn typed<T: serde::de::DeserializeOwned + Send + Sync>(
        &self,
        params: &crate::Typed<T>,
        items: &[Arc<Item>],
        first: usize,
    ) -> Result<Vec<Result<Arc<T>, NodeError>>, NodeError> {
        if let Some(fixed) = params.fixed() {
            return Ok(vec![Ok(fixed.clone()); items.len()]);
        }
        let maps = self.host.resolve(params.params(), items, first).await?;
        let parse = |map: Result<Map, NodeError>| map.and_then(|map| crate::params::parse(map).map(Arc::new));
        Ok(maps
            .into_iter()
            .enumerate()
            .map(|(at, map)| parse(map).map_err(|error| error.on_item(first + at)))
            .collect())
    }

    /// Typed parameters for the step as a whole: those of the first item, or of no item when there is none.
    pub async fn typed_once<T: serde::de::DeserializeOwned + Send + Sync>(
        &self,
        params: &crate::Typed<T>,
    ) -> Result<Arc<T>, NodeError> {
        if let Some(fixed) = params.fixed() {
            return Ok(fixed.clone());
        }
        let item = self.input(0).get(0, self.spool()).await?.unwrap_or_default();
        let mut all = self.typed(params, &[item], 0).await?;
        all.pop().unwrap_or_else(|| Err(NodeError::bug("no parameters were resolved for the first item")))
    }

    /// Puts out what `make` makes of each item; a failed one goes where `onError` says.
    pub async fn each<T: serde::de::DeserializeOwned + Send + Sync>(
        &self,
        params: &crate::Typed<T>,
        mut make: impl FnMut(&T, &Item) -> Result<Vec<Item>, NodeError> + Send,
    ) -> Result<crate::Outcome, NodeError> {
        let mut outputs = self.outputs(1);
        let mut position = 0;
        for segment in self.input(0).segments() {
            let items = segment.load(self.spool()).await?;
            for (params, item) in self.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
                match params.and_then(|params| make(&params, item)) {
                    Ok(made) => {
                        for made in made {
                            outputs.push(0, made, Origin::item(position)).await?;
                        }
                    }
                    Err(error) => outputs.fail(position, item, error).await?,
                }
                position += 1;
            }
        }
        outputs.done().await
    }

    /// The same where making takes its time: calls, files, work on other threads. Items are worked on one after the
    /// other.
    pub async fn each_async<'a, T: serde::de::DeserializeOwned + Send + Sync>(
        &'a self,
        params: &crate::Typed<T>,
        mut make: impl FnMut(One<'a, T>) -> BoxFuture<'a, Result<Vec<Item>, NodeError>> + Send,
    ) -> Result<crate::Outcome, NodeError> {
        let mut outputs = self.outputs(1);
        let mut position = 0;
        for segment in self.input(0).segments() {
            let items = segment.load(self.spool()).await?;
            for (params, item) in self.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
                let made = match params {
                    Ok(params) => make(One { ctx: self, params, item: item.clone(), position }).await,
                    Err(error) => Err(error),
                };
                match made {
                    Ok(made) => {
                        for made in made {
                            outputs.push(0, made, Origin::item(position)).await?;
                        }
                    }
                    Err(error) => outputs.fail(position, item, error).await?,
                }
                position += 1;
            }
        }
        outputs.done().await
    }

    /// A value of our own store, writes of this step included. It outlives the run.
    pub async fn local_get(&self, space: &str, key: &str) -> Result<Option<Bytes>, NodeError> {
        self.host.local_get(space, key).await
    }

    /// Sets a value of our own store with the commit of the step's result.
    pub fn local_put(&self, space: &str, key: &str, value: impl Into<Bytes>) {
        let (space, key) = (space.to_owned(), key.to_owned());
        self.host.stage(store::LocalWrite::Put { space, key, value: value.into(), expires_at: None });
    }

    /// Removes a value of our own store with the commit of the step's result.
    pub fn local_delete(&self, space: &str, key: &str) {
        self.host.stage(store::LocalWrite::Delete { space: space.to_owned(), key: key.to_owned() });
    }

    /// A collector for what the step puts out.
    pub fn outputs(&self, ports: u16) -> Outputs {
        Outputs::new(self.host.clone(), self.info.on_error, ports)
    }

    /// Writes a file of an item. Give the content as a stream; small ones may be given as one chunk.
    pub async fn write_file(&self, bytes: ByteStream, file: Binary) -> Result<Binary, NodeError> {
        let (digest, size) = self.host.write_blob(bytes).await?;
        Ok(Binary { blob: Some(digest), size, inline: None, ..file })
    }

    /// Reads a file of an item.
    pub async fn read_file(&self, file: &Binary) -> Result<ByteStream, NodeError> {
        if let Some(digest) = &file.blob {
            return self.host.read_blob(digest).await;
        }
        let text = file.inline.as_deref().unwrap_or_default();
        let bytes = crate::params::base64(text).ok_or_else(|| NodeError::bad_data("a file's data is not base64"))?;
        Ok(Box::pin(futures_util::stream::once(std::future::ready(Ok(Bytes::from(bytes))))))
    }

    /// Reads a whole file of at most `limit` bytes.
    pub async fn read_file_whole(&self, file: &Binary, limit: usize) -> Result<Bytes, NodeError> {
        use futures_util::StreamExt;
        let mut stream = self.read_file(file).await?;
        let mut whole = Vec::new();
        while let Some(part) = stream.next().await {
            whole.extend_from_slice(&part?);
            if whole.len() > limit {
                let detail = format!("the file is larger than {limit} bytes, which is the most that this node reads");
                return Err(NodeError::new(model::Code::TooLarge, Category::BadData, detail));
            }
        }
        Ok(whole.into())
    }
}

/// One item of a step's first input, as [`Ctx::each_async`] hands it out.
pub struct One<'a, T> {
    /// The attempt.
    pub ctx: &'a Ctx,
    /// Parameters for this item.
    pub params: Arc<T>,
    /// The item.
    pub item: Arc<Item>,
    /// Its place in the input.
    pub position: usize,
}

/// Collects what a step puts out: spools what is large, keeps origins, and sends failed items where the node's
/// `onError` says.
pub struct Outputs {
    host: Arc<dyn StepHost>,
    on_error: OnError,
    ports: Vec<Port>,
}

#[derive(Default)]
struct Port {
    open: Vec<Arc<Item>>,
    open_weight: usize,
    weight: usize,
    segments: Vec<crate::Segment>,
    origins: Origins,
}

impl Outputs {
    fn new(host: Arc<dyn StepHost>, on_error: OnError, ports: u16) -> Self {
        let count = ports as usize + usize::from(on_error == OnError::ErrorBranch);
        Outputs { host, on_error, ports: (0..count).map(|_| Port::default()).collect() }
    }

    /// Puts an item out at a port.
    pub async fn push(&mut self, port: u16, item: impl Into<Arc<Item>>, origin: Origin) -> Result<(), NodeError> {
        let item = item.into();
        let Some(open) = self.ports.get_mut(port as usize) else {
            return Err(NodeError::bug(format!("the node has no output {port}")));
        };
        open.open_weight += item.weight();
        open.open.push(item);
        open.origins.push(origin);
        if open.open.len() >= crate::CHUNK_ITEMS || open.open_weight >= crate::SPOOL_THRESHOLD {
            open.close(&*self.host).await?;
        }
        Ok(())
    }

    /// An item failed. Under `stop` the step fails with it; otherwise it goes on, with its `error`, through the
    /// ordinary output or the error branch.
    pub async fn fail(&mut self, position: usize, item: &Item, error: NodeError) -> Result<(), NodeError> {
        let error = error.on_item(position);
        match self.on_error {
            // It is no failure of this item: nothing that needs the connection can go on.
            _ if error.waits_for().is_some() => Err(error),
            OnError::Stop => Err(error),
            OnError::Continue => {
                let mut json = Map::new();
                json.insert("error".into(), error.for_item());
                self.push(0, Item::new(json), Origin::item(position)).await
            }
            OnError::ErrorBranch => {
                let mut failed = item.clone();
                failed.json.insert("error".into(), error.for_item());
                self.push(self.ports.len() as u16 - 1, failed, Origin::item(position)).await
            }
        }
    }

    /// Everything that was put out, one entry per port.
    pub async fn finish(self) -> Result<Vec<PortOutput>, NodeError> {
        let mut outputs = Vec::with_capacity(self.ports.len());
        for mut port in self.ports {
            if !port.segments.is_empty() || port.open_weight >= crate::SPOOL_THRESHOLD {
                port.close(&*self.host).await?;
            } else if !port.open.is_empty() {
                let items = std::mem::take(&mut port.open);
                port.segments.push(crate::Segment { chunk: crate::Chunk::Memory(items.into()), pick: None });
            }
            outputs.push(PortOutput::Items { items: Items::from_segments(port.segments), origins: port.origins });
        }
        Ok(outputs)
    }

    /// Everything that was put out, as the end of the step.
    pub async fn done(self) -> Result<crate::Outcome, NodeError> {
        Ok(crate::Outcome::Done(self.finish().await?))
    }
}

impl Port {
    /// Ends the open chunk: in memory while the port is below the threshold, spooled from there on.
    async fn close(&mut self, spool: &dyn Spool) -> Result<(), NodeError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let items = std::mem::take(&mut self.open);
        self.weight += std::mem::take(&mut self.open_weight);
        let chunk = if self.weight >= crate::SPOOL_THRESHOLD {
            crate::Chunk::Stored(spool.store(&items).await?)
        } else {
            crate::Chunk::Memory(items.into())
        };
        self.segments.push(crate::Segment { chunk, pick: None });
        Ok(())
    }
}

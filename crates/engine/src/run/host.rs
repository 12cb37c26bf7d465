//! What a running step gets from the engine: its calls, files, children, answers. One value per attempt.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use model::template::Params;
use model::{Code, Digest, Item, Map, Name, RunId, ScopeId, Value};
use part::ctx::{OwnRead, Perform, ValueRow};
use part::{
    Answer, Attached, ByteStream, CallSpec, Category, ChildEnd, ChildStart, CodeJob, CodeResult, Items, Level,
    NodeError, Origins, Spool, StepHost, StoredChunk, Ticket,
};
use store::{CommitError, LocalWrite};
use tokio_util::sync::CancellationToken;

use super::core::{After, Shared, written};
use crate::event::{CallName, CallOutcome, Event, Feed, HeldChange, Inputs, LogLine, NodeIndex, StepNumber};
use crate::journal::{self, MAX_ITEM_DEPTH};
use crate::machine::{CallPlan, is_put_off};
use crate::ports::VariableSet;
use crate::record::ItemsRecord;

/// Log lines kept per step; later ones are counted and dropped.
const MAX_LOG_LINES: usize = 1_000;
/// Characters kept per log line.
const MAX_LOG_TEXT: usize = 8 << 10;

/// One attempt at one step.
pub struct StepRun {
    /// The run.
    pub shared: Arc<Shared>,
    /// Step.
    pub step: StepNumber,
    /// Node.
    pub node: NodeIndex,
    /// How often the node ran before.
    pub run_index: u32,
    /// Where the input comes from.
    pub inputs: Inputs,
    /// The input, by port.
    pub input_items: Arc<[Items]>,
    /// Clock reading.
    pub now: i64,
    /// Seed.
    pub seed: u64,
    /// What `$vars` and `$env` show.
    pub variables: Arc<VariableSet>,
    /// Ends the attempt alone; absent when it ends with the run.
    own_cancel: Option<CancellationToken>,
    staged: Mutex<Staged>,
}

/// What takes effect with the step's result.
#[derive(Default)]
pub struct Staged {
    /// Local writes.
    pub local: Vec<LocalWrite>,
    /// Children to start: their ids are drawn when the step ends.
    pub children: Vec<ChildStart>,
    /// Log.
    pub logs: Vec<LogLine>,
    /// State of the node.
    pub state: Option<Value>,
    /// Changes of held lists.
    pub held: Vec<HeldChange>,
    /// Invocations made in this attempt.
    pub invoked: u32,
    /// Requests made by a script in this attempt.
    pub requests: u32,
    /// A call is uncertain and its node asks a person.
    pub asks: bool,
    dropped_lines: usize,
    stream: Option<(store::Hasher, u64)>,
}

impl StepRun {
    /// An attempt.
    #[allow(clippy::too_many_arguments, reason = "every field is of a type of its own, and there is one caller")]
    pub fn new(
        shared: Arc<Shared>,
        (step, node, run_index): (StepNumber, NodeIndex, u32),
        inputs: Inputs,
        input_items: Arc<[Items]>,
        (now, seed): (i64, u64),
        variables: Arc<VariableSet>,
        own_cancel: Option<CancellationToken>,
    ) -> Arc<Self> {
        let staged = Mutex::default();
        Arc::new(StepRun {
            shared,
            step,
            node,
            run_index,
            inputs,
            input_items,
            now,
            seed,
            variables,
            own_cancel,
            staged,
        })
    }

    /// Ends the attempt.
    pub fn cancel(&self) -> &CancellationToken {
        self.own_cancel.as_ref().unwrap_or(&self.shared.cancel)
    }

    /// Whoever holds the keys of connections.
    fn tokens(&self, connection: &Name) -> Result<&dyn crate::ports::Tokens, NodeError> {
        self.shared.engine.tokens.as_deref().ok_or_else(|| {
            let detail = format!("the connection `{connection}` cannot be used: this process holds no keys");
            NodeError::new(Code::ConnectionMissing, Category::Auth, detail)
        })
    }

    /// What takes effect with the step's result.
    pub fn staged(&self) -> MutexGuard<'_, Staged> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Journals an intent, or answers from the journal.
    fn intend(&self, name: &CallName, fingerprint: Digest) -> Result<Intent, NodeError> {
        let mut core = self.shared.core();
        if self.cancel().is_cancelled() {
            return Err(canceled());
        }
        if self.shared.replaying
            && let Some(CallOutcome::Unknown(error)) =
                core.machine.live_step(self.step).and_then(|live| live.calls.get(name)?.outcome.clone())
        {
            return Err(error);
        }
        let policy = self.shared.definition.node(self.node).on_uncertain;
        let (epoch, repeated) = match core.machine.plan_call(self.step, name, fingerprint, policy) {
            CallPlan::Make { epoch, repeated } => (epoch, repeated),
            CallPlan::Known(value) => return Ok(Intent::Known(value)),
            CallPlan::Failed(error) => return Err(*error),
            CallPlan::Ended => return Err(NodeError::bug("the step has ended while it made a call")),
            CallPlan::Changed => {
                let detail = format!("the call `{}` was begun with another request", name.name);
                let hint = "the node built a different request from the same input; fork the run instead";
                return Err(NodeError::new(Code::Uncertain, Category::Bug, detail).hint(hint).permanent());
            }
            CallPlan::Ask => {
                drop(core);
                self.staged().asks = true;
                return Err(uncertain(name));
            }
            CallPlan::Uncertain => return Err(uncertain(name).permanent()),
        };
        if self.shared.replaying {
            let detail = format!("the call `{}` was not recorded", name.name);
            return Err(NodeError::new(Code::NotResumable, Category::Bug, detail).permanent());
        }
        core.emit(Event::CallIntended { s: self.step, call: name.clone(), epoch, fingerprint });
        let item = name.item.map(|item| format!("{item}.")).unwrap_or_default();
        let key = format!("{}.{}.{item}{}.{epoch}", self.shared.head.id, self.step, name.name.replace(' ', "-"));
        Ok(Intent::Make(Ticket { idempotency_key: key, epoch, repeated }))
    }

    async fn make_call(&self, spec: CallSpec, perform: Perform<'_>) -> Result<Value, NodeError> {
        let name = CallName { item: spec.item, name: spec.name };
        let canonical = serde_json::to_vec(&spec.request)
            .map_err(|error| NodeError::bug(format!("a request cannot be written as JSON: {error}")))?;
        let fingerprint = store::digest(&canonical);
        if self.shared.replaying {
            let asked = (self.step, name.clone(), spec.request, fingerprint);
            self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        }
        let ticket = match self.intend(&name, fingerprint)? {
            Intent::Known(value) => return Ok(value),
            Intent::Make(ticket) => ticket,
        };
        self.shared.flush().await.map_err(commit_error)?;
        let (epoch, repeated) = (ticket.epoch, ticket.repeated);
        let result = perform(ticket).await;
        let outcome = match &result {
            Ok(value) => CallOutcome::Done(value.clone()),
            // That it is not done now does not say what came of it before.
            Err(failure) if failure.uncertain || repeated && is_put_off(&failure.error) => {
                CallOutcome::Unknown(failure.error.clone())
            }
            Err(failure) => CallOutcome::Failed(failure.error.clone()),
        };
        self.shared.core().emit(Event::CallEnded { s: self.step, call: name, epoch, outcome });
        result.map_err(|failure| failure.error)
    }

    /// Which attached node that is, and what it has been asked before.
    fn begin_invocation(&self, node: &str, input: &Items) -> Result<Invocation, NodeError> {
        let graph = &self.shared.definition.graph;
        let attached = graph.node(self.node).attached.iter().find(|(_, index)| *graph.node(*index).name == *node);
        let Some((_, index)) = attached else {
            return Err(NodeError::bug(format!("no node named `{node}` is attached")));
        };
        let ordinal = {
            let mut staged = self.staged();
            staged.invoked += 1;
            staged.invoked - 1
        };
        let mut core = self.shared.core();
        if self.cancel().is_cancelled() {
            return Err(canceled());
        }
        let known = core
            .machine
            .live_step(self.step)
            .and_then(|live| live.invoked.iter().find(|(known, _)| *known == ordinal).map(|(_, nested)| *nested));
        if let Some(nested) = known {
            // A nested step of a live one is in use, and so in memory.
            if let Some(done) = core.data.step(nested) {
                return Ok(Invocation::Known(done.outputs.first().map(|port| port.items.clone()).unwrap_or_default()));
            }
            if let Some(live) = core.machine.live_step(nested) {
                let (run_index, at, seed) = (live.run_index, live.at, live.seed);
                return Ok(Invocation::Run { step: nested, node: *index, run_index, at, seed });
            }
        }
        let clock = &self.shared.engine.clock;
        let (nested, at, seed) = (core.machine.next_step(), clock.now(), clock.random());
        let run_index = core.machine.run_count(*index);
        let origins = Origins::unknown(input.len());
        let input = ItemsRecord { items: input.clone(), origins };
        core.emit(Event::Invoked { s: nested, n: *index, parent: self.step, k: ordinal, input, at, seed });
        Ok(Invocation::Run { step: nested, node: *index, run_index, at, seed })
    }
}

enum Intent {
    Known(Value),
    Make(Ticket),
}

enum Invocation {
    Known(Items),
    Run { step: StepNumber, node: NodeIndex, run_index: u32, at: i64, seed: u64 },
}

fn canceled() -> NodeError {
    NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled")
}

fn uncertain(name: &CallName) -> NodeError {
    let detail = format!("it is not known whether the call `{}` took effect", name.name);
    let hint = "look at the service, then settle the call: make it again, take it as done, or fail it";
    NodeError::new(Code::Uncertain, Category::Unavailable, detail).hint(hint)
}

/// A commit that was refused or could not be made, as the step that needed it sees it.
pub fn commit_error(error: CommitError) -> NodeError {
    let code = match &error {
        CommitError::Stale { .. } => Code::StaleLease,
        CommitError::DiskFull => Code::DiskFull,
        CommitError::Duplicate { .. } => Code::DuplicateEvent,
        _ => Code::StoreUnavailable,
    };
    NodeError::new(code, Category::Unavailable, error.to_string())
}

pub(super) fn store_error(error: store::Error) -> NodeError {
    let code = match &error {
        store::Error::DiskFull => Code::DiskFull,
        store::Error::Corrupt(_) => Code::StoreCorrupt,
        store::Error::NotFound(_) => Code::NotFound,
        _ => Code::StoreUnavailable,
    };
    let category = if code == Code::NotFound { Category::BadData } else { Category::Unavailable };
    NodeError::new(code, category, error.to_string())
}

impl Shared {
    /// Reads a segment, spooled or not.
    pub(crate) async fn load_segment(&self, segment: &part::Segment) -> Result<Arc<[Arc<Item>]>, NodeError> {
        segment.load(self).await
    }

    /// Writes items as a spooled chunk, durably.
    pub(crate) async fn store_chunk(&self, items: &[Arc<Item>]) -> Result<StoredChunk, NodeError> {
        let mut bytes = Vec::new();
        for item in items {
            if item.json.values().any(|value| journal::is_deeper(value, MAX_ITEM_DEPTH - 1)) {
                return Err(super::drive::too_deep());
            }
            serde_json::to_writer(&mut bytes, &**item)
                .map_err(|error| NodeError::bug(format!("an item cannot be written as JSON: {error}")))?;
            bytes.push(b'\n');
        }
        let (length, now) = (bytes.len() as u64, self.engine.clock.now());
        let digest = self.engine.store.put_blob(self.head.scope, bytes.into(), now).await;
        Ok(StoredChunk { digest: digest.map_err(store_error)?, count: items.len() as u32, bytes: length })
    }
}

/// A run reads and writes spooled chunks for all of its steps.
impl Spool for Shared {
    fn load<'a>(&'a self, chunk: &'a StoredChunk) -> BoxFuture<'a, Result<Arc<[Arc<Item>]>, NodeError>> {
        Box::pin(async move {
            if let Some(items) = self.kept_chunk(&chunk.digest) {
                return Ok(items);
            }
            let bytes = self.engine.store.blob(self.head.scope, chunk.digest).await.map_err(store_error)?;
            let items = crate::record::read_lines(&bytes)?;
            self.keep_chunk(chunk.digest, items.clone());
            Ok(items)
        })
    }

    fn store<'a>(&'a self, items: &'a [Arc<Item>]) -> BoxFuture<'a, Result<StoredChunk, NodeError>> {
        Box::pin(self.store_chunk(items))
    }
}

impl Spool for StepRun {
    fn load<'a>(&'a self, chunk: &'a StoredChunk) -> BoxFuture<'a, Result<Arc<[Arc<Item>]>, NodeError>> {
        Spool::load(&*self.shared, chunk)
    }

    fn store<'a>(&'a self, items: &'a [Arc<Item>]) -> BoxFuture<'a, Result<StoredChunk, NodeError>> {
        Spool::store(&*self.shared, items)
    }
}

impl StepHost for StepRun {
    fn call<'a>(&'a self, spec: CallSpec, perform: Perform<'a>) -> BoxFuture<'a, Result<Value, NodeError>> {
        Box::pin(self.make_call(spec, perform))
    }

    fn invoke<'a>(&'a self, node: &'a str, input: Items) -> BoxFuture<'a, Result<Items, NodeError>> {
        Box::pin(async move {
            match self.begin_invocation(node, &input)? {
                Invocation::Known(items) => Ok(items),
                Invocation::Run { step, node, run_index, at, seed } => {
                    super::drive::run_nested(self, (step, node, run_index), input, (at, seed)).await
                }
            }
        })
    }

    fn attached(&self, kind: &str) -> Vec<Attached> {
        let definition = &self.shared.definition;
        let attached = definition.graph.node(self.node).attached.iter().filter(|(known, _)| **known == *kind);
        let describe = |(_, index): &(Arc<str>, NodeIndex)| {
            let node = definition.node(*index);
            Attached { name: node.name.clone(), node_type: node.node_type.clone(), params: node.params.clone() }
        };
        attached.map(describe).collect()
    }

    fn resolve<'a>(
        &'a self,
        params: &'a Params,
        items: &'a [Arc<Item>],
        first: usize,
    ) -> BoxFuture<'a, Result<Vec<Result<Map, NodeError>>, NodeError>> {
        Box::pin(self.resolve_all(params, items, first, None, Params::eval))
    }

    fn resolve_rows<'a>(
        &'a self,
        params: &'a Params,
        items: &'a [Arc<Item>],
        first: usize,
    ) -> BoxFuture<'a, Result<Vec<Result<ValueRow, NodeError>>, NodeError>> {
        // Almost all are answered here and now; the long way is a future of a kilobyte.
        match self.resolve_natively(params, items, first) {
            Some(rows) => Box::pin(std::future::ready(Ok(rows))),
            None => Box::pin(self.resolve_all(params, items, first, None, Params::eval_row)),
        }
    }

    fn resolve_with<'a>(
        &'a self,
        params: &'a Params,
        item: &'a Arc<Item>,
        position: usize,
        globals: &'a Map,
    ) -> BoxFuture<'a, Result<Map, NodeError>> {
        Box::pin(async move {
            let items = std::slice::from_ref(item);
            let mut all = self.resolve_all(params, items, position, Some(globals), Params::eval).await?;
            all.pop().unwrap_or_else(|| Err(NodeError::bug("no parameters were resolved")))
        })
    }

    fn sign_token<'a>(
        &'a self,
        connection: &'a Name,
        request: &'a auth::TokenRequest,
    ) -> BoxFuture<'a, Result<String, NodeError>> {
        Box::pin(async move { self.tokens(connection)?.sign(&self.shared.scope, connection, request).await })
    }

    fn check_token<'a>(
        &'a self,
        connection: &'a Name,
        token: &'a str,
        checks: &'a auth::TokenChecks,
    ) -> BoxFuture<'a, Result<Value, NodeError>> {
        Box::pin(async move { self.tokens(connection)?.check(&self.shared.scope, connection, token, checks).await })
    }

    fn key<'a>(&'a self, connection: &'a Name, field: &'a str) -> BoxFuture<'a, Result<auth::Key, NodeError>> {
        Box::pin(async move { self.tokens(connection)?.key(&self.shared.scope, connection, field).await })
    }

    fn feeds_scripts(&self, output: u16) -> bool {
        let definition = &self.shared.definition;
        let targets = definition.graph.node(self.node).successors.get(output as usize);
        let scripted = |target: &crate::graph::Target| {
            definition.node(target.node).node.as_ref().is_some_and(|node| node.takes_text())
        };
        targets.is_some_and(|targets| !targets.is_empty() && targets.iter().all(scripted))
    }

    fn code<'a>(&'a self, job: CodeJob<'a>) -> BoxFuture<'a, Result<CodeResult, NodeError>> {
        Box::pin(self.run_code(job))
    }

    fn local_get<'a>(&'a self, space: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, NodeError>> {
        Box::pin(async move {
            let (engine, now) = (&self.shared.engine, self.shared.engine.clock.now());
            if let Some(value) = written(self.staged().local.iter().rev(), space, key, now) {
                return Ok(value);
            }
            let place = format!("{space}/{key}");
            if self.shared.replaying {
                let reads = self.shared.recorded_reads.lock().unwrap_or_else(PoisonError::into_inner);
                return Ok(reads.get(&(self.step, place)).cloned().flatten());
            }
            // Steps before this one may have written what waits for the group commit.
            let unstored = self.shared.core().unstored(space, key, now);
            let found = match unstored {
                Some(value) => value,
                None => engine.store.local(self.shared.head.scope, space, key, now).await.map_err(store_error)?,
            };
            let value = found.as_deref().map(part::params::to_base64);
            self.shared.core().emit(Event::LocalRead { s: self.step, key: place, value });
            Ok(found)
        })
    }

    fn stage(&self, write: LocalWrite) {
        self.staged().local.push(write);
    }

    fn start_child(&self, child: ChildStart) -> Result<(), NodeError> {
        let core = self.shared.core();
        let known = core
            .machine
            .live_step(self.step)
            .is_some_and(|live| live.children.iter().any(|started| started.item == child.item));
        drop(core);
        if !known {
            self.shared.engine.check_child(&self.shared.scope, &self.shared.head.workflow, &child)?;
            self.staged().children.push(child);
        }
        Ok(())
    }

    fn child(&self, item: Option<u32>) -> Option<ChildEnd> {
        let core = self.shared.core();
        let live = core.machine.live_step(self.step)?;
        let run: RunId = live.children.iter().rev().find(|child| child.item == item && child.ended)?.run;
        let data = core.data.child(run)?;
        let result = data.error.clone().map_or_else(|| Ok(data.items.clone()), Err);
        Some(ChildEnd { run, result })
    }

    fn state(&self) -> Option<Value> {
        self.shared.core().machine.kept(self.node).cloned()
    }

    fn set_state(&self, state: Value) {
        self.staged().state = Some(state);
    }

    fn hold(&self, list: &str, input: u16) {
        self.staged().held.push(HeldChange::Add(list.to_owned(), input));
    }

    fn held(&self, list: &str) -> Items {
        let mut added: Vec<Feed> = Vec::new();
        for change in &self.staged().held {
            if let HeldChange::Add(known, port) = change
                && known == list
            {
                added.extend(self.inputs.get(*port as usize).into_iter().flatten().copied());
            }
        }
        self.shared.core().data.held(self.node, list, &added)
    }

    fn release(&self, list: &str) {
        self.staged().held.push(HeldChange::Drop(list.to_owned()));
    }

    fn respond(&self, answer: Answer) -> bool {
        let mut core = self.shared.core();
        if core.machine.answered() {
            return false;
        }
        let reply_to = core.reply_to.clone();
        core.emit(Event::Answered { answer: answer.clone() });
        match reply_to {
            Some(to) => {
                core.after(After::Answer(to, answer));
                true
            }
            None => self.shared.has_visitor(&core),
        }
    }

    fn awaits_answer(&self) -> bool {
        let core = self.shared.core();
        (core.reply_to.is_some() || self.shared.has_visitor(&core)) && !core.machine.answered()
    }

    fn comes_after(&self, node_types: &[&str]) -> bool {
        let definition = &self.shared.definition;
        let before = definition.graph.ancestors(self.node).into_iter().enumerate();
        let of_type = |index: usize| node_types.contains(&definition.node(index as NodeIndex).node_type.as_str());
        before.into_iter().any(|(index, before)| before && of_type(index))
    }

    fn begin_stream<'a>(
        &'a self,
        status: u16,
        headers: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<bool, NodeError>> {
        Box::pin(async move {
            {
                let mut core = self.shared.core();
                let Some(to) = core.reply_to.clone().filter(|_| !core.machine.answered()) else { return Ok(false) };
                core.emit(Event::AnswerBegun { status, headers: headers.clone() });
                core.after(After::Begin(to, status, headers));
            }
            self.staged().stream = Some((store::Hasher::default(), 0));
            self.shared.flush().await.map_err(commit_error)?;
            Ok(true)
        })
    }

    fn stream_chunk<'a>(&'a self, bytes: Bytes) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            let to = self.shared.core().reply_to.clone();
            {
                let mut staged = self.staged();
                let Some((hasher, size)) = &mut staged.stream else {
                    return Err(NodeError::bug("a part of an answer was sent before the answer was begun"));
                };
                hasher.update(&bytes);
                *size += bytes.len() as u64;
            }
            if let (Some(to), Some(replies)) = (to, &self.shared.engine.replies) {
                // A receiver that has gone does not stop the run: what follows may matter to others.
                replies.chunk(&to, bytes).await;
            }
            Ok(())
        })
    }

    fn end_stream<'a>(&'a self) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            let Some((hasher, size)) = self.staged().stream.take() else { return Ok(()) };
            {
                let mut core = self.shared.core();
                core.emit(Event::AnswerEnded { digest: Some(hasher.finish()), size });
                if let Some(to) = core.reply_to.clone() {
                    core.after(After::End(to, true));
                }
            }
            self.shared.flush().await.map_err(commit_error)
        })
    }

    fn write_blob<'a>(&'a self, mut bytes: ByteStream) -> BoxFuture<'a, Result<(Digest, u64), NodeError>> {
        Box::pin(async move {
            let engine = &self.shared.engine;
            let mut writer = engine.store.blob_writer(self.shared.head.scope).await.map_err(store_error)?;
            while let Some(part) = bytes.next().await {
                writer.write(part?).await.map_err(store_error)?;
            }
            let info = writer.finish(engine.clock.now()).await.map_err(store_error)?;
            Ok((info.digest, info.size))
        })
    }

    fn read_blob<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<ByteStream, NodeError>> {
        Box::pin(async move {
            let store = &self.shared.engine.store;
            let reader = store.blob_reader(self.shared.head.scope, *digest, 0, None).await.map_err(store_error)?;
            let parts = futures_util::stream::try_unfold(reader, |mut reader| async move {
                let part = reader.next().await.map_err(store_error)?;
                Ok(part.map(|part| (part, reader)))
            });
            Ok(Box::pin(parts) as ByteStream)
        })
    }

    fn log(&self, level: Level, mut text: String) {
        let mut staged = self.staged();
        if staged.logs.len() >= MAX_LOG_LINES {
            staged.dropped_lines += 1;
            let text = format!("… and {} further lines", staged.dropped_lines);
            staged.logs.truncate(MAX_LOG_LINES - 1);
            staged.logs.push(LogLine { level: Level::Warn, text });
            return;
        }
        if text.len() > MAX_LOG_TEXT {
            let end = (0..=MAX_LOG_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
            text.truncate(end);
            text.push('…');
        }
        let line = LogLine { level, text };
        self.shared.tell("log", || serde_json::json!({ "step": self.step, "level": line.level, "text": line.text }));
        staged.logs.push(line);
    }

    fn progress(&self, done: u64, total: Option<u64>) {
        self.shared.tell("progress", || serde_json::json!({ "step": self.step, "done": done, "total": total }));
    }

    fn cancelled(&self) -> &CancellationToken {
        self.cancel()
    }

    fn powers(&self) -> Arc<part::powers::Powers> {
        if self.shared.replaying { Arc::default() } else { self.shared.engine.powers.clone() }
    }

    fn folder(&self) -> Option<Arc<part::folder::Folder>> {
        self.shared.engine.folder.clone().filter(|_| !self.shared.replaying)
    }

    fn tables(&self) -> Option<part::Tables> {
        let live = !self.shared.replaying;
        live.then(|| part::Tables::new(self.shared.engine.store.clone()))
    }

    fn events(&self) -> Option<part::Events> {
        let live = !self.shared.replaying;
        live.then(|| part::Events::new(self.shared.engine.store.clone()))
    }

    fn ask_house<'a>(&'a self, act: part::house::Act) -> BoxFuture<'a, Result<Value, NodeError>> {
        Box::pin(super::own::ask(self, act))
    }

    fn read_own<'a>(&'a self, key: String, read: OwnRead<'a>) -> OwnRead<'a> {
        Box::pin(super::own::read(self, key, read))
    }

    fn outbound(&self) -> Option<&outbound::Outbound> {
        self.shared.engine.outbound.as_ref().filter(|_| !self.shared.replaying)
    }

    fn settings<'a>(&'a self, scope: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Map, NodeError>> {
        Box::pin(async move {
            match &self.shared.engine.outbound {
                Some(outbound) => Ok(outbound.settings(scope, connection).await?),
                None => Ok(Map::new()),
            }
        })
    }

    fn resume_url(&self) -> Option<String> {
        self.shared.engine.resume_url(&self.shared.scope, self.shared.head.id, self.step)
    }

    fn memory_left(&self) -> u64 {
        let used = self.shared.core().data.bytes();
        self.shared.memory_limit().saturating_sub(used)
    }
}

/// A request that a script makes through `this.helpers.httpRequest`.
pub(super) async fn script_http(step: &StepRun, number: u32, options: Value) -> Result<Value, NodeError> {
    let outbound = step.outbound().cloned();
    let request = ScriptRequest::read(&options)?;
    let spec = CallSpec { name: format!("script-{number}"), item: None, request: options };
    let (scope, flow) = (step.shared.head.scope, step.shared.workflow.clone());
    let cancel = step.cancel().clone();
    // A replay has no way out, and needs none: its outcome is in the journal.
    let perform: Perform<'_> = Box::new(move |ticket| {
        Box::pin(async move {
            let outbound = outbound.ok_or_else(|| {
                NodeError::new(Code::EgressRefused, Category::Refused, "this process may not call out")
            })?;
            request.send(outbound, (scope, flow), ticket, cancel).await
        })
    });
    step.make_call(spec, perform).await
}

/// The options of n8n's `httpRequest` helper that are understood.
struct ScriptRequest {
    method: http::Method,
    url: url::Url,
    headers: http::HeaderMap,
    body: Bytes,
    json: bool,
    full: bool,
    ignore_status: bool,
    timeout: std::time::Duration,
}

impl ScriptRequest {
    fn read(options: &Value) -> Result<Self, NodeError> {
        let bad = |detail: String| NodeError::bad_data(detail);
        let text = |name: &str| options.get(name).and_then(Value::as_str);
        let address = text("url").or(text("uri")).or(options.as_str()).unwrap_or_default();
        let mut url = url::Url::parse(address).map_err(|error| bad(format!("`{address}` is no address: {error}")))?;
        if let Some(query) = options.get("qs").and_then(Value::as_object) {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in query {
                pairs.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
        }
        let method = text("method").unwrap_or("GET").to_ascii_uppercase();
        let method = method.parse().map_err(|_| bad(format!("`{method}` is no HTTP method")))?;
        let mut headers = http::HeaderMap::new();
        for (name, value) in options.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let header = http::HeaderName::try_from(name.as_str()).ok().zip(http::HeaderValue::try_from(value).ok());
            let (name, value) = header.ok_or_else(|| bad(format!("`{name}` is no valid header")))?;
            headers.insert(name, value);
        }
        let body = match options.get("body") {
            None | Some(Value::Null) => Bytes::new(),
            Some(Value::String(text)) => text.clone().into(),
            Some(value) => {
                headers.entry(http::header::CONTENT_TYPE).or_insert(http::HeaderValue::from_static("application/json"));
                value.to_string().into()
            }
        };
        let flag = |name: &str| options.get(name).and_then(Value::as_bool).unwrap_or(false);
        let millis = options.get("timeout").and_then(Value::as_u64).unwrap_or(300_000);
        Ok(ScriptRequest {
            method,
            url,
            headers,
            body,
            json: flag("json") || text("encoding").is_none(),
            full: flag("returnFullResponse") || flag("resolveWithFullResponse"),
            ignore_status: flag("ignoreHttpStatusErrors"),
            timeout: std::time::Duration::from_millis(millis),
        })
    }

    async fn send(
        self,
        outbound: outbound::Outbound,
        (scope, flow): (model::ScopeId, Arc<str>),
        ticket: Ticket,
        cancel: CancellationToken,
    ) -> Result<Value, part::CallFailure> {
        let fail = |error: outbound::Error| {
            let uncertain = !error.before_send();
            part::CallFailure {
                error: NodeError::from(model::Problem::new(error.code(), error.to_string())),
                uncertain,
            }
        };
        let mut meta = outbound::Meta::new(scope);
        meta.deadline = self.timeout;
        meta.cancel = cancel;
        meta.flow = Some(flow);
        meta.ticket = Some(ticket.idempotency_key.as_str().into());
        if self.method != http::Method::GET {
            meta.idempotency_key = Some(ticket.idempotency_key);
        }
        let body = if self.body.is_empty() { outbound::Body::Empty } else { outbound::Body::Bytes(self.body) };
        let request = outbound::Request { method: self.method, url: self.url, headers: self.headers, body };
        let response = outbound.send(request, meta).await.map_err(fail)?;
        let status = response.status.as_u16();
        let headers: BTreeMap<String, String> = response
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let bytes = response.bytes(16 << 20).await.map_err(fail)?;
        let text = String::from_utf8_lossy(&bytes);
        let body = match serde_json::from_str::<Value>(&text) {
            Ok(value) if self.json => value,
            _ => Value::String(text.into_owned()),
        };
        if status >= 400 && !self.ignore_status {
            let detail = format!("the service answered with status {status}");
            let category = if matches!(status, 401 | 403) { Category::Auth } else { Category::Unavailable };
            let error = NodeError::new(Code::UpstreamStatus, category, detail).with_context(body);
            return Err(error.into());
        }
        Ok(if self.full { serde_json::json!({ "statusCode": status, "headers": headers, "body": body }) } else { body })
    }
}

//! The engine's side of a step, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use model::template::{ParamError, Params};
use model::{Digest, Item, Map, Name, NodeSpec, Value};
use outbound::Outbound;
use part::ctx::Perform;
use part::{
    Answer, Attached, ByteStream, CallSpec, ChildEnd, ChildStart, CodeJob, CodeResult, Items, Level, NodeError, Spool,
    StepHost, StepInfo, StoredChunk, Ticket,
};
use tokio_util::sync::CancellationToken;

use super::script::{self, View};

/// A call that was really made, with the ticket that it carried.
#[derive(Clone, Debug)]
pub struct Made {
    /// The call.
    pub spec: CallSpec,
    /// Its ticket.
    pub ticket: Ticket,
}

/// An in-memory [`StepHost`]: a journal of calls, staged writes, state, lists, files, answers and log lines.
pub struct Memory {
    params: Map,
    outbound: Option<Outbound>,
    folder: Option<Arc<part::folder::Folder>>,
    powers: Arc<part::powers::Powers>,
    tables: Option<part::Tables>,
    events: Option<part::Events>,
    house: Option<Arc<dyn part::house::House>>,
    cancel: CancellationToken,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    info: Option<StepInfo>,
    inputs: Vec<Items>,
    nodes: BTreeMap<String, Items>,
    attached: BTreeMap<String, Vec<(Attached, Items)>>,
    calls: BTreeMap<(u32, Option<u32>, String), Call>,
    made: Vec<Made>,
    staged: Vec<store::LocalWrite>,
    posted: Vec<store::MessageRow>,
    local: BTreeMap<(String, String), Bytes>,
    state: Option<Value>,
    next_state: Option<Value>,
    lists: BTreeMap<String, Items>,
    held: Vec<(String, Items)>,
    released: Vec<String>,
    blobs: BTreeMap<Digest, Bytes>,
    children: Vec<ChildStart>,
    child_ends: BTreeMap<Option<u32>, ChildEnd>,
    awaits_answer: bool,
    /// No other node stands before it.
    stands_alone: bool,
    answers: Vec<Answer>,
    stream: Option<Vec<Bytes>>,
    logs: Vec<(Level, String)>,
    /// Keys of the step's connection, by field.
    keys: BTreeMap<String, String>,
}

#[derive(Default)]
struct Call {
    epoch: u32,
    begun: bool,
    outcome: Option<Value>,
}

impl Memory {
    pub(super) fn keep_key(&self, field: &str, key: &str) {
        self.inner().keys.insert(field.to_owned(), key.to_owned());
    }

    pub(super) fn new(spec: &NodeSpec) -> Memory {
        Memory {
            params: spec.params.clone(),
            outbound: None,
            folder: None,
            powers: Arc::default(),
            tables: None,
            events: None,
            house: None,
            cancel: CancellationToken::new(),
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no test thread panicked inside the host")
    }

    pub(super) fn begin(&self, info: &StepInfo, inputs: &[Items]) {
        let mut inner = self.inner();
        inner.info = Some(info.clone());
        inner.inputs = inputs.to_vec();
        inner.staged.clear();
        inner.held.clear();
        inner.released.clear();
        inner.next_state = None;
    }

    pub(super) fn commit(&self) {
        let mut inner = self.inner();
        let staged = std::mem::take(&mut inner.staged);
        for write in staged {
            match write {
                store::LocalWrite::Put { space, key, value, .. } => drop(inner.local.insert((space, key), value)),
                store::LocalWrite::Delete { space, key } => drop(inner.local.remove(&(space, key))),
                store::LocalWrite::Post(message) => inner.posted.push(message),
            }
        }
        inner.lists = inner.lists_now();
        inner.held.clear();
        // As in the engine: after the outputs of the step were taken.
        for list in std::mem::take(&mut inner.released) {
            inner.lists.remove(&list);
        }
        if let Some(state) = inner.next_state.take() {
            inner.state = Some(state);
        }
    }

    pub(super) fn add_node(&self, name: &str, output: Items) {
        self.inner().nodes.insert(name.into(), output);
    }

    /// Attaches a node that answers every invocation with these items.
    pub fn attach(&self, kind: &str, node: Attached, answer: Items) {
        self.inner().attached.entry(kind.into()).or_default().push((node, answer));
    }

    /// Says that somebody waits for an answer.
    pub fn await_answer(&self) {
        self.inner().awaits_answer = true;
    }

    /// Says that no other node stands before it.
    pub fn stand_alone(&self) {
        self.inner().stands_alone = true;
    }

    /// Says how the child of an item ended.
    pub fn end_child(&self, item: Option<u32>, end: ChildEnd) {
        self.inner().child_ends.insert(item, end);
    }

    /// Puts a value into our own store.
    pub fn put_local(&self, space: &str, key: &str, value: impl Into<Bytes>) {
        self.inner().local.insert((space.into(), key.into()), value.into());
    }

    /// A value of our own store, as committed.
    pub fn local(&self, space: &str, key: &str) -> Option<Bytes> {
        self.inner().local.get(&(space.to_owned(), key.to_owned())).cloned()
    }

    /// Takes the outcomes of all calls out of the journal, as a crash before their commit does.
    pub fn lose_outcomes(&self) {
        self.inner().calls.values_mut().for_each(|call| call.outcome = None);
    }

    /// The calls that were really made, in order.
    pub fn made(&self) -> Vec<Made> {
        self.inner().made.clone()
    }

    /// Answers that were given.
    pub fn answers(&self) -> Vec<Answer> {
        self.inner().answers.clone()
    }

    /// Parts of the streamed answer, if one was begun.
    pub fn streamed(&self) -> Option<Vec<Bytes>> {
        self.inner().stream.clone()
    }

    /// Children that were started.
    pub fn children(&self) -> Vec<ChildStart> {
        self.inner().children.clone()
    }

    /// Log lines.
    pub fn logs(&self) -> Vec<(Level, String)> {
        self.inner().logs.clone()
    }

    /// State that the node kept.
    pub fn kept_state(&self) -> Option<Value> {
        self.inner().state.clone()
    }

    /// The held lists, with what the step under way adds to them.
    pub(super) fn lists(&self) -> BTreeMap<String, Items> {
        self.inner().lists_now()
    }

    /// A held list.
    pub fn list(&self, name: &str) -> Items {
        self.inner().lists_now().remove(name).unwrap_or_default()
    }

    /// Gives the step a way out.
    pub fn set_outbound(self: &mut Arc<Self>, outbound: Outbound) {
        let host = Arc::get_mut(self).expect("the way out is set before the first run");
        host.outbound = Some(outbound);
    }

    /// Gives the step a folder for files.
    pub fn set_folder(self: &mut Arc<Self>, folder: part::folder::Folder) {
        let host = Arc::get_mut(self).expect("the folder is set before the first run");
        host.folder = Some(Arc::new(folder));
    }

    /// Lets the step do something to machines.
    pub fn set_powers(self: &mut Arc<Self>, powers: part::powers::Powers) {
        let host = Arc::get_mut(self).expect("powers are given before the first run");
        host.powers = Arc::new(powers);
    }

    /// Messages that steps have posted.
    pub fn posted(&self) -> Vec<store::MessageRow> {
        self.inner().posted.clone()
    }

    /// Gives the step types of events.
    pub fn set_events(self: &mut Arc<Self>, events: part::Events) {
        let host = Arc::get_mut(self).expect("the events are set before the first run");
        host.events = Some(events);
    }

    /// Gives the step data tables.
    pub fn set_tables(self: &mut Arc<Self>, tables: part::Tables) {
        let host = Arc::get_mut(self).expect("the tables are set before the first run");
        host.tables = Some(tables);
    }

    /// Gives the step a house to ask.
    pub fn set_house(self: &mut Arc<Self>, house: Arc<dyn part::house::House>) {
        let host = Arc::get_mut(self).expect("the house is set before the first run");
        host.house = Some(house);
    }

    /// All items of a handle.
    pub(super) fn load_all(&self, items: &Items) -> Vec<Arc<Item>> {
        let load = items.collect(self).now_or_never().expect("chunks are in memory");
        load.expect("chunks can be read").to_vec()
    }

    fn view(&self) -> View {
        let inner = self.inner();
        let collect = |items: &Items| items.collect(self).now_or_never().and_then(Result::ok).unwrap_or_default();
        let info = inner.info.clone().expect("a step is under way");
        let handles: Vec<(String, Items)> =
            inner.nodes.iter().map(|(name, items)| (name.clone(), items.clone())).collect();
        let first = inner.inputs.first().cloned().unwrap_or_default();
        drop(inner);
        View {
            params: self.params.clone(),
            input: collect(&first),
            nodes: handles.iter().map(|(name, items)| (name.clone(), collect(items))).collect(),
            info,
        }
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Inner {
    /// The lists with what this step adds to them.
    fn lists_now(&self) -> BTreeMap<String, Items> {
        let mut lists = self.lists.clone();
        for (list, items) in &self.held {
            let whole = lists.entry(list.clone()).or_default();
            *whole = Items::concat([&*whole, items]);
        }
        lists
    }
}

impl Spool for Memory {
    fn load<'a>(&'a self, chunk: &'a StoredChunk) -> BoxFuture<'a, Result<Arc<[Arc<Item>]>, NodeError>> {
        let read = || {
            let bytes = self.inner().blobs.get(&chunk.digest).cloned()?;
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            lines.map(|line| serde_json::from_slice(line).map(Arc::new).ok()).collect::<Option<Arc<[Arc<Item>]>>>()
        };
        let items = read().ok_or_else(|| NodeError::bug("a spooled chunk cannot be read back"));
        Box::pin(std::future::ready(items))
    }

    fn store<'a>(&'a self, items: &'a [Arc<Item>]) -> BoxFuture<'a, Result<StoredChunk, NodeError>> {
        let mut lines = Vec::new();
        for item in items {
            serde_json::to_writer(&mut lines, &**item).expect("items are JSON");
            lines.push(b'\n');
        }
        let bytes = lines.len() as u64;
        let digest = self.inner().keep(lines.into());
        Box::pin(std::future::ready(Ok(StoredChunk { digest, count: items.len() as u32, bytes })))
    }
}

impl Inner {
    fn keep(&mut self, bytes: Bytes) -> Digest {
        let digest = store::digest(&bytes);
        self.blobs.insert(digest, bytes);
        digest
    }
}

impl StepHost for Memory {
    fn call<'a>(&'a self, spec: CallSpec, perform: Perform<'a>) -> BoxFuture<'a, Result<Value, NodeError>> {
        Box::pin(async move {
            let ticket = {
                let mut inner = self.inner();
                let step = inner.info.as_ref().map_or(0, |info| info.step);
                let key = (step, spec.item, spec.name.clone());
                let call = inner.calls.entry(key).or_default();
                if let Some(outcome) = &call.outcome {
                    return Ok(outcome.clone());
                }
                let key = format!("{step}/{}/{}/{}", spec.item.map_or(-1, i64::from), spec.name, call.epoch);
                let ticket = Ticket { idempotency_key: key, epoch: call.epoch, repeated: call.begun };
                call.begun = true;
                inner.made.push(Made { spec: spec.clone(), ticket: ticket.clone() });
                ticket
            };
            let outcome = perform(ticket).await;
            let mut inner = self.inner();
            let step = inner.info.as_ref().map_or(0, |info| info.step);
            let call = inner.calls.entry((step, spec.item, spec.name)).or_default();
            match outcome {
                Ok(value) => {
                    call.outcome = Some(value.clone());
                    Ok(value)
                }
                Err(failure) => {
                    if !failure.uncertain {
                        call.epoch += 1;
                        call.begun = false;
                    }
                    Err(failure.error)
                }
            }
        })
    }

    fn invoke<'a>(&'a self, node: &'a str, _input: Items) -> BoxFuture<'a, Result<Items, NodeError>> {
        let inner = self.inner();
        let found = inner.attached.values().flatten().find(|(attached, _)| &*attached.name == node);
        let answer = found.map(|(_, answer)| answer.clone());
        Box::pin(std::future::ready(answer.ok_or_else(|| NodeError::bug(format!("no node `{node}` is attached")))))
    }

    fn attached(&self, kind: &str) -> Vec<Attached> {
        let inner = self.inner();
        inner.attached.get(kind).into_iter().flatten().map(|(attached, _)| attached.clone()).collect()
    }

    fn resolve<'a>(
        &'a self,
        params: &'a Params,
        items: &'a [Arc<Item>],
        first: usize,
    ) -> BoxFuture<'a, Result<Vec<Result<Map, NodeError>>, NodeError>> {
        Box::pin(async move {
            let view = self.view();
            let mut rows = Vec::with_capacity(items.len());
            for (offset, item) in items.iter().enumerate() {
                rows.push(script::resolve(&view, params, item, first + offset, &Map::new()).await?);
            }
            Ok(rows)
        })
    }

    fn resolve_with<'a>(
        &'a self,
        params: &'a Params,
        item: &'a Arc<Item>,
        position: usize,
        globals: &'a Map,
    ) -> BoxFuture<'a, Result<Map, NodeError>> {
        Box::pin(async move { script::resolve(&self.view(), params, item, position, globals).await? })
    }

    fn sign_token<'a>(
        &'a self,
        connection: &'a Name,
        request: &'a auth::TokenRequest,
    ) -> BoxFuture<'a, Result<String, NodeError>> {
        // Readable, so that a test can see what was signed; no signature.
        let mut signed = serde_json::json!({ "connection": connection });
        if let (Value::Object(signed), Ok(Value::Object(request))) = (&mut signed, serde_json::to_value(request)) {
            signed.extend(request);
        }
        let token = signed.to_string();
        Box::pin(std::future::ready(Ok(token)))
    }

    fn key<'a>(&'a self, _: &'a Name, field: &'a str) -> BoxFuture<'a, Result<auth::Key, NodeError>> {
        let key = self.inner().keys.get(field).map(|key| auth::Key::of_test(key.as_bytes()));
        let none = || NodeError::bad_data(format!("the connection has no value for its secret `{field}`"));
        Box::pin(std::future::ready(key.ok_or_else(none)))
    }

    fn check_token<'a>(
        &'a self,
        connection: &'a Name,
        token: &'a str,
        _: &'a auth::TokenChecks,
    ) -> BoxFuture<'a, Result<Value, NodeError>> {
        // Those that were signed above are good.
        let signed = serde_json::from_str::<Value>(token).ok();
        let good = signed.filter(|signed| signed["connection"] == connection.as_str());
        let claims = good.map(|signed| signed["claims"].clone());
        let claims = claims.ok_or_else(|| NodeError::bad_data("the token's signature is not right"));
        Box::pin(std::future::ready(claims))
    }

    fn code<'a>(&'a self, job: CodeJob<'a>) -> BoxFuture<'a, Result<CodeResult, NodeError>> {
        Box::pin(async move {
            let view = self.view();
            let (result, logs) = script::code(&view, &job).await?;
            self.inner().logs.extend(logs);
            Ok(result)
        })
    }

    fn local_get<'a>(&'a self, space: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, NodeError>> {
        let inner = self.inner();
        let staged = inner.staged.iter().rev().find_map(|write| match write {
            store::LocalWrite::Put { space: s, key: k, value, .. } if s == space && k == key => {
                Some(Some(value.clone()))
            }
            store::LocalWrite::Delete { space: s, key: k } if s == space && k == key => Some(None),
            _ => None,
        });
        let value = staged.unwrap_or_else(|| inner.local.get(&(space.to_owned(), key.to_owned())).cloned());
        Box::pin(std::future::ready(Ok(value)))
    }

    fn stage(&self, write: store::LocalWrite) {
        self.inner().staged.push(write);
    }

    fn start_child(&self, child: ChildStart) -> Result<(), NodeError> {
        let mut inner = self.inner();
        if !inner.children.iter().any(|known| known.item == child.item) {
            inner.children.push(child);
        }
        Ok(())
    }

    fn child(&self, item: Option<u32>) -> Option<ChildEnd> {
        self.inner().child_ends.get(&item).cloned()
    }

    fn state(&self) -> Option<Value> {
        self.inner().state.clone()
    }

    fn set_state(&self, state: Value) {
        self.inner().next_state = Some(state);
    }

    fn hold(&self, list: &str, input: u16) {
        let mut inner = self.inner();
        let items = inner.inputs.get(input as usize).cloned().unwrap_or_default();
        inner.held.push((list.into(), items));
    }

    fn held(&self, list: &str) -> Items {
        self.list(list)
    }

    fn release(&self, list: &str) {
        self.inner().released.push(list.into());
    }

    fn respond(&self, answer: Answer) -> bool {
        let mut inner = self.inner();
        let waited = std::mem::take(&mut inner.awaits_answer);
        if waited {
            inner.answers.push(answer);
        }
        waited
    }

    fn awaits_answer(&self) -> bool {
        self.inner().awaits_answer
    }

    fn comes_after(&self, _: &[&str]) -> bool {
        !self.inner().stands_alone
    }

    fn begin_stream<'a>(
        &'a self,
        status: u16,
        headers: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<bool, NodeError>> {
        let body = part::AnswerBody::Streamed { digest: None, size: 0, cut: false };
        let waited = self.respond(Answer { status, headers, body });
        if waited {
            self.inner().stream = Some(Vec::new());
        }
        Box::pin(std::future::ready(Ok(waited)))
    }

    fn stream_chunk<'a>(&'a self, bytes: Bytes) -> BoxFuture<'a, Result<(), NodeError>> {
        let mut inner = self.inner();
        let sent = inner.stream.as_mut().map(|chunks| chunks.push(bytes));
        Box::pin(std::future::ready(sent.ok_or_else(|| NodeError::bug("no streamed answer was begun"))))
    }

    fn end_stream<'a>(&'a self) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn write_blob<'a>(&'a self, mut bytes: ByteStream) -> BoxFuture<'a, Result<(Digest, u64), NodeError>> {
        Box::pin(async move {
            let mut whole = Vec::new();
            while let Some(part) = bytes.next().await {
                whole.extend_from_slice(&part?);
            }
            let size = whole.len() as u64;
            Ok((self.inner().keep(whole.into()), size))
        })
    }

    fn read_blob<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<ByteStream, NodeError>> {
        let bytes = self.inner().blobs.get(digest).cloned();
        let stream = |bytes| -> ByteStream { Box::pin(futures_util::stream::once(std::future::ready(Ok(bytes)))) };
        Box::pin(std::future::ready(bytes.map(stream).ok_or_else(|| NodeError::bad_data("there is no such file"))))
    }

    fn log(&self, level: Level, text: String) {
        self.inner().logs.push((level, text));
    }

    fn progress(&self, _done: u64, _total: Option<u64>) {}

    fn cancelled(&self) -> &CancellationToken {
        &self.cancel
    }

    fn powers(&self) -> Arc<part::powers::Powers> {
        self.powers.clone()
    }

    fn folder(&self) -> Option<Arc<part::folder::Folder>> {
        self.folder.clone()
    }

    fn tables(&self) -> Option<part::Tables> {
        self.tables.clone()
    }

    fn events(&self) -> Option<part::Events> {
        self.events.clone()
    }

    fn ask_house<'a>(&'a self, act: part::house::Act) -> BoxFuture<'a, Result<Value, NodeError>> {
        Box::pin(async move {
            let house = self.house.clone().ok_or_else(|| NodeError::bug("the bench has no house"))?;
            house.ask(&model::Scope::default(), "user:bench", act).await.map_err(NodeError::from)
        })
    }

    fn outbound(&self) -> Option<&Outbound> {
        self.outbound.as_ref()
    }

    fn resume_url(&self) -> Option<String> {
        Some("https://fishplate.example/resume/bench".into())
    }

    fn memory_left(&self) -> u64 {
        64 << 20
    }
}

/// An evaluation error as the engine words it.
pub(super) fn failed(error: &ParamError) -> NodeError {
    let mut failure = NodeError::new(model::Code::ExpressionFailed, part::Category::Code, error.to_string());
    failure.problem.pointer = Some(format!("/params{}", error.pointer()));
    failure
}

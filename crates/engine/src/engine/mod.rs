//! Starts, wakes and ends runs; keeps those that are being worked on; knows who else may work on them.

mod admit;
mod admit_many;
mod authority;
mod children;
mod dispatch;
mod evaluate;
mod exchanges;
mod load;
mod queue;
mod repair;
mod runs;
mod service;
mod view;
mod waits;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Digest, Problem, RunId, Scope, ScopeId};
use outbound::Outbound;
use part::{Catalogue, Replies};
use sandbox::Sandbox;
use store::{CommitError, Fence, SignalRow, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::definition::Definition;
use crate::event::Event;
use crate::ports::{Authority, Clock, NoVariables, SystemClock, Tokens, Trusting, Variables, WorkflowText, Workflows};
use crate::run::{After, Core, Shared, drive};

pub use load::LoadError;
pub use service::Running;
pub use view::summary;

/// Limits and names of an engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of this process among those that share the store; new with every start.
    pub node: String,
    /// Bytes that a run may hold in memory unless its workflow says otherwise.
    pub memory_limit: u64,
    /// Runs worked on at the same time; further ones are queued.
    pub max_live: usize,
    /// How long a lease of partitions holds without renewal.
    pub lease: Duration,
    /// How often retention looks for what may go; zero: never.
    pub retention_every: Duration,
    /// Age at which completed runs go when the workflow does not say.
    pub keep_completed: Duration,
    /// Age at which failed runs go when the workflow does not say.
    pub keep_failed: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            node: format!("node-{}", std::process::id()),
            memory_limit: 512 << 20,
            max_live: 4_096,
            lease: Duration::from_secs(15),
            retention_every: Duration::from_secs(60),
            keep_completed: Duration::from_secs(14 * 24 * 3600),
            keep_failed: Duration::from_secs(60 * 24 * 3600),
        }
    }
}

/// What an engine stands on.
pub struct Ports {
    /// The store.
    pub store: Store,
    /// The node types.
    pub catalogue: Catalogue,
    /// The workflow texts.
    pub workflows: Arc<dyn Workflows>,
    /// The variables.
    pub variables: Arc<dyn Variables>,
    /// The way out; absent: nodes may not call.
    pub outbound: Option<Outbound>,
    /// The folder that nodes may use; absent: none.
    pub folder: Option<Arc<part::folder::Folder>>,
    /// What nodes may do to machines; nothing unless it is said.
    pub powers: Arc<part::powers::Powers>,
    /// What runs may ask about everything else; absent: nothing.
    pub house: Option<Arc<dyn part::house::House>>,
    /// User JavaScript; absent: only native expressions.
    pub sandbox: Option<Sandbox>,
    /// Who carries answers.
    pub replies: Option<Arc<dyn Replies>>,
    /// Who signs.
    pub tokens: Option<Arc<dyn Tokens>>,
    /// Who knows whether those that runs act for may still let them.
    pub authority: Arc<dyn Authority>,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
}

impl Ports {
    /// Only a store, node types and texts; the rest is absent or the system's.
    pub fn new(store: Store, catalogue: Catalogue, workflows: Arc<dyn Workflows>) -> Self {
        Ports {
            store,
            catalogue,
            workflows,
            variables: Arc::new(NoVariables),
            outbound: None,
            folder: None,
            powers: Arc::default(),
            house: None,
            sandbox: None,
            replies: None,
            tokens: None,
            authority: Arc::new(Trusting),
            clock: Arc::new(SystemClock::default()),
        }
    }
}

/// Durable workflows. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What keeps an order: scope, lane and key.
type OrderKey = (ScopeId, String, String);

/// What runs share with the engine.
pub struct Inner {
    /// Limits.
    pub options: Options,
    /// The store.
    pub store: Store,
    /// The node types.
    pub catalogue: Catalogue,
    /// The workflow texts.
    pub workflows: Arc<dyn Workflows>,
    /// The variables.
    pub variables: Arc<dyn Variables>,
    /// The way out.
    pub outbound: Option<Outbound>,
    /// The folder that nodes may use.
    pub folder: Option<Arc<part::folder::Folder>>,
    /// What nodes may do to machines.
    pub powers: Arc<part::powers::Powers>,
    /// What runs may ask about everything else.
    pub house: Option<Arc<dyn part::house::House>>,
    /// User JavaScript.
    pub sandbox: Option<Sandbox>,
    /// Who carries answers.
    pub replies: Option<Arc<dyn Replies>>,
    /// Who signs.
    pub tokens: Option<Arc<dyn Tokens>>,
    /// Who knows whether those that runs act for may still let them.
    pub authority: Arc<dyn Authority>,
    /// Time and chance.
    pub clock: Arc<dyn Clock>,
    /// Cancelled when the engine stops.
    pub stop: CancellationToken,
    tasks: TaskTracker,
    live: Mutex<HashMap<RunId, Live>>,
    fences: Mutex<HashMap<u16, Fence>>,
    definitions: Mutex<Definitions>,
    scopes: Mutex<HashMap<Scope, ScopeId>>,
    queue: queue::Queue,
    last_run: Mutex<RunId>,
    /// Held while an event that keeps its order is taken in: by scope, lane and key.
    orders: Mutex<HashMap<OrderKey, Arc<tokio::sync::Mutex<()>>>>,
    /// Grants or activations have changed: held runs may go on.
    reconsider: tokio::sync::Notify,
    myself: std::sync::OnceLock<std::sync::Weak<Inner>>,
}

/// A run that is being worked on, or loaded to be.
struct Live {
    shared: Option<Arc<Shared>>,
    /// Something came for it since it last looked.
    again: Arc<AtomicBool>,
}

#[derive(Default)]
struct Definitions {
    by_digest: HashMap<Digest, Arc<Definition>>,
    by_name: HashMap<(String, Option<u64>, u64, usize), Arc<Definition>>,
}

/// First and longest pause before the store is asked again.
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(2);

/// Longest time between two looks at what is due or queued, in case a hint was lost.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Definitions kept compiled.
const MAX_DEFINITIONS: usize = 512;

impl Engine {
    /// An engine that owns no partition yet; see [`Engine::start`].
    pub fn new(options: Options, ports: Ports) -> Engine {
        let inner = Arc::new(Inner {
            queue: queue::Queue::default(),
            options,
            store: ports.store,
            catalogue: ports.catalogue,
            workflows: ports.workflows,
            variables: ports.variables,
            outbound: ports.outbound,
            folder: ports.folder,
            powers: ports.powers,
            house: ports.house,
            sandbox: ports.sandbox,
            replies: ports.replies,
            tokens: ports.tokens,
            authority: ports.authority,
            clock: ports.clock,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            live: Mutex::default(),
            fences: Mutex::default(),
            definitions: Mutex::default(),
            scopes: Mutex::default(),
            last_run: Mutex::new(RunId(0)),
            orders: Mutex::default(),
            reconsider: tokio::sync::Notify::new(),
            myself: std::sync::OnceLock::new(),
        });
        // A run holds the engine, and the engine starts tasks for runs: this lets methods on `&Inner` do so.
        let _ = inner.myself.set(Arc::downgrade(&inner));
        Engine { inner }
    }

    /// What runs share with the engine.
    pub fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Runs that are being worked on.
    pub fn live_count(&self) -> usize {
        self.inner.live().len()
    }

    /// Stops starting steps, writes what is buffered, and waits until nothing is worked on any more.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        let fences: Vec<Fence> = lock(&self.inner.fences).drain().map(|(_, fence)| fence).collect();
        if let Err(error) = self.inner.store.release_partitions(&self.inner.options.node, &fences).await {
            tracing::warn!(%error, "the partitions could not be released; they are free when the lease ends");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn live(&self) -> MutexGuard<'_, HashMap<RunId, Live>> {
        lock(&self.live)
    }

    /// The engine as runs hold it.
    pub(crate) fn arc(&self) -> Option<Arc<Inner>> {
        self.myself.get().and_then(std::sync::Weak::upgrade)
    }

    /// A new id.
    pub fn new_run_id(&self) -> RunId {
        let random = (u128::from(self.clock.random()) << 64) | u128::from(self.clock.random());
        RunId::from_parts(self.clock.now().max(0) as u64, random)
    }

    /// The id of a new run, in a partition that this process owns.
    /// Ids rise within a millisecond, too: queued runs of a lane start in the order in which they came.
    fn own_run_id(&self) -> RunId {
        let fences = lock(&self.fences);
        let mut last = lock(&self.last_run);
        loop {
            let mut id = self.new_run_id();
            if id < *last && id.millis() == last.millis() {
                id = RunId(last.0 + 1 + u128::from(self.clock.random() >> 16));
            }
            if fences.is_empty() || fences.contains_key(&partition_of(id)) {
                *last = id;
                return id;
            }
        }
    }

    /// The address that resumes a step.
    pub fn resume_url(&self, scope: &Scope, run: RunId, step: u32) -> Option<String> {
        self.tokens.as_ref().and_then(|tokens| tokens.resume_url(scope, run, step))
    }

    /// The store's number of a scope.
    pub async fn scope_id(&self, scope: &Scope) -> Result<ScopeId, Problem> {
        if let Some(id) = lock(&self.scopes).get(scope) {
            return Ok(*id);
        }
        let id = self.store.ensure_scope(scope).await.map_err(store_problem)?;
        lock(&self.scopes).insert(scope.clone(), id);
        Ok(id)
    }

    /// The compiled definition of a text.
    pub fn definition(&self, text: &WorkflowText) -> Result<Arc<Definition>, Problem> {
        let snapshot = self.catalogue.snapshot();
        let key = (text.name.clone(), text.revision, snapshot.generation, Arc::as_ptr(&text.spec) as usize);
        if let Some(known) = lock(&self.definitions).by_name.get(&key)
            && Arc::ptr_eq(&known.spec, &text.spec)
        {
            return Ok(known.clone());
        }
        let compiled = Definition::compile(text, &snapshot).map_err(|problems| {
            Problem::from_many(problems).unwrap_or_else(|| Problem::new(model::Code::Internal, "no problem was named"))
        })?;
        let compiled = Arc::new(compiled);
        let mut definitions = lock(&self.definitions);
        if definitions.by_name.len() >= MAX_DEFINITIONS {
            definitions.by_name.clear();
        }
        definitions.by_name.insert(key, compiled.clone());
        definitions.remember(compiled.clone());
        Ok(compiled)
    }

    /// The right to write a run.
    fn fence(&self, run: RunId) -> Result<Fence, Problem> {
        let partition = partition_of(run);
        lock(&self.fences).get(&partition).copied().ok_or_else(|| {
            let detail = format!("this process holds no lease of partition {partition}");
            Problem::new(model::Code::StaleLease, detail)
        })
    }

    /// Whether what goes by that key, and may be done by one process only, is this one's to do.
    pub fn owns(&self, key: &str) -> bool {
        let digest = store::digest(key.as_bytes());
        let number = u16::from_le_bytes([digest.0[0], digest.0[1]]) % PARTITIONS;
        lock(&self.fences).contains_key(&number)
    }

    /// Partitions that this process owns.
    fn partitions(&self) -> Vec<u16> {
        lock(&self.fences).keys().copied().collect()
    }

    /// Starts to work on a run that is at hand. A stored one may have signals, and `looks` at its inbox first.
    fn work_on(self: &Arc<Self>, shared: Arc<Shared>, looks: bool) {
        let again = Arc::new(AtomicBool::new(looks));
        self.live().insert(shared.head.id, Live { shared: Some(shared.clone()), again });
        self.spawn_drive(shared);
    }

    fn spawn_drive(self: &Arc<Self>, shared: Arc<Shared>) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let left = drive(&shared).await;
            engine.left(&shared, left);
        });
    }

    fn left(self: &Arc<Self>, shared: &Arc<Shared>, left: crate::run::Left) {
        use crate::run::Left;
        let id = shared.head.id;
        // What comes after it in its lane comes after its end.
        let keeps =
            matches!(left, Left::Waiting) && shared.head.lane.is_some() && shared.core().machine.end().is_none();
        match left {
            // It took itself off the list when it left.
            Left::Waiting => {}
            Left::Ended | Left::Stopped => {
                self.live().remove(&id);
            }
            Left::Lost => {
                self.live().remove(&id);
                match shared.committed.error() {
                    Some(CommitError::Duplicate { run, fingerprint }) => {
                        self.answer_duplicate(shared, run, fingerprint);
                    }
                    Some(error) => tracing::warn!(run = %id, %error, "the run is left to its owner or to recovery"),
                    None => tracing::warn!(run = %id, "the run was left without a reason"),
                }
            }
        }
        if keeps { self.queue.has_room() } else { self.queue.finished(id) }
    }

    /// A run that waits takes itself off the list, unless something has come for it.
    pub(crate) fn leave(&self, shared: &Shared) -> bool {
        let mut live = self.live();
        let Some(entry) = live.get(&shared.head.id) else { return true };
        // Only looked at: whoever reads the inbox next finds it set and takes it back.
        if entry.again.load(Ordering::Acquire) {
            return false;
        }
        live.remove(&shared.head.id);
        true
    }

    /// Reads the run's inbox into records, when something may be there. While the store cannot be read it is asked
    /// again: the run stays here, because a flush of it may be under way, and a second one must not be loaded beside
    /// it. `false`: the engine stops.
    pub(crate) async fn read_inbox(&self, shared: &Arc<Shared>) -> bool {
        let hinted = self.live().get(&shared.head.id).is_some_and(|entry| entry.again.swap(false, Ordering::AcqRel));
        if !hinted {
            return true;
        }
        let mut wait = FIRST_RETRY;
        loop {
            match self.store.signals(shared.head.scope, shared.head.id).await {
                Ok(signals) => {
                    let mut core = shared.core();
                    signals.into_iter().for_each(|signal| receive(&mut core, signal, self.clock.now()));
                    return true;
                }
                Err(error) => {
                    tracing::warn!(run = %shared.head.id, %error, "the inbox cannot be read; trying again");
                    if !self.pause(&mut wait).await {
                        return false;
                    }
                }
            }
        }
    }

    /// Waits before the store is asked again, longer each time. `false`: the engine stops.
    async fn pause(&self, wait: &mut Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(*wait) => {
                *wait = (*wait * 2).min(LAST_RETRY);
                true
            }
        }
    }

    /// Something has come for a run: it looks at its inbox, and is loaded for that if need be.
    pub fn wake(self: &Arc<Self>, scope: ScopeId, run: RunId) {
        if self.stop.is_cancelled() || !lock(&self.fences).contains_key(&partition_of(run)) {
            return;
        }
        let mut live = self.live();
        if let Some(entry) = live.get(&run) {
            entry.again.store(true, Ordering::Release);
            if let Some(shared) = &entry.shared {
                shared.wake.notify_one();
            }
            return;
        }
        let again = Arc::new(AtomicBool::new(true));
        live.insert(run, Live { shared: None, again });
        drop(live);
        let engine = self.clone();
        self.tasks.spawn(async move {
            let mut wait = FIRST_RETRY;
            let loaded = loop {
                match engine.load(scope, run).await {
                    // Nobody else will wake it: what came for it is in its inbox, and its owner is here.
                    Err(error) if error.is_transient() => {
                        tracing::warn!(%run, %error, "the run cannot be loaded; trying again");
                        if !engine.pause(&mut wait).await {
                            break Err(error);
                        }
                    }
                    loaded => break loaded,
                }
            };
            match loaded {
                Ok(shared) => {
                    if let Some(entry) = engine.live().get_mut(&run) {
                        entry.shared = Some(shared.clone());
                    }
                    let left = match engine.out_of_turn(&shared).await {
                        Some(left) => left,
                        None => drive(&shared).await,
                    };
                    engine.left(&shared, left);
                }
                Err(error) => {
                    engine.live().remove(&run);
                    engine.queue.finished(run);
                    if error.is_fault() {
                        tracing::warn!(%run, %error, "the run cannot be loaded");
                    }
                }
            }
        });
    }

    /// A run that was loaded because something came for it. When it is queued, only the end or the pause that
    /// somebody asks for comes before its turn; other signals wait with it. `None`: it is worked on now.
    async fn out_of_turn(self: &Arc<Self>, shared: &Arc<Shared>) -> Option<crate::run::Left> {
        use crate::run::Left;
        if shared.core().queued_until.is_none() {
            self.queue.started(&shared.definition, &shared.scope, &shared.head);
            return None;
        }
        loop {
            if !self.read_inbox(shared).await {
                return Some(Left::Lost);
            }
            {
                let mut core = shared.core();
                if core.machine.cancel_requested() || core.machine.paused() {
                    core.queued_until = None;
                    return None;
                }
            }
            if shared.flush().await.is_err() {
                return Some(Left::Lost);
            }
            if self.leave(shared) {
                return Some(Left::Waiting);
            }
        }
    }

    /// Does what may only happen after a commit.
    pub(crate) fn after_commit(&self, shared: &Arc<Shared>, act: After) {
        match act {
            After::Answer(to, answer) => {
                if let Some(replies) = &self.replies {
                    replies.answer(&to, shared.head.id, answer);
                }
            }
            After::Begin(to, status, headers) => {
                if let Some(replies) = &self.replies {
                    replies.begin(&to, shared.head.id, status, headers);
                }
            }
            After::End(to, complete) => {
                if let Some(replies) = &self.replies {
                    replies.end(&to, complete);
                }
            }
            After::Launch(launch) => {
                if let Some(engine) = self.arc() {
                    engine.launch(*launch);
                }
            }
            After::Wake(scope, run) => {
                if let Some(engine) = self.arc() {
                    engine.wake(scope, run);
                }
            }
            After::Begun => self.queue.committed(shared.head.id),
            After::Queued => {
                let wake_at = shared.core().queued_until.flatten();
                self.queue.appended(&shared.definition, &shared.scope, &shared.head, wake_at);
            }
            After::Start(other) => {
                if let Some(engine) = self.arc().filter(|engine| !engine.stop.is_cancelled()) {
                    engine.try_work_on(other, false);
                }
            }
            After::Waits(other, wake_at) => {
                self.queue.appended(&other.definition, &other.scope, &other.head, wake_at);
            }
        }
    }
}

impl Definitions {
    fn remember(&mut self, definition: Arc<Definition>) {
        if self.by_digest.len() >= MAX_DEFINITIONS {
            self.by_digest.retain(|_, known| Arc::strong_count(known) > 1);
        }
        self.by_digest.insert(definition.digest, definition);
    }
}

/// Turns a row of the inbox into a record.
fn receive(core: &mut Core, signal: SignalRow, now: i64) {
    let late_child = core.machine.end().is_some() && signal.name.starts_with("child:");
    if late_child {
        // It stays in the inbox for the case that the run is reopened.
        return;
    }
    if core.machine.has_seen(signal.id) || core.machine.end().is_some() {
        core.consume(signal.id);
        return;
    }
    let payload: model::Value = serde_json::from_str(&signal.payload).unwrap_or_default();
    let by = || payload.get("by").and_then(model::Value::as_str).unwrap_or_default().to_owned();
    let step_of = |name: &str| name.split_once(':').and_then(|(_, step)| step.parse::<u32>().ok());
    let record = match signal.name.split(':').next().unwrap_or_default() {
        "cancel" if !core.machine.cancel_requested() => Some(Event::CancelRequested { at: now, by: by() }),
        "pause" if !core.machine.paused() => Some(Event::PauseRequested { by: by() }),
        "unpause" if core.machine.paused() => Some(Event::PauseEnded { by: by() }),
        "settle" => {
            let settle = payload.get("settle").cloned().and_then(|settle| serde_json::from_value(settle).ok());
            step_of(&signal.name).zip(settle).map(|(s, settle)| Event::CallSettled { s, settle, by: by() })
        }
        "child" => {
            let ended = serde_json::from_value::<children::ChildSignal>(payload.clone()).ok();
            if let Some(ended) = ended {
                core.emit(Event::ChildEnded {
                    run: ended.run,
                    signal: signal.id,
                    items: ended.items,
                    error: ended.error,
                });
                return;
            }
            None
        }
        _ => None,
    };
    let step = step_of(&signal.name);
    core.emit(Event::SignalReceived { id: signal.id, step, name: signal.name, payload });
    if let Some(record) = record {
        core.emit(record);
    }
}

/// The partition of a run: by its random bits, so that runs of one moment spread.
pub fn partition_of(run: RunId) -> u16 {
    (run.0 % u128::from(PARTITIONS)) as u16
}

/// Number of partitions; fixed, since it is stored with each run.
pub const PARTITIONS: u16 = 64;

/// What the store said, as a problem.
pub(crate) fn store_problem(error: store::Error) -> Problem {
    use model::Code;
    let code = match &error {
        store::Error::DiskFull => Code::DiskFull,
        store::Error::Corrupt(_) => Code::StoreCorrupt,
        store::Error::NotFound(_) => Code::NotFound,
        _ => Code::StoreUnavailable,
    };
    Problem::new(code, error.to_string())
}

/// What a refused commit means to whoever asked for it.
pub(crate) fn commit_problem(error: CommitError) -> Problem {
    use model::Code;
    let code = match &error {
        CommitError::Stale { .. } => Code::StaleLease,
        CommitError::Duplicate { .. } => Code::DuplicateEvent,
        CommitError::DiskFull => Code::DiskFull,
        CommitError::NoRun => Code::RunNotFound,
        _ => Code::StoreUnavailable,
    };
    Problem::new(code, error.to_string())
}

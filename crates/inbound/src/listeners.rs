//! Triggers that listen: keeps one listener per trigger node of an active workflow alive, and knows how it is.
//!
//! A listener that fails is begun again after a pause that grows; one that has not proved that it lives for
//! [`DEAD_AFTER`] is shown as dead. In an installation of several nodes, only the one that the trigger belongs to
//! listens ([`Options::owner`]).

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use model::codes::Class;
use model::{Binary, Item, Name, Problem, RunId, ScopeId};
use outbound::Outbound;
use part::folder::Folder;
use part::listen::{Ear, EarHost, EarInfo, PROOF, Source};
use part::runs::{DedupeKey, RunEnd};
use part::{Admit, Admitted, ByteStream, Items, NodeError, Runs, Service, WorkflowRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Clock;
use crate::files::Files;

/// A listener without a proof for so long is dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(PROOF.as_secs() * 2);
/// How often ownership is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// First pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long a listener may take to end what it began.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long a key is remembered.
const REMEMBER: Duration = Duration::from_secs(14 * 24 * 3600);
/// Pause while the server is too busy for an event.
const BUSY_PAUSE: Duration = Duration::from_millis(500);
/// Largest value that a source may keep, in bytes.
const MEMORY_LIMIT: usize = 1 << 20;
/// Space of what sources keep.
const SPACE: &str = "ear";

/// Keeps small values of sources over restarts.
pub trait Memory: Send + Sync + 'static {
    /// Reads one.
    fn read<'a>(&'a self, scope: ScopeId, key: &'a str, now: i64) -> BoxFuture<'a, Result<Option<Bytes>, Problem>>;
    /// Keeps one.
    fn keep<'a>(&'a self, scope: ScopeId, key: &'a str, value: Bytes) -> BoxFuture<'a, Result<(), Problem>>;
}

impl Memory for store::Store {
    fn read<'a>(&'a self, scope: ScopeId, key: &'a str, now: i64) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
        Box::pin(async move { self.local(scope, SPACE, key, now).await.map_err(fault) })
    }

    fn keep<'a>(&'a self, scope: ScopeId, key: &'a str, value: Bytes) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move { self.put_local(scope, SPACE, key, value, None).await.map_err(fault) })
    }
}

fn fault(error: store::Error) -> Problem {
    tracing::warn!(%error, "what a trigger keeps could not be read or written");
    Problem::new(model::Code::StoreUnavailable, "what the trigger keeps could not be read or written")
}

/// What the service works with.
#[derive(Clone)]
pub struct Options {
    /// What can be listened to.
    pub sources: Vec<Arc<dyn Source>>,
    /// Who runs what is heard.
    pub runs: Arc<dyn Runs>,
    /// Keeps what sources remember.
    pub memory: Arc<dyn Memory>,
    /// Takes files of events.
    pub files: Arc<dyn Files>,
    /// The way out.
    pub outbound: Outbound,
    /// The folder for files of workflows.
    pub folder: Option<Arc<Folder>>,
    /// The calendar.
    pub clock: Arc<dyn Clock>,
    /// Whether a trigger with that key is this process's to listen for.
    pub owner: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

/// How a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// Begun, and not reached yet.
    Starting,
    /// It has proved within the last 20 seconds that it lives.
    Listening,
    /// It has not.
    Dead,
    /// Another node listens.
    Standby,
}

/// A listener as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListenerView {
    /// The workflow.
    pub workflow: Name,
    /// Name of the trigger node.
    pub node: String,
    /// What it listens to: `imap`, `mqtt` …
    pub service: String,
    /// How it is.
    pub health: Health,
    /// When listening was begun the last time, milliseconds since 1970.
    pub begun_at: i64,
    /// When it last proved that it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alive_at: Option<i64>,
    /// When it last heard something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<i64>,
    /// Events since the server started.
    pub events: u64,
    /// Failures since the server started.
    pub failures: u64,
    /// Why it does not listen, or did not the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub problem: Option<Problem>,
}

/// What is known of one listener.
#[derive(Default)]
struct Pulse {
    begun_at: AtomicI64,
    /// Without the attempts after failures.
    first_begun_at: AtomicI64,
    alive_at: AtomicI64,
    heard_at: AtomicI64,
    events: AtomicU64,
    failures: AtomicU64,
    listens: std::sync::atomic::AtomicBool,
    problem: Mutex<Option<Problem>>,
}

type Key = (ScopeId, String);

fn key_of(info: &EarInfo) -> Key {
    (info.scope_id, format!("{}/{}", info.workflow, info.node))
}

struct Known {
    info: EarInfo,
    pulse: Arc<Pulse>,
}

/// Tells the service what to listen for, and how it goes. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    ears: watch::Sender<Arc<Vec<EarInfo>>>,
    known: Arc<RwLock<HashMap<Key, Known>>>,
    clock: Arc<dyn Clock>,
}

impl Handle {
    /// Exchanges all triggers; those that stay the same go on undisturbed.
    pub fn set_ears(&self, ears: Vec<EarInfo>) {
        self.ears.send_replace(Arc::new(ears));
    }

    /// The listeners of a scope, by workflow and node.
    pub fn of(&self, scope: ScopeId) -> Vec<ListenerView> {
        let now = self.clock.now();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut views: Vec<_> = known
            .values()
            .filter(|known| known.info.scope_id == scope)
            .map(|known| known.pulse.view(&known.info, now))
            .collect();
        drop(known);
        views.sort_by(|a, b| (&a.workflow, &a.node).cmp(&(&b.workflow, &b.node)));
        views
    }
}

impl Pulse {
    fn view(&self, info: &EarInfo, now: i64) -> ListenerView {
        let read = |at: &AtomicI64| Some(at.load(Ordering::Relaxed)).filter(|at| *at != 0);
        let (begun_at, alive_at) = (self.begun_at.load(Ordering::Relaxed), read(&self.alive_at));
        // A proof counts for the listening that gave it; the patience goes on over attempts that never got there.
        let silent_since = alive_at.unwrap_or(0).max(self.first_begun_at.load(Ordering::Relaxed));
        let health = match alive_at {
            _ if !self.listens.load(Ordering::Relaxed) => Health::Standby,
            _ if now - silent_since >= DEAD_AFTER.as_millis() as i64 => Health::Dead,
            Some(at) if at >= begun_at => Health::Listening,
            _ => Health::Starting,
        };
        let problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ListenerView {
            workflow: info.workflow.clone(),
            node: info.node.clone(),
            service: info.service.clone(),
            health,
            begun_at,
            alive_at,
            heard_at: read(&self.heard_at),
            events: self.events.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            problem,
        }
    }

    /// Listening is begun; for the first time, or once more after a failure.
    fn begin(&self, now: i64, again: bool) {
        self.begun_at.store(now, Ordering::Relaxed);
        if !again {
            self.first_begun_at.store(now, Ordering::Relaxed);
        }
        self.listens.store(true, Ordering::Relaxed);
    }

    fn set_problem(&self, problem: Option<Problem>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}

/// The service. Made together with its handle.
pub struct Listeners {
    options: Options,
    ears: watch::Receiver<Arc<Vec<EarInfo>>>,
    known: Arc<RwLock<HashMap<Key, Known>>>,
}

/// A listener under way.
struct Running {
    info: EarInfo,
    stop: CancellationToken,
}

impl Listeners {
    /// A service that listens to nothing yet, and its handle.
    pub fn new(options: Options) -> (Listeners, Handle) {
        let (sender, ears) = watch::channel(Arc::default());
        let known = Arc::default();
        let handle = Handle { ears: sender, known: Arc::clone(&known), clock: options.clock.clone() };
        (Listeners { options, ears, known }, handle)
    }

    async fn work(mut self, stop: CancellationToken) {
        let mut running: HashMap<Key, Running> = HashMap::new();
        let mut tasks: JoinSet<Key> = JoinSet::new();
        let mut settable = true;
        loop {
            let ears = self.ears.borrow_and_update().clone();
            self.know(&ears);
            let wanted: HashMap<Key, &EarInfo> = ears.iter().map(|info| (key_of(info), info)).collect();
            for (key, listener) in &running {
                let stays = wanted.get(key).is_some_and(|info| **info == listener.info) && self.owns(key);
                if !stays {
                    listener.stop.cancel();
                }
            }
            for (key, info) in wanted {
                // One that is stopping is begun again when it has ended.
                if !running.contains_key(&key) && self.owns(&key) {
                    let own = stop.child_token();
                    running.insert(key.clone(), Running { info: info.clone(), stop: own.clone() });
                    self.begin(&mut tasks, key, info.clone(), own);
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = self.ears.changed(), if settable => settable = changed.is_ok(),
                Some(ended) = tasks.join_next() => {
                    let Ok(key) = ended else { continue };
                    running.remove(&key);
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_PATIENCE, all).await.is_err() {
            tracing::warn!("triggers were still at work when the server stopped");
        }
    }

    fn owns(&self, key: &Key) -> bool {
        (self.options.owner)(&format!("{}/{}", key.0.0, key.1))
    }

    /// Takes new triggers into the list that people see, and old ones out of it.
    fn know(&self, ears: &[EarInfo]) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = HashMap::with_capacity(ears.len());
        for info in ears {
            let key = key_of(info);
            let pulse = known.remove(&key).map(|known| known.pulse).unwrap_or_default();
            next.insert(key, Known { info: info.clone(), pulse });
        }
        *known = next;
    }

    fn begin(&self, tasks: &mut JoinSet<Key>, key: Key, info: EarInfo, stop: CancellationToken) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(pulse) = known.get(&key).map(|known| known.pulse.clone()) else { return };
        drop(known);
        let source = self.options.sources.iter().find(|source| source.service() == info.service).cloned();
        let options = self.options.clone();
        tasks.spawn(async move {
            match source {
                Some(source) => supervise(&options, &*source, &info, &pulse, &stop).await,
                None => {
                    pulse.begin(0, false);
                    let detail = format!("this server cannot listen to `{}`", info.service);
                    pulse.set_problem(Some(Problem::new(model::Code::Unsupported, detail)));
                    stop.cancelled().await;
                }
            }
            pulse.listens.store(false, Ordering::Relaxed);
            key
        });
    }
}

/// Listens until `stop`, again and again.
async fn supervise(
    options: &Options,
    source: &dyn Source,
    info: &EarInfo,
    pulse: &Arc<Pulse>,
    stop: &CancellationToken,
) {
    let mut pause = FIRST_PAUSE;
    let mut again = false;
    while !stop.is_cancelled() {
        let begun_at = options.clock.now();
        pulse.begin(begun_at, again);
        again = true;
        let host = Hearing {
            options: options.clone(),
            service: source.service(),
            info: info.clone(),
            pulse: pulse.clone(),
            stop: stop.clone(),
        };
        let ear = Ear::new(Arc::new(host), info.clone());
        let ended = tokio::select! {
            ended = source.listen(&ear) => ended,
            () = patience(stop) => return,
        };
        if stop.is_cancelled() {
            return;
        }
        let error = ended.err().unwrap_or_else(|| {
            let detail = format!("`{}` ended the conversation", info.service);
            NodeError::new(model::Code::Unavailable, part::Category::Unavailable, detail)
        });
        tracing::warn!(workflow = %info.workflow, node = info.node, problem = %error.problem, "a trigger does not listen");
        pulse.failures.fetch_add(1, Ordering::Relaxed);
        pulse.set_problem(Some(error.problem));
        // What has listened for a while is begun again at once; what never gets there is left in peace.
        let was_alive = pulse.alive_at.load(Ordering::Relaxed) >= begun_at;
        pause = if was_alive { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Resolves some time after `stop`: the listener was told and did not end.
async fn patience(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STOP_PATIENCE).await;
}

/// What a source has in hand.
struct Hearing {
    options: Options,
    service: &'static str,
    info: EarInfo,
    pulse: Arc<Pulse>,
    stop: CancellationToken,
}

impl Hearing {
    fn place(&self, key: &str) -> String {
        format!("{}/{}/{key}", self.info.workflow, self.info.node)
    }

    async fn hear(&self, items: Vec<Item>, key: Option<String>) -> Result<RunId, Problem> {
        let input = Items::from_vec(items);
        let dedupe = key.map(|key| {
            let key = format!("{}/{key}", self.service);
            DedupeKey { fingerprint: store::digest(key.as_bytes()), key, ttl: REMEMBER }
        });
        loop {
            let event = Admit {
                scope: self.info.scope.clone(),
                workflow: WorkflowRef::Active(self.info.workflow.clone()),
                trigger: Some(self.info.node.clone()),
                input: input.clone(),
                output: 0,
                mode: "trigger",
                started_by: format!("{}:{}", self.service, self.info.node),
                dedupe: dedupe.clone(),
                reply_to: None,
                destination: None,
                start_at: None,
                use_pins: false,
            };
            match self.options.runs.admit(event).await {
                Ok(Admitted::New(run)) => {
                    self.pulse.heard_at.store(self.options.clock.now(), Ordering::Relaxed);
                    self.pulse.events.fetch_add(1, Ordering::Relaxed);
                    return Ok(run);
                }
                Ok(Admitted::Known { run, .. }) => return Ok(run),
                Err(problem) if problem.code.class() == Class::Backoff && !self.stop.is_cancelled() => {
                    tracing::debug!(%problem, node = self.info.node, "an event waits");
                    tokio::select! {
                        () = tokio::time::sleep(BUSY_PAUSE) => {}
                        () = self.stop.cancelled() => return Err(problem),
                    }
                }
                Err(problem) => return Err(problem),
            }
        }
    }
}

impl EarHost for Hearing {
    fn admit<'a>(&'a self, items: Vec<Item>, key: Option<String>) -> BoxFuture<'a, Result<RunId, Problem>> {
        Box::pin(self.hear(items, key))
    }

    fn ended(&self, run: RunId) -> BoxFuture<'_, Result<RunEnd, Problem>> {
        Box::pin(self.options.runs.wait(&self.info.scope, run))
    }

    fn recall<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
        Box::pin(async move {
            let now = self.options.clock.now();
            self.options.memory.read(self.info.scope_id, &self.place(key), now).await
        })
    }

    fn remember<'a>(&'a self, key: &'a str, value: Bytes) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            if value.len() > MEMORY_LIMIT {
                let detail = format!("a trigger may keep {MEMORY_LIMIT} bytes under a key, not {}", value.len());
                return Err(Problem::new(model::Code::TooLarge, detail));
            }
            self.options.memory.keep(self.info.scope_id, &self.place(key), value).await
        })
    }

    fn write_file<'a>(&'a self, mut bytes: ByteStream, file: Binary) -> BoxFuture<'a, Result<Binary, NodeError>> {
        Box::pin(async move {
            let mut writer = self.options.files.create(self.info.scope_id).await?;
            while let Some(chunk) = bytes.next().await {
                writer.write(chunk?).await?;
            }
            let (digest, size) = writer.finish(self.options.clock.now()).await?;
            Ok(Binary { blob: Some(digest), size, inline: None, ..file })
        })
    }

    fn alive(&self) {
        self.pulse.alive_at.store(self.options.clock.now(), Ordering::Relaxed);
        self.pulse.set_problem(None);
    }

    fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    fn outbound(&self) -> &Outbound {
        &self.options.outbound
    }

    fn folder(&self) -> Option<Arc<Folder>> {
        self.options.folder.clone()
    }
}

impl Service for Listeners {
    fn name(&self) -> &'static str {
        "listeners"
    }

    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            self.work(stop).await;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::AtomicUsize;

    use model::{Code, Digest, Scope};
    use outbound::NoCredentials;
    use tokio::time::Instant;

    use super::*;
    use crate::files::{FileStream, FileWriter};
    use crate::testing::Fake;

    const START: i64 = 1_767_225_600_000;

    /// Goes with tokio's clock.
    struct Ticking(Instant);

    impl Clock for Ticking {
        fn now(&self) -> i64 {
            START + self.0.elapsed().as_millis() as i64
        }
    }

    #[derive(Default)]
    struct Kept(Mutex<HashMap<String, Bytes>>);

    impl Memory for Kept {
        fn read<'a>(&'a self, _: ScopeId, key: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
            let kept = self.0.lock().unwrap().get(key).cloned();
            Box::pin(std::future::ready(Ok(kept)))
        }
        fn keep<'a>(&'a self, _: ScopeId, key: &'a str, value: Bytes) -> BoxFuture<'a, Result<(), Problem>> {
            self.0.lock().unwrap().insert(key.to_owned(), value);
            Box::pin(std::future::ready(Ok(())))
        }
    }

    struct NoFiles;

    impl Files for NoFiles {
        fn create(&self, _: ScopeId) -> BoxFuture<'_, Result<Box<dyn FileWriter>, Problem>> {
            Box::pin(async { Err(Problem::new(Code::Unsupported, "these tests write no files")) })
        }
        fn read(&self, _: ScopeId, _: Digest) -> BoxFuture<'_, Result<FileStream, Problem>> {
            Box::pin(async { Err(Problem::new(Code::Unsupported, "these tests read no files")) })
        }
    }

    /// Counts how often it was begun; hears one message a second, numbered over restarts; fails when it is told to.
    #[derive(Default)]
    struct Toy {
        begun: AtomicUsize,
        under_way: AtomicUsize,
        broken: std::sync::atomic::AtomicBool,
    }

    impl Source for Toy {
        fn service(&self) -> &'static str {
            "toy"
        }

        fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
            Box::pin(async move {
                self.begun.fetch_add(1, Ordering::Relaxed);
                if self.broken.load(Ordering::Relaxed) {
                    return Err(NodeError::bad_data("the toy is broken"));
                }
                let _counted = Counted::new(&self.under_way);
                loop {
                    ear.alive();
                    let last = ear.recall("last").await?.map_or(0, |bytes| bytes[0]);
                    ear.admit(vec![Item::default()], Some(format!("message {last}"))).await?;
                    ear.remember("last", vec![last + 1]).await?;
                    tokio::select! {
                        () = ear.stop().cancelled() => return Ok(()),
                        () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    }
                    if self.broken.load(Ordering::Relaxed) {
                        return Err(NodeError::bad_data("the toy is broken"));
                    }
                }
            })
        }
    }

    struct Counted<'a>(&'a AtomicUsize);

    impl<'a> Counted<'a> {
        fn new(counter: &'a AtomicUsize) -> Self {
            counter.fetch_add(1, Ordering::Relaxed);
            Counted(counter)
        }
    }

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn ear(workflow: &str, settings: serde_json::Value) -> EarInfo {
        EarInfo {
            scope: Scope::default(),
            scope_id: ScopeId(1),
            workflow: workflow.parse().unwrap(),
            node: "Listen".into(),
            service: "toy".into(),
            settings,
            connections: BTreeMap::new(),
            timezone: "UTC".into(),
        }
    }

    struct House {
        toy: Arc<Toy>,
        runs: Arc<Fake>,
        handle: Handle,
        mine: Arc<std::sync::atomic::AtomicBool>,
        stop: CancellationToken,
        service: tokio::task::JoinHandle<Result<(), Problem>>,
    }

    fn house() -> House {
        let (toy, runs) = (Arc::new(Toy::default()), Arc::new(Fake::default()));
        let mine = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let owned = mine.clone();
        let (service, handle) = Listeners::new(Options {
            sources: vec![toy.clone()],
            runs: runs.clone(),
            memory: Arc::new(Kept::default()),
            files: Arc::new(NoFiles),
            outbound: Outbound::new(outbound::Options::default(), Arc::new(NoCredentials)).unwrap(),
            folder: None,
            clock: Arc::new(Ticking(Instant::now())),
            owner: Arc::new(move |_| owned.load(Ordering::Relaxed)),
        });
        let stop = CancellationToken::new();
        let service = tokio::spawn(Box::new(service).run(stop.clone()));
        House { toy, runs, handle, mine, stop, service }
    }

    impl House {
        fn view(&self) -> ListenerView {
            self.handle.of(ScopeId(1)).remove(0)
        }

        async fn after(&self, seconds: u64) -> ListenerView {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            self.view()
        }

        async fn end(self) {
            self.stop.cancel();
            self.service.await.unwrap().unwrap();
            assert_eq!(self.toy.under_way.load(Ordering::Relaxed), 0, "nobody listens any more");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_active_trigger_is_listened_to_and_its_events_are_admitted_once() {
        let house = house();
        house.handle.set_ears(vec![ear("a", serde_json::Value::Null)]);
        let view = house.after(5).await;
        assert_eq!((view.health, view.service.as_str(), view.problem), (Health::Listening, "toy", None));
        let admitted = house.runs.admitted();
        assert_eq!(view.events, admitted.len() as u64);
        assert!(admitted.len() >= 4, "{}", admitted.len());
        assert_eq!(admitted[0].started_by, "toy:Listen");
        assert_eq!(admitted[2].dedupe.as_ref().unwrap().key, "toy/message 2");
        assert_eq!(house.toy.begun.load(Ordering::Relaxed), 1);
        house.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn changed_settings_begin_it_anew_and_others_go_on_undisturbed() {
        let house = house();
        house.handle.set_ears(vec![ear("a", 1.into()), ear("b", 1.into())]);
        house.after(3).await;
        house.handle.set_ears(vec![ear("a", 2.into()), ear("b", 1.into())]);
        house.after(3).await;
        assert_eq!(house.toy.begun.load(Ordering::Relaxed), 3);
        assert_eq!(house.toy.under_way.load(Ordering::Relaxed), 2);
        house.handle.set_ears(vec![]);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(house.toy.under_way.load(Ordering::Relaxed), 0);
        assert_eq!(house.handle.of(ScopeId(1)), []);
        house.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shown_tried_again_and_called_dead_in_time() {
        let house = house();
        house.handle.set_ears(vec![ear("a", serde_json::Value::Null)]);
        house.after(3).await;
        house.toy.broken.store(true, Ordering::Relaxed);
        let view = house.after(30).await;
        assert_eq!(view.health, Health::Dead);
        assert_eq!(view.problem.unwrap().detail, "the toy is broken");
        assert!(view.failures >= 3, "{}", view.failures);
        let before = house.runs.admitted().len();
        house.toy.broken.store(false, Ordering::Relaxed);
        let view = house.after(20).await;
        assert_eq!((view.health, view.problem), (Health::Listening, None));
        let keys: Vec<String> = house.runs.admitted().into_iter().map(|event| event.dedupe.unwrap().key).collect();
        assert!(keys.len() > before);
        let mut unique = keys.clone();
        unique.dedup();
        assert_eq!(unique.len(), keys.len(), "no message came twice");
        house.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_waits_while_the_server_is_busy() {
        let house = house();
        house.runs.fail_next(3, Problem::new(Code::Unavailable, "too much to do"));
        house.handle.set_ears(vec![ear("a", serde_json::Value::Null)]);
        let view = house.after(4).await;
        assert_eq!((view.health, view.failures), (Health::Listening, 0));
        assert_eq!(house.runs.admitted()[0].dedupe.as_ref().unwrap().key, "toy/message 0");
        house.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_own_a_trigger_stands_by_and_takes_over() {
        let house = house();
        house.mine.store(false, Ordering::Relaxed);
        house.handle.set_ears(vec![ear("a", serde_json::Value::Null)]);
        assert_eq!(house.after(30).await.health, Health::Standby);
        house.mine.store(true, Ordering::Relaxed);
        assert_eq!(house.after(3).await.health, Health::Listening);
        house.mine.store(false, Ordering::Relaxed);
        assert_eq!(house.after(3).await.health, Health::Standby);
        assert_eq!(house.toy.under_way.load(Ordering::Relaxed), 0);
        house.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_trigger_of_an_unknown_service_says_so() {
        let house = house();
        house.handle.set_ears(vec![EarInfo { service: "pigeons".into(), ..ear("a", serde_json::Value::Null) }]);
        let view = house.after(2).await;
        assert_eq!(view.health, Health::Dead);
        assert!(view.problem.unwrap().detail.contains("`pigeons`"));
        house.end().await;
    }
}

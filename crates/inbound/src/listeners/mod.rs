//! Triggers that listen: keeps one listener per trigger node of an active workflow alive, and knows how it is.
//!
//! A listener that fails is begun again after a pause that grows; one that has not proved that it lives for
//! [`DEAD_AFTER`] is shown as dead. In an installation of several nodes, only the one that the trigger belongs to
//! listens ([`Options::owner`]). A draft that is tried out is listened for by the node that was asked to.

mod hearing;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use model::{Name, Problem, ScopeId};
use outbound::Outbound;
use part::folder::Folder;
use part::listen::{Ear, EarInfo, PROOF, SPACE, Source};
use part::{NodeError, Runs, Service};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::files::Files;
use crate::{Clock, Rehearsal};

/// A listener without a proof for so long is dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(PROOF.as_secs() * 2);
/// A listener without a proof for so long hangs where it does not notice, and is begun again.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(PROOF.as_secs() * 4);
/// How often ownership is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// First pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long a listener may take to end what it began.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

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
    /// A person enters the address at the service; nothing has come from there yet.
    Waiting,
    /// Nobody wants it any more, and the service could not be told so.
    Leaving,
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
    /// The address that a person enters at the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The secret that is entered with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What a person does at the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
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
    listens: AtomicBool,
    problem: Mutex<Option<Problem>>,
}

/// A trigger that somebody wants to be listened for.
#[derive(Clone, Debug)]
struct Wanted {
    info: EarInfo,
    /// It is a draft's, which is tried out.
    draft: Option<Rehearsal>,
}

impl Wanted {
    /// The same text, tried anew, is another thing to listen for.
    fn is(&self, other: &Wanted) -> bool {
        let same_trial = match (&self.draft, &other.draft) {
            (None, None) => true,
            (Some(this), Some(other)) => this.is(other),
            _ => false,
        };
        same_trial && self.info == other.info
    }
}

/// Scope, whether it is a draft's, and `workflow/node`.
type Key = (ScopeId, bool, String);

fn key_of(wanted: &Wanted) -> Key {
    let info = &wanted.info;
    (info.scope_id, wanted.draft.is_some(), format!("{}/{}", info.workflow, info.node))
}

struct Known {
    wanted: Wanted,
    pulse: Arc<Pulse>,
}

/// Tells the service what to listen for, and how it goes. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    ears: watch::Sender<Arc<Vec<Wanted>>>,
    known: Arc<RwLock<HashMap<Key, Known>>>,
    clock: Arc<dyn Clock>,
}

impl Handle {
    /// Exchanges all triggers of active workflows; those that stay the same go on undisturbed.
    pub fn set_ears(&self, ears: Vec<EarInfo>) {
        let ears = ears.into_iter().map(|info| Wanted { info, draft: None });
        self.exchange(|wanted| wanted.draft.is_some(), ears);
    }

    /// Exchanges all triggers of drafts that are tried out.
    pub fn set_drafts(&self, ears: Vec<(EarInfo, Rehearsal)>) {
        let ears = ears.into_iter().map(|(info, draft)| Wanted { info, draft: Some(draft) });
        self.exchange(|wanted| wanted.draft.is_none(), ears);
    }

    fn exchange(&self, stays: impl Fn(&Wanted) -> bool, others: impl Iterator<Item = Wanted>) {
        self.ears.send_modify(|ears| {
            let staying = ears.iter().filter(|wanted| stays(wanted)).cloned();
            *ears = Arc::new(staying.chain(others).collect());
        });
    }

    /// The listeners of a scope, by workflow and node.
    pub fn of(&self, scope: ScopeId) -> Vec<ListenerView> {
        let now = self.clock.now();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut views: Vec<_> = known
            .values()
            .filter(|known| known.wanted.info.scope_id == scope && known.wanted.draft.is_none())
            .map(|known| known.pulse.view(&known.wanted.info, now))
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
            address: None,
            secret: None,
            help: None,
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
    ears: watch::Receiver<Arc<Vec<Wanted>>>,
    known: Arc<RwLock<HashMap<Key, Known>>>,
}

/// A listener under way.
struct Running {
    wanted: Wanted,
    stop: CancellationToken,
    /// The stop is for good, see [`Ear::is_over`].
    over: Arc<AtomicBool>,
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
            let all: HashMap<Key, &Wanted> = ears.iter().map(|wanted| (key_of(wanted), wanted)).collect();
            for (key, listener) in &running {
                let stays = all.get(key).is_some_and(|wanted| wanted.is(&listener.wanted));
                if !stays {
                    listener.over.store(true, Ordering::Relaxed);
                }
                if !stays || !self.owns(key) {
                    listener.stop.cancel();
                }
            }
            let now = self.options.clock.now();
            for (key, wanted) in all {
                let over = wanted.draft.as_ref().is_some_and(|draft| !draft.is_listening(now));
                // One that is stopping is begun again when it has ended.
                if !running.contains_key(&key) && !over && self.owns(&key) {
                    // What a draft has put up outside never outlives the trial.
                    let over = Arc::new(AtomicBool::new(wanted.draft.is_some()));
                    let listener = Running { wanted: wanted.clone(), stop: stop.child_token(), over };
                    self.begin(&mut tasks, key.clone(), &listener);
                    running.insert(key, listener);
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

    fn owns(&self, (scope, draft, place): &Key) -> bool {
        *draft || (self.options.owner)(&format!("{}/{place}", scope.0))
    }

    /// Takes new triggers into the list that people see, and old ones out of it.
    fn know(&self, ears: &[Wanted]) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = HashMap::with_capacity(ears.len());
        for wanted in ears {
            let key = key_of(wanted);
            let pulse = known.remove(&key).map(|known| known.pulse).unwrap_or_default();
            next.insert(key, Known { wanted: wanted.clone(), pulse });
        }
        *known = next;
    }

    fn begin(&self, tasks: &mut JoinSet<Key>, key: Key, listener: &Running) {
        let Running { wanted, stop, over } = listener;
        let (wanted, stop, over) = (wanted.clone(), stop.clone(), over.clone());
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(pulse) = known.get(&key).map(|known| known.pulse.clone()) else { return };
        drop(known);
        let source = self.options.sources.iter().find(|source| source.service() == wanted.info.service).cloned();
        let options = self.options.clone();
        tasks.spawn(async move {
            match source {
                Some(source) => {
                    let end = async {
                        match &wanted.draft {
                            Some(draft) => draft.is_over(&*options.clock).await,
                            None => std::future::pending().await,
                        }
                    };
                    let listening = supervise(&options, &*source, &wanted, &pulse, &stop, &over);
                    let mut listening = std::pin::pin!(listening);
                    tokio::select! {
                        () = &mut listening => {}
                        () = end => {
                            stop.cancel();
                            listening.await;
                        }
                    }
                }
                None => {
                    pulse.begin(0, false);
                    let detail = format!("this server cannot listen to `{}`", wanted.info.service);
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
    wanted: &Wanted,
    pulse: &Arc<Pulse>,
    stop: &CancellationToken,
    over: &Arc<AtomicBool>,
) {
    let info = &wanted.info;
    let mut pause = FIRST_PAUSE;
    let mut again = false;
    while !stop.is_cancelled() {
        let begun_at = options.clock.now();
        pulse.begin(begun_at, again);
        again = true;
        let host = hearing::Hearing {
            options: options.clone(),
            service: source.service(),
            wanted: wanted.clone(),
            pulse: pulse.clone(),
            stop: stop.clone(),
            over: over.clone(),
        };
        let ear = Ear::new(Arc::new(host), info.clone());
        let ended = tokio::select! {
            ended = source.listen(&ear) => ended,
            () = patience(stop) => return,
            // What it had in hand is said to it again, and has its runs already.
            () = silence(pulse) => {
                let detail = format!("nothing was proved for {} seconds; it is begun again", GIVEN_UP_AFTER.as_secs());
                Err(NodeError::new(model::Code::Unavailable, part::Category::Unavailable, detail))
            }
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

/// Resolves when a listener has proved nothing for too long.
async fn silence(pulse: &Pulse) {
    let mut proved = (pulse.alive_at.load(Ordering::Relaxed), tokio::time::Instant::now());
    while proved.1.elapsed() < GIVEN_UP_AFTER {
        tokio::time::sleep(LOOK_EVERY).await;
        let alive_at = pulse.alive_at.load(Ordering::Relaxed);
        if alive_at != proved.0 {
            proved = (alive_at, tokio::time::Instant::now());
        }
    }
}

/// Resolves some time after `stop`: the listener was told and did not end.
async fn patience(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(STOP_PATIENCE).await;
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
mod tests;

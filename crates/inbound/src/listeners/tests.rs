use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;

use model::{Code, Digest, Item, Scope};
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
    hangs: std::sync::atomic::AtomicBool,
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
                if self.hangs.load(Ordering::Relaxed) {
                    std::future::pending::<()>().await;
                }
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
        beginning: None,
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
async fn who_hangs_without_noticing_is_called_dead_and_begun_again() {
    let house = house();
    house.handle.set_ears(vec![ear("a", serde_json::Value::Null)]);
    house.after(3).await;
    house.toy.hangs.store(true, Ordering::Relaxed);
    let view = house.after(25).await;
    assert_eq!((view.health, view.failures), (Health::Dead, 0));
    house.toy.hangs.store(false, Ordering::Relaxed);
    let view = house.after(25).await;
    assert_eq!((view.health, view.failures, view.problem), (Health::Listening, 1, None));
    assert_eq!((house.toy.begun.load(Ordering::Relaxed), house.toy.under_way.load(Ordering::Relaxed)), (2, 1));
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

#[tokio::test(start_paused = true)]
async fn a_draft_that_is_tried_hears_one_event_beside_the_live_workflow() {
    let house = house();
    house.mine.store(false, Ordering::Relaxed);
    let now = house.handle.clock.now();
    let trial = Rehearsal::new("token:ann", now + 60_000, true);
    house.handle.set_ears(vec![ear("a", 1.into())]);
    house.handle.set_drafts(vec![(ear("a", 2.into()), trial.clone())]);
    assert_eq!(house.after(5).await.health, Health::Standby, "the trial is not shown as the live trigger");
    let admitted = house.runs.admitted();
    assert_eq!(admitted.len(), 1, "a trial of one event ends with it");
    assert!(matches!(&admitted[0].workflow, part::WorkflowRef::Draft(name) if name.as_str() == "a"));
    assert_eq!((admitted[0].started_by.as_str(), admitted[0].mode, admitted[0].use_pins), ("token:ann", "test", true));
    assert!(admitted[0].dedupe.is_none(), "the live workflow may hear the same again");
    assert_eq!(trial.heard().borrow().runs.len(), 1);
    assert_eq!(house.toy.under_way.load(Ordering::Relaxed), 0);
    house.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_trial_ends_at_its_time_and_a_new_one_begins_anew() {
    let house = house();
    let now = house.handle.clock.now();
    house.handle.set_drafts(vec![(ear("a", 1.into()), Rehearsal::new("token:ann", now + 3_500, false))]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let heard = house.runs.admitted().len();
    assert!((3..=4).contains(&heard), "{heard}");
    assert_eq!(house.toy.under_way.load(Ordering::Relaxed), 0);
    let again = Rehearsal::new("token:ann", now + 60_000, true);
    house.handle.set_drafts(vec![(ear("a", 1.into()), again.clone())]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(again.heard().borrow().runs.len(), 1);
    house.end().await;
}

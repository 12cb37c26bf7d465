use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use bytes::Bytes;
use http::HeaderMap;
use model::{Map, Value};
use outbound::NoCredentials;
use part::hook::{Hooked, Proof, Untaken, Weighed};
use part::{Answer, NodeError};
use serde_json::json;

use super::*;

const START: i64 = 1_767_225_600_000;
const BASE: &str = "https://flow.example";

/// Goes with tokio's clock, and ahead of it by what a test skips.
struct Ticking(Instant, AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> i64 {
        START + self.0.elapsed().as_millis() as i64 + self.1.load(Ordering::Relaxed)
    }
}

/// Records in memory, shared by nodes.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, Bytes>>);

impl Registry for Memory {
    fn list(&self, _: ScopeId) -> BoxFuture<'_, Result<Vec<(String, Bytes)>, Problem>> {
        let all = self.0.lock().unwrap().iter().map(|(id, bytes)| (id.clone(), bytes.clone())).collect();
        Box::pin(std::future::ready(Ok(all)))
    }
    fn read<'a>(&'a self, _: ScopeId, id: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
        let found = self.0.lock().unwrap().get(id).cloned();
        Box::pin(std::future::ready(Ok(found)))
    }
    fn swap<'a>(
        &'a self,
        _: ScopeId,
        id: &'a str,
        before: Option<Bytes>,
        after: Option<Bytes>,
    ) -> BoxFuture<'a, Result<bool, Problem>> {
        let mut all = self.0.lock().unwrap();
        let is_there = all.get(id) == before.as_ref();
        if is_there {
            match after {
                Some(after) => drop(all.insert(id.to_owned(), after)),
                None => drop(all.remove(id)),
            }
        }
        Box::pin(std::future::ready(Ok(is_there)))
    }
}

/// How a service meets a request.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Refuses,
    /// Takes it and says nothing.
    Mute,
    /// Says nothing for so many seconds, and takes it then.
    Slow(u64),
}

/// A service: what it was told, and what it still calls.
#[derive(Default)]
struct Toy {
    said: Mutex<Vec<String>>,
    calls: Mutex<Vec<String>>,
    count: AtomicUsize,
    moods: Mutex<VecDeque<Mood>>,
    clings: AtomicBool,
    raves: AtomicBool,
}

impl Toy {
    fn say(&self, what: &str, url: &str) {
        self.said.lock().unwrap().push(format!("{what} {}", short(url)));
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

fn short(url: &str) -> &str {
    &url[url.len() - 4..]
}

fn failed(code: Code) -> NodeError {
    NodeError::new(code, part::Category::Unavailable, "the toy is broken")
}

impl Registrar for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn register<'a>(&'a self, line: &'a Line) -> BoxFuture<'a, Result<Value, Untaken>> {
        Box::pin(async move {
            self.say("told", &line.url);
            let mood = self.moods.lock().unwrap().pop_front();
            if let Some(Mood::Refuses) = mood {
                return Err(Untaken { error: failed(Code::UpstreamStatus), uncertain: false });
            }
            if let Some(Mood::Slow(seconds)) = mood {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            self.calls.lock().unwrap().push(line.url.clone());
            let id = self.count.fetch_add(1, Ordering::Relaxed) + 1;
            match mood {
                Some(Mood::Mute) => Err(Untaken { error: failed(Code::UpstreamTimeout), uncertain: true }),
                _ => Ok(json!({ "id": id, "secret": format!("s3cret {id}") })),
            }
        })
    }

    fn unregister<'a>(&'a self, line: &'a Line, state: &'a Value) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            assert!(state["id"].is_number(), "{state}");
            self.say("left", &line.url);
            if self.clings.load(Ordering::Relaxed) {
                return Err(failed(Code::UpstreamStatus));
            }
            self.calls.lock().unwrap().retain(|url| *url != line.url);
            Ok(())
        })
    }

    fn answer<'a>(&'a self, _: &'a Line, _: &'a Map) -> BoxFuture<'a, Result<Option<Answer>, NodeError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn weigh<'a>(&'a self, _: &'a Line, _: &'a Value, _: &'a Map) -> BoxFuture<'a, Result<Weighed, NodeError>> {
        let raves = self.raves.load(Ordering::Relaxed);
        let weighed = if raves { Err(failed(Code::ExpressionFailed)) } else { Ok(Weighed::default()) };
        Box::pin(std::future::ready(weighed))
    }
}

fn info(workflow: &str, settings: Value) -> HookInfo {
    HookInfo {
        scope: Scope::default(),
        scope_id: ScopeId(1),
        workflow: workflow.parse().unwrap(),
        node: "Hear".into(),
        hooked: Hooked {
            registrar: "toy".into(),
            service: "toys".into(),
            settings,
            proof: Proof::Secret { sender: "gitlab".into() },
            registers: true,
            help: None,
            shows_secret: false,
            asks: false,
            exclusive: None,
        },
        connections: std::collections::BTreeMap::new(),
        timezone: "UTC".into(),
    }
}

fn exclusive(info: HookInfo) -> HookInfo {
    HookInfo { hooked: Hooked { exclusive: Some(String::new()), ..info.hooked }, ..info }
}

/// What outlives a process.
struct World {
    toy: Arc<Toy>,
    registry: Arc<Memory>,
    clock: Arc<Ticking>,
    mended: watch::Sender<u64>,
}

/// A process.
struct Node {
    handle: Handle,
    owns: Arc<AtomicBool>,
    stop: CancellationToken,
    service: tokio::task::JoinHandle<Result<(), Problem>>,
}

impl World {
    fn new() -> World {
        let (toy, registry, mended) = (Arc::default(), Arc::default(), watch::Sender::default());
        World { toy, registry, clock: Arc::new(Ticking(Instant::now(), AtomicI64::new(0))), mended }
    }

    fn node(&self) -> Node {
        self.node_at(Some(BASE))
    }

    fn node_at(&self, public_url: Option<&str>) -> Node {
        let owns = Arc::new(AtomicBool::new(true));
        let owned = owns.clone();
        let (service, handle) = Hooks::new(Options {
            registrars: vec![self.toy.clone()],
            registry: self.registry.clone(),
            outbound: Outbound::new(outbound::Options::default(), Arc::new(NoCredentials)).unwrap(),
            clock: self.clock.clone(),
            owner: Arc::new(move |_| owned.load(Ordering::Relaxed)),
            public_url: public_url.map(str::to_owned),
            secret: [7; 32],
            mended: self.mended.subscribe(),
        })
        .unwrap();
        let stop = CancellationToken::new();
        let service = tokio::spawn(Box::new(service).run(stop.clone()));
        Node { handle, owns, stop, service }
    }
}

impl Node {
    fn want(&self, infos: Vec<HookInfo>) {
        self.handle.set_live([(ScopeId(1), Scope::default())].into(), infos);
    }

    fn views(&self) -> Vec<ListenerView> {
        self.handle.of(ScopeId(1))
    }

    async fn end(self) {
        self.stop.cancel();
        self.service.await.unwrap().unwrap();
    }

    /// Whether a call to an address counts.
    async fn takes(&self, url: &str, secret: &str) -> Result<bool, Code> {
        let id = url.rsplit('/').next().unwrap();
        let Some(call) = self.handle.find("main/prod", id).await.unwrap() else { return Ok(false) };
        let mut headers = HeaderMap::new();
        headers.insert("x-gitlab-token", secret.parse().unwrap());
        let request = auth::signature::Incoming { method: "POST", url, headers: &headers, body: b"{}", now: 0 };
        call.judge(&Nobody, request).await.map(|_| true).map_err(|problem| problem.code)
    }
}

/// Checks no account.
struct Nobody;

impl crate::verify::Verifier for Nobody {
    fn verify<'a>(
        &'a self,
        _: ScopeId,
        _: &'a Name,
        _: crate::verify::Shown,
        _: &'a HeaderMap,
    ) -> BoxFuture<'a, Result<Option<Value>, Problem>> {
        unreachable!("no connection is asked")
    }
    fn judge<'a>(
        &'a self,
        _: ScopeId,
        _: &'a Name,
        _: auth::signature::Incoming<'a>,
    ) -> BoxFuture<'a, Result<auth::signature::Verdict, Problem>> {
        unreachable!("no connection is asked")
    }
    fn event_type<'a>(
        &'a self,
        _: ScopeId,
        _: &'a Name,
    ) -> BoxFuture<'a, Result<Option<auth::signature::Place>, Problem>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn judge_by<'a>(
        &'a self,
        _: ScopeId,
        _: (&'a Name, &'a str),
        _: &'a auth::signature::Signature,
        _: &'a str,
        _: auth::signature::Incoming<'a>,
    ) -> BoxFuture<'a, Result<auth::signature::Verdict, Problem>> {
        unreachable!("no connection is asked")
    }
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

fn name(workflow: &str) -> Name {
    workflow.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_service_is_told_once_over_restarts_and_by_one_of_two_nodes() {
    let world = World::new();
    let (one, other) = (world.node(), world.node());
    other.owns.store(false, Ordering::Relaxed);
    for node in [&one, &other] {
        node.want(vec![info("a", 1.into())]);
    }
    assert_eq!(one.handle.tried(ScopeId(1), &name("a"), false, Duration::from_secs(5)).await, []);
    seconds(60).await;
    assert_eq!(world.toy.said().len(), 1);
    assert_eq!((one.views()[0].health, other.views()[0].health), (Health::Listening, Health::Standby));
    let url = world.toy.calls.lock().unwrap()[0].clone();
    assert!(url.starts_with("https://flow.example/events/main/prod/"), "{url}");
    // Both receive, with the secret that only one of them was given.
    for node in [&one, &other] {
        assert_eq!(node.takes(&url, "s3cret 1").await, Ok(true));
        assert_eq!(node.takes(&url, "guessed").await, Err(Code::SignatureRejected));
    }
    // The other one takes over, and a process of after knows it, too.
    one.end().await;
    other.owns.store(true, Ordering::Relaxed);
    seconds(60).await;
    assert_eq!(other.views()[0].health, Health::Listening);
    other.end().await;
    let after = world.node();
    after.want(vec![info("a", 1.into())]);
    seconds(60).await;
    assert_eq!(world.toy.said().len(), 1);
    assert_eq!(after.takes(&url, "s3cret 1").await, Ok(true));
    after.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_nodes_that_both_believe_to_own_a_trigger_tell_once() {
    let world = World::new();
    world.toy.moods.lock().unwrap().push_back(Mood::Slow(20));
    let nodes = [world.node(), world.node()];
    for node in &nodes {
        node.want(vec![info("a", 1.into())]);
    }
    seconds(60).await;
    assert!(nodes.iter().all(|node| node.views()[0].health == Health::Listening));
    assert_eq!(world.toy.said().len(), 1, "the one that was slower sees that it is being told");
    for node in nodes {
        node.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_before_the_old_address_is_taken_back() {
    let world = World::new();
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(5).await;
    let before = world.toy.calls.lock().unwrap()[0].clone();
    world.toy.moods.lock().unwrap().extend([Mood::Refuses, Mood::Refuses]);
    node.want(vec![info("a", 2.into())]);
    seconds(1).await;
    assert_eq!(node.takes(&before, "s3cret 1").await, Ok(true), "nothing is missed while the new one is refused");
    assert_eq!(node.views()[0].health, Health::Dead);
    seconds(30).await;
    let said = world.toy.said();
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(said[1..4].iter().all(|told| *told == said[1]), "{said:?}");
    assert_eq!(said[4], format!("left {}", short(&before)));
    assert_eq!((world.toy.calls(), node.views()[0].health), (1, Health::Listening));
    assert_eq!(node.takes(&before, "s3cret 1").await, Ok(false));
    // The same words in another revision change nothing.
    node.want(vec![info("a", 2.into())]);
    seconds(30).await;
    assert_eq!(world.toy.said().len(), 5);
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_address_whose_fate_is_not_known_is_not_told_again() {
    let world = World::new();
    world.toy.moods.lock().unwrap().push_back(Mood::Mute);
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(20).await;
    let said = world.toy.said();
    assert_eq!(said.len(), 2);
    assert_ne!(said[0], said[1]);
    let calls = world.toy.calls.lock().unwrap().clone();
    assert_eq!(node.takes(&calls[0], "s3cret 1").await, Ok(false), "what was lost is nobody's");
    assert_eq!(node.takes(&calls[1], "s3cret 2").await, Ok(true));
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_of_telling_gives_another_address() {
    let world = World::new();
    world.toy.moods.lock().unwrap().push_back(Mood::Slow(50));
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(5).await;
    // As a process that is killed.
    node.service.abort();
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(60).await;
    assert_eq!(world.toy.said().len(), 1, "the one before may still be at it");
    seconds(60).await;
    assert_eq!((world.toy.said().len(), node.views()[0].health), (2, Health::Listening));
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_wanted_any_more_is_taken_back_over_failures_and_restarts() {
    let world = World::new();
    let node = world.node();
    node.want(vec![info("a", 1.into()), info("b", 1.into())]);
    seconds(5).await;
    world.toy.clings.store(true, Ordering::Relaxed);
    node.want(vec![info("b", 1.into())]);
    seconds(20).await;
    let views = node.views();
    assert_eq!((views[0].workflow.as_str(), views[0].health), ("a", Health::Leaving));
    assert!(views[0].problem.as_ref().unwrap().detail.starts_with("`toys` still calls an address"), "{views:?}");
    assert_eq!(views[1].health, Health::Listening, "nothing else is held up");
    node.end().await;
    let node = world.node();
    node.want(vec![info("b", 1.into())]);
    seconds(5).await;
    world.toy.clings.store(false, Ordering::Relaxed);
    seconds(600).await;
    assert_eq!((world.toy.calls(), node.views().len()), (1, 1));
    // It was wanted again before it was taken back: it is as it was.
    world.toy.clings.store(true, Ordering::Relaxed);
    node.want(vec![]);
    seconds(20).await;
    let count = world.toy.said().iter().filter(|said| said.starts_with("told")).count();
    node.want(vec![info("b", 1.into())]);
    seconds(20).await;
    assert_eq!(world.toy.said().iter().filter(|said| said.starts_with("told")).count(), count);
    assert_eq!(node.views()[0].health, Health::Listening);
    // After a week nobody tries any more.
    node.want(vec![]);
    seconds(60).await;
    world.clock.1.store(8 * 24 * 3_600_000, Ordering::Relaxed);
    seconds(600).await;
    assert_eq!((node.views(), world.registry.0.lock().unwrap().len()), (vec![], 0));
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_with_one_address_loses_the_old_one_first_and_serves_one_trigger() {
    let world = World::new();
    let node = world.node();
    node.want(vec![exclusive(info("a", 1.into()))]);
    seconds(5).await;
    node.want(vec![exclusive(info("a", 2.into())), exclusive(info("b", 1.into()))]);
    seconds(5).await;
    let kinds: Vec<String> = world.toy.said().iter().map(|said| said.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["told", "left", "told"]);
    let views = node.views();
    assert_eq!(views.iter().filter(|view| view.health == Health::Listening).count(), 1);
    let problem = views.iter().find_map(|view| view.problem.as_ref()).unwrap();
    assert_eq!(problem.code, Code::AddressTaken);
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_after_pauses_that_grow_and_at_once_when_a_connection_is_mended() {
    let world = World::new();
    world.toy.moods.lock().unwrap().extend([Mood::Refuses; 100]);
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(3_600).await;
    let count = world.toy.said().len();
    assert!((15..25).contains(&count), "{count}");
    world.toy.moods.lock().unwrap().clear();
    world.mended.send_modify(|count| *count += 1);
    seconds(2).await;
    assert_eq!((world.toy.said().len(), node.views()[0].health), (count + 1, Health::Listening));
    assert_eq!((node.views()[0].failures, node.views()[0].problem.clone()), (count as u64, None));
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_public_address_says_so_and_forgets_nothing() {
    let world = World::new();
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(5).await;
    node.end().await;
    let url = world.toy.calls.lock().unwrap()[0].clone();
    let node = world.node_at(None);
    node.want(vec![info("a", 1.into())]);
    let problems = node.handle.tried(ScopeId(1), &name("a"), false, Duration::from_secs(5)).await;
    assert_eq!(problems[0].code, Code::NoPublicAddress);
    assert_eq!(node.takes(&url, "s3cret 1").await, Ok(true), "what was told still counts");
    assert_eq!(world.toy.said().len(), 1);
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_draft_is_told_beside_the_live_workflow_until_its_trial_is_over() {
    let world = World::new();
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(5).await;
    let trial = Rehearsal::new("token:a", START + 3_600_000, true);
    node.handle.set_drafts(vec![(info("a", 1.into()), trial.clone())]);
    assert_eq!(node.handle.tried(ScopeId(1), &name("a"), true, Duration::from_secs(5)).await, []);
    let calls = world.toy.calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 2);
    assert_eq!(node.views().len(), 1, "a draft is not in the list");
    assert_eq!(node.takes(&calls[1], "s3cret 2").await, Ok(true));
    trial.end();
    seconds(5).await;
    assert_eq!(*world.toy.calls.lock().unwrap(), calls[..1]);
    // One that a restart has ended is taken back when it must be over.
    let trial = Rehearsal::new("token:a", START + 3_600_000, true);
    node.handle.set_drafts(vec![(info("a", 1.into()), trial)]);
    seconds(5).await;
    assert_eq!(world.toy.calls(), 2);
    node.end().await;
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(60).await;
    assert_eq!(world.toy.calls(), 2, "another node may be trying it");
    seconds(3_700).await;
    assert_eq!(world.toy.calls(), 1);
    node.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_understood_is_refused_and_seen_until_one_is() {
    let world = World::new();
    let node = world.node();
    node.want(vec![info("a", 1.into())]);
    seconds(5).await;
    let url = world.toy.calls.lock().unwrap()[0].clone();
    let call = node.handle.find("main/prod", url.rsplit('/').next().unwrap()).await.unwrap().unwrap();
    world.toy.raves.store(true, Ordering::Relaxed);
    assert_eq!(call.weigh(&Map::new()).await.unwrap_err().code, Code::ExpressionFailed);
    let view = node.views().remove(0);
    assert_eq!((view.health, view.failures, view.heard_at), (Health::Listening, 1, None));
    assert!(view.problem.unwrap().detail.starts_with("a call of `toys` cannot be understood"));
    world.toy.raves.store(false, Ordering::Relaxed);
    call.weigh(&Map::new()).await.unwrap();
    call.heard().await;
    let view = node.views().remove(0);
    assert_eq!((view.problem, view.events, view.heard_at), (None, 1, Some(START + 5_000)));
    node.end().await;
}

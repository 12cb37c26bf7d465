//! The backlog against a store in memory, under random events, completions, limits and lost hints.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use model::ScopeId;
use store::Lane;

use super::backlog::{Backlog, Found, Limits};

/// Random happenings in each world.
const STEPS: usize = 1_500;

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }
}

/// A queued run: priority and number; higher priority first, then the lower number.
type Waiting = (std::cmp::Reverse<i8>, u64);

/// The store, the clock and what runs, kept in the plainest way.
struct World {
    backlog: Backlog,
    random: Random,
    now: i64,
    number: u64,
    queued: BTreeMap<Lane, Vec<Waiting>>,
    running: Vec<Arc<Lane>>,
    started: HashMap<Lane, Vec<i64>>,
    seed: u64,
    /// Every queued run is told of at once.
    told: bool,
}

fn workspace(scope: ScopeId) -> &'static str {
    ["", "a", "b", "c"][scope.0 as usize]
}

fn limits(lane: &Lane) -> Limits {
    match lane.workflow.as_str() {
        "free" => Limits::default(),
        "one" => Limits { concurrency: Some(1), ..Limits::default() },
        "three" => Limits { concurrency: Some(3), ..Limits::default() },
        "rate" => Limits { rate: Some((4, 50)), ..Limits::default() },
        _ => Limits { concurrency: Some(2), rate: Some((5, 100)), debounced: false },
    }
}

impl World {
    fn new(seed: u64, told: bool) -> World {
        World {
            backlog: Backlog::default(),
            random: Random(seed),
            now: 1_000,
            number: 0,
            queued: BTreeMap::new(),
            running: Vec::new(),
            started: HashMap::new(),
            seed,
            told,
        }
    }

    fn lane(&mut self) -> Lane {
        let workflow = ["free", "one", "three", "rate", "both"][self.random.below(5)];
        let key = if workflow == "free" { 0 } else { self.random.below(8) };
        let scope = ScopeId(1 + self.random.below(3) as i64);
        Lane { scope, workflow: workflow.into(), key: key.to_string() }
    }

    fn arrive(&mut self, hinted: bool) {
        let lane = self.lane();
        let of = limits(&lane);
        if !self.backlog.is_pressing() && self.random.below(2) == 0 {
            let taken = match of.counts() {
                true => self.backlog.take(workspace(lane.scope), &lane, of, self.now),
                false => Some(Arc::new(lane.clone())),
            };
            if let Some(key) = taken {
                let overtakes = self.queued.get(&lane).is_some_and(|waiting| !waiting.is_empty());
                assert!(!self.told || !overtakes, "seed {}: a new run overtook those of {lane:?}", self.seed);
                return self.starts(key);
            }
        }
        self.number += 1;
        let priority = [0, 0, 0, 5][self.random.below(4)];
        let waiting = self.queued.entry(lane.clone()).or_default();
        waiting.push((std::cmp::Reverse(priority), self.number));
        waiting.sort_unstable();
        if hinted {
            self.backlog.append(workspace(lane.scope), &lane, priority, Some(of));
        }
    }

    fn starts(&mut self, lane: Arc<Lane>) {
        let of = limits(&lane);
        let starts = self.started.entry((*lane).clone()).or_default();
        starts.push(self.now);
        if let Some((count, per)) = of.rate {
            let within = starts.iter().filter(|at| **at > self.now - per).count();
            assert!(within <= count as usize, "seed {}: {within} starts of {lane:?}", self.seed);
        }
        self.running.push(lane.clone());
        let together = self.running.iter().filter(|other| **other == lane).count();
        let most = of.concurrency.map_or(usize::MAX, |limit| limit as usize);
        assert!(together <= most, "seed {}: {together} runs of {lane:?}", self.seed);
    }

    fn complete(&mut self) {
        if !self.running.is_empty() {
            let index = self.random.below(self.running.len());
            let lane = self.running.swap_remove(index);
            if limits(&lane).counts() {
                self.backlog.release(&lane);
            }
        }
    }

    fn scan(&mut self) {
        while let Some(scan) = self.backlog.scan() {
            let of = |lane: &&Lane| lane.scope == scan.scope && lane.workflow == scan.workflow;
            let found: Vec<(String, i8)> = self
                .queued
                .iter()
                .filter(|(lane, waiting)| of(lane) && !waiting.is_empty())
                .filter(|(lane, _)| scan.after.as_ref().is_none_or(|after| lane.key > *after))
                .map(|(lane, waiting)| (lane.key.clone(), waiting[0].0.0))
                .take(scan.limit)
                .collect();
            self.backlog.scanned(&scan, &found);
        }
    }

    /// One round of the dispatcher; gives what it started.
    fn dispatch(&mut self, room: usize) -> Vec<Lane> {
        self.backlog.tick(self.now);
        self.scan();
        let asks = self.backlog.plan(room, self.now);
        let mut order = Vec::new();
        for ask in asks {
            let waiting = self.queued.entry((*ask.lane).clone()).or_default();
            let open = waiting.len() >= ask.rows;
            let some: Vec<Waiting> = waiting.drain(..ask.starts.min(waiting.len())).collect();
            let mut priority = None;
            for (level, _) in &some {
                priority = Some(level.0);
                if limits(&ask.lane).counts() {
                    self.backlog.start(&ask.lane, limits(&ask.lane), self.now);
                }
                self.starts(ask.lane.clone());
                order.push((*ask.lane).clone());
            }
            // A run may be queued between the look and its answer; it counts then.
            if self.random.below(8) == 0 {
                self.number += 1;
                self.queued.entry((*ask.lane).clone()).or_default().push((std::cmp::Reverse(0), self.number));
                self.backlog.append(workspace(ask.lane.scope), &ask.lane, 0, Some(limits(&ask.lane)));
            }
            let found = Found { limits: Some(limits(&ask.lane)), priority, open, retry: false };
            self.backlog.answer(&ask.lane, found, self.now);
        }
        order
    }

    fn make_sure(&mut self) {
        let workflows: HashSet<(ScopeId, String)> = self
            .queued
            .iter()
            .filter(|(_, waiting)| !waiting.is_empty())
            .map(|(lane, _)| (lane.scope, lane.workflow.clone()))
            .collect();
        for (scope, workflow) in workflows {
            self.backlog.seen(workspace(scope), scope, &workflow, false);
        }
    }

    fn left(&self) -> usize {
        self.queued.values().map(Vec::len).sum()
    }
}

#[test]
fn limits_hold_lanes_keep_their_order_and_every_run_gets_its_turn() {
    for seed in 0..10 {
        let mut world = World::new(seed, true);
        for _ in 0..STEPS {
            match world.random.below(10) {
                0..=3 => world.arrive(true),
                4 => world.complete(),
                5 => world.now += world.random.below(20) as i64,
                _ => {
                    let room = world.random.below(6);
                    world.dispatch(room);
                }
            }
        }
        drain(&mut world);
    }
}

#[test]
fn runs_that_nobody_told_of_are_found() {
    for seed in 0..10 {
        let mut world = World::new(seed, false);
        for _ in 0..STEPS / 3 {
            match world.random.below(6) {
                0 | 1 => {
                    let hinted = world.random.below(2) == 0;
                    world.arrive(hinted);
                }
                2 => world.complete(),
                3 => world.now += 5,
                4 if world.random.below(20) == 0 => world.make_sure(),
                _ => drop(world.dispatch(3)),
            }
        }
        drain(&mut world);
    }
}

/// Nothing new comes; everything ends sometime.
fn drain(world: &mut World) {
    for _ in 0..100_000 {
        if world.left() == 0 && world.running.is_empty() {
            break;
        }
        world.complete();
        world.now += 10;
        world.make_sure();
        world.dispatch(4);
    }
    assert_eq!(world.left(), 0, "seed {}: runs are left in the queue", world.seed);
}

fn append(backlog: &mut Backlog, scope: i64, workflow: &str, key: &str, priority: i8, limits: Limits) {
    let lane = Lane { scope: ScopeId(scope), workflow: workflow.into(), key: key.into() };
    backlog.append(workspace(ScopeId(scope)), &lane, priority, Some(limits));
}

/// The lanes of the next starts, each alone, out of a backlog that never ends.
fn turns(backlog: &mut Backlog, count: usize) -> Vec<String> {
    let mut order = Vec::new();
    while order.len() < count {
        let asks = backlog.plan(1, 0);
        let [ask] = &asks[..] else { panic!("one lane has its turn: {asks:?}") };
        order.push(format!("{}/{}/{}", workspace(ask.lane.scope), ask.lane.workflow, ask.lane.key));
        backlog.answer(&ask.lane, Found { open: true, ..Found::default() }, 0);
    }
    order
}

#[test]
fn workspaces_take_turns_then_their_workflows_then_the_keys() {
    let mut backlog = Backlog::default();
    for key in ["1", "2", "3", "4", "5"] {
        append(&mut backlog, 1, "much", key, 0, Limits::default());
    }
    append(&mut backlog, 1, "little", "", 0, Limits::default());
    append(&mut backlog, 2, "other", "", 0, Limits::default());
    let order = turns(&mut backlog, 8);
    assert_eq!(
        order,
        ["a/much/1", "b/other/", "a/little/", "b/other/", "a/much/2", "b/other/", "a/little/", "b/other/"]
    );
}

#[test]
fn a_higher_priority_comes_first_within_its_workspace_only() {
    let mut backlog = Backlog::default();
    append(&mut backlog, 1, "low", "", 0, Limits::default());
    append(&mut backlog, 1, "high", "", 50, Limits::default());
    append(&mut backlog, 2, "other", "", -100, Limits::default());
    assert_eq!(turns(&mut backlog, 4), ["a/high/", "b/other/", "a/high/", "b/other/"]);
}

#[test]
fn one_plan_shares_its_room_evenly() {
    let mut backlog = Backlog::default();
    for workflow in ["x", "y"] {
        append(&mut backlog, 1, workflow, "", 0, Limits::default());
    }
    append(&mut backlog, 2, "z", "", 0, Limits { concurrency: Some(7), ..Limits::default() });
    let mut starts: Vec<(String, usize)> =
        backlog.plan(100, 0).into_iter().map(|ask| (ask.lane.workflow.clone(), ask.starts)).collect();
    starts.sort();
    assert_eq!(starts[2], ("z".to_owned(), 7), "a limit leaves its share to the others");
    assert_eq!(starts.iter().map(|(_, starts)| starts).sum::<usize>(), 100);
    assert!(starts[0].1.abs_diff(starts[1].1) <= 1, "{starts:?}");
}

#[test]
fn only_the_lane_that_got_a_place_back_is_looked_at() {
    let mut backlog = Backlog::default();
    let one = Limits { concurrency: Some(1), ..Limits::default() };
    for key in 0..100 {
        append(&mut backlog, 1, "keys", &key.to_string(), 0, one);
    }
    let asks = backlog.plan(1_000, 0);
    assert_eq!(asks.len(), 100);
    for ask in &asks {
        backlog.start(&ask.lane, one, 0);
        backlog.answer(&ask.lane, Found { open: true, ..Found::default() }, 0);
    }
    assert!(backlog.plan(1_000, 0).is_empty(), "all are full");
    assert!(!backlog.is_pressing(), "a full workflow holds nobody else up");
    backlog.release(&asks[42].lane);
    let again = backlog.plan(1_000, 0);
    assert_eq!(again.iter().map(|ask| &ask.lane).collect::<Vec<_>>(), [&asks[42].lane]);
}

#[test]
fn the_picture_stays_small_however_many_keys_there_are_and_misses_none() {
    let mut world = World::new(1, true);
    let keys = 20_000;
    for key in 0..keys {
        let lane = Lane { scope: ScopeId(1), workflow: "free".into(), key: key.to_string() };
        world.queued.insert(lane.clone(), vec![(std::cmp::Reverse(0), key)]);
        world.backlog.append("a", &lane, 0, Some(Limits::default()));
        assert!(world.backlog.known() <= 1_024);
    }
    let mut started = HashSet::new();
    for _ in 0..keys {
        if world.backlog.is_ready() || world.backlog.wants_scan() {
            // Its own random arrivals would make it another test.
            world.random = Random(3);
            started.extend(world.dispatch(256).into_iter().map(|lane| lane.key));
            assert!(world.backlog.known() <= 4_096, "{} lanes are known", world.backlog.known());
        }
        world.running.clear();
        if started.len() as u64 == keys {
            break;
        }
    }
    assert_eq!(started.len() as u64, keys, "every key had its turn");
}

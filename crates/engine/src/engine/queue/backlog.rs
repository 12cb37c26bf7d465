//! Which lanes have queued runs, and whose turn it is. Pure: it knows neither store nor clock.
//!
//! The picture is small, whatever the backlog: it holds lanes, not runs, and of each workflow only a window of those
//! lanes that are ready. The others are found by scanning on from where the window ends, in the order of their keys,
//! so that every lane comes into the window again and again.
//!
//! A place goes to the workspaces in turn; within one to its highest priority; there to the workflows in turn; within
//! one to its lanes in turn. A lane that has reached a limit leaves the turns until a place or time gives it back.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use model::workflow::Fairness;
use model::{RunId, ScopeId};
use store::Lane;

use super::window::Window;

/// Ready lanes kept of all workflows together, and of one workflow at most and at least.
const ALL_LANES: usize = 65_536;
const MOST_LANES: usize = 1_024;
const LEAST_LANES: usize = 16;
/// Rows looked at in a lane whose runs wait for a quiet time: newer ones decide about older ones.
const DEBOUNCED_ROWS: usize = 256;
/// Lanes are swept for idle ones when there are so many.
const FIRST_SWEEP: usize = 1_024;

/// What limits the runs of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Runs at the same time.
    pub concurrency: Option<u32>,
    /// Starts, and in how many milliseconds.
    pub rate: Option<(u32, i64)>,
    /// Its events wait for a quiet time.
    pub debounced: bool,
}

impl Limits {
    /// The limits that a workflow sets.
    pub fn of(fairness: &Fairness) -> Limits {
        Limits {
            concurrency: fairness.concurrency.map(|limit| limit.max(1)),
            rate: fairness.rate.map(|rate| (rate.count.max(1), (rate.per.0.as_millis() as i64).max(1))),
            debounced: fairness.debounce.is_some(),
        }
    }

    /// Its runs are counted.
    pub fn counts(&self) -> bool {
        self.concurrency.is_some() || self.rate.is_some()
    }
}

/// A lane to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The lane.
    pub lane: Arc<Lane>,
    /// How many of its runs may start.
    pub starts: usize,
    /// How many of its rows are needed to decide which.
    pub rows: usize,
    /// Runs of it that have been started, and whose rows may not say so yet.
    pub begun: Vec<RunId>,
}

/// What a look at a lane has brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Limits of the runs that were found.
    pub limits: Option<Limits>,
    /// Priority of the last one.
    pub priority: Option<i8>,
    /// More runs may be queued.
    pub open: bool,
    /// What is queued could not be started just now.
    pub retry: bool,
}

/// A part of a workflow's lanes to look for.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    flow: u32,
    /// Scope of the workflow.
    pub scope: ScopeId,
    /// The workflow.
    pub workflow: String,
    /// Key after which it begins; absent: at the first.
    pub after: Option<String>,
    /// Number of lanes wanted.
    pub limit: usize,
}

/// What is known of a lane that has queued runs, running runs, or starts that still count.
#[derive(Debug, Default)]
struct State {
    flow: u32,
    running: u32,
    starts: Window,
    /// Queued runs may be stored.
    backlog: bool,
    /// It may have a turn; false while a limit holds it.
    ready: bool,
    /// Priority of its head, as far as is known.
    priority: i8,
    /// Priority of the ring that has its entry, and the entry's number. Other entries are old ones.
    placed: Option<(i8, u64)>,
    /// It is being looked at.
    asked: bool,
    /// Something was queued while it was looked at.
    again: bool,
    /// A time gives it back.
    due: Option<i64>,
}

/// What is known of a workflow.
#[derive(Debug)]
struct Flow {
    name: (ScopeId, String),
    workspace: Arc<str>,
    /// Of the newest run that was seen; absent until one was.
    limits: Option<Limits>,
    /// Number of lanes that have a state, and of those that are ready.
    lanes: usize,
    ready: usize,
    rings: BTreeMap<Reverse<i8>, VecDeque<(Arc<Lane>, u64)>>,
    /// Where the next scan begins.
    cursor: Option<String>,
    /// Lanes beyond the window are stored, between the cursor and the end.
    more: bool,
    /// And between the start and the cursor.
    missed: bool,
    /// One scan is wanted to make sure that no hint was lost.
    probe: bool,
    /// It is in the list of those that may want a scan.
    listed: bool,
}

impl Flow {
    /// No limit keeps its runs apart from those of others.
    fn is_free(&self) -> bool {
        self.limits.is_none_or(|limits| !limits.counts() && !limits.debounced)
    }
}

#[derive(Debug, Default)]
struct Space {
    listed: bool,
    levels: BTreeMap<Reverse<i8>, VecDeque<u32>>,
}

/// See the module's description.
#[derive(Debug, Default)]
pub struct Backlog {
    lanes: HashMap<Arc<Lane>, State>,
    flows: HashMap<u32, Flow>,
    flow_ids: HashMap<(ScopeId, String), u32>,
    last_flow: u32,
    spaces: HashMap<Arc<str>, Space>,
    turns: VecDeque<Arc<str>>,
    due: BTreeSet<(i64, Arc<Lane>)>,
    /// Lanes to try again soon.
    later: Vec<Arc<Lane>>,
    scans: VecDeque<u32>,
    /// Number of ready lanes, and of those that no limit keeps apart.
    ready: usize,
    free: usize,
    /// Lanes were left for want of room.
    cut: bool,
    last_entry: u64,
    sweep_at: usize,
}

impl Backlog {
    /// A run of this lane is queued; `limits` when its definition is at hand.
    pub fn append(&mut self, workspace: &str, lane: &Lane, priority: i8, limits: Option<Limits>) {
        let id = self.flow(workspace, lane.scope, &lane.workflow);
        if let Some(limits) = limits {
            self.limit(id, limits);
        }
        if !self.lanes.contains_key(lane) && self.is_full(id) {
            let Some(flow) = self.flows.get_mut(&id) else { return };
            (flow.more, flow.missed) = (true, true);
            return self.list(id);
        }
        self.discover(id, lane, priority);
    }

    /// Queued runs of this workflow are stored. `all`: in lanes that may all be unknown.
    pub fn seen(&mut self, workspace: &str, scope: ScopeId, workflow: &str, all: bool) {
        let id = self.flow(workspace, scope, workflow);
        let Some(flow) = self.flows.get_mut(&id) else { return };
        if all || flow.lanes == 0 {
            (flow.cursor, flow.more, flow.missed) = (None, true, false);
        } else {
            flow.probe = true;
        }
        self.list(id);
    }

    /// The next lanes to look for, if the windows have room.
    pub fn scan(&mut self) -> Option<Scan> {
        let window = self.window();
        while let Some(id) = self.scans.pop_front() {
            let Some(flow) = self.flows.get_mut(&id) else { continue };
            flow.listed = false;
            if (flow.more && flow.ready <= window / 2) || flow.probe {
                flow.probe = false;
                let (scope, workflow) = flow.name.clone();
                let after = flow.cursor.clone();
                return Some(Scan { flow: id, scope, workflow, after, limit: (window / 2).max(1) });
            }
        }
        None
    }

    /// What a scan has found: keys and priorities, in order.
    pub fn scanned(&mut self, scan: &Scan, found: &[(String, i8)]) {
        for (key, priority) in found {
            let lane = Lane { scope: scan.scope, workflow: scan.workflow.clone(), key: key.clone() };
            self.discover(scan.flow, &lane, *priority);
        }
        let Some(flow) = self.flows.get_mut(&scan.flow) else { return };
        if found.len() >= scan.limit {
            flow.cursor = found.last().map(|(key, _)| key.clone());
        } else {
            flow.cursor = None;
            flow.more = std::mem::take(&mut flow.missed);
        }
        let more = flow.more;
        if more {
            self.list(scan.flow);
        }
        self.forget_flow(scan.flow);
    }

    /// A scan could not be made.
    pub fn not_scanned(&mut self, scan: &Scan) {
        if let Some(flow) = self.flows.get_mut(&scan.flow) {
            flow.probe = true;
        }
        self.list(scan.flow);
    }

    /// Takes a place for a run that is not queued, unless it has to wait for its turn.
    pub fn take(&mut self, workspace: &str, lane: &Lane, limits: Limits, now: i64) -> Option<Arc<Lane>> {
        let id = self.flow(workspace, lane.scope, &lane.workflow);
        self.limit(id, limits);
        self.sweep(now);
        let more = self.flows.get(&id).is_some_and(|flow| flow.more);
        let (key, state) = self.state(id, lane);
        let free = !state.backlog && !more && allowance(Some(limits), state, now) > 0;
        if free {
            count(state, limits, now);
            return Some(key);
        }
        self.forget(&key);
        None
    }

    /// Counts a run that goes on whatever the limits say.
    pub fn force(&mut self, workspace: &str, lane: &Lane, limits: Limits) -> Arc<Lane> {
        let id = self.flow(workspace, lane.scope, &lane.workflow);
        if self.flows.get(&id).is_some_and(|flow| flow.limits.is_none()) {
            self.limit(id, limits);
        }
        let (key, state) = self.state(id, lane);
        state.running += 1;
        key
    }

    /// Counts a run that is started out of its lane.
    pub fn start(&mut self, lane: &Arc<Lane>, limits: Limits, now: i64) {
        if let Some(state) = self.lanes.get_mut(lane) {
            count(state, limits, now);
        }
    }

    /// A counted run has ended, or waits.
    pub fn release(&mut self, lane: &Arc<Lane>) {
        let Some(state) = self.lanes.get_mut(lane) else { return };
        state.running = state.running.saturating_sub(1);
        let held = state.backlog && !state.ready && !state.asked && state.due.is_none();
        if held {
            self.make_ready(lane, None);
        }
        self.forget(lane);
    }

    /// Lanes whose time has come may have a turn.
    pub fn tick(&mut self, now: i64) {
        while self.due.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, lane)) = self.due.pop_first() else { return };
            let Some(state) = self.lanes.get_mut(&lane) else { continue };
            state.due = None;
            if state.backlog {
                self.make_ready(&lane, None);
            }
        }
    }

    /// Lanes whose head could not be started are waiting for another try.
    pub fn wants_retry(&self) -> bool {
        !self.later.is_empty()
    }

    /// These lanes may have a turn again.
    pub fn retry(&mut self) {
        for lane in std::mem::take(&mut self.later) {
            if self.lanes.get(&lane).is_some_and(|state| state.backlog) {
                self.make_ready(&lane, None);
            }
        }
    }

    /// The next time at which a lane is given back.
    pub fn next_due(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Shares `room` places out among the lanes that are ready.
    pub fn plan(&mut self, room: usize, now: i64) -> Vec<Ask> {
        self.sweep(now);
        let mut asks: Vec<Ask> = Vec::new();
        let mut numbers: HashMap<Arc<Lane>, usize> = HashMap::new();
        let mut left = room;
        while left > 0 {
            let Some(lane) = self.next_lane() else { break };
            let Some(state) = self.lanes.get_mut(&lane) else { continue };
            let limits = self.flows.get(&state.flow).and_then(|flow| flow.limits);
            let allowed = allowance(limits, state, now);
            if allowed == 0 && !limits.is_some_and(|limits| limits.debounced) {
                self.block(&lane, now);
                continue;
            }
            state.asked = true;
            let number = *numbers.entry(lane.clone()).or_insert_with(|| {
                asks.push(Ask { lane: lane.clone(), starts: 0, rows: 0, begun: Vec::new() });
                asks.len() - 1
            });
            let ask = &mut asks[number];
            if limits.is_some_and(|limits| limits.debounced) {
                (ask.starts, ask.rows) = (allowed.min(left), DEBOUNCED_ROWS);
                left -= ask.starts.max(1);
                continue;
            }
            ask.starts += 1;
            ask.rows = ask.starts;
            left -= 1;
            if ask.starts < allowed {
                self.place(&lane, None);
            }
        }
        self.cut = left == 0 && self.ready > 0;
        asks
    }

    /// A lane was looked at.
    pub fn answer(&mut self, lane: &Arc<Lane>, found: Found, now: i64) {
        let Some(state) = self.lanes.get_mut(lane) else { return };
        let id = state.flow;
        state.asked = false;
        state.priority = found.priority.unwrap_or(state.priority);
        let again = std::mem::take(&mut state.again);
        if let Some(limits) = found.limits
            && self.flows.get(&id).is_some_and(|flow| flow.limits.is_none())
        {
            self.limit(id, limits);
        }
        let limits = self.flows.get(&id).and_then(|flow| flow.limits);
        let Some(state) = self.lanes.get_mut(lane) else { return };
        if again {
            self.make_ready(lane, None);
        } else if found.retry {
            self.unready(lane);
            self.later.push(lane.clone());
        } else if !found.open {
            state.backlog = false;
            self.unready(lane);
        } else if allowance(limits, state, now) == 0 {
            self.block(lane, now);
        } else {
            self.make_ready(lane, None);
        }
        self.forget(lane);
    }

    /// Runs that no limit holds back wait for their turn: a new one must not overtake them.
    pub fn is_pressing(&self) -> bool {
        self.cut || self.free > 0
    }

    /// A lane may have a turn, as soon as there is room.
    pub fn is_ready(&self) -> bool {
        self.ready > 0
    }

    /// Lanes wait to be scanned for.
    pub fn wants_scan(&self) -> bool {
        !self.scans.is_empty()
    }

    /// The lanes that something is kept of.
    #[cfg(test)]
    pub fn known(&self) -> usize {
        self.lanes.len()
    }

    fn window(&self) -> usize {
        (ALL_LANES / self.flows.len().max(1)).clamp(LEAST_LANES, MOST_LANES)
    }

    fn is_full(&self, id: u32) -> bool {
        self.flows.get(&id).is_some_and(|flow| flow.ready >= self.window())
    }

    fn flow(&mut self, workspace: &str, scope: ScopeId, workflow: &str) -> u32 {
        let name = (scope, workflow.to_owned());
        if let Some(id) = self.flow_ids.get(&name) {
            return *id;
        }
        self.last_flow = self.last_flow.wrapping_add(1);
        let id = self.last_flow;
        let known = self.spaces.get_key_value(workspace).map(|(name, _)| name.clone());
        let flow = Flow {
            name: name.clone(),
            workspace: known.unwrap_or_else(|| workspace.into()),
            limits: None,
            lanes: 0,
            ready: 0,
            rings: BTreeMap::new(),
            cursor: None,
            more: false,
            missed: false,
            probe: false,
            listed: false,
        };
        self.flows.insert(id, flow);
        self.flow_ids.insert(name, id);
        id
    }

    fn state(&mut self, id: u32, lane: &Lane) -> (Arc<Lane>, &mut State) {
        let key = match self.lanes.get_key_value(lane) {
            Some((key, _)) => key.clone(),
            None => {
                if let Some(flow) = self.flows.get_mut(&id) {
                    flow.lanes += 1;
                }
                Arc::new(lane.clone())
            }
        };
        let state = self.lanes.entry(key.clone()).or_insert_with(|| State { flow: id, ..State::default() });
        (key, state)
    }

    fn discover(&mut self, id: u32, lane: &Lane, priority: i8) {
        let (key, state) = self.state(id, lane);
        if state.asked {
            state.again = true;
        }
        if !state.backlog {
            state.backlog = true;
            self.make_ready(&key, Some(priority));
        } else if state.ready && state.placed.is_some_and(|(placed, _)| placed < priority) {
            self.place(&key, Some(priority));
        }
    }

    /// Sets a workflow's limits; lanes that the old ones held are looked at again.
    fn limit(&mut self, id: u32, limits: Limits) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        if flow.limits == Some(limits) {
            return;
        }
        let was_free = flow.is_free();
        let known = flow.limits.replace(limits).is_some();
        match (was_free, flow.is_free()) {
            (true, false) => self.free -= flow.ready,
            (false, true) => self.free += flow.ready,
            _ => {}
        }
        if known {
            let held = |state: &State| state.flow == id && state.backlog && !state.ready && !state.asked;
            let lanes: Vec<Arc<Lane>> =
                self.lanes.iter().filter(|(_, state)| held(state)).map(|(lane, _)| lane.clone()).collect();
            lanes.iter().for_each(|lane| self.make_ready(lane, None));
        }
    }

    fn list(&mut self, id: u32) {
        if let Some(flow) = self.flows.get_mut(&id)
            && !std::mem::replace(&mut flow.listed, true)
        {
            self.scans.push_back(id);
        }
    }

    fn make_ready(&mut self, lane: &Arc<Lane>, priority: Option<i8>) {
        let Some(state) = self.lanes.get_mut(lane) else { return };
        if let Some(at) = state.due.take() {
            self.due.remove(&(at, lane.clone()));
        }
        let Some(state) = self.lanes.get_mut(lane) else { return };
        if !std::mem::replace(&mut state.ready, true) {
            self.ready += 1;
            if let Some(flow) = self.flows.get_mut(&state.flow) {
                flow.ready += 1;
                self.free += usize::from(flow.is_free());
            }
        }
        let higher = state.placed.is_none_or(|(placed, _)| priority.is_some_and(|priority| priority > placed));
        if !state.asked && higher {
            self.place(lane, priority);
        }
    }

    fn unready(&mut self, lane: &Arc<Lane>) {
        let Some(state) = self.lanes.get_mut(lane) else { return };
        if !std::mem::replace(&mut state.ready, false) {
            return;
        }
        self.ready -= 1;
        let (id, window) = (state.flow, self.window());
        let Some(flow) = self.flows.get_mut(&id) else { return };
        flow.ready -= 1;
        self.free -= usize::from(flow.is_free());
        if flow.more && flow.ready <= window / 2 {
            self.list(id);
        }
    }

    /// A limit holds the lane.
    fn block(&mut self, lane: &Arc<Lane>, now: i64) {
        self.unready(lane);
        let Some(state) = self.lanes.get_mut(lane) else { return };
        let limits = self.flows.get(&state.flow).and_then(|flow| flow.limits).unwrap_or_default();
        let full = limits.concurrency.is_some_and(|limit| state.running >= limit);
        // The end of a run gives it back; otherwise the time at which a start no longer counts.
        if !full && let Some((count, per)) = limits.rate {
            let at = state.starts.free_at(count, per, now);
            self.wait_until(lane, at);
        }
    }

    fn wait_until(&mut self, lane: &Arc<Lane>, at: i64) {
        let Some(state) = self.lanes.get_mut(lane) else { return };
        if let Some(known) = state.due.replace(at) {
            self.due.remove(&(known, lane.clone()));
        }
        self.due.insert((at, lane.clone()));
    }

    /// Puts the lane at the end of the ring of its priority.
    fn place(&mut self, lane: &Arc<Lane>, priority: Option<i8>) {
        let Some(state) = self.lanes.get_mut(lane) else { return };
        let priority = priority.unwrap_or(state.priority);
        self.last_entry += 1;
        state.priority = priority;
        state.placed = Some((priority, self.last_entry));
        let id = state.flow;
        let Some(flow) = self.flows.get_mut(&id) else { return };
        let level = Reverse(priority);
        let ring = flow.rings.entry(level).or_default();
        ring.push_back((lane.clone(), self.last_entry));
        if ring.len() > 1 {
            return;
        }
        let space = self.spaces.entry(flow.workspace.clone()).or_default();
        space.levels.entry(level).or_default().push_back(id);
        if !std::mem::replace(&mut space.listed, true) {
            self.turns.push_back(flow.workspace.clone());
        }
    }

    /// The lane whose turn it is; its workflow and its workspace go to the end of their rings.
    fn next_lane(&mut self) -> Option<Arc<Lane>> {
        loop {
            let name = self.turns.front()?.clone();
            let space = self.spaces.entry(name.clone()).or_default();
            let Some(mut level) = space.levels.first_entry() else {
                self.turns.pop_front();
                self.spaces.remove(&name);
                continue;
            };
            let priority = level.key().0;
            let Some(id) = level.get().front().copied() else {
                level.remove();
                continue;
            };
            let ring = self.flows.get_mut(&id).and_then(|flow| flow.rings.get_mut(&Reverse(priority)));
            let next = ring.and_then(|ring| ring.pop_front().map(|entry| (entry, ring.is_empty())));
            let Some(((lane, entry), last)) = next else {
                level.get_mut().pop_front();
                if let Some(flow) = self.flows.get_mut(&id) {
                    flow.rings.remove(&Reverse(priority));
                }
                self.forget_flow(id);
                continue;
            };
            let Some(state) = self.lanes.get_mut(&lane) else { continue };
            if state.placed != Some((priority, entry)) {
                continue;
            }
            state.placed = None;
            if !state.ready {
                self.forget(&lane);
                continue;
            }
            level.get_mut().pop_front();
            if !last {
                level.get_mut().push_back(id);
            } else if let Some(flow) = self.flows.get_mut(&id) {
                flow.rings.remove(&Reverse(priority));
            }
            self.turns.rotate_left(1);
            return Some(lane);
        }
    }

    /// Drops what is known of a lane when that is nothing.
    fn forget(&mut self, lane: &Arc<Lane>) {
        let Some(state) = self.lanes.get(lane) else { return };
        if state.is_idle() && state.starts.is_empty() {
            let id = state.flow;
            self.lanes.remove(lane);
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.lanes -= 1;
            }
            self.forget_flow(id);
        }
    }

    fn forget_flow(&mut self, id: u32) {
        if let Some(flow) = self.flows.get(&id)
            && flow.lanes == 0
            && !flow.more
            && !flow.probe
            && flow.rings.values().all(VecDeque::is_empty)
        {
            let name = flow.name.clone();
            self.flows.remove(&id);
            self.flow_ids.remove(&name);
        }
    }

    /// Drops lanes whose starts no longer count, once there are twice as many lanes as after the last time.
    fn sweep(&mut self, now: i64) {
        if self.lanes.len() < self.sweep_at.max(FIRST_SWEEP) {
            return;
        }
        let mut idle = Vec::new();
        for (lane, state) in &mut self.lanes {
            let limits = self.flows.get(&state.flow).and_then(|flow| flow.limits);
            state.starts.expire(limits.and_then(|limits| limits.rate).map_or(0, |(_, per)| per), now);
            if state.is_idle() && state.starts.is_empty() {
                idle.push(lane.clone());
            }
        }
        idle.iter().for_each(|lane| self.forget(lane));
        self.sweep_at = self.lanes.len() * 2;
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.running == 0 && !self.backlog && !self.ready && !self.asked && self.placed.is_none() && self.due.is_none()
    }
}

/// How many runs of the lane may start now. Without known limits one may: whatever the limit is, it allows that.
fn allowance(limits: Option<Limits>, state: &mut State, now: i64) -> usize {
    let Some(limits) = limits else { return usize::from(state.running == 0) };
    let places = limits.concurrency.map_or(usize::MAX, |limit| limit.saturating_sub(state.running) as usize);
    let starts = limits.rate.map_or(usize::MAX, |(count, per)| state.starts.left(count, per, now));
    places.min(starts)
}

fn count(state: &mut State, limits: Limits, now: i64) {
    state.running += 1;
    if let Some((_, per)) = limits.rate {
        state.starts.push(now, per);
    }
}

//! The pure heart of a run: a state, a fold over journal records, and the decisions that follow from the state.
//!
//! - [`Machine::apply`] folds one record. It never decides.
//! - [`Machine::next`] tells what has to happen next: a record to journal, a step to execute, or nothing until
//!   something comes from outside.
//! - What comes from outside (a step's result, a signal, a timer) is turned into records by `on_…`.
//!
//! No I/O, no clock, no randomness: whoever drives the machine passes times and seeds in. Recovery is
//! `records.for_each(apply)`.

mod call;
mod decide;
mod order;
mod parallel;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use model::workflow::Order;
use model::{RunId, SignalId};
use part::{NodeError, Resumed, Suspend};
use serde::{Deserialize, Serialize};

use crate::event::{CallName, CallOutcome, Event, Feed, Inputs, Move, NodeIndex, PortRecord, StepNumber};
use crate::graph::Graph;

pub use call::{CallPlan, is_put_off};
pub use decide::{Next, Verdict};

/// Where a step is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StepStatus {
    /// An attempt is under way, or has to be (again) after a crash.
    Running,
    /// The next attempt waits for its time.
    Backoff {
        /// When.
        at: i64,
    },
    /// It waits.
    Suspended(Suspend),
    /// It has put its items out.
    Completed,
    /// It failed for good.
    Failed,
    /// The run ended before it did.
    Abandoned,
}

/// A step that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveStep {
    /// Node.
    pub node: NodeIndex,
    /// How often the node ran before.
    pub run_index: u32,
    /// Input.
    pub inputs: Inputs,
    /// Where it is.
    pub status: StepStatus,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// Attempts that count against the retry policy.
    pub tries: u32,
    /// Clock reading of the attempt.
    pub at: i64,
    /// Seed of the attempt.
    pub seed: u64,
    /// Why it goes on after a suspension.
    pub resumed: Option<Resumed>,
    /// Its calls.
    #[serde(with = "pairs")]
    pub calls: BTreeMap<CallName, CallState>,
    /// Its children: (item, run).
    pub children: Vec<ChildState>,
    /// Signals that came for it and were not used: (id, name, payload).
    pub inbox: Vec<(SignalId, String, model::Value)>,
    /// Nested steps that have not failed: (number of the invocation, step).
    pub invoked: Vec<(u32, StepNumber)>,
    /// The calling step of a nested one.
    pub parent: Option<StepNumber>,
}

/// A call of a live step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallState {
    /// Epoch of its key.
    pub epoch: u32,
    /// Fingerprint of the request.
    pub fingerprint: model::Digest,
    /// How it ended; absent while that is not known.
    pub outcome: Option<CallOutcome>,
    /// It was begun under this epoch.
    pub begun: bool,
    /// It was begun more than once under one key.
    pub repeated: bool,
    /// A person decided that it is made again.
    pub allowed: bool,
}

/// A child of a live step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChildState {
    /// Item that it is for.
    pub item: Option<u32>,
    /// The child.
    pub run: RunId,
    /// Nobody waits for it.
    pub detached: bool,
    /// It has ended; its items are in the run's data under its id.
    pub ended: bool,
    /// It failed.
    pub failed: bool,
}

/// A node that may run now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// Node.
    pub node: NodeIndex,
    /// Its input.
    pub inputs: Inputs,
}

/// A future execution of a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// The join.
    pub node: NodeIndex,
    /// Number of the slot, rising per node.
    pub slot: u32,
    /// What has come: by input port, or by edge in parallel order.
    pub arrived: BTreeMap<u16, Feed>,
    /// Some of it has items.
    pub filled: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// Well.
    Completed,
    /// With an error.
    Failed,
    /// By request.
    Canceled,
}

/// What is known of a step that has ended: enough for decisions and look-ups, a few words per step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Node.
    pub node: NodeIndex,
    /// It failed for good.
    pub failed: bool,
}

/// The state of a run. See the module's description.
#[derive(Clone, Debug)]
pub struct Machine {
    graph: Arc<Graph>,
    state: State,
    /// Nodes that may run, when the run has a destination. Follows from the state and the graph.
    allowed: Option<Vec<bool>>,
}

/// The signals that came of late. The store tells a repeat of an older one by the row that it keeps; this is for those
/// that are read again before the commit that takes them out of the inbox.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<SignalId>", into = "Vec<SignalId>")]
struct Recent {
    known: HashSet<SignalId>,
    order: VecDeque<SignalId>,
}

/// Signals remembered: more than a flush can hold.
const RECENT_SIGNALS: usize = 4_096;

impl Recent {
    fn insert(&mut self, signal: SignalId) {
        if !self.known.insert(signal) {
            return;
        }
        self.order.push_back(signal);
        if self.order.len() > RECENT_SIGNALS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

impl From<Vec<SignalId>> for Recent {
    fn from(signals: Vec<SignalId>) -> Self {
        let mut recent = Recent::default();
        signals.into_iter().for_each(|signal| recent.insert(signal));
        recent
    }
}

impl From<Recent> for Vec<SignalId> {
    fn from(recent: Recent) -> Self {
        recent.order.into()
    }
}

/// What snapshots keep. Two folds of the same records give equal states, and equal snapshots.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    started: bool,
    end: Option<End>,
    cancel_requested: bool,
    paused: bool,
    /// A step failed for good and nothing handled it; the run ends when the running steps have.
    failure: Option<(StepNumber, Box<NodeError>)>,
    destination: Option<NodeIndex>,
    trigger: Option<NodeIndex>,
    ready: VecDeque<Ready>,
    slots: Vec<Slot>,
    /// Boxed: steps come and go, and a tree moves what it holds.
    live: BTreeMap<StepNumber, Box<LiveStep>>,
    /// How often each node has been started.
    run_counts: Vec<u32>,
    /// The last step of each node that put something out.
    last_done: Vec<Option<StepNumber>>,
    /// Order v0 only: outputs that had items in some step. The decision which branches nobody starts asks for it.
    had_items: BTreeSet<(NodeIndex, u16)>,
    next_step: StepNumber,
    /// The step whose items are the run's result, and its node. See [`State::remember_last`].
    last_completed: Option<(StepNumber, NodeIndex)>,
    /// Replaces the first input of the next step (a fork with edited input).
    override_input: Option<Feed>,
    /// Epochs start here for calls that are made for the first time (forks, retries after a known failure).
    base_epoch: u32,
    seen_signals: Recent,
    /// Signals that came for a step that does not wait: the next step that waits for one takes them.
    early: VecDeque<(SignalId, String, model::Value)>,
    answered: bool,
    answer_open: bool,
    step_count: u32,
    handled_errors: u32,
    /// For each node: state kept for its next run.
    kept: BTreeMap<NodeIndex, model::Value>,
    /// Step failures that can be run again when the run is reopened.
    failed: Vec<(StepNumber, Box<LiveStep>)>,
}

impl Machine {
    /// A machine before its first record.
    pub fn new(graph: Arc<Graph>) -> Self {
        let count = graph.nodes.len();
        let state = State { run_counts: vec![0; count], last_done: vec![None; count], ..State::default() };
        Machine { graph, state, allowed: None }
    }

    /// A machine out of a snapshot.
    pub fn restore(graph: Arc<Graph>, state: State) -> Self {
        let allowed = state.destination.map(|node| graph.ancestors(node));
        Machine { graph, state, allowed }
    }

    /// What a snapshot keeps.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The graph that it runs on.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// How the run ended, if it has.
    pub fn end(&self) -> Option<End> {
        self.state.end
    }

    /// Steps that have not ended.
    pub fn live(&self) -> &BTreeMap<StepNumber, Box<LiveStep>> {
        &self.state.live
    }

    /// A step that has not ended.
    pub fn live_step(&self, step: StepNumber) -> Option<&LiveStep> {
        self.state.live.get(&step).map(|step| &**step)
    }

    /// The run was asked to stop.
    pub fn cancel_requested(&self) -> bool {
        self.state.cancel_requested
    }

    /// The run is paused.
    pub fn paused(&self) -> bool {
        self.state.paused
    }

    /// Steps started.
    pub fn step_count(&self) -> u32 {
        self.state.step_count
    }

    /// Number that the next step gets.
    pub fn next_step(&self) -> StepNumber {
        self.state.next_step
    }

    /// How often a node has been started.
    pub fn run_count(&self, node: NodeIndex) -> u32 {
        self.state.run_counts[node as usize]
    }

    /// Errors absorbed.
    pub fn handled_errors(&self) -> u32 {
        self.state.handled_errors
    }

    /// The last step of a node that put something out.
    pub fn last_done(&self, node: NodeIndex) -> Option<StepNumber> {
        self.state.last_done.get(node as usize).copied().flatten()
    }

    /// The step whose items are the run's result: the one that completed last. In parallel order, where that would
    /// depend on timing, the last run of the last node in the text among the steps that nothing followed.
    pub fn last_completed(&self) -> Option<StepNumber> {
        self.state.last_completed.map(|(step, _)| step)
    }

    /// The trigger node that the run was started at.
    pub fn trigger(&self) -> Option<NodeIndex> {
        self.state.trigger
    }

    /// An answer was given or begun.
    pub fn answered(&self) -> bool {
        self.state.answered
    }

    /// A streamed answer has begun and not ended.
    pub fn answer_open(&self) -> bool {
        self.state.answer_open
    }

    /// State that a node kept.
    pub fn kept(&self, node: NodeIndex) -> Option<&model::Value> {
        self.state.kept.get(&node)
    }

    /// Node of the step that the run failed at.
    pub fn failed_node(&self) -> Option<NodeIndex> {
        let (failed, _) = self.state.failure.as_ref()?;
        self.state.failed.iter().find(|(step, _)| step == failed).map(|(_, step)| step.node)
    }

    /// Steps of a failed or cancelled run that would be run again.
    pub fn failed_steps(&self) -> impl Iterator<Item = (StepNumber, NodeIndex)> + '_ {
        self.state.failed.iter().map(|(step, live)| (*step, live.node))
    }

    /// Children that somebody waits for and that have not ended.
    pub fn waiting_children(&self) -> impl Iterator<Item = RunId> + '_ {
        let live = self.state.live.values().chain(self.state.failed.iter().map(|(_, step)| step));
        live.flat_map(|step| &step.children).filter(|child| !child.ended && !child.detached).map(|child| child.run)
    }

    /// Epoch of calls that are made for the first time.
    pub fn base_epoch(&self) -> u32 {
        self.state.base_epoch
    }

    /// A signal of that id was received before.
    pub fn has_seen(&self, signal: SignalId) -> bool {
        self.state.seen_signals.known.contains(&signal)
    }

    /// Calls whose outcome is not known, of steps that are not running an attempt.
    pub fn uncertain_count(&self) -> u32 {
        let unknown = |call: &&CallState| matches!(call.outcome, Some(CallOutcome::Unknown(_)));
        self.state.live.values().map(|step| step.calls.values().filter(unknown).count() as u32).sum()
    }

    /// The earliest time at which the run goes on by itself.
    pub fn next_timer(&self) -> Option<i64> {
        self.state.live.values().filter_map(|step| step.wakes_at()).min()
    }

    /// Steps whose items something is about to read: ready nodes, joins, live steps and those that would be run again,
    /// `$('Node')` and the run's result. All others may leave memory.
    pub fn steps_in_use(&self) -> HashSet<StepNumber> {
        let state = &self.state;
        let ready = state.ready.iter().flat_map(|ready| ready.inputs.iter().flatten());
        let slots = state.slots.iter().flat_map(|slot| slot.arrived.values());
        let unfinished = || state.live.values().chain(state.failed.iter().map(|(_, step)| step));
        let inputs = unfinished().flat_map(|step| step.inputs.iter().flatten());
        let nested = unfinished().flat_map(|step| step.invoked.iter().map(|(_, nested)| *nested));
        ready
            .chain(slots)
            .chain(inputs)
            .chain(&state.override_input)
            .map(|feed| feed.step)
            .chain(nested)
            .chain(state.last_done.iter().flatten().copied())
            .chain(state.last_completed.map(|(step, _)| step))
            .collect()
    }

    /// Folds one record.
    pub fn apply(&mut self, event: &Event) {
        let state = &mut self.state;
        match event {
            Event::RunStarted { trigger, output, out, moves, destination, .. } => {
                state.started = true;
                state.trigger = *trigger;
                state.next_step = 1;
                state.destination = *destination;
                self.allowed = destination.map(|node| self.graph.ancestors(node));
                if let Some(node) = trigger {
                    state.run_counts[*node as usize] = 1;
                    state.last_done[*node as usize] = Some(0);
                    if self.graph.order == Order::V0 && !out.is_empty() {
                        state.had_items.insert((*node, *output));
                    }
                }
                state.last_completed = trigger.map(|node| (0, node));
                state.make(moves);
            }
            Event::Forked { step, .. } => {
                state.end = None;
                state.failure = None;
                state.cancel_requested = false;
                state.paused = false;
                state.base_epoch += 1;
                // Nobody waits for an answer any more, and no live step of the other run is ours.
                state.answered = true;
                state.answer_open = false;
                if let Some(step) = step {
                    state.next_step = step + 1;
                    state.override_input = Some(Feed { step: *step, output: 0 });
                }
            }
            Event::Reopened { at, .. } => {
                state.end = None;
                state.failure = None;
                state.cancel_requested = false;
                for (number, mut step) in std::mem::take(&mut state.failed) {
                    step.status = StepStatus::Backoff { at: *at };
                    step.tries = 1;
                    step.forget_failures();
                    state.live.insert(number, step);
                }
            }
            Event::StepStarted { s, n, run_index, i, at, seed, .. } => {
                let taken = state.ready.iter().position(|ready| ready.node == *n);
                if let Some(position) = taken {
                    state.ready.remove(position);
                }
                state.override_input = None;
                state.next_step = s + 1;
                state.run_counts[*n as usize] = run_index + 1;
                state.step_count += 1;
                state.live.insert(*s, Box::new(LiveStep::new(*n, *run_index, i.clone(), *at, *seed, None)));
            }
            Event::Invoked { s, n, parent, k, at, seed, .. } => {
                state.next_step = s + 1;
                let run_index = state.run_counts[*n as usize];
                state.run_counts[*n as usize] += 1;
                state.step_count += 1;
                let step = LiveStep::new(*n, run_index, Inputs::default(), *at, *seed, Some(*parent));
                state.live.insert(*s, Box::new(step));
                if let Some(calling) = state.live.get_mut(parent) {
                    calling.invoked.push((*k, *s));
                }
            }
            Event::AttemptStarted { s, at, seed, .. } => {
                if let Some(step) = state.live.get_mut(s) {
                    step.status = StepStatus::Running;
                    step.attempt += 1;
                    (step.at, step.seed) = (*at, *seed);
                }
            }
            Event::CallIntended { s, call, epoch, fingerprint } => {
                if let Some(step) = state.live.get_mut(s) {
                    let repeated = step.calls.get(call).is_some_and(|known| known.begun && known.epoch == *epoch);
                    let intended = CallState {
                        epoch: *epoch,
                        fingerprint: *fingerprint,
                        outcome: None,
                        begun: true,
                        repeated,
                        allowed: false,
                    };
                    step.calls.insert(call.clone(), intended);
                }
            }
            Event::CallEnded { s, call, epoch, outcome } => {
                if let Some(known) = state.live.get_mut(s).and_then(|step| step.calls.get_mut(call))
                    && known.epoch == *epoch
                {
                    known.outcome = Some(outcome.clone());
                }
            }
            Event::CallSettled { s, settle, .. } => {
                if let Some(step) = state.live.get_mut(s) {
                    step.settle(settle);
                }
            }
            Event::StepCompleted { s, out, moves, state: kept, error, .. } => {
                let Some(step) = state.live.remove(s) else { return };
                state.forget_nested(*s);
                state.early.extend(step.inbox);
                if let Some(kept) = kept {
                    state.kept.insert(step.node, kept.clone());
                }
                state.handled_errors += u32::from(error.is_some());
                if step.parent.is_none() {
                    if out.iter().any(|port| !matches!(port, PortRecord::Nothing)) {
                        state.last_done[step.node as usize] = Some(*s);
                    }
                    if self.graph.order == Order::V0 {
                        let full = (0..).zip(out).filter(|(_, port)| !port.is_empty());
                        state.had_items.extend(full.map(|(port, _)| (step.node, port)));
                    }
                    let parallel = self.graph.order == Order::Parallel;
                    state.remember_last(*s, step.node, parallel, moves.is_empty());
                }
                state.make(moves);
            }
            Event::AttemptFailed { s, next, counted, .. } => {
                if let Some(step) = state.live.get_mut(s) {
                    step.status = StepStatus::Backoff { at: *next };
                    step.tries += u32::from(*counted);
                    step.forget_failures();
                }
            }
            Event::StepFailed { s, error, .. } => {
                let Some(mut step) = state.live.remove(s) else { return };
                state.forget_nested(*s);
                step.status = StepStatus::Failed;
                if let Some(calling) = step.parent.and_then(|parent| state.live.get_mut(&parent)) {
                    calling.invoked.retain(|(_, nested)| nested != s);
                }
                if step.parent.is_none() {
                    // The failure that a reader sees does not depend on which of several came first.
                    let earlier = |other: &(StepNumber, Box<NodeError>)| {
                        let node = |number: &StepNumber| {
                            state.failed.iter().find(|(step, _)| step == number).map(|(_, step)| step.node)
                        };
                        node(&other.0).is_some_and(|node| node <= step.node)
                    };
                    if !state.failure.as_ref().is_some_and(earlier) {
                        state.failure = Some((*s, error.clone()));
                    }
                    state.failed.push((*s, step));
                }
            }
            Event::StepSuspended { s, on, state: kept, .. } => {
                if let Some(step) = state.live.get_mut(s) {
                    // A step that asks a person about a call has not begun another wait: what it waited for came.
                    if !matches!(on, Suspend::Signal { name, .. } if name == SETTLE) {
                        step.resumed = None;
                    }
                    step.status = StepStatus::Suspended(on.clone());
                    if let Some(kept) = kept {
                        state.kept.insert(step.node, kept.clone());
                    }
                }
            }
            Event::StepResumed { s, by, at, seed, .. } => {
                if let Some(step) = state.live.get_mut(s) {
                    if matches!(by, Resumed::Signal { .. }) {
                        match step.inbox.is_empty() {
                            true => drop(state.early.pop_front()),
                            false => drop(step.inbox.remove(0)),
                        }
                    }
                    step.status = StepStatus::Running;
                    step.resumed = Some(by.clone());
                    step.attempt += 1;
                    (step.at, step.seed) = (*at, *seed);
                }
            }
            Event::ChildStarted { s, item, run, detached } => {
                if let Some(step) = state.live.get_mut(s) {
                    let child = ChildState { item: *item, run: *run, detached: *detached, ended: false, failed: false };
                    step.children.push(child);
                }
            }
            Event::ChildEnded { run, signal, error, .. } => {
                state.seen_signals.insert(*signal);
                // A step that has failed keeps its children: it is run again when the run is reopened.
                for step in state.live.values_mut().chain(state.failed.iter_mut().map(|(_, step)| step)) {
                    step.child_ended(*run, error.is_some());
                }
            }
            Event::SignalReceived { id, step, name, payload } => {
                state.seen_signals.insert(*id);
                // Whoever resumes the run through a door may wait for its answer.
                if payload.get("reply").is_some() {
                    state.answered = false;
                }
                // A decision about a call is a record of its own, and no wait is meant by it.
                let settles = name.split(':').next() == Some(SETTLE);
                let signal = (*id, name.clone(), payload.clone());
                match step.filter(|_| !settles).and_then(|number| state.live.get_mut(&number)) {
                    Some(step) => step.inbox.push(signal),
                    // The address was shown by a step before the wait, as is usual in mails that ask for approval.
                    None if step.is_some() && name.starts_with("resume") => state.early.push_back(signal),
                    None => {}
                }
            }
            Event::CancelRequested { .. } => state.cancel_requested = true,
            Event::PauseRequested { .. } => state.paused = true,
            // A held run does not get as far as a machine; the record is for readers.
            Event::Held { .. } | Event::LocalRead { .. } => {}
            Event::PauseEnded { .. } => state.paused = false,
            Event::Answered { .. } => state.answered = true,
            Event::AnswerBegun { .. } => {
                state.answered = true;
                state.answer_open = true;
            }
            Event::AnswerEnded { .. } => state.answer_open = false,
            Event::JoinReleased { moves } => state.make(moves),
            Event::RunCompleted { .. } => state.finish(End::Completed),
            Event::RunFailed { .. } => state.finish(End::Failed),
            Event::RunCanceled { .. } => state.finish(End::Canceled),
        }
    }
}

impl State {
    fn make(&mut self, moves: &[Move]) {
        for change in moves {
            match change {
                Move::Front { n, i } => self.ready.push_front(Ready { node: *n, inputs: i.clone() }),
                Move::Back { n, i } => self.ready.push_back(Ready { node: *n, inputs: i.clone() }),
                Move::Wait { n, s, p, f, z } => {
                    let known = self.slots.iter_mut().find(|slot| slot.node == *n && slot.slot == *s);
                    match known {
                        Some(slot) => {
                            slot.arrived.insert(*p, *f);
                            slot.filled |= !z;
                        }
                        None => {
                            let slot = Slot { node: *n, slot: *s, arrived: [(*p, *f)].into(), filled: !z };
                            add_slot(&mut self.slots, slot);
                        }
                    }
                }
                Move::Close { n, s } => self.slots.retain(|slot| (slot.node, slot.slot) != (*n, *s)),
            }
        }
    }

    /// In parallel order several steps may complete at any moment, and the result must not depend on which is last.
    fn remember_last(&mut self, step: StepNumber, node: NodeIndex, parallel: bool, leaf: bool) {
        let later = |(_, known): (StepNumber, NodeIndex)| known <= node;
        let trigger_only = self.last_completed.is_none_or(|(known, _)| known == 0);
        if !parallel || (leaf && (trigger_only || self.last_completed.is_some_and(later))) {
            self.last_completed = Some((step, node));
        }
    }

    /// A step has ended, and with it whatever it was asking attached nodes for.
    fn forget_nested(&mut self, caller: StepNumber) {
        self.live.retain(|_, step| step.parent != Some(caller));
    }

    fn finish(&mut self, end: End) {
        self.end = Some(end);
        // A failed run may be reopened: what was under way is run again then.
        for (number, step) in std::mem::take(&mut self.live) {
            if step.parent.is_none() {
                self.failed.push((number, step));
            }
        }
        if end == End::Completed {
            self.failed.clear();
            self.ready.clear();
            self.slots.clear();
        }
    }
}

/// Slots of one join stay together, so that joins are visited in the order in which they began to wait.
fn add_slot(slots: &mut Vec<Slot>, slot: Slot) -> usize {
    let position = slots.iter().rposition(|known| known.node == slot.node).map_or(slots.len(), |last| last + 1);
    slots.insert(position, slot);
    position
}

impl LiveStep {
    fn new(node: NodeIndex, run_index: u32, inputs: Inputs, at: i64, seed: u64, parent: Option<StepNumber>) -> Self {
        LiveStep {
            node,
            run_index,
            inputs,
            status: StepStatus::Running,
            attempt: 1,
            tries: 1,
            at,
            seed,
            resumed: None,
            calls: BTreeMap::new(),
            children: Vec::new(),
            inbox: Vec::new(),
            invoked: Vec::new(),
            parent,
        }
    }

    /// Calls that are known to have failed are made again under a new epoch; the others keep their outcome.
    fn forget_failures(&mut self) {
        self.calls.values_mut().filter(|call| matches!(call.outcome, Some(CallOutcome::Failed(_)))).for_each(|call| {
            call.epoch += 1;
            call.outcome = None;
            call.begun = false;
        });
        self.children.retain(|child| !child.failed);
    }

    /// A child that fails before the next attempt is forgotten like those that failed before the last one: the
    /// attempt starts it anew.
    fn child_ended(&mut self, run: RunId, failed: bool) {
        if failed && matches!(self.status, StepStatus::Backoff { .. }) {
            return self.children.retain(|child| child.run != run);
        }
        for child in self.children.iter_mut().filter(|child| child.run == run) {
            (child.ended, child.failed) = (true, failed);
        }
    }

    fn settle(&mut self, settle: &part::runs::Settle) {
        use part::runs::Settle;
        let unsure =
            |call: &&mut CallState| !matches!(call.outcome, Some(CallOutcome::Done(_) | CallOutcome::Failed(_)));
        for call in self.calls.values_mut().filter(unsure) {
            match settle {
                Settle::Retry => {
                    call.outcome = None;
                    call.allowed = true;
                }
                Settle::Done { outcome } => call.outcome = Some(CallOutcome::Done(outcome.clone())),
                Settle::Failed => {
                    let detail = "the call was settled as failed by a person";
                    let error = NodeError::new(model::Code::Uncertain, part::Category::Refused, detail).permanent();
                    call.outcome = Some(CallOutcome::Failed(error));
                }
            }
        }
        if let StepStatus::Suspended(Suspend::Signal { name, .. }) = &self.status
            && name == SETTLE
        {
            self.status = StepStatus::Backoff { at: 0 };
        }
    }

    /// The step goes on by itself at that time.
    pub fn wakes_at(&self) -> Option<i64> {
        match &self.status {
            StepStatus::Backoff { at } => Some(*at),
            StepStatus::Suspended(Suspend::Timer { at }) => Some(*at),
            StepStatus::Suspended(Suspend::Signal { until, .. }) => *until,
            _ => None,
        }
    }
}

/// Name of the wait of a step with an uncertain call that asks a person.
pub const SETTLE: &str = "settle";

/// Maps whose keys are no strings, as lists of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

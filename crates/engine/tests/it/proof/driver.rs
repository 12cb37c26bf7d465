//! Drives the machine without I/O: chance decides what completes first, what is written when, and when all is lost.
//!
//! It keeps the promises of the runner: a record is applied and buffered at once; calls, answers, children and the end
//! are seen only after the flush of their record; after a crash the machine is rebuilt from what was flushed.

use std::sync::Arc;

use engine::event::{CallName, CallOutcome, Event, Feed, Handled, Move, PortRecord};
use engine::graph::Graph;
use engine::machine::{CallPlan, End, Machine, Next, SETTLE, StepStatus, Verdict};
use engine::record::ItemsRecord;
use model::{Code, Item, RunId, SignalId};
use part::runs::Settle;
use part::{Category, Indices, Items, NodeError, Origins, ReplyTo, Suspend};

use super::data::{Data, numbers};
use super::mutants::Mutant;
use super::rng::Rng;
use super::scenario::{self, Act, ERROR_VALUE, MAX_CALLS, Scenario, TOOL_INPUT};

/// Turns after which a history counts as endless.
const MAX_TURNS: usize = 8_000;

/// What chance may do in a history.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dangers {
    pub crashes: u32,
    pub cancel_turn: Option<usize>,
    pub pause_turn: Option<usize>,
    /// A failed run is run again from its failed steps.
    pub redriven: bool,
}

/// The world around the run: it does not forget when the run crashes.
#[derive(Default)]
pub struct World {
    /// Keys under which a call may be repeated, because its outcome was lost.
    pub(super) uncertain: Vec<String>,
    /// Requests that services have seen: (key, step, call).
    pub(super) requests: Vec<String>,
    pub(super) answers: Vec<i64>,
    pub(super) children: Vec<Child>,
    pub(super) inbox: Vec<Letter>,
    pub(super) signalled: Vec<(u32, u32)>,
    pub(super) next_id: u128,
}

pub(super) struct Child {
    pub(super) run: RunId,
    pub(super) step: u32,
    pub(super) item: u32,
    pub(super) fails: bool,
    pub(super) detached: bool,
    pub(super) reported: bool,
}

#[derive(Clone)]
pub(super) struct Letter {
    pub(super) id: SignalId,
    pub(super) what: Signal,
    /// Times that it is delivered again after its record was written.
    pub(super) repeats: u8,
}

#[derive(Clone)]
pub(super) enum Signal {
    Resume(u32),
    Settle(u32, Settle),
    Child(RunId, bool),
    Cancel,
    Pause,
    Unpause,
}

pub(super) struct Attempt {
    pub(super) frames: Vec<Frame>,
    pub(super) invoked: u32,
    pub(super) staged: Vec<(u32, bool)>,
    pub(super) asks: bool,
}

/// A step, or a nested one above it.
pub(super) struct Frame {
    pub(super) step: u32,
    pub(super) node: usize,
    pub(super) units: Vec<(usize, Option<u32>)>,
    pub(super) at: usize,
    pub(super) bonus: i64,
    pub(super) pending: Option<(CallName, u32, CallOutcome)>,
}

pub(super) enum Progress {
    /// It waits for a service.
    Waits,
    /// It has ended, or is suspended.
    Over,
}

pub(super) enum After {
    Answer(i64),
    Child(Child),
}

/// One history.
pub struct Driver<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) graph: Arc<Graph>,
    pub(super) mutant: Option<Mutant>,
    pub(super) rng: Rng,
    pub(super) dangers: Dangers,
    pub machine: Machine,
    pub(super) data: Data,
    /// The journal as far as it is written.
    pub journal: Vec<Event>,
    pub(super) buffer: Vec<Event>,
    pub(super) after: Vec<After>,
    pub(super) running: Vec<Attempt>,
    pub(super) now: i64,
    pub world: World,
    /// The first rule that was broken.
    pub broken: Option<String>,
}

impl<'s> Driver<'s> {
    /// A history that begins with these records, which another one has written.
    pub fn new(
        scenario: &'s Scenario,
        graph: Arc<Graph>,
        seed: u64,
        dangers: Dangers,
        mutant: Option<Mutant>,
        journal: Vec<Event>,
    ) -> Self {
        let mut driver = Driver {
            scenario,
            machine: Machine::new(graph.clone()),
            graph,
            mutant,
            rng: Rng::new(seed),
            dangers,
            data: Data::default(),
            journal,
            buffer: Vec::new(),
            after: Vec::new(),
            running: Vec::new(),
            now: 1_000,
            world: World { next_id: u128::from(seed) << 64, ..World::default() },
            broken: None,
        };
        driver.world_of_prefix();
        driver.recover();
        driver
    }

    /// What the world must know when a history goes on from a journal that another one has written.
    pub(super) fn world_of_prefix(&mut self) {
        for event in self.journal.clone() {
            match event {
                Event::ChildStarted { s, item, run, detached } => {
                    let child = self.child(s, item.unwrap_or_default(), run, detached);
                    self.world.children.push(child);
                }
                Event::ChildEnded { run, .. } => {
                    self.world
                        .children
                        .iter_mut()
                        .filter(|child| child.run == run)
                        .for_each(|child| child.reported = true);
                }
                Event::CallIntended { s, call, epoch, .. } => {
                    let key = key(s, &call, epoch);
                    // Whoever wrote the prefix has made the call; what became of it later is lost.
                    if !self.world.requests.contains(&key) {
                        self.world.requests.push(key.clone());
                    }
                    self.world.uncertain.push(key);
                }
                _ => {}
            }
        }
    }

    pub fn is_mutant(&self) -> bool {
        self.mutant.is_some()
    }

    pub(super) fn breach(&mut self, rule: impl Into<String>) {
        self.broken.get_or_insert_with(|| rule.into());
    }

    pub(super) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Runs the history to its end.
    pub fn run(&mut self) {
        for turn in 0..MAX_TURNS {
            if self.broken.is_some() {
                return;
            }
            if self.journal.is_empty() && self.buffer.is_empty() {
                self.start();
            }
            self.decide();
            if self.machine.end().is_some() {
                if self.rng.percent(10) && self.dangers.crashes > 0 {
                    self.crash();
                    continue;
                }
                self.flush();
                if self.machine.end() == Some(End::Failed) && std::mem::take(&mut self.dangers.redriven) {
                    self.drop_running();
                    self.emit(Event::Reopened { at: self.now, by: "somebody".into() });
                    continue;
                }
                return;
            }
            if self.dangers.cancel_turn == Some(turn) {
                self.post(Signal::Cancel);
            }
            if self.dangers.pause_turn == Some(turn) {
                self.post(Signal::Pause);
            }
            self.turn();
        }
        self.breach("the run does not end");
    }

    pub(super) fn start(&mut self) {
        let mut machine = Machine::new(self.graph.clone());
        let destination = self.scenario.destination.map(|node| node as u32);
        if let Some(node) = destination.filter(|_| !self.is(Mutant::DestinationIgnored)) {
            machine.set_destination(node);
        }
        let moves = self.altered(machine.moves_for(0, 0, &[Some(self.scenario.start.len())]));
        let destination = destination.filter(|_| !self.is(Mutant::DestinationIgnored));
        self.machine = machine;
        self.emit(Event::RunStarted {
            trigger: Some(0),
            at: self.now,
            output: 0,
            out: ItemsRecord::fresh(items(&self.scenario.start)),
            moves,
            destination,
            reply_to: Some(ReplyTo { node: "here".into(), request: 1 }),
            use_pins: false,
        });
    }

    /// Does one thing, whichever chance picks.
    pub(super) fn turn(&mut self) {
        let choice = self.rng.below(100);
        match choice {
            0..=59 if !self.running.is_empty() => {
                let chosen = self.rng.below(self.running.len());
                self.advance(chosen);
            }
            60..=69 if !self.world.inbox.is_empty() => self.receive(),
            70..=76 => self.happen(),
            77..=80 => self.now += self.rng.below(2_000) as i64,
            81..=84 if self.dangers.crashes > 0 => self.crash(),
            85..=92 => self.flush(),
            _ if self.running.is_empty() => self.idle(),
            _ => {}
        }
        if self.machine.cancel_requested() && !self.running.is_empty() && self.rng.percent(3) {
            self.abandon();
        }
    }

    /// Nothing runs: something has to come from outside, or the run is stuck.
    pub(super) fn idle(&mut self) {
        self.flush();
        let waits_for_child = self.world.children.iter().any(|child| !child.reported);
        if !self.world.inbox.is_empty() {
            self.receive();
        } else if self.machine.paused() {
            self.post(Signal::Unpause);
        } else if waits_for_child || self.awaited().is_some() {
            self.happen();
        } else if let Some(at) = self.machine.next_timer() {
            self.now = self.now.max(at);
        } else if self.machine.next(self.now) == Next::Idle && self.running.is_empty() {
            self.breach("the run is stuck");
        }
    }

    /// Folds a record into the machine and buffers it.
    pub(super) fn emit(&mut self, event: Event) {
        let event = self.recorded(event);
        self.data.apply(&event);
        if let Some(event) = self.folded(&event) {
            self.machine.apply(&event);
        }
        self.buffer.push(event);
    }

    /// Everything that is buffered gets durable, and what waited for it happens.
    pub(super) fn flush(&mut self) {
        self.journal.append(&mut self.buffer);
        for act in std::mem::take(&mut self.after) {
            self.act(act);
        }
    }

    /// Something that others can see.
    pub(super) fn act(&mut self, act: After) {
        match act {
            After::Answer(value) => {
                let durable = self.journal.iter().any(|event| matches!(event, Event::Answered { .. }));
                if !durable {
                    self.breach("an answer was sent before its record was written");
                }
                self.world.answers.push(value);
                if self.world.answers.len() > 1 {
                    self.breach("the request was answered twice");
                }
            }
            After::Child(child) => {
                let durable = |event: &Event| matches!(event, Event::ChildStarted { run, .. } if *run == child.run);
                if !self.journal.iter().any(durable) {
                    self.breach("a child was started before its record was written");
                }
                let same = |known: &&Child| (known.step, known.item) == (child.step, child.item) && !known.fails;
                if self.world.children.iter().any(|known| same(&known)) {
                    self.breach("a child was started again although the first one did not fail");
                }
                self.world.children.push(child);
            }
        }
    }

    /// Everything that was not written is lost.
    pub(super) fn crash(&mut self) {
        self.dangers.crashes = self.dangers.crashes.saturating_sub(1);
        for event in std::mem::take(&mut self.buffer) {
            if let Event::CallEnded { s, call, epoch, .. } = event {
                self.world.uncertain.push(key(s, &call, epoch));
            }
        }
        self.drop_running();
        self.after.clear();
        self.recover();
    }

    /// Nobody goes on with what runs. What comes of its calls is never heard, and a later attempt may repeat them.
    fn drop_running(&mut self) {
        for frame in std::mem::take(&mut self.running).iter().flat_map(|attempt| &attempt.frames) {
            if let Some((call, epoch, _)) = &frame.pending {
                self.world.uncertain.push(key(frame.step, call, *epoch));
            }
        }
    }

    /// Rebuilds the machine from the journal, with a snapshot on the way; attempts that were under way are made again.
    pub(super) fn recover(&mut self) {
        self.machine = Machine::new(self.graph.clone());
        self.data = Data::default();
        let events = self.reread();
        // One recovery in eight: writing a state as text costs more than folding a short journal.
        let snapshot = if events.len() % 8 == 3 { events.len() * 2 / 3 } else { usize::MAX };
        for (position, event) in events.into_iter().enumerate() {
            self.data.apply(&event);
            if let Some(event) = self.folded(&event) {
                self.machine.apply(&event);
            }
            if position == snapshot {
                let text = serde_json::to_string(self.machine.state()).expect("a state can be written");
                let state = serde_json::from_str(&text).expect("a state can be read");
                self.machine = Machine::restore(self.graph.clone(), state);
            }
        }
        let under_way: Vec<u32> = self
            .machine
            .live()
            .iter()
            .filter(|(_, step)| step.status == StepStatus::Running && step.parent.is_none())
            .map(|(number, _)| *number)
            .collect();
        under_way.into_iter().for_each(|step| self.begin(step));
    }

    /// Asks the machine until it has nothing more to say.
    pub(super) fn decide(&mut self) {
        for _ in 0..1_000 {
            if self.is(Mutant::JoinsReleasedEarly) && self.release_early() {
                continue;
            }
            let next = self.machine.next(self.now);
            let seed = self.rng.next();
            match self.chosen(next) {
                Next::Idle | Next::Ended => return,
                Next::Start { step, node, run_index, inputs } => {
                    let at = self.now;
                    self.emit(Event::StepStarted { s: step, n: node, run_index, i: inputs, at, seed, variables: 0 });
                    self.begin(step);
                }
                Next::Attempt { step } => {
                    self.emit(Event::AttemptStarted { s: step, at: self.now, seed, variables: 0 });
                    self.begin(step);
                }
                Next::Resume { step, by } => {
                    self.emit(Event::StepResumed { s: step, by, at: self.now, seed, variables: 0 });
                    self.begin(step);
                }
                Next::Release(moves) => {
                    let moves = self.altered(moves);
                    self.emit(Event::JoinReleased { moves });
                }
                Next::Complete => self.emit(Event::RunCompleted { at: self.now }),
                Next::Fail { step, error } => self.emit(Event::RunFailed { at: self.now, step: Some(step), error }),
                Next::Cancel => self.emit(Event::RunCanceled { at: self.now, superseded_by: None }),
            }
        }
        self.breach("the machine never stops deciding");
    }

    pub(super) fn begin(&mut self, step: u32) {
        let Some(live) = self.machine.live_step(step) else { return };
        let node = live.node as usize;
        let frame = self.frame(step, node);
        self.running.push(Attempt { frames: vec![frame], invoked: 0, staged: Vec::new(), asks: false });
    }

    pub(super) fn inputs(&self, step: u32) -> Vec<Vec<i64>> {
        let Some(live) = self.machine.live_step(step) else { return Vec::new() };
        if live.parent.is_some() {
            return vec![vec![TOOL_INPUT]];
        }
        live.inputs.iter().map(|feeds| self.data.gather(feeds)).collect()
    }

    pub(super) fn frame(&self, step: u32, node: usize) -> Frame {
        let plan = &self.scenario.nodes[node];
        let count = self.inputs(step).first().map_or(0, Vec::len).min(MAX_CALLS) as u32;
        let mut units = Vec::new();
        for (position, act) in plan.acts.iter().enumerate().filter(|_| !plan.disabled) {
            match act {
                Act::Call { per_item: true, .. } => units.extend((0..count).map(|item| (position, Some(item)))),
                _ => units.push((position, None)),
            }
        }
        Frame { step, node, units, at: 0, bonus: 0, pending: None }
    }

    /// An attempt goes on until it waits for a service or is over.
    pub(super) fn advance(&mut self, chosen: usize) {
        let mut attempt = self.running.remove(chosen);
        match self.proceed(&mut attempt) {
            Progress::Waits => self.running.insert(chosen, attempt),
            Progress::Over => {}
        }
    }

    pub(super) fn proceed(&mut self, attempt: &mut Attempt) -> Progress {
        loop {
            let depth = attempt.frames.len() - 1;
            let frame = &mut attempt.frames[depth];
            if self.machine.live_step(frame.step).is_none() {
                return Progress::Over;
            }
            if let Some((call, epoch, outcome)) = frame.pending.take() {
                self.emit(Event::CallEnded { s: frame.step, call, epoch, outcome: outcome.clone() });
                match outcome {
                    CallOutcome::Done(value) => {
                        frame.bonus += value.as_i64().unwrap_or_default();
                        frame.at += 1;
                    }
                    CallOutcome::Failed(error) | CallOutcome::Unknown(error) => return self.fail(attempt, error),
                }
                continue;
            }
            let Some((position, item)) = frame.units.get(frame.at).copied() else {
                if depth == 0 {
                    self.complete(attempt);
                    return Progress::Over;
                }
                let frame = attempt.frames.pop().expect("a nested frame");
                let outputs = scenario::emit(&self.scenario.nodes[frame.node], 0, &[vec![TOOL_INPUT]], frame.bonus);
                attempt.frames[depth - 1].bonus += outputs[0].iter().flatten().sum::<i64>();
                attempt.frames[depth - 1].at += 1;
                self.emit(completed(frame.step, records(&outputs), Vec::new(), None));
                continue;
            };
            let act = self.scenario.nodes[frame.node].acts[position];
            match self.perform(attempt, act, item) {
                Ok(Some(progress)) => return progress,
                Ok(None) => {}
                Err(error) => return self.fail(attempt, error),
            }
        }
    }

    /// An attempt has failed: what follows is the machine's decision.
    pub(super) fn fail(&mut self, attempt: &mut Attempt, error: NodeError) -> Progress {
        while attempt.frames.len() > 1 {
            let nested = attempt.frames.pop().expect("a nested frame");
            if self.machine.live_step(nested.step).is_some() {
                self.emit(failed(nested.step, error.clone()));
            }
        }
        let (step, node) = (attempt.frames[0].step, attempt.frames[0].node);
        if attempt.asks && !self.machine.cancel_requested() {
            let on = Suspend::Signal { name: SETTLE.into(), until: None, door: None };
            self.emit(Event::StepSuspended { s: step, on, state: None, logs: Vec::new() });
            return Progress::Over;
        }
        match self.judged(self.machine.on_failure(step, &error, self.now), &error) {
            Verdict::Retry { at, counted } => {
                self.emit(Event::AttemptFailed { s: step, error: Box::new(error), next: at, counted });
            }
            Verdict::Absorb(handled) => {
                let first = self.inputs(step).into_iter().next().unwrap_or_default();
                let out = match handled {
                    Handled::Fallback => {
                        records(&[Some(self.scenario.nodes[node].fallback.clone().unwrap_or_default())])
                    }
                    Handled::Continue => vec![PortRecord::Select { input: 0, indices: Indices::all(first.len()) }],
                    Handled::ErrorBranch => {
                        let list = if first.is_empty() { vec![0] } else { first };
                        let mut ports = vec![None; self.scenario.error_port(node).unwrap_or_default()];
                        ports.push(Some(list.iter().map(|item| item + ERROR_VALUE).collect()));
                        records(&ports)
                    }
                };
                let moves = self.moves(node, step, &out);
                self.emit(completed(step, out, moves, Some((handled, Box::new(error)))));
            }
            Verdict::Fail => self.emit(failed(step, error)),
        }
        Progress::Over
    }

    pub(super) fn complete(&mut self, attempt: &mut Attempt) {
        let (step, node, bonus) = (attempt.frames[0].step, attempt.frames[0].node, attempt.frames[0].bonus);
        let plan = &self.scenario.nodes[node];
        let inputs = self.inputs(step);
        let run_index = self.machine.live_step(step).map_or(0, |live| live.run_index);
        let mut out = if plan.disabled {
            vec![PortRecord::Select { input: 0, indices: Indices::all(inputs.first().map_or(0, Vec::len)) }]
        } else {
            records(&scenario::emit(plan, run_index, &inputs, bonus))
        };
        while out.last().is_some_and(|port| matches!(port, PortRecord::Nothing)) {
            out.pop();
        }
        if plan.always_output && out.iter().all(PortRecord::is_empty) {
            out = records(&[Some(vec![0])]);
        }
        self.start_children(attempt);
        let moves = self.moves(node, step, &out);
        self.emit(completed(step, out, moves, None));
    }

    pub(super) fn moves(&mut self, node: usize, step: u32, out: &[PortRecord]) -> Vec<Move> {
        if self.is(Mutant::EmptyPortsStartNodes) {
            let lens: Vec<Option<usize>> = out.iter().map(|port| Some(port.len().max(1))).collect();
            return self.machine.moves_for(node as u32, step, &lens);
        }
        let moves = self.machine.moves_after(node as u32, step, out);
        self.altered(moves)
    }

    /// The grace after a cancel is over.
    pub(super) fn abandon(&mut self) {
        self.drop_running();
        let live: Vec<u32> = self.machine.live().keys().copied().collect();
        live.into_iter().for_each(|step| self.emit(failed(step, canceled())));
    }

    /// How the run ended.
    pub fn end(&self) -> Option<End> {
        self.machine.end()
    }

    /// What the run's result is.
    pub fn result(&self) -> Vec<i64> {
        self.machine.last_completed().map(|step| self.data.first_full(step)).unwrap_or_default()
    }

    // What mutants change; without one, everything passes as it is.

    pub(super) fn recorded(&self, event: Event) -> Event {
        self.mutant.map_or_else(|| event.clone(), |mutant| mutant.record(event.clone()))
    }

    pub(super) fn folded(&self, event: &Event) -> Option<Event> {
        self.mutant.map_or_else(|| Some(event.clone()), |mutant| mutant.fold(event))
    }

    pub(super) fn altered(&self, moves: Vec<Move>) -> Vec<Move> {
        self.mutant.map_or_else(|| moves.clone(), |mutant| mutant.moves(moves.clone()))
    }

    pub(super) fn chosen(&self, next: Next) -> Next {
        self.mutant.map_or_else(|| next.clone(), |mutant| mutant.next(next.clone()))
    }

    pub(super) fn judged(&self, verdict: Verdict, error: &NodeError) -> Verdict {
        self.mutant.map_or(verdict, |mutant| mutant.verdict(verdict, error, self.now))
    }

    pub(super) fn planned(&self, plan: CallPlan) -> CallPlan {
        self.mutant.map_or_else(|| plan.clone(), |mutant| mutant.call(plan.clone()))
    }

    /// The journal as recovery reads it.
    pub(super) fn reread(&mut self) -> Vec<Event> {
        let events = self.journal.clone();
        match self.mutant {
            Some(mutant) => mutant.reread(events, &mut self.rng),
            None => events,
        }
    }

    /// A mutant's join: it runs as soon as it has anything.
    pub(super) fn release_early(&mut self) -> bool {
        let state = serde_json::to_value(self.machine.state()).unwrap_or_default();
        let Some(slot) = state["slots"].get(0) else { return false };
        let (n, s) =
            (slot["node"].as_u64().unwrap_or_default() as u32, slot["slot"].as_u64().unwrap_or_default() as u32);
        let feeds = slot["arrived"].as_object().into_iter().flat_map(|ports| ports.iter());
        let mut inputs: Vec<Vec<Feed>> = Vec::new();
        for (port, feed) in feeds {
            let port: usize = port.parse().unwrap_or_default();
            inputs.resize(inputs.len().max(port + 1), Vec::new());
            let step = feed[0].as_u64().unwrap_or_default() as u32;
            inputs[port].push(Feed { step, output: feed[1].as_u64().unwrap_or_default() as u16 });
        }
        self.emit(Event::JoinReleased { moves: vec![Move::Close { n, s }, Move::Back { n, i: inputs.into() }] });
        true
    }
}

pub(super) fn key(step: u32, call: &CallName, epoch: u32) -> String {
    format!("{step}.{:?}.{}.{epoch}", call.item, call.name)
}

pub(super) fn signal_of(event: &Event) -> Option<SignalId> {
    match event {
        Event::SignalReceived { id, .. } | Event::ChildEnded { signal: id, .. } => Some(*id),
        _ => None,
    }
}

pub fn error(detail: &str) -> NodeError {
    NodeError::new(Code::StepFailed, Category::Unavailable, detail)
}

pub(super) fn uncertain() -> NodeError {
    NodeError::new(Code::Uncertain, Category::Unavailable, "nobody knows what came of a call")
}

pub(super) fn canceled() -> NodeError {
    NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled")
}

pub(super) fn completed(
    step: u32,
    out: Vec<PortRecord>,
    moves: Vec<Move>,
    error: Option<(Handled, Box<NodeError>)>,
) -> Event {
    Event::StepCompleted { s: step, out, moves, micros: 0, state: None, held: Vec::new(), logs: Vec::new(), error }
}

pub(super) fn failed(step: u32, error: NodeError) -> Event {
    Event::StepFailed { s: step, error: Box::new(error), micros: 0, logs: Vec::new() }
}

/// Numbers as items.
pub fn items(list: &[i64]) -> Items {
    let item = |number: &i64| {
        let mut item = Item::default();
        item.json.insert("n".into(), (*number).into());
        item
    };
    Items::from_vec(list.iter().map(item).collect())
}

pub(super) fn records(ports: &[Option<Vec<i64>>]) -> Vec<PortRecord> {
    let record = |port: &Option<Vec<i64>>| match port {
        None => PortRecord::Nothing,
        Some(list) => PortRecord::items(items(list), Origins::none(list.len())),
    };
    debug_assert!(ports.iter().flatten().all(|list| numbers(&items(list)) == *list));
    ports.iter().map(record).collect()
}

//! Drives the machine without I/O: chance decides what completes first, what is written when, and when all is lost.
//!
//! It keeps the promises of the runner: a record is applied and buffered at once; calls, answers, children and the end
//! are seen only after the flush of their record; after a crash the machine is rebuilt from what was flushed.

use std::sync::Arc;

use engine::event::{CallName, CallOutcome, Event, Feed, Handled, Inputs, Move, PortRecord};
use engine::graph::Graph;
use engine::machine::{CallPlan, End, Machine, Next, SETTLE, StepStatus, Verdict};
use engine::record::ItemsRecord;
use model::{Code, Digest, Item, RunId, SignalId, Value};
use part::runs::Settle;
use part::{Answer, AnswerBody, Category, Indices, Items, NodeError, Origins, ReplyTo, Resumed, Suspend};

use super::data::{Data, numbers};
use super::mutants::Mutant;
use super::rng::Rng;
use super::scenario::{self, Act, ERROR_VALUE, MAX_CALLS, SIGNAL_VALUE, Scenario, TIMEOUT_VALUE, TOOL_INPUT};

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
    uncertain: Vec<String>,
    /// Requests that services have seen: (key, step, call).
    requests: Vec<String>,
    answers: Vec<i64>,
    children: Vec<Child>,
    inbox: Vec<Letter>,
    signalled: Vec<(u32, u32)>,
    next_id: u128,
}

struct Child {
    run: RunId,
    step: u32,
    item: u32,
    fails: bool,
    detached: bool,
    reported: bool,
}

#[derive(Clone)]
struct Letter {
    id: SignalId,
    what: Signal,
    /// Times that it is delivered again after its record was written.
    repeats: u8,
}

#[derive(Clone)]
enum Signal {
    Resume(u32),
    Settle(u32, Settle),
    Child(RunId, bool),
    Cancel,
    Pause,
    Unpause,
}

struct Attempt {
    frames: Vec<Frame>,
    invoked: u32,
    staged: Vec<(u32, bool)>,
    asks: bool,
}

/// A step, or a nested one above it.
struct Frame {
    step: u32,
    node: usize,
    units: Vec<(usize, Option<u32>)>,
    at: usize,
    bonus: i64,
    pending: Option<(CallName, u32, CallOutcome)>,
}

enum Progress {
    /// It waits for a service.
    Waits,
    /// It has ended, or is suspended.
    Over,
}

enum After {
    Answer(i64),
    Child(Child),
}

/// One history.
pub struct Driver<'s> {
    scenario: &'s Scenario,
    graph: Arc<Graph>,
    mutant: Option<Mutant>,
    rng: Rng,
    dangers: Dangers,
    pub machine: Machine,
    data: Data,
    /// The journal as far as it is written.
    pub journal: Vec<Event>,
    buffer: Vec<Event>,
    after: Vec<After>,
    running: Vec<Attempt>,
    now: i64,
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
    fn world_of_prefix(&mut self) {
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

    fn breach(&mut self, rule: impl Into<String>) {
        self.broken.get_or_insert_with(|| rule.into());
    }

    fn is(&self, mutant: Mutant) -> bool {
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
                    self.running.clear();
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

    fn start(&mut self) {
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
    fn turn(&mut self) {
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
    fn idle(&mut self) {
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

    /// A step that waits for a signal which nobody has sent: (step, attempt, whether for a person's decision).
    fn awaited(&self) -> Option<(u32, u32, bool)> {
        self.machine.live().iter().find_map(|(number, step)| match &step.status {
            StepStatus::Suspended(Suspend::Signal { name, .. }) => {
                let known = self.world.signalled.contains(&(*number, step.attempt));
                (!known).then_some((*number, step.attempt, name == SETTLE))
            }
            _ => None,
        })
    }

    /// Something happens outside: a child ends, a signal is sent (early, late or in time), somebody decides.
    fn happen(&mut self) {
        let unreported: Vec<usize> =
            (0..self.world.children.len()).filter(|index| !self.world.children[*index].reported).collect();
        if !unreported.is_empty() && self.rng.percent(60) {
            let child = &mut self.world.children[unreported[self.rng.below(unreported.len())]];
            child.reported = true;
            let signal = Signal::Child(child.run, child.fails);
            if !child.detached {
                self.post(signal);
            }
            return;
        }
        if let Some((step, attempt, settles)) = self.awaited() {
            // Who answers has seen the wait, so it is written.
            self.flush();
            if settles {
                self.world.signalled.push((step, attempt));
                self.settle(step);
            } else if self.rng.percent(60) {
                self.world.signalled.push((step, attempt));
                self.post(Signal::Resume(step));
            }
            return;
        }
        if self.rng.percent(20) && !self.running.is_empty() {
            // Early: the step runs, and may wait later.
            let step = self.running[self.rng.below(self.running.len())].frames[0].step;
            let node = self
                .running
                .iter()
                .find(|attempt| attempt.frames[0].step == step)
                .map(|attempt| attempt.frames[0].node);
            let waits = |node: usize| self.scenario.nodes[node].acts.iter().any(|act| matches!(act, Act::Wait { .. }));
            if node.is_some_and(waits) && self.journal_has_step(step) {
                self.post(Signal::Resume(step));
            }
        }
    }

    fn journal_has_step(&self, step: u32) -> bool {
        self.journal.iter().any(|event| matches!(event, Event::StepStarted { s, .. } if *s == step))
    }

    /// A person decides about the uncertain calls of a step.
    fn settle(&mut self, step: u32) {
        let Some(live) = self.machine.live_step(step) else { return };
        let node = live.node as usize;
        let unsure: Vec<&CallName> = live
            .calls
            .iter()
            .filter(|(_, call)| !matches!(call.outcome, Some(CallOutcome::Done(_) | CallOutcome::Failed(_))))
            .map(|(name, _)| name)
            .collect();
        let settle = match (self.rng.below(3), unsure.as_slice()) {
            (0, [name]) if self.fails_under(node, name) == 0 => {
                let Act::Call { name: number, .. } = self.act_of(node, name) else { return };
                Settle::Done { outcome: scenario::call_value(number, name.item).into() }
            }
            (1, _) => Settle::Failed,
            _ => Settle::Retry,
        };
        self.post(Signal::Settle(step, settle));
    }

    fn act_of(&self, node: usize, name: &CallName) -> Act {
        let wanted = |act: &&Act| matches!(act, Act::Call { name: number, .. } if name.name == format!("c{number}"));
        self.scenario.nodes[node].acts.iter().find(wanted).copied().unwrap_or(Act::Answer)
    }

    fn fails_under(&self, node: usize, name: &CallName) -> u32 {
        match self.act_of(node, name) {
            Act::Call { failing_epochs, .. } => failing_epochs,
            _ => 0,
        }
    }

    fn post(&mut self, what: Signal) {
        self.world.next_id += 1;
        let repeats = if self.rng.percent(15) { 1 } else { 0 };
        self.world.inbox.push(Letter { id: SignalId(self.world.next_id), what, repeats });
    }

    /// One letter out of the inbox becomes records. It stays there until they are written.
    fn receive(&mut self) {
        let chosen = self.rng.below(self.world.inbox.len());
        let letter = self.world.inbox[chosen].clone();
        let seen = self.machine.has_seen(letter.id) && !self.is(Mutant::DuplicateSignalsCounted);
        if seen || self.machine.end().is_some() {
            let written = self.buffer.iter().all(|event| signal_of(event) != Some(letter.id));
            if written && letter.repeats == 0 {
                self.world.inbox.remove(chosen);
            } else if written {
                self.world.inbox[chosen].repeats -= 1;
            }
            return;
        }
        let id = letter.id;
        let received = |step: Option<u32>, name: String| Event::SignalReceived { id, step, name, payload: Value::Null };
        match letter.what {
            Signal::Child(run, fails) => {
                let error = fails.then(|| Box::new(error("the child failed")));
                let child = self.world.children.iter().find(|child| child.run == run);
                let value = child.map_or(0, |child| scenario::child_value(child.item));
                let items = (!fails).then(|| ItemsRecord::fresh(items(&[value])));
                self.emit(Event::ChildEnded { run, signal: id, items, error });
            }
            Signal::Resume(step) => {
                let payload = Value::from(SIGNAL_VALUE);
                self.emit(Event::SignalReceived { id, step: Some(step), name: format!("resume:{step}"), payload });
            }
            Signal::Settle(step, settle) => {
                self.emit(received(Some(step), format!("settle:{step}")));
                self.emit(Event::CallSettled { s: step, settle, by: "somebody".into() });
            }
            Signal::Cancel => {
                self.emit(received(None, "cancel".into()));
                if !self.machine.cancel_requested() {
                    self.emit(Event::CancelRequested { at: self.now, by: "somebody".into() });
                }
            }
            Signal::Pause => {
                self.emit(received(None, "pause".into()));
                if !self.machine.paused() {
                    self.emit(Event::PauseRequested { by: "somebody".into() });
                }
            }
            Signal::Unpause => {
                self.emit(received(None, "unpause".into()));
                if self.machine.paused() {
                    self.emit(Event::PauseEnded { by: "somebody".into() });
                }
            }
        }
    }

    /// Folds a record into the machine and buffers it.
    fn emit(&mut self, event: Event) {
        let event = self.recorded(event);
        self.data.apply(&event);
        if let Some(event) = self.folded(&event) {
            self.machine.apply(&event);
        }
        self.buffer.push(event);
    }

    /// Everything that is buffered gets durable, and what waited for it happens.
    fn flush(&mut self) {
        self.journal.append(&mut self.buffer);
        for act in std::mem::take(&mut self.after) {
            self.act(act);
        }
    }

    /// Something that others can see.
    fn act(&mut self, act: After) {
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
    fn crash(&mut self) {
        self.dangers.crashes = self.dangers.crashes.saturating_sub(1);
        for event in std::mem::take(&mut self.buffer) {
            if let Event::CallEnded { s, call, epoch, .. } = event {
                self.world.uncertain.push(key(s, &call, epoch));
            }
        }
        for frame in std::mem::take(&mut self.running).iter().flat_map(|attempt| &attempt.frames) {
            if let Some((call, epoch, _)) = &frame.pending {
                self.world.uncertain.push(key(frame.step, call, *epoch));
            }
        }
        self.after.clear();
        self.recover();
    }

    /// Rebuilds the machine from the journal; attempts that were under way are made again.
    fn recover(&mut self) {
        self.machine = Machine::new(self.graph.clone());
        self.data = Data::default();
        for event in self.reread() {
            self.data.apply(&event);
            if let Some(event) = self.folded(&event) {
                self.machine.apply(&event);
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
    fn decide(&mut self) {
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
                    self.emit(Event::AttemptStarted { s: step, at: self.now, seed });
                    self.begin(step);
                }
                Next::Resume { step, by } => {
                    self.emit(Event::StepResumed { s: step, by, at: self.now, seed });
                    self.begin(step);
                }
                Next::Release(moves) => {
                    let moves = self.altered(moves);
                    self.emit(Event::JoinReleased { moves });
                }
                Next::Complete => self.emit(Event::RunCompleted { at: self.now }),
                Next::Fail { step, error } => self.emit(Event::RunFailed { at: self.now, step: Some(step), error }),
                Next::Cancel => self.emit(Event::RunCanceled { at: self.now }),
            }
        }
        self.breach("the machine never stops deciding");
    }

    fn begin(&mut self, step: u32) {
        let Some(live) = self.machine.live_step(step) else { return };
        let node = live.node as usize;
        let frame = self.frame(step, node);
        self.running.push(Attempt { frames: vec![frame], invoked: 0, staged: Vec::new(), asks: false });
    }

    fn inputs(&self, step: u32) -> Vec<Vec<i64>> {
        let Some(live) = self.machine.live_step(step) else { return Vec::new() };
        if live.parent.is_some() {
            return vec![vec![TOOL_INPUT]];
        }
        live.inputs.iter().map(|feeds| self.data.gather(feeds)).collect()
    }

    fn frame(&self, step: u32, node: usize) -> Frame {
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
    fn advance(&mut self, chosen: usize) {
        let mut attempt = self.running.remove(chosen);
        match self.proceed(&mut attempt) {
            Progress::Waits => self.running.insert(chosen, attempt),
            Progress::Over => {}
        }
    }

    fn proceed(&mut self, attempt: &mut Attempt) -> Progress {
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

    /// One act of a node. Nothing: the attempt goes on.
    fn perform(&mut self, attempt: &mut Attempt, act: Act, item: Option<u32>) -> Result<Option<Progress>, NodeError> {
        let top = attempt.frames[0].step;
        let frame = attempt.frames.last_mut().expect("a frame");
        let node = frame.node;
        let Some(live) = self.machine.live_step(top) else { return Ok(Some(Progress::Over)) };
        let (tries, number, resumed) = (live.tries, live.attempt, live.resumed.clone());
        match act {
            Act::Fail { tries: failing, permanent } => {
                if tries <= failing {
                    let error = error("it fails");
                    return Err(if permanent { error.permanent() } else { error });
                }
            }
            Act::Later { attempts } => {
                if number <= attempts {
                    return Err(error("later").later(std::time::Duration::from_secs(30)));
                }
            }
            Act::Call { name, failing_epochs, lost_tries, .. } => {
                return self.call(attempt, name, item, failing_epochs, tries <= lost_tries);
            }
            Act::Sleep { millis } => {
                if resumed.is_none() {
                    return Ok(Some(self.suspend(attempt, Suspend::Timer { at: self.now + millis })));
                }
            }
            Act::Wait { timeout } => match resumed {
                Some(Resumed::Signal { payload }) => frame.bonus += payload.as_i64().unwrap_or_default(),
                Some(_) => frame.bonus += TIMEOUT_VALUE,
                None => {
                    let until = timeout.map(|timeout| self.now + timeout);
                    return Ok(Some(self.suspend(attempt, Suspend::Signal { name: "form".into(), until })));
                }
            },
            Act::Children { count, detached, .. } => return self.children(attempt, count, detached),
            Act::Invoke { tool, failing_tries } => {
                if self.machine.cancel_requested() {
                    return Err(canceled());
                }
                return self.invoke(attempt, tool, tries <= failing_tries);
            }
            Act::Answer => {
                if !self.machine.answered() || self.is(Mutant::AnsweredTwice) {
                    let value = (node * 10) as i64;
                    let body = AnswerBody::Text(value.to_string());
                    self.emit(Event::Answered { answer: Answer { status: 200, headers: Vec::new(), body } });
                    if self.is(Mutant::AnswerNotFlushed) {
                        self.act(After::Answer(value));
                    } else {
                        self.after.push(After::Answer(value));
                    }
                }
            }
        }
        attempt.frames.last_mut().expect("a frame").at += 1;
        Ok(None)
    }

    fn call(
        &mut self,
        attempt: &mut Attempt,
        number: u8,
        item: Option<u32>,
        failing_epochs: u32,
        lost: bool,
    ) -> Result<Option<Progress>, NodeError> {
        if self.machine.cancel_requested() {
            return Err(canceled());
        }
        let frame = attempt.frames.last_mut().expect("a frame");
        let (step, node) = (frame.step, frame.node);
        let name = CallName { item, name: format!("c{number}") };
        let fingerprint = Digest([number; 32]);
        let policy = self.scenario.nodes[node].on_uncertain;
        let plan = self.planned(self.machine.plan_call(step, &name, fingerprint, policy));
        let epoch = match plan {
            CallPlan::Known(value) => {
                frame.bonus += value.as_i64().unwrap_or_default();
                frame.at += 1;
                return Ok(None);
            }
            CallPlan::Make { epoch, .. } => epoch,
            CallPlan::Failed(error) => return Err(*error),
            CallPlan::Ask => {
                attempt.asks = true;
                return Err(uncertain());
            }
            CallPlan::Uncertain => {
                return Err(uncertain().permanent());
            }
            CallPlan::Changed | CallPlan::Ended => {
                self.breach("a call of a live step was refused");
                return Err(error("refused"));
            }
        };
        if !self.is(Mutant::IntentNotJournaled) {
            self.emit(Event::CallIntended { s: step, call: name.clone(), epoch, fingerprint });
        }
        if !self.is(Mutant::CallNotFlushed) {
            self.flush();
        }
        self.request(step, &name, epoch);
        let outcome = if lost {
            self.world.uncertain.push(key(step, &name, epoch));
            CallOutcome::Unknown(error("no answer"))
        } else if epoch < failing_epochs {
            CallOutcome::Failed(error("refused by the service"))
        } else {
            CallOutcome::Done(scenario::call_value(number, item).into())
        };
        attempt.frames.last_mut().expect("a frame").pending = Some((name, epoch, outcome));
        Ok(Some(Progress::Waits))
    }

    /// A service sees a request.
    fn request(&mut self, step: u32, name: &CallName, epoch: u32) {
        let key = key(step, name, epoch);
        let (mut intended, mut latest) = (false, None);
        let mut before = None;
        let intent_open = |before: &Option<(u32, CallOutcome)>| {
            !matches!(before, Some((_, CallOutcome::Done(_) | CallOutcome::Failed(_))))
        };
        for event in &self.journal {
            match event {
                Event::CallIntended { s, call, epoch: known, .. } if *s == step && call == name => {
                    intended |= *known == epoch;
                    latest = Some(*known);
                }
                // A person knows better.
                Event::CallSettled { s, settle, .. } if *s == step && intent_open(&before) => match settle {
                    Settle::Failed => before = latest.map(|epoch| (epoch, CallOutcome::Failed(uncertain()))),
                    Settle::Done { outcome } => {
                        before = latest.map(|epoch| (epoch, CallOutcome::Done(outcome.clone())))
                    }
                    Settle::Retry => {}
                },
                Event::CallEnded { s, call, epoch, outcome } if *s == step && call == name => {
                    before = Some((*epoch, outcome.clone()));
                }
                _ => {}
            }
        }
        if !intended {
            self.breach("a call was made before its intent was written");
        }
        match before {
            Some((_, CallOutcome::Done(_))) => self.breach("a finished call was made again"),
            Some((known, CallOutcome::Failed(_))) if epoch <= known => {
                self.breach("a call that is known to have failed was repeated under its key");
            }
            Some((known, CallOutcome::Unknown(_))) if epoch != known => {
                self.breach("an uncertain call was repeated under another key");
            }
            None if epoch > 0 => self.breach("a call got a new key although none is known to have failed"),
            _ => {}
        }
        if self.world.requests.contains(&key) && !self.world.uncertain.contains(&key) {
            self.breach("a call was made twice although its outcome was known");
        }
        let other_key =
            |known: &String| known.rsplit_once('.').map(|(call, _)| call) == key.rsplit_once('.').map(|(call, _)| call);
        let highest = self.world.requests.iter().filter(|known| other_key(known)).count() as u32;
        if highest > 0 && epoch > highest {
            self.breach("an epoch was left out");
        }
        self.world.requests.push(key);
    }

    fn child(&self, step: u32, item: u32, run: RunId, detached: bool) -> Child {
        let before = self.world.children.iter().filter(|child| (child.step, child.item) == (step, item)).count() as u32;
        let node = self.journal.iter().chain(&self.buffer).find_map(|event| match event {
            Event::StepStarted { s, n, .. } if *s == step => Some(*n as usize),
            _ => None,
        });
        let acts = node.map_or(&[][..], |node| &self.scenario.nodes[node].acts);
        let failing = acts.iter().find_map(|act| match act {
            Act::Children { failing, .. } => Some(*failing),
            _ => None,
        });
        let fails = !detached && before < failing.unwrap_or_default();
        Child { run, step, item, fails, detached, reported: false }
    }

    fn children(&mut self, attempt: &mut Attempt, count: u32, detached: bool) -> Result<Option<Progress>, NodeError> {
        let step = attempt.frames[0].step;
        let Some(live) = self.machine.live_step(step) else { return Ok(Some(Progress::Over)) };
        let (mut waits, mut failed, mut bonus) = (false, false, 0);
        for item in 0..count {
            match live.children.iter().rev().find(|child| child.item == Some(item)) {
                Some(child) if child.ended && child.failed => failed = true,
                Some(child) if child.ended => bonus += self.data.child(child.run),
                Some(_) => waits = true,
                None => {
                    attempt.staged.push((item, detached));
                    waits = true;
                }
            }
        }
        if waits && !detached {
            return Ok(Some(self.suspend(attempt, Suspend::Children)));
        }
        if failed {
            return Err(error("a child failed"));
        }
        let frame = &mut attempt.frames[0];
        frame.bonus += if detached { 0 } else { bonus };
        frame.at += 1;
        Ok(None)
    }

    fn start_children(&mut self, attempt: &mut Attempt) {
        let step = attempt.frames[0].step;
        for (item, detached) in std::mem::take(&mut attempt.staged) {
            self.world.next_id += 1;
            let run = RunId(self.world.next_id);
            self.emit(Event::ChildStarted { s: step, item: Some(item), run, detached });
            let child = self.child(step, item, run, detached);
            if self.is(Mutant::ChildNotFlushed) {
                self.act(After::Child(child));
            } else {
                self.after.push(After::Child(child));
            }
        }
    }

    fn suspend(&mut self, attempt: &mut Attempt, on: Suspend) -> Progress {
        self.start_children(attempt);
        let step = attempt.frames[0].step;
        self.emit(Event::StepSuspended { s: step, on, state: None, logs: Vec::new() });
        Progress::Over
    }

    fn invoke(&mut self, attempt: &mut Attempt, tool: usize, fails: bool) -> Result<Option<Progress>, NodeError> {
        let step = attempt.frames[0].step;
        let ordinal = attempt.invoked;
        attempt.invoked += 1;
        let live = self.machine.live_step(step);
        let known =
            live.and_then(|live| live.invoked.iter().find(|(known, _)| *known == ordinal)).map(|(_, nested)| *nested);
        if let Some(value) = known.and_then(|nested| self.data.output(nested)) {
            attempt.frames[0].bonus += value;
            attempt.frames[0].at += 1;
            return Ok(None);
        }
        let nested = match known.filter(|nested| self.machine.live_step(*nested).is_some()) {
            Some(nested) => nested,
            None => {
                let (s, at, seed) = (self.machine.next_step(), self.now, self.rng.next());
                let input = ItemsRecord::fresh(items(&[TOOL_INPUT]));
                self.emit(Event::Invoked { s, n: tool as u32, parent: step, k: ordinal, input, at, seed });
                s
            }
        };
        if fails {
            self.emit(failed(nested, error("the tool failed")));
            return Err(error("the tool failed"));
        }
        let frame = self.frame(nested, tool);
        attempt.frames.push(frame);
        Ok(None)
    }

    /// An attempt has failed: what follows is the machine's decision.
    fn fail(&mut self, attempt: &mut Attempt, error: NodeError) -> Progress {
        while attempt.frames.len() > 1 {
            let nested = attempt.frames.pop().expect("a nested frame");
            if self.machine.live_step(nested.step).is_some() {
                self.emit(failed(nested.step, error.clone()));
            }
        }
        let (step, node) = (attempt.frames[0].step, attempt.frames[0].node);
        if attempt.asks && !self.machine.cancel_requested() {
            let on = Suspend::Signal { name: SETTLE.into(), until: None };
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

    fn complete(&mut self, attempt: &mut Attempt) {
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

    fn moves(&mut self, node: usize, step: u32, out: &[PortRecord]) -> Vec<Move> {
        if self.is(Mutant::EmptyPortsStartNodes) {
            let lens: Vec<Option<usize>> = out.iter().map(|port| Some(port.len().max(1))).collect();
            return self.machine.moves_for(node as u32, step, &lens);
        }
        let moves = self.machine.moves_after(node as u32, step, out);
        self.altered(moves)
    }

    /// The grace after a cancel is over.
    fn abandon(&mut self) {
        self.running.clear();
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

    fn recorded(&self, event: Event) -> Event {
        self.mutant.map_or_else(|| event.clone(), |mutant| mutant.record(event.clone()))
    }

    fn folded(&self, event: &Event) -> Option<Event> {
        self.mutant.map_or_else(|| Some(event.clone()), |mutant| mutant.fold(event))
    }

    fn altered(&self, moves: Vec<Move>) -> Vec<Move> {
        self.mutant.map_or_else(|| moves.clone(), |mutant| mutant.moves(moves.clone()))
    }

    fn chosen(&self, next: Next) -> Next {
        self.mutant.map_or_else(|| next.clone(), |mutant| mutant.next(next.clone()))
    }

    fn judged(&self, verdict: Verdict, error: &NodeError) -> Verdict {
        self.mutant.map_or(verdict, |mutant| mutant.verdict(verdict, error, self.now))
    }

    fn planned(&self, plan: CallPlan) -> CallPlan {
        self.mutant.map_or_else(|| plan.clone(), |mutant| mutant.call(plan.clone()))
    }

    /// The journal as recovery reads it.
    fn reread(&mut self) -> Vec<Event> {
        let events = self.journal.clone();
        match self.mutant {
            Some(mutant) => mutant.reread(events, &mut self.rng),
            None => events,
        }
    }

    /// A mutant's join: it runs as soon as it has anything.
    fn release_early(&mut self) -> bool {
        let state = serde_json::to_value(self.machine.state()).unwrap_or_default();
        let Some(slot) = state["slots"].get(0) else { return false };
        let (n, s) =
            (slot["node"].as_u64().unwrap_or_default() as u32, slot["slot"].as_u64().unwrap_or_default() as u32);
        let feeds = slot["arrived"].as_object().into_iter().flat_map(|ports| ports.iter());
        let mut inputs: Inputs = Vec::new();
        for (port, feed) in feeds {
            let port: usize = port.parse().unwrap_or_default();
            inputs.resize(inputs.len().max(port + 1), Vec::new());
            let step = feed[0].as_u64().unwrap_or_default() as u32;
            inputs[port].push(Feed { step, output: feed[1].as_u64().unwrap_or_default() as u16 });
        }
        self.emit(Event::JoinReleased { moves: vec![Move::Close { n, s }, Move::Back { n, i: inputs }] });
        true
    }
}

fn key(step: u32, call: &CallName, epoch: u32) -> String {
    format!("{step}.{:?}.{}.{epoch}", call.item, call.name)
}

fn signal_of(event: &Event) -> Option<SignalId> {
    match event {
        Event::SignalReceived { id, .. } | Event::ChildEnded { signal: id, .. } => Some(*id),
        _ => None,
    }
}

pub fn error(detail: &str) -> NodeError {
    NodeError::new(Code::StepFailed, Category::Unavailable, detail)
}

fn uncertain() -> NodeError {
    NodeError::new(Code::Uncertain, Category::Unavailable, "nobody knows what came of a call")
}

fn canceled() -> NodeError {
    NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled")
}

fn completed(step: u32, out: Vec<PortRecord>, moves: Vec<Move>, error: Option<(Handled, Box<NodeError>)>) -> Event {
    Event::StepCompleted { s: step, out, moves, micros: 0, state: None, held: Vec::new(), logs: Vec::new(), error }
}

fn failed(step: u32, error: NodeError) -> Event {
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

fn records(ports: &[Option<Vec<i64>>]) -> Vec<PortRecord> {
    let record = |port: &Option<Vec<i64>>| match port {
        None => PortRecord::Nothing,
        Some(list) => PortRecord::items(items(list), Origins::none(list.len())),
    };
    debug_assert!(ports.iter().flatten().all(|list| numbers(&items(list)) == *list));
    ports.iter().map(record).collect()
}

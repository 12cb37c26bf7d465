//! What happens outside the run: signals come early, late and twice, children end, people decide.

use engine::event::{CallName, CallOutcome, Event};
use engine::machine::{SETTLE, StepStatus};
use engine::record::ItemsRecord;
use model::{SignalId, Value};
use part::Suspend;
use part::runs::Settle;

use super::driver::{Driver, Letter, Signal, error, items, signal_of};
use super::mutants::Mutant;
use super::scenario::{self, Act, SIGNAL_VALUE};

impl Driver<'_> {
    /// A step that waits for a signal which nobody has sent: (step, attempt, whether for a person's decision).
    pub(super) fn awaited(&self) -> Option<(u32, u32, bool)> {
        self.machine.live().iter().find_map(|(number, step)| match &step.status {
            StepStatus::Suspended(Suspend::Signal { name, .. }) => {
                let known = self.world.signalled.contains(&(*number, step.attempt));
                (!known).then_some((*number, step.attempt, name == SETTLE))
            }
            _ => None,
        })
    }

    /// Something happens outside: a child ends, a signal is sent (early, late or in time), somebody decides.
    pub(super) fn happen(&mut self) {
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

    pub(super) fn journal_has_step(&self, step: u32) -> bool {
        self.journal.iter().any(|event| matches!(event, Event::StepStarted { s, .. } if *s == step))
    }

    /// A person decides about the uncertain calls of a step.
    pub(super) fn settle(&mut self, step: u32) {
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

    pub(super) fn act_of(&self, node: usize, name: &CallName) -> Act {
        let wanted = |act: &&Act| matches!(act, Act::Call { name: number, .. } if name.name == format!("c{number}"));
        self.scenario.nodes[node].acts.iter().find(wanted).copied().unwrap_or(Act::Answer)
    }

    pub(super) fn fails_under(&self, node: usize, name: &CallName) -> u32 {
        match self.act_of(node, name) {
            Act::Call { failing_epochs, .. } => failing_epochs,
            _ => 0,
        }
    }

    pub(super) fn post(&mut self, what: Signal) {
        self.world.next_id += 1;
        let repeats = if self.rng.percent(15) { 1 } else { 0 };
        self.world.inbox.push(Letter { id: SignalId(self.world.next_id), what, repeats });
    }

    /// One letter out of the inbox becomes records. It stays there until they are written.
    pub(super) fn receive(&mut self) {
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
}

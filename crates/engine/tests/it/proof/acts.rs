//! What a step does when it is attempted: calls, waits, children, attached nodes, answers.

use engine::event::{CallName, CallOutcome, Event};
use engine::machine::CallPlan;
use engine::record::ItemsRecord;
use model::{Digest, RunId};
use part::runs::Settle;
use part::{Answer, AnswerBody, NodeError, Resumed, Suspend};

use super::driver::{After, Attempt, Child, Driver, Progress, canceled, error, failed, items, key, uncertain};
use super::mutants::Mutant;
use super::scenario::{self, Act, TIMEOUT_VALUE, TOOL_INPUT};

impl Driver<'_> {
    /// One act of a node. Nothing: the attempt goes on.
    pub(super) fn perform(
        &mut self,
        attempt: &mut Attempt,
        act: Act,
        item: Option<u32>,
    ) -> Result<Option<Progress>, NodeError> {
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
                    return Ok(Some(self.suspend(attempt, Suspend::Signal { name: "form".into(), until, door: None })));
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

    pub(super) fn call(
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
    pub(super) fn request(&mut self, step: u32, name: &CallName, epoch: u32) {
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

    pub(super) fn child(&self, step: u32, item: u32, run: RunId, detached: bool) -> Child {
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

    pub(super) fn children(
        &mut self,
        attempt: &mut Attempt,
        count: u32,
        detached: bool,
    ) -> Result<Option<Progress>, NodeError> {
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

    pub(super) fn start_children(&mut self, attempt: &mut Attempt) {
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

    pub(super) fn suspend(&mut self, attempt: &mut Attempt, on: Suspend) -> Progress {
        self.start_children(attempt);
        let step = attempt.frames[0].step;
        self.emit(Event::StepSuspended { s: step, on, state: None, logs: Vec::new() });
        Progress::Over
    }

    pub(super) fn invoke(
        &mut self,
        attempt: &mut Attempt,
        tool: usize,
        fails: bool,
    ) -> Result<Option<Progress>, NodeError> {
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
}

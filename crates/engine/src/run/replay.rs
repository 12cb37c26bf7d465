//! Replay: every step of a recorded run is executed again with the network off, and must put out the same bytes.
//!
//! Clock, chance, calls, children, signals and what steps read from our own store come from the journal; variables come
//! from their history, at the position that the step has journaled. A node that answers differently is not
//! deterministic, or has changed; a call that was not recorded is refused. An attempt that failed must fail again, with
//! the same error, unless it was ended from outside: by a cancel or its deadline.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use model::{Code, Problem};
use part::node::Outcome;
use part::runs::{Difference, Replay};
use part::{NodeError, Resumed};

use super::core::{Core, Shared};
use super::drive;
use crate::event::{Event, PortRecord, StepNumber};
use crate::machine::LiveStep;
use crate::ports::VariableSet;

/// Executes the steps of `events` again. `shared` stands before its first record and is of nobody else's use.
pub async fn replay(shared: &Arc<Shared>, events: Vec<Event>) -> Result<Replay, Problem> {
    let mut replay = Replay::default();
    let mut later: Vec<Event> = Vec::new();
    let mut variables = Past::default();
    for event in events {
        variables.note(&event);
        // An answer belongs to the step that gives it: that step must find the run unanswered, as it did then.
        if matches!(event, Event::Answered { .. } | Event::AnswerBegun { .. } | Event::AnswerEnded { .. }) {
            later.push(event);
            continue;
        }
        if let Event::LocalRead { s, key, value } = &event {
            let value = value.as_deref().and_then(part::params::base64).map(Into::into);
            let mut reads = shared.recorded_reads.lock().unwrap_or_else(PoisonError::into_inner);
            reads.insert((*s, key.clone()), value);
        }
        let ends = match &event {
            Event::StepCompleted { s, .. }
            | Event::StepSuspended { s, .. }
            | Event::StepFailed { s, .. }
            | Event::AttemptFailed { s, .. } => Some(*s),
            _ => None,
        };
        let live = ends.and_then(|step| shared.core().machine.live_step(step).cloned());
        let live = live.filter(|live| live.parent.is_none() && !from_outside(shared, live, &event));
        if let (Some(step), Some(live)) = (ends, live) {
            replay.steps += 1;
            let seen = variables.of(shared, step).await?;
            *shared.recorded_variables.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
            let replayed = execute(shared, step, &live, &event).await;
            let recorded = recorded_of(&event);
            if recorded != replayed {
                let node = shared.definition.node(live.node).name.to_string();
                replay.differences.push(Difference { step, node, recorded, replayed });
            }
        }
        let mut core = shared.core();
        core.fold(&event);
        later.drain(..).for_each(|event| core.fold(&event));
    }
    Ok(replay)
}

/// The variables as the steps of a run saw them.
#[derive(Default)]
struct Past {
    /// Position that each step has journaled last.
    positions: HashMap<StepNumber, u64>,
    /// The set that was read last: steps of one run mostly see the same one.
    last: Option<(u64, Arc<VariableSet>)>,
}

impl Past {
    fn note(&mut self, event: &Event) {
        let (step, position) = match event {
            Event::StepStarted { s, variables, .. } => (*s, *variables),
            Event::AttemptStarted { s, variables, .. } | Event::StepResumed { s, variables, .. } if *variables > 0 => {
                (*s, *variables)
            }
            _ => return,
        };
        self.positions.insert(step, position);
    }

    async fn of(&mut self, shared: &Shared, step: StepNumber) -> Result<Arc<VariableSet>, Problem> {
        let position = self.positions.get(&step).copied().unwrap_or_default();
        if let Some((_, set)) = self.last.as_ref().filter(|(known, _)| *known == position) {
            return Ok(set.clone());
        }
        let set = shared.engine.variables.at(&shared.scope, position).await?;
        self.last = Some((position, set.clone()));
        Ok(set)
    }
}

fn recorded_of(event: &Event) -> String {
    match event {
        Event::StepCompleted { out, .. } => text_of(out),
        Event::StepSuspended { on, .. } => serde_json::to_string(on).unwrap_or_default(),
        Event::StepFailed { error, .. } | Event::AttemptFailed { error, .. } => failed(error),
        _ => String::new(),
    }
}

/// Whether the attempt was ended by something that is not there in a replay.
fn from_outside(shared: &Shared, live: &LiveStep, event: &Event) -> bool {
    let (Event::StepFailed { error, .. } | Event::AttemptFailed { error, .. }) = event else { return false };
    match error.problem.code {
        Code::RunCanceled => true,
        // The attempt's own deadline; a service that was late is in the journal.
        Code::UpstreamTimeout => shared.definition.node(live.node).timeout.is_some(),
        _ => false,
    }
}

fn failed(error: &NodeError) -> String {
    format!("failed: {}", serde_json::to_string(error).unwrap_or_default())
}

fn text_of(out: &[PortRecord]) -> String {
    serde_json::to_string(out).unwrap_or_default()
}

async fn execute(shared: &Arc<Shared>, step: StepNumber, live: &LiveStep, recorded: &Event) -> String {
    let (run, use_pins) = {
        let core: &Core = &shared.core();
        (drive::prepare(shared, core, step, live, shared.variables()), core.use_pins)
    };
    let resumed: Option<Resumed> = live.resumed.clone();
    match drive::execute(&run, live.attempt, resumed, use_pins).await {
        Ok(Outcome::Done(outputs)) => text_of(&drive::complete(shared, &run, outputs)),
        Ok(Outcome::Suspend(on)) => serde_json::to_string(&on).unwrap_or_default(),
        Err(error) => match recorded {
            Event::StepCompleted { error: Some((handled, _)), .. } => {
                text_of(&drive::absorb(shared, &run, *handled, &error))
            }
            Event::StepSuspended { .. } if run.staged().asks => recorded_of(recorded),
            _ => failed(&error),
        },
    }
}

//! Replay: every step of a recorded run is executed again with the network off, and must put out the same bytes.
//!
//! Clock, chance, calls, children, signals and what steps read from our own store come from the journal. A node that answers differently is not
//! deterministic, or has changed; a call that was not recorded is refused. An attempt that failed must fail again, with
//! the same error, unless it was ended from outside: by a cancel or its deadline.

use std::sync::{Arc, PoisonError};

use model::Code;
use part::node::Outcome;
use part::{NodeError, Resumed};

use super::core::{Core, Shared};
use super::drive;
use crate::event::{Event, PortRecord, StepNumber};
use crate::machine::LiveStep;

/// What a replay has found.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// Executions of steps: one for each attempt that completed, failed, or began to wait.
    pub steps: u32,
    /// Steps that answered differently.
    pub differences: Vec<Difference>,
}

/// A step that answered differently.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Step.
    pub step: StepNumber,
    /// Name of its node.
    pub node: String,
    /// What was recorded.
    pub recorded: String,
    /// What came now.
    pub replayed: String,
}

/// Executes the steps of `events` again. `shared` stands before its first record and is of nobody else's use.
pub async fn replay(shared: &Arc<Shared>, events: Vec<Event>) -> Replay {
    let mut replay = Replay::default();
    let mut later: Vec<Event> = Vec::new();
    for event in events {
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
    replay
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
        (drive::prepare(shared, core, step, live), core.use_pins)
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

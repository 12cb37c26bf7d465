//! What a run waits for, as whoever comes to a resume address has to know it.

use std::collections::BTreeMap;

use model::{Code, Problem};
use part::Suspend;
use store::RunRow;

use super::Inner;
use crate::event::Event;
use crate::machine::SETTLE;

impl Inner {
    /// The wait that a call with this step's address resumes: the step's own, or, when the address was shown by a step
    /// before it, the one that would take the signal. Committed records alone count, as nobody knows an address sooner.
    pub(super) async fn waits(&self, row: &RunRow, step: u32) -> Result<Option<Suspend>, Problem> {
        if row.state.status.is_final() {
            return Ok(None);
        }
        let mut waiting: BTreeMap<u32, Suspend> = BTreeMap::new();
        let (mut waited, mut over) = (false, false);
        let see = |event| match event {
            Event::StepSuspended { s, on, .. } if is_signal(&on) => {
                waited |= s == step;
                waiting.insert(s, on);
            }
            Event::StepResumed { s, .. } => drop(waiting.remove(&s)),
            Event::StepCompleted { s, .. } | Event::StepFailed { s, .. } => over |= s == step,
            _ => {}
        };
        self.each_event(row, see).await?;
        match waiting.remove(&step).or_else(|| waiting.into_values().next()) {
            None if waited && over => {
                let problem = Problem::new(Code::RunEnded, "the step has gone on already");
                Err(problem.hint("look at the run to see what it went on with"))
            }
            wait => Ok(wait),
        }
    }
}

fn is_signal(on: &Suspend) -> bool {
    matches!(on, Suspend::Signal { name, .. } if name != SETTLE)
}

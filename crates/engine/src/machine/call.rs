//! What becomes of a call that a step wants to make: answered from the journal, made under which key, or not made.

use model::workflow::OnUncertain;
use model::{Digest, Value};
use part::{Category, NodeError};

use super::Machine;
use crate::event::{CallName, CallOutcome, StepNumber};

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum CallPlan {
    /// It has ended well before; this is what came of it.
    Known(Value),
    /// It has failed before in this attempt.
    Failed(Box<NodeError>),
    /// It is made.
    Make {
        /// Epoch of its key.
        epoch: u32,
        /// It was begun under this key before, and nobody knows what came of it.
        repeated: bool,
    },
    /// Nobody knows what came of it, and a person is asked.
    Ask,
    /// Nobody knows what came of it, and the node does not want it repeated.
    Uncertain,
    /// It was begun with another request.
    Changed,
    /// The step is not live, so it may not call.
    Ended,
}

/// Whether a service has only said that it does nothing at the moment.
pub fn is_put_off(error: &NodeError) -> bool {
    !error.permanent && matches!(error.category, Category::RateLimit | Category::Unavailable)
}

impl Machine {
    /// What becomes of a call of a live step.
    pub fn plan_call(&self, step: StepNumber, name: &CallName, fingerprint: Digest, policy: OnUncertain) -> CallPlan {
        let Some(live) = self.live_step(step) else { return CallPlan::Ended };
        let Some(known) = live.calls.get(name) else {
            return CallPlan::Make { epoch: self.base_epoch(), repeated: false };
        };
        match &known.outcome {
            Some(CallOutcome::Done(value)) => CallPlan::Known(value.clone()),
            Some(CallOutcome::Failed(error)) => CallPlan::Failed(Box::new(error.clone())),
            None if !known.begun => CallPlan::Make { epoch: known.epoch, repeated: false },
            None | Some(CallOutcome::Unknown(_)) if known.fingerprint != fingerprint => CallPlan::Changed,
            None | Some(CallOutcome::Unknown(_)) => match policy {
                OnUncertain::Retry => CallPlan::Make { epoch: known.epoch, repeated: true },
                _ if known.allowed => CallPlan::Make { epoch: known.epoch, repeated: true },
                OnUncertain::Ask => CallPlan::Ask,
                OnUncertain::Fail => CallPlan::Uncertain,
            },
        }
    }
}

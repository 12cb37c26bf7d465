//! What a step asks of our own store and of the house around it.

use std::sync::PoisonError;

use model::{Code, Value};
use part::ctx::OwnRead;
use part::house::Act;
use part::{Category, NodeError};
use serde::{Deserialize, Serialize};

use super::host::StepRun;
use crate::event::Event;

/// What a read came to, as it is journaled: a replay has to fail where the step failed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Read {
    Found(Value),
    Failed(Box<NodeError>),
}

/// Reads once, and journals what it came to; in a replay it is in the journal.
pub(super) async fn read(step: &StepRun, key: String, read: OwnRead<'_>) -> Result<Value, NodeError> {
    let place = format!("own/{key}");
    if step.shared.replaying {
        let reads = step.shared.recorded_reads.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = reads.get(&(step.step, place)).cloned().flatten();
        let recorded = recorded.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        return match recorded {
            Some(Read::Found(value)) => Ok(value),
            Some(Read::Failed(error)) => Err(*error),
            None => {
                let detail = format!("the read `{key}` was not recorded");
                Err(NodeError::new(Code::NotResumable, Category::Bug, detail).permanent())
            }
        };
    }
    let result = read.await;
    let recorded = match &result {
        Ok(value) => Read::Found(value.clone()),
        Err(error) => Read::Failed(Box::new(error.clone())),
    };
    let bytes = serde_json::to_vec(&recorded).map_err(|error| NodeError::bug(error.to_string()))?;
    let value = Some(part::params::to_base64(&bytes));
    step.shared.core().emit(Event::LocalRead { s: step.step, key: place, value });
    result
}

/// Asks the house, in the name of whom the run acts for.
pub(super) async fn ask(step: &StepRun, act: Act) -> Result<Value, NodeError> {
    let shared = &step.shared;
    let house = shared.engine.house.as_ref().filter(|_| !shared.replaying).ok_or_else(|| {
        let detail = "this process knows nothing of resources and other runs";
        NodeError::new(Code::Unsupported, Category::Refused, detail).hint("run the workflow on a server")
    })?;
    house.ask(&shared.scope, &shared.head.runs_as, act).await.map_err(NodeError::from)
}

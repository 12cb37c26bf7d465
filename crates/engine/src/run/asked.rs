//! What a step asks for, found out by executing it again with the network off.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use model::{Digest, Value};

use super::core::Shared;
use super::drive;
use crate::event::{CallName, StepNumber};
use crate::ports::VariableSet;

/// How long it may take: somebody waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request that a step made.
pub struct Asked {
    /// Name of the call.
    pub call: CallName,
    /// The canonical request, without secrets.
    pub request: Value,
    /// Its fingerprint.
    pub fingerprint: Digest,
}

/// Executes a live step once more and gives the requests that it makes. Each is answered from the journal, and one that
/// is not there ends it. Nothing when the step does not live, or belongs to another one.
pub async fn asked(shared: &Arc<Shared>, step: StepNumber, variables: Arc<VariableSet>) -> Vec<Asked> {
    *shared.recorded_variables.lock().unwrap_or_else(PoisonError::into_inner) = Some(variables.clone());
    let found = {
        let core = shared.core();
        let live = core.machine.live_step(step).filter(|live| live.parent.is_none());
        live.map(|live| {
            let run = drive::prepare(shared, &core, step, live, variables);
            (run, live.attempt, live.resumed.clone(), core.use_pins)
        })
    };
    let Some((run, attempt, resumed, use_pins)) = found else { return Vec::new() };
    // What it puts out is not looked at, and neither is how it ends: what it asked for before that was asked for.
    let _ = tokio::time::timeout(PATIENCE, drive::execute(&run, attempt, resumed, use_pins)).await;
    let mut asked = shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
    let own = asked.drain(..).filter(|(by, ..)| *by == step);
    own.map(|(_, call, request, fingerprint)| Asked { call, request, fingerprint }).collect()
}

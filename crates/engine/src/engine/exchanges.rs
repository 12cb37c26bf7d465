//! What a step sent and got.
//!
//! The journal has the outcome of each call, and of its request only the fingerprint. So the run is folded up to the end
//! of the step, the step is executed once more with the network off, and what it asks for is held against that.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use model::{Code, Digest, Problem, RunId, Scope, Value};
use part::NodeError;
use part::runs::{StepExchange, StepExchanges};
use serde_json::json;
use store::RunRow;

use super::Inner;
use crate::definition::Definition;
use crate::event::{CallName, CallOutcome, Event, NodeIndex, StepNumber};
use crate::machine::Machine;
use crate::run::{Asked, Core, Shared, asked};

/// Records after which a run that is being folded is made smaller.
const SLICE: u32 = 1_024;

/// What the journal says of a step.
#[derive(Default)]
struct Recorded {
    node: Option<NodeIndex>,
    nested: bool,
    /// It is the trigger's, which was there before the run.
    trigger: bool,
    attempts: u32,
    micros: Option<u64>,
    /// Position of the variables that its last attempt saw.
    variables: u64,
    calls: Vec<(CallName, Call)>,
    /// Records before the last end of the step; absent while it lives.
    before_end: Option<u32>,
}

/// A call of it.
#[derive(Default)]
struct Call {
    begun: u32,
    fingerprint: Option<Digest>,
    outcome: Option<CallOutcome>,
}

impl Recorded {
    fn note(&mut self, step: StepNumber, at: u32, event: &Event) {
        match event {
            Event::RunStarted { trigger: Some(trigger), .. } if step == 0 => {
                (self.node, self.attempts, self.trigger) = (Some(*trigger), 1, true);
            }
            Event::StepStarted { s, n, variables, .. } if *s == step => {
                (self.node, self.attempts, self.variables) = (Some(*n), 1, *variables);
                self.before_end = None;
            }
            Event::Invoked { s, n, .. } if *s == step => {
                (self.node, self.attempts, self.nested) = (Some(*n), 1, true);
            }
            Event::AttemptStarted { s, variables, .. } if *s == step => {
                self.attempts += 1;
                self.goes_on(*variables);
            }
            Event::StepResumed { s, variables, .. } if *s == step => self.goes_on(*variables),
            Event::CallIntended { s, call, fingerprint, .. } if *s == step => {
                let known = self.call(call);
                known.begun += 1;
                (known.fingerprint, known.outcome) = (Some(*fingerprint), None);
            }
            Event::CallEnded { s, call, outcome, .. } if *s == step => {
                self.call(call).outcome = Some(outcome.clone());
            }
            Event::StepCompleted { s, micros, .. } | Event::StepFailed { s, micros, .. } if *s == step => {
                (self.micros, self.before_end) = (Some(*micros), Some(at));
            }
            Event::AttemptFailed { s, .. } | Event::StepSuspended { s, .. } if *s == step => {
                self.before_end = Some(at);
            }
            _ => {}
        }
    }

    fn goes_on(&mut self, variables: u64) {
        if variables > 0 {
            self.variables = variables;
        }
        (self.before_end, self.micros) = (None, None);
    }

    fn call(&mut self, name: &CallName) -> &mut Call {
        let at = self.calls.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.calls.push((name.clone(), Call::default()));
            self.calls.len() - 1
        });
        &mut self.calls[at].1
    }
}

impl Inner {
    /// What a step sent and got, and its parameters for an item.
    pub(super) async fn exchanges(
        self: &Arc<Self>,
        scope: &Scope,
        run: RunId,
        step: StepNumber,
        item: usize,
    ) -> Result<StepExchanges, Problem> {
        let row = self.row(scope, run).await?;
        let definition = self.stored_definition(row.head.scope, row.head.definition).await?;
        let (mut recorded, mut at) = (Recorded::default(), 0u32);
        self.each_event(&row, |event| {
            recorded.note(step, at, &event);
            at += 1;
        })
        .await?;
        let node = recorded.node.and_then(|node| definition.nodes.get(node as usize));
        let Some(node) = node else {
            return Err(Problem::new(Code::NotFound, format!("the run has no step {step} of a node")));
        };
        let mut shown = StepExchanges {
            step,
            node: node.name.to_string(),
            node_type: node.node_type.clone(),
            connections: node.connections.values().map(ToString::to_string).collect(),
            attempts: recorded.attempts,
            duration_micros: recorded.micros,
            item,
            params: None,
            exchanges: Vec::new(),
            notes: Vec::new(),
        };
        let mut made = Vec::new();
        if recorded.nested {
            shown.notes.push("the step was asked by another one, so what it sent cannot be made again".into());
        } else if !recorded.trigger {
            match self.filled_in(scope, run, step, item, Value::Object((*node.params).clone())).await {
                Ok(params) => shown.params = Some(params),
                Err(problem) => shown.notes.push(format!("its parameters cannot be told: {}", problem.detail)),
            }
            if !recorded.calls.is_empty() {
                made = self.ask_again(scope, &row, &definition, step, &recorded).await?;
            }
        }
        let missing = recorded.calls.len() > made.len();
        shown.exchanges = recorded.calls.into_iter().map(|(name, call)| exchange(name, call, &made)).collect();
        if missing && !recorded.nested {
            let note = "what some calls sent is not shown: the step does not make them when it is executed again";
            shown.notes.push(note.into());
        }
        Ok(shown)
    }

    /// The parameters with what their expressions came to.
    async fn filled_in(
        self: &Arc<Self>,
        scope: &Scope,
        run: RunId,
        step: StepNumber,
        item: usize,
        mut params: Value,
    ) -> Result<Value, Problem> {
        for resolved in self.parameters(scope, run, step, item).await?.parameters {
            if let Some(place) = params.pointer_mut(&resolved.pointer) {
                *place = resolved.value.unwrap_or_default();
            }
        }
        Ok(params)
    }

    /// Executes the step again as it stood before its last end.
    async fn ask_again(
        self: &Arc<Self>,
        scope: &Scope,
        row: &RunRow,
        definition: &Arc<Definition>,
        step: StepNumber,
        recorded: &Recorded,
    ) -> Result<Vec<Asked>, Problem> {
        let mut core = Core::new(Machine::new(definition.graph.clone()));
        let end = recorded.before_end.unwrap_or(u32::MAX);
        let (mut folded, mut shrunk, mut reads) = (0u32, Ok(()), HashMap::new());
        self.each_event(row, |event| {
            if folded >= end {
                return;
            }
            if let Event::LocalRead { s, key, value } = &event
                && *s == step
            {
                let value = value.as_deref().and_then(part::params::base64).map(Into::into);
                reads.insert((*s, key.clone()), value);
            }
            core.fold(&event);
            folded += 1;
            if folded.is_multiple_of(SLICE) && shrunk.is_ok() {
                shrunk = core.shrink();
            }
        })
        .await?;
        shrunk.map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let variables = self.variables.at(scope, recorded.variables).await?;
        let shared = Shared::for_replay(self.clone(), scope.clone(), row.head.clone(), definition.clone(), core);
        *shared.recorded_reads.lock().unwrap_or_else(PoisonError::into_inner) = reads;
        Ok(asked(&shared, step, variables).await)
    }
}

fn exchange(name: CallName, call: Call, made: &[Asked]) -> StepExchange {
    let again = made.iter().rev().find(|asked| asked.call == name);
    let (status, answer, error) = match call.outcome {
        None => ("running", None, None),
        Some(CallOutcome::Done(outcome)) => ("completed", Some(outcome), None),
        Some(CallOutcome::Failed(error)) => ("failed", answer_in(&error), Some(error.to_string())),
        Some(CallOutcome::Unknown(error)) => ("uncertain", answer_in(&error), Some(error.to_string())),
    };
    StepExchange {
        name: name.name,
        item: name.item,
        status: status.into(),
        attempts: call.begun,
        request: again.map(|asked| asked.request.clone()),
        as_sent: again.map(|asked| Some(asked.fingerprint) == call.fingerprint),
        answer,
        error,
    }
}

/// The answer that an error was made of.
fn answer_in(error: &NodeError) -> Option<Value> {
    let context = error.context.as_ref()?;
    let text = match &context["body"] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let status = context.get("status").filter(|status| status.is_number())?;
    Some(json!({ "status": status, "headers": context["headers"], "body": { "text": text } }))
}

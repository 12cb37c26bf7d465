//! Node types that start runs.
//!
//! What a trigger puts out comes from outside and is in the run before its first step; as a step (an edge leads
//! into it, a person runs it alone) it hands its input on.

mod called;
mod error;
mod evaluation;
mod form;
mod manual;
mod own_life;
mod schedule;
pub(crate) mod webhook;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Code, NodeSpec, Problem};
use part::trigger::Trigger;
use part::{Ctx, Effect, Node, NodeError, NodeType, Outcome, PortOutput, Ports, Typed};
use serde::de::DeserializeOwned;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![
        Arc::new(manual::Manual),
        Arc::new(webhook::Webhook),
        Arc::new(form::FormTrigger),
        Arc::new(schedule::Schedule),
        Arc::new(called::Called),
        Arc::new(error::ErrorTrigger),
        Arc::new(evaluation::EvaluationTrigger),
        Arc::new(own_life::OwnLife),
    ]
}

/// What triggers of this family listen to.
pub fn sources() -> Vec<Arc<dyn part::listen::Source>> {
    vec![Arc::new(own_life::Life)]
}

/// A prepared trigger: what it listens for, and how many outputs it has.
struct TriggerNode {
    trigger: Trigger,
    outputs: u16,
    incomplete: Vec<Problem>,
}

impl TriggerNode {
    fn with_one_output(trigger: Trigger) -> Arc<dyn Node> {
        Arc::new(TriggerNode { trigger, outputs: 1, incomplete: Vec::new() })
    }
}

impl Node for TriggerNode {
    fn ports(&self) -> Ports {
        Ports { outputs: self.outputs, ..Ports::TRIGGER }
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn trigger(&self) -> Option<&Trigger> {
        Some(&self.trigger)
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        let mut outputs = vec![PortOutput::Nothing; self.outputs as usize];
        outputs[0] = PortOutput::pass(ctx.input(0).len());
        Box::pin(std::future::ready(Ok(Outcome::Done(outputs))))
    }
}

/// Parameters that are read before any run exists, so that an expression in them has nothing to look at.
fn fixed<T: DeserializeOwned>(node: &NodeSpec) -> Result<Arc<T>, Vec<Problem>> {
    let typed = Typed::<T>::compile(&node.params)?;
    if let Some(fixed) = typed.fixed() {
        return Ok(fixed.clone());
    }
    let refuse = |pointer: &str| {
        Problem::new(Code::InvalidParameter, "a trigger is set up before a run exists, so this cannot be an expression")
            .at(format!("/params{pointer}"))
            .hint("write the value itself")
    };
    Err(typed.params().templates().iter().map(|template| refuse(&template.pointer)).collect())
}

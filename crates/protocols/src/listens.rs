//! What trigger nodes that listen have in common: settings that are fixed before a run exists.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Code, NodeSpec, Problem, Value};
use part::listen::Ear;
use part::trigger::Trigger;
use part::{Ctx, Effect, Node, NodeError, Outcome, PortOutput, Ports, Typed};
use serde::de::DeserializeOwned;

/// A trigger node, prepared.
struct Listens {
    trigger: Trigger,
    incomplete: Vec<Problem>,
}

/// A trigger node whose parameters hold no expressions. `check` gives what is wrong with them, and what is not set yet.
pub(crate) fn prepare<P: DeserializeOwned>(
    node: &NodeSpec,
    service: &str,
    check: impl FnOnce(&P) -> Result<Vec<Problem>, Vec<Problem>>,
) -> Result<Arc<dyn Node>, Vec<Problem>> {
    let typed = Typed::<P>::compile(&node.params)?;
    let Some(params) = typed.fixed() else {
        let refuse = |pointer: &str| {
            let detail = "a trigger is set up before a run exists, so this cannot be an expression";
            let problem = Problem::new(Code::InvalidParameter, detail).at(format!("/params{pointer}"));
            problem.hint("write the value itself")
        };
        return Err(typed.params().templates().iter().map(|template| refuse(&template.pointer)).collect());
    };
    let incomplete = check(params)?;
    let settings = Value::Object(node.params.clone());
    Ok(Arc::new(Listens { trigger: Trigger::Provided { service: service.to_owned(), settings }, incomplete }))
}

/// Listens until nobody needs to any more, wherever it is then: for sources that find again what is cut off. The stop
/// is looked at first, because a call that it has cut off is no failure.
pub(crate) async fn until_stopped(
    ear: &Ear,
    listening: impl Future<Output = Result<(), NodeError>>,
) -> Result<(), NodeError> {
    tokio::select! {
        biased;
        () = ear.stop().cancelled() => Ok(()),
        ended = listening => ended,
    }
}

impl Node for Listens {
    fn ports(&self) -> Ports {
        Ports::TRIGGER
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
        Box::pin(std::future::ready(Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]))))
    }
}

//! What node types of brokers have in common: triggers whose settings are fixed before a run exists, and how brokers
//! fail.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Code, NodeSpec, Problem, Value};
use outbound::{Login, Meta, Outbound};
use part::trigger::Trigger;
use part::{Category, Ctx, Effect, Node, NodeError, Outcome, PortOutput, Ports, Typed};
use serde::de::DeserializeOwned;

use crate::each;

/// Longest time to reach a broker: shorter than the time after which a silent trigger is called dead.
pub(super) const REACH: Duration = Duration::from_secs(10);

/// The account in a slot, and on whose behalf its broker is dialled.
pub(super) async fn account(ctx: &Ctx, slot: &str) -> Result<(Outbound, Login, Meta), NodeError> {
    let (login, mut meta) = each::account(ctx, slot).await?;
    meta.deadline = REACH;
    Ok((each::way_out(ctx)?, login, meta))
}

/// A trigger that listens, prepared.
pub(super) struct Listens {
    trigger: Trigger,
    incomplete: Vec<Problem>,
}

impl Listens {
    /// With parameters that hold no expressions: they are read before a run exists.
    pub(super) fn prepare<P: DeserializeOwned>(
        node: &NodeSpec,
        service: &str,
        slot: &str,
        check: impl FnOnce(&P) -> Vec<Problem>,
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
        let incomplete = [each::lacks(node, slot), check(params)].concat();
        let settings = Value::Object(node.params.clone());
        Ok(Arc::new(Listens { trigger: Trigger::Provided { service: service.to_owned(), settings }, incomplete }))
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

/// The broker cannot be reached, or not any more.
pub(super) fn unreachable(detail: impl Into<String>) -> NodeError {
    NodeError::new(Code::DialFailed, Category::Unavailable, detail)
}

/// The broker did not answer in time.
pub(super) fn silent(what: &str) -> NodeError {
    let detail = format!("the broker did not answer within {} seconds: {what}", REACH.as_secs());
    NodeError::new(Code::UpstreamTimeout, Category::Timeout, detail)
}

/// The broker refuses the account.
pub(super) fn refused(detail: impl Into<String>) -> NodeError {
    let error = NodeError::new(Code::CredentialRejected, Category::Auth, detail);
    error.hint("check user, password and permissions in the connection and at the broker").permanent()
}

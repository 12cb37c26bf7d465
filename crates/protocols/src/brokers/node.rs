//! What node types of brokers have in common: one connection for all items of a step, and triggers whose settings are
//! fixed before a run exists.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Code, Item, NodeSpec, Problem, Value};
use outbound::{Login, Meta};
use part::trigger::Trigger;
use part::{Category, Ctx, Effect, Node, NodeError, Origin, Outcome, PortOutput, Ports, Typed};
use serde::de::DeserializeOwned;

/// Longest time to reach a broker: shorter than the time after which a silent trigger is called dead.
pub(super) const REACH: Duration = Duration::from_secs(10);

/// Does something for each item, over a connection that is opened for the first item that needs it.
pub(super) trait Act: Send + Sync + 'static {
    /// The node's parameters.
    type Params: DeserializeOwned + Send + Sync + 'static;
    /// The connection.
    type Open: Send;

    /// What comes out for an item.
    fn act<'a>(
        ctx: &'a Ctx,
        open: &'a mut Option<Self::Open>,
        params: &'a Self::Params,
        item: &'a Item,
        position: usize,
    ) -> impl Future<Output = Result<Item, NodeError>> + Send + 'a;

    /// Takes leave of the broker, after the last item.
    fn close(open: Self::Open) -> impl Future<Output = ()> + Send;
}

/// A node that acts, prepared.
pub(super) struct Acting<A: Act> {
    params: Typed<A::Params>,
    incomplete: Vec<Problem>,
}

impl<A: Act> Acting<A> {
    pub(super) fn prepare(node: &NodeSpec, slot: &str) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::compile(&node.params)?;
        Ok(Arc::new(Acting::<A> { params, incomplete: lacks(node, slot) }))
    }
}

impl<A: Act> Node for Acting<A> {
    fn effect(&self) -> Effect {
        Effect::Effect
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let mut open = None;
            let mut outputs = ctx.outputs(1);
            let mut position = 0;
            for segment in ctx.input(0).segments() {
                let items = segment.load(ctx.spool()).await?;
                for (params, item) in ctx.typed(&self.params, &items, position).await?.into_iter().zip(items.iter()) {
                    let made = match params {
                        Ok(params) => A::act(ctx, &mut open, &params, item, position).await,
                        Err(error) => Err(error),
                    };
                    match made {
                        Ok(made) => outputs.push(0, made, Origin::item(position)).await?,
                        Err(error) => outputs.fail(position, item, error).await?,
                    }
                    position += 1;
                }
            }
            if let Some(open) = open {
                A::close(open).await;
            }
            outputs.done().await
        })
    }
}

/// The account in a slot, and on whose behalf its broker is dialled.
pub(super) async fn account(ctx: &Ctx, slot: &str) -> Result<(outbound::Outbound, Login, Meta), NodeError> {
    let outbound = ctx.host().outbound().cloned();
    let outbound = outbound
        .ok_or_else(|| NodeError::new(Code::EgressRefused, Category::Refused, "this run has no way out").permanent())?;
    let Some(name) = ctx.info().connections.get(slot) else {
        let detail = format!("the node has no connection in its slot `{slot}`");
        let error = NodeError::new(Code::ConnectionMissing, Category::Auth, detail);
        return Err(error.hint("choose a connection").permanent());
    };
    let login = outbound.login(ctx.info().scope_id, name).await?;
    let mut meta = Meta::new(ctx.info().scope_id);
    meta.connection = Some(name.clone());
    meta.cancel = ctx.cancelled().clone();
    meta.deadline = REACH;
    Ok((outbound, login, meta))
}

/// The problem of a node that lacks its connection.
pub(super) fn lacks(node: &NodeSpec, slot: &str) -> Vec<Problem> {
    if node.connections.contains_key(slot) {
        return Vec::new();
    }
    let problem = Problem::new(Code::ConnectionMissing, "the node needs a connection that logs in to the broker");
    vec![problem.at(format!("/connections/{slot}")).hint("choose a connection, or make one")]
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
        let incomplete = [lacks(node, slot), check(params)].concat();
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

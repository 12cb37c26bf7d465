//! What node types that act once for each item have in common.

use std::future::Future;

use model::{Code, Item, Name, NodeSpec, Problem};
use outbound::{Login, Meta, Outbound};
use part::{Category, Ctx, NodeError, Origin, Outcome, Typed};
use serde::de::DeserializeOwned;

/// Acts for one item. Lives as long as the step, so that items share what it has opened.
pub(crate) trait PerItem<P>: Sync {
    /// What comes out for the item.
    fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a P,
        item: &'a Item,
        position: usize,
    ) -> impl Future<Output = Result<Vec<Item>, NodeError>> + Send + 'a;
}

/// Acts for each item; a failed one goes where `onError` says.
pub(crate) async fn each<P: DeserializeOwned + Send + Sync>(
    ctx: &Ctx,
    params: &Typed<P>,
    act: &impl PerItem<P>,
) -> Result<Outcome, NodeError> {
    let mut outputs = ctx.outputs(1);
    let mut position = 0;
    for segment in ctx.input(0).segments() {
        let items = segment.load(ctx.spool()).await?;
        for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
            let made = match params {
                Ok(params) => act.item(ctx, &params, item, position).await,
                Err(error) => Err(error),
            };
            match made {
                Ok(made) => {
                    for item in made {
                        outputs.push(0, item, Origin::item(position)).await?;
                    }
                }
                Err(error) => outputs.fail(position, item, error).await?,
            }
            position += 1;
        }
    }
    outputs.done().await
}

/// The way out of the step.
pub(crate) fn way_out(ctx: &Ctx) -> Result<Outbound, NodeError> {
    ctx.host()
        .outbound()
        .cloned()
        .ok_or_else(|| NodeError::new(Code::EgressRefused, Category::Refused, "this run has no way out"))
}

/// The account in a slot, and how to reach its service.
pub(crate) async fn account(ctx: &Ctx, slot: &str) -> Result<(Login, Meta), NodeError> {
    let name: &Name = ctx.info().connections.get(slot).ok_or_else(|| {
        let detail = format!("the node has no connection in its slot `{slot}`");
        NodeError::new(Code::ConnectionMissing, Category::Auth, detail).hint("choose a connection").permanent()
    })?;
    let login = way_out(ctx)?.login(ctx.info().scope_id, name).await?;
    let mut meta = Meta::new(ctx.info().scope_id);
    meta.connection = Some(name.clone());
    meta.accept_invalid_certs = login.accept_invalid_certs;
    meta.cancel = ctx.cancelled().child_token();
    Ok((login, meta))
}

/// The problem of a node that lacks its connection.
pub(crate) fn lacks(node: &NodeSpec, slot: &str) -> Vec<Problem> {
    if node.connections.contains_key(slot) {
        return Vec::new();
    }
    let problem = Problem::new(Code::ConnectionMissing, "the node needs a connection to log in with");
    vec![problem.at(format!("/connections/{slot}")).hint("choose a connection")]
}

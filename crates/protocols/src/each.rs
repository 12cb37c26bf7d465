//! What node types that act once for each item have in common.

use std::future::Future;

use futures_util::FutureExt;
use model::{Code, Item, Name, NodeSpec, Problem};
use outbound::{Login, Meta, Outbound};
use part::{Category, Ctx, NodeError, One, Outcome, Typed};
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
pub(crate) async fn each<'a, P: DeserializeOwned + Send + Sync + 'a>(
    ctx: &'a Ctx,
    params: &Typed<P>,
    act: &'a impl PerItem<P>,
) -> Result<Outcome, NodeError> {
    let make = |one: One<'a, P>| async move { act.item(one.ctx, &one.params, &one.item, one.position).await }.boxed();
    ctx.each_async(params, make).await
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

//! What node types of brokers have in common: triggers whose settings are fixed before a run exists, and how brokers
//! fail.

use std::sync::Arc;
use std::time::Duration;

use model::{Code, NodeSpec, Problem};
use outbound::{Login, Meta, Outbound};
use part::{Category, Ctx, Node, NodeError};
use serde::de::DeserializeOwned;

use crate::{each, listens};

/// Longest time to reach a broker: shorter than the time after which a silent trigger is called dead.
pub(super) const REACH: Duration = Duration::from_secs(10);

/// The account in a slot, and on whose behalf its broker is dialled.
pub(super) async fn account(ctx: &Ctx, slot: &str) -> Result<(Outbound, Login, Meta), NodeError> {
    let (login, mut meta) = each::account(ctx, slot).await?;
    meta.deadline = REACH;
    Ok((each::way_out(ctx)?, login, meta))
}

/// A trigger node whose parameters hold no expressions, and which logs in to a broker. `check` gives what is not set yet.
pub(super) fn prepare<P: DeserializeOwned>(
    node: &NodeSpec,
    service: &str,
    slot: &str,
    check: impl FnOnce(&P) -> Vec<Problem>,
) -> Result<Arc<dyn Node>, Vec<Problem>> {
    listens::prepare::<P>(node, service, |params| Ok([each::lacks(node, slot), check(params)].concat()))
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

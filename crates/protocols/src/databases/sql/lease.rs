//! What sessions with SQL servers have in common: who wants one, and how work with it ends.

use std::time::Duration;

use model::{Code, NodeSpec, Problem, Value};
use outbound::{Login, Meta, Outbound, Target};
use part::{Category, NodeError};
use tokio_util::sync::CancellationToken;

use super::batch::Failure;
use crate::databases::pool::Key;

/// Longest time that asking the server to end a query may take.
pub const CANCEL: Duration = Duration::from_secs(10);

/// Who wants a session.
#[derive(Clone)]
pub struct Caller {
    /// The way out.
    pub outbound: Outbound,
    /// On whose behalf.
    pub meta: Meta,
    /// The account.
    pub login: Login,
    /// How long the session may wait for the next step.
    pub idle: Duration,
}

impl Caller {
    /// Where the session waits for the next step.
    pub fn key(&self) -> Option<Key> {
        let connection = self.meta.connection.clone()?;
        Some(Key { scope: self.meta.scope, connection, generation: self.login.generation })
    }

    /// Where the server is.
    pub fn target(&self) -> Target {
        Target::tcp(self.login.host.clone(), self.login.port)
    }
}

/// Notes how work with a session ends.
pub struct Work<'a> {
    /// A query is under way.
    pub busy: &'a mut bool,
    /// The session must not be used again.
    pub spent: &'a mut bool,
    /// The end of the step.
    pub stop: &'a CancellationToken,
}

impl Work<'_> {
    /// Waits for the server, or for the end of the step, which leaves the session busy.
    pub async fn wait<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        *self.busy = true;
        let done = tokio::select! {
            done = work => done,
            () = self.stop.cancelled() => return Err(Failure { error: canceled(), unknown: true }),
        };
        *self.busy = false;
        if done.as_ref().is_err_and(|failure| failure.unknown) {
            *self.spent = true;
        }
        done
    }
}

/// The step has ended.
pub fn canceled() -> NodeError {
    NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled, or the step has run out of time")
}

/// What a node lacks that runs a query, or works on a table.
pub fn incomplete(node: &NodeSpec) -> Vec<Problem> {
    let missing = if operation(node) == "executeQuery" { "query" } else { "table" };
    let is_missing = |name: &str| {
        node.params.get(name).is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty()))
    };
    let problem = |name: &str| {
        Problem::new(Code::InvalidParameter, format!("the {name} is missing")).at(format!("/params/{name}"))
    };
    is_missing(missing).then(|| problem(missing)).into_iter().collect()
}

/// What the node does, where that is fixed.
pub fn operation(node: &NodeSpec) -> &str {
    node.params.get("operation").and_then(Value::as_str).unwrap_or_default()
}

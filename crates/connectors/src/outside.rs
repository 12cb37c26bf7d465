//! Where a trigger asks its service: outside of a run, where nothing is journaled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::template::Params;
use model::{Binary, Item, Map};
use outbound::{Clock, Meta, Outbound, SystemClock};
use part::NodeError;
use part::exchange::{self, Manner, Plan};
use sandbox::Sandbox;

use crate::apart;
use crate::budget::learning;
use crate::judge::judge;
use crate::manifest::Manifest;
use crate::operate::{About, Reply, World};
use crate::template::Evaluate;

/// Largest answer.
const LARGEST: u64 = 32 << 20;
/// Longest time that a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a trigger asks.
pub struct Outside<'a> {
    /// The way out.
    pub outbound: &'a Outbound,
    /// On whose behalf.
    pub meta: Meta,
    /// Keeps processes of tenants apart.
    pub workspace: String,
    /// IANA zone of the workflow.
    pub timezone: &'a str,
    /// Evaluates expressions.
    pub sandbox: &'a Sandbox,
    /// Says how its service says no, and what is left.
    pub manifest: Arc<Manifest>,
    /// Told of each answer.
    pub answered: &'a (dyn Fn() + Sync),
    /// Answers so far.
    pub answers: AtomicUsize,
}

/// The time of the way out's clock.
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(SystemClock.unix_time().as_millis() as i64).unwrap_or_default()
}

impl Evaluate for Outside<'_> {
    fn evaluate<'a>(&'a self, params: &'a Params, globals: &'a Map) -> BoxFuture<'a, Result<Map, NodeError>> {
        let moment = apart::Moment { now: now().as_millisecond(), zone: self.timezone.to_owned() };
        Box::pin(apart::evaluate(self.sandbox, &self.workspace, Item::default(), moment, params, globals))
    }
}

impl World for Outside<'_> {
    fn call<'a>(&'a self, _name: String, plan: Plan, about: About<'a>) -> BoxFuture<'a, Result<Reply, NodeError>> {
        Box::pin(async move {
            let manner = Manner {
                expected: about.expect.to_vec(),
                judge: Some(learning(&self.manifest, &judge(&self.manifest), self.outbound, self.meta.clone(), &plan)),
                timeout: PATIENCE,
                ..Manner::default()
            };
            let told = exchange::ask(self.outbound, self.meta.clone(), &plan, &manner, LARGEST).await?;
            (self.answered)();
            self.answers.fetch_add(1, Ordering::Relaxed);
            Ok(Reply { status: told.status, headers: told.headers, body: told.body, file: None })
        })
    }

    fn file(&self, _: &str) -> Option<Binary> {
        None
    }

    fn pause(&self, millis: u64) -> BoxFuture<'_, Result<(), NodeError>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            Ok(())
        })
    }
}

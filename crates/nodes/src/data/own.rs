//! `core.fishplate`: the workflows and runs of this server, asked for and changed in the name of whom the run acts for.
//!
//! No address and no token: the step asks the house that it runs in ([`part::house`]), which lets it do what the one
//! may who made its workflow live. What comes out has the shape that n8n's own node gives.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Origin, Outcome, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{own_acts, own_n8n};
use crate::lenient;

/// What `core.fishplate` is set up with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What to do.
    #[serde(rename = "operation", default)]
    _operation: Operation,
    /// The workflow, by its name. Listing runs: only those of this workflow.
    #[schemars(
        extend("x-form" = {
            "when": {
                "operation": [
                    "getWorkflow", "getRevision", "updateWorkflow", "activate", "deactivate", "deleteWorkflow",
                    "listRuns"
                ]
            },
            "as": "workflow"
        })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) workflow: String,
    /// Activate, show a revision: its number; absent: the newest.
    #[schemars(example = &"the newest", extend("x-form" = { "when": { "operation": ["activate", "getRevision"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) revision: String,
    /// Create, update: the workflow as n8n writes it, or the text of one.
    #[schemars(
        title = "The workflow",
        extend("x-form" = { "when": { "operation": ["createWorkflow", "updateWorkflow"] }, "as": "json" })
    )]
    #[serde(default)]
    pub(super) text: Value,
    /// The run, by its id.
    #[schemars(example = &"run_…", extend("x-form" = { "when": { "operation": ["getRun", "retryRun", "deleteRun"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) run: String,
    /// List: all of them.
    #[schemars(title = "All of them", extend("x-form" = { "when": { "operation": ["listWorkflows", "listRuns"] } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) return_all: bool,
    /// List: most of them.
    #[schemars(
        title = "At most",
        extend("x-form" = { "when": { "operation": ["listWorkflows", "listRuns"], "returnAll": false } })
    )]
    #[serde(default = "hundred", deserialize_with = "lenient::whole")]
    pub(super) limit: u32,
    /// List workflows: only active ones.
    #[schemars(extend("x-form" = { "when": { "operation": "listWorkflows" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) only_active: bool,
    /// List workflows: only those with all of these tags, commas between them.
    #[schemars(extend("x-form" = { "when": { "operation": "listWorkflows" }, "as": "commas", "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) tags: String,
    /// List workflows: only those of this name or title.
    #[schemars(extend("x-form" = { "when": { "operation": "listWorkflows" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) named: String,
    /// List runs: only those in this state.
    #[schemars(extend("x-form" = { "when": { "operation": "listRuns" } }))]
    #[serde(default)]
    pub(super) status: Option<Status>,
    /// Runs: with the items that each node put out.
    #[schemars(title = "With items", extend("x-form" = { "when": { "operation": ["listRuns", "getRun"] } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) details: bool,
    /// Retry: on the newest revision instead of the run's own.
    #[schemars(title = "On the newest revision", extend("x-form" = { "when": { "operation": "retryRun" } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) newest: bool,
}

/// What to do with this server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Operation {
    /// Puts workflows out.
    #[default]
    ListWorkflows,
    /// Puts a workflow out.
    GetWorkflow,
    /// Puts a revision of a workflow out.
    GetRevision,
    /// Makes a workflow.
    CreateWorkflow,
    /// Writes a new revision of a workflow. What is live stays live.
    UpdateWorkflow,
    /// Makes a revision of a workflow live.
    Activate,
    /// Takes a workflow out of service.
    Deactivate,
    /// Takes a workflow out of service and deletes it.
    DeleteWorkflow,
    /// Puts runs out, newest first.
    ListRuns,
    /// Puts a run out.
    GetRun,
    /// Runs a failed run again, from the failed step.
    RetryRun,
    /// Deletes a run that has ended.
    DeleteRun,
    /// What n8n's node does with credentials, which no run may do here.
    Credentials,
    /// n8n's report about itself, which is not there.
    Audit,
}

impl Operation {
    pub(super) fn only_looks(self) -> bool {
        use Operation::{GetRevision, GetRun, GetWorkflow, ListRuns, ListWorkflows};
        matches!(self, ListWorkflows | GetWorkflow | GetRevision | ListRuns | GetRun)
    }

    /// Why it cannot be done, if it cannot.
    fn refused(self) -> Option<&'static str> {
        match self {
            Operation::Credentials => {
                Some("no run may make, read or delete connections: their secrets are set by people")
            }
            Operation::Audit => Some("there is no security report; the page `Audit` shows who has changed what"),
            _ => None,
        }
    }
}

/// Where a run is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    /// It has failed.
    Error,
    /// It has ended well.
    Success,
    /// It waits for a time or a signal.
    Waiting,
}

fn hundred() -> u32 {
    100
}

/// This server's own workflows and runs.
pub(super) struct Own;

impl NodeType for Own {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.fishplate",
            version: 1,
            title: "Fishplate",
            summary: "Lists, makes, activates and deletes workflows and runs of this server",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["n8n", "api", "workflow", "run", "execution", "self", "admin"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let operation: Operation = match node.params.get("operation") {
            None => Operation::default(),
            Some(value) => serde_json::from_value(value.clone()).map_err(|error| {
                vec![Problem::new(Code::InvalidParameter, error.to_string()).at("/params/operation")]
            })?,
        };
        Ok(Arc::new(Prepared { params, operation }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.n8n", versions: &[1.0] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        own_n8n::IDLE
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(own_n8n::lift(node))
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        own_n8n::lower(&node.params)
    }
}

struct Prepared {
    params: Typed<Params>,
    operation: Operation,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        if self.operation.only_looks() { Effect::Local } else { Effect::Effect }
    }

    fn incomplete(&self) -> Vec<Problem> {
        let refused = self.operation.refused();
        refused.map(|why| Problem::new(Code::Unsupported, why).at("/params/operation")).into_iter().collect()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            if let Some(why) = self.operation.refused() {
                return Err(NodeError::new(Code::Unsupported, part::Category::Refused, why).permanent());
            }
            let mut outputs = ctx.outputs(1);
            let mut position = 0;
            for segment in ctx.input(0).segments() {
                let items = segment.load(ctx.spool()).await?;
                for (params, item) in ctx.typed(&self.params, &items, position).await?.into_iter().zip(items.iter()) {
                    let done = match params {
                        Ok(params) => own_acts::run(ctx, &params, self.operation, position).await,
                        Err(error) => Err(error),
                    };
                    match done {
                        Ok(made) => {
                            for json in made {
                                outputs.push(0, Item::from_value(json), Origin::item(position)).await?;
                            }
                        }
                        Err(error) => outputs.fail(position, item, error).await?,
                    }
                    position += 1;
                }
            }
            outputs.done().await
        })
    }
}

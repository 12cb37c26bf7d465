//! The drawn graph: nodes, ports and edges. Pure data; the engine compiles it, node types check it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{HumanDuration, Map, Name, Value};

/// The spec of kind `workflow`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkflowSpec {
    /// Title for people; the resource's name is the address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it is for, in Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The nodes, in the order in which they were added.
    #[serde(default)]
    pub nodes: Vec<NodeSpec>,
    /// The edges. Their order is the order in which an output's successors are visited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
    /// How runs behave.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Settings,
    /// What an import could not map, kept verbatim, by source (`n8n`).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub foreign: Map,
}

/// One node of the graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeSpec {
    /// Name, unique in the workflow; expressions and edges refer to it.
    pub name: String,
    /// Stable id, kept over renames so that two people's edits can be merged by node.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Node type, for example `core.set`. An id, never an enum: the catalogue grows at run time.
    #[serde(rename = "type")]
    pub node_type: String,
    /// Version of the node type.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub version: u32,
    /// Place on the canvas, x then y. Order v1 visits successors from top to bottom, then left to right.
    #[serde(default, skip_serializing_if = "is_origin")]
    pub position: [f64; 2],
    /// Parameters; their shape is the node type's. A string that begins with `=` is an expression.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map,
    /// Connections by slot, for example `{"auth": "crm-prod"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub connections: BTreeMap<String, Name>,
    /// A disabled node passes its first input through.
    #[serde(default, skip_serializing_if = "is_default")]
    pub disabled: bool,
    /// Emits one empty item when there would be none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub always_output_data: bool,
    /// Runs for the first item only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub execute_once: bool,
    /// What follows when all tries failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_error: OnError,
    /// Tries; absent means one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// Items to go on with when the step failed for good; comes before the error branch in the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Vec<Value>>,
    /// What to do with a call whose outcome a crash has hidden. Absent: the node type's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_uncertain: Option<OnUncertain>,
    /// Longest time that one attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<HumanDuration>,
    /// Items that stand in for the node's output in draft runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Vec<Value>>,
    /// A note shown at the node.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// What an import could not map, kept verbatim, by source (`n8n`).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub foreign: Map,
}

/// An edge from an output port to an input port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edge {
    /// Name of the node that it leaves.
    pub from: String,
    /// Index of the output port.
    #[serde(default, skip_serializing_if = "is_default")]
    pub output: u16,
    /// Name of the node that it enters.
    pub to: String,
    /// Index of the input port.
    #[serde(default, skip_serializing_if = "is_default")]
    pub input: u16,
    /// Kind of an attachment edge (`model`, `tool`, `memory` …). Absent: items flow along it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
}

/// How the runs of a workflow behave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Order in which ready nodes run.
    #[serde(default, skip_serializing_if = "is_default")]
    pub order: Order,
    /// IANA time zone of expressions and schedules. Absent: the server's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Workflow that is started when a run of this one fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_workflow: Option<Name>,
    /// Longest time that a run may take, waits not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<HumanDuration>,
    /// Who may call it as a sub-workflow.
    #[serde(default, skip_serializing_if = "is_default")]
    pub callers: Callers,
    /// Runs at the same time, and how the others wait.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fairness: Fairness,
    /// How long runs are kept.
    #[serde(default, skip_serializing_if = "is_default")]
    pub retention: Retention,
    /// Bytes of live data that a run may hold in memory. Absent: the server's ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
}

/// Order in which ready nodes run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// n8n's order v1: depth first, successors from top to bottom.
    #[default]
    V1,
    /// n8n's order v0: breadth first, in the order of the edges.
    V0,
    /// Every ready node at once; a join waits until each connected input has data or can get none any more.
    Parallel,
}

/// Who may call a workflow as a sub-workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Callers {
    /// Any workflow of the same scope.
    #[default]
    Any,
    /// None.
    None,
    /// The named ones.
    These(Vec<Name>),
}

/// Limits that keep one workflow from starving others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fairness {
    /// Runs at the same time, per key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Starts per `per`, per key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Wait for this long without a further event of the same key, then run the last one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debounce: Option<HumanDuration>,
    /// Higher runs first, -100 to 100.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: i8,
    /// Expression over the trigger's item that gives the key; absent: one key for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// So many per so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// In which time.
    pub per: HumanDuration,
}

/// A budget for stored runs: the oldest go first when any limit is passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retention {
    /// Age of completed runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_age: Option<HumanDuration>,
    /// Age of failed runs; kept longer than completed ones unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_age: Option<HumanDuration>,
    /// Number of ended runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Stored bytes of ended runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What follows when all tries of a step failed and there is no fallback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnError {
    /// The run fails.
    #[default]
    Stop,
    /// The node's items go on, with an `error` field, through the ordinary output.
    Continue,
    /// Failed items leave through an extra, last output.
    ErrorBranch,
}

/// How often and how far apart a step is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryPolicy {
    /// Tries in all, the first included; 1 to 100.
    pub tries: u32,
    /// Wait between tries.
    #[serde(default = "one_second")]
    pub wait: HumanDuration,
    /// Factor by which the wait grows from try to try.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub factor: u32,
}

/// What to do with a call whose outcome a crash has hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnUncertain {
    /// Make it again under the same key.
    Retry,
    /// Wait for a person.
    Ask,
    /// Fail the step.
    Fail,
}

fn one() -> u32 {
    1
}
fn is_one(value: &u32) -> bool {
    *value == 1
}
fn one_second() -> HumanDuration {
    HumanDuration(std::time::Duration::from_secs(1))
}
fn is_origin(position: &[f64; 2]) -> bool {
    *position == [0.0, 0.0]
}
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

//! The port through which areas start, watch and steer runs. `engine` stands behind it.

use std::collections::BTreeMap;
use std::time::Duration;

use auth::Grant;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use model::{Binary, Digest, Name, Problem, RunId, Scope, ScopeId, SignalId, Value, WorkflowSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{DeadState, RunFilter, RunStatus};

use crate::door::Ending;
use crate::trigger::{Respond, Trigger};
use crate::{Answer, Items, Level, NodeError, ReplyTo, Suspend};

/// Which text to run.
#[derive(Clone, Debug)]
pub enum WorkflowRef {
    /// The active revision of a workflow.
    Active(Name),
    /// A certain revision of a workflow.
    Revision(Name, u64),
    /// The draft of a workflow, with its pinned data.
    Draft(Name),
    /// A text that is no resource: a file, a test.
    Inline(String, Box<WorkflowSpec>),
}

/// A dedupe key as the sender gave it.
#[derive(Clone, Debug)]
pub struct DedupeKey {
    /// Key.
    pub key: String,
    /// Fingerprint of the request.
    pub fingerprint: Digest,
    /// How long it is remembered.
    pub ttl: Duration,
}

/// An event that asks for a run.
#[derive(Clone, Debug)]
pub struct Admit {
    /// Scope.
    pub scope: Scope,
    /// Which text.
    pub workflow: WorkflowRef,
    /// Name of the trigger node; absent: the only one that fits `mode`.
    pub trigger: Option<String>,
    /// What the trigger puts out.
    pub input: Items,
    /// Output port of the trigger that it leaves through.
    pub output: u16,
    /// `webhook`, `schedule`, `manual`, `cli` …
    pub mode: &'static str,
    /// Who or what started it.
    pub started_by: String,
    /// Dedupe key, if the sender gave one.
    pub dedupe: Option<DedupeKey>,
    /// Request that is held open for an answer.
    pub reply_to: Option<ReplyTo>,
    /// Run to this node and no further.
    pub destination: Option<String>,
    /// Start at this node with `input` instead of a trigger.
    pub start_at: Option<String>,
    /// Use pinned data where nodes have it (drafts, tests).
    pub use_pins: bool,
}

/// What became of an event.
#[derive(Clone, Debug)]
pub enum Admitted {
    /// A new run; its row is committed, or its first flush (which an answer waits for) will commit it.
    New(RunId),
    /// The same key and fingerprint came before.
    Known {
        /// The run of the first one.
        run: RunId,
        /// Its answer, when it has given one.
        answer: Option<Answer>,
        /// It has ended or answered; otherwise it is still running.
        done: bool,
    },
}

/// Where the runs of an event wait for those of the events before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Whose order it is: `endpoint:shop`.
    pub lane: String,
    /// Events of the same key run one at a time, in the order in which they came.
    pub key: String,
}

/// An event that several workflows get.
#[derive(Clone, Debug)]
pub struct AdmitMany {
    /// What each of them gets, all in one scope. Nobody waits for their answers, and their own dedupe keys are not
    /// looked at.
    pub events: Vec<Admit>,
    /// What tells the event from others, and whose events they are: `endpoint:shop`.
    pub dedupe: Option<(String, DedupeKey)>,
    /// The order that it keeps.
    pub order: Option<Order>,
}

/// What became of an event that several workflows get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmittedMany {
    /// New runs, in the order of what was asked for; all their rows are committed.
    New(Vec<RunId>),
    /// The same key and fingerprint came before; this was the first of its runs.
    Known(RunId),
}

/// What is repeated, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryOptions {
    /// Node from which to run again; absent: the failed step.
    #[serde(default)]
    pub from: Option<String>,
    /// From the trigger, as a new run.
    #[serde(default)]
    pub from_start: bool,
    /// On the newest active revision instead of the pinned one; always makes a new run.
    #[serde(default)]
    pub newest: bool,
    /// Items that replace the input of the first repeated step (or of the trigger).
    #[serde(default)]
    pub input: Option<Vec<Value>>,
    /// A new run even where the old one could go on.
    #[serde(default)]
    pub fork: bool,
}

/// A run as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunSummary {
    /// Id.
    #[schemars(with = "String")]
    pub id: RunId,
    /// Workflow.
    pub workflow: String,
    /// Revision, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Where it is in its life.
    pub status: RunStatus,
    /// How it was started.
    pub mode: String,
    /// Who or what started it.
    pub started_by: String,
    /// Who it acts for.
    pub runs_as: String,
    /// When it was admitted, milliseconds since 1970.
    pub created_at: i64,
    /// When a node first worked on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// When it goes on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake_at: Option<i64>,
    /// Steps started.
    pub step_count: u32,
    /// Errors absorbed by a fallback or branch.
    pub handled_error_count: u32,
    /// Calls whose outcome is not known.
    pub uncertain_count: u32,
    /// Dead letter state.
    pub dead: DeadState,
    /// What it failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Run that it repeats, forks, or was started by.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub origin: Option<RunId>,
    /// Parent run of a child.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub parent: Option<RunId>,
}

/// A run with its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunDetail {
    /// As lists show it.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// The answer that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// What it has said of itself (`$execution.customData`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_data: BTreeMap<String, String>,
    /// Its steps in the order of scheduling, at most as many as were asked for.
    pub steps: Vec<StepView>,
    /// Number of the step to ask for next, when there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<u32>,
}

/// A step as the run's page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    /// Number in the run.
    pub step: u32,
    /// Node.
    pub node: String,
    /// Type of the node.
    pub node_type: String,
    /// How often the node had run before.
    pub run_index: u32,
    /// `scheduled`, `running`, `waiting`, `completed`, `failed`, `canceled`.
    pub status: String,
    /// Attempts made.
    pub attempts: u32,
    /// When it started, milliseconds since 1970.
    pub started_at: i64,
    /// How long it took, in microseconds, as far as it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_micros: Option<u64>,
    /// Where its input came from: (node, run index, output port), by input port.
    pub inputs: Vec<Vec<InputView>>,
    /// Number of items at each output port.
    pub output_counts: Vec<u64>,
    /// The items at each output port, when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<Vec<Value>>>,
    /// What it failed with, absorbed or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Its calls.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub calls: Vec<CallView>,
    /// Its log lines.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub logs: Vec<LogView>,
    /// Nested invocations of attached nodes belong to this step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_step: Option<u32>,
}

/// A line of a step's log, for example of `console.log` in code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogView {
    /// How serious it is.
    pub level: Level,
    /// Text, at most 8 KiB.
    pub text: String,
}

/// A source of a step's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InputView {
    /// Node.
    pub node: String,
    /// Its step.
    pub step: u32,
    /// Its output port.
    pub output: u16,
}

/// A call as the run's page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallView {
    /// Name.
    pub name: String,
    /// Item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// Epoch of its key.
    pub epoch: u32,
    /// Its idempotency key.
    pub key: String,
    /// `running`, `completed`, `failed` or `uncertain`; `repeated` when an uncertain one was made again.
    pub status: String,
    /// It was begun more than once under one key because an outcome was lost.
    pub uncertain: bool,
}

/// A committed change of a run, for live views.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunUpdate {
    /// Position in the run: the sequence number of its last event; absent for provisional news.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// What happened: an event's name such as `step.completed`, or `progress`, `log`, `chunk`.
    pub event: String,
    /// Its content.
    pub data: Value,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// Final state.
    pub status: RunStatus,
    /// Items of the last node, when it completed.
    pub items: Items,
    /// What it failed with.
    pub error: Option<NodeError>,
}

/// Where a run stands for a visitor who came through one of its steps, or through its trigger.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The store's number of the run's scope.
    pub scope: ScopeId,
    /// Where the run is in its life.
    pub status: RunStatus,
    /// The steps that wait for a signal, and what stands at their doors.
    pub waits: BTreeMap<u32, Suspend>,
    /// What the visitor's step waited for, or waits for.
    pub waited: Option<Suspend>,
    /// The visitor's step does not wait any more.
    pub is_over: bool,
    /// The signals that the visitor's step was sent.
    pub signals: Vec<SignalId>,
    /// What the run has answered since the visitor's step went on.
    pub answer: Option<Answer>,
    /// How the run was started.
    pub trigger: Option<Trigger>,
    /// A node behind the visitor's place may show a page.
    pub has_pages: bool,
}

impl Standing {
    /// The step that shows a form now, the visitor's own one left out.
    pub fn next_page(&self, from: Option<u32>) -> Option<u32> {
        let shows =
            |wait: &Suspend| matches!(wait, Suspend::Signal { door: Some(door), .. } if door.get("form").is_some());
        self.waits.iter().find(|(step, wait)| Some(**step) != from && shows(wait)).map(|(step, _)| *step)
    }

    /// What the run has answered, where that is meant for a visitor who came through this step: the end of a form, or
    /// the answer of a node where the form leaves it to one. What another caller is told is not theirs to see.
    pub fn answer_for(&self, from: Option<u32>) -> Option<&Answer> {
        let by_node = match (from, &self.waited) {
            (None, _) => {
                let endpoint = self.trigger.as_ref().and_then(Trigger::endpoint);
                endpoint.is_some_and(|webhook| webhook.respond == Respond::RespondNode)
            }
            (Some(_), Some(Suspend::Signal { door: Some(door), .. })) => {
                door.pointer("/webhook/respond/when").is_some_and(|when| when == "respondNode")
            }
            _ => false,
        };
        self.answer.as_ref().filter(|answer| by_node || Ending::of(answer).is_some())
    }

    /// The run does not go on by itself to anything that a visitor who came through this step would be shown.
    pub fn is_at_rest(&self, from: Option<u32>) -> bool {
        let stopped = !matches!(self.status, RunStatus::Queued | RunStatus::Running | RunStatus::Waiting);
        stopped || self.answer_for(from).is_some() || self.next_page(from).is_some()
    }
}

/// What a bulk act did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bulk {
    /// Runs that it was done to.
    pub done: u64,
    /// Runs that refused, with the reason, at most 100.
    #[schemars(with = "Vec<(String, Problem)>")]
    pub refused: Vec<(RunId, Problem)>,
}

/// What a replay has found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// Executions of steps: one for each attempt that completed, failed, or began to wait.
    pub steps: u32,
    /// Steps that answered differently.
    pub differences: Vec<Difference>,
}

/// A step that answered differently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Step.
    pub step: u32,
    /// Name of its node.
    pub node: String,
    /// What was recorded.
    pub recorded: String,
    /// What came now.
    pub replayed: String,
}

/// An expression to try at a node of a text, on the data of a run.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Name of the workflow.
    pub workflow: String,
    /// Its text; it may be unfinished.
    pub spec: std::sync::Arc<WorkflowSpec>,
    /// The node whose parameter the expression stands in.
    pub node: String,
    /// The parameter, for example `={{ $json.total }}`.
    pub expression: String,
    /// The run; absent: the newest of the workflow.
    pub run: Option<RunId>,
    /// Items that are taken for the node's input; absent: those pinned before it, or that came to it in the run.
    pub input: Option<Vec<Value>>,
    /// Position of the item.
    pub item: usize,
}

/// What an expression came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    /// The value; absent when it is `undefined`, or when there is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ExpressionFault>,
    /// Errors that made a part of it `undefined`, in JavaScript's words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
    /// Items that came in.
    pub items: usize,
    /// The run whose data was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub run: Option<RunId>,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpressionFault {
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where it begins, in UTF-16 units of the parameter, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<usize>,
    /// Where it ends, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
}

/// The parameters of a step that are expressions, and what they came to for one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepParameters {
    /// Position of the item.
    pub item: usize,
    /// Items that came in at the first input.
    pub items: usize,
    /// In the order of the node's parameters.
    pub parameters: Vec<ResolvedParameter>,
}

/// A parameter that is an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedParameter {
    /// JSON pointer into the parameters, for example `/assignments/0/value`.
    pub pointer: String,
    /// The expression, with its `=`.
    pub expression: String,
    /// What it came to; absent when it is `undefined`, or when there is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why it has no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ExpressionFault>,
    /// Errors that made a part of it `undefined`, in JavaScript's words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}

/// What a step sent and got, as far as the journal has it. The journal keeps answers whole and of a request only its
/// fingerprint, so requests are made again from what came to the step, with the network off, and compared with that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepExchanges {
    /// Step.
    pub step: u32,
    /// Name of its node.
    pub node: String,
    /// Its type, for example `http.request`.
    pub node_type: String,
    /// Connections that the node names; their secrets are masked.
    pub connections: Vec<String>,
    /// How often the step was tried.
    pub attempts: u32,
    /// How long the last try took as a whole, in microseconds; single calls are not timed. Absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_micros: Option<u64>,
    /// Position of the item that `params` is for.
    pub item: usize,
    /// The node's parameters with what their expressions came to for that item, evaluated again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// In the order in which they were begun.
    pub exchanges: Vec<StepExchange>,
    /// What could not be shown, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<String>,
}

/// A call of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepExchange {
    /// Name that the node gave it, for example `request page 2`.
    pub name: String,
    /// Position of the item that it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
    /// `completed`, `failed`, `uncertain` or `running`.
    pub status: String,
    /// How often it was begun.
    pub attempts: u32,
    /// What was sent, made again: `{method, url, headers, body}` without the account for HTTP, the node type's own
    /// shape for the rest. Absent: the step does not make the call when it is executed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// Whether that has the fingerprint which was journaled before the call. If not, it was sent in another form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_sent: Option<bool>,
    /// What came back: `{status, headers, body}` for HTTP, where the body is `{text}`, `{blob, size}` when it is long or
    /// a file, or `{size}` when there were too many to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Starts, watches and steers runs.
pub trait Runs: Send + Sync {
    /// Takes an event in. Resolves at once for a webhook that waits for an answer (the answer's commit contains the
    /// admission); otherwise when the row is committed.
    fn admit(&self, event: Admit) -> BoxFuture<'_, Result<Admitted, Problem>>;
    /// Takes an event in that several workflows get: all of their runs are admitted by one commit, or none is.
    fn admit_many(&self, event: AdmitMany) -> BoxFuture<'_, Result<AdmittedMany, Problem>>;
    /// Sends a signal; a second one of the same id is the same signal.
    fn signal<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        id: SignalId,
        name: &'a str,
        payload: Value,
    ) -> BoxFuture<'a, Result<(), Problem>>;
    /// Where a run stands for a visitor who came through a step, or through its trigger, as far as it is committed.
    fn standing<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        from: Option<u32>,
    ) -> BoxFuture<'a, Result<Standing, Problem>>;
    /// The same, as soon as there is something to show: see [`Standing::is_at_rest`].
    fn settled<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        from: Option<u32>,
    ) -> BoxFuture<'a, Result<Standing, Problem>>;
    /// Asks a run to stop.
    fn cancel<'a>(&'a self, scope: &'a Scope, run: RunId, by: &'a str) -> BoxFuture<'a, Result<(), Problem>>;
    /// Lets running calls finish and starts nothing new.
    fn pause<'a>(&'a self, scope: &'a Scope, run: RunId, by: &'a str) -> BoxFuture<'a, Result<(), Problem>>;
    /// Ends a pause, or lets a held run go on; one that nobody answers for acts for who asks from now on.
    fn resume<'a>(&'a self, scope: &'a Scope, run: RunId, by: &'a Grant) -> BoxFuture<'a, Result<(), Problem>>;
    /// Runs again; gives the id of the run that goes on (the same one, or a new one). Forks and edited input need
    /// `connection:use` for what the workflow names.
    fn retry<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        options: RetryOptions,
        by: &'a Grant,
    ) -> BoxFuture<'a, Result<RunId, Problem>>;
    /// Refuses who may not run a text in a way of their own: a draft, a revision, a part. Who does so answers for the
    /// run: it acts for [`Admit::started_by`].
    fn may_run<'a>(
        &'a self,
        scope: &'a Scope,
        workflow: &'a WorkflowRef,
        by: &'a Grant,
    ) -> BoxFuture<'a, Result<(), Problem>>;
    /// Executes the steps of a recorded run again with the network off, and compares what they put out.
    fn replay<'a>(&'a self, scope: &'a Scope, run: RunId) -> BoxFuture<'a, Result<Replay, Problem>>;
    /// Evaluates an expression on the data of a run, with the network off; nothing is changed by it.
    fn evaluate<'a>(&'a self, scope: &'a Scope, trial: Trial) -> BoxFuture<'a, Result<Tried, Problem>>;
    /// What the expressions of a step's parameters came to for an item, evaluated again as they were then.
    fn parameters<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        step: u32,
        item: usize,
    ) -> BoxFuture<'a, Result<StepParameters, Problem>>;
    /// What a step sent and got, as far as the journal has it, and its parameters for an item.
    fn exchanges<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        step: u32,
        item: usize,
    ) -> BoxFuture<'a, Result<StepExchanges, Problem>>;
    /// Decides about an uncertain call that asks: make it again, or take it as done with this outcome, or fail it.
    fn settle<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        step: u32,
        call: Settle,
        by: &'a str,
    ) -> BoxFuture<'a, Result<(), Problem>>;
    /// Redrives dead letters that match.
    fn redrive<'a>(
        &'a self,
        scope: &'a Scope,
        filter: RunFilter,
        options: RetryOptions,
        by: &'a Grant,
    ) -> BoxFuture<'a, Result<Bulk, Problem>>;
    /// A run with its steps from `from_step` on.
    fn show<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        from_step: u32,
        limit: u32,
        with_items: bool,
    ) -> BoxFuture<'a, Result<RunDetail, Problem>>;
    /// A file of an item that a step put out at a port; nothing when the item has none of that name, or is not there.
    fn file<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        step: u32,
        port: usize,
        item: usize,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Binary>, Problem>>;
    /// Committed events after `after_seq` and provisional news from now on; ends with the run.
    fn watch<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        after_seq: u64,
    ) -> BoxFuture<'a, Result<BoxStream<'static, RunUpdate>, Problem>>;
    /// Resolves when the run has ended.
    fn wait<'a>(&'a self, scope: &'a Scope, run: RunId) -> BoxFuture<'a, Result<RunEnd, Problem>>;
}

/// A person's decision about an uncertain call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "as")]
pub enum Settle {
    /// Make it again under the same key.
    Retry,
    /// It took effect; go on with this outcome.
    Done {
        /// The outcome, in the node type's own shape.
        outcome: Value,
    },
    /// It did not; fail the step.
    Failed,
}

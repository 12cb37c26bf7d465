//! What a child is asked to do, and what it answers.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::ScriptError;

/// A JSON text. It is passed on unparsed and must be well formed; a script that reads a broken one gets an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Arc<str>);

impl Json {
    /// A text that is known to be JSON.
    pub fn from_text(text: impl Into<Arc<str>>) -> Json {
        Json(text.into())
    }

    /// The JSON of a value.
    ///
    /// # Errors
    /// When the value cannot be written as JSON, for example a map whose keys are no strings.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Json, serde_json::Error> {
        serde_json::to_string(value).map(|text| Json(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&model::Value> for Json {
    fn from(value: &model::Value) -> Json {
        Json(value.to_string().into())
    }
}

/// One unit of work for a child: all items of a step in one round trip.
#[derive(Clone, Debug)]
pub struct Job {
    /// What to do.
    pub kind: Kind,
    /// What the script sees.
    pub context: Context,
    /// What it may use up.
    pub limits: Limits,
}

/// What a job does.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Evaluates every template for every item of the range. See [`Outcome::cells`] for the result.
    Expressions {
        /// Templates without the leading `=`, for example `Hello {{ $json.name }}`.
        sources: Vec<String>,
        /// Item indices; an index past the context's items sees an empty item.
        items: Range<u32>,
    },
    /// Runs the text of a code node. The result is an array of items: `{json, binary?, pairedItem?}`.
    Code {
        /// JavaScript: the body of an async function.
        source: String,
        /// How often it runs.
        mode: Mode,
    },
}

/// How often a code node's text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Once for all items.
    All,
    /// Once for each item.
    EachItem,
    /// Once for each item, and on with the next one when one fails. In place of what it would have put out stands
    /// `failed`: a [`ScriptError`] with `items`, whether what it returned was no item.
    EachItemGoingOn,
}

/// What a job may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from start to end, calls to the host included.
    pub wall: Duration,
    /// CPU time of the child.
    pub cpu: Duration,
    /// Bytes that the script's heap may have.
    pub memory: u64,
    /// Bytes of the result's JSON text.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { wall: Duration::from_secs(60), cpu: Duration::from_secs(30), memory: 256 << 20, output: 64 << 20 }
    }
}

/// Everything that a script can see. Texts are parsed inside, and only when the script looks at them.
#[derive(Clone, Debug)]
pub struct Context {
    /// Array of the step's items, `{json, binary?, pairedItem?}`.
    pub items: Json,
    /// Item that `$json` means in a code node that runs once for all items.
    pub item_index: u32,
    /// Run index of the node.
    pub run_index: u32,
    /// The step's journaled clock reading, milliseconds since 1970. Time stands still during a step.
    pub now_millis: i64,
    /// The step's journaled seed: `Math.random`, `crypto.randomUUID` and the like follow from it.
    pub seed: u64,
    /// IANA zone of `$now`, `$today` and Luxon.
    pub timezone: String,
    /// `$workflow`.
    pub workflow: WorkflowInfo,
    /// `$execution`.
    pub execution: ExecutionInfo,
    /// `$prevNode`.
    pub prev_node: Option<PrevNode>,
    /// Name of the node that the script belongs to.
    pub node_name: String,
    /// Id of that node, if it has one.
    pub node_id: String,
    /// Version of its type: `$nodeVersion`.
    pub node_version: f64,
    /// `$vars`.
    pub vars: Option<Json>,
    /// `$env`: the declared variables only.
    pub env: Option<Json>,
    /// `$parameter`: the node's parameters.
    pub parameters: Option<Json>,
    /// `$getWorkflowStaticData('global')`.
    pub static_global: Option<Json>,
    /// `$getWorkflowStaticData('node')`.
    pub static_node: Option<Json>,
    /// `$input.context` and `$node[…].context` of the node itself, for example a loop's `noItemsLeft`.
    pub node_context: Option<Json>,
    /// How many items of the input stand before these. Given only to scripts that name `pairedItem`, which may then ask
    /// for that of other nodes.
    pub lineage: Option<u32>,
    /// Values of further globals, by name (`$response`, `$pageCount` …), as JSON.
    pub globals: BTreeMap<String, Json>,
    /// Answers to the host call `node` that are sent along: node name to [`Host::call`]'s JSON.
    pub nodes: BTreeMap<String, Json>,
}

impl Default for Context {
    fn default() -> Self {
        Context {
            items: Json::from_text("[]"),
            item_index: 0,
            run_index: 0,
            now_millis: 0,
            seed: 0,
            timezone: "UTC".into(),
            workflow: WorkflowInfo::default(),
            execution: ExecutionInfo::default(),
            prev_node: None,
            node_name: String::new(),
            node_id: String::new(),
            node_version: 1.0,
            vars: None,
            env: None,
            parameters: None,
            static_global: None,
            static_node: None,
            node_context: None,
            lineage: None,
            globals: BTreeMap::new(),
            nodes: BTreeMap::new(),
        }
    }
}

/// `$workflow`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkflowInfo {
    /// Id or name in the store.
    pub id: String,
    /// Title.
    pub name: String,
    /// Whether a revision of it is live.
    pub active: bool,
}

/// `$execution`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionInfo {
    /// The run's id.
    pub id: String,
    /// `test` or `production`.
    pub mode: String,
    /// Address that resumes a waiting run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resume_url: String,
    /// Address of a waiting form.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resume_form_url: String,
    /// What `customData.get` and `getAll` see.
    #[serde(default)]
    pub custom_data: BTreeMap<String, String>,
}

/// `$prevNode`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrevNode {
    /// Name of the node that the current item came from.
    pub name: String,
    /// Its output port.
    pub output_index: u32,
    /// Its run index.
    pub run_index: u32,
}

/// Answers what a script asks for while the child waits.
pub trait Host: Send + Sync {
    /// Answers one call with a JSON text, or with an error text that the script sees as a thrown error.
    ///
    /// | name | arguments | answer |
    /// |---|---|---|
    /// | `node` | `{name}` | `{executed, runs: [[[item, …] per output] per run], run?, output?, params?, context?, paired?}`; `run` and `output` are the defaults of `$('…').all()`, `paired` has for each current item the index of its origin in that node's default run and output, or an error text |
    /// | `node.lineage` | `{name, run}` | `[[{item, input?} or a list of those or null, …] per output]`: where the items of that run came from |
    /// | `http` | the options of `this.helpers.httpRequest` | the response as n8n returns it |
    /// | `binary.read` | `{item, property}` | base64 text |
    /// | `binary.write` | `{data (base64), fileName?, mimeType?}` | the file as an item's `binary` holds it |
    fn call<'a>(&'a self, name: &'a str, args: model::Value) -> BoxFuture<'a, Result<Json, String>>;
}

/// A host that answers nothing: for jobs whose context has all they need.
pub struct NoHost;

impl Host for NoHost {
    fn call<'a>(&'a self, name: &'a str, _: model::Value) -> BoxFuture<'a, Result<Json, String>> {
        Box::pin(async move { Err(format!("`{name}` is not available here")) })
    }
}

/// What a job gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// JSON: a table of cells for expressions (see [`Outcome::cells`]), an array of items for code.
    pub result: String,
    /// What the script wrote to its console, bounded.
    pub logs: Vec<LogLine>,
    /// `$getWorkflowStaticData('global')`, when the script changed it.
    pub static_global: Option<Json>,
    /// `$getWorkflowStaticData('node')`, when the script changed it.
    pub static_node: Option<Json>,
    /// All of `$execution.customData`, when the script changed it.
    pub custom_data: Option<BTreeMap<String, String>>,
    /// The JavaScript errors that made a `{{ }}` `undefined`, each once and the first ones only.
    pub notes: Vec<String>,
    /// CPU time that the child spent on the job, in microseconds.
    pub cpu_micros: u64,
}

impl Outcome {
    /// Reads the result of expressions: one row for each item, one cell for each template.
    ///
    /// In the JSON a cell is `[value]`, `[]` for undefined, or `{"message": …}` for an error.
    ///
    /// # Errors
    /// When this is not the outcome of expressions.
    pub fn cells(&self) -> Result<Vec<Vec<Cell>>, serde_json::Error> {
        let rows: Vec<Vec<RawCell>> = serde_json::from_str(&self.result)?;
        Ok(rows.into_iter().map(|row| row.into_iter().map(Cell::from).collect()).collect())
    }
}

/// The value of one template for one item.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A value.
    Value(model::Value),
    /// `undefined`: the parameter counts as not set.
    Undefined,
    /// The expression failed.
    Error(Box<ScriptError>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawCell {
    Value((model::Value,)),
    Undefined([model::Value; 0]),
    Error(Box<ScriptError>),
}

impl From<RawCell> for Cell {
    fn from(cell: RawCell) -> Cell {
        match cell {
            RawCell::Value((value,)) => Cell::Value(value),
            RawCell::Undefined([]) => Cell::Undefined,
            RawCell::Error(error) => Cell::Error(error),
        }
    }
}

/// One line that a script wrote to its console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// How it was written.
    pub level: Level,
    /// What was written.
    pub text: String,
}

/// Method of `console` that wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// `console.debug`, `console.trace`.
    Debug,
    /// `console.log`, `console.info` and the rest.
    Info,
    /// `console.warn`.
    Warn,
    /// `console.error`, `console.assert`.
    Error,
}

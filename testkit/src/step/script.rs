//! Expressions and code of a step on the bench: natively where that is possible, else in a sandbox process.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::expr::{Data, Execution, ItemList, Meta, NodeData, NodeLookup, Workflow};
use model::template::{ParamError, Params};
use model::{Item, Map, Value};
use part::{CodeJob, CodeMode, CodeResult, Level, NodeError, Origin, Origins, Source, StepInfo};
use sandbox::{Cell, Context, Job, Json, Kind, Limits, Mode, Options, Outcome, Sandbox};

use super::host::failed;

/// What expressions and code of the step can see.
pub(super) struct View {
    pub params: Map,
    pub input: Arc<[Arc<Item>]>,
    pub nodes: BTreeMap<String, Arc<[Arc<Item>]>>,
    pub info: StepInfo,
}

/// Parameters of one item. The outer error stops the step, the inner one is the item's.
pub(super) async fn resolve(
    view: &View,
    params: &Params,
    item: &Item,
    index: usize,
    globals: &Map,
) -> Result<Result<Map, NodeError>, NodeError> {
    let data = OneItem { view, item, index, meta: view.meta(), nodes: view.node_outputs(index) };
    match params.eval(&data, &mut |_| None) {
        // The native evaluator does not know further globals; it would read them as undefined.
        Ok(map) if globals.is_empty() => return Ok(Ok(map)),
        Ok(_) => {}
        Err(error @ ParamError::Failed { .. }) => return Ok(Err(failed(&error))),
        Err(ParamError::NeedsJavaScript { .. }) => {}
    }
    let sources = params.templates().iter().map(|compiled| compiled.template.source().to_owned()).collect();
    let mut context = view.context();
    context.globals = globals.iter().map(|(name, value)| (name.clone(), json(value))).collect();
    let outcome = execute(view, Kind::Expressions { sources, items: index as u32..index as u32 + 1 }, context).await?;
    let row = outcome.cells().ok().and_then(|mut rows| rows.pop()).unwrap_or_default();
    let mut cells: HashMap<usize, Cell> = row.into_iter().enumerate().collect();
    let mut answer = |index: usize| {
        Some(match cells.remove(&index)? {
            Cell::Value(value) => Ok(Some(value)),
            Cell::Undefined => Ok(None),
            Cell::Error(error) => Err(error.message),
        })
    };
    Ok(params.eval(&data, &mut answer).map_err(|error| failed(&error)))
}

/// Runs user code over the first input.
pub(super) async fn code(view: &View, job: &CodeJob<'_>) -> Result<(CodeResult, Vec<(Level, String)>), NodeError> {
    let mode = match job.mode {
        CodeMode::All => Mode::All,
        CodeMode::EachItem => Mode::EachItem,
        CodeMode::EachItemGoingOn => Mode::EachItemGoingOn,
    };
    let outcome = execute(view, Kind::Code { source: job.source.into(), mode }, view.context()).await?;
    let values: Vec<Map> = serde_json::from_str(&outcome.result).map_err(|error| NodeError::bug(error.to_string()))?;
    let mut items = Vec::new();
    let (mut origins, mut failed) = (Origins::default(), BTreeMap::new());
    for (position, mut value) in values.into_iter().enumerate() {
        origins.push(origin(value.get("pairedItem")));
        value.remove("pairedItem");
        if let Some(error) = value.remove("failed") {
            let error = serde_json::from_value(error).map_err(|error| NodeError::bug(error.to_string()))?;
            failed.insert(position, thrown(sandbox::Error::Script { error, expression: false }));
        }
        items.push(serde_json::from_value(Value::Object(value)).map_err(|error| NodeError::bug(error.to_string()))?);
    }
    let level = |level| match level {
        sandbox::Level::Debug => Level::Debug,
        sandbox::Level::Info => Level::Info,
        sandbox::Level::Warn => Level::Warn,
        sandbox::Level::Error => Level::Error,
    };
    let logs = outcome.logs.into_iter().map(|line| (level(line.level), line.text)).collect();
    Ok((CodeResult { items: part::Items::from_vec(items), origins, failed }, logs))
}

fn origin(paired: Option<&Value>) -> Origin {
    let source = |value: &Value| {
        let item = value.as_u64().or_else(|| value.get("item").and_then(Value::as_u64))?;
        let input = value.get("input").and_then(Value::as_u64).unwrap_or(0);
        Some(Source { input: input as u16, item: item as u32 })
    };
    match paired {
        Some(Value::Array(list)) => Origin::Many(list.iter().filter_map(source).collect()),
        Some(value) => source(value).map_or(Origin::Unknown, Origin::One),
        None => Origin::Unknown,
    }
}

async fn execute(view: &View, kind: Kind, context: Context) -> Result<Outcome, NodeError> {
    let sandbox = Sandbox::new(Options { max_children: 1, ..Options::with_worker(worker()?) });
    let host = NodesHost { view };
    // Enough for any script of a test, and little enough to try one that does not end.
    let limits = Limits { cpu: Duration::from_secs(2), ..Limits::default() };
    let outcome = sandbox.run("bench", Job { kind, context, limits }, &host).await;
    sandbox.shutdown().await;
    outcome.map_err(thrown)
}

fn thrown(error: sandbox::Error) -> NodeError {
    let mut made = NodeError::from(error.problem());
    if let sandbox::Error::Script { error: script, .. } | sandbox::Error::Items(script) = &error {
        made.item = script.item;
        made = made.with_context(serde_json::json!({ "line": script.line, "message": script.message }));
    }
    made
}

/// The worker of the tests: it lies beside the test binaries, and is built when it is not there.
pub fn worker() -> Result<PathBuf, NodeError> {
    let missing = |why: String| NodeError::bug(format!("the sandbox worker is not there: {why}"));
    let test = std::env::current_exe().map_err(|error| missing(error.to_string()))?;
    let folder = test.parent().and_then(|deps| deps.parent()).ok_or_else(|| missing("no target folder".into()))?;
    let worker = folder.join(format!("sandbox-worker{}", std::env::consts::EXE_SUFFIX));
    if !worker.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built =
            std::process::Command::new(cargo).args(["build", "-p", "sandbox", "--bin", "sandbox-worker"]).status();
        if !built.is_ok_and(|status| status.success()) || !worker.exists() {
            return Err(missing("`cargo build -p sandbox` did not make it".into()));
        }
    }
    Ok(worker)
}

fn json(value: &impl serde::Serialize) -> Json {
    Json::of(value).unwrap_or_else(|_| Json::from_text("null"))
}

impl View {
    fn meta(&self) -> Meta {
        Meta {
            run_index: self.info.run_index as usize,
            execution: Execution { id: self.info.run.to_string(), mode: self.info.mode.to_string(), resume_url: None },
            workflow: Workflow { id: "bench".into(), name: self.info.workflow.to_string(), active: false },
            prev_node: None,
            now_millis: Some(self.info.now),
            timezone: self.info.timezone.to_string(),
        }
    }

    fn context(&self) -> Context {
        let items: Vec<&Item> = self.input.iter().map(|item| &**item).collect();
        Context {
            items: json(&items),
            run_index: self.info.run_index,
            now_millis: self.info.now,
            seed: self.info.seed,
            timezone: self.info.timezone.to_string(),
            node_name: self.info.node.to_string(),
            parameters: Some(json(&self.params)),
            ..Context::default()
        }
    }

    fn node_outputs(&self, index: usize) -> BTreeMap<&str, NodeOutput<'_>> {
        self.nodes.iter().map(|(name, items)| (name.as_str(), NodeOutput { items: Shared(items), index })).collect()
    }
}

/// Answers `$('…')` for the nodes beside the one on the bench.
struct NodesHost<'a> {
    view: &'a View,
}

impl sandbox::Host for NodesHost<'_> {
    fn call<'a>(&'a self, name: &'a str, args: Value) -> BoxFuture<'a, Result<Json, String>> {
        let answer = match (name, args.get("name").and_then(Value::as_str)) {
            ("node", Some(node)) => match self.view.nodes.get(node) {
                Some(items) => {
                    let output: Vec<Value> =
                        items.iter().map(|item| serde_json::json!({ "json": item.json })).collect();
                    let paired: Vec<usize> = (0..self.view.input.len()).collect();
                    Ok(json(&serde_json::json!({ "executed": true, "runs": [[output]], "paired": paired })))
                }
                None => Err(format!("Referenced node doesn't exist: {node}")),
            },
            _ => Err(format!("`{name}` is not available on the bench")),
        };
        Box::pin(std::future::ready(answer))
    }
}

struct Shared<'a>(&'a [Arc<Item>]);

impl ItemList for Shared<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn get(&self, index: usize) -> Option<&Item> {
        self.0.get(index).map(|item| &**item)
    }
}

struct NodeOutput<'a> {
    items: Shared<'a>,
    index: usize,
}

impl NodeData for NodeOutput<'_> {
    fn paired(&self) -> Result<Option<&Item>, String> {
        Ok(self.items.get(self.index))
    }
    fn items(&self) -> Option<&dyn ItemList> {
        Some(&self.items)
    }
    fn params(&self) -> Option<&Map> {
        None
    }
}

struct OneItem<'a> {
    view: &'a View,
    item: &'a Item,
    index: usize,
    meta: Meta,
    nodes: BTreeMap<&'a str, NodeOutput<'a>>,
}

impl Data for OneItem<'_> {
    fn item(&self) -> Option<&Item> {
        Some(self.item)
    }
    fn item_index(&self) -> usize {
        self.index
    }
    fn input(&self) -> Option<&dyn ItemList> {
        None
    }
    fn node(&self, name: &str) -> NodeLookup<'_> {
        self.nodes.get(name).map_or(NodeLookup::Unknown, |node| NodeLookup::Node(node))
    }
    fn var(&self, _: &str) -> Option<&Value> {
        None
    }
    fn env(&self, _: &str) -> Option<&str> {
        None
    }
    fn params(&self) -> Option<&Map> {
        Some(&self.view.params)
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

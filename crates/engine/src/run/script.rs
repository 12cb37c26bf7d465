//! Expressions and code of a step: natively where possible, in the sandbox in one round trip where not.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::expr::{Data, Engine, EvalError};
use model::template::{Answers, ParamError, Params};
use model::{Code, Item, Map, Value};
use part::ctx::ValueRow;
use part::custom;
use part::{Category, CodeJob, CodeMode, CodeResult, Level, NodeError};
use sandbox::{Cell, Context, Job, Json, Kind};
use serde::Serialize;
use store::LocalWrite;

use super::host::StepRun;
use super::lineage;
use super::scope::{self, StepRef, StepScope};
use crate::event::LogLine;

/// Name of the local space that holds static data.
pub const STATIC: &str = "static";

fn expression_failed(message: String, pointer: &str, position: usize) -> NodeError {
    let mut error = NodeError::new(Code::ExpressionFailed, Category::Code, message);
    error.problem.pointer = Some(format!("/params{pointer}"));
    error.on_item(position)
}

impl StepRun {
    fn step_ref(&self) -> StepRef<'_> {
        StepRef { step: self.step, node: self.node, run_index: self.run_index, inputs: &self.inputs, now: self.now }
    }

    fn scope(&self, params: &Params) -> StepScope {
        let input = self.input_items.first().and_then(|items| match items.segments() {
            [] => Some(Vec::new().into()),
            [segment] => segment.in_memory(),
            _ => None,
        });
        StepScope::new(&self.shared, &self.step_ref(), input, self.variables.clone(), params)
    }

    /// See [`part::StepHost::resolve`].
    pub(super) async fn resolve_all<T>(
        &self,
        params: &Params,
        items: &[Arc<Item>],
        first: usize,
        globals: Option<&Map>,
        eval: fn(&Params, &dyn Data, &mut Answers<'_>) -> Result<T, ParamError>,
    ) -> Result<Vec<Result<T, NodeError>>, NodeError> {
        let scope = self.scope(params);
        // Templates that JavaScript has to answer: those that are known to need it, then those that turn out to.
        let mut asked: Vec<usize> = Vec::new();
        if globals.is_some() {
            asked.extend(0..params.templates().len());
        } else if params.needs_javascript() {
            let needs = |(_, compiled): &(usize, &model::template::CompiledTemplate)| {
                compiled.template.engine() == Engine::JavaScript
            };
            asked.extend(params.templates().iter().enumerate().filter(needs).map(|(index, _)| index));
        }
        loop {
            let cells = match asked.is_empty() {
                true => Vec::new(),
                false => self.ask(params, &asked, items, first, globals).await?,
            };
            let mut resolved = Vec::with_capacity(items.len());
            let mut missing = None;
            for (offset, item) in items.iter().enumerate() {
                let data = scope.at(item, first + offset);
                let mut answers = |index: usize| {
                    let column = asked.iter().position(|known| *known == index)?;
                    Some(match cells.get(offset)?.get(column)? {
                        Cell::Value(value) => Ok(Some(value.clone())),
                        Cell::Undefined => Ok(None),
                        Cell::Error(error) => Err(error.message.clone()),
                    })
                };
                let mut evaluated = eval(params, &data, &mut answers);
                // Ancestors that are not in memory are read, and the item is evaluated again: it has no effects.
                drop(data);
                while scope.fetch(self).await? {
                    evaluated = eval(params, &scope.at(item, first + offset), &mut answers);
                }
                match evaluated {
                    Ok(map) => resolved.push(Ok(map)),
                    Err(ParamError::NeedsJavaScript { index, .. }) => {
                        missing = Some(index);
                        break;
                    }
                    Err(ParamError::Failed { message, pointer }) => {
                        resolved.push(Err(expression_failed(message, &pointer, first + offset)));
                    }
                }
            }
            match missing {
                None => return Ok(resolved),
                // Asking for one more at a time would be a round trip each; the rest is asked for at once.
                Some(index) if asked.contains(&index) => {
                    return Err(NodeError::bug("the sandbox gave no answer to an expression that it was asked"));
                }
                Some(_) => asked = (0..params.templates().len()).collect(),
            }
        }
    }

    /// Parameters for one item, and the JavaScript errors that made a part of them `undefined`.
    pub(super) async fn try_out(
        &self,
        params: &Params,
        item: Arc<Item>,
        position: usize,
    ) -> Result<(Map, Vec<String>), NodeError> {
        let items = [item];
        let mut resolved = self.resolve_all(params, &items, position, None, Params::eval).await?;
        let map = resolved.pop().ok_or_else(|| NodeError::bug("one item has one answer"))??;
        let (mut notes, mut asked) = (Vec::new(), Vec::new());
        let scope = self.scope(params);
        for (index, compiled) in params.templates().iter().enumerate() {
            let native = compiled.template.eval_noting(&scope.at(&items[0], position), &mut |note| {
                notes.push(note.to_owned());
            });
            if native == Err(EvalError::NeedsJavaScript) {
                asked.push(index);
            }
        }
        if !asked.is_empty() {
            notes.extend(self.evaluate(params, &asked, &items, position, None).await?.notes);
        }
        Ok((map, notes))
    }

    /// The rows, when none of them turns out to need JavaScript, or an ancestor that is not in memory.
    pub(super) fn resolve_natively(
        &self,
        params: &Params,
        items: &[Arc<Item>],
        first: usize,
    ) -> Option<Vec<Result<ValueRow, NodeError>>> {
        if params.needs_javascript() {
            return None;
        }
        let scope = self.scope(params);
        let mut rows = Vec::with_capacity(items.len());
        for (position, item) in (first..).zip(items) {
            let evaluated = params.eval_row(&scope.at(item, position), &mut |_| None);
            if scope.has_missed() {
                return None;
            }
            rows.push(match evaluated {
                Ok(row) => Ok(row),
                Err(ParamError::NeedsJavaScript { .. }) => return None,
                Err(ParamError::Failed { message, pointer }) => Err(expression_failed(message, &pointer, position)),
            });
        }
        Some(rows)
    }

    /// The sandbox's answers to these templates, for all items.
    async fn ask(
        &self,
        params: &Params,
        templates: &[usize],
        items: &[Arc<Item>],
        first: usize,
        globals: Option<&Map>,
    ) -> Result<Vec<Vec<Cell>>, NodeError> {
        let outcome = self.evaluate(params, templates, items, first, globals).await?;
        outcome.cells().map_err(|error| NodeError::bug(format!("the sandbox's answer cannot be read: {error}")))
    }

    /// One round trip for these templates and all items.
    async fn evaluate(
        &self,
        params: &Params,
        templates: &[usize],
        items: &[Arc<Item>],
        first: usize,
        globals: Option<&Map>,
    ) -> Result<sandbox::Outcome, NodeError> {
        let sources: Vec<String> =
            templates.iter().map(|index| params.templates()[*index].template.source().to_owned()).collect();
        // The whole input where it is in memory or asked for, so that `$input.all()` is right; else these items.
        let input = self.input_items.first();
        let reads_all = |index: &usize| params.templates()[*index].template.reads().input;
        let collected = match input {
            Some(input) if input.as_slice().is_none() && templates.iter().any(reads_all) => {
                Some(input.collect(self).await?)
            }
            _ => None,
        };
        let whole = collected.as_deref().or_else(|| input.and_then(part::Items::as_slice));
        let (json, start, before) = match whole.filter(|all| all.len() >= first + items.len()) {
            Some(all) => (items_json(all), first, 0),
            None => (items_json(items), 0, first),
        };
        let wanted = Kept::by(sources.iter().map(String::as_str));
        let mut context = self.context(json?, wanted).await?;
        if sources.iter().any(|source| lineage::is_read_by(source)) {
            context.lineage = Some(before as u32);
        }
        if let Some(globals) = globals {
            context.globals = globals.iter().map(|(name, value)| (name.clone(), Json::from(value))).collect();
        }
        let kind = Kind::Expressions { sources, items: start as u32..(start + items.len()) as u32 };
        self.run_sandboxed(kind, context, None).await
    }

    async fn run_sandboxed(
        &self,
        kind: Kind,
        context: Context,
        timeout: Option<std::time::Duration>,
    ) -> Result<sandbox::Outcome, NodeError> {
        let Some(sandbox) = &self.shared.engine.sandbox else {
            let detail = "JavaScript is needed here, and this process has no sandbox";
            return Err(NodeError::new(Code::SandboxUnavailable, Category::Unavailable, detail));
        };
        let mut limits = sandbox.defaults();
        if let Some(timeout) = timeout {
            limits.wall = limits.wall.min(timeout);
        }
        let job = Job { kind, context, limits };
        let outcome = tokio::select! {
            outcome = sandbox.run(self.shared.scope.workspace.as_str(), job, self) => outcome,
            () = self.cancel().cancelled() => {
                return Err(NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled"));
            }
        };
        let outcome = outcome.map_err(sandbox_error)?;
        let mut staged = self.staged();
        for line in &outcome.logs {
            let level = match line.level {
                sandbox::Level::Debug => Level::Debug,
                sandbox::Level::Info => Level::Info,
                sandbox::Level::Warn => Level::Warn,
                sandbox::Level::Error => Level::Error,
            };
            staged.logs.push(LogLine { level, text: line.text.clone() });
        }
        for (key, value) in [("global".to_owned(), &outcome.static_global), (self.static_key(), &outcome.static_node)] {
            if let Some(value) = value {
                staged.local.push(LocalWrite::Put {
                    space: STATIC.into(),
                    key: format!("{}/{key}", self.shared.head.workflow),
                    value: value.as_str().to_owned().into(),
                    expires_at: None,
                });
            }
        }
        if let Some(said) = &outcome.custom_data {
            staged.local.push(custom::write(self.shared.head.id, said, self.now));
        }
        Ok(outcome)
    }

    fn static_key(&self) -> String {
        format!("node:{}", self.shared.definition.node(self.node).name)
    }

    /// What a script sees. What is kept is read, and its reading journaled, only where the script asks for it.
    async fn context(&self, items: Json, wanted: Kept) -> Result<Context, NodeError> {
        let meta = scope::meta(&self.shared, &self.step_ref(), &self.shared.core(), true);
        let definition = &self.shared.definition;
        let node = definition.node(self.node);
        let json = |value: &Map| Json::of(value).ok();
        let mut static_data = [None, None];
        let keys = wanted.static_data.then(|| ["global".to_owned(), self.static_key()]).into_iter().flatten();
        for (slot, key) in static_data.iter_mut().zip(keys) {
            let key = format!("{}/{key}", self.shared.head.workflow);
            let bytes = part::StepHost::local_get(self, STATIC, &key).await?;
            *slot = bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()).map(Json::from_text);
        }
        let [static_global, static_node] = static_data;
        let custom_data = match wanted.custom_data {
            true => {
                let run = self.shared.head.id.to_string();
                custom::read(part::StepHost::local_get(self, custom::SPACE, &run).await?.as_deref())
            }
            false => custom::CustomData::default(),
        };
        Ok(Context {
            items,
            item_index: 0,
            run_index: self.run_index,
            now_millis: self.now,
            seed: self.seed,
            timezone: meta.timezone,
            workflow: sandbox::WorkflowInfo {
                id: meta.workflow.id,
                name: meta.workflow.name,
                active: meta.workflow.active,
            },
            execution: sandbox::ExecutionInfo {
                id: meta.execution.id,
                mode: meta.execution.mode,
                resume_url: meta.execution.resume_url.unwrap_or_default(),
                custom_data,
                ..Default::default()
            },
            prev_node: meta.prev_node.map(|prev| sandbox::PrevNode {
                name: prev.name,
                output_index: prev.output_index as u32,
                run_index: prev.run_index as u32,
            }),
            node_name: node.name.to_string(),
            node_id: definition.spec.nodes[self.node as usize].id.clone(),
            node_version: node.version,
            vars: json(&self.variables.vars),
            env: Json::of(&self.variables.env).ok(),
            parameters: json(&node.seen),
            node_context: self.shared.core().machine.kept(self.node).map(Json::from),
            static_global,
            static_node,
            ..Context::default()
        })
    }

    /// See [`part::StepHost::code`].
    pub(super) async fn run_code(&self, job: CodeJob<'_>) -> Result<CodeResult, NodeError> {
        let input = self.input_items.first().cloned().unwrap_or_default();
        // What came as text goes on as text; nobody takes it apart on the way.
        let json = match input.as_text() {
            Some(text) => Json::from_text(text.json().get()),
            None => items_json(&input.collect(self).await?)?,
        };
        let mut context = self.context(json, Kept::by([job.source])).await?;
        if lineage::is_read_by(job.source) {
            context.lineage = Some(0);
        }
        let mode = match job.mode {
            CodeMode::All => sandbox::Mode::All,
            CodeMode::EachItem => sandbox::Mode::EachItem,
            CodeMode::EachItemGoingOn => sandbox::Mode::EachItemGoingOn,
        };
        let kind = Kind::Code { source: job.source.to_owned(), mode };
        let outcome = self.run_sandboxed(kind, context, job.timeout).await?;
        let mut result = super::returned::read(outcome.result, input.len(), job.mode)?;
        // Items that are still text have no files.
        if let (None, Some(items)) = (result.items.as_text(), result.items.as_slice())
            && items.iter().any(|item| has_inline(item))
        {
            result.items = self.keep_files(items).await?;
        }
        Ok(result)
    }

    /// Moves files that code wrote into its items to the store, where those of every other node are.
    /// What is no base64 stays as it is: n8n takes it, too.
    async fn keep_files(&self, items: &[Arc<Item>]) -> Result<part::Items, NodeError> {
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            let mut item = Item::clone(item);
            for file in item.binary.iter_mut().flat_map(|files| files.values_mut()).filter(|file| is_inline(file)) {
                let Some(bytes) = file.inline.as_deref().and_then(part::params::base64) else { continue };
                let stream: part::ByteStream =
                    Box::pin(futures_util::stream::once(std::future::ready(Ok(bytes.into()))));
                let (digest, size) = part::StepHost::write_blob(self, stream).await?;
                (file.blob, file.size, file.inline) = (Some(digest), size, None);
            }
            kept.push(item);
        }
        Ok(part::Items::from_vec(kept))
    }

    /// What a script sees of another node: its last run, and where the items of the input came from.
    async fn node_json(&self, name: &str) -> Result<Json, String> {
        let definition = &self.shared.definition;
        let index = self.known_node(name)?;
        let text = |error: NodeError| error.problem.to_string();
        let steps = self.shared.core().data.runs_of(index).to_vec();
        let count = self.input_items.first().map_or(0, part::Items::len);
        let mut paired = Vec::with_capacity(count);
        for position in 0..count {
            paired.push(match self.shared.ancestor(&self.inputs, position, index).await.map_err(text)? {
                Ok(place) => Paired::At {
                    run: steps.iter().rposition(|step| *step == place.feed.step).unwrap_or_default(),
                    output: place.feed.output,
                    item: place.item,
                },
                Err(lost) => Paired::Lost(scope::lost_text(name, lost)),
            });
        }
        let last = steps.len().checked_sub(1);
        let mut runs = BTreeMap::new();
        if let Some(run) = last {
            runs.insert(run, self.ports_of(steps[run]).await.map_err(text)?);
        }
        let node = NodeJson {
            executed: last.is_some(),
            run: last.unwrap_or_default(),
            output: definition.output_towards(index, self.node),
            params: &definition.node(index).seen,
            context: self.shared.core().machine.kept(index).cloned(),
            paired,
            run_count: steps.len(),
            runs,
        };
        Json::of(&node).map_err(|error| error.to_string())
    }

    /// What another node put out in one of its runs.
    async fn node_run_json(&self, name: &str, run: usize) -> Result<Json, String> {
        let step = self.known_run(name, run)?;
        let ports = self.ports_of(step).await.map_err(|error| error.problem.to_string())?;
        Json::of(&ports).map_err(|error| error.to_string())
    }

    fn known_run(&self, name: &str, run: usize) -> Result<crate::event::StepNumber, String> {
        let index = self.known_node(name)?;
        let step = self.shared.core().data.runs_of(index).get(run).copied();
        step.ok_or_else(|| format!("Run {run} of node '{name}' not found"))
    }

    fn known_node(&self, name: &str) -> Result<crate::event::NodeIndex, String> {
        let found = self.shared.definition.graph.index(name);
        found.ok_or_else(|| format!("Referenced node doesn't exist: there is no node '{name}'"))
    }

    async fn ports_of(&self, step: crate::event::StepNumber) -> Result<Vec<Vec<ItemJson>>, NodeError> {
        let found = self.shared.look_up(|data| Ok(data.find(step)?.cloned())).await?;
        let mut ports = Vec::new();
        for port in found.iter().flat_map(|step| &step.outputs) {
            let items = port.items.collect(self).await?;
            ports.push(items.iter().map(|item| ItemJson(item.clone())).collect());
        }
        Ok(ports)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeJson<'a> {
    executed: bool,
    run: usize,
    output: u16,
    params: &'a Map,
    /// What the node remembers, for example whether a loop has items left.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
    paired: Vec<Paired>,
    run_count: usize,
    /// By number; a script asks for others.
    runs: BTreeMap<usize, Vec<Vec<ItemJson>>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Paired {
    At { run: usize, output: u16, item: usize },
    Lost(String),
}

/// What scripts ask for of what is kept: they name it.
#[derive(Clone, Copy)]
struct Kept {
    static_data: bool,
    custom_data: bool,
}

impl Kept {
    fn by<'a>(sources: impl IntoIterator<Item = &'a str> + Clone) -> Kept {
        let names = |word: &str| sources.clone().into_iter().any(|source| source.contains(word));
        Kept { static_data: names("StaticData"), custom_data: names("customData") }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct ItemJson(Arc<Item>);

impl sandbox::Host for StepRun {
    fn call<'a>(&'a self, name: &'a str, args: Value) -> BoxFuture<'a, Result<Json, String>> {
        Box::pin(async move {
            let node = || args.get("name").and_then(Value::as_str).unwrap_or_default();
            let run = || args.get("run").and_then(Value::as_u64).unwrap_or_default() as usize;
            match name {
                "node" => self.node_json(node()).await,
                "node.run" => self.node_run_json(node(), run()).await,
                "node.lineage" => {
                    let step = self.known_run(node(), run())?;
                    self.lineage_of_step(step).await.map_err(|error| error.problem.to_string())
                }
                "binary.read" => self.read_binary(&args).await,
                "binary.write" => self.write_binary(&args).await,
                "http" => self.script_request(args).await,
                other => Err(format!("`{other}` is not available in code")),
            }
        })
    }
}

impl StepRun {
    async fn read_binary(&self, args: &Value) -> Result<Json, String> {
        use futures_util::StreamExt;
        let position = args.get("item").and_then(Value::as_u64).unwrap_or_default() as usize;
        let property = args.get("property").and_then(Value::as_str).unwrap_or("data");
        let input = self.input_items.first().cloned().unwrap_or_default();
        let item = input.get(position, self).await.map_err(|error| error.to_string())?;
        let item = item.ok_or_else(|| format!("there is no item {position}"))?;
        let file = item.file(property).ok_or_else(|| format!("item {position} has no file '{property}'"))?;
        let text = match (&file.blob, &file.inline) {
            (Some(digest), _) => {
                let mut stream = part::StepHost::read_blob(self, digest).await.map_err(|error| error.to_string())?;
                let mut bytes = Vec::with_capacity(file.size.min(1 << 26) as usize);
                while let Some(part) = stream.next().await {
                    bytes.extend_from_slice(&part.map_err(|error| error.to_string())?);
                    if bytes.len() > MAX_SCRIPT_FILE {
                        return Err(format!("a file of more than {MAX_SCRIPT_FILE} bytes cannot be read in code"));
                    }
                }
                part::params::to_base64(&bytes)
            }
            (None, inline) => inline.clone().unwrap_or_default(),
        };
        Json::of(&text).map_err(|error| error.to_string())
    }

    async fn write_binary(&self, args: &Value) -> Result<Json, String> {
        let data = args.get("data").and_then(Value::as_str).unwrap_or_default();
        let bytes = part::params::base64(data).ok_or("the file's data is not base64")?;
        let text = |name: &str| args.get(name).and_then(Value::as_str).map(str::to_owned);
        let stream: part::ByteStream = Box::pin(futures_util::stream::once(std::future::ready(Ok(bytes.into()))));
        let (digest, size) = part::StepHost::write_blob(self, stream).await.map_err(|error| error.to_string())?;
        let file_name = text("fileName");
        let extension = file_name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_owned());
        let file = model::Binary {
            mime_type: text("mimeType").unwrap_or_else(|| "application/octet-stream".into()),
            file_extension: extension,
            file_name,
            size,
            blob: Some(digest),
            ..Default::default()
        };
        Json::of(&file).map_err(|error| error.to_string())
    }

    /// `this.helpers.httpRequest`: a call like any other, in the order in which the script makes them.
    async fn script_request(&self, args: Value) -> Result<Json, String> {
        let number = {
            let mut staged = self.staged();
            staged.requests += 1;
            staged.requests
        };
        let answer = super::host::script_http(self, number, args).await.map_err(|error| error.to_string())?;
        Ok(Json::from(&answer))
    }
}

fn is_inline(file: &model::Binary) -> bool {
    file.blob.is_none() && file.inline.is_some()
}

fn has_inline(item: &Item) -> bool {
    item.binary.as_ref().is_some_and(|files| files.values().any(is_inline))
}

/// The largest file that a script can read: it has to fit the script's memory as base64.
const MAX_SCRIPT_FILE: usize = 64 << 20;

fn items_json(items: &[Arc<Item>]) -> Result<Json, NodeError> {
    Json::of(items).map_err(|error| NodeError::bug(format!("items cannot be written as JSON: {error}")))
}

pub(super) fn sandbox_error(error: sandbox::Error) -> NodeError {
    let problem = error.problem();
    let mut failure = NodeError::from(problem);
    if let sandbox::Error::Script { error: script, .. } | sandbox::Error::Items(script) = &error {
        failure.item = script.item;
        let context = serde_json::json!({
            "line": script.line, "stack": script.stack, "name": script.name, "message": script.message,
        });
        failure = failure.with_context(context);
    }
    failure
}

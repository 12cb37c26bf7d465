//! `core.call`: runs another workflow with this node's items, once for all or once for each.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, Name, NodeSpec, Problem, Value, WorkflowSpec};
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::Field;
use part::{
    Category, ChildEnd, ChildStart, ChildWorkflow, Ctx, Descriptor, Effect, Group, Items, Node, NodeError, NodeType,
    Origin, Outcome, Outputs, Suspend, Typed,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::lift::{is_expression, locator, not_honoured, put};

pub(super) struct Call;

/// Which workflow is called, and with what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// Name of an active workflow of the same environment. As an expression in mode `once` it is read from the first
    /// item.
    #[serde(default, deserialize_with = "crate::lenient::text")]
    workflow: String,
    /// A workflow given in place instead, as a workflow spec or its JSON text.
    #[serde(default)]
    definition: Value,
    /// One run for all items, or one for each.
    #[serde(default)]
    mode: Mode,
    /// Wait for the runs and put out their items; otherwise the items pass and the runs go their own way.
    #[serde(default = "yes", deserialize_with = "crate::lenient::flag")]
    wait: bool,
    /// Fields that are set on the items before they are given.
    #[serde(default)]
    inputs: Option<Map>,
    /// When not empty, only these fields are given.
    #[serde(default)]
    fields: Vec<Field>,
    /// Change values to the types of the fields; otherwise they are given as they are.
    #[serde(default, deserialize_with = "crate::lenient::flag")]
    convert: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// One run gets all items.
    #[default]
    Once,
    /// Each item gets a run.
    Each,
}

fn yes() -> bool {
    true
}

impl NodeType for Call {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.call",
            version: 1,
            title: "Call workflow",
            summary: "Runs another workflow and goes on with its items",
            group: Group::Flow,
            effect: Effect::Local,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["sub-workflow", "execute workflow", "subroutine", "function", "child"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let get = |key: &str| node.params.get(key).unwrap_or(&Value::Null);
        let refuse = |detail: &str, pointer: &str, hint: &str| {
            Err(vec![Problem::new(Code::InvalidParameter, detail).at(pointer).hint(hint)])
        };
        match (get("source").as_str(), get("workflow"), get("definition")) {
            (Some("localFile" | "url"), _, _) => {
                let problem = Problem::new(Code::Unsupported, "a workflow from a file or an address cannot be called");
                return Err(vec![problem.at("/params/source").hint("import it, and call it by name")]);
            }
            (_, Value::Null, Value::Null) => {
                return refuse("no workflow is named", "/params/workflow", "name the workflow to call");
            }
            (_, _, definition) if has_connections(definition) => {
                let hint = "import it as a workflow of its own, and call it by name";
                return refuse("the workflow is written in n8n's shape", "/params/definition", hint);
            }
            _ => {}
        }
        let params = Typed::<Params>::compile(&node.params)?;
        let fixed = Some(get("workflow")).filter(|value| value.is_string() && !is_expression(value));
        let workflows: Vec<String> =
            fixed.and_then(Value::as_str).map(|text| to_name(text).to_string()).into_iter().collect();
        let calls_any = match (get("definition"), workflows.is_empty()) {
            (Value::Null, true) => Some("workflow"),
            (Value::Null, false) => None,
            _ => Some("definition"),
        };
        Ok(Arc::new(Prepared { params, workflows, calls_any }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.executeWorkflow", versions: &[1.0, 1.1, 1.2, 1.3, 1.4] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // The locator of the workflow, whose title became its name here; and what the editor keeps of the fields.
        &[
            "source",
            "workflowId",
            "workflowJson",
            "mode",
            "workflowInputs.mappingMode",
            "workflowInputs.matchingColumns",
            "workflowInputs.schema",
            "workflowInputs.attemptToConvertTypes",
            "workflowInputs.convertFieldsToString",
        ]
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        Ok(lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        lower(&node.params, to.version)
    }
}

fn has_connections(definition: &Value) -> bool {
    match definition {
        Value::Object(map) => map.contains_key("connections"),
        Value::String(text) if text.starts_with('=') => false,
        Value::String(text) => {
            serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("connections").is_some())
        }
        _ => false,
    }
}

/// The name as it is, or the nearest one to a title or to an id of n8n.
fn to_name(text: &str) -> Name {
    text.parse().unwrap_or_else(|_| Name::from_title(text))
}

fn lift(node: &part::n8n::Node) -> Lifted {
    let mut lifted = Lifted::default();
    let mut params = Map::new();
    match node.text("source", "database") {
        "parameter" => put(&mut params, "definition", node.value("workflowJson", "")),
        source @ ("localFile" | "url") => {
            params.insert("source".into(), source.into());
            not_honoured(
                &mut lifted,
                "source",
                format_args!("`{source}` is not there: import the workflow and name it"),
            );
        }
        _ => {
            let id = node.param("workflowId");
            let value = locator(id);
            // n8n names a workflow by its id; the title beside it is what the importer makes names of.
            match id.get("cachedResultName").and_then(Value::as_str).filter(|_| !is_expression(value)) {
                Some(title) => put(&mut params, "workflow", Name::from_title(title).to_string()),
                None => match value {
                    Value::Null => put(&mut params, "workflow", ""),
                    Value::String(text) if text.is_empty() => put(&mut params, "workflow", ""),
                    expression if is_expression(expression) => put(&mut params, "workflow", expression.clone()),
                    other => {
                        let text = crate::lenient::to_text(other.clone());
                        put(&mut params, "workflow", to_name(&text).to_string());
                        let why = "names a workflow by its id; give the imported workflow that name, or change it here";
                        not_honoured(&mut lifted, "workflowId", why);
                    }
                },
            }
        }
    }
    crate::lift::copy(node, "mode", &mut params, "mode");
    if !node.param("options.waitForSubWorkflow").is_null() {
        put(&mut params, "wait", node.param("options.waitForSubWorkflow").clone());
    }
    if node.version >= 1.2 {
        if let Value::Object(inputs) = node.param("workflowInputs.value") {
            params.insert("inputs".into(), Value::Object(inputs.clone()));
        }
        let schema = node.param("workflowInputs.schema").as_array().cloned().unwrap_or_default();
        let fields: Vec<Value> = schema
            .iter()
            .filter(|field| field["removed"] != true)
            .map(|field| json!({ "name": field["displayName"], "type": field["type"].as_str().unwrap_or("any") }))
            .collect();
        if !fields.is_empty() {
            params.insert("fields".into(), fields.into());
        }
        if node.flag("workflowInputs.attemptToConvertTypes", false)
            || node.flag("workflowInputs.convertFieldsToString", node.version >= 1.4)
        {
            params.insert("convert".into(), true.into());
        }
    }
    lifted.params = params;
    lifted
}

fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = Map::new();
    let get = |key: &str| params.get(key).cloned().unwrap_or_default();
    match (get("source"), get("definition")) {
        (Value::String(source), _) => put(&mut lowered, "source", source),
        (_, Value::Null) => {
            let workflow = get("workflow");
            let id = match version < 1.1 {
                true => workflow,
                false => json!({ "__rl": true, "mode": "id", "value": workflow }),
            };
            put(&mut lowered, "workflowId", id);
        }
        (_, definition) => {
            put(&mut lowered, "source", "parameter");
            let text = if definition.is_string() { definition } else { definition.to_string().into() };
            put(&mut lowered, "workflowJson", text);
        }
    }
    put(&mut lowered, "mode", get("mode"));
    crate::lift::put(&mut lowered, "options.waitForSubWorkflow", get("wait"));
    if version >= 1.2 && (!get("inputs").is_null() || !get("fields").is_null()) {
        let fields = get("fields");
        let schema = fields.as_array().into_iter().flatten().map(|field| {
            json!({
                "id": field["name"], "displayName": field["name"], "required": false, "defaultMatch": false,
                "display": true, "canBeUsedToMatch": true, "type": field["type"],
            })
        });
        let convert = get("convert") == true;
        let inputs = json!({
            "mappingMode": "defineBelow", "value": get("inputs"), "matchingColumns": [],
            "schema": schema.collect::<Vec<_>>(),
            "attemptToConvertTypes": false, "convertFieldsToString": convert,
        });
        lowered.insert("workflowInputs".into(), inputs);
    }
    lowered
}

struct Prepared {
    params: Typed<Params>,
    workflows: Vec<String>,
    calls_any: Option<&'static str>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Local
    }

    fn workflows(&self) -> Vec<String> {
        self.workflows.clone()
    }

    fn calls_any(&self) -> Option<&'static str> {
        self.calls_any
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.call(ctx))
    }
}

impl Prepared {
    async fn call(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let first = ctx.typed_once(&self.params).await?;
        match (first.mode, first.wait) {
            (Mode::Once, _) => self.once(ctx, &first).await,
            (Mode::Each, true) => self.each(ctx).await,
            (Mode::Each, false) => self.detach_each(ctx).await,
        }
    }

    async fn once(&self, ctx: &Ctx, first: &Params) -> Result<Outcome, NodeError> {
        if first.wait
            && let Some(end) = ctx.host().child(None)
        {
            return finish_once(ctx, end).await;
        }
        // The items that the child gets are made anew for each start only: an ended child answers before.
        let mut given = ctx.outputs(1);
        let input = ctx.input(0);
        let mut position = 0;
        for segment in input.segments() {
            let items = segment.load(ctx.spool()).await?;
            let all = ctx.typed(&self.params, &items, position).await?;
            for (at, (item, params)) in items.iter().zip(all).enumerate() {
                let item = given_item(item, &*params?).map_err(|error| error.on_item(position + at))?;
                given.push(0, item, Origin::item(position + at)).await?;
            }
            position += items.len();
        }
        let items = only_port(given).await?;
        let passed = items.clone();
        let start = ChildStart { item: None, workflow: workflow(first)?, input: items, detached: !first.wait };
        ctx.host().start_child(start)?;
        if first.wait {
            return Ok(Outcome::Suspend(Suspend::Children));
        }
        let origins = part::Origins::straight(passed.len());
        Ok(Outcome::Done(vec![part::PortOutput::Items { items: passed, origins }]))
    }

    async fn each(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let input = ctx.input(0);
        let ended: Vec<Option<ChildEnd>> = (0..input.len()).map(|at| ctx.host().child(Some(at as u32))).collect();
        let mut failed: Vec<Option<NodeError>> = vec![None; input.len()];
        let mut waiting = false;
        let mut position = 0;
        for segment in input.segments() {
            let items = segment.load(ctx.spool()).await?;
            if ended[position..position + items.len()].iter().all(Option::is_some) {
                position += items.len();
                continue;
            }
            let all = ctx.typed(&self.params, &items, position).await?;
            for (at, (item, params)) in items.iter().zip(all).enumerate() {
                let at = position + at;
                if ended[at].is_some() {
                    continue;
                }
                match params.and_then(|params| child_of(item, &params, at, false)) {
                    Ok(start) => {
                        ctx.host().start_child(start)?;
                        waiting = true;
                    }
                    Err(error) if ctx.info().on_error == model::workflow::OnError::Stop => {
                        return Err(error.on_item(at));
                    }
                    Err(error) => failed[at] = Some(error),
                }
            }
            position += items.len();
        }
        if waiting {
            return Ok(Outcome::Suspend(Suspend::Children));
        }
        let mut outputs = ctx.outputs(1);
        for (at, (end, failure)) in ended.into_iter().zip(failed).enumerate() {
            let result = match (end, failure) {
                (Some(end), _) => end.result,
                (None, Some(error)) => Err(error),
                (None, None) => Err(NodeError::bug("a child was neither started nor refused")),
            };
            match result {
                Ok(items) => push_all(ctx, &mut outputs, &items, |_| Origin::item(at)).await?,
                Err(error) => {
                    let item = input.get(at, ctx.spool()).await?.unwrap_or_default();
                    outputs.fail(at, &item, error).await?;
                }
            }
        }
        outputs.done().await
    }

    async fn detach_each(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let input = ctx.input(0);
        let mut outputs = ctx.outputs(1);
        let mut position = 0;
        for segment in input.segments() {
            let items = segment.load(ctx.spool()).await?;
            let all = ctx.typed(&self.params, &items, position).await?;
            for (at, (item, params)) in items.iter().zip(all).enumerate() {
                let at = position + at;
                let started = params.and_then(|params| {
                    let start = child_of(item, &params, at, true)?;
                    let given = start.input.clone();
                    ctx.host().start_child(start)?;
                    Ok(given)
                });
                match started {
                    Ok(given) => push_all(ctx, &mut outputs, &given, |_| Origin::item(at)).await?,
                    Err(error) => outputs.fail(at, item, error).await?,
                }
            }
            position += items.len();
        }
        outputs.done().await
    }
}

/// What the child of all items came to. Its items are paired with ours when there are as many.
async fn finish_once(ctx: &Ctx, end: ChildEnd) -> Result<Outcome, NodeError> {
    let input = ctx.input(0);
    let mut outputs = ctx.outputs(1);
    match end.result {
        Ok(items) => {
            let (same, one) = (items.len() == input.len(), input.len() == 1);
            let origin = |at: usize| match (same, one) {
                (true, _) => Origin::item(at),
                (false, true) => Origin::item(0),
                (false, false) => Origin::Unknown,
            };
            push_all(ctx, &mut outputs, &items, origin).await?;
        }
        Err(error) if ctx.info().on_error == model::workflow::OnError::Stop => return Err(error),
        Err(error) => {
            let first = input.get(0, ctx.spool()).await?.unwrap_or_default();
            outputs.fail(0, &first, error).await?;
        }
    }
    outputs.done().await
}

async fn push_all(
    ctx: &Ctx,
    outputs: &mut Outputs,
    items: &Items,
    origin: impl Fn(usize) -> Origin,
) -> Result<(), NodeError> {
    let mut position = 0;
    for segment in items.segments() {
        for item in segment.load(ctx.spool()).await?.iter() {
            outputs.push(0, item.clone(), origin(position)).await?;
            position += 1;
        }
    }
    Ok(())
}

async fn only_port(outputs: Outputs) -> Result<Items, NodeError> {
    match outputs.finish().await?.into_iter().next() {
        Some(part::PortOutput::Items { items, .. }) => Ok(items),
        _ => Ok(Items::empty()),
    }
}

fn child_of(item: &Item, params: &Params, at: usize, detached: bool) -> Result<ChildStart, NodeError> {
    let input = Items::from_vec(vec![given_item(item, params)?]);
    Ok(ChildStart { item: Some(at as u32), workflow: workflow(params)?, input, detached })
}

fn workflow(params: &Params) -> Result<ChildWorkflow, NodeError> {
    if params.definition.is_null() {
        if params.workflow.trim().is_empty() {
            return Err(NodeError::parameter("/params/workflow", "no workflow is named"));
        }
        return Ok(ChildWorkflow::Named(to_name(params.workflow.trim())));
    }
    let value = crate::lenient::json(&params.definition, "the workflow")?;
    let spec: WorkflowSpec = serde_json::from_value(value).map_err(|error| {
        let detail = format!("the definition is no workflow: {error}");
        NodeError::new(Code::InvalidParameter, Category::BadData, detail)
    })?;
    Ok(ChildWorkflow::Inline(Box::new(spec)))
}

/// The item that the child gets.
fn given_item(item: &Item, params: &Params) -> Result<Item, NodeError> {
    let mut given = item.clone();
    if let Some(inputs) = &params.inputs {
        given.json.extend(inputs.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    if params.fields.is_empty() {
        return Ok(given);
    }
    let mut json = Map::new();
    for field in &params.fields {
        let value = given.json.get(&field.name).cloned().unwrap_or_default();
        let value = match (&field.field_type, params.convert) {
            (Some(kind), true) => convert(value, kind, &field.name)?,
            _ => value,
        };
        json.insert(field.name.clone(), value);
    }
    Ok(Item { json, ..given })
}

fn convert(value: Value, kind: &str, name: &str) -> Result<Value, NodeError> {
    let parsed = |value: &Value, fits: fn(&Value) -> bool| {
        let Value::String(text) = value else { return None };
        serde_json::from_str::<Value>(text.trim()).ok().filter(fits)
    };
    let converted = match (kind, &value) {
        (_, Value::Null) | ("any", _) => Some(value.clone()),
        ("string", Value::String(_)) | ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => {
            Some(value.clone())
        }
        ("array", Value::Array(_)) | ("object", Value::Object(_)) => Some(value.clone()),
        ("string", other) => Some(Value::String(other.to_string())),
        ("number", value) => parsed(value, Value::is_number),
        ("boolean", Value::Number(number)) if number.as_f64() == Some(1.0) => Some(true.into()),
        ("boolean", Value::Number(number)) if number.as_f64() == Some(0.0) => Some(false.into()),
        ("boolean", Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true.into()),
            "false" | "0" => Some(false.into()),
            _ => None,
        },
        ("array", value) => parsed(value, Value::is_array),
        ("object", value) => parsed(value, Value::is_object),
        _ => Some(value.clone()),
    };
    converted.ok_or_else(|| NodeError::bad_data(format!("`{name}` should be of type {kind}, and `{value}` is not")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::workflow::OnError;
    use testkit::step::{Bench, items};

    fn bench(params: Value) -> Bench {
        Bench::new(&Call, params).unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn input() -> Vec<Items> {
        vec![items(&json!([{ "n": 1 }, { "n": 2 }]))]
    }

    fn end(bench: &Bench, item: Option<u32>, result: Result<Value, NodeError>) {
        let run = model::RunId::from_parts(1, 2);
        bench.host().end_child(item, ChildEnd { run, result: result.map(|list| items(&list)) });
    }

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&Call);
        testkit::contract::runs(&Call, json!({ "workflow": "a" }), &[json!([{ "n": 1 }])]);
        testkit::contract::runs(&Call, json!({ "workflow": "a", "wait": false }), &[json!([{ "n": 1 }])]);
    }

    #[test]
    fn one_child_gets_all_items_and_its_items_come_out() {
        let inputs = json!({ "twice": "={{ $json.n + $json.n }}" });
        let bench = bench(json!({ "workflow": "Send Mail", "inputs": inputs, "fields": [{ "name": "twice" }] }));
        assert_eq!(bench.attempt(input(), None).unwrap().suspended(), Some(&Suspend::Children));
        let children = bench.host().children();
        assert_eq!(children.len(), 1);
        assert_eq!(children[0].workflow, ChildWorkflow::Named("send-mail".parse().unwrap()));
        let given = children[0].input.as_slice().unwrap();
        let given: Vec<Value> = given.iter().map(|item| Value::Object(item.json.clone())).collect();
        assert_eq!(given, [json!({ "twice": 2 }), json!({ "twice": 4 })]);
        end(&bench, None, Ok(json!([{ "out": 7 }, { "out": 8 }, { "out": 9 }])));
        let done = bench.attempt(input(), None).unwrap();
        assert_eq!(done.json(), [json!([{ "out": 7 }, { "out": 8 }, { "out": 9 }])]);
        assert_eq!(done.origins(0), [[], [], []], "three items out of two: nobody knows");
    }

    #[test]
    fn each_item_has_a_child_and_only_missing_ones_are_started() {
        let bench = bench(json!({ "workflow": "a", "mode": "each" }));
        end(&bench, Some(0), Ok(json!([{ "out": 5 }])));
        assert_eq!(bench.attempt(input(), None).unwrap().suspended(), Some(&Suspend::Children));
        let started: Vec<_> = bench.host().children().iter().map(|child| child.item).collect();
        assert_eq!(started, [Some(1)]);
        end(&bench, Some(1), Ok(json!([{ "out": 6 }, { "out": 7 }])));
        let done = bench.attempt(input(), None).unwrap();
        assert_eq!(done.origins(0), [[(0, 0)], [(0, 1)], [(0, 1)]]);
    }

    #[test]
    fn a_failed_child_fails_its_item() {
        let failing = |on_error| {
            let bench = bench(json!({ "workflow": "a", "mode": "each" })).on_error(on_error);
            end(&bench, Some(0), Err(NodeError::bad_data("no")));
            end(&bench, Some(1), Ok(json!([{ "out": 1 }])));
            bench.attempt(input(), None)
        };
        assert_eq!(failing(OnError::Stop).unwrap_err().item, Some(0));
        let done = failing(OnError::Continue).unwrap();
        assert_eq!(done.json(), [json!([{ "error": "no" }, { "out": 1 }])]);
    }

    #[test]
    fn nobody_is_waited_for_when_not_asked() {
        for (mode, children) in [("once", 1), ("each", 2)] {
            let bench = bench(json!({ "workflow": "a", "mode": mode, "wait": false }));
            let done = bench.attempt(input(), None).unwrap();
            assert_eq!(done.json(), [json!([{ "n": 1 }, { "n": 2 }])]);
            let started = bench.host().children();
            assert_eq!(started.len(), children);
            assert!(started.iter().all(|child| child.detached));
        }
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        let check = |params: Value| {
            let spec = NodeSpec { params: params.as_object().unwrap().clone(), ..NodeSpec::default() };
            Call.prepare(&spec).err().map(|problems| problems[0].pointer.clone().unwrap_or_default())
        };
        assert_eq!(check(json!({})).as_deref(), Some("/params/workflow"));
        assert_eq!(check(json!({ "source": "url" })).as_deref(), Some("/params/source"));
        let n8n = "{\"nodes\": [], \"connections\": {}}";
        assert_eq!(check(json!({ "definition": n8n })).as_deref(), Some("/params/definition"));
        assert_eq!(check(json!({ "definition": { "nodes": [] } })), None);
    }

    #[test]
    fn values_are_converted_to_the_declared_type() {
        let check = |value: Value, kind: &str| convert(value, kind, "f").ok();
        assert_eq!(check(json!("12"), "number"), Some(json!(12)));
        assert_eq!(check(json!("x"), "number"), None);
        assert_eq!(check(json!("False"), "boolean"), Some(json!(false)));
        assert_eq!(check(json!({ "a": 1 }), "string"), Some(json!("{\"a\":1}")));
        assert_eq!(check(json!("[1]"), "array"), Some(json!([1])));
        assert_eq!(check(json!(null), "number"), Some(json!(null)));
    }

    #[test]
    fn workflows_of_n8n_are_named_by_title_or_id() {
        let lift = |id: Value| {
            let node = crate::lift::node("n8n-nodes-base.executeWorkflow", 1.2, json!({ "workflowId": id }));
            let lifted = Call.lift(&node).unwrap();
            (lifted.params["workflow"].clone(), lifted.problems.len())
        };
        let list =
            json!({ "__rl": true, "mode": "list", "value": "AdtC1", "cachedResultName": "[SUB] Video to Social" });
        assert_eq!(lift(list), (json!("sub-video-to-social"), 0));
        assert_eq!(lift(json!({ "__rl": true, "mode": "id", "value": "AdtC1" })), (json!("adtc1"), 1));
        assert_eq!(lift(json!("={{ $json.id }}")), (json!("={{ $json.id }}"), 0));
        assert_eq!(lift(json!(1004)), (json!("1004"), 1));
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({ "workflowId": "1004", "mode": "each" })),
            (
                1.1,
                json!({ "workflowId": { "__rl": true, "mode": "id", "value": "=a" }, "options": { "waitForSubWorkflow": false } }),
            ),
            (1.2, json!({ "source": "parameter", "workflowJson": "{\"nodes\":[]}" })),
        ] {
            crate::lift::check_round_trip(&Call, version, parameters);
        }
    }
}

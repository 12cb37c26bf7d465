//! `core.code`: runs JavaScript over items, in the sandbox.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::{OnError, OnUncertain};
use model::{Code as ProblemCode, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{
    CodeJob, CodeMode, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Origin, Outcome, Outputs, PortOutput,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What `core.code` is set up with. Nothing in it is an expression.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// Whether the code runs once, or once for each item.
    #[serde(default)]
    mode: Mode,
    /// Language of the code.
    #[serde(default)]
    language: Language,
    /// The code: the body of an async function.
    #[serde(default)]
    code: String,
    /// Names that the code finds, beside those of n8n's code node.
    #[serde(default)]
    dialect: Dialect,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// Once; it returns all items.
    #[default]
    RunOnceForAllItems,
    /// Once for each item; it returns that item.
    RunOnceForEachItem,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Language {
    /// JavaScript.
    #[default]
    JavaScript,
    /// Python; kept, not run.
    Python,
    /// Python without a sandbox; kept, not run.
    PythonNative,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Dialect {
    /// Those of the code node.
    #[default]
    Code,
    /// `items`, as in n8n's old function node.
    Function,
    /// `item`, the fields of one item, as in n8n's old function item node.
    FunctionItem,
}

/// Runs JavaScript over items.
pub struct Code;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.code",
    version: 1,
    title: "Code",
    summary: "Runs JavaScript over items",
    group: Group::Transform,
    effect: Effect::Effect,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["javascript", "script", "function", "program"],
};

const CODE: &str = "n8n-nodes-base.code";
const FUNCTION: &str = "n8n-nodes-base.function";
const FUNCTION_ITEM: &str = "n8n-nodes-base.functionItem";

impl NodeType for Code {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let refuse = |code, detail: String, pointer: &str| vec![Problem::new(code, detail).at(pointer.to_owned())];
        let params: Params = serde_json::from_value(Value::Object(node.params.clone()))
            .map_err(|error| refuse(ProblemCode::InvalidParameter, error.to_string(), "/params"))?;
        if params.language != Language::JavaScript {
            let detail = "Python code is kept but cannot be run here".to_owned();
            let mut problems = refuse(ProblemCode::NotRunnable, detail, "/params/language");
            problems[0].hint = Some("write the code as JavaScript and set `language` to `javaScript`".into());
            return Err(problems);
        }
        Ok(Arc::new(Prepared::new(&params)))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[
            Mapping { node_type: CODE, versions: &[1.0, 2.0] },
            Mapping { node_type: FUNCTION, versions: &[1.0, 2.0] },
            Mapping { node_type: FUNCTION_ITEM, versions: &[1.0] },
        ]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = Map::new();
        let mut problems = Vec::new();
        let language = node.text("language", "javaScript");
        let python = language != "javaScript";
        let place = if python { "pythonCode" } else { "jsCode" };
        let code = match node.node_type.as_str() {
            CODE => node.param(place).as_str().or(node.param("functionCode").as_str()),
            _ => node.param("functionCode").as_str().or(node.param("function").as_str()),
        };
        params.insert("code".into(), json!(code.unwrap_or_default()));
        match node.node_type.as_str() {
            FUNCTION => drop(params.insert("dialect".into(), json!(Dialect::Function))),
            FUNCTION_ITEM => {
                params.insert("mode".into(), json!(Mode::RunOnceForEachItem));
                params.insert("dialect".into(), json!(Dialect::FunctionItem));
            }
            _ => params.extend(node.parameters.get("mode").map(|mode| ("mode".to_owned(), mode.clone()))),
        }
        if python && node.node_type == CODE {
            params.insert("language".into(), json!(language));
            let detail = "Python code is kept but cannot be run here";
            problems.push(Problem::new(ProblemCode::LossyImport, detail).at("/params/language"));
        }
        Ok(Lifted { params, problems, ..Lifted::default() })
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let mut map = Map::new();
        let code = node.params.get("code").cloned().unwrap_or_default();
        if to.node_type != CODE {
            map.insert("functionCode".into(), code);
            return map;
        }
        let python = node.params.get("language").is_some_and(|language| language != "javaScript");
        map.insert(if python { "pythonCode" } else { "jsCode" }.into(), code);
        for key in ["mode", "language"] {
            map.extend(node.params.get(key).map(|value| (key.to_owned(), value.clone())));
        }
        map
    }
}

struct Prepared {
    source: String,
    each_item: bool,
    /// Errors that go on in items have no line, as in n8n's old nodes.
    legacy: bool,
    effect: Effect,
}

/// What reaches out of the sandbox, by name: an estimate that errs on the side of an effect.
const REACHES_OUT: &[&str] = &[
    "httpRequest",
    "requestWithAuthentication",
    "helpers.request",
    "setBinaryDataBuffer",
    "setBinaryDataAsync",
    "prepareBinaryData",
];

// What n8n's old nodes have beside the code node's names. It stands on the user's first line, so that line numbers in
// errors are right, and the user's code in a function of its own, where it may use these names for its own.

/// Of both.
const LEGACY: &str = "const helpers = $helpers, getWorkflowStaticData = $getWorkflowStaticData, \
    getNodeParameter = (name, at, otherwise) => this.getNodeParameter(name) ?? otherwise, \
    __load = async (files, at) => { \
        for (const name of Object.keys(files ?? {})) \
            files[name].data = (await helpers.getBinaryDataBuffer(at, name)).toString('base64'); \
        return files; }, \
    __save = async (files) => { \
        if (!files) throw new Error('No data was provided to setBinaryDataAsync (data: IBinaryKeyData).'); \
        for (const name of Object.keys(files)) \
            files[name] = await helpers.setBinaryDataBuffer(files[name], Buffer.from(files[name].data, 'base64')); \
        return files; };";

/// Of the function node, whose helpers are told the item.
const FUNCTION_GLOBALS: &str = "const getBinaryDataAsync = (item) => __load(item.binary, items.indexOf(item)), \
    setBinaryDataAsync = async (item, files) => { item.binary = await __save(files); };";

/// Of the function item node, whose item is the fields alone.
const FUNCTION_ITEM_GLOBALS: &str = "let __files = $input.item.binary; const item = $input.item.json, \
    getBinaryData = () => __files, setBinaryData = async (files) => { __files = files; }, \
    getBinaryDataAsync = () => __load(__files, $itemIndex), \
    setBinaryDataAsync = async (files) => { __files = await __save(files); };";

/// What the function item node returns is the fields, whatever they are called.
const FUNCTION_ITEM_END: &str = "if (__made === undefined) \
    throw new Error('No data got returned. Always an object has to be returned!'); \
    return { json: __made, ...(__files && { binary: __files }) };";

impl Prepared {
    fn new(params: &Params) -> Prepared {
        let code = &params.code;
        let source = match params.dialect {
            Dialect::Code => code.clone(),
            Dialect::Function => format!("{LEGACY} {FUNCTION_GLOBALS} return await (async () => {{ {code}\n}})();"),
            Dialect::FunctionItem => format!(
                "{LEGACY} {FUNCTION_ITEM_GLOBALS} const __made = await (async () => {{ {code}\n}})(); {FUNCTION_ITEM_END}"
            ),
        };
        let reaches_out = REACHES_OUT.iter().any(|name| params.code.contains(name));
        Prepared {
            source,
            each_item: params.mode == Mode::RunOnceForEachItem,
            legacy: params.dialect != Dialect::Code,
            effect: if reaches_out { Effect::Effect } else { Effect::Pure },
        }
    }

    /// Puts out what the node's `onError` says of an item that failed.
    async fn fail(&self, ctx: &Ctx, outputs: &mut Outputs, error: NodeError) -> Result<(), NodeError> {
        let position = error.item.unwrap_or(0) as usize;
        let failed = ctx.input(0).get(position, ctx.spool()).await?;
        outputs.fail(position, failed.as_deref().unwrap_or(&Item::default()), self.carried(error)).await
    }

    /// The error as items carry it: n8n names the line, and no item.
    fn carried(&self, error: NodeError) -> NodeError {
        let told = |name: &str| error.context.as_ref().and_then(|context| context.get(name)).cloned();
        let Some(Value::String(message)) = told("message") else { return error };
        let text = match told("line").and_then(|line| line.as_u64()).filter(|_| !self.legacy) {
            Some(line) => format!("{message} [line {line}]"),
            None => message,
        };
        error.carried_as(text.into())
    }
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        self.effect
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let mode = match (self.each_item, ctx.info().on_error) {
                (false, _) => CodeMode::All,
                (true, OnError::Stop) => CodeMode::EachItem,
                (true, _) => CodeMode::EachItemGoingOn,
            };
            let job = CodeJob { source: &self.source, mode, timeout: None };
            match ctx.host().code(job).await {
                Ok(result) if result.items.len() <= part::CHUNK_ITEMS && result.failed.is_empty() => {
                    Ok(Outcome::Done(vec![PortOutput::Items { items: result.items, origins: result.origins }]))
                }
                Ok(mut result) => {
                    let mut outputs = ctx.outputs(1);
                    for (position, item) in result.items.collect(ctx.spool()).await?.iter().enumerate() {
                        match result.failed.remove(&position) {
                            Some(error) => self.fail(ctx, &mut outputs, error).await?,
                            None => {
                                let origin = result.origins.get(position).unwrap_or(Origin::Unknown);
                                outputs.push(0, item.clone(), origin).await?;
                            }
                        }
                    }
                    outputs.done().await
                }
                Err(error) => {
                    let mut outputs = ctx.outputs(1);
                    self.fail(ctx, &mut outputs, error).await?;
                    outputs.done().await
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::step::{Bench, run};

    use super::*;

    fn code(code: &str) -> Value {
        json!({ "code": code })
    }

    fn each(code: &str) -> Value {
        json!({ "code": code, "mode": "runOnceForEachItem" })
    }

    fn lifted(node_type: &str, version: f64, parameters: Value) -> Lifted {
        let node = n8n::Node {
            name: "Code".into(),
            node_type: node_type.into(),
            version,
            parameters: parameters.as_object().cloned().unwrap(),
            credentials: Map::new(),
            webhook_id: None,
        };
        contract::round_trip(&Code, &node);
        Code.lift(&node).unwrap()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Code);
        contract::runs(&Code, code("return [{ json: { r: Math.random() } }];"), &[json!([{}])]);
    }

    #[test]
    fn code_runs_once_or_for_each_item() {
        let input = || json!([{ "n": 1 }, { "n": 2 }]);
        let all = code("return items.map(item => ({ json: { d: item.json.n * 2 } }));");
        assert_eq!(run(&Code, all, &[input()]).unwrap(), [json!([{ "d": 2 }, { "d": 4 }])]);
        let ran = Bench::new(&Code, each("return { d: $json.n * 2 };")).unwrap().run(&[input()]).unwrap();
        assert_eq!(ran.json(), [json!([{ "d": 2 }, { "d": 4 }])]);
        assert_eq!(ran.origins(0), [[(0, 0)], [(0, 1)]]);
    }

    #[test]
    fn code_that_reaches_out_has_an_effect() {
        let effect = |text: &str| Bench::new(&Code, code(text)).unwrap().node().effect();
        assert_eq!(effect("return items;"), Effect::Pure);
        assert_eq!(effect("return this.helpers.httpRequest({ url });"), Effect::Effect);
    }

    #[test]
    fn python_is_kept_and_refused_when_it_should_run() {
        let lift = lifted(CODE, 2.0, json!({ "language": "python", "pythonCode": "return []" }));
        assert_eq!(lift.problems.len(), 1);
        let problem = Bench::new(&Code, Value::Object(lift.params)).err().unwrap();
        assert_eq!((problem.code, problem.pointer.as_deref()), (ProblemCode::NotRunnable, Some("/params/language")));
    }

    #[test]
    fn a_text_like_an_expression_is_code() {
        let lift = lifted(CODE, 2.0, json!({ "jsCode": "=1; // odd", "mode": "runOnceForAllItems" }));
        assert!(Bench::new(&Code, Value::Object(lift.params)).is_ok());
    }

    #[test]
    fn the_old_function_nodes_run_as_code() {
        let function = lifted(FUNCTION, 1.0, json!({ "functionCode": "items[0].json.x = 1; return items;" }));
        assert_eq!(run(&Code, Value::Object(function.params), &[json!([{}])]).unwrap(), [json!([{ "x": 1 }])]);
        let item = lifted(FUNCTION_ITEM, 1.0, json!({ "functionCode": "item.x = item.n + 1;\nreturn item;" }));
        let outputs = run(&Code, Value::Object(item.params), &[json!([{ "n": 1 }])]).unwrap();
        assert_eq!(outputs, [json!([{ "n": 1, "x": 2 }])]);
    }

    #[test]
    fn the_old_nodes_have_their_own_names() {
        let run_as = |node_type: &str, code: &str, items: Value| {
            let lift = lifted(node_type, 1.0, json!({ "functionCode": code }));
            Bench::new(&Code, Value::Object(lift.params)).unwrap().run(&[items])
        };
        // Fields called `json` are fields, and what the nodes define may be defined anew.
        let made = run_as(FUNCTION_ITEM, "const helpers = 1; return { json: { a: 1 }, h: helpers };", json!([{}]));
        assert_eq!(made.unwrap().json(), [json!([{ "json": { "a": 1 }, "h": 1 }])]);
        let none = run_as(FUNCTION_ITEM, "item.x = 1;", json!([{}])).unwrap_err();
        assert!(none.problem.detail.contains("No data got returned. Always an object has to be returned!"));
        let file = json!([{ "json": {}, "binary": { "f": { "mimeType": "x/y", "data": "eA==" } } }]);
        let names = "item.names = Object.keys(getBinaryData()); return item;";
        let ran = run_as(FUNCTION_ITEM, names, file.clone()).unwrap();
        assert_eq!(ran.json(), [json!([{ "names": ["f"] }])]);
        assert_eq!(ran.files(0, 0).into_keys().collect::<Vec<_>>(), ["f"]);
        let gone = run_as(FUNCTION_ITEM, "setBinaryData(undefined); return item;", file).unwrap();
        assert!(gone.files(0, 0).is_empty());
        let function = "const kept = getWorkflowStaticData('node'); return [{ json: { kept: typeof kept, helpers: typeof helpers } }];";
        assert_eq!(
            run_as(FUNCTION, function, json!([{}])).unwrap().json(),
            [json!([{ "kept": "object", "helpers": "object" }])]
        );
    }

    #[test]
    fn items_that_fail_do_not_keep_the_others_from_going_on() {
        let input = || [json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }])];
        let text = "if ($json.n === 2) throw new Error('broken');\nreturn { d: $json.n * 2 };";
        let goes_on = Bench::new(&Code, each(text)).unwrap().on_error(OnError::Continue).run(&input()).unwrap();
        assert_eq!(goes_on.json(), [json!([{ "d": 2 }, { "error": "broken [line 1]" }, { "d": 6 }])]);
        assert_eq!(goes_on.origins(0), [[(0, 0)], [(0, 1)], [(0, 2)]]);
        let branch = Bench::new(&Code, each(text)).unwrap().on_error(OnError::ErrorBranch).run(&input()).unwrap();
        let failed = json!([{ "n": 2, "error": "broken [line 1]" }]);
        assert_eq!(branch.json(), [json!([{ "d": 2 }, { "d": 6 }]), failed]);
        let nothing = "if ($json.n > 1) return 5; return {};";
        let shape = Bench::new(&Code, each(nothing)).unwrap().on_error(OnError::Continue).run(&input()).unwrap().json();
        assert!(shape[0][1]["error"].as_str().unwrap().contains("Code doesn't return an object"), "{shape:?}");
        // What n8n's old nodes tell of an error has no line.
        let old = lifted(
            FUNCTION_ITEM,
            1.0,
            json!({ "functionCode": "if (item.n > 1) throw new Error('broken');\nreturn item;" }),
        );
        let old =
            Bench::new(&Code, Value::Object(old.params)).unwrap().on_error(OnError::Continue).run(&input()).unwrap();
        assert_eq!(old.json(), [json!([{ "n": 1 }, { "error": "broken" }, { "error": "broken" }])]);
    }

    #[test]
    fn a_failure_follows_on_error() {
        let bench = |on_error| Bench::new(&Code, code("throw new Error('broken');")).unwrap().on_error(on_error);
        let input = || [json!([{ "n": 1 }])];
        assert!(bench(OnError::Stop).run(&input()).unwrap_err().problem.detail.contains("broken"));
        let goes_on = bench(OnError::Continue).run(&input()).unwrap().json();
        assert!(goes_on[0][0]["error"].as_str().unwrap().contains("broken"));
        let branch = bench(OnError::ErrorBranch).run(&input()).unwrap().json();
        assert_eq!((branch[0].clone(), branch[1][0]["n"].clone()), (json!([]), json!(1)));
    }
}

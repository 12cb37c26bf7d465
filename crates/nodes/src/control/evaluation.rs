//! `core.evaluation`: what n8n's evaluations, which run a workflow over a table of examples, write down and measure.
//! No run here is one of an evaluation, so the node does what n8n's does in any other run: inputs and outputs pass, and
//! metrics are put out.
//!
//! ```json
//! { "operation": "checkIfEvaluating" }
//! ```
//! has two outputs, and all items leave by the second, that of ordinary runs.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::{
    Category, Ctx, Descriptor, Effect, Group, Level, Node, NodeError, NodeType, Outcome, PortOutput, Ports, Typed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lift::not_honoured;
use crate::{js, lenient};

/// What `core.evaluation` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// What is done.
    #[serde(default)]
    #[expect(dead_code, reason = "it is no expression, and read when the node is prepared")]
    operation: Operation,
    /// What is measured (`setMetrics`).
    #[schemars(extend("x-form" = { "when": { "operation": "setMetrics" } }))]
    #[serde(default)]
    metric: Metric,
    /// Numbers that are measured elsewhere in the workflow, each with its name (`customMetrics`).
    #[schemars(extend("x-form" = { "when": { "operation": "setMetrics", "metric": "customMetrics" } }))]
    #[serde(default)]
    metrics: Vec<Measured>,
    /// The answer that is right (`stringSimilarity`, `categorization`).
    #[schemars(extend("x-form" = { "when": { "metric": ["stringSimilarity", "categorization"] } }))]
    #[serde(default)]
    expected_answer: Value,
    /// The answer that was given.
    #[schemars(extend("x-form" = { "when": { "metric": ["stringSimilarity", "categorization"] } }))]
    #[serde(default)]
    actual_answer: Value,
    /// Names of the tools that should be used, with commas between them (`toolsUsed`).
    #[schemars(extend("x-form" = { "when": { "metric": "toolsUsed" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    expected_tools: String,
    /// The steps that an agent has taken, as it puts them out (`toolsUsed`).
    #[schemars(extend("x-form" = { "when": { "metric": "toolsUsed" } }))]
    #[serde(default)]
    intermediate_steps: Value,
    /// Name of the field that takes the metric; without it, that of the metric.
    #[schemars(extend("x-form" = { "when": { "operation": "setMetrics" }, "more": true }))]
    #[serde(default)]
    metric_name: Option<String>,
    /// What n8n's node says beside it; kept, not used.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the way back")]
    kept: Map,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Writes outputs beside the example.
    #[default]
    SetOutputs,
    /// Says what the inputs were.
    SetInputs,
    /// Measures.
    SetMetrics,
    /// Divides runs of an evaluation from ordinary ones.
    CheckIfEvaluating,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Metric {
    /// Whatever `metrics` says.
    #[default]
    CustomMetrics,
    /// How much of the right answer the given one is, from 0 to 1, by the letters that differ.
    StringSimilarity,
    /// 1 when both answers are the same, else 0.
    Categorization,
    /// The share of the expected tools that were used.
    ToolsUsed,
    /// How right an answer is, as a language model says; not there yet.
    Correctness,
    /// How helpful an answer is, as a language model says; not there yet.
    Helpfulness,
}

impl Metric {
    /// What its field is called by itself.
    fn title(self) -> &'static str {
        match self {
            Metric::CustomMetrics => "Metric",
            Metric::StringSimilarity => "String similarity",
            Metric::Categorization => "Categorization",
            Metric::ToolsUsed => "Tools Used",
            Metric::Correctness => "Correctness",
            Metric::Helpfulness => "Helpfulness",
        }
    }
}

/// A number with its name.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Measured {
    /// What it is called.
    #[serde(default, deserialize_with = "lenient::text")]
    name: String,
    /// The number; `null` is one to JavaScript.
    #[serde(default, deserialize_with = "lenient::given")]
    value: Option<Value>,
}

/// Passes items on, or puts out what is measured of them.
pub struct Evaluation;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.evaluation",
    version: 1,
    title: "Evaluation",
    summary: "Measures answers; runs over tables of examples, as n8n has them, are not there yet",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: part::node::schema_of::<Params>,
    keywords: &["test", "metrics", "similarity", "placeholder"],
};

const NAMES: Names = &[
    ("operation", "operation"),
    ("metric", "metric"),
    ("expectedAnswer", "expectedAnswer"),
    ("actualAnswer", "actualAnswer"),
    ("expectedTools", "expectedTools"),
    ("intermediateSteps", "intermediateSteps"),
    ("metricName", "options.metricName"),
];

/// Of the metrics, as n8n has them.
const ASSIGNMENTS: &str = "metrics.assignments";

impl NodeType for Evaluation {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let mut params = node.params.clone();
        // Nothing in it is evaluated: what is kept may hold expressions.
        let kept = params.shift_remove("kept");
        let operation = match params.get("operation") {
            Some(name) => serde_json::from_value(name.clone()).map_err(|error| {
                vec![Problem::new(Code::InvalidParameter, error.to_string()).at("/params/operation")]
            })?,
            None => Operation::default(),
        };
        let place = |name: &str| kept.as_ref().and_then(|kept| kept.get(name));
        let mut incomplete = Vec::new();
        let tables = place("source").is_some_and(|source| source == "dataTable");
        let table = place("dataTableId").map(n8n::locator).is_some_and(|table| table != "" && !table.is_null());
        if operation == Operation::SetOutputs && tables && !table {
            let problem = Problem::new(Code::InvalidParameter, "no data table is chosen that takes the outputs");
            incomplete.push(problem.at("/params/kept/dataTableId"));
        }
        Ok(Arc::new(Prepared { operation, params: Typed::compile(&params)?, incomplete }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.evaluation", versions: &[4.6, 4.7, 4.8] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = n8n::named(node, NAMES);
        let measures = node.text("operation", "setOutputs") == "setMetrics";
        let metric = node.text("metric", if node.version < 4.7 { "customMetrics" } else { "correctness" }).to_owned();
        if measures {
            params.insert("metric".into(), metric.as_str().into());
        }
        let numbers = node.param(ASSIGNMENTS).as_array().map(|list| {
            let number = |one: &Value| {
                let mut number = Map::new();
                for name in ["name", "value"] {
                    number.extend(one.get(name).map(|value| (name.to_owned(), value.clone())));
                }
                Value::Object(number)
            };
            list.iter().map(number).collect::<Vec<_>>()
        });
        params.extend(numbers.map(|numbers| ("metrics".to_owned(), numbers.into())));
        let mut kept = node.parameters.clone();
        kept.retain(|name, _| name != "metrics" && NAMES.iter().all(|(_, theirs)| theirs != name));
        kept.retain(|name, value| {
            name != "options"
                || value.as_object().is_some_and(|options| options.keys().any(|name| name != "metricName"))
        });
        if !kept.is_empty() {
            params.insert("kept".into(), Value::Object(kept));
        }
        let mut lifted = Lifted::plain(params);
        match node.text("operation", "setOutputs") {
            "setMetrics" if matches!(metric.as_str(), "correctness" | "helpfulness") => {
                not_honoured(&mut lifted, "metric", "wants a language model, which cannot be asked here yet");
            }
            "setOutputs" | "setInputs" => {
                not_honoured(&mut lifted, "operation", "has no effect: there are no evaluations here yet, items pass");
            }
            _ => {}
        }
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let mut lowered = n8n::renamed(&node.params, NAMES);
        let default = if to.version < 4.7 { "customMetrics" } else { "correctness" };
        if lowered.get("metric").is_some_and(|metric| metric == default) {
            lowered.shift_remove("metric");
        }
        if let Some(numbers) = node.params.get("metrics") {
            n8n::put(&mut lowered, ASSIGNMENTS, numbers.clone());
        }
        lowered.extend(node.params.get("kept").and_then(Value::as_object).cloned().unwrap_or_default());
        lowered
    }
}

struct Prepared {
    operation: Operation,
    params: Typed<Params>,
    incomplete: Vec<Problem>,
}

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports::of(1, if self.operation == Operation::CheckIfEvaluating { 2 } else { 1 })
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let pass = PortOutput::pass(ctx.input(0).len());
            match self.operation {
                Operation::CheckIfEvaluating => Ok(Outcome::Done(vec![PortOutput::Nothing, pass])),
                Operation::SetMetrics => {
                    ctx.each(&self.params, |params, _| Ok(vec![Item::new(measured(params)?)])).await
                }
                Operation::SetInputs | Operation::SetOutputs => {
                    ctx.log(Level::Warn, "nothing was set: this run is not one of an evaluation");
                    Ok(Outcome::Done(vec![pass]))
                }
            }
        })
    }
}

/// The metrics of an item, by name.
fn measured(params: &Params) -> Result<Map, NodeError> {
    let number = match params.metric {
        Metric::CustomMetrics => return params.metrics.iter().map(custom).collect(),
        Metric::Categorization => {
            let (expected, actual) = answers(params)?;
            f64::from(u8::from(expected == actual))
        }
        Metric::StringSimilarity => {
            let (expected, actual) = answers(params)?;
            let (expected, actual): (Vec<u16>, Vec<u16>) =
                (expected.encode_utf16().collect(), actual.encode_utf16().collect());
            let longer = expected.len().max(actual.len());
            1.0 - distance(&expected, &actual) as f64 / longer as f64
        }
        Metric::ToolsUsed => tools_used(params)?,
        Metric::Correctness | Metric::Helpfulness => {
            let detail = "No language model connected: none can be asked here yet";
            let error = NodeError::new(Code::NotRunnable, Category::Refused, detail);
            return Err(error.hint("ask one with a node of its own, and put its number into `customMetrics`"));
        }
    };
    let name = params.metric_name.as_deref().unwrap_or(params.metric.title());
    Ok(Map::from_iter([(name.to_owned(), js::number_value(number))]))
}

fn custom(measured: &Measured) -> Result<(String, Value), NodeError> {
    let number = measured.value.as_ref().map_or(f64::NAN, js::number);
    if number.is_nan() {
        let error = NodeError::bad_data(format!("Value for '{}' isn't a number", measured.name));
        let text = js::text_of(measured.value.as_ref());
        return Err(error.hint(format!("it is `{text}`, and metrics are numbers")));
    }
    if measured.name.is_empty() {
        return Err(NodeError::bad_data("Metric name missing").hint("give each metric a name"));
    }
    Ok((measured.name.clone(), js::number_value(number)))
}

/// The right answer and the given one.
fn answers(params: &Params) -> Result<(String, String), NodeError> {
    let text = |value: &Value| if value.is_null() { String::new() } else { js::text(value).trim().to_owned() };
    let (expected, actual) = (text(&params.expected_answer), text(&params.actual_answer));
    if expected.is_empty() {
        return Err(NodeError::parameter("/params/expectedAnswer", "Expected answer is missing"));
    }
    if actual.is_empty() {
        return Err(NodeError::parameter("/params/actualAnswer", "Actual answer is missing"));
    }
    Ok((expected, actual))
}

/// Levenshtein's distance: the least number of letters that are put in, taken out or changed.
fn distance(one: &[u16], other: &[u16]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, left) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (column, right) in other.iter().enumerate() {
            let changed = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

fn tools_used(params: &Params) -> Result<f64, NodeError> {
    // Agents know tools by names without blanks and signs.
    let known = |name: &str| {
        let mut known = String::new();
        for letter in name.chars() {
            let fits = letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
            match fits {
                true => known.push(letter.to_ascii_lowercase()),
                false if known.ends_with('_') => {}
                false => known.push('_'),
            }
        }
        known
    };
    let expected: Vec<String> =
        params.expected_tools.split(',').map(str::trim).filter(|name| !name.is_empty()).map(known).collect();
    if expected.is_empty() {
        return Err(NodeError::parameter("/params/expectedTools", "Expected tool name missing"));
    }
    let Some(steps) = params.intermediate_steps.as_array() else {
        let error = NodeError::parameter("/params/intermediateSteps", "Intermediate steps missing");
        return Err(error.hint("let the agent put out its steps, and give them here"));
    };
    let used = |tool: &&String| {
        let names = steps.iter().filter_map(|step| step["action"]["tool"].as_str());
        names.map(str::to_lowercase).any(|name| name == **tool)
    };
    Ok(expected.iter().filter(used).count() as f64 / expected.len() as f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, run};

    use super::*;
    use crate::lift::check_round_trip;

    #[test]
    fn items_pass_and_leave_by_the_output_of_ordinary_runs() {
        contract::check(&Evaluation);
        contract::runs(&Evaluation, json!({}), &[json!([{ "n": 1 }])]);
        let mut bench = Bench::new(&Evaluation, json!({ "operation": "checkIfEvaluating" })).unwrap();
        assert_eq!(bench.run(&[json!([{ "n": 1 }])]).unwrap().json(), [json!(null), json!([{ "n": 1 }])]);
        let mut bench = Bench::new(&Evaluation, json!({ "kept": { "x": "={{ nonsense" } })).unwrap();
        assert_eq!(bench.run(&[json!([{ "n": 1 }])]).unwrap().json(), [json!([{ "n": 1 }])]);
        assert_eq!(bench.host().logs().len(), 1);
    }

    #[test]
    fn outputs_want_the_table_that_takes_them() {
        let lacks = |kept: Value| {
            let params = json!({ "operation": "setOutputs", "kept": kept });
            let spec = NodeSpec { params: params.as_object().cloned().unwrap(), ..NodeSpec::default() };
            Evaluation.prepare(&spec).ok().unwrap().incomplete().len()
        };
        assert_eq!(lacks(json!({ "source": "dataTable" })), 1);
        assert_eq!(
            lacks(json!({ "source": "dataTable", "dataTableId": { "__rl": true, "mode": "list", "value": "" } })),
            1
        );
        assert_eq!(
            lacks(json!({ "source": "dataTable", "dataTableId": { "__rl": true, "mode": "id", "value": "x" } })),
            0
        );
        assert_eq!(lacks(json!({ "source": "googleSheets" })), 0);
    }

    fn metrics(mut params: Value, items: Value) -> Result<Value, String> {
        params["operation"] = "setMetrics".into();
        run(&Evaluation, params, &[items]).map(|mut outputs| outputs.remove(0)).map_err(|error| error.problem.detail)
    }

    #[test]
    fn metrics_of_ones_own_are_numbers_with_names() {
        let numbers =
            |value: Value| metrics(json!({ "metrics": [{ "name": "m", "value": value }] }), json!([{ "n": "2" }]));
        assert_eq!(numbers(json!(1.5)), Ok(json!([{ "m": 1.5 }])));
        assert_eq!(numbers(json!("={{ $json.n }}")), Ok(json!([{ "m": 2 }])));
        assert_eq!(numbers(json!("many")), Err("Value for 'm' isn't a number".into()));
        let nameless = metrics(json!({ "metrics": [{ "value": 1 }] }), json!([{}]));
        assert_eq!(nameless, Err("Metric name missing".into()));
        let two = json!({ "metrics": [{ "name": "a", "value": 1 }, { "name": "b.c", "value": true }] });
        assert_eq!(metrics(two, json!([{}, {}])), Ok(json!([{ "a": 1, "b.c": 1 }, { "a": 1, "b.c": 1 }])));
    }

    #[test]
    fn answers_are_held_against_each_other() {
        let of = |metric: &str, expected: &str, actual: &str| {
            metrics(json!({ "metric": metric, "expectedAnswer": expected, "actualAnswer": actual }), json!([{}]))
        };
        assert_eq!(of("categorization", " yes", "yes "), Ok(json!([{ "Categorization": 1 }])));
        assert_eq!(of("categorization", "yes", "no"), Ok(json!([{ "Categorization": 0 }])));
        assert_eq!(
            of("stringSimilarity", "kitten", "sitting"),
            Ok(json!([{ "String similarity": 0.5714285714285714 }]))
        );
        assert_eq!(of("stringSimilarity", "same", "same"), Ok(json!([{ "String similarity": 1 }])));
        assert_eq!(of("stringSimilarity", "", "x"), Err("Expected answer is missing".into()));
        assert_eq!(of("categorization", "x", " "), Err("Actual answer is missing".into()));
        assert!(of("correctness", "a", "b").unwrap_err().starts_with("No language model connected"));
        let named =
            json!({ "metric": "categorization", "metricName": "hit", "expectedAnswer": 1, "actualAnswer": "1" });
        assert_eq!(metrics(named, json!([{}])), Ok(json!([{ "hit": 1 }])));
    }

    #[test]
    fn tools_that_were_used_are_counted() {
        let of = |tools: &str, steps: Value| {
            metrics(json!({ "metric": "toolsUsed", "expectedTools": tools, "intermediateSteps": steps }), json!([{}]))
        };
        let steps = json!([{ "action": { "tool": "Get_weather" } }, { "action": {} }, null]);
        assert_eq!(of("Get weather, Send mail", steps.clone()), Ok(json!([{ "Tools Used": 0.5 }])));
        assert_eq!(of(" , ", steps), Err("Expected tool name missing".into()));
        assert_eq!(of("x", json!("none")), Err("Intermediate steps missing".into()));
    }

    #[test]
    fn all_of_n8n_s_parameters_come_back_and_the_import_says_what_is_not_there() {
        let parameters = json!({
            "operation": "setMetrics", "metric": "customMetrics",
            "metrics": { "assignments": [{ "name": "x", "value": "={{ 1 }}" }] },
        });
        check_round_trip(&Evaluation, 4.7, parameters.clone());
        check_round_trip(
            &Evaluation,
            4.8,
            json!({ "operation": "setOutputs", "source": "dataTable", "outputs": { "values": [{ "outputName": "o", "outputValue": "={{ 1 }}" }] } }),
        );
        let lift = |version: f64, parameters: Value| {
            Evaluation.lift(&crate::lift::node("n8n-nodes-base.evaluation", version, parameters)).unwrap()
        };
        assert_eq!(lift(4.6, parameters).problems.len(), 0);
        let judged = lift(4.7, json!({ "operation": "setMetrics", "expectedAnswer": "x", "actualAnswer": "y" }));
        assert!(judged.problems[0].detail.contains("language model"));
        assert!(lift(4.6, json!({})).problems[0].detail.contains("no evaluations"));
    }
}

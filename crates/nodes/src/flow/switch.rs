//! `core.switch`: sends items to the output of the rule that they meet.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Ports};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::conditions::{Conditions, Tests};
use super::legacy;
use super::routes::Routes;
use crate::lift::{self, Names, put};
use crate::plan::{Leaf, Leaves, Plan, Planned, Row};
use crate::{convert, js};

/// Most outputs that a switch may have.
const MOST_OUTPUTS: u16 = 256;

/// What `core.switch` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Whether rules decide, or an expression that gives the number of the output.
    #[serde(default)]
    mode: Mode,
    /// The rules, in order; each has its own output.
    #[serde(default)]
    rules: Vec<Rule>,
    /// Output of items that meet no rule: `none`, `extra` (one of its own, the last), or the number of an output.
    #[serde(default)]
    fallback_output: Value,
    /// Name of the extra output.
    #[serde(default)]
    #[expect(dead_code, reason = "shown by the editor")]
    rename_fallback_output: String,
    /// An item goes to the outputs of all rules that it meets, not only to the first.
    #[serde(default)]
    all_matching_outputs: bool,
    /// Number of outputs, when it is not that of the rules; 4 where an expression decides.
    #[serde(default, deserialize_with = "convert::whole_or_none")]
    outputs: Option<u16>,
    /// Number of the output, counted from 0 (`mode: expression`).
    #[serde(default)]
    output: Value,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// The rules.
    #[default]
    Rules,
    /// The expression.
    Expression,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    /// What an item must meet.
    #[serde(default)]
    conditions: Conditions,
    /// The output has a name.
    #[serde(default)]
    #[expect(dead_code, reason = "shown by the editor")]
    rename_output: bool,
    /// Name of the output.
    #[serde(default)]
    #[expect(dead_code, reason = "shown by the editor")]
    output_key: Value,
    /// Number of the output, when it is not that of the rule.
    #[serde(default, deserialize_with = "convert::whole_or_none")]
    output: Option<u16>,
    /// Id in the editor.
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the editor")]
    id: Option<Value>,
}

/// Where items go, compiled.
pub struct Switcher {
    rules: Vec<(Tests, usize)>,
    by_number: Option<Leaf>,
    fallback: Option<usize>,
    all_matching: bool,
    outputs: usize,
}

impl Plan for Switcher {
    type Params = Params;

    fn compile(params: &Params, leaves: &mut Leaves) -> Result<Self, Problem> {
        let expression = params.mode == Mode::Expression;
        let extra = !expression && params.fallback_output == "extra";
        let counted = if expression { 4 } else { params.rules.len() + usize::from(extra) };
        let outputs = params.outputs.map_or(counted, usize::from);
        if outputs > usize::from(MOST_OUTPUTS) {
            let detail = format!("a switch has at most {MOST_OUTPUTS} outputs");
            return Err(Problem::new(Code::InvalidParameter, detail).at("/params/outputs"));
        }
        let within = |output: usize, pointer: String| match output < outputs {
            true => Ok(output),
            false => Err(Problem::new(Code::InvalidParameter, format!("there is no output {output}")).at(pointer)),
        };
        let fallback = match &params.fallback_output {
            Value::Null => None,
            Value::String(text) if text == "none" => None,
            Value::String(text) if text == "extra" => (!expression).then(|| outputs - 1),
            value => match js::number(value) {
                -1.0 => None,
                number if number >= 0.0 && number.fract() == 0.0 => {
                    Some(within(number as usize, "/params/fallbackOutput".into())?)
                }
                _ => {
                    let detail = "expected `none`, `extra` or the number of an output";
                    return Err(Problem::new(Code::InvalidParameter, detail).at("/params/fallbackOutput"));
                }
            },
        };
        let mut rules = Vec::new();
        for (index, rule) in params.rules.iter().enumerate().filter(|_| !expression) {
            let output = rule.output.map_or(index, usize::from);
            let tests = Tests::new(&rule.conditions, &format!("/params/rules/{index}/conditions"), leaves);
            rules.push((tests, within(output, format!("/params/rules/{index}/output"))?));
        }
        let by_number = expression.then(|| leaves.leaf(&params.output, || "/params/output".into()));
        Ok(Switcher { rules, by_number, fallback, all_matching: params.all_matching_outputs, outputs })
    }
}

impl Switcher {
    async fn route(
        &self,
        row: &Row,
        ctx: &Ctx,
        item: &Arc<Item>,
        position: usize,
        routes: &mut Routes,
    ) -> Result<(), NodeError> {
        if let Some(number) = &self.by_number {
            routes.send(self.number(row.get(number))?, position);
            return Ok(());
        }
        let mut matched = false;
        for (tests, output) in &self.rules {
            if tests.pass(row, ctx, item, position).await? {
                matched = true;
                routes.send(*output, position);
                if !self.all_matching {
                    break;
                }
            }
        }
        if let Some(fallback) = self.fallback.filter(|_| !matched && !self.rules.is_empty()) {
            routes.send(fallback, position);
        }
        Ok(())
    }

    fn number(&self, value: Option<&Value>) -> Result<usize, NodeError> {
        let number = value.map_or(f64::NAN, js::number);
        if number >= 0.0 && number.fract() == 0.0 && number < self.outputs as f64 {
            return Ok(number as usize);
        }
        let last = self.outputs.saturating_sub(1);
        let detail = format!("The output {} is not allowed", js::text_of(value));
        Err(NodeError::bad_data(detail).hint(format!("it has to be between 0 and {last}; outputs are counted from 0")))
    }
}

/// Sends items to the output of the rule that they meet.
pub struct Switch;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.switch",
    version: 1,
    title: "Switch",
    summary: "Sends items to the output of the rule that they meet",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["route", "case", "branch", "rules"],
};

const NAMES: Names = &[
    ("mode", "mode"),
    ("outputs", "numberOutputs"),
    ("output", "output"),
    ("fallbackOutput", "options.fallbackOutput"),
    ("renameFallbackOutput", "options.renameFallbackOutput"),
    ("allMatchingOutputs", "options.allMatchingOutputs"),
];
const OLD_NAMES: Names =
    &[("mode", "mode"), ("outputs", "outputsAmount"), ("output", "output"), ("fallbackOutput", "fallbackOutput")];

impl NodeType for Switch {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let planned = Planned::<Switcher>::compile(node)?;
        let outputs = match planned.fixed() {
            Some(switcher) => switcher.outputs,
            None => outputs(&node.params).map_err(|problem| vec![problem])?,
        };
        Ok(Arc::new(Prepared { planned, outputs }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.switch", versions: &[1.0, 2.0, 3.0, 3.1, 3.2, 3.3, 3.4] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // As for `core.filter`; the last ones belong to the mode that is not chosen, or hold what each rule repeats.
        &[
            "looseTypeValidation",
            "options.looseTypeValidation",
            "options.ignoreCase",
            "numberOutputs",
            "outputsAmount",
            "output",
            "dataType",
            "value1",
        ]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(if node.version < 3.0 { lift_old(node) } else { lift(node) }))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        if to.version < 3.0 { lower_old(node, to.version) } else { lower(node) }
    }
}

/// The number of outputs must be known before the first item is.
fn outputs(params: &Map) -> Result<usize, Problem> {
    let known = |key: &str| params.get(key).filter(|value| !value.as_str().is_some_and(|text| text.starts_with('=')));
    let rules = known("rules").and_then(Value::as_array).map_or(0, Vec::len);
    let fixed = known("outputs").and_then(Value::as_u64).map(|count| count.min(u64::from(MOST_OUTPUTS)) as usize);
    match (fixed, known("mode").and_then(Value::as_str)) {
        (Some(count), _) => Ok(count),
        (None, Some("expression")) if !params.contains_key("outputs") => Ok(4),
        (None, _) if rules > 0 => Ok(rules + usize::from(known("fallbackOutput").is_some_and(|to| to == "extra"))),
        _ => {
            let detail = "the number of outputs must be fixed, so `mode`, `outputs` and `rules` take no expression";
            Err(Problem::new(Code::NotRunnable, detail).at("/params"))
        }
    }
}

fn lift(node: &n8n::Node) -> Map {
    let mut params = lift::named(node, NAMES);
    if params.get("mode").is_none_or(|mode| mode != "expression") {
        // What is left from the other mode says nothing.
        params.retain(|key, _| key != "outputs" && key != "output");
        let default = json!([{ "conditions": { "conditions": [] } }]);
        let rules = node.param("rules.values").as_array().or(default.as_array()).map_or(&[][..], Vec::as_slice);
        let rule = |rule: &Value| {
            let mut lifted = Map::new();
            lifted.insert("conditions".into(), legacy::explicit(rule.get("conditions").unwrap_or(&json!({}))));
            for key in ["renameOutput", "outputKey", "id"] {
                lifted.extend(rule.get(key).map(|value| (key.to_owned(), value.clone())));
            }
            Value::Object(lifted)
        };
        params.insert("rules".into(), rules.iter().map(rule).collect());
    }
    params
}

fn lower(node: &NodeSpec) -> Map {
    let mut map = lift::renamed(&node.params, NAMES);
    if let Some(rules) = node.params.get("rules") {
        put(&mut map, "rules.values", rules.clone());
    }
    map
}

/// Versions 1 and 2: one value, compared with each rule's.
fn lift_old(node: &n8n::Node) -> Map {
    let mut params = lift::named(node, OLD_NAMES);
    let first = node.version < 2.0;
    if node.text("mode", "rules") == "expression" {
        params.retain(|key, _| key != "fallbackOutput");
    } else {
        params.retain(|key, _| key != "outputs" && key != "output");
        let kind = node.text("dataType", "number");
        let left = Some(node.param("value1")).filter(|value| !value.is_null());
        let rule = |rule: &Value| {
            let conditions = json!({
                "conditions": [legacy::condition(kind, rule, left)],
                "combinator": "and",
                "options": legacy::options(),
            });
            let mut lifted = Map::from_iter([("conditions".to_owned(), conditions)]);
            if first {
                lifted.insert("output".into(), rule.get("output").cloned().unwrap_or(json!(0)));
            }
            lifted.extend(rule.get("outputKey").map(|key| ("outputKey".to_owned(), key.clone())));
            Value::Object(lifted)
        };
        let rules = node.param("rules.rules").as_array().map_or(&[][..], Vec::as_slice);
        params.insert("rules".into(), rules.iter().map(rule).collect());
    }
    if first {
        params.insert("outputs".into(), json!(4));
    }
    params
}

fn lower_old(node: &NodeSpec, version: f64) -> Map {
    let mut map = lift::renamed(&node.params, OLD_NAMES);
    if version < 2.0 {
        map.shift_remove("outputsAmount");
    }
    let rules = node.params.get("rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let condition = |rule: &Value| rule["conditions"]["conditions"][0].clone();
    if let Some(first) = rules.first().map(condition) {
        map.insert("dataType".into(), first["operator"]["type"].clone());
        map.insert("value1".into(), first["leftValue"].clone());
    }
    let lowered = |rule: &Value| {
        let condition = condition(rule);
        let mut entry = json!({ "operation": legacy::operation(&condition), "value2": condition["rightValue"] });
        for key in ["output", "outputKey"] {
            if let Some(value) = rule.get(key) {
                entry[key] = value.clone();
            }
        }
        entry
    };
    if !rules.is_empty() {
        put(&mut map, "rules.rules", rules.iter().map(lowered).collect::<Value>());
    }
    map
}

struct Prepared {
    planned: Planned<Switcher>,
    outputs: usize,
}

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports::of(1, self.outputs as u16)
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.switch(ctx))
    }
}

impl Prepared {
    async fn switch(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let mut routes = Routes::new(ctx, self.outputs);
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (row, item) in self.planned.rows(ctx, &items, position).await?.into_iter().zip(items.iter()) {
                let routed = match row {
                    Ok((switcher, row)) => switcher.route(&row, ctx, item, position, &mut routes).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = routed {
                    routes.fail(position, item, error, None).await?;
                }
                position += 1;
            }
        }
        routes.done(ctx).await
    }
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;

    fn lifted(version: f64, parameters: Value) -> Value {
        let node = n8n::Node {
            name: "Switch".into(),
            node_type: "n8n-nodes-base.switch".into(),
            version,
            parameters: parameters.as_object().cloned().unwrap(),
            credentials: Map::new(),
            webhook_id: None,
        };
        contract::round_trip(&Switch, &node);
        Value::Object(Switch.lift(&node).unwrap().params)
    }

    fn rule(operation: &str, right: Value) -> Value {
        let operator = json!({ "type": "number", "operation": operation });
        json!({ "conditions": { "conditions": [{ "leftValue": "={{ $json.n }}", "rightValue": right, "operator": operator }] } })
    }

    fn numbers() -> Value {
        json!([{ "n": 1 }, { "n": 5 }, { "n": 9 }])
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Switch);
        contract::runs(&Switch, json!({ "rules": [rule("gt", json!(1))] }), &[numbers()]);
    }

    #[test]
    fn the_first_rule_that_is_met_decides() {
        let rules = json!([rule("gt", json!(4)), rule("gt", json!(8))]);
        let outputs = |more: Value| {
            let mut params = json!({ "rules": rules });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            run(&Switch, params, &[numbers()]).unwrap()
        };
        assert_eq!(outputs(json!({})), [json!([{ "n": 5 }, { "n": 9 }]), json!([])]);
        let all = outputs(json!({ "allMatchingOutputs": true }));
        assert_eq!(all, [json!([{ "n": 5 }, { "n": 9 }]), json!([{ "n": 9 }])]);
        let extra = outputs(json!({ "fallbackOutput": "extra" }));
        assert_eq!(extra, [json!([{ "n": 5 }, { "n": 9 }]), json!([]), json!([{ "n": 1 }])]);
        assert_eq!(outputs(json!({ "fallbackOutput": 1 }))[1], json!([{ "n": 1 }]));
    }

    #[test]
    fn an_expression_may_give_the_number() {
        let params = json!({ "mode": "expression", "outputs": 2, "output": "={{ $json.n > 4 ? 1 : 0 }}" });
        let ran = Bench::new(&Switch, params).unwrap().run(&[numbers()]).unwrap();
        assert_eq!(ran.json(), [json!([{ "n": 1 }]), json!([{ "n": 5 }, { "n": 9 }])]);
        assert!(ran.selects(0) && ran.selects(1));
        let wrong = |output: Value| {
            let params = json!({ "mode": "expression", "outputs": 2, "output": output });
            failure(&Switch, params, &[json!([{}])])
        };
        assert_eq!(wrong(json!(2)), "The output 2 is not allowed");
        assert_eq!(wrong(json!("x")), "The output x is not allowed");
    }

    #[test]
    fn ports_follow_the_parameters() {
        let outputs = |params: Value| Bench::new(&Switch, params).map(|bench| bench.node().ports().outputs);
        assert_eq!(outputs(json!({ "rules": [rule("gt", json!(1))], "fallbackOutput": "extra" })), Ok(2));
        assert_eq!(outputs(json!({ "mode": "expression", "output": 0 })), Ok(4));
        assert!(outputs(json!({ "rules": [rule("gt", json!(1))], "fallbackOutput": 3 })).is_err());
        assert!(outputs(json!({ "mode": "expression", "outputs": "={{ 3 }}" })).is_err());
    }

    #[test]
    fn the_first_versions_compare_one_value() {
        let rules = json!({ "rules": [{ "value2": "same" }, { "output": 1, "value2": "other" }, { "output": 1, "operation": "startsWith", "value2": "x" }] });
        let v1 = lifted(
            1.0,
            json!({ "dataType": "string", "value1": "={{ $json.s }}", "rules": rules, "fallbackOutput": 3 }),
        );
        let input = json!([{ "s": "other" }, { "s": "same" }, { "s": "xyz" }, { "s": "?" }]);
        let outputs = run(&Switch, v1, &[input]).unwrap();
        assert_eq!(
            outputs,
            [json!([{ "s": "same" }]), json!([{ "s": "other" }, { "s": "xyz" }]), json!([]), json!([{ "s": "?" }])]
        );
        let rules = json!({ "rules": [{ "outputKey": "small", "value2": 5 }, { "outputKey": "large", "operation": "larger", "value2": 5 }] });
        let v2 = lifted(2.0, json!({ "value1": "={{ $json.n }}", "rules": rules }));
        assert_eq!(run(&Switch, v2, &[numbers()]).unwrap(), [json!([{ "n": 1 }]), json!([{ "n": 9 }])]);
        let v1 = lifted(1.0, json!({ "mode": "expression", "output": "={{ $json.n % 4 }}" }));
        assert_eq!(run(&Switch, v1, &[numbers()]).unwrap()[1], numbers());
    }

    #[test]
    fn the_newest_version_keeps_its_names() {
        let mut named = rule("lt", json!(3));
        named["outputKey"] = json!("small");
        named["renameOutput"] = json!(true);
        let params = lifted(3.2, json!({ "rules": { "values": [named] }, "options": { "fallbackOutput": "extra" } }));
        assert_eq!(params["rules"][0]["outputKey"], "small");
        assert_eq!(run(&Switch, params, &[numbers()]).unwrap(), [json!([{ "n": 1 }]), json!([{ "n": 5 }, { "n": 9 }])]);
    }

    #[test]
    fn failed_items_follow_on_error() {
        let params = json!({ "rules": [rule("gt", json!(1))] });
        let input = json!([{ "n": 5 }, { "n": "x" }, { "n": 6 }]);
        let bench = |on_error| {
            Bench::new(&Switch, params.clone()).unwrap().on_error(on_error).run(std::slice::from_ref(&input))
        };
        assert!(bench(OnError::Stop).is_err());
        let ran = bench(OnError::Continue).unwrap();
        assert_eq!(ran.json()[0][0], json!({ "n": 5 }));
        assert!(ran.json()[0][1]["error"].as_str().unwrap().contains("Wrong type"));
        assert_eq!(ran.json()[0][2], json!({ "n": 6 }));
        assert_eq!(ran.origins(0), [[(0, 0)], [(0, 1)], [(0, 2)]]);
        assert_eq!(bench(OnError::ErrorBranch).unwrap().json()[1][0]["n"], "x");
    }
}

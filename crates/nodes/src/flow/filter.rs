//! `core.filter`: lets items through that meet conditions.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome};
use schemars::JsonSchema;
use serde::Deserialize;

use super::conditions::{Conditions, Tests};
use super::legacy;
use super::routes::Routes;
use crate::plan::{Leaves, Plan, Planned};

/// What `core.filter` and `core.if` are set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What an item must meet.
    #[serde(default)]
    pub conditions: Conditions,
}

impl Plan for Tests {
    type Params = Params;

    fn compile(params: &Params, leaves: &mut Leaves) -> Result<Self, Problem> {
        Ok(Tests::new(&params.conditions, "/params/conditions", leaves))
    }
}

/// Sends the items that pass to the first of `ports` outputs, the others to the second, if there is one.
pub async fn divide(tests: &Planned<Tests>, ctx: &Ctx, ports: usize) -> Result<Outcome, NodeError> {
    let mut routes = Routes::new(ctx, ports);
    let mut position = 0;
    for segment in ctx.input(0).segments() {
        let items = segment.load(ctx.spool()).await?;
        for (row, item) in tests.rows(ctx, &items, position).await?.into_iter().zip(items.iter()) {
            let pass = match row {
                Ok((tests, row)) => tests.pass(&row, ctx, item, position).await,
                Err(error) => Err(error),
            };
            match pass {
                Ok(pass) => routes.send(usize::from(!pass), position),
                // As in n8n, an item that cannot be judged has not passed.
                Err(error) => routes.fail(position, item, error, Some(1)).await?,
            }
            position += 1;
        }
    }
    routes.done(ctx).await
}

/// Conditions of any version of n8n's `if` and `filter`; `any` says whether the first version's are alternatives.
pub fn lift(node: &n8n::Node, any: bool) -> Map {
    let stored = node.param("conditions");
    let conditions = match stored.get("conditions").is_some() || node.version >= 2.0 && !grouped(stored) {
        true => legacy::explicit(stored),
        false => legacy::lift(stored, if any { "or" } else { "and" }),
    };
    match conditions.is_object() {
        true => Map::from_iter([("conditions".to_owned(), conditions)]),
        false => Map::new(),
    }
}

/// Some files of version 2 hold the conditions of version 1.
fn grouped(conditions: &Value) -> bool {
    ["boolean", "dateTime", "number", "string"].iter().any(|kind| conditions.get(kind).is_some())
}

/// Places of n8n's conditions that say nothing of their own: each condition is stored with the options that these
/// switches of the editor stood for, and files of version 2 with conditions of version 1 are read as such.
pub const IDLE: &[&str] = &[
    "looseTypeValidation",
    "options.looseTypeValidation",
    "options.ignoreCase",
    "conditions.boolean",
    "conditions.dateTime",
    "conditions.number",
    "conditions.string",
    "combineConditions",
    "combineOperation",
];

/// Passes items on that meet its conditions.
pub struct Filter;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.filter",
    version: 1,
    title: "Filter",
    summary: "Lets items through that meet conditions",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["where", "condition", "remove", "keep"],
};

impl NodeType for Filter {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Prepared(Planned::compile(node)?)))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.filter", versions: &[1.0, 2.0, 2.1, 2.2, 2.3] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        IDLE
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(lift(node, node.text("combineConditions", "AND") == "OR")))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let conditions = node.params.get("conditions").cloned().unwrap_or_default();
        if to.version >= 2.0 {
            return node.params.clone();
        }
        let combine = if conditions["combinator"] == "or" { "OR" } else { "AND" };
        Map::from_iter([
            ("conditions".to_owned(), legacy::lower(&conditions)),
            ("combineConditions".to_owned(), Value::from(combine)),
        ])
    }
}

struct Prepared(Planned<Tests>);

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(divide(&self.0, ctx, 1))
    }
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;

    fn params(kind: &str, operation: &str, left: Value, right: Value, options: Value) -> Value {
        json!({ "conditions": {
            "conditions": [{ "leftValue": left, "rightValue": right, "operator": { "type": kind, "operation": operation } }],
            "options": options,
        } })
    }

    fn passes(kind: &str, operation: &str, left: Value, right: Value, options: Value) -> bool {
        let outputs = run(&Filter, params(kind, operation, left, right, options), &[json!([{}])]).unwrap();
        !outputs[0].as_array().unwrap().is_empty()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Filter);
        contract::runs(&Filter, params("string", "equals", json!("a"), json!("a"), json!({})), &[json!([{ "n": 1 }])]);
    }

    #[test]
    fn it_selects_and_never_copies() {
        let params = params("number", "gt", json!("={{ $json.n }}"), json!(1), json!({}));
        let ran = Bench::new(&Filter, params).unwrap().run(&[json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }])]).unwrap();
        assert_eq!(ran.json(), [json!([{ "n": 2 }, { "n": 3 }])]);
        assert!(ran.selects(0));
    }

    #[test]
    fn operators_answer_as_in_n8n() {
        let strict = || json!({});
        let loose = || json!({ "typeValidation": "loose" });
        let nocase = || json!({ "caseSensitive": false });
        for (kind, operation, left, right, options, expect) in [
            ("string", "equals", json!("A"), json!("a"), strict(), false),
            ("string", "equals", json!("A"), json!("a"), nocase(), true),
            ("string", "equals", json!(5), json!("5"), loose(), true),
            ("string", "contains", json!("abc"), json!("b"), strict(), true),
            ("string", "notStartsWith", json!("abc"), json!("b"), strict(), true),
            ("string", "endsWith", json!("abc"), json!("bc"), strict(), true),
            ("string", "regex", json!("Order 12"), json!("/order \\d+/i"), strict(), true),
            ("string", "notRegex", json!("Order"), json!("\\d"), strict(), true),
            ("string", "regex", json!("ABC"), json!("abc"), nocase(), true),
            ("string", "exists", json!(null), json!(""), strict(), false),
            ("string", "notExists", json!(null), json!(""), strict(), true),
            ("string", "empty", json!(""), json!(""), strict(), true),
            ("string", "empty", json!(null), json!(""), strict(), true),
            ("number", "equals", json!(1), json!(1.0), strict(), true),
            ("number", "gte", json!("10"), json!("9"), loose(), true),
            ("number", "empty", json!(""), json!(0), loose(), true),
            ("number", "lt", json!(null), json!(1), strict(), true),
            ("number", "equals", json!(null), json!(0), strict(), false),
            ("boolean", "true", json!("false"), json!(""), json!({ "typeValidation": "loose", "version": 1 }), true),
            ("boolean", "true", json!("false"), json!(""), loose(), false),
            ("boolean", "false", json!(null), json!(null), strict(), true),
            ("boolean", "equals", json!(true), json!(true), strict(), true),
            ("dateTime", "after", json!("2024-05-07"), json!("2024-05-06T23:59:59Z"), strict(), true),
            ("dateTime", "equals", json!("2024-05-06T02:00:00+02:00"), json!("2024-05-06"), strict(), true),
            ("dateTime", "before", json!(null), json!("2024-05-06"), strict(), false),
            ("array", "empty", json!([]), json!(null), strict(), true),
            ("array", "notEmpty", json!("[1]"), json!(null), loose(), true),
            ("object", "empty", json!({}), json!(null), strict(), true),
            ("object", "notEmpty", json!("{\"a\":1}"), json!(null), loose(), true),
        ] {
            let case = format!("{left} {kind} {operation} {right} {options}");
            assert_eq!(passes(kind, operation, left, right, options), expect, "{case}");
        }
    }

    #[test]
    fn lists_are_compared_with_values_of_another_type() {
        let list = |operation: &str, right_type: &str, right: Value, case_sensitive: bool| {
            let operator = json!({ "type": "array", "operation": operation, "rightType": right_type });
            let conditions = json!([{ "leftValue": ["a", 2], "rightValue": right, "operator": operator }]);
            let options = json!({ "caseSensitive": case_sensitive });
            let params = json!({ "conditions": { "conditions": conditions, "options": options } });
            run(&Filter, params, &[json!([{}])]).unwrap() == [json!([{}])]
        };
        assert!(list("contains", "any", json!("a"), true) && !list("contains", "any", json!("A"), true));
        assert!(list("contains", "any", json!("A"), false) && list("contains", "any", json!(2), true));
        assert!(list("notContains", "any", json!(3), true) && list("lengthGt", "number", json!(1), true));
        assert!(list("lengthEquals", "number", json!(2), true) && !list("lengthLte", "number", json!(1), true));
    }

    #[test]
    fn a_wrong_type_fails_in_n8n_s_words() {
        let fails = |kind: &str, left: Value, right: Value, options: Value| {
            failure(&Filter, params(kind, "equals", left, right, options), &[json!([{}])])
        };
        let strict = || json!({});
        let loose = || json!({ "typeValidation": "loose" });
        assert_eq!(
            fails("number", json!("abc"), json!(1), strict()),
            "Wrong type: 'abc' is a string but was expecting a number [condition 0, item 0]"
        );
        assert_eq!(
            fails("string", json!("x"), json!([1]), strict()),
            "Wrong type: '1' is an object but was expecting a string [condition 0, item 0]"
        );
        assert_eq!(
            fails("string", json!(1), json!(2), strict()),
            "Comparison type expects a string but both fields are a number"
        );
        assert_eq!(
            fails("number", json!("abc"), json!(1), loose()),
            "Conversion error: the string 'abc' can't be converted to a number [condition 0, item 0]"
        );
    }

    #[test]
    fn combinators_stop_as_soon_as_the_answer_is_known() {
        let test = |left: Value| json!({ "leftValue": left, "rightValue": 1, "operator": { "type": "number", "operation": "equals" } });
        let both = |combinator: &str, first: Value, second: Value| {
            let params =
                json!({ "conditions": { "combinator": combinator, "conditions": [test(first), test(second)] } });
            run(&Filter, params, &[json!([{}])]).map(|outputs| outputs[0] == json!([{}]))
        };
        assert!(!both("and", json!(2), json!("never looked at")).unwrap());
        assert!(both("or", json!(1), json!("never looked at")).unwrap());
        assert!(both("and", json!(1), json!("looked at")).is_err());
        assert_eq!(run(&Filter, json!({}), &[json!([{ "n": 1 }])]).unwrap(), [json!([{ "n": 1 }])]);
    }

    #[test]
    fn failed_items_follow_on_error() {
        let bench = |on_error| {
            let params = params("number", "equals", json!("={{ $json.n }}"), json!(1), json!({}));
            let mut bench = Bench::new(&Filter, params).unwrap().on_error(on_error);
            bench.run(&[json!([{ "n": 1 }, { "n": "x" }])]).map(|ran| ran.json())
        };
        assert!(bench(OnError::Stop).is_err());
        assert_eq!(bench(OnError::Continue).unwrap(), [json!([{ "n": 1 }])]);
        let outputs = bench(OnError::ErrorBranch).unwrap();
        assert_eq!(outputs[0], json!([{ "n": 1 }]));
        assert_eq!(outputs[1][0]["n"], "x");
        assert!(outputs[1][0]["error"].as_str().unwrap().starts_with("Wrong type: 'x'"));
    }

    #[test]
    fn patterns_that_rust_does_not_know_go_to_the_sandbox() {
        assert!(passes("string", "regex", json!("foobar"), json!("foo(?=bar)"), json!({})));
        assert!(!passes("string", "regex", json!("foobaz"), json!("foo(?=bar)"), json!({})));
        assert!(passes("dateTime", "after", json!("May 7, 2024"), json!("2024-05-06"), json!({})));
    }
}

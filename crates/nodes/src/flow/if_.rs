//! `core.if`: sends items to one of two outputs.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Ports};

use super::conditions::Tests;
use super::filter::{self, Params};
use super::legacy;
use crate::plan::Planned;

/// Sends items that meet its conditions to the first output, the others to the second.
pub struct If;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.if",
    version: 1,
    title: "If",
    summary: "Sends items to the true or the false output",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["condition", "branch", "true", "false", "else"],
};

impl NodeType for If {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Prepared(Planned::compile(node)?)))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.if", versions: &[1.0, 2.0, 2.1, 2.2, 2.3] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        filter::IDLE
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(filter::lift(node, node.text("combineOperation", "all") == "any")))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let conditions = node.params.get("conditions").cloned().unwrap_or_default();
        if to.version >= 2.0 {
            return node.params.clone();
        }
        let combine = if conditions["combinator"] == "or" { "any" } else { "all" };
        Map::from_iter([
            ("conditions".to_owned(), legacy::lower(&conditions)),
            ("combineOperation".to_owned(), Value::from(combine)),
        ])
    }
}

struct Prepared(Planned<Tests>);

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports::of(1, 2)
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(filter::divide(&self.0, ctx, 2))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;

    fn lifted(version: f64, parameters: Value) -> Value {
        let node = n8n::Node {
            name: "If".into(),
            node_type: "n8n-nodes-base.if".into(),
            version,
            parameters: parameters.as_object().cloned().unwrap(),
            credentials: Map::new(),
            webhook_id: None,
        };
        contract::round_trip(&If, &node);
        Value::Object(If.lift(&node).unwrap().params)
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&If);
        contract::runs(&If, json!({}), &[json!([{ "n": 1 }])]);
    }

    #[test]
    fn items_are_divided() {
        let params = lifted(
            2.2,
            json!({
                "conditions": {
                    "options": { "caseSensitive": true, "leftValue": "", "typeValidation": "strict", "version": 2 },
                    "conditions": [{
                        "id": "1",
                        "leftValue": "={{ $json.status }}",
                        "rightValue": "paid",
                        "operator": { "type": "string", "operation": "equals", "name": "filter.operator.equals" },
                    }],
                    "combinator": "and",
                },
                "options": {},
            }),
        );
        let input = json!([{ "status": "paid" }, { "status": "open" }, { "status": "paid" }]);
        let ran = Bench::new(&If, params).unwrap().run(&[input]).unwrap();
        assert_eq!(ran.json(), [json!([{ "status": "paid" }, { "status": "paid" }]), json!([{ "status": "open" }])]);
        assert!(ran.selects(0) && ran.selects(1));
        assert_eq!(ran.origins(0), [[(0, 0)], [(0, 2)]]);
    }

    #[test]
    fn the_first_version_compares_as_javascript_does() {
        let passes = |groups: Value, combine: &str| {
            let params = lifted(1.0, json!({ "conditions": groups, "combineOperation": combine }));
            run(&If, params, &[json!([{}])]).unwrap()[0] == json!([{}])
        };
        for (groups, expect) in [
            (json!({ "string": [{ "value1": "5", "value2": "5" }] }), true),
            (json!({ "string": [{ "value1": 5, "value2": "5" }] }), false),
            (json!({ "number": [{ "value1": "10", "value2": 9, "operation": "larger" }] }), true),
            (json!({ "number": [{ "value1": 1 }] }), false),
            (json!({ "number": [{ "value1": "", "operation": "isEmpty" }] }), true),
            (json!({ "boolean": [{ "value1": true, "value2": true }] }), true),
            (json!({ "boolean": [{ "value1": "true", "value2": true }] }), false),
            (json!({ "string": [{ "value1": "abc", "value2": "/B/i", "operation": "regex" }] }), true),
            (json!({ "string": [{ "value1": 123, "value2": "2", "operation": "contains" }] }), true),
            (json!({ "dateTime": [{ "value1": "2024-05-07", "value2": "2024-05-06" }] }), true),
            (json!({}), true),
        ] {
            assert_eq!(passes(groups.clone(), "all"), expect, "{groups}");
        }
        assert!(!passes(json!({}), "any"), "without conditions none is met");
        let any = json!({ "number": [{ "value1": 5 }], "string": [{ "value1": "a", "value2": "a" }] });
        assert!(passes(any.clone(), "any") && !passes(any, "all"));
    }

    #[test]
    fn the_first_version_s_errors_are_kept() {
        let date = lifted(1.0, json!({ "conditions": { "dateTime": [{ "value1": "soon" }] } }));
        assert_eq!(failure(&If, date, &[json!([{}])]), "The value \"soon\" is not a valid DateTime.");
    }

    #[test]
    fn options_that_a_file_lacks_are_those_that_n8n_takes() {
        let params = lifted(
            2.0,
            json!({ "conditions": { "conditions": [{
            "leftValue": "A", "rightValue": "a", "operator": { "type": "string", "operation": "equals" },
        }] } }),
        );
        assert_eq!(
            params["conditions"]["options"],
            json!({ "caseSensitive": false, "typeValidation": "loose", "version": 1 })
        );
        assert_eq!(run(&If, params, &[json!([{}])]).unwrap(), [json!([{}]), json!([])]);
    }
}

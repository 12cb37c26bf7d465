//! What texts of strangers try against nodes: patterns that never end and values without a bottom.

use model::Code;
use serde_json::{Value, json};
use testkit::step::{Bench, failure, run};

use super::file::testing::item;
use crate::{files, flow};

/// The node type with that id.
fn node_type(id: &str) -> std::sync::Arc<dyn part::NodeType> {
    let mut all = files::list().into_iter().chain(flow::list());
    all.find(|node_type| node_type.descriptor().id == id).unwrap_or_else(|| panic!("there is no `{id}`"))
}

fn condition(pattern: &str, text: &str) -> Value {
    let operator = json!({ "type": "string", "operation": "regex" });
    json!({ "conditions": [{ "leftValue": text, "rightValue": pattern, "operator": operator }] })
}

#[test]
fn patterns_that_would_go_back_for_ever_do_not() {
    let text = format!("{}b", "a".repeat(50_000));
    for pattern in ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(a*)*c", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){20}c"] {
        let params = json!({ "conditions": condition(pattern, &text) });
        let passed = run(&*node_type("core.filter"), params, &[json!([{}])]);
        // One engine answers in a straight line; what only the other one knows is cut off there.
        let ends = match &passed {
            Ok(outputs) => outputs[0] == json!([]),
            Err(error) => error.problem.code == Code::CodeTimeout,
        };
        assert!(ends, "{pattern}: {passed:?}");
    }
}

#[test]
fn patterns_that_only_javascript_knows_are_stopped_by_its_limit() {
    let pattern = "^(?=a)(a+)+\\1$";
    let text = format!("{}b", "a".repeat(60));
    let rule = json!({ "conditions": condition(pattern, &text) });
    for (id, params) in
        [("core.filter", rule.clone()), ("core.if", rule.clone()), ("core.switch", json!({ "rules": [rule.clone()] }))]
    {
        let error = Bench::new(&*node_type(id), params).unwrap().run(&[json!([{}])]).unwrap_err();
        assert_eq!(error.problem.code, Code::CodeTimeout, "{id}: {error}");
    }
}

#[test]
fn json_without_a_bottom_is_refused() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for operation in ["fromJson", "text"] {
        let file = item("a.json", "application/json", deep.clone());
        let bench = Bench::new(&*node_type("core.extract-from-file"), json!({ "operation": operation }));
        let _ = bench.unwrap().run(&[json!([file])]);
    }
    let file = item("a.json", "application/json", deep.clone());
    let said = failure(&*node_type("core.extract-from-file"), json!({ "operation": "fromJson" }), &[json!([file])]);
    assert!(said.to_lowercase().contains("json"), "{said}");
    let long = item("a.json", "application/json", format!("1{}", "0".repeat(1 << 20)));
    let _ = run(&*node_type("core.extract-from-file"), json!({ "operation": "fromJson" }), &[json!([long])]);
}

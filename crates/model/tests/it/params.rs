//! Compiled parameter trees.

use model::Code;
use model::expr::EvalError;
use model::template::{ParamError, ParamNode, Params};
use serde_json::{Value, json};

use crate::world::{World, object};

fn compile(params: Value) -> Params {
    Params::compile(&object(params)).expect("the parameters compile")
}

fn world() -> World {
    World::new(json!({ "id": 7, "name": "Ada" }))
}

#[test]
fn literal_parameters_cost_nothing() {
    let params = compile(json!({ "a": 1, "b": ["x", { "c": "=plain" }], "d": "=" }));
    assert!(!params.has_expressions() && !params.needs_javascript());
    // A `=` without code is text.
    assert_eq!(params.literal(), Some(&object(json!({ "a": 1, "b": ["x", { "c": "plain" }], "d": "" }))));
    assert_eq!(
        params.eval(&world(), &mut |_| None),
        Ok(object(json!({ "a": 1, "b": ["x", { "c": "plain" }], "d": "" })))
    );
}

#[test]
fn expressions_are_filled_in_at_every_depth() {
    let params = compile(json!({
        "url": "=https://x.test/{{ $json.id }}",
        "fixed": { "deep": [1, 2] },
        "list": [{ "v": "={{ $json.name }}" }, "={{ $json.none }}", "{{ not an expression }}"],
        "gone": "={{ $json.none }}",
    }));
    assert!(params.has_expressions() && params.literal().is_none());
    let expect = json!({
        "url": "https://x.test/7",
        "fixed": { "deep": [1, 2] },
        "list": [{ "v": "Ada" }, null, "{{ not an expression }}"],
    });
    assert_eq!(params.eval(&world(), &mut |_| None), Ok(object(expect)));
    let pointers: Vec<&str> = params.templates().iter().map(|compiled| compiled.pointer.as_str()).collect();
    assert_eq!(pointers, ["/url", "/list/0/v", "/list/1", "/gone"]);
}

#[test]
fn one_parameter_is_evaluated_alone() {
    let params = compile(json!({ "a": "={{ $json.id + 1 }}", "b": "={{ $('Nobody').item }}", "c": 3 }));
    let eval = |key: &str| params.eval_node(params.get(key).expect("it is there"), &world(), &mut |_| None);
    assert_eq!(eval("a"), Ok(Some(json!(8))));
    assert_eq!(eval("c"), Ok(Some(json!(3))));
    assert!(matches!(params.get("c"), Some(ParamNode::Literal(_))));
    assert!(params.get("d").is_none());
    let error = eval("b").expect_err("the node does not exist");
    assert_eq!(error.to_string(), "Referenced node doesn't exist");
    assert_eq!(error.pointer(), "/b");
}

#[test]
fn answers_of_the_sandbox_are_asked_by_index() {
    let params = compile(json!({ "a": "={{ $json.id }}", "b": { "c": "={{ $now.toISO() }}" } }));
    assert!(params.needs_javascript());
    let missing = params.eval(&world(), &mut |_| None);
    assert_eq!(missing, Err(ParamError::NeedsJavaScript { index: 1, pointer: "/b/c".into() }));
    let answered = params.eval(&world(), &mut |index| Some(Ok(Some(json!(format!("answer {index}"))))));
    assert_eq!(answered, Ok(object(json!({ "a": 7, "b": { "c": "answer 1" } }))));
    let failed = params.eval(&world(), &mut |_| Some(Err("it broke".into())));
    assert_eq!(failed, Err(ParamError::Failed { message: "it broke".into(), pointer: "/b/c".into() }));
    let undefined = params.eval(&world(), &mut |_| Some(Ok(None)));
    assert_eq!(undefined, Ok(object(json!({ "a": 7, "b": {} }))));
}

#[test]
fn a_native_expression_may_ask_the_sandbox_at_run_time() {
    let params = compile(json!({ "same": "={{ $json === $json }}" }));
    assert!(!params.needs_javascript());
    assert_eq!(params.templates()[0].template.eval(&world()), Err(EvalError::NeedsJavaScript));
    assert_eq!(params.eval(&world(), &mut |_| Some(Ok(Some(json!(true))))), Ok(object(json!({ "same": true }))));
}

#[test]
fn all_mistakes_are_reported_with_pointers() {
    let bad = object(json!({ "a": "={{ 'x }}", "b/c": ["={{ }}"], "ok": "={{ 1 }}" }));
    let problems = Params::compile(&bad).expect_err("two are broken");
    let found: Vec<_> = problems.iter().map(|problem| (problem.code, problem.pointer.as_deref())).collect();
    assert_eq!(found, [(Code::InvalidExpression, Some("/a")), (Code::InvalidExpression, Some("/b~1c/0"))]);
}

#[test]
fn nesting_has_a_limit() {
    let mut deep = json!("={{ 1 }}");
    for _ in 0..200 {
        deep = json!([deep]);
    }
    let problems = Params::compile(&object(json!({ "deep": deep }))).expect_err("too deep");
    assert_eq!(problems[0].code, Code::TooDeep);
}

#[test]
fn named_nodes_are_listed_once() {
    let params =
        compile(json!({ "a": "={{ $('B').item.json.x }}", "b": ["={{ $node['A'].json.y + $('B').first() }}"] }));
    assert_eq!(params.nodes(), ["A", "B"]);
}

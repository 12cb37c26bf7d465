//! What scripts see and what they give back.

use sandbox::{Cell, Error, Mode};
use serde_json::json;

use crate::kit::{code, context, evaluate, expressions, fails, items, run};

#[tokio::test]
async fn templates_are_evaluated_for_every_item() {
    let sources = ["{{ $json.a }}", "Hello {{ $json.a }}!", "{{ $json.b.c }}", "{{ $itemIndex }}", "plain"];
    let job = expressions(&sources, 2, context(&[json!({"a": 1}), json!({"a": "x", "b": {"c": null}})]));
    let cells = run(job).await.unwrap().cells().unwrap();
    let value = |value| Cell::Value(value);
    assert_eq!(
        cells,
        [
            vec![value(json!(1)), value(json!("Hello 1!")), Cell::Undefined, value(json!(0)), value(json!("plain")),],
            vec![
                value(json!("x")),
                value(json!("Hello x!")),
                value(json!(null)),
                value(json!(1)),
                value(json!("plain")),
            ],
        ]
    );
}

#[tokio::test]
async fn templates_follow_the_rules_of_n8n() {
    let item = json!({"a": {"b": [1, 2]}, "n": 0, "f": false, "s": ""});
    for (template, expect) in [
        ("{{ $json.a }}", Cell::Value(json!({"b": [1, 2]}))),
        (" {{ $json.n }}", Cell::Value(json!(" 0"))),
        ("{{ $json.n }}{{ $json.f }}{{ $json.s }}{{ $json.no }}{{ null }}", Cell::Value(json!("0false"))),
        ("{{ $json.a }}!", Cell::Value(json!("[object Object]!"))),
        ("{{ $json.a.b }}!", Cell::Value(json!("1,2!"))),
        ("{{ $json.x.y.z }}", Cell::Undefined),
        ("<{{ $json.x.y.z }}>", Cell::Value(json!("<>"))),
        ("{{ nobody || 'x' }}", Cell::Value(json!("x"))),
        ("{{ Math.min(1, 2); }}", Cell::Value(json!(1))),
        ("{{ {a: 1} }}", Cell::Value(json!({"a": 1}))),
        ("{{ 1 // one\n }}", Cell::Value(json!(1))),
        ("{{ (() => { const x = 3; return x * 2 })() }}", Cell::Value(json!(6))),
        ("{{ `a\nb` }}", Cell::Value(json!("a\nb"))),
        // A backslash keeps the brackets from opening, and stays, as in n8n.
        ("a \\{{ b }}", Cell::Value(json!("a \\{{ b }}"))),
        ("{{ NaN }}", Cell::Value(json!(null))),
        ("{{ }}", Cell::Undefined),
        ("", Cell::Value(json!(""))),
    ] {
        assert_eq!(evaluate(template, item.clone()).await, expect, "{template}");
    }
}

#[tokio::test]
async fn wrong_templates_say_what_is_wrong() {
    for (template, message) in [
        ("{{ $json. }}", "invalid syntax"),
        ("{{ $json.a.map }}", "this is a function"),
        ("{{ 1n }}", "BigInt"),
        ("{{ $('Other').item.json.x }}", "`node` is not available here"),
    ] {
        match evaluate(template, json!({"a": []})).await {
            Cell::Error(error) => assert!(error.message.contains(message), "{template}: {error:?}"),
            Cell::Undefined if template.contains("Other") => {}
            other => panic!("{template}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn code_returns_items() {
    let input = [json!({"a": 1}), json!({"a": 2})];
    for (source, expect) in [
        ("return items", json!([{"json": {"a": 1}}, {"json": {"a": 2}}])),
        (
            "return $input.all().map(i => ({ json: { b: i.json.a * 2 } }))",
            json!([{"json": {"b": 2}}, {"json": {"b": 4}}]),
        ),
        ("return [{ x: 1 }, { x: 2 }]", json!([{"json": {"x": 1}}, {"json": {"x": 2}}])),
        ("return { json: { n: items.length }, pairedItem: 0 }", json!([{"json": {"n": 2}, "pairedItem": 0}])),
        ("return { n: $json.a }", json!([{"json": {"n": 1}}])),
        ("const items = $input.all(); return items.slice(1)", json!([{"json": {"a": 2}}])),
        (
            "for (const item of items) item.json.c = await Promise.resolve(5); return items",
            json!([{"json": {"a": 1, "c": 5}}, {"json": {"a": 2, "c": 5}}]),
        ),
        ("return [] // done", json!([])),
        ("return null", json!([])),
    ] {
        assert_eq!(items(source, &input).await, expect, "{source}");
    }
}

#[tokio::test]
async fn code_runs_once_for_each_item() {
    let job = code(
        "if ($json.a === 2) return null; return { i: $itemIndex, a: $input.item.json.a, same: item.json.a }",
        Mode::EachItem,
        context(&[json!({"a": 1}), json!({"a": 2}), json!({"a": 3})]),
    );
    let result: serde_json::Value = serde_json::from_str(&run(job).await.unwrap().result).unwrap();
    assert_eq!(
        result,
        json!([
            {"json": {"i": 0, "a": 1, "same": 1}, "pairedItem": {"item": 0}},
            {"json": {"i": 2, "a": 3, "same": 3}, "pairedItem": {"item": 2}},
        ])
    );
}

#[tokio::test]
async fn what_is_no_item_is_refused() {
    for (source, message) in [
        ("return 5", "Code doesn't return items properly"),
        ("", "Code doesn't return items properly"),
        ("return [1]", "Code doesn't return items properly"),
        ("return [{ json: 1 }]", "A 'json' property isn't an object"),
        ("return [{ json: {}, extra: 1 }]", "Unknown top-level item key: extra"),
    ] {
        let job = code(source, Mode::All, context(&[]));
        match run(job).await {
            Err(Error::Items(error)) => assert!(error.message.contains(message), "{source}: {error:?}"),
            // `[{ json: 1 }]` has no item with an object in `json`: its entries count as plain objects in n8n too.
            other => panic!("{source}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn errors_name_the_line() {
    let error = fails("const a = 1;\n\nconst b = a.x.y;\nreturn []").await;
    assert_eq!((error.name.as_str(), error.line), ("TypeError", Some(3)));
    assert!(error.hint.is_some(), "{error:?}");
    assert!(fails("return [\n  {\n}").await.line.is_some());
    let error = fails("function deep() { throw new Error('no luck') }\ndeep()").await;
    assert_eq!((error.message.as_str(), error.line), ("no luck", Some(1)));
    assert!(error.stack.contains("deep"), "{error:?}");
    assert_eq!(fails("throw 'text'").await.message, "text");
    assert_eq!(fails("return process.env").await.hint.unwrap(), "`process` does not exist in the sandbox");
}

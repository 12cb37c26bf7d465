//! Our answers against JavaScript's own, which the sandbox gives.

use model::Value;
use serde_json::json;
use testkit::step::run;

use crate::pattern::{self, Patterns, quoted};
use crate::{dates, js};

/// What JavaScript answers; `null` for `undefined` and for what is no JSON.
fn javascript(expressions: impl IntoIterator<Item = String>) -> Vec<Value> {
    let field = |(index, code): (usize, String)| {
        // The first two brackets that close would end the expression, so they are kept apart.
        let code = format!("={{{{ (() => {{ try {{ return [{code}]; }} catch {{ return null; }} }})() }}}}");
        json!({ "name": format!("r{index}"), "type": "any", "value": code })
    };
    let fields: Vec<Value> = expressions.into_iter().enumerate().map(field).collect();
    let count = fields.len();
    let set = crate::transform::list().into_iter().find(|known| known.descriptor().id == "core.set").unwrap();
    let outputs = run(&*set, json!({ "fields": fields }), &[json!([{}])]).unwrap();
    (0..count).map(|index| outputs[0][0][format!("r{index}")][0].clone()).collect()
}

#[test]
fn patterns_match_what_javascript_matches() {
    let patterns = [
        "",
        "a",
        "^a",
        "a$",
        "^$",
        ".",
        "a.b",
        "^a.b$",
        "/a/i",
        "/^B$/im",
        "\\d+",
        "\\D",
        "\\w+@\\w+",
        "\\W",
        "\\s",
        "\\S+",
        "[a-c]+",
        "[^a-c]",
        "[\\d.]+$",
        "[.\\-]",
        "(a|b)+",
        "(?:ab)*c",
        "a{2}",
        "a{2,}",
        "{",
        "a{",
        "\\bword\\b",
        "\\.",
        "\\/",
        "a|",
        "x*",
        "(?<year>\\d{4})",
        "[\\w.+-]+@[\\w-]+\\.[\\w.]+",
        "\\$\\{",
        "[[]",
        "[]a]",
        "^\\s*$",
        "/a.b/s",
        "[\\s\\S]",
        "é",
        "\\t|\\n",
        "^(?!.*x)",
        "(a)\\1",
        "a+?b",
        "[a&&b]",
        "#",
        "~",
    ];
    let texts = [
        "",
        "a",
        "A",
        "b",
        "ab",
        "a\nb",
        "aab",
        "aa",
        "B\nb",
        "word",
        "swords",
        "a word.",
        "x@y.example",
        "1.5",
        "2024-05-06",
        "٣",
        "\u{a0}",
        "\u{2028}",
        "é",
        "É",
        "a{",
        "${x}",
        "[",
        "a&b",
        "tab\there",
        "/",
        "#~",
    ];
    let known = Patterns::default();
    let cases: Vec<(&str, &str)> = patterns.iter().flat_map(|p| texts.iter().map(move |t| (*p, *t))).collect();
    let answers = javascript(cases.iter().map(|(pattern, text)| pattern::script(pattern, false, text)));
    let mut native = 0;
    for ((pattern, text), answer) in cases.iter().zip(answers) {
        if let Some(found) = known.test(pattern, false, text) {
            native += 1;
            assert_eq!(Value::Bool(found), answer, "{pattern:?} on {text:?}");
        }
    }
    assert!(native * 10 > cases.len() * 8, "most patterns are answered natively");
}

#[test]
fn values_are_converted_as_javascript_converts_them() {
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5),
        json!(1e21),
        json!(123456789012345680.0),
        json!(1e-7),
        json!(0.1),
        json!(""),
        json!(" 12 "),
        json!("0x1F"),
        json!("1e3"),
        json!("-"),
        json!("Infinity"),
        json!(".5"),
        json!("5."),
        json!("1_000"),
        json!("+7"),
        json!("abc"),
        json!([]),
        json!([3]),
        json!([1, [2, null], "x"]),
        json!({ "a": 1 }),
    ];
    let texts = javascript(values.iter().map(|value| format!("String({value})")));
    let numbers = javascript(values.iter().map(|value| format!("String(Number({value}))")));
    let json = javascript(values.iter().map(|value| format!("JSON.stringify({value})")));
    let truths = javascript(values.iter().map(|value| format!("!!({value})")));
    for (index, value) in values.iter().enumerate() {
        assert_eq!(json!(js::text(value)), texts[index], "String({value})");
        assert_eq!(json!(js::number_text(js::number(value))), numbers[index], "Number({value})");
        assert_eq!(json!(js::json_text(value)), json[index], "JSON.stringify({value})");
        assert_eq!(json!(js::truthy(Some(value))), truths[index], "!!{value}");
    }
    let pairs: Vec<(&Value, &Value)> = values.iter().flat_map(|a| values.iter().map(move |b| (a, b))).collect();
    let smaller = javascript(pairs.iter().map(|(a, b)| format!("({a}) < ({b})")));
    for ((a, b), answer) in pairs.iter().zip(smaller) {
        assert_eq!(json!(js::compare(a, b) == Some(std::cmp::Ordering::Less)), answer, "{a} < {b}");
    }
}

#[test]
fn times_are_those_of_javascript() {
    let times = [
        "2024-05-06",
        "2024-05",
        "2024",
        "2024-05-06T07:08:09Z",
        "2024-05-06T07:08:09.010Z",
        "2024-05-06T07:08:09+02:00",
        "2024-05-06T07:08",
        "2024-02-29T00:00:00-05:30",
        "Mon, 06 May 2024 07:08:09 GMT",
        "1999-12-31T23:59:59.999Z",
    ];
    let answers = javascript(times.iter().map(|time| format!("Date.parse({})", quoted(time))));
    for (time, answer) in times.iter().zip(answers) {
        assert_eq!(json!(dates::parse(time, "UTC")), answer, "{time}");
    }
}

//! Whether two answers are the same, and where they are not.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use model::{Code, Problem, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Most differences that are told of one pair of answers.
const MOST: usize = 50;
/// Longest value that is shown whole.
const SHOWN: usize = 200;

/// What counts as the same.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Places that are not looked at.
    pub ignore: Vec<Place>,
    /// The order of lists does not count.
    pub any_order: bool,
    /// Two times that are no further apart count as the same.
    pub slack: Duration,
    /// Headers that are compared, beside the type of the content.
    pub headers: Vec<String>,
}

/// A pattern of places in a value: `$.a.b`, `$.list[*].id`, `$..at` (anywhere), `$['odd name']`.
#[derive(Clone, Debug, PartialEq)]
pub struct Place(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
    Any,
    Deep,
}

/// Something that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Where: `status`, `header content-type`, or a place in the body.
    pub path: String,
    /// What n8n has; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n8n: Option<Value>,
    /// What is here; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<Value>,
}

/// An answer, whole.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decoded.
    pub body: Bytes,
}

impl std::str::FromStr for Place {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Place, Problem> {
        let refuse = |why: &str| {
            let problem = Problem::new(Code::Malformed, format!("`{text}` is no place in a value: {why}"));
            problem.hint("write it as `$.a.b`, `$.list[*].id`, `$..at` or `$['odd name']`")
        };
        let mut rest = text.strip_prefix('$').ok_or_else(|| refuse("it begins with `$`"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Deep);
                let end = after.find(['.', '[']).unwrap_or(after.len());
                steps.extend(key(&after[..end]).or((end > 0).then_some(Step::Any)));
                rest = &after[end..];
            } else if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                steps.push(match &after[..end] {
                    "*" => Step::Any,
                    name => key(name).ok_or_else(|| refuse("a name is missing behind a dot"))?,
                });
                rest = &after[end..];
            } else if let Some(after) = rest.strip_prefix('[') {
                let end = after.find(']').ok_or_else(|| refuse("a `[` is not closed"))?;
                steps.push(match &after[..end] {
                    "*" => Step::Any,
                    inner => match (inner.parse(), inner.trim_matches(['\'', '"'])) {
                        (Ok(index), _) => Step::Index(index),
                        (Err(_), name) => key(name).ok_or_else(|| refuse("`[]` holds nothing"))?,
                    },
                });
                rest = &after[end + 1..];
            } else {
                return Err(refuse("behind `$` comes `.` or `[`"));
            }
        }
        if steps.is_empty() { Err(refuse("it would ignore everything")) } else { Ok(Place(steps)) }
    }
}

fn key(name: &str) -> Option<Step> {
    (!name.is_empty() && name != "*").then(|| Step::Key(name.to_owned()))
}

impl Place {
    /// Whether the place, or something above it, fits.
    fn covers(&self, at: &[Step]) -> bool {
        fits(&self.0, at)
    }
}

fn fits(pattern: &[Step], at: &[Step]) -> bool {
    match (pattern.first(), at.first()) {
        (None, _) => true,
        (Some(Step::Deep), _) => (0..=at.len()).any(|skip| fits(&pattern[1..], &at[skip..])),
        (Some(_), None) => false,
        (Some(wanted), Some(step)) => {
            let same = *wanted == Step::Any || wanted == step;
            same && fits(&pattern[1..], &at[1..])
        }
    }
}

/// What differs between two answers.
pub fn answers(n8n: &Answer, here: &Answer, rules: &Rules) -> Vec<Difference> {
    let mut found = Vec::new();
    if n8n.status != here.status {
        found.push(Difference { path: "status".into(), n8n: Some(json!(n8n.status)), here: Some(json!(here.status)) });
    }
    let content = |answer: &Answer| media_type(&header(answer, "content-type").unwrap_or_default());
    let (there, ours) = (content(n8n), content(here));
    // An answer without a body says nothing by its type.
    if there != ours && !(n8n.body.is_empty() && here.body.is_empty()) {
        found.push(Difference { path: "header content-type".into(), n8n: Some(json!(there)), here: Some(json!(ours)) });
    }
    for name in &rules.headers {
        let (there, ours) = (header(n8n, name), header(here, name));
        if there != ours {
            let value = |text: Option<String>| text.map(|text| json!(text));
            found.push(Difference { path: format!("header {name}"), n8n: value(there), here: value(ours) });
        }
    }
    bodies(&n8n.body, &here.body, rules, &mut found);
    found.truncate(MOST);
    found
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    let values: Vec<_> = answer.headers.get_all(name).iter().collect();
    let text = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>();
    (!text.is_empty()).then(|| text.join(", "))
}

/// A media type in one spelling.
fn media_type(text: &str) -> String {
    text.split(';').map(|part| part.trim().to_ascii_lowercase()).collect::<Vec<_>>().join("; ")
}

fn bodies(n8n: &Bytes, here: &Bytes, rules: &Rules, found: &mut Vec<Difference>) {
    if n8n == here {
        return;
    }
    let read = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).ok();
    if let (Some(there), Some(ours)) = (read(n8n), read(here)) {
        values(&there, &ours, rules, found);
        return;
    }
    match (std::str::from_utf8(n8n), std::str::from_utf8(here)) {
        (Ok(there), Ok(ours)) => texts(there, ours, found),
        _ => {
            let shown =
                |bytes: &Bytes| Some(json!({ "bytes": bytes.len(), "sha256": store::digest(bytes).to_string() }));
            found.push(Difference { path: "body".into(), n8n: shown(n8n), here: shown(here) });
        }
    }
}

/// The first line that differs.
fn texts(n8n: &str, here: &str, found: &mut Vec<Difference>) {
    let (mut there, mut ours) = (n8n.lines(), here.lines());
    for number in 1.. {
        match (there.next(), ours.next()) {
            (None, None) => {
                // Only the ends of lines differ.
                let shown = |text: &str| Some(json!({ "bytes": text.len() }));
                found.push(Difference { path: "body".into(), n8n: shown(n8n), here: shown(here) });
                return;
            }
            (left, right) if left == right => {}
            (left, right) => {
                let shown = |line: Option<&str>| line.map(|line| short(&json!(line)));
                found.push(Difference { path: format!("body, line {number}"), n8n: shown(left), here: shown(right) });
                return;
            }
        }
    }
}

/// What differs between two values.
pub fn values(n8n: &Value, here: &Value, rules: &Rules, found: &mut Vec<Difference>) {
    let (mut left, mut right) = (n8n.clone(), here.clone());
    if rules.any_order {
        sort(&mut left, rules, &mut Vec::new());
        sort(&mut right, rules, &mut Vec::new());
    }
    walk(Some(&left), Some(&right), rules, &mut Vec::new(), found);
}

fn walk(n8n: Option<&Value>, here: Option<&Value>, rules: &Rules, at: &mut Vec<Step>, found: &mut Vec<Difference>) {
    if found.len() >= MOST || rules.ignore.iter().any(|place| place.covers(at)) {
        return;
    }
    match (n8n, here) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let more = right.keys().filter(|key| !left.contains_key(*key));
            for key in left.keys().chain(more) {
                at.push(Step::Key(key.clone()));
                walk(left.get(key), right.get(key), rules, at, found);
                at.pop();
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                at.push(Step::Index(index));
                walk(left.get(index), right.get(index), rules, at, found);
                at.pop();
            }
        }
        (Some(left), Some(right)) if same(left, right, rules) => {}
        (left, right) => {
            found.push(Difference { path: path(at), n8n: left.map(short), here: right.map(short) });
        }
    }
}

/// Numbers by value, times within the slack, everything else by its text.
fn same(left: &Value, right: &Value, rules: &Rules) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::String(left), Value::String(right)) => {
            left == right || apart(left, right).is_some_and(|apart| apart <= rules.slack)
        }
        (left, right) => left == right,
    }
}

/// How far two times are apart, if both texts are times.
fn apart(left: &str, right: &str) -> Option<Duration> {
    let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let between = read(left)?.duration_since(read(right)?);
    Some(between.unsigned_abs())
}

impl Difference {
    /// Both are times, less than a minute apart: what two runs one after the other differ in.
    pub fn is_clock(&self) -> bool {
        let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        let apart = text(&self.n8n).zip(text(&self.here)).and_then(|(left, right)| apart(&left, &right));
        apart.is_some_and(|apart| apart < Duration::from_secs(60))
    }
}

/// Sorts every list by its entries' texts, without what is ignored: equal lists in another order become equal.
fn sort(value: &mut Value, rules: &Rules, at: &mut Vec<Step>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                at.push(Step::Key(key.clone()));
                sort(inner, rules, at);
                at.pop();
            }
        }
        Value::Array(list) => {
            at.push(Step::Index(0));
            list.iter_mut().for_each(|inner| sort(inner, rules, at));
            let mut keyed: Vec<(String, Value)> =
                list.drain(..).map(|inner| (canonical(&inner, rules, at), inner)).collect();
            at.pop();
            keyed.sort_by(|left, right| left.0.cmp(&right.0));
            list.extend(keyed.into_iter().map(|(_, inner)| inner));
        }
        _ => {}
    }
}

/// A text that is the same for equal values.
fn canonical(value: &Value, rules: &Rules, at: &mut Vec<Step>) -> String {
    if rules.ignore.iter().any(|place| place.covers(at)) {
        return String::new();
    }
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let mut text = String::from("{");
            for key in keys {
                at.push(Step::Key(key.clone()));
                text.push_str(&format!("{key:?}:{},", canonical(&map[key], rules, at)));
                at.pop();
            }
            text + "}"
        }
        Value::Array(list) => list.iter().map(|inner| canonical(inner, rules, at)).collect::<Vec<_>>().join(","),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

fn path(at: &[Step]) -> String {
    let mut text = String::from("$");
    for step in at {
        match step {
            Step::Key(key) if key.chars().all(|letter| letter.is_alphanumeric() || letter == '_') => {
                text.push_str(&format!(".{key}"));
            }
            Step::Key(key) => text.push_str(&format!("['{key}']")),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Any | Step::Deep => {}
        }
    }
    text
}

/// A value that is short enough to be shown.
fn short(value: &Value) -> Value {
    let text = value.to_string();
    if text.len() <= SHOWN {
        return value.clone();
    }
    let text = value.as_str().map_or(text, str::to_owned);
    json!(format!("{}… ({} letters)", text.chars().take(SHOWN).collect::<String>(), text.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(ignore: &[&str]) -> Rules {
        Rules { ignore: ignore.iter().map(|place| place.parse().unwrap()).collect(), ..Rules::default() }
    }

    fn paths(n8n: Value, here: Value, rules: &Rules) -> Vec<String> {
        let mut found = Vec::new();
        values(&n8n, &here, rules, &mut found);
        found.into_iter().map(|one| one.path).collect()
    }

    #[test]
    fn values_are_compared_by_their_structure() {
        let check = |n8n: Value, here: Value, expected: &[&str]| {
            assert_eq!(paths(n8n.clone(), here.clone(), &rules(&[])), expected, "{n8n} {here}");
        };
        check(json!({ "a": 1, "b": [1.0, "x"] }), json!({ "b": [1, "x"], "a": 1 }), &[]);
        check(json!({ "a": 1 }), json!({ "a": "1" }), &["$.a"]);
        check(json!([1, 2]), json!([2, 1]), &["$[0]", "$[1]"]);
        check(json!([1]), json!([1, 2]), &["$[1]"]);
        check(json!({ "a": null }), json!({}), &["$.a"]);
        check(json!({ "odd name": { "x": 1 } }), json!({ "odd name": {} }), &["$['odd name'].x"]);
    }

    #[test]
    fn places_that_are_ignored_are_not_looked_at() {
        let n8n =
            json!({ "at": 1, "items": [{ "id": 1, "v": 1 }, { "id": 2, "v": 2 }], "deep": { "at": 1, "x y": 1 } });
        let here =
            json!({ "at": 2, "items": [{ "id": 8, "v": 1 }, { "id": 9, "v": 3 }], "deep": { "at": 3, "x y": 2 } });
        let check = |ignore: &[&str], expected: &[&str]| {
            assert_eq!(paths(n8n.clone(), here.clone(), &rules(ignore)), expected, "{ignore:?}");
        };
        check(&["$..at", "$.items[*].id", "$.deep['x y']"], &["$.items[1].v"]);
        check(&["$.at", "$.items", "$.deep"], &[]);
        check(&["$..at", "$.items[1]", "$.deep.*"], &["$.items[0].id"]);
        for wrong in ["", "$", "a.b", "$.", "$[", "$a"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists_may_be_in_any_order_when_that_is_said() {
        let rules = Rules { any_order: true, ..rules(&["$[*].id"]) };
        let n8n = json!([{ "id": 1, "v": [1, 2] }, { "id": 2, "v": [3] }]);
        let here = json!([{ "id": 5, "v": [3.0] }, { "id": 6, "v": [2, 1] }]);
        assert_eq!(paths(n8n.clone(), here, &rules), [] as [&str; 0]);
        assert!(!paths(n8n, json!([{ "v": [4] }, { "v": [1, 2] }]), &rules).is_empty());
    }

    #[test]
    fn times_may_be_apart_by_the_slack() {
        let (n8n, here) = (json!({ "t": "2026-11-28T17:00:00.000Z" }), json!({ "t": "2026-11-28T18:00:01+01:00" }));
        assert_eq!(paths(n8n.clone(), here.clone(), &rules(&[])), ["$.t"]);
        let slack = Rules { slack: Duration::from_secs(2), ..Rules::default() };
        assert_eq!(paths(n8n.clone(), here.clone(), &slack), [] as [&str; 0]);
        let mut found = Vec::new();
        values(&n8n, &here, &rules(&[]), &mut found);
        assert!(found[0].is_clock());
    }

    #[test]
    fn answers_are_compared_with_status_type_headers_and_body() {
        let answer = |status: u16, content: &str, body: &'static [u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", content.parse().unwrap());
            headers.insert("x-own", content.parse().unwrap());
            Answer { status, headers, body: Bytes::from_static(body) }
        };
        let check = |n8n: Answer, here: Answer, rules: &Rules, expected: &[&str]| {
            let found = answers(&n8n, &here, rules);
            assert_eq!(found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), expected);
        };
        let plain = rules(&[]);
        check(answer(200, "text/html; charset=UTF-8", b"a"), answer(200, "text/html;charset=utf-8", b"a"), &plain, &[]);
        check(
            answer(200, "a/b", b"a\nb"),
            answer(500, "a/c", b"a\nc"),
            &plain,
            &["status", "header content-type", "body, line 2"],
        );
        check(answer(200, "a/b", b"a\n"), answer(200, "a/b", b"a\r\n"), &plain, &["body"]);
        check(answer(200, "a/b", b"\xff\x00"), answer(200, "a/b", b"\xff\x01"), &plain, &["body"]);
        check(answer(200, "a/b", b"{\"a\": 1}"), answer(200, "a/b", b"{\"a\":1.0}"), &plain, &[]);
        let own = Rules { headers: vec!["x-own".into()], ..Rules::default() };
        check(answer(204, "a/b", b""), answer(204, "a/c", b""), &own, &["header x-own"]);
    }
}

//! n8n's parameters and ours, as a manifest says.

use model::{Map, Value};
use part::n8n::{Lifted, Node, is_expression};
use serde_json::json;

use crate::manifest::{From, FromN8n, Manifest, Source, Wanted};
use crate::path;

/// Places that change nothing of what any connector does.
const IDLE: &[&str] = &["resource", "operation", "authentication", "returnAll", "limit", "requestOptions", "notice"];

/// The type of n8n that a mapping is about.
pub fn type_of(manifest: &Manifest, from: &FromN8n) -> Option<String> {
    let short = from.node_type.as_deref().or_else(|| manifest.n8n.first().map(|n8n| n8n.node_type.as_str()))?;
    Some(full(short))
}

/// A type with its package.
pub fn full(short: &str) -> String {
    if short.contains('.') { short.to_owned() } else { format!("n8n-nodes-base.{short}") }
}

/// How well a node fits a mapping: the number of values that it was asked for. `None`: not at all.
pub fn fits(manifest: &Manifest, from: &FromN8n, node: &Node) -> Option<usize> {
    let of_type = type_of(manifest, from).is_some_and(|known| known == node.node_type);
    let of_version = from.versions.is_empty() || from.versions.iter().any(|known| (known - node.version).abs() < 1e-9);
    let has = |(place, wanted): (&String, &Wanted)| {
        let value = part::n8n::locator(node.param(place));
        match wanted {
            Wanted::One(wanted) => value == wanted,
            Wanted::Any(list) => list.contains(value),
        }
    };
    (of_type && of_version && from.when.iter().all(has)).then_some(from.when.len())
}

/// The mapping that fits a node best, with how well.
pub fn best<'m>(manifest: &Manifest, mappings: &'m [FromN8n], node: &Node) -> Option<(usize, &'m FromN8n)> {
    let fitting = mappings.iter().filter_map(|from| Some((fits(manifest, from, node)?, from)));
    fitting.max_by_key(|(wanted, _)| *wanted)
}

/// Our parameters for a node's.
pub fn lift(manifest: &Manifest, from: &FromN8n, node: &Node, pages: bool) -> Lifted {
    let whole = Value::Object(node.parameters.clone());
    let mut params = Map::new();
    for (name, source) in &from.params {
        if let Some(value) = take(source, &whole) {
            part::n8n::put(&mut params, name, value);
        }
    }
    if pages {
        if let (Some(all), false) =
            (path::at(&whole, "returnAll").filter(|all| *all != false), params.contains_key("all"))
        {
            params.insert("all".into(), all);
        }
        if let (Some(limit), false) = (path::at(&whole, "limit"), params.contains_key("limit")) {
            params.insert("limit".into(), limit);
        }
    }
    let mut lifted = Lifted::plain(params);
    for auth in manifest.auth.values() {
        for credential in auth.n8n().keys() {
            lifted.slots.insert(credential.clone(), crate::node::SLOT.into());
        }
    }
    lifted
}

/// n8n's parameters for ours by the mapping that brings them back, else by the first.
pub fn lower_by_best(
    manifest: &Manifest,
    mappings: &[FromN8n],
    params: &Map,
    to: &part::n8n::Version,
    pages: bool,
) -> Map {
    let of_type = |from: &&FromN8n| {
        type_of(manifest, from).is_some_and(|known| known == to.node_type)
            && (from.versions.is_empty() || from.versions.contains(&to.version))
    };
    let back = |from: &&FromN8n| {
        let node = Node {
            name: String::new(),
            node_type: to.node_type.clone(),
            version: to.version,
            parameters: lower(from, params),
            credentials: Map::new(),
            webhook_id: None,
        };
        fits(manifest, from, &node).is_some() && lift(manifest, from, &node, pages).params == *params
    };
    let fitting = || mappings.iter().filter(of_type);
    let chosen = fitting().find(back).or_else(|| fitting().next());
    chosen.map_or_else(|| params.clone(), |from| lower(from, params))
}

/// n8n's parameters for ours, as far as they are only named otherwise; the rest is kept from the file.
pub fn lower(from: &FromN8n, params: &Map) -> Map {
    let mut lowered = Map::new();
    for (place, wanted) in &from.when {
        let value = match wanted {
            Wanted::One(value) => value,
            Wanted::Any(list) => match list.iter().find(|value| !value.is_null()) {
                Some(value) if !list.contains(&Value::Null) => value,
                _ => continue,
            },
        };
        part::n8n::put(&mut lowered, place, value.clone());
    }
    for (name, source) in &from.params {
        let place = match source {
            From::Path(place) => place,
            From::First(list) => match list.first() {
                Some(From::Path(place)) => place,
                _ => continue,
            },
            From::Source(_) => continue,
        };
        let inner = path::at(&Value::Object(params.clone()), name);
        part::n8n::put(&mut lowered, place, inner.unwrap_or_default());
    }
    lowered
}

/// Places that a mapping reads, and those that change nothing.
pub fn idle(manifest: &Manifest, from: &FromN8n) -> Vec<String> {
    let mut places: Vec<String> = IDLE.iter().map(|place| (*place).to_owned()).collect();
    let own = type_of(manifest, from);
    let of_type = manifest.n8n.iter().filter(|n8n| Some(full(&n8n.node_type)) == own);
    places.extend(of_type.flat_map(|n8n| n8n.idle.iter().cloned()));
    places.extend(from.idle.iter().cloned());
    places.extend(from.when.keys().cloned());
    from.params.values().for_each(|source| read_by(source, "", &mut places));
    places
}

fn read_by(source: &From, below: &str, places: &mut Vec<String>) {
    let at = |place: &str| match (below, place) {
        ("", place) => place.to_owned(),
        (below, "") => below.to_owned(),
        (below, place) => format!("{below}.{place}"),
    };
    match source {
        From::Path(place) => places.push(at(place)),
        From::First(list) => list.iter().for_each(|source| read_by(source, below, places)),
        From::Source(source) => match &source.from {
            Some(place) if source.fields.is_empty() => places.push(at(place)),
            Some(place) => {
                let inner = at(place);
                for field in source.fields.values() {
                    read_by(field, &inner, places);
                    read_by(field, &format!("{inner}.*"), places);
                }
            }
            None => {}
        },
    }
}

fn take(source: &From, whole: &Value) -> Option<Value> {
    match source {
        From::Path(place) => found(whole, place, None),
        From::First(list) => list.iter().find_map(|source| take(source, whole)),
        From::Source(source) => shaped(source, whole),
    }
}

/// What is at a place, out of the locator that may hold it. Nothing, and empty texts and lists, are no value.
fn found(whole: &Value, place: &str, url: Option<&str>) -> Option<Value> {
    let value = path::at(whole, place)?;
    let by_address = value.get("__rl").is_some() && value.get("mode").is_some_and(|mode| mode == "url");
    let inner = part::n8n::locator(&value).clone();
    let inner = match (inner.as_str(), url) {
        (Some(text), Some(pattern)) if by_address && !is_expression(&inner) => {
            let pattern = regex::Regex::new(pattern).ok()?;
            match pattern.captures(text).and_then(|groups| groups.get(1)) {
                Some(group) => group.as_str().into(),
                None => inner,
            }
        }
        (Some(text), Some(pattern)) if by_address => {
            let script = text.strip_prefix('=').unwrap_or(text);
            matched(script, pattern).into()
        }
        _ => inner,
    };
    let empty = match &inner {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    (!empty).then_some(inner)
}

/// An expression whose value is an address becomes one that takes the value out of it.
fn matched(template: &str, pattern: &str) -> String {
    let escaped = pattern.replace('/', "\\/");
    let text = match template.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
        Some(inner) if !inner.contains("{{") => format!("({})", inner.trim()),
        _ => joined(template),
    };
    format!("={{{{ (v => (String(v).match(/{escaped}/) ?? [])[1] ?? v)({text}) }}}}")
}

/// A template as one JavaScript expression.
fn joined(template: &str) -> String {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        if !before.is_empty() {
            parts.push(inside(&before.into()));
        }
        let (inner, after) = after.split_once("}}").unwrap_or((after, ""));
        parts.push(format!("({})", inner.trim()));
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(inside(&rest.into()));
    }
    parts.join(" + ")
}

fn shaped(source: &Source, whole: &Value) -> Option<Value> {
    if let Some(value) = &source.value {
        return Some(value.clone());
    }
    let place = source.from.as_deref().unwrap_or_default();
    let value = match place {
        "" => Some(whole.clone()),
        place => found(whole, place, source.url.as_deref()),
    };
    let Some(value) = value else { return source.default.clone() };
    if is_expression(&value) {
        return Some(match &source.map {
            Some(shape) => {
                let text = value.as_str().unwrap_or_default();
                let template = text.strip_prefix('=').unwrap_or(text);
                let inner = match template.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
                    Some(inner) if !inner.contains("{{") => inner.trim().to_owned(),
                    _ => joined(template),
                };
                format!("={{{{ (v => ({}))({inner}) }}}}", script(shape)).into()
            }
            None => value,
        });
    }
    let value = match &source.pairs {
        Some([name, content]) => Value::Object(
            list(&value)
                .iter()
                .filter_map(|pair| {
                    let name = part::lenient::to_text(part::n8n::locator(pair.get(name)?).clone());
                    let value = path::at(pair, content).unwrap_or_default();
                    Some((name, part::n8n::locator(&value).clone()))
                })
                .collect(),
        ),
        None => value,
    };
    let value = match &source.pluck {
        Some(field) => list(&value).iter().filter_map(|element| path::at(element, field)).collect(),
        None => value,
    };
    let value = if source.fields.is_empty() {
        value
    } else {
        let object = |element: &Value| {
            let mut map = Map::new();
            for (name, from) in &source.fields {
                if let Some(value) = take(from, element) {
                    part::n8n::put(&mut map, name, value);
                }
            }
            Value::Object(map)
        };
        match &value {
            Value::Array(list) => list.iter().map(object).collect(),
            other => object(other),
        }
    };
    let value = match (value.as_str(), source.not) {
        (Some(text), false) => source.values.get(text).cloned().unwrap_or(value),
        (None, true) => match value {
            Value::Bool(flag) => (!flag).into(),
            other => other,
        },
        _ => match source.values.get(&value.to_string()) {
            Some(ours) => ours.clone(),
            None => value,
        },
    };
    let empty = match &value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    match &source.map {
        None if empty && !source.fields.is_empty() => None,
        // The script is run where the node runs, over the value as it stands in the file.
        Some(shape) => Some(format!("={{{{ (v => ({}))({}) }}}}", script(shape), literal(&value)).into()),
        None => Some(value),
    }
}

/// A value as JavaScript, with the expressions in it.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) if text.starts_with('=') => {
            let template = &text[1..];
            match template.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
                Some(inner) if !inner.contains("{{") => format!("({})", inner.trim()),
                _ => joined(template),
            }
        }
        Value::Array(list) => format!("[{}]", list.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let fields = map.iter().map(|(name, value)| format!("{}: {}", inside(&json!(name)), literal(value)));
            // Two braces side by side would end the expression.
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        other => inside(other),
    }
}

/// A text or number as JavaScript inside of an expression, which two braces would end.
fn inside(value: &Value) -> String {
    value.to_string().replace("}}", "}\\u007d").replace("{{", "{\\u007b")
}

/// A script of a manifest inside of an expression.
fn script(text: &str) -> String {
    text.replace("}}", "} }").replace("}}", "} }").replace("{{", "{ {").replace("{{", "{ {")
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::Null => Vec::new(),
        other => vec![other.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: Value, theirs: Value, expect: Value) {
        let from: From = serde_json::from_value(source.clone()).unwrap();
        assert_eq!(take(&from, &theirs).unwrap_or_default(), expect, "{source} of {theirs}");
    }

    #[test]
    fn values_are_moved_as_the_manifest_says() {
        let locator = json!({ "a": { "__rl": true, "mode": "url", "value": "https://x/d/ID1/edit" } });
        check(json!({ "from": "a", "url": "/d/([^/]+)" }), locator, json!("ID1"));
        check(json!("a"), json!({ "a": { "__rl": true, "mode": "id", "value": "i" } }), json!("i"));
        check(json!(["b", "a"]), json!({ "a": 1, "b": "" }), json!(1));
        check(json!({ "value": 7 }), json!({}), json!(7));
        check(json!({ "from": "a", "values": { "x": "y" } }), json!({ "a": "x" }), json!("y"));
        check(json!({ "from": "a", "not": true }), json!({ "a": true }), json!(false));
        check(json!({ "from": "a", "default": 5 }), json!({}), json!(5));
        check(
            json!({ "from": "a.v", "pairs": ["k", "v"] }),
            json!({ "a": { "v": [{ "k": "x", "v": 1 }, { "k": "y", "v": "={{ $json.a }}" }] } }),
            json!({ "x": 1, "y": "={{ $json.a }}" }),
        );
        check(json!({ "from": "a", "pluck": "n" }), json!({ "a": [{ "n": 1 }, { "n": 2 }] }), json!([1, 2]));
        check(
            json!({ "from": "a", "fields": { "to": "from" } }),
            json!({ "a": [{ "from": 1 }] }),
            json!([{ "to": 1 }]),
        );
    }

    #[test]
    fn braces_of_values_and_scripts_do_not_end_the_expression() {
        let from: From = serde_json::from_value(json!({ "from": "a", "map": "({a: {b: v}})" })).unwrap();
        let lifted = take(&from, &json!({ "a": { "x": { "y": "}} {{" } } })).unwrap();
        let mut params = Map::new();
        params.insert("p".into(), lifted);
        assert!(model::template::Params::compile(&params).is_ok(), "{params:?}");
    }

    #[test]
    fn expressions_are_moved_as_they_are_or_into_the_script() {
        check(json!("a"), json!({ "a": "={{ $json.b }}" }), json!("={{ $json.b }}"));
        check(
            json!({ "from": "a", "map": "v.split(' ')" }),
            json!({ "a": "={{ $json.b }}" }),
            json!("={{ (v => (v.split(' ')))($json.b) }}"),
        );
        check(
            json!({ "from": "a", "map": "v.x" }),
            json!({ "a": { "x": "=a {{ $json.b }}" } }),
            json!("={{ (v => (v.x))({ \"x\": \"a \" + ($json.b) }) }}"),
        );
    }
}

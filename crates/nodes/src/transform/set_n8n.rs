//! The shapes that n8n's set node has had, and the way between them and ours.

use model::{Map, Value};
use part::n8n::Node;
use serde_json::json;

use crate::js;
use crate::lift::{self, Names};

/// Our parameters for a set node of any version.
pub fn lift(node: &Node) -> Map {
    if node.version < 3.0 { lift_old(node) } else { lift_new(node) }
}

/// n8n's parameters of that version for ours.
pub fn lower(params: &Map, version: f64) -> Map {
    if version < 3.0 { lower_old(params) } else { lower_new(params, version) }
}

const KINDS: [&str; 3] = ["boolean", "number", "string"];

/// Versions 1 and 2: values by type, set in the order boolean, number, text.
fn lift_old(node: &Node) -> Map {
    let mut params = Map::new();
    let mut fields = Vec::new();
    for kind in KINDS {
        for entry in node.param(&format!("values.{kind}")).as_array().into_iter().flatten() {
            let default = match kind {
                "boolean" => json!(false),
                "number" => json!(0),
                _ => json!(""),
            };
            let name = entry.get("name").cloned().unwrap_or_else(|| json!("propertyName"));
            let value = entry.get("value").cloned().unwrap_or(default);
            fields.push(json!({ "name": name, "type": kind, "value": value }));
        }
    }
    let keep_only = node.value("keepOnlySet", false);
    let flag = |value: Value, yes: &str, no: &str| match value {
        Value::String(expression) => Value::String(choose(&expression, yes, no)),
        value => Value::from(if js::truthy(Some(&value)) { yes } else { no }),
    };
    params.insert("fields".into(), Value::Array(fields));
    params.insert("include".into(), flag(keep_only.clone(), "none", "all"));
    // What is dropped takes its files along.
    if let Value::Bool(true) = keep_only {
        params.insert("stripBinary".into(), json!(true));
    }
    params.insert("rules".into(), json!(if node.version >= 2.0 { "2" } else { "1" }));
    copy(node, &mut params, &[("dotNotation", "options.dotNotation")]);
    params
}

fn lower_old(params: &Map) -> Map {
    let mut map = Map::new();
    for field in params.get("fields").and_then(Value::as_array).into_iter().flatten() {
        let kind = field["type"].as_str().filter(|kind| KINDS.contains(kind)).unwrap_or("string");
        let place = map.entry("values").or_insert_with(|| json!({}));
        if let Some(group) = place.as_object_mut().map(|groups| groups.entry(kind).or_insert_with(|| json!([]))) {
            let entry = json!({ "name": field["name"], "value": field["value"] });
            group.as_array_mut().into_iter().for_each(|group| group.push(entry.clone()));
        }
    }
    let keep_only = match params.get("include").and_then(Value::as_str) {
        Some(expression) if expression.starts_with('=') => Value::String(unchoose(expression)),
        include => json!(include.unwrap_or("none") == "none"),
    };
    map.insert("keepOnlySet".into(), keep_only);
    give(params, &mut map, &[("dotNotation", "options.dotNotation")]);
    map
}

/// An expression of a boolean as one of a choice.
fn choose(expression: &str, yes: &str, no: &str) -> String {
    match expression.strip_prefix("={{").and_then(|rest| rest.strip_suffix("}}")) {
        Some(code) => format!("={{{{ ({code}) ? '{yes}' : '{no}' }}}}"),
        None => format!("={yes}"),
    }
}

/// The way back from [`choose`].
fn unchoose(expression: &str) -> String {
    let code = expression.strip_prefix("={{ (").and_then(|rest| rest.split_once(") ? '"));
    code.map_or_else(|| expression.to_owned(), |(code, _)| format!("={{{{{code}}}}}"))
}

const PLAIN: Names = &[
    ("includeFields", "includeFields"),
    ("excludeFields", "excludeFields"),
    ("dotNotation", "options.dotNotation"),
    ("ignoreConversionErrors", "options.ignoreConversionErrors"),
];

fn lift_new(node: &Node) -> Map {
    let mut params = Map::new();
    copy(node, &mut params, PLAIN);
    if node.text("mode", "manual") == "raw" {
        params.insert("mode".into(), json!("json"));
        params
            .insert("json".into(), node.value("jsonOutput", "{\n  \"my_field_1\": \"value\",\n  \"my_field_2\": 1\n}"));
    } else if node.version < 3.3 {
        let values = node.param("fields.values").as_array().map_or(&[][..], Vec::as_slice);
        params.insert("fields".into(), values.iter().map(lift_value).collect());
    } else {
        let list = node.param("assignments.assignments").as_array().map_or(&[][..], Vec::as_slice);
        params.insert("fields".into(), list.iter().map(lift_assignment).collect());
    }
    let include = node.value("include", "all");
    let include = match node.param("includeOtherFields") {
        _ if node.version < 3.3 => include,
        Value::Bool(true) => include,
        Value::String(expression) => Value::String(choose(expression, include.as_str().unwrap_or("all"), "none")),
        _ => json!("none"),
    };
    params.insert("include".into(), include);
    let strip = match node.version < 3.4 {
        true => !node.flag("options.includeBinary", false),
        false => node.flag("options.stripBinary", false),
    };
    if strip {
        params.insert("stripBinary".into(), json!(true));
    }
    if node.flag("duplicateItem", false) {
        params.insert("duplicates".into(), node.value("duplicateCount", 0));
    }
    let rules = match node.version {
        version if version < 3.05 => "3",
        version if version < 3.15 => "3.1",
        version if version < 3.35 => "3.2",
        _ => return params,
    };
    params.insert("rules".into(), json!(rules));
    params
}

/// `{name, type: "stringValue", stringValue}`.
fn lift_value(entry: &Value) -> Value {
    let kind = entry.get("type").and_then(Value::as_str).unwrap_or("stringValue");
    let default = match kind {
        "booleanValue" => "true",
        "objectValue" => "={}",
        _ => "",
    };
    let value = entry.get(kind).cloned().unwrap_or_else(|| json!(default));
    let name = entry.get("name").cloned().unwrap_or_else(|| json!(""));
    json!({ "name": name, "type": kind.trim_end_matches("Value"), "value": value })
}

fn lift_assignment(entry: &Value) -> Value {
    let mut field = Map::new();
    for key in ["id", "name", "value", "type"] {
        if let Some(value) = entry.get(key).filter(|value| !value.is_null()) {
            field.insert(key.into(), value.clone());
        }
    }
    Value::Object(field)
}

fn lower_new(params: &Map, version: f64) -> Map {
    let mut map = Map::new();
    let fields = params.get("fields").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if params.get("mode").is_some_and(|mode| mode == "json") {
        map.insert("mode".into(), json!("raw"));
        map.insert("jsonOutput".into(), params.get("json").cloned().unwrap_or_default());
    } else if version < 3.3 {
        let value = |field: &Value| {
            let kind = format!("{}Value", field["type"].as_str().unwrap_or("string"));
            let mut entry = json!({ "name": field["name"], "type": kind });
            entry[kind.as_str()] = field["value"].clone();
            entry
        };
        lift::put(&mut map, "fields.values", fields.iter().map(value).collect::<Value>());
    } else {
        lift::put(&mut map, "assignments.assignments", fields.to_vec());
    }
    let include = params.get("include").and_then(Value::as_str).unwrap_or("none");
    match include {
        include if version < 3.3 => drop(map.insert("include".into(), json!(include))),
        "none" => {}
        "all" => drop(map.insert("includeOtherFields".into(), json!(true))),
        expression if expression.starts_with("={{") => {
            map.insert("includeOtherFields".into(), json!(unchoose(expression)));
        }
        include => {
            map.insert("includeOtherFields".into(), json!(true));
            map.insert("include".into(), json!(include));
        }
    }
    let strip = params.get("stripBinary").is_some_and(|strip| strip == &json!(true));
    match (version < 3.4, strip) {
        (true, false) => lift::put(&mut map, "options.includeBinary", json!(true)),
        (false, true) => lift::put(&mut map, "options.stripBinary", json!(true)),
        _ => {}
    }
    if let Some(count) = params.get("duplicates") {
        map.insert("duplicateItem".into(), json!(true));
        map.insert("duplicateCount".into(), count.clone());
    }
    give(params, &mut map, PLAIN);
    map
}

fn copy(node: &Node, params: &mut Map, table: Names) {
    params.extend(lift::named(node, table));
}

fn give(params: &Map, map: &mut Map, table: Names) {
    for (ours, theirs) in table {
        if let Some(value) = params.get(*ours) {
            lift::put(map, theirs, value.clone());
        }
    }
}

//! What the form of a node in the editor needs to know beyond a field's type, written at the field as `x-form`.
//!
//! The name that is shown is the schema's `title`, an example its `examples`. `x-form` says the rest:
//!
//! | hint | meaning |
//! |---|---|
//! | `when` | the field counts only while its siblings have these values: `{ "operation": ["insert", "update"] }`; all of them must hold, and `null` stands for a sibling that is absent; of a list of such objects, one is enough |
//! | `offered` | which choices there are under each value of a sibling: `{ "resource": { "file": ["copy"] } }` |
//! | `as` | the control, where the type alone would give a plain one; one of [`CONTROLS`] |
//! | `words` | what numbers mean: `{ "0": "At most once" }` |
//! | `unit` | what a number counts |
//! | `choices` | values are offered from a list that is asked for: `from` names the node's parameters that it depends on, `search` says that whoever has the list searches it |
//! | `more` | it stands behind “More” |
//! | `old` | only imports write it: it is shown where it is set |
//!
//! A hint hides nothing from the node: a field that is not shown keeps its value and its meaning.

use std::collections::BTreeSet;

use model::{Map, Value};

/// The key of the hints in a property's schema.
pub const KEY: &str = "x-form";

/// Controls that a field can ask for.
pub const CONTROLS: &[&str] = &[
    "text", "sql", "json", "html", "css", "shell", "graphql", "password", "moment", "names", "commas", "field",
    "fields", "columns", "column", "table", "workflow", "values", "form",
];

/// What is wrong with the hints of a schema; each says where.
pub fn faults(schema: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    visit(schema, schema, "", &mut faults);
    faults
}

fn visit(root: &Value, schema: &Value, place: &str, faults: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(Value::as_object) {
                for (name, property) in properties {
                    if let Some(hints) = property.get(KEY) {
                        let place = format!("{place}/properties/{name}");
                        for fault in faults_of(root, properties, hints) {
                            faults.push(format!("`{place}`: {fault}"));
                        }
                    }
                }
            }
            map.iter().filter(|(key, _)| *key != KEY).for_each(|(key, inner)| {
                visit(root, inner, &format!("{place}/{key}"), faults);
            });
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, inner)| visit(root, inner, &format!("{place}/{at}"), faults));
        }
        _ => {}
    }
}

fn faults_of(root: &Value, siblings: &Map, hints: &Value) -> Vec<String> {
    let Some(hints) = hints.as_object() else { return vec!["hints are an object".into()] };
    let mut faults = Vec::new();
    for (key, hint) in hints {
        match key.as_str() {
            "when" => {
                for conditions in each(hint) {
                    let Some(conditions) = conditions.as_object() else {
                        faults.push("`when` is an object of siblings, or a list of them".into());
                        continue;
                    };
                    for (name, values) in conditions {
                        faults.extend(each(values).into_iter().filter_map(|value| unfit(root, siblings, name, value)));
                    }
                }
            }
            "offered" => match hint.as_object() {
                Some(by) => by.iter().for_each(|(name, lists)| {
                    for value in lists.as_object().into_iter().flat_map(Map::keys) {
                        faults.extend(unfit(root, siblings, name, &Value::String(value.clone())));
                    }
                }),
                None => faults.push("`offered` is an object of siblings".into()),
            },
            "as" => {
                if !hint.as_str().is_some_and(|control| CONTROLS.contains(&control)) {
                    faults.push(format!("there is no control {hint}"));
                }
            }
            "unit" => {
                if !hint.is_string() {
                    faults.push("`unit` is a text".into());
                }
            }
            "words" => {
                if !hint.is_object() {
                    faults.push("`words` is an object of texts by number".into());
                }
            }
            "choices" => {
                let from = hint["from"].as_array().is_some_and(|from| from.iter().all(Value::is_string));
                if !from || !hint["search"].is_boolean() {
                    faults.push("`choices` says `from`, a list of parameters, and `search`, true or false".into());
                }
            }
            "more" | "old" => {
                if hint != true {
                    faults.push(format!("`{key}` is true, or absent"));
                }
            }
            other => faults.push(format!("there is no hint `{other}`")),
        }
    }
    faults
}

/// The elements of a list; what is none stands for itself.
fn each(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}

/// Why a sibling cannot have a value.
fn unfit(root: &Value, siblings: &Map, name: &str, value: &Value) -> Option<String> {
    let Some(sibling) = siblings.get(name) else { return Some(format!("there is no sibling `{name}`")) };
    let mut choices = BTreeSet::new();
    let mut types = BTreeSet::new();
    values(root, sibling, &mut choices, &mut types);
    let fits = match value {
        Value::Null => types.contains("null"),
        Value::Bool(_) => types.contains("boolean"),
        Value::Number(_) => types.contains("number") || types.contains("integer"),
        Value::String(text) => choices.contains(text) || choices.is_empty() && types.contains("string"),
        _ => false,
    };
    (!fits).then(|| format!("`{name}` is never {value}"))
}

/// The choices and types of a schema.
fn values(root: &Value, schema: &Value, choices: &mut BTreeSet<String>, types: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str().and_then(|place| root.pointer(place.strip_prefix('#')?)) {
        values(root, target, choices, types);
    }
    for one in ["oneOf", "anyOf"].iter().filter_map(|key| schema[*key].as_array()).flatten() {
        values(root, one, choices, types);
    }
    let texts = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const"));
    choices.extend(texts.filter_map(|value| Some(value.as_str()?.to_owned())));
    let named = schema["type"].as_array().into_iter().flatten().chain(schema.get("type"));
    types.extend(named.filter_map(|kind| Some(kind.as_str()?.to_owned())));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(hints: Value, expected: &[&str]) {
        let schema = json!({
            "properties": {
                "operation": { "$ref": "#/$defs/Operation" },
                "kind": { "anyOf": [{ "$ref": "#/$defs/Operation" }, { "type": "null" }] },
                "all": { "type": "boolean" },
                "free": { "type": "string" },
                "field": { "type": "string", "x-form": hints },
            },
            "$defs": { "Operation": { "oneOf": [{ "const": "get", "type": "string" }, { "type": "string", "enum": ["set"] }] } },
        });
        let expected: Vec<String> = expected.iter().map(|fault| format!("`/properties/field`: {fault}")).collect();
        assert_eq!(faults(&schema), expected);
    }

    #[test]
    fn hints_that_siblings_can_meet_are_sound() {
        check(
            json!({ "when": { "operation": ["get", "set"], "kind": [null, "get"], "all": false, "free": "any" } }),
            &[],
        );
        check(json!({ "when": [{ "operation": "get" }, { "all": true, "kind": null }] }), &[]);
        check(json!({ "as": "sql", "unit": "s", "more": true, "old": true, "words": { "0": "none" } }), &[]);
        check(json!({ "choices": { "from": ["operation"], "search": true } }), &[]);
        check(json!({ "offered": { "operation": { "get": ["a"], "set": [] } } }), &[]);
    }

    #[test]
    fn hints_that_can_never_hold_are_named() {
        check(json!({ "when": { "operation": ["get", "put"] } }), &["`operation` is never \"put\""]);
        check(json!({ "when": { "operation": null } }), &["`operation` is never null"]);
        check(json!({ "when": { "all": "true" } }), &["`all` is never \"true\""]);
        check(json!({ "when": [{ "all": true }, "all"] }), &["`when` is an object of siblings, or a list of them"]);
        check(json!({ "when": { "gone": "x" } }), &["there is no sibling `gone`"]);
        check(json!({ "offered": { "operation": { "put": [] } } }), &["`operation` is never \"put\""]);
        check(json!({ "as": "slider" }), &["there is no control \"slider\""]);
        check(json!({ "color": "red", "more": false }), &["there is no hint `color`", "`more` is true, or absent"]);
        check(
            json!({ "choices": "channels" }),
            &["`choices` says `from`, a list of parameters, and `search`, true or false"],
        );
        check(json!([]), &["hints are an object"]);
    }
}

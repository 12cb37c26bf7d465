//! Conditions as the first versions of n8n's nodes stored them: grouped by type, compared without conversion.

use model::{Map, Value};
use serde_json::json;

/// Names of comparisons, n8n's first and ours.
const OPERATIONS: &[(&str, &str)] = &[
    ("equal", "equals"),
    ("notEqual", "notEquals"),
    ("larger", "gt"),
    ("largerEqual", "gte"),
    ("smaller", "lt"),
    ("smallerEqual", "lte"),
    ("isEmpty", "empty"),
    ("isNotEmpty", "notEmpty"),
];

/// The types in the order in which they are compared, with the comparison and the value that are left out.
fn types() -> [(&'static str, &'static str, Value); 4] {
    [
        ("boolean", "equal", json!(false)),
        ("dateTime", "after", json!("")),
        ("number", "smaller", json!(0)),
        ("string", "equal", json!("")),
    ]
}

/// Options that make conditions compare as they did.
pub fn options() -> Value {
    json!({ "caseSensitive": true, "typeValidation": "none", "version": 1 })
}

/// One condition.
pub fn condition(kind: &str, entry: &Value, value1: Option<&Value>) -> Value {
    let (_, operation, default) = types().into_iter().find(|(name, ..)| *name == kind).unwrap_or(types()[3].clone());
    let operation = entry.get("operation").and_then(Value::as_str).unwrap_or(operation);
    let ours = OPERATIONS.iter().find(|(theirs, _)| *theirs == operation).map_or(operation, |(_, ours)| ours);
    let left = value1.or_else(|| entry.get("value1")).unwrap_or(&default);
    let right = entry.get("value2").unwrap_or(&default);
    json!({ "leftValue": left, "rightValue": right, "operator": { "type": kind, "operation": ours } })
}

/// Conditions by type (`{"string": [{value1, operation, value2}]}`), combined by `and` or `or`.
pub fn lift(groups: &Value, combinator: &str) -> Value {
    let mut conditions = Vec::new();
    for (kind, ..) in types() {
        let entries = groups.get(kind).and_then(Value::as_array);
        conditions.extend(entries.into_iter().flatten().map(|entry| condition(kind, entry, None)));
    }
    json!({ "conditions": conditions, "combinator": combinator, "options": options() })
}

/// The way back: conditions by type.
pub fn lower(conditions: &Value) -> Value {
    let mut groups = Map::new();
    for condition in conditions.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let kind = condition["operator"]["type"].as_str().unwrap_or("string");
        let entry = json!({
            "value1": condition["leftValue"],
            "operation": operation(condition),
            "value2": condition["rightValue"],
        });
        let group = groups.entry(kind).or_insert_with(|| json!([]));
        group.as_array_mut().into_iter().for_each(|group| group.push(entry.clone()));
    }
    Value::Object(groups)
}

/// n8n's first name of a condition's comparison.
pub fn operation(condition: &Value) -> &str {
    let ours = condition["operator"]["operation"].as_str().unwrap_or("equals");
    OPERATIONS.iter().find(|(_, name)| *name == ours).map_or(ours, |(theirs, _)| theirs)
}

/// Conditions of a later version, with what n8n takes for the options that the file does not have.
pub fn explicit(conditions: &Value) -> Value {
    let mut conditions = conditions.clone();
    if let Some(map) = conditions.as_object_mut() {
        map.retain(|key, _| matches!(key.as_str(), "conditions" | "combinator" | "options"));
        map.entry("combinator").or_insert_with(|| json!("and"));
        let options = map.entry("options").or_insert_with(|| json!({}));
        if let Some(options) = options.as_object_mut() {
            options
                .retain(|key, _| matches!(key.as_str(), "caseSensitive" | "typeValidation" | "version" | "leftValue"));
            options.entry("caseSensitive").or_insert(json!(false));
            options.entry("typeValidation").or_insert_with(|| json!("loose"));
            options.entry("version").or_insert(json!(1));
        }
    }
    conditions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_the_old_defaults() {
        let lifted = lift(&json!({ "number": [{ "value1": "={{ 1 }}" }], "boolean": [{ "value2": true }] }), "or");
        assert_eq!(
            lifted["conditions"],
            json!([
                { "leftValue": false, "rightValue": true, "operator": { "type": "boolean", "operation": "equals" } },
                { "leftValue": "={{ 1 }}", "rightValue": 0, "operator": { "type": "number", "operation": "lt" } },
            ])
        );
        assert_eq!(lift(&lower(&lifted), "or"), lifted);
    }
}

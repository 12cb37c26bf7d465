//! What changed between two specs: as a JSON patch (RFC 6902) for programs, and place by place for people.

use model::Value;
use model::problem::pointer_step;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The difference of two texts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Place by place.
    pub changes: Vec<Change>,
    /// RFC 6902; applied to the first text it gives the second.
    pub patch: Vec<Value>,
}

/// What changed at one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Where. Nodes and other named entries of a list are addressed by their name: `/nodes/Set Fields/params/mode`.
    pub pointer: String,
    /// What was there; absent when there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there; absent when there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The difference between two values.
pub fn difference(before: &Value, after: &Value) -> Difference {
    let mut changes = Vec::new();
    describe("", Some(before), Some(after), &mut changes);
    let mut operations = Vec::new();
    patch("", before, after, &mut operations);
    Difference { changes, patch: operations }
}

fn describe(pointer: &str, before: Option<&Value>, after: Option<&Value>, out: &mut Vec<Change>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let added = after.keys().filter(|key| !before.contains_key(*key));
            for key in before.keys().chain(added) {
                let place = format!("{pointer}/{}", pointer_step(key));
                describe(&place, before.get(key), after.get(key), out);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => match (names(before), names(after)) {
            // Entries with names are told apart by them, so that a node put in front does not change all others.
            (Some(old), Some(new)) => {
                let added = new.iter().filter(|name| !old.contains(name));
                for name in old.iter().chain(added) {
                    let find = |names: &[&str], values: &'_ [Value]| {
                        names.iter().position(|own| own == name).and_then(|at| values.get(at)).cloned()
                    };
                    let (one, other) = (find(&old, before), find(&new, after));
                    describe(&format!("{pointer}/{}", pointer_step(name)), one.as_ref(), other.as_ref(), out);
                }
            }
            _ => {
                for at in 0..before.len().max(after.len()) {
                    describe(&format!("{pointer}/{at}"), before.get(at), after.get(at), out);
                }
            }
        },
        (before, after) => {
            out.push(Change { pointer: pointer.to_owned(), before: before.cloned(), after: after.cloned() });
        }
    }
}

/// The names of the entries, when each has one and no two are the same.
fn names(values: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<&str> = values.iter().map(|value| value.get("name")?.as_str()).collect::<Option<_>>()?;
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.windows(2).all(|two| two[0] != two[1]).then_some(names)
}

fn patch(pointer: &str, before: &Value, after: &Value, out: &mut Vec<Value>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(before), Value::Object(after)) => {
            for key in before.keys().filter(|key| !after.contains_key(*key)) {
                out.push(json!({ "op": "remove", "path": format!("{pointer}/{}", pointer_step(key)) }));
            }
            for (key, value) in after {
                let place = format!("{pointer}/{}", pointer_step(key));
                match before.get(key) {
                    Some(old) => patch(&place, old, value, out),
                    None => out.push(json!({ "op": "add", "path": place, "value": value })),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            let shared = before.len().min(after.len());
            for at in 0..shared {
                patch(&format!("{pointer}/{at}"), &before[at], &after[at], out);
            }
            // From the end, so that no index moves under the next one.
            for at in (shared..before.len()).rev() {
                out.push(json!({ "op": "remove", "path": format!("{pointer}/{at}") }));
            }
            for value in &after[shared..] {
                out.push(json!({ "op": "add", "path": format!("{pointer}/-"), "value": value }));
            }
        }
        (_, after) => out.push(json!({ "op": "replace", "path": pointer, "value": after })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(mut value: Value, patch: &[Value]) -> Value {
        for step in patch {
            let path = step["path"].as_str().unwrap();
            let Some((parent, key)) = path.rsplit_once('/') else {
                value = step["value"].clone();
                continue;
            };
            let key = key.replace("~1", "/").replace("~0", "~");
            match (value.pointer_mut(parent).unwrap(), step["op"].as_str().unwrap()) {
                (Value::Object(map), "remove") => drop(map.shift_remove(&key)),
                (Value::Object(map), _) => drop(map.insert(key, step["value"].clone())),
                (Value::Array(list), "remove") => drop(list.remove(key.parse().unwrap())),
                (Value::Array(list), "add") => list.push(step["value"].clone()),
                (Value::Array(list), _) => list[key.parse::<usize>().unwrap()] = step["value"].clone(),
                other => panic!("{other:?}"),
            }
        }
        value
    }

    #[test]
    fn patches_turn_one_text_into_the_other() {
        let texts = [
            json!({ "a": 1, "b/c": [1, 2, { "x": null }] }),
            json!({ "a": 2, "b/c": [1], "d": {} }),
            json!({ "b/c": [3, 4, 5, 6, 7] }),
            json!([]),
            json!("text"),
        ];
        for before in &texts {
            for after in &texts {
                assert_eq!(apply(before.clone(), &difference(before, after).patch), *after);
            }
        }
    }

    #[test]
    fn people_see_nodes_by_name() {
        let before = json!({ "nodes": [{ "name": "A", "p": 1 }, { "name": "B", "p": 1 }] });
        let after = json!({ "nodes": [{ "name": "New" }, { "name": "A", "p": 1 }, { "name": "B", "p": 2 }] });
        let changes = difference(&before, &after).changes;
        let places: Vec<&str> = changes.iter().map(|change| change.pointer.as_str()).collect();
        assert_eq!(places, ["/nodes/B/p", "/nodes/New"]);
        assert_eq!((changes[0].before.clone(), changes[0].after.clone()), (Some(json!(1)), Some(json!(2))));
    }
}

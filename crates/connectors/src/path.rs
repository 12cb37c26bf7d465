//! Places in JSON: paths of dots.

use model::{Map, Value};

/// What is at a path. A number is a position in a list, a negative one counts from its end; `*` takes the rest of the
/// path from each element of a list. A field whose name has dots is found where the rest of the path is its name.
pub fn at(value: &Value, path: &str) -> Option<Value> {
    if path.is_empty() {
        return Some(value.clone());
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    match value {
        Value::Object(map) => match map.get(path) {
            Some(whole) => Some(whole.clone()),
            None => at(map.get(step)?, rest),
        },
        Value::Array(list) if step == "*" => {
            Some(list.iter().filter_map(|element| at(element, rest)).collect::<Vec<_>>().into())
        }
        Value::Array(list) => {
            let index: i64 = step.parse().ok()?;
            let index = if index < 0 { list.len().checked_sub(index.unsigned_abs() as usize)? } else { index as usize };
            at(list.get(index)?, rest)
        }
        _ => None,
    }
}

/// Puts a value at a path, making the objects on the way. A dot of a name is written `\\.`.
pub fn put(map: &mut Map, path: &str, value: Value) {
    let mut dots = path.match_indices('.').map(|(at, _)| at);
    match dots.find(|at| !path[..*at].ends_with('\\')).map(|at| (&path[..at], &path[at + 1..])) {
        None => drop(map.insert(path.replace("\\.", "."), value)),
        Some((step, rest)) => {
            let inner = map.entry(step.replace("\\.", ".")).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_found_by_name_position_and_in_every_element() {
        let value = json!({ "a": { "b": [1, { "c": 2 }, 3] }, "@odata.next": "x" });
        let check = |path: &str, expect: Value| assert_eq!(at(&value, path).unwrap_or_default(), expect, "{path}");
        check("a.b.0", json!(1));
        check("a.b.1.c", json!(2));
        check("a.b.-1", json!(3));
        check("a.b.-4", json!(null));
        check("a.b.*.c", json!([2]));
        check("@odata.next", json!("x"));
        check("a.b.c", json!(null));
        check("", value.clone());
    }

    #[test]
    fn objects_are_made_on_the_way() {
        let mut map = Map::new();
        put(&mut map, "a.b", 1.into());
        put(&mut map, "a.c.d", 2.into());
        put(&mut map, "e", 3.into());
        put(&mut map, "f\\.g", 4.into());
        assert_eq!(Value::Object(map), json!({ "a": { "b": 1, "c": { "d": 2 } }, "e": 3, "f.g": 4 }));
    }
}

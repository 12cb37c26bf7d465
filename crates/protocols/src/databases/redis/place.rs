//! Where a value is put: `deep.list[1].name`, as n8n's nodes take it.

use model::{Map, Value};

/// Highest place in a list that a name can mean: what is before it is filled up.
const FARTHEST: usize = 10_000;

/// Sets a field by a name with dots and brackets, `null` included.
pub fn place(map: &mut Map, name: &str, value: Value) {
    let steps: Vec<&str> = match map.contains_key(name) {
        true => vec![name],
        false => name.split(['.', '[']).map(|step| step.trim_end_matches(']').trim_matches(['"', '\''])).collect(),
    };
    let mut whole = Value::Object(std::mem::take(map));
    set(&mut whole, &steps, value);
    if let Value::Object(made) = whole {
        *map = made;
    }
}

fn set(target: &mut Value, steps: &[&str], value: Value) {
    let Some((step, rest)) = steps.split_first() else {
        *target = value;
        return;
    };
    let index = step.parse::<usize>().ok().filter(|index| *index <= FARTHEST);
    if !target.is_object() && !target.is_array() {
        *target = if index.is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
    }
    match (target, index) {
        (Value::Object(map), _) => set(map.entry(*step).or_insert(Value::Null), rest, value),
        (Value::Array(list), Some(index)) => {
            if list.len() <= index {
                list.resize(index + 1, Value::Null);
            }
            set(&mut list[index], rest, value);
        }
        // A list has no field of that name.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(name: &str, expect: Value) {
        let mut map = Map::new();
        place(&mut map, name, json!(1));
        assert_eq!(Value::Object(map), expect, "{name}");
    }

    #[test]
    fn names_lead_through_objects_and_lists() {
        check("a", json!({ "a": 1 }));
        check("a.b", json!({ "a": { "b": 1 } }));
        check("a[1].b", json!({ "a": [null, { "b": 1 }] }));
        check("a[\"b c\"].0", json!({ "a": { "b c": [1] } }));
        check("a[99999999]", json!({ "a": { "99999999": 1 } }));
        let mut map = Map::from_iter([("a.b".to_owned(), json!(0)), ("c".to_owned(), json!([1]))]);
        place(&mut map, "a.b", json!(2));
        place(&mut map, "c.d", json!(3));
        assert_eq!(Value::Object(map), json!({ "a.b": 2, "c": [1] }));
    }
}

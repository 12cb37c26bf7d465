//! Field names with dots and brackets (`order.lines[0].sku`), read once and used for many items.

use model::{Map, Value};

/// Longest list that setting an element may fill up with `null`.
const LONGEST_FILL: usize = 1 << 16;

/// A place in an item's JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// As it was written; a field of exactly this name comes first.
    whole: String,
    steps: Vec<String>,
}

impl Path {
    /// Reads a name; with `dots` its dots and brackets lead into nested values.
    pub fn new(name: &str, dots: bool) -> Path {
        let deep = dots && name.contains(['.', '[']);
        let steps = if deep { steps(name) } else { vec![name.to_owned()] };
        Path { whole: name.to_owned(), steps }
    }

    /// Reads a list of names separated by commas.
    pub fn list(names: &str, dots: bool) -> Vec<Path> {
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| Path::new(name, dots)).collect()
    }

    /// As it was written.
    pub fn name(&self) -> &str {
        &self.whole
    }

    /// The last step's name, when the path leads into a nested value by dots.
    pub fn last(&self) -> &str {
        match self.steps.len() {
            1 => &self.whole,
            _ => self.whole.rsplit('.').next().unwrap_or(&self.whole),
        }
    }

    /// The field, when the path leads to nothing deeper.
    pub fn field(&self) -> Option<&str> {
        (self.steps.len() == 1).then(|| self.steps[0].as_str())
    }

    fn is_plain(&self, map: &Map) -> bool {
        self.steps.len() == 1 || map.contains_key(&self.whole)
    }

    /// The key of a plain path: a single step, or a field that is named like the whole path.
    fn key(&self) -> &str {
        if self.steps.len() == 1 { &self.steps[0] } else { &self.whole }
    }

    /// The value there.
    pub fn get<'a>(&self, map: &'a Map) -> Option<&'a Value> {
        if self.is_plain(map) {
            return map.get(self.key());
        }
        let mut value = map.get(&self.steps[0])?;
        for step in &self.steps[1..] {
            value = match value {
                Value::Object(map) => map.get(step)?,
                Value::Array(values) => values.get(index(step)?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// Sets the value there. Objects and lists on the way are made; anything else on the way is replaced.
    pub fn set(&self, map: &mut Map, value: Value) {
        if self.is_plain(map) {
            map.insert(self.key().to_owned(), value);
            return;
        }
        let start = map.entry(self.steps[0].as_str()).or_insert(Value::Null);
        set(start, &self.steps[1..], value);
    }

    /// Takes the value there out.
    pub fn remove(&self, map: &mut Map) -> Option<Value> {
        if self.is_plain(map) {
            return map.shift_remove(self.key());
        }
        let (last, way) = self.steps.split_last()?;
        let mut value = map.get_mut(way.first()?)?;
        for step in &way[1..] {
            value = match value {
                Value::Object(map) => map.get_mut(step)?,
                Value::Array(values) => values.get_mut(index(step)?)?,
                _ => return None,
            };
        }
        match value {
            Value::Object(map) => map.shift_remove(last),
            // JavaScript's `delete` leaves a hole, which JSON writes as `null`.
            Value::Array(values) => values.get_mut(index(last)?).map(Value::take),
            _ => None,
        }
    }
}

fn set(place: &mut Value, steps: &[String], value: Value) {
    let Some((step, rest)) = steps.split_first() else {
        *place = value;
        return;
    };
    if !matches!(place, Value::Object(_) | Value::Array(_)) {
        *place = if index(step).is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
    }
    match place {
        Value::Object(map) => set(map.entry(step.as_str()).or_insert(Value::Null), rest, value),
        // A named property of a list is lost when it is written as JSON.
        Value::Array(values) => {
            let Some(index) = index(step).filter(|index| *index < values.len().max(LONGEST_FILL)) else { return };
            if index >= values.len() {
                values.resize(index + 1, Value::Null);
            }
            set(&mut values[index], rest, value);
        }
        _ => {}
    }
}

fn index(step: &str) -> Option<usize> {
    let canonical = step == "0" || (!step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit()));
    step.parse().ok().filter(|_| canonical)
}

/// Splits `a.b[0]["c d"]`. What is not closed counts as text.
fn steps(name: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let quote = inner.chars().next().filter(|c| *c == '"' || *c == '\'');
            let closing = quote.map_or("]".to_owned(), |quote| format!("{quote}]"));
            let start = usize::from(quote.is_some());
            if let Some(end) = inner[start..].find(&closing) {
                steps.push(inner[start..start + end].to_owned());
                rest = &inner[start + end + closing.len()..];
                rest = rest.strip_prefix('.').unwrap_or(rest);
                continue;
            }
        }
        let offset = usize::from(rest.starts_with('['));
        let end = rest[offset..].find(['.', '[']).map_or(rest.len(), |end| end + offset);
        steps.push(rest[..end].to_owned());
        let more = &rest[end..];
        rest = more.strip_prefix('.').unwrap_or(more);
        if rest.is_empty() && more.starts_with('.') {
            steps.push(String::new());
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn names_are_split_at_dots_and_brackets() {
        for (name, expect) in [
            ("a.b", vec!["a", "b"]),
            ("a[0].b", vec!["a", "0", "b"]),
            ("a['b.c'].d", vec!["a", "b.c", "d"]),
            ("[\"x\"]", vec!["x"]),
            ("a[", vec!["a", "["]),
            ("a..b", vec!["a", "", "b"]),
        ] {
            assert_eq!(steps(name), expect, "{name}");
        }
    }

    #[test]
    fn a_field_of_the_whole_name_comes_first() {
        let item = map(json!({ "a.b": 1, "a": { "b": 2 }, "list": [{ "x": 3 }] }));
        assert_eq!(Path::new("a.b", true).get(&item), Some(&json!(1)));
        assert_eq!(Path::new("list[0].x", true).get(&item), Some(&json!(3)));
        assert_eq!(Path::new("list[0].x", false).get(&item), None);
        assert_eq!(Path::new("list.0.x", true).get(&item), Some(&json!(3)));
        assert_eq!(Path::new("a.b.c", true).get(&item), None);
    }

    #[test]
    fn setting_makes_what_lies_on_the_way() {
        for (name, expect) in [
            ("a.b", json!({ "a": { "b": 9 } })),
            ("a[1]", json!({ "a": [null, 9] })),
            ("a.0.x", json!({ "a": [{ "x": 9 }] })),
            ("a[999999]", json!({ "a": [] })),
        ] {
            let mut item = Map::new();
            Path::new(name, true).set(&mut item, json!(9));
            assert_eq!(Value::Object(item), expect, "{name}");
        }
        let mut item = map(json!({ "a": "text" }));
        Path::new("a.b", true).set(&mut item, json!(1));
        assert_eq!(Value::Object(item), json!({ "a": { "b": 1 } }));
    }

    #[test]
    fn removing_keeps_the_order_of_the_rest() {
        let mut item = map(json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": 4 }));
        assert_eq!(Path::new("b.c", true).remove(&mut item), Some(json!(2)));
        assert_eq!(Path::new("a", true).remove(&mut item), Some(json!(1)));
        assert_eq!(serde_json::to_string(&item).unwrap(), r#"{"b":{"d":3},"e":4}"#);
        assert_eq!(Path::new("x.y", true).remove(&mut item), None);
    }
}

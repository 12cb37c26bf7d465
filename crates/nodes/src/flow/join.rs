//! Joins of two inputs by fields, and the union of several items' fields.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use model::{Item, Map, Value};
use part::{Origin, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::js;
use crate::path::Path;

/// What happens to fields that several items have.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clash {
    /// Whose value is taken: `preferInput1` … `preferLast`, or `addSuffix` to keep all under names of their own.
    #[serde(default)]
    pub resolve_clash: String,
    /// Whether nested fields are united, too.
    #[serde(default)]
    pub merge_mode: MergeMode,
    /// A value that is missing, null or an empty text never replaces another.
    #[serde(default)]
    pub override_empty: bool,
}

/// How nested fields are united.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MergeMode {
    /// At every level.
    #[default]
    DeepMerge,
    /// At the top level only.
    ShallowMerge,
}

impl Clash {
    /// Fields are kept under names of their own.
    pub fn suffixes(&self) -> bool {
        self.resolve_clash == "addSuffix"
    }

    /// The number of the preferred input, counted from 0, when one is named.
    pub fn preferred(&self) -> Option<usize> {
        self.resolve_clash.strip_prefix("preferInput")?.parse::<usize>().ok()?.checked_sub(1)
    }

    /// The fields of an item as they take part, `input` counted from 0.
    pub fn fields<'a>(&self, item: &'a Item, input: usize) -> Cow<'a, Map> {
        if !self.suffixes() {
            return Cow::Borrowed(&item.json);
        }
        Cow::Owned(item.json.iter().map(|(key, value)| (format!("{key}_{}", input + 1), value.clone())).collect())
    }

    /// An item alone, with the names that its fields have under [`Clash::suffixes`].
    pub fn alone(&self, item: &Arc<Item>, input: usize) -> Arc<Item> {
        match self.suffixes() {
            true => Arc::new(Item { json: self.fields(item, input).into_owned(), binary: item.binary.clone() }),
            false => item.clone(),
        }
    }

    /// One item of several; a later one's fields replace an earlier one's.
    pub fn unite<'a>(&self, parts: impl IntoIterator<Item = (usize, &'a Item)>) -> Item {
        let mut united = Item::default();
        for (input, item) in parts {
            match self.fields(item, input) {
                Cow::Borrowed(fields) => self.merge(&mut united.json, fields),
                Cow::Owned(fields) => united.json.extend(fields),
            }
            copy_files(&mut united, item);
        }
        united
    }

    /// Lays an item over what is there, under the names that its fields have.
    pub fn lay_over(&self, united: &mut Item, item: &Item) {
        self.merge(&mut united.json, &item.json);
        copy_files(united, item);
    }

    fn merge(&self, target: &mut Map, source: &Map) {
        for (key, value) in source {
            let blank = value.is_null() || value.as_str() == Some("");
            match target.get_mut(key) {
                Some(_) if blank && self.override_empty => {}
                Some(old) if self.merge_mode == MergeMode::DeepMerge => self.merge_value(old, value),
                Some(old) => old.clone_from(value),
                None => drop(target.insert(key.clone(), value.clone())),
            }
        }
    }

    fn merge_value(&self, target: &mut Value, source: &Value) {
        match (target, source) {
            (Value::Object(target), Value::Object(source)) => self.merge(target, source),
            (Value::Array(target), Value::Array(source)) => {
                for (index, value) in source.iter().enumerate() {
                    match target.get_mut(index) {
                        Some(old) => self.merge_value(old, value),
                        None => target.push(value.clone()),
                    }
                }
            }
            (target, source) => target.clone_from(source),
        }
    }
}

fn copy_files(to: &mut Item, from: &Item) {
    for (name, file) in from.binary.iter().flat_map(|files| files.iter()) {
        to.set_file(name.clone(), file.clone());
    }
}

/// Which items of two inputs belong together.
#[derive(Default)]
pub struct Matches {
    /// Positions of an item of the first input and of those of the second that match it; never empty.
    pub pairs: Vec<(usize, Vec<usize>)>,
    /// Items of the first input without a match.
    pub unmatched1: Vec<usize>,
    /// Items of the second input with a match.
    pub matched2: Vec<usize>,
    /// Items of the second input without a match.
    pub unmatched2: Vec<usize>,
}

/// A comparison that overlooks differences.
pub type Alike = fn(Option<&Value>, Option<&Value>) -> bool;

/// Finds what belongs together, by equal values unless a comparison is given. An item of the first input without one of the fields matches nothing.
pub fn find(
    first: &[Arc<Item>],
    second: &[Arc<Item>],
    fields: &[(Path, Path)],
    alike: Option<Alike>,
    only_first: bool,
) -> Matches {
    let mut matches = Matches::default();
    let mut hit = vec![false; second.len()];
    let keys = |item: &Arc<Item>, left: bool| -> Vec<Option<Value>> {
        let value = |(a, b): &(Path, Path)| (if left { a } else { b }).get(&item.json).cloned();
        fields.iter().map(value).collect()
    };
    let second_keys: Vec<Vec<Option<Value>>> = second.iter().map(|item| keys(item, false)).collect();
    let index = alike.is_none().then(|| index(&second_keys));
    for (position, item) in first.iter().enumerate() {
        let wanted = keys(item, true);
        let mut found: Vec<usize> = if wanted.iter().any(Option::is_none) {
            Vec::new()
        } else {
            let equal = |at: &usize| {
                let pairs = wanted.iter().zip(&second_keys[*at]);
                pairs.into_iter().all(|(a, b)| match alike {
                    Some(alike) => alike(a.as_ref(), b.as_ref()),
                    None => same(a, b),
                })
            };
            match (&index, name(&wanted)) {
                (Some(index), Some(name)) => index.get(&name).into_iter().flatten().copied().filter(equal).collect(),
                _ => (0..second.len()).filter(equal).collect(),
            }
        };
        if only_first {
            found.truncate(1);
        }
        if found.is_empty() {
            matches.unmatched1.push(position);
            continue;
        }
        found.iter().for_each(|at| hit[*at] = true);
        matches.pairs.push((position, found));
    }
    matches.matched2 = (0..second.len()).filter(|at| hit[*at]).collect();
    matches.unmatched2 = (0..second.len()).filter(|at| !hit[*at]).collect();
    matches
}

/// Positions by the text of their values, so that large inputs are not compared pair by pair.
fn index(keys: &[Vec<Option<Value>>]) -> HashMap<String, Vec<usize>> {
    let mut index: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, key) in keys.iter().enumerate() {
        if let Some(name) = name(key) {
            index.entry(name).or_default().push(position);
        }
    }
    index
}

/// A text that is the same for equal values; none when one is an object or a list.
fn name(key: &[Option<Value>]) -> Option<String> {
    let part = |value: &Option<Value>| match value {
        None | Some(Value::Array(_) | Value::Object(_)) => None,
        Some(value) => Some(js::json_text(value)),
    };
    key.iter().map(part).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

fn same(a: &Option<Value>, b: &Option<Value>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if js::deep_equal(a, b))
}

/// n8n's fuzzy comparison: `3` is `"3"`, `true` is `"True"` and 1, what is empty is the same.
pub fn alike(a: Option<&Value>, b: Option<&Value>) -> bool {
    let falsy = |value: Option<&Value>| match value {
        Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        _ => false,
    };
    let empty = |value: Option<&Value>| value.is_none() || falsy(value);
    if (falsy(a) && empty(b)) || (empty(a) && falsy(b)) {
        return true;
    }
    let (Some(a), Some(b)) = (a, b) else { return a.is_none() && b.is_none() };
    let text_of_flag = |flag: bool, text: &str| {
        let known = if flag { ["true", "1"] } else { ["false", "0"] };
        known.contains(&text.to_lowercase().as_str())
    };
    match (a, b) {
        (Value::Number(_), Value::String(text)) | (Value::String(text), Value::Number(_)) => {
            let number = if a.is_number() { a } else { b };
            js::text(number) == *text
        }
        (Value::Array(_) | Value::Object(_), Value::String(text)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|parsed| js::deep_equal(&parsed, a))
        }
        (Value::String(text), Value::Array(_) | Value::Object(_)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|parsed| js::deep_equal(&parsed, b))
        }
        (Value::Bool(flag), Value::String(text)) | (Value::String(text), Value::Bool(flag)) => {
            text_of_flag(*flag, text)
        }
        (Value::Bool(flag), Value::Number(number)) | (Value::Number(number), Value::Bool(flag)) => {
            number.as_f64() == Some(f64::from(u8::from(*flag)))
        }
        _ => js::deep_equal(a, b),
    }
}

/// The origin of an item that came from these (input, position) pairs.
pub fn origin(sources: impl IntoIterator<Item = (usize, usize)>) -> Origin {
    let source = |(input, item): (usize, usize)| Source { input: input as u16, item: item as u32 };
    let mut sources: Vec<Source> = sources.into_iter().map(source).collect();
    match sources.len() {
        0 => Origin::None,
        1 => sources.pop().map_or(Origin::None, Origin::One),
        _ => Origin::Many(sources),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_alike_as_in_n8n() {
        for (a, b) in [
            (json!(3), json!("3")),
            (json!(null), json!("")),
            (json!([]), json!(null)),
            (json!(true), json!("True")),
            (json!("1"), json!(true)),
            (json!(0), json!(false)),
            (json!({ "a": 1 }), json!("{\"a\": 1}")),
        ] {
            assert!(alike(Some(&a), Some(&b)) && alike(Some(&b), Some(&a)), "{a} {b}");
        }
        assert!(!alike(Some(&json!("3.0")), Some(&json!(3))) && !alike(Some(&json!("yes")), Some(&json!(true))));
        assert!(alike(Some(&json!("")), None) && !alike(Some(&json!(0)), None));
    }

    #[test]
    fn fields_are_united_at_every_level_or_at_the_top() {
        let item = |value: Value| Item::from_value(value);
        let (a, b) = (
            item(json!({ "x": { "p": 1, "q": 2 }, "l": [1, 2], "e": "full" })),
            item(json!({ "x": { "q": 3 }, "l": [9], "e": "" })),
        );
        let unite = |clash: Value| {
            let clash: Clash = serde_json::from_value(clash).unwrap();
            Value::Object(clash.unite([(0, &a), (1, &b)]).json)
        };
        assert_eq!(unite(json!({})), json!({ "x": { "p": 1, "q": 3 }, "l": [9, 2], "e": "" }));
        assert_eq!(unite(json!({ "mergeMode": "shallowMerge" })), json!({ "x": { "q": 3 }, "l": [9], "e": "" }));
        assert_eq!(unite(json!({ "overrideEmpty": true }))["e"], "full");
        let suffixed = unite(json!({ "resolveClash": "addSuffix" }));
        assert_eq!((&suffixed["e_1"], &suffixed["e_2"]), (&json!("full"), &json!("")));
    }
}

//! What our own form of a thing does not reproduce, as a patch that can be put back after a person edited it.
//!
//! A patch is a list of entries `{at, was?, is?, like?}`: at the JSON pointer `at` our form has `was` (absent: nothing)
//! and the original has `is` (absent: nothing). An entry applies only where our form still says `was`, so an edit wins
//! over the original and everything else comes back. Inside lists, `like` holds for each list on the way its length
//! and the fingerprint of the element, so that an entry follows its element when others are added or removed.
//!
//! `apply(base, diff(base, original))` is `original`, for any two values; a property test holds it.

use std::collections::{BTreeSet, HashMap};

use model::problem::pointer_step;
use model::{Map, Value};
use serde_json::json;

/// Below this length of pointer and this number of lists on the way an entry becomes finer; beyond, it replaces the
/// whole part. It keeps a patch about as small as the file, whatever the file's keys look like.
const MAX_POINTER: usize = 512;
const MAX_LISTS: usize = 8;

/// Whether two values are the same JSON: order of keys does not count, numbers are compared by value.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match left.is_f64() || right.is_f64() {
            true => left.as_f64() == right.as_f64(),
            false => left == right,
        },
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

/// What has to change in `base` to make it `want`.
pub(super) fn diff(base: &Value, want: &Value) -> Vec<Value> {
    let mut walk = Diff { at: String::new(), like: Vec::new(), entries: Vec::new() };
    walk.compare(Some(base), Some(want));
    walk.entries
}

/// Puts a patch back, where the parts that it is about are unchanged.
pub(super) fn apply(target: &mut Value, patch: &[Value]) {
    let mut finder = Finder::default();
    // All entries are located before the first one changes anything: fingerprints are those of the unpatched value.
    let changes: Vec<(Vec<Step>, Change)> = patch.iter().filter_map(|entry| finder.locate(target, entry)).collect();
    for (steps, change) in changes {
        change.make(target, &steps);
    }
}

struct Diff {
    at: String,
    like: Vec<Value>,
    entries: Vec<Value>,
}

impl Diff {
    fn compare(&mut self, base: Option<&Value>, want: Option<&Value>) {
        let fine = self.at.len() < MAX_POINTER && self.like.len() < MAX_LISTS;
        match (base, want) {
            (None, None) => {}
            (Some(base), Some(want)) if same(base, want) => {}
            (Some(Value::Object(base)), Some(Value::Object(want))) if fine => {
                // Sorted, so that a patch does not depend on the order of keys in a file.
                let keys: BTreeSet<&String> = base.keys().chain(want.keys()).collect();
                for key in keys {
                    self.below(&pointer_step(key), base.get(key), want.get(key));
                }
            }
            (Some(Value::Array(base)), Some(Value::Array(want))) if fine && base.len() == want.len() => {
                for (index, (element, want)) in base.iter().zip(want).enumerate() {
                    if !same(element, want) {
                        self.like.push(likeness(base.len(), fingerprint(element)).into());
                        self.below(&index.to_string(), Some(element), Some(want));
                        self.like.pop();
                    }
                }
            }
            (base, want) => self.entries.push(self.entry(base, want)),
        }
    }

    fn below(&mut self, step: &str, base: Option<&Value>, want: Option<&Value>) {
        let length = self.at.len();
        self.at.push('/');
        self.at.push_str(step);
        self.compare(base, want);
        self.at.truncate(length);
    }

    fn entry(&self, base: Option<&Value>, want: Option<&Value>) -> Value {
        let mut entry = Map::new();
        entry.insert("at".into(), json!(self.at));
        if let Some(base) = base {
            entry.insert("was".into(), base.clone());
        }
        if let Some(want) = want {
            entry.insert("is".into(), want.clone());
        }
        if !self.like.is_empty() {
            entry.insert("like".into(), Value::Array(self.like.clone()));
        }
        Value::Object(entry)
    }
}

enum Step {
    Key(String),
    Index(usize),
}

enum Change {
    Set(Value),
    /// Adds what is missing to an object that a person has begun meanwhile.
    Fill(Map),
    Remove,
}

impl Change {
    fn make(self, target: &mut Value, steps: &[Step]) {
        let Some((last, way)) = steps.split_last() else {
            match self {
                Change::Set(value) => *target = value,
                Change::Fill(map) => fill(target, map),
                Change::Remove => {}
            }
            return;
        };
        let mut parent = target;
        for step in way {
            let next = match (step, parent) {
                (Step::Key(key), Value::Object(map)) => Some(map.entry(key.as_str()).or_insert_with(|| json!({}))),
                (Step::Index(index), Value::Array(values)) => values.get_mut(*index),
                _ => None,
            };
            let Some(next) = next else { return };
            parent = next;
        }
        match (self, last, parent) {
            (Change::Set(value), Step::Key(key), Value::Object(map)) => {
                map.insert(key.clone(), value);
            }
            (Change::Remove, Step::Key(key), Value::Object(map)) => {
                map.shift_remove(key);
            }
            (Change::Fill(more), Step::Key(key), Value::Object(map)) => {
                if let Some(value) = map.get_mut(key) {
                    fill(value, more);
                }
            }
            (Change::Set(value), Step::Index(index), Value::Array(values)) => {
                if let Some(element) = values.get_mut(*index) {
                    *element = value;
                }
            }
            _ => {}
        }
    }
}

fn fill(target: &mut Value, more: Map) {
    let Value::Object(target) = target else { return };
    for (key, value) in more {
        match (target.get_mut(&key), value) {
            (None, value) => {
                target.insert(key, value);
            }
            (Some(present), Value::Object(value)) => fill(present, value),
            _ => {}
        }
    }
}

/// Finds the places of a patch in a value. Fingerprints are computed once for each element, by its address.
#[derive(Default)]
struct Finder {
    fingerprints: HashMap<usize, u64>,
    elements: HashMap<usize, HashMap<u64, usize>>,
}

impl Finder {
    fn locate(&mut self, target: &Value, entry: &Value) -> Option<(Vec<Step>, Change)> {
        let at = entry.get("at")?.as_str()?;
        let mut likes = entry.get("like").and_then(Value::as_array).map_or(&[][..], Vec::as_slice).iter();
        let mut steps = Vec::new();
        let mut here = Some(target);
        if !at.is_empty() {
            for step in at.strip_prefix('/')?.split('/') {
                let key = || step.replace("~1", "/").replace("~0", "~");
                match here {
                    // Objects that went with an edit are made again for what only the original had; lists are not.
                    None if likes.len() == 0 => steps.push(Step::Key(key())),
                    None => return None,
                    Some(Value::Object(map)) => {
                        here = map.get(&key());
                        steps.push(Step::Key(key()));
                    }
                    Some(Value::Array(values)) => {
                        let index = self.element(values, step.parse().ok()?, likes.next()?.as_str()?)?;
                        here = values.get(index);
                        steps.push(Step::Index(index));
                    }
                    Some(_) => return None,
                }
            }
        }
        let change = match (entry.get("was"), here, entry.get("is")) {
            (None, Some(Value::Object(_)), Some(Value::Object(is))) => Change::Fill(is.clone()),
            (was, here, is) if was.is_none() == here.is_none() => {
                let unchanged = was.zip(here).is_none_or(|(was, here)| same(was, here));
                match is {
                    _ if !unchanged => return None,
                    Some(is) => Change::Set(is.clone()),
                    None => Change::Remove,
                }
            }
            _ => return None,
        };
        Some((steps, change))
    }

    fn element(&mut self, values: &[Value], index: usize, like: &str) -> Option<usize> {
        let (length, wanted) = like.split_once(':')?;
        let (length, wanted) = (length.parse::<usize>().ok()?, u64::from_str_radix(wanted, 16).ok()?);
        if values.get(index).is_some_and(|element| self.fingerprint(element) == wanted) {
            return Some(index);
        }
        let address = values.as_ptr() as usize;
        if !self.elements.contains_key(&address) {
            let mut positions = HashMap::new();
            for (position, element) in values.iter().enumerate() {
                positions.entry(self.fingerprint(element)).or_insert(position);
            }
            self.elements.insert(address, positions);
        }
        match self.elements.get(&address).and_then(|positions| positions.get(&wanted)) {
            Some(position) => Some(*position),
            // An element that was edited where it stands keeps what belongs to it.
            None if values.len() == length && index < length => Some(index),
            None => None,
        }
    }

    fn fingerprint(&mut self, value: &Value) -> u64 {
        *self.fingerprints.entry(std::ptr::from_ref(value) as usize).or_insert_with(|| fingerprint(value))
    }
}

fn likeness(length: usize, fingerprint: u64) -> String {
    format!("{length}:{fingerprint:016x}")
}

/// FNV-1a over the value, keys in any order. It is stored in specs: it never changes.
fn fingerprint(value: &Value) -> u64 {
    match value {
        Value::Null => fnv(0, b"null"),
        Value::Bool(flag) => fnv(1, &[u8::from(*flag)]),
        Value::Number(number) => fnv(2, &number.as_f64().unwrap_or(0.0).to_bits().to_le_bytes()),
        Value::String(text) => fnv(3, text.as_bytes()),
        Value::Array(values) => {
            values.iter().fold(fnv(4, b"["), |hash, value| fnv(hash, &fingerprint(value).to_le_bytes()))
        }
        Value::Object(map) => map.iter().fold(fnv(5, b"{"), |hash, (key, value)| {
            hash.wrapping_add(fnv(fnv(6, key.as_bytes()), &fingerprint(value).to_le_bytes()))
        }),
    }
}

fn fnv(seed: u64, bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::n8n::samples::any_json;
    use proptest::prelude::*;

    fn merged(base: Value, original: Value, edited: Value) -> Value {
        let patch = diff(&base, &original);
        let mut result = edited;
        apply(&mut result, &patch);
        result
    }

    #[test]
    fn an_edit_wins_and_the_rest_comes_back() {
        let base = json!({ "url": "a", "timeout": 10, "list": [] });
        let original = json!({ "url": "a", "list": [], "note": "kept", "more": { "x": 1 } });
        let edited = json!({ "url": "b", "timeout": 20, "list": [], "more": { "y": 2 } });
        let expected = json!({ "url": "b", "timeout": 20, "list": [], "note": "kept", "more": { "y": 2, "x": 1 } });
        assert_eq!(merged(base, original, edited), expected);
        let (base, original) = (json!({ "auth": { "own": 1 } }), json!({ "auth": { "own": 1, "other": 2 } }));
        assert_eq!(merged(base, original, json!({})), json!({ "auth": { "other": 2 } }));
    }

    #[test]
    fn elements_of_a_list_keep_what_belongs_to_them() {
        let base = json!([{ "name": "a" }, { "name": "b" }, { "name": "c" }]);
        let original = json!([{ "name": "a", "id": 1 }, { "name": "b", "id": 2 }, { "name": "c", "id": 3 }]);
        let check = |edited: Value, expected: Value| {
            assert_eq!(merged(base.clone(), original.clone(), edited), expected);
        };
        check(json!([{ "name": "b" }, { "name": "c" }]), json!([{ "name": "b", "id": 2 }, { "name": "c", "id": 3 }]));
        check(
            json!([{ "name": "a" }, { "name": "B" }, { "name": "c" }]),
            json!([{ "name": "a", "id": 1 }, { "name": "B", "id": 2 }, { "name": "c", "id": 3 }]),
        );
        check(json!("gone"), json!("gone"));
        check(json!([]), json!([]));
    }

    #[test]
    fn numbers_are_compared_by_value_and_keys_in_any_order() {
        assert!(same(&json!({ "a": 1, "b": [2.0] }), &json!({ "b": [2], "a": 1.0 })));
        assert!(!same(&json!(1), &json!("1")));
        assert!(!same(&json!([]), &json!(null)));
    }

    proptest! {
        #[test]
        fn a_patch_leads_from_one_value_to_the_other(base in any_json(), want in any_json()) {
            let mut result = base.clone();
            apply(&mut result, &diff(&base, &want));
            prop_assert!(same(&result, &want), "{result} is not {want}");
        }

        #[test]
        fn a_patch_never_fails_on_another_value(base in any_json(), want in any_json(), other in any_json()) {
            let mut result = other.clone();
            apply(&mut result, &diff(&base, &want));
            apply(&mut result, &[other]);
        }
    }
}

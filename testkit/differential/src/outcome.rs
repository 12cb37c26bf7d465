//! What a node came to, in a form in which both sides can be compared.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::picture::PictureSeen;

/// n8n's answers to the cases of a file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Version of n8n.
    pub n8n: String,
    /// By name of the case.
    pub cases: BTreeMap<String, Outcome>,
}

/// What a node came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The items at each output.
    pub outputs: Vec<Vec<ItemSeen>>,
    /// What was found afterwards where the node has an effect: what the last node of `after` gave, or what a server took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ItemSeen>,
    /// What it failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was seen from outside: pages and answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Value>,
}

/// An item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemSeen {
    /// Its data.
    pub json: Value,
    /// Its files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileSeen>,
}

/// A file of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileSeen {
    /// Media type.
    pub mime_type: String,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Length in bytes.
    pub size: usize,
    /// Hash of the content, in hexadecimal.
    pub sha256: String,
    /// What is seen on it, if it is a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureSeen>,
}

impl FileSeen {
    /// A file with its content.
    pub fn new(mime_type: &str, file_name: Option<&str>, content: &[u8]) -> FileSeen {
        let hash = digest::digest(&digest::SHA256, content);
        FileSeen {
            mime_type: mime_type.to_owned(),
            file_name: file_name.filter(|name| !name.is_empty()).map(str::to_owned),
            size: content.len(),
            sha256: hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
            picture: mime_type.starts_with("image/").then(|| PictureSeen::of(content)).flatten(),
        }
    }
}

impl Outcome {
    /// One without items.
    pub fn failed(error: String) -> Outcome {
        Outcome { error: Some(error), ..Outcome::default() }
    }

    /// What several runs of a workflow come to, of which each says whether the node ran: the items of the first `count`
    /// in which it did, or what went wrong before it.
    pub fn of_runs(runs: Vec<(bool, Outcome)>, count: usize) -> Outcome {
        let (with, without): (Vec<_>, Vec<_>) = runs.into_iter().partition(|(ran, _)| *ran);
        if with.is_empty() {
            return without.into_iter().map(|(_, run)| run).find(|run| run.error.is_some()).unwrap_or_default();
        }
        let mut all = Outcome::default();
        for (_, run) in with.into_iter().take(count.max(1)) {
            all.error = all.error.or(run.error);
            for (index, items) in run.outputs.into_iter().enumerate() {
                if all.outputs.len() <= index {
                    all.outputs.resize(index + 1, Vec::new());
                }
                all.outputs[index].extend(items);
            }
        }
        all
    }

    /// Puts the kind of value in place of what is made of chance. A pattern names output, item and the way to the
    /// value: `0/*/json/token`, `after/*/json/at` or `seen/0/body/id`; with `-` before it, the value is taken away.
    pub fn hide(&mut self, varies: &[String]) {
        for pattern in varies {
            let (gone, pattern) =
                pattern.strip_prefix('-').map_or((false, pattern.as_str()), |pattern| (true, pattern));
            let steps: Vec<&str> = pattern.split('/').collect();
            if let ["after", item, "json", rest @ ..] = steps.as_slice() {
                for (_, seen) in self.after.iter_mut().enumerate().filter(|(index, _)| fits(item, *index)) {
                    hide(&mut seen.json, rest, gone);
                }
                continue;
            }
            if let ["seen", place, rest @ ..] = steps.as_slice() {
                for (_, seen) in self.seen.iter_mut().enumerate().filter(|(index, _)| fits(place, *index)) {
                    hide(seen, rest, gone);
                }
                continue;
            }
            let [output, item, "json", rest @ ..] = steps.as_slice() else { continue };
            for (_, items) in self.outputs.iter_mut().enumerate().filter(|(index, _)| fits(output, *index)) {
                for (_, seen) in items.iter_mut().enumerate().filter(|(index, _)| fits(item, *index)) {
                    hide(&mut seen.json, rest, gone);
                }
            }
        }
    }

    /// Where ours is not what n8n's was; nothing when they agree. The words of an error are for people to compare.
    pub fn differences(&self, ours: &Outcome, pixels: bool) -> Vec<String> {
        let mut found = Vec::new();
        if self.seen.len() != ours.seen.len() {
            found.push(format!("seen: {} things, n8n {}", ours.seen.len(), self.seen.len()));
        }
        for (index, (theirs, ours)) in self.seen.iter().zip(&ours.seen).enumerate() {
            difference(&format!("seen/{index}"), theirs, ours, &mut found);
        }
        match (&self.error, &ours.error) {
            (None, Some(error)) => found.push(format!("failed: {error}")),
            (Some(error), None) => found.push(format!("did not fail; n8n: {error}")),
            (Some(_), Some(_)) => return found,
            (None, None) => {}
        }
        let outputs = filled(&self.outputs).max(filled(&ours.outputs));
        for output in 0..outputs {
            let side = |outcome: &Outcome| outcome.outputs.get(output).cloned().unwrap_or_default();
            compare(&output.to_string(), &side(self), &side(ours), pixels, &mut found);
        }
        compare("after", &self.after, &ours.after, pixels, &mut found);
        found
    }
}

fn compare(place: &str, theirs: &[ItemSeen], ours: &[ItemSeen], pixels: bool, found: &mut Vec<String>) {
    if theirs.len() != ours.len() {
        found.push(format!("output {place}: {} items, n8n {}", ours.len(), theirs.len()));
    }
    for (position, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        difference(&format!("{place}/{position}/json"), &theirs.json, &ours.json, found);
        if !same_files(&theirs.files, &ours.files, pixels) {
            let text = |item: &ItemSeen| serde_json::to_string(&item.files).unwrap_or_default();
            found.push(format!("{place}/{position}/binary: {}, n8n {}", text(ours), text(theirs)));
        }
    }
}

/// Whether files are the same: in every byte, or, if `pixels`, pictures in what is seen on them.
fn same_files(theirs: &BTreeMap<String, FileSeen>, ours: &BTreeMap<String, FileSeen>, pixels: bool) -> bool {
    theirs.len() == ours.len()
        && theirs.iter().zip(ours).all(|((name, theirs), (other, ours))| {
            let same = match (&theirs.picture, &ours.picture) {
                (Some(theirs), Some(ours)) if pixels => theirs.looks_like(ours),
                _ => theirs.size == ours.size && theirs.sha256 == ours.sha256,
            };
            same && name == other && theirs.mime_type == ours.mime_type && theirs.file_name == ours.file_name
        })
}

/// Outputs up to the last one that has items.
fn filled(outputs: &[Vec<ItemSeen>]) -> usize {
    outputs.iter().rposition(|items| !items.is_empty()).map_or(0, |last| last + 1)
}

fn fits(step: &str, index: usize) -> bool {
    step == "*" || step.parse() == Ok(index)
}

fn hide(value: &mut Value, way: &[&str], gone: bool) {
    let Some((step, rest)) = way.split_first() else {
        let kind = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) => "boolean".to_owned(),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Array(list) => format!("array of {}", list.len()),
            Value::Object(_) => "object".to_owned(),
        };
        *value = Value::from(format!("<{kind}>"));
        return;
    };
    match value {
        Value::Object(map) if gone && rest.is_empty() => map.retain(|key, _| *step != "*" && *step != key.as_str()),
        Value::Object(map) => {
            for (_, value) in map.iter_mut().filter(|(key, _)| *step == "*" || *step == key.as_str()) {
                hide(value, rest, gone);
            }
        }
        Value::Array(list) => {
            for (_, value) in list.iter_mut().enumerate().filter(|(index, _)| fits(step, *index)) {
                hide(value, rest, gone);
            }
        }
        _ => {}
    }
}

fn difference(path: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in theirs {
                match ours.get(key) {
                    Some(ours) => difference(&format!("{path}/{key}"), value, ours, found),
                    None => found.push(format!("{path}/{key} is missing, n8n {value}")),
                }
            }
            for (key, value) in ours.iter().filter(|(key, _)| !theirs.contains_key(*key)) {
                found.push(format!("{path}/{key} is {value}, n8n has none"));
            }
            if theirs.len() == ours.len()
                && theirs.keys().ne(ours.keys())
                && theirs.keys().all(|key| ours.contains_key(key))
            {
                let order = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>().join(" ");
                found.push(format!("{path}: fields in the order {}, n8n {}", order(ours), order(theirs)));
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            if theirs.len() != ours.len() {
                found.push(format!("{path}: {} entries, n8n {}", ours.len(), theirs.len()));
            }
            for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                difference(&format!("{path}/{index}"), theirs, ours, found);
            }
        }
        // JavaScript has one kind of number.
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        (theirs, ours) if theirs == ours => {}
        (theirs, ours) => found.push(format!("{path} is {ours}, n8n {theirs}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(items: &[Value]) -> Outcome {
        let items = items.iter().map(|json| ItemSeen { json: json.clone(), ..ItemSeen::default() });
        Outcome { outputs: vec![items.collect()], ..Outcome::default() }
    }

    #[test]
    fn what_differs_is_named_with_its_place() {
        let theirs = items(&[json!({ "a": 1, "b": [1, { "c": "x" }] })]);
        assert_eq!(theirs.differences(&items(&[json!({ "a": 1.0, "b": [1, { "c": "x" }] })]), false), [""; 0]);
        assert_eq!(theirs.differences(&items(&[]), false), ["output 0: 0 items, n8n 1"]);
        let ours = items(&[json!({ "b": [1, { "c": "y" }], "a": 1 })]);
        assert_eq!(
            theirs.differences(&ours, false),
            ["0/0/json/b/1/c is \"y\", n8n \"x\"", "0/0/json: fields in the order b a, n8n a b"]
        );
        let failed = |text: &str| Outcome::failed(text.into());
        assert_eq!(failed("x").differences(&failed("y"), false), [""; 0]);
        assert_eq!(theirs.differences(&failed("y"), false)[0], "failed: y");
        assert_eq!(failed("x").differences(&theirs, false)[0], "did not fail; n8n: x");
        let mut empty = theirs.clone();
        empty.outputs.push(Vec::new());
        assert_eq!(empty.differences(&theirs, false), [""; 0], "an output without items is none");
    }

    #[test]
    fn runs_in_which_the_node_ran_are_one_outcome() {
        let one = |n: u8| (true, items(&[json!({ "n": n })]));
        let before = (false, Outcome::failed("no luck".into()));
        assert_eq!(Outcome::of_runs(vec![before.clone()], 1).error.as_deref(), Some("no luck"));
        let both = Outcome::of_runs(vec![before, one(1), one(2), one(3)], 2);
        assert_eq!((both.error, both.outputs[0].len()), (None, 2));
        assert_eq!(Outcome::of_runs(Vec::new(), 1), Outcome::default());
    }

    #[test]
    fn what_is_seen_outside_is_compared_too() {
        let seen = |status: u16, id: &str| {
            let mut outcome = Outcome { seen: vec![json!({ "status": status, "id": id })], ..Outcome::default() };
            outcome.hide(&["seen/*/id".into()]);
            outcome
        };
        assert_eq!(seen(200, "a").differences(&seen(200, "b"), false), [""; 0]);
        assert_eq!(seen(200, "a").differences(&seen(404, "b"), false), ["seen/0/status is 404, n8n 200"]);
        assert_eq!(seen(200, "a").differences(&Outcome::default(), false), ["seen: 0 things, n8n 1"]);
    }

    #[test]
    fn what_is_made_of_chance_is_compared_by_its_kind() {
        let hidden = |value: Value| {
            let mut outcome = items(&[value]);
            outcome.hide(&["0/*/json/list/*/id".into(), "0/0/json/at".into()]);
            outcome
        };
        let one = hidden(json!({ "list": [{ "id": "abc", "n": 1 }], "at": 5 }));
        assert_eq!(one.differences(&hidden(json!({ "list": [{ "id": "xyz", "n": 1 }], "at": 7 })), false), [""; 0]);
        assert_eq!(one.differences(&hidden(json!({ "list": [{ "id": 8, "n": 1 }], "at": 7 })), false).len(), 1);
        assert_eq!(one.differences(&hidden(json!({ "list": [{ "id": "xyz", "n": 2 }], "at": "7" })), false).len(), 2);
    }

    #[test]
    fn files_are_compared_by_their_content() {
        let with = |content: &[u8]| {
            let mut outcome = items(&[json!({})]);
            outcome.outputs[0][0].files.insert("data".into(), FileSeen::new("text/plain", Some("a.txt"), content));
            outcome
        };
        assert_eq!(with(b"a").differences(&with(b"a"), false), [""; 0]);
        assert!(with(b"a").differences(&with(b"b"), false)[0].starts_with("0/0/binary"));
    }
}

//! What a node came to, in a form in which both sides can be compared.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// What it failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
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
        }
    }
}

impl Outcome {
    /// Where ours is not what n8n's was; nothing when they agree. The words of an error are for people to compare.
    pub fn differences(&self, ours: &Outcome) -> Vec<String> {
        let mut found = Vec::new();
        match (&self.error, &ours.error) {
            (None, Some(error)) => found.push(format!("failed: {error}")),
            (Some(error), None) => found.push(format!("did not fail; n8n: {error}")),
            (Some(_), Some(_)) => return found,
            (None, None) => {}
        }
        let outputs = filled(&self.outputs).max(filled(&ours.outputs));
        for output in 0..outputs {
            let side = |outcome: &Outcome| outcome.outputs.get(output).cloned().unwrap_or_default();
            let (theirs, ours) = (side(self), side(ours));
            if theirs.len() != ours.len() {
                found.push(format!("output {output}: {} items, n8n {}", ours.len(), theirs.len()));
            }
            for (position, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
                difference(&format!("{output}/{position}/json"), &theirs.json, &ours.json, &mut found);
                if theirs.files != ours.files {
                    let text = |item: &ItemSeen| serde_json::to_string(&item.files).unwrap_or_default();
                    found.push(format!("{output}/{position}/binary: {}, n8n {}", text(ours), text(theirs)));
                }
            }
        }
        found
    }
}

/// Outputs up to the last one that has items.
fn filled(outputs: &[Vec<ItemSeen>]) -> usize {
    outputs.iter().rposition(|items| !items.is_empty()).map_or(0, |last| last + 1)
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
        Outcome { outputs: vec![items.collect()], error: None }
    }

    #[test]
    fn what_differs_is_named_with_its_place() {
        let theirs = items(&[json!({ "a": 1, "b": [1, { "c": "x" }] })]);
        assert_eq!(theirs.differences(&items(&[json!({ "a": 1.0, "b": [1, { "c": "x" }] })])), [""; 0]);
        assert_eq!(theirs.differences(&items(&[])), ["output 0: 0 items, n8n 1"]);
        let ours = items(&[json!({ "b": [1, { "c": "y" }], "a": 1 })]);
        assert_eq!(
            theirs.differences(&ours),
            ["0/0/json/b/1/c is \"y\", n8n \"x\"", "0/0/json: fields in the order b a, n8n a b"]
        );
        let failed = |text: &str| Outcome { error: Some(text.into()), ..Outcome::default() };
        assert_eq!(failed("x").differences(&failed("y")), [""; 0]);
        assert_eq!(theirs.differences(&failed("y"))[0], "failed: y");
        assert_eq!(failed("x").differences(&theirs)[0], "did not fail; n8n: x");
        let mut empty = theirs.clone();
        empty.outputs.push(Vec::new());
        assert_eq!(empty.differences(&theirs), [""; 0], "an output without items is none");
    }

    #[test]
    fn files_are_compared_by_their_content() {
        let with = |content: &[u8]| {
            let mut outcome = items(&[json!({})]);
            outcome.outputs[0][0].files.insert("data".into(), FileSeen::new("text/plain", Some("a.txt"), content));
            outcome
        };
        assert_eq!(with(b"a").differences(&with(b"a")), [""; 0]);
        assert!(with(b"a").differences(&with(b"b"))[0].starts_with("0/0/binary"));
    }
}

//! Items: the records that flow along edges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Digest, Map, Value};

/// One record flowing along an edge: a JSON object plus named files.
///
/// Where an item came from (its origins) is kept apart from it, run-length coded, so that lineage can be read
/// without payloads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The data that expressions see as `$json`.
    #[serde(default)]
    pub json: Map,
    /// Named files, seen as `$binary`. Absent for almost every item, hence the box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<Box<BTreeMap<String, Binary>>>,
}

impl Item {
    /// An item without files.
    pub fn new(json: Map) -> Self {
        Item { json, binary: None }
    }

    /// An item from any JSON value: an object becomes the item, anything else its `data` field.
    pub fn from_value(value: Value) -> Self {
        match value {
            Value::Object(json) => Item::new(json),
            other => {
                let mut json = Map::new();
                json.insert("data".into(), other);
                Item::new(json)
            }
        }
    }

    /// The file of that name.
    pub fn file(&self, name: &str) -> Option<&Binary> {
        self.binary.as_ref()?.get(name)
    }

    /// Adds or replaces a file.
    pub fn set_file(&mut self, name: impl Into<String>, file: Binary) {
        self.binary.get_or_insert_with(Default::default).insert(name.into(), file);
    }

    /// A cheap estimate of the bytes that this item holds in memory.
    pub fn weight(&self) -> usize {
        let files = self.binary.as_ref().map_or(0, |files| {
            files.iter().map(|(name, file)| name.len() + 160 + file.inline.as_ref().map_or(0, String::len)).sum()
        });
        96 + map_weight(&self.json) + files
    }
}

fn map_weight(map: &Map) -> usize {
    map.iter().map(|(key, value)| 56 + key.len() + value_weight(value)).sum()
}

fn value_weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 32 + text.len(),
        Value::Array(values) => 32 + values.iter().map(value_weight).sum::<usize>(),
        Value::Object(map) => 64 + map_weight(map),
        _ => 32,
    }
}

/// A file of an item: metadata here, bytes in the blob store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binary {
    /// Media type, for example `text/csv`.
    pub mime_type: String,
    /// Name with extension, when the source gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Extension without the dot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_extension: Option<String>,
    /// Folder that the file was read from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Length in bytes.
    #[serde(default)]
    pub size: u64,
    /// The stored content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<Digest>,
    /// Base64 of the content, as n8n's exports and code nodes write it. The engine moves it to a blob.
    #[serde(default, rename = "data", skip_serializing_if = "Option::is_none")]
    pub inline: Option<String>,
}

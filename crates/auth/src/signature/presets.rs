//! Descriptions of well-known senders, read from `catalog/webhooks/presets.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::Signature;

/// A well-known sender.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name for people.
    pub title: String,
    /// Address of its own description of its signatures.
    pub docs: String,
    /// How it signs.
    pub signature: Signature,
}

static PRESETS: LazyLock<BTreeMap<String, Preset>> = LazyLock::new(|| {
    // The file is part of the program, and a test reads it.
    serde_json::from_str(include_str!("../../../../catalog/webhooks/presets.json")).unwrap_or_default()
});

/// All of them, by name.
pub fn all() -> &'static BTreeMap<String, Preset> {
    &PRESETS
}

/// The one of that name.
pub fn named(name: &str) -> Option<&'static Preset> {
    PRESETS.get(name)
}

/// The schema of a name among them.
pub(crate) fn schema(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = PRESETS.keys().map(String::as_str).collect();
    json_schema!({ "type": "string", "enum": names })
}

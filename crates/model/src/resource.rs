//! Resources: everything a person configures.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Name, Scope, Value};

/// `kind/name`, the address of a resource inside its scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Ref {
    /// Kind, `kebab-case` and singular.
    pub kind: String,
    /// Name inside the kind.
    pub name: Name,
}

impl std::fmt::Display for Ref {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.kind, self.name)
    }
}

/// A resource as it is written in files and over the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Kind, for example `workflow`.
    pub kind: String,
    /// Name inside the kind.
    pub name: Name,
    /// Version of the spec's shape; absent means the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_version: Option<u32>,
    /// Free labels for searching and selecting.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The configured content; its shape is the kind's.
    pub spec: Value,
}

/// A resource as it is stored and served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Kind, for example `workflow`.
    pub kind: String,
    /// Name inside the kind.
    pub name: Name,
    /// Workspace and environment.
    pub scope: Scope,
    /// Version of the spec's shape, always the newest one: older ones are lifted on read.
    pub spec_version: u32,
    /// Position of the write in the store's order; also the resource's `ETag`.
    pub revision: u64,
    /// Free labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The configured content.
    pub spec: Value,
    /// When it was first written, RFC 3339.
    pub created_at: String,
    /// When this revision was written, RFC 3339.
    pub updated_at: String,
    /// Who wrote this revision.
    pub updated_by: String,
}

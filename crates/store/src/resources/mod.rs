//! Resources: rows, history, references, unique keys, labels and positions, each change in one transaction with its
//! audit entry.
//!
//! Kinds and checks live in `part`: here a spec is a text, and what it refers to and claims comes with it. One counter
//! row numbers all changes; whoever bumps it holds it until the commit, so the order of commits is the order of
//! revisions, and whoever has seen position `n` has missed nothing before it.

mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::resource::Ref;
use model::{Name, ScopeId};

use crate::{Error, Millis};
pub(crate) use write::{next_position, record_change};

/// A resource as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceRow {
    /// Scope.
    pub scope: ScopeId,
    /// Kind.
    pub kind: String,
    /// Name inside the kind.
    pub name: Name,
    /// Version of the spec's shape with which it was written.
    pub spec_version: u32,
    /// Position of its last write.
    pub revision: u64,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Spec as JSON.
    pub spec: String,
    /// When it was first written.
    pub created_at: Millis,
    /// When this revision was written.
    pub updated_at: Millis,
    /// Who wrote this revision.
    pub updated_by: String,
}

/// What a writer expects to find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    #[default]
    Any,
    /// Nothing: create only.
    Absent,
    /// Exactly this revision.
    Revision(u64),
}

/// A key that only one resource of a scope may have, such as the path of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UniqueKey {
    /// What kind of key, for example `webhook`.
    pub space: String,
    /// The key.
    pub key: String,
}

/// A resource to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceWrite {
    /// Kind.
    pub kind: String,
    /// Name inside the kind.
    pub name: Name,
    /// Version of the spec's shape.
    pub spec_version: u32,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Spec as JSON.
    pub spec: String,
    /// What the spec refers to.
    pub refs: Vec<Ref>,
    /// What it claims for itself.
    pub keys: Vec<UniqueKey>,
    /// What must be stored for the write to happen.
    pub expect: Expect,
}

/// Who changes something, when, and whether for real.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Who, for the history and the audit log.
    pub by: String,
    /// When.
    pub at: Millis,
    /// Do everything but the commit.
    pub dry_run: bool,
    /// What something active uses may be deleted.
    pub forced: bool,
}

impl Change {
    /// A change for real.
    pub fn new(by: impl Into<String>, at: Millis) -> Self {
        Change { by: by.into(), at, dry_run: false, forced: false }
    }
}

/// The caller's own check of a deletion: gets the users of the resource, and refuses with a reason.
pub type Guard = Arc<dyn Fn(&[Ref]) -> Result<(), String> + Send + Sync>;

/// A rename with everything that has to change with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rename {
    /// The resource.
    pub from: Ref,
    /// Its new name.
    pub to: Name,
    /// What must be stored for the rename to happen.
    pub expect: Expect,
    /// Users of the resource with the new name in their specs.
    pub rewritten: Vec<ResourceWrite>,
    /// Secrets of a connection, sealed for its new name; without them the new name has none.
    pub resealed: Vec<crate::SealedRow>,
}

/// Which resources a list contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Of this kind; without it, of all kinds.
    pub kind: Option<String>,
    /// With all of these labels.
    pub labels: BTreeMap<String, String>,
}

/// A revision in a resource's history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// Position of the write.
    pub revision: u64,
    /// What happened.
    pub action: Action,
    /// Version of the spec's shape.
    pub spec_version: u32,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Spec as JSON; of a deletion, the last one.
    pub spec: String,
    /// When.
    pub written_at: Millis,
    /// Who.
    pub written_by: String,
}

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Written.
    Put,
    /// Deleted, or renamed to another name.
    Delete,
    /// Given its present name; its history came along.
    Rename,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Action::Put => "put",
            Action::Delete => "delete",
            Action::Rename => "rename",
        }
    }

    fn parse(text: &str) -> Result<Self, Error> {
        [Action::Put, Action::Delete, Action::Rename]
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| Error::Corrupt(format!("`{text}` is no action")))
    }
}

/// A hint that something has changed; look again.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeRow {
    /// Position of the change.
    pub position: u64,
    /// Scope.
    pub scope: ScopeId,
    /// What; an activation has the kind `activation` and the workflow's name.
    pub of: Ref,
    /// What happened.
    pub action: Action,
}

/// Changes after a position.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// In order.
    pub changes: Vec<ChangeRow>,
    /// Where to go on.
    pub position: u64,
}

const COLUMNS: &str = "scope, kind, name, spec_version, revision, labels, spec, created_at, updated_at, updated_by";

fn read_resource(row: &mut crate::db::Row) -> Result<ResourceRow, Error> {
    Ok(ResourceRow {
        scope: ScopeId(row.int()?),
        kind: row.text()?,
        name: crate::scopes::name(&row.text()?)?,
        spec_version: row.number()?,
        revision: row.number()?,
        labels: read_labels(&row.text()?)?,
        spec: row.text()?,
        created_at: row.int()?,
        updated_at: row.int()?,
        updated_by: row.text()?,
    })
}

fn read_labels(text: &str) -> Result<BTreeMap<String, String>, Error> {
    serde_json::from_str(text).map_err(|error| Error::Corrupt(format!("labels: {error}")))
}

fn read_ref(row: &mut crate::db::Row) -> Result<Ref, Error> {
    Ok(Ref { kind: row.text()?, name: crate::scopes::name(&row.text()?)? })
}

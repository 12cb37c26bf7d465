//! Everything that is configured: the one write path, reading, drafts, activations, and what is kept of it in memory.
//!
//! A write goes: decode → lift → parse → check → references and problems → authorise → one store transaction (revision,
//! row, history, references, unique keys, audit). It is answered when the in-memory view has it.
//! Start reading at [`write`], then [`activation`] and [`live`].

pub mod activation;
pub mod diff;
pub mod drafts;
pub mod judge;
pub mod live;
pub mod read;
pub mod secrets;
pub mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use auth::now_millis;
use auth::{Grant, Permission, Vault};
use model::resource::{Manifest, Ref, Resource};
use model::{Code, Name, Problem, Scope, ScopeId, Value};
use part::kind::Found;
use part::{Catalogue, KindEntry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Change, ResourceRow, Store};

use crate::parts::Kinds;
use live::Live;

/// The resource service. Cheap to clone.
#[derive(Clone)]
pub struct Resources {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    kinds: Kinds,
    catalogue: Catalogue,
    vault: Vault,
    live: Live,
    /// Held from reading what a workflow has live until the view shows what was written: which addresses a workflow
    /// holds follows from what is live, so writing and activating it must not overtake each other.
    workflows: tokio::sync::Mutex<()>,
    /// Somebody has said how the server is reached from outside.
    reachable: bool,
}

/// What a write came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    /// The resource as it is now.
    pub resource: Resource,
    /// What happened to it.
    pub action: Act,
    /// What keeps it from working, if anything does; it is stored all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Act {
    /// It was not there before.
    Created,
    /// It has a new revision.
    Updated,
    /// It was stored in the same words already.
    Unchanged,
}

impl Resources {
    /// The service over a store. [`Live::follow`] has to run beside it. `reachable`: somebody has said how the server is
    /// reached from outside.
    pub fn new(
        store: Store,
        kinds: Kinds,
        catalogue: Catalogue,
        vault: Vault,
        live: Live,
        reachable: bool,
    ) -> Resources {
        Resources {
            inner: Arc::new(Inner {
                store,
                kinds,
                catalogue,
                vault,
                live,
                workflows: tokio::sync::Mutex::default(),
                reachable,
            }),
        }
    }

    /// Every kind.
    pub fn kinds(&self) -> &Kinds {
        &self.inner.kinds
    }

    /// What is kept in memory of it.
    pub fn live(&self) -> &Live {
        &self.inner.live
    }

    /// The number of a scope; one that does not exist is a problem.
    pub async fn scope(&self, scope: &Scope) -> Result<ScopeId, Problem> {
        if let Some(id) = self.inner.live.view().scope_id(scope) {
            return Ok(id);
        }
        let found = self.inner.store.scope(scope).await?;
        found.ok_or_else(|| {
            Problem::new(Code::NotFound, format!("there is no scope `{scope}`"))
                .hint("an admin makes one with POST /api/v1/scopes")
        })
    }

    fn kind(&self, name: &str) -> Result<&KindEntry, Problem> {
        let found = self.inner.kinds.named(name);
        found.ok_or_else(|| Problem::new(Code::UnknownKind, format!("there is no kind `{name}`")))
    }

    fn change(&self, grant: &Grant, dry_run: bool) -> Change {
        Change { by: grant.actor().to_owned(), at: now_millis(), dry_run, forced: false }
    }

    /// A stored row as it is served: its spec lifted to the newest version.
    fn serve(&self, scope: &Scope, row: &ResourceRow) -> Result<Resource, Problem> {
        let kind = self.kind(&row.kind)?;
        Ok(Resource {
            kind: row.kind.clone(),
            name: row.name.clone(),
            scope: scope.clone(),
            spec_version: kind.spec_version,
            revision: row.revision,
            labels: row.labels.clone(),
            spec: self.lifted(kind, row.spec_version, &row.spec)?,
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
            updated_by: row.updated_by.clone(),
        })
    }

    fn lifted(&self, kind: &KindEntry, version: u32, spec: &str) -> Result<Value, Problem> {
        let value = serde_json::from_str(spec).map_err(|error| {
            tracing::error!(kind = kind.name, error = &error as &dyn std::error::Error, "a stored spec is no JSON");
            Problem::new(Code::StoreCorrupt, "a stored spec cannot be read")
        })?;
        kind.lifted(Some(version), value)
    }

    /// What references lead to: resources of this batch, or stored ones.
    async fn find(
        &self,
        scope: ScopeId,
        targets: impl IntoIterator<Item = Ref>,
        batch: &BTreeMap<Ref, Found>,
    ) -> Result<BTreeMap<Ref, Found>, Problem> {
        let mut found = BTreeMap::new();
        for target in targets {
            if found.contains_key(&target) {
                continue;
            }
            let state = match batch.get(&target) {
                Some(state) => state.clone(),
                None => self.find_stored(scope, &target).await?,
            };
            found.insert(target, state);
        }
        Ok(found)
    }

    async fn find_stored(&self, scope: ScopeId, target: &Ref) -> Result<Found, Problem> {
        let Some(row) = self.inner.store.resource(scope, &target.kind, &target.name).await? else {
            return Ok(Found::Missing);
        };
        if target.kind != "connection" {
            return Ok(Found::Ready);
        }
        let kind = self.kind(&target.kind)?;
        let spec = kind.decode(Some(row.spec_version), serde_json::from_str(&row.spec).unwrap_or_default())?;
        let problems = judge::runnable(&*spec, &self.inner.catalogue.snapshot(), &BTreeMap::new());
        Ok(problems.first().map_or(Found::Ready, |problem| Found::Incomplete(problem.detail.clone())))
    }
}

/// Needs a permission, in words that the write path uses.
fn authorise(grant: &Grant, permission: Permission, scope: &Scope) -> Result<(), Problem> {
    grant.require(permission, scope)
}

/// The address of a resource inside its scope.
pub fn reference(kind: &str, name: &Name) -> Ref {
    Ref { kind: kind.to_owned(), name: name.clone() }
}

/// A resource as a manifest, for files.
pub fn manifest(resource: &Resource) -> Manifest {
    let spec = match resource.kind.as_str() {
        "connection" => auth::Connection::without_flags(&resource.spec),
        _ => resource.spec.clone(),
    };
    Manifest {
        kind: resource.kind.clone(),
        name: resource.name.clone(),
        spec_version: Some(resource.spec_version),
        labels: resource.labels.clone(),
        spec,
    }
}

/// A time as RFC 3339, to the millisecond.
pub fn rfc3339(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis).map(|stamp| format!("{stamp:.3}")).unwrap_or_default()
}

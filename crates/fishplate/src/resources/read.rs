//! Reading resources: one, many, earlier ones, and what changed between them.

use std::collections::BTreeMap;

use model::resource::{Manifest, Ref, Resource};
use model::{Code, Name, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Action, HistoryRow, Selector};

use super::diff::{Difference, difference};
use super::{Resources, judge, rfc3339};

/// A revision in a resource's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Its number.
    pub revision: u64,
    /// `put`, `delete` or `rename`.
    pub action: String,
    /// When it was written, RFC 3339.
    pub written_at: String,
    /// Who wrote it.
    pub written_by: String,
}

/// The difference between two texts of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: Name,
    /// Revision of the first text; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Revision of the second text; absent when it is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// The difference.
    #[serde(flatten)]
    pub difference: Difference,
}

/// Whether a resource could work, and what it uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Nothing keeps it from working.
    pub runnable: bool,
    /// What keeps it from working.
    pub problems: Vec<Problem>,
    /// What it refers to.
    pub refers_to: Vec<Ref>,
    /// Resources that refer to it.
    pub used_by: Vec<Ref>,
    /// Active workflows that use it.
    pub actively_used_by: Vec<Ref>,
}

fn missing(of: &Ref) -> Problem {
    Problem::new(Code::NotFound, format!("`{of}` does not exist"))
}

impl Resources {
    /// One resource.
    pub async fn get(&self, scope: &Scope, of: &Ref) -> Result<Resource, Problem> {
        let id = self.scope(scope).await?;
        let row = self.inner.store.resource(id, &of.kind, &of.name).await?.ok_or_else(|| missing(of))?;
        self.serve(scope, &row)
    }

    /// Resources of a kind, or of all kinds, in the order of kind and name.
    pub async fn list(
        &self,
        scope: &Scope,
        kind: Option<&str>,
        labels: BTreeMap<String, String>,
        after: Option<Ref>,
        limit: usize,
    ) -> Result<Vec<Resource>, Problem> {
        let id = self.scope(scope).await?;
        let selector = Selector { kind: kind.map(str::to_owned), labels };
        let rows = self.inner.store.resources(id, selector, after, limit).await?;
        rows.iter().map(|row| self.serve(scope, row)).collect()
    }

    /// Revisions of a resource, newest first.
    pub async fn history(
        &self,
        scope: &Scope,
        of: &Ref,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Revision>, Problem> {
        let id = self.scope(scope).await?;
        let rows = self.inner.store.resource_history(id, of, before, limit).await?;
        if rows.is_empty() && before.is_none() {
            return Err(missing(of));
        }
        Ok(rows.iter().map(view).collect())
    }

    /// An earlier revision.
    pub async fn revision(&self, scope: &Scope, of: &Ref, revision: u64) -> Result<Resource, Problem> {
        let id = self.scope(scope).await?;
        let row = self.inner.store.resource_revision(id, of, revision).await?;
        let row = row.ok_or_else(|| Problem::new(Code::NotFound, format!("`{of}` has no revision {revision}")))?;
        let kind = self.kind(&of.kind)?;
        Ok(Resource {
            kind: of.kind.clone(),
            name: of.name.clone(),
            scope: scope.clone(),
            spec_version: kind.spec_version,
            revision: row.revision,
            spec: self.lifted(kind, row.spec_version, &row.spec)?,
            labels: row.labels,
            created_at: rfc3339(row.written_at),
            updated_at: rfc3339(row.written_at),
            updated_by: row.written_by,
        })
    }

    /// What changed between two revisions. Without numbers: between the newest one and the one before it.
    pub async fn compare(
        &self,
        scope: &Scope,
        of: &Ref,
        from: Option<u64>,
        to: Option<u64>,
    ) -> Result<Compared, Problem> {
        let id = self.scope(scope).await?;
        let newest = match to {
            Some(to) => self.revision(scope, of, to).await?,
            None => {
                let rows = self.inner.store.resource_history(id, of, None, 1).await?;
                let newest = rows.first().ok_or_else(|| missing(of))?;
                self.revision(scope, of, newest.revision).await?
            }
        };
        let earlier = match from {
            Some(from) => Some(self.revision(scope, of, from).await?),
            None => {
                let rows = self.inner.store.resource_history(id, of, Some(newest.revision), 1).await?;
                match rows.first() {
                    Some(row) => Some(self.revision(scope, of, row.revision).await?),
                    None => None,
                }
            }
        };
        let before = earlier.as_ref().map(|earlier| earlier.spec.clone()).unwrap_or_default();
        Ok(Compared {
            kind: of.kind.clone(),
            name: of.name.clone(),
            from: earlier.map(|earlier| earlier.revision),
            to: Some(newest.revision),
            difference: difference(&before, &newest.spec),
        })
    }

    /// What writing a manifest would change.
    pub async fn compare_manifest(&self, scope: &Scope, manifest: &Manifest) -> Result<Compared, Problem> {
        let catalogue = self.inner.catalogue.snapshot();
        let mut judged = judge::judge(&self.inner.kinds, &catalogue, manifest)?;
        let of = super::reference(&manifest.kind, &manifest.name);
        let stored = match self.get(scope, &of).await {
            Ok(stored) => Some(stored),
            Err(problem) if problem.code == Code::NotFound => None,
            Err(problem) => return Err(problem),
        };
        if let Some(flags) = stored.as_ref().and_then(|stored| stored.spec.get("secrets")?.as_array()) {
            // Files never say which secrets are set, so that is no difference.
            let set = flags.iter().filter_map(|flag| flag.as_str().map(str::to_owned)).collect();
            judged.spec.flag_secrets(&set);
            judged.value = judged.spec.value();
        }
        let before = stored.as_ref().map(|stored| stored.spec.clone()).unwrap_or_default();
        Ok(Compared {
            kind: of.kind,
            name: of.name,
            from: stored.map(|stored| stored.revision),
            to: None,
            difference: difference(&before, &judged.value),
        })
    }

    /// Whether a resource could work now, and how it hangs together with others.
    pub async fn condition(&self, scope: &Scope, of: &Ref) -> Result<Condition, Problem> {
        let id = self.scope(scope).await?;
        let resource = self.get(scope, of).await?;
        let spec = self.kind(&of.kind)?.decode(None, resource.spec)?;
        let catalogue = self.inner.catalogue.snapshot();
        let targets = spec.refs(&catalogue).into_iter().map(|place| place.target);
        let found = self.find(id, targets, &BTreeMap::new()).await?;
        let problems = judge::runnable(&*spec, &catalogue, &found);
        Ok(Condition {
            runnable: problems.is_empty(),
            problems,
            refers_to: found.into_keys().collect(),
            used_by: self.inner.store.used_by(id, of).await?,
            actively_used_by: self.inner.store.actively_used_by(id, of).await?,
        })
    }
}

fn view(row: &HistoryRow) -> Revision {
    let action = match row.action {
        Action::Put => "put",
        Action::Delete => "delete",
        Action::Rename => "rename",
    };
    Revision {
        revision: row.revision,
        action: action.into(),
        written_at: rfc3339(row.written_at),
        written_by: row.written_by.clone(),
    }
}

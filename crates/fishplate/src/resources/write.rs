//! The one write path.

use std::collections::{BTreeMap, BTreeSet};

use auth::Grant;
use model::resource::{Manifest, Ref};
use model::{Code, Name, Problem, Scope, ScopeId, Value};
use part::http::call::IfMatch;
use part::kind::{Found, UniqueKey};
use part::tables::DataTableKind;
use schemars::JsonSchema;
use serde::Serialize;
use store::{Change, Expect, Rename, ResourceRow, ResourceWrite};

use super::judge::{self, Judged};
use super::{Act, Resources, Written, authorise, reference};

/// Most resources of one write.
pub const MOST_WRITES: usize = 1_000;

/// A resource to write, and what its writer expects to find.
#[derive(Clone, Debug)]
pub struct Put {
    /// The resource.
    pub manifest: Manifest,
    /// What must be stored for the write to happen.
    pub expect: Expectation,
    /// Cells of a data table may go although something active works with it.
    pub forced: bool,
}

impl Put {
    /// A write that takes nothing away from what is active.
    pub fn new(manifest: Manifest, expect: Expectation) -> Put {
        Put { manifest, expect, forced: false }
    }
}

/// What a writer expects to find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expectation {
    /// Anything.
    #[default]
    Any,
    /// Nothing.
    Absent,
    /// Something.
    Present,
    /// This revision.
    Revision(u64),
}

impl Expectation {
    /// What the conditional headers of a request say.
    pub fn of(call: &part::http::Call) -> Result<Expectation, Problem> {
        Ok(match call.if_match()? {
            Some(IfMatch::Any) => Expectation::Present,
            Some(IfMatch::Revision(revision)) => Expectation::Revision(revision),
            None if call.create_only() => Expectation::Absent,
            None => Expectation::Any,
        })
    }

    fn resolve(self, of: &Ref, found: Option<&ResourceRow>) -> Result<Expect, Problem> {
        match (self, found) {
            (Expectation::Any, _) => Ok(Expect::Any),
            (Expectation::Absent, _) => Ok(Expect::Absent),
            (Expectation::Revision(revision), _) => Ok(Expect::Revision(revision)),
            // Pinned to what was seen, so that a deletion in between shows.
            (Expectation::Present, Some(row)) => Ok(Expect::Revision(row.revision)),
            (Expectation::Present, None) => {
                Err(Problem::new(Code::PreconditionFailed, format!("`{of}` does not exist, and `If-Match` demands it")))
            }
        }
    }
}

/// What a deletion left behind.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// What is gone.
    pub resource: Ref,
    /// Resources that still refer to it. None of them is active.
    pub still_used_by: Vec<Ref>,
}

impl Resources {
    /// Writes resources, all or none.
    pub async fn put_many(
        &self,
        grant: &Grant,
        scope: &Scope,
        puts: Vec<Put>,
        dry_run: bool,
    ) -> Result<Vec<Written>, Problem> {
        if puts.len() > MOST_WRITES {
            let detail = format!("one request writes at most {MOST_WRITES} resources, this one has {}", puts.len());
            return Err(Problem::new(Code::TooLarge, detail).at("/resources"));
        }
        let id = self.scope(scope).await?;
        let catalogue = self.inner.catalogue.snapshot();
        let many = puts.len() > 1;
        let mut problems = Vec::new();
        let mut judged: Vec<(Put, Judged)> = Vec::with_capacity(puts.len());
        let mut seen = BTreeSet::new();
        for (at, put) in puts.into_iter().enumerate() {
            let below = |problem: Problem| if many { problem.below(&format!("/resources/{at}")) } else { problem };
            match judge::judge(&self.inner.kinds, &catalogue, &put.manifest) {
                Ok(one) => {
                    authorise(grant, one.kind.write, scope)?;
                    if !seen.insert(reference(one.kind.name, &put.manifest.name)) {
                        let detail = format!("`{}/{}` is there twice", one.kind.name, put.manifest.name);
                        problems.push(below(Problem::new(Code::InvalidSpec, detail).at("/name")));
                    }
                    judged.push((put, one));
                }
                Err(problem) => problems.push(below(problem)),
            }
        }
        if let Some(problem) = Problem::from_many(problems) {
            return Err(problem);
        }
        let _alone = match judged.iter().any(|(_, one)| one.kind.name == "workflow") {
            true => Some(self.inner.workflows.lock().await),
            false => None,
        };
        let mut writes = Vec::with_capacity(judged.len());
        let mut before = Vec::with_capacity(judged.len());
        for (put, one) in &mut judged {
            let of = reference(one.kind.name, &put.manifest.name);
            let row = self.inner.store.resource(id, &of.kind, &of.name).await?;
            self.flag_secrets(id, &of.name, one).await?;
            if let Some(row) = row.as_ref().filter(|_| of.kind == DataTableKind::KIND && !put.forced) {
                self.keeps_columns(id, &of, row, &one.value).await?;
            }
            writes.push(ResourceWrite {
                spec_version: one.kind.spec_version,
                labels: put.manifest.labels.clone(),
                spec: one.value.to_string(),
                refs: one.refs.clone(),
                keys: self.keys_of(id, &of, &one.keys),
                expect: put.expect.resolve(&of, row.as_ref())?,
                kind: of.kind,
                name: of.name,
            });
            before.push(row.map(|row| row.revision));
        }
        let rows = self.inner.store.put_resources(id, writes, self.change(grant, dry_run)).await?;
        if !dry_run {
            self.wait_for(rows.iter().map(|row| row.revision).max().unwrap_or(0)).await?;
        }
        let batch: BTreeMap<Ref, Found> = judged
            .iter()
            .map(|(put, one)| {
                let missing = judge::runnable(&*one.spec, &catalogue, &BTreeMap::new());
                let state = match (one.kind.name, missing.first()) {
                    ("connection", Some(problem)) => Found::Incomplete(problem.detail.clone()),
                    _ => Found::Ready,
                };
                (reference(one.kind.name, &put.manifest.name), state)
            })
            .collect();
        let mut written = Vec::with_capacity(rows.len());
        for ((row, before), (_, one)) in rows.iter().zip(before).zip(&judged) {
            let found = self.find(id, one.refs.iter().cloned(), &batch).await?;
            let action = match before {
                None => Act::Created,
                Some(revision) if revision == row.revision => Act::Unchanged,
                Some(_) => Act::Updated,
            };
            let problems = judge::runnable(&*one.spec, &catalogue, &found);
            written.push(Written { resource: self.serve(scope, row)?, action, problems });
        }
        Ok(written)
    }

    /// Writes one resource.
    pub async fn put(&self, grant: &Grant, scope: &Scope, put: Put, dry_run: bool) -> Result<Written, Problem> {
        let mut written = self.put_many(grant, scope, vec![put], dry_run).await?;
        written.pop().ok_or_else(|| Problem::new(Code::Internal, "a write left nothing"))
    }

    /// Refuses to take columns, and so their cells, out of a table that active workflows work with. Which columns those
    /// need is not looked at: expressions name them too.
    async fn keeps_columns(&self, id: ScopeId, of: &Ref, row: &ResourceRow, spec: &Value) -> Result<(), Problem> {
        let stored: Value = serde_json::from_str(&row.spec).unwrap_or_default();
        let keys = |spec: &Value| -> BTreeSet<String> {
            let columns = spec["columns"].as_array().into_iter().flatten();
            let key = |column: &Value| column["id"].as_str().or_else(|| column["name"].as_str()).map(str::to_owned);
            columns.filter_map(key).collect()
        };
        let kept = keys(spec);
        let gone: Vec<String> = keys(&stored).into_iter().filter(|key| !kept.contains(key)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        let users = self.inner.store.actively_used_by(id, of).await?;
        if users.is_empty() {
            return Ok(());
        }
        let users: Vec<String> = users.iter().map(|user| format!("`{user}`")).collect();
        let detail = format!("the columns {} would go, and `{of}` is used by {}", gone.join(", "), users.join(", "));
        let hint = "deactivate what uses the table, or say `force` to lose the cells of these columns";
        Err(Problem::new(Code::InUse, detail).at("/spec/columns").hint(hint))
    }

    /// Deletes a resource. Its history stays. Refused when something active uses it, unless it is forced.
    pub async fn delete(
        &self,
        grant: &Grant,
        scope: &Scope,
        of: Ref,
        expect: Expectation,
        forced: bool,
        dry_run: bool,
    ) -> Result<Deleted, Problem> {
        authorise(grant, self.kind(&of.kind)?.write, scope)?;
        let id = self.scope(scope).await?;
        let row = self.inner.store.resource(id, &of.kind, &of.name).await?;
        let expect = match expect {
            Expectation::Absent => Expect::Any,
            other => other.resolve(&of, row.as_ref())?,
        };
        let change = Change { forced, ..self.change(grant, dry_run) };
        let deleted = self.inner.store.delete_resource(id, of.clone(), expect, None, change).await;
        let still_used_by = match deleted.map_err(Problem::from) {
            Err(problem) if problem.code == Code::InUse && of.kind == DataTableKind::KIND => {
                return Err(problem.hint("deactivate what uses the table, or say `force`"));
            }
            other => other?,
        };
        if of.kind == "connection" {
            self.inner.vault.forget(id, &of.name);
        }
        if !dry_run {
            self.catch_up().await?;
        }
        Ok(Deleted { resource: of, still_used_by })
    }

    /// Brings an earlier revision back, as a new one. Secrets are never brought back.
    pub async fn rollback(&self, grant: &Grant, scope: &Scope, of: &Ref, revision: u64) -> Result<Written, Problem> {
        let earlier = self.revision(scope, of, revision).await?;
        let manifest = super::manifest(&earlier);
        self.put(grant, scope, Put::new(manifest, Expectation::Any), false).await
    }

    /// Gives a resource another name, in its users' specs too, all in one transaction.
    pub async fn rename(
        &self,
        grant: &Grant,
        scope: &Scope,
        of: &Ref,
        to: Name,
        expect: Expectation,
    ) -> Result<Vec<Ref>, Problem> {
        let kind = *self.kind(&of.kind)?;
        authorise(grant, kind.write, scope)?;
        if kind.only_name.is_some() {
            return Err(Problem::new(Code::InvalidName, format!("a `{}` cannot be renamed", kind.name)).at("/to"));
        }
        let id = self.scope(scope).await?;
        let row = self.inner.store.resource(id, &of.kind, &of.name).await?;
        let expect = expect.resolve(of, row.as_ref())?;
        let _alone = self.inner.workflows.lock().await;
        let catalogue = self.inner.catalogue.snapshot();
        let mut rewritten = Vec::new();
        for user in self.inner.store.used_by(id, of).await? {
            let Some(row) = self.inner.store.resource(id, &user.kind, &user.name).await? else { continue };
            let user_kind = *self.kind(&user.kind)?;
            authorise(grant, user_kind.write, scope)?;
            let mut spec = self.lifted(&user_kind, row.spec_version, &row.spec)?;
            let places = user_kind.decode(None, spec.clone())?.refs(&catalogue);
            for place in places.into_iter().filter(|place| place.target == *of) {
                if let Some(value) = spec.pointer_mut(&place.pointer) {
                    replace_name(value, of.name.as_str(), to.as_str());
                }
            }
            let manifest = Manifest {
                kind: user.kind.clone(),
                name: user.name.clone(),
                spec_version: None,
                labels: row.labels.clone(),
                spec,
            };
            let judged = judge::judge(&self.inner.kinds, &catalogue, &manifest)?;
            rewritten.push(ResourceWrite {
                kind: user.kind.clone(),
                name: user.name.clone(),
                spec_version: judged.kind.spec_version,
                labels: row.labels,
                spec: judged.value.to_string(),
                refs: judged.refs,
                keys: self.keys_of(id, &user, &judged.keys),
                expect: Expect::Revision(row.revision),
            });
        }
        let resealed = match of.kind.as_str() {
            "connection" => self.inner.vault.resealed(id, &of.name, &to).await?,
            _ => Vec::new(),
        };
        let rename = Rename { from: of.clone(), to, expect, rewritten, resealed };
        let rows = self.inner.store.rename_resource(id, rename, self.change(grant, false)).await?;
        self.inner.vault.forget(id, &of.name);
        self.catch_up().await?;
        Ok(rows.into_iter().map(|row| Ref { kind: row.kind, name: row.name }).collect())
    }

    /// Unique keys that a resource holds. A workflow holds those of what is live, whatever is written to it: its
    /// revisions do nothing until they are activated.
    pub(super) fn keys_of(&self, scope: ScopeId, of: &Ref, own: &[UniqueKey]) -> Vec<store::UniqueKey> {
        let live;
        let keys = if of.kind == "workflow" {
            live = self.inner.live.view().keys(scope, of.name.as_str());
            &live[..]
        } else {
            own
        };
        keys.iter().map(|key| store::UniqueKey { space: key.space.clone(), key: key.key.clone() }).collect()
    }

    /// Writes down in a spec which of its secrets have values.
    async fn flag_secrets(&self, scope: ScopeId, name: &Name, judged: &mut Judged) -> Result<(), Problem> {
        let fields = judged.spec.secret_fields();
        if fields.is_empty() && judged.kind.name != "connection" {
            return Ok(());
        }
        let mut set = self.inner.vault.fields(scope, name).await?;
        set.retain(|field| fields.contains(field));
        judged.spec.flag_secrets(&set);
        judged.value = judged.spec.value();
        Ok(())
    }

    /// Waits until the in-memory view has a position.
    pub(super) async fn wait_for(&self, position: u64) -> Result<(), Problem> {
        self.inner.live.reached(position).await
    }

    /// Waits until the in-memory view has everything that is stored now.
    pub(super) async fn catch_up(&self) -> Result<(), Problem> {
        let position = self.inner.store.position().await?;
        self.wait_for(position).await
    }
}

/// Replaces a name where a reference stands: the text itself, or texts equal to it below.
fn replace_name(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => *text = to.to_owned(),
        Value::Array(values) => values.iter_mut().for_each(|value| replace_name(value, from, to)),
        Value::Object(map) => map.values_mut().for_each(|value| replace_name(value, from, to)),
        _ => {}
    }
}

//! Changing resources.

use std::sync::{Arc, Mutex};

use model::resource::Ref;
use model::{Name, ScopeId};

use super::read::{active_users, get, used_by};
use super::{Action, Change, Expect, Guard, Rename, ResourceRow, ResourceWrite, UniqueKey};
use crate::audit::{self, AuditEntry};
use crate::db::{Tx, params};
use crate::{Error, Store};

/// What leaves a transaction that a dry run takes back.
type Outcome<T> = Arc<Mutex<Option<T>>>;

/// Ends a dry run's transaction; no caller sees it.
const DRY_RUN: &str = "dry run";

impl Store {
    /// Writes resources, all or none. What is stored in the same words already stays as it is and keeps its revision.
    ///
    /// Fails with [`Error::Exists`], [`Error::Conflict`] or [`Error::KeyTaken`].
    pub async fn put_resources(
        &self,
        scope: ScopeId,
        writes: Vec<ResourceWrite>,
        change: Change,
    ) -> Result<Vec<ResourceRow>, Error> {
        let dry_run = change.dry_run;
        let args = (scope, writes, change);
        self.change(args, dry_run, |tx, (scope, writes, change)| Box::pin(put_all(tx, *scope, writes, change))).await
    }

    /// Deletes a resource; its history stays. Returns who still refers to it.
    ///
    /// Fails with [`Error::NotFound`], [`Error::Conflict`], [`Error::InUse`] when something active uses it and the
    /// change is not forced, or [`Error::Refused`] when `guard` says so.
    pub async fn delete_resource(
        &self,
        scope: ScopeId,
        of: Ref,
        expect: Expect,
        guard: Option<Guard>,
        change: Change,
    ) -> Result<Vec<Ref>, Error> {
        let dry_run = change.dry_run;
        let args = (scope, of, expect, guard, change);
        self.change(args, dry_run, |tx, (scope, of, expect, guard, change)| {
            Box::pin(delete(tx, *scope, of, *expect, guard.as_ref(), change))
        })
        .await
    }

    /// Renames a resource together with those who refer to it, its history, draft, activation and keys.
    ///
    /// Fails with [`Error::NotFound`], [`Error::Exists`], [`Error::Conflict`], or [`Error::InUse`] when the live
    /// revision of an active workflow, which no rename can change, refers to it.
    pub async fn rename_resource(
        &self,
        scope: ScopeId,
        rename: Rename,
        change: Change,
    ) -> Result<Vec<ResourceRow>, Error> {
        let dry_run = change.dry_run;
        self.change((scope, rename, change), dry_run, |tx, (scope, rename, change)| {
            Box::pin(rename_all(tx, *scope, rename, change))
        })
        .await
    }

    /// Drops changes but the newest `keep`; whoever is further behind must list again. Returns how many were dropped.
    pub async fn trim_changes(&self, keep: u64) -> Result<u64, Error> {
        self.write(keep, |tx, keep| {
            Box::pin(async move {
                let newest = super::read::counter(tx, "position").await?;
                let horizon = newest.saturating_sub(*keep);
                let sql = "UPDATE counter SET value = $1 WHERE name = 'horizon' AND value < $1";
                tx.execute(sql, params![horizon]).await?;
                tx.execute("DELETE FROM resource_change WHERE position <= $1", params![horizon]).await
            })
        })
        .await
    }

    /// Runs a change, takes it back when it is a dry run, and tells whoever watches when it is not.
    async fn change<A, T, F>(&self, args: A, dry_run: bool, work: F) -> Result<T, Error>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> crate::db::Work<'t, (T, u64)> + Send + Sync + 'static,
    {
        let outcome: Outcome<T> = Outcome::default();
        let args = (args, work, dry_run, outcome.clone());
        let written = self
            .write(args, |tx, (args, work, dry_run, outcome)| {
                Box::pin(async move {
                    let (value, position) = work(tx, args).await?;
                    if let Ok(mut outcome) = outcome.lock() {
                        *outcome = Some(value);
                    }
                    if *dry_run { Err(Error::Refused(DRY_RUN.into())) } else { Ok(position) }
                })
            })
            .await;
        match written {
            Ok(position) => self.inner.notifier.position(position, true),
            Err(Error::Refused(reason)) if dry_run && reason == DRY_RUN => {}
            Err(error) => return Err(error),
        }
        let value = outcome.lock().ok().and_then(|mut outcome| outcome.take());
        value.ok_or_else(|| Error::Database("a change left no outcome".into()))
    }
}

/// Takes the next position. The row stays locked until the commit, which makes commit order revision order.
pub(crate) async fn next_position(tx: &mut Tx) -> Result<u64, Error> {
    let sql = "UPDATE counter SET value = value + 1 WHERE name = 'position' RETURNING value";
    match tx.first(sql, &[]).await? {
        Some(mut row) => row.number(),
        None => Err(Error::Corrupt("the counter `position` is missing".into())),
    }
}

/// Leaves a hint for those who watch.
pub(crate) async fn record_change(
    tx: &mut Tx,
    position: u64,
    scope: ScopeId,
    of: &Ref,
    action: Action,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO resource_change (position, scope, kind, name, action) VALUES ($1, $2, $3, $4, $5)",
        params![position, scope, &of.kind, of.name.as_str(), action.as_str()],
    )
    .await
    .map(|_| ())
}

fn check_expected(of: &Ref, expect: Expect, found: Option<&ResourceRow>) -> Result<(), Error> {
    match (expect, found) {
        (Expect::Any, _) | (Expect::Absent, None) => Ok(()),
        (Expect::Absent, Some(_)) => Err(Error::Exists(of.to_string())),
        (Expect::Revision(expected), found) => {
            let found = found.map_or(0, |found| found.revision);
            if found == expected {
                return Ok(());
            }
            Err(Error::Conflict { what: of.to_string(), expected, found })
        }
    }
}

async fn put_all(
    tx: &mut Tx,
    scope: ScopeId,
    writes: &[ResourceWrite],
    change: &Change,
) -> Result<(Vec<ResourceRow>, u64), Error> {
    // Locking the counter first keeps two writers of several resources from waiting for each other's rows.
    let locked = format!("SELECT value FROM counter WHERE name = 'position'{}", tx.dialect().for_update());
    let mut position: u64 = match tx.first(&locked, &[]).await? {
        Some(mut row) => row.number()?,
        None => return Err(Error::Corrupt("the counter `position` is missing".into())),
    };
    let mut rows = Vec::with_capacity(writes.len());
    // Keys are freed before any is taken, so that two resources can swap theirs.
    for write in writes {
        let of = Ref { kind: write.kind.clone(), name: write.name.clone() };
        free_keys(tx, scope, &of, &write.keys).await?;
    }
    for write in writes {
        let row = put(tx, scope, write, change).await?;
        position = position.max(row.revision);
        rows.push(row);
    }
    Ok((rows, position))
}

async fn put(tx: &mut Tx, scope: ScopeId, write: &ResourceWrite, change: &Change) -> Result<ResourceRow, Error> {
    let of = Ref { kind: write.kind.clone(), name: write.name.clone() };
    let found = get(tx, scope, &of, tx.dialect().for_update()).await?;
    check_expected(&of, write.expect, found.as_ref())?;
    if let Some(found) = &found
        && found.spec == write.spec
        && found.labels == write.labels
        && found.spec_version == write.spec_version
    {
        take_keys(tx, scope, &of, &write.keys).await?;
        write_refs(tx, scope, &of, &write.refs).await?;
        return Ok(found.clone());
    }
    let row = ResourceRow {
        scope,
        kind: write.kind.clone(),
        name: write.name.clone(),
        spec_version: write.spec_version,
        revision: next_position(tx).await?,
        labels: write.labels.clone(),
        spec: write.spec.clone(),
        created_at: found.as_ref().map_or(change.at, |found| found.created_at),
        updated_at: change.at,
        updated_by: change.by.clone(),
    };
    write_row(tx, &row).await?;
    write_history(tx, &row, Action::Put, change).await?;
    write_refs(tx, scope, &of, &write.refs).await?;
    write_labels(tx, &row).await?;
    take_keys(tx, scope, &of, &write.keys).await?;
    record_change(tx, row.revision, scope, &of, Action::Put).await?;
    let before = found.map(|found| found.revision);
    let detail = serde_json::json!({"revision": row.revision, "before": before}).to_string();
    log(tx, scope, &of, "resource.put", detail, change).await?;
    Ok(row)
}

async fn write_row(tx: &mut Tx, row: &ResourceRow) -> Result<(), Error> {
    let sql = "INSERT INTO resource (scope, kind, name, spec_version, revision, labels, spec, created_at, updated_at, \
               updated_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (scope, kind, name) DO UPDATE \
               SET spec_version = excluded.spec_version, revision = excluded.revision, labels = excluded.labels, \
               spec = excluded.spec, updated_at = excluded.updated_at, updated_by = excluded.updated_by";
    let labels = labels_text(row);
    let values = params![
        row.scope,
        &row.kind,
        row.name.as_str(),
        row.spec_version,
        row.revision,
        &labels,
        &row.spec,
        row.created_at,
        row.updated_at,
        &row.updated_by
    ];
    tx.execute(sql, values).await.map(|_| ())
}

fn labels_text(row: &ResourceRow) -> String {
    serde_json::json!(row.labels).to_string()
}

async fn write_history(tx: &mut Tx, row: &ResourceRow, action: Action, change: &Change) -> Result<(), Error> {
    let labels = labels_text(row);
    tx.execute(
        "INSERT INTO resource_history (scope, kind, name, revision, action, spec_version, labels, spec, written_at, \
         written_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            row.scope,
            &row.kind,
            row.name.as_str(),
            row.revision,
            action.as_str(),
            row.spec_version,
            &labels,
            &row.spec,
            change.at,
            &change.by
        ],
    )
    .await
    .map(|_| ())
}

async fn write_refs(tx: &mut Tx, scope: ScopeId, of: &Ref, refs: &[Ref]) -> Result<(), Error> {
    let sql = "DELETE FROM resource_ref WHERE scope = $1 AND kind = $2 AND name = $3";
    tx.execute(sql, params![scope, &of.kind, of.name.as_str()]).await?;
    for target in refs {
        tx.execute(
            "INSERT INTO resource_ref (scope, kind, name, target_kind, target_name) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (scope, kind, name, target_kind, target_name) DO NOTHING",
            params![scope, &of.kind, of.name.as_str(), &target.kind, target.name.as_str()],
        )
        .await?;
    }
    Ok(())
}

async fn write_labels(tx: &mut Tx, row: &ResourceRow) -> Result<(), Error> {
    let sql = "DELETE FROM resource_label WHERE scope = $1 AND kind = $2 AND name = $3";
    tx.execute(sql, params![row.scope, &row.kind, row.name.as_str()]).await?;
    for (label, value) in &row.labels {
        tx.execute(
            "INSERT INTO resource_label (scope, kind, name, label, value) VALUES ($1, $2, $3, $4, $5)",
            params![row.scope, &row.kind, row.name.as_str(), label, value],
        )
        .await?;
    }
    Ok(())
}

/// Gives up the keys that a resource will not have any more.
async fn free_keys(tx: &mut Tx, scope: ScopeId, of: &Ref, kept: &[UniqueKey]) -> Result<(), Error> {
    let sql = "SELECT space, key FROM resource_key WHERE scope = $1 AND kind = $2 AND name = $3";
    for mut row in tx.query(sql, params![scope, &of.kind, of.name.as_str()]).await? {
        let key = UniqueKey { space: row.text()?, key: row.text()? };
        if !kept.contains(&key) {
            tx.execute(
                "DELETE FROM resource_key WHERE scope = $1 AND space = $2 AND key = $3",
                params![scope, &key.space, &key.key],
            )
            .await?;
        }
    }
    Ok(())
}

async fn take_keys(tx: &mut Tx, scope: ScopeId, of: &Ref, keys: &[UniqueKey]) -> Result<(), Error> {
    for key in keys {
        tx.execute(
            "INSERT INTO resource_key (scope, space, key, kind, name) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (scope, space, key) DO NOTHING",
            params![scope, &key.space, &key.key, &of.kind, of.name.as_str()],
        )
        .await?;
        let sql = "SELECT kind, name FROM resource_key WHERE scope = $1 AND space = $2 AND key = $3";
        let owner = match tx.first(sql, params![scope, &key.space, &key.key]).await? {
            Some(mut row) => super::read_ref(&mut row)?,
            None => return Err(Error::Unavailable("a unique key was being given up".into())),
        };
        if owner != *of {
            return Err(Error::KeyTaken { space: key.space.clone(), key: key.key.clone(), owner });
        }
    }
    Ok(())
}

async fn log(
    tx: &mut Tx,
    scope: ScopeId,
    of: &Ref,
    action: &str,
    detail: String,
    change: &Change,
) -> Result<(), Error> {
    let subject = format!("{} {of}", crate::scopes::scope_of(tx, scope).await?);
    let entry = AuditEntry { at: change.at, actor: &change.by, action, subject: &subject, detail };
    audit::append(tx, scope, entry).await
}

async fn remove_row(tx: &mut Tx, scope: ScopeId, of: &Ref) -> Result<(), Error> {
    for table in ["resource", "resource_ref", "resource_label", "resource_key"] {
        let sql = format!("DELETE FROM {table} WHERE scope = $1 AND kind = $2 AND name = $3");
        tx.execute(&sql, params![scope, &of.kind, of.name.as_str()]).await?;
    }
    Ok(())
}

async fn delete(
    tx: &mut Tx,
    scope: ScopeId,
    of: &Ref,
    expect: Expect,
    guard: Option<&Guard>,
    change: &Change,
) -> Result<(Vec<Ref>, u64), Error> {
    let revision = next_position(tx).await?;
    let found = get(tx, scope, of, tx.dialect().for_update()).await?;
    check_expected(of, expect, found.as_ref())?;
    let Some(found) = found else { return Err(Error::NotFound(of.to_string())) };
    let active = active_users(tx, scope, of).await?;
    if !active.is_empty() && !change.forced {
        return Err(Error::InUse { what: of.clone(), by: active });
    }
    let users = used_by(tx, scope, of).await?;
    if let Some(guard) = guard {
        guard(&users).map_err(Error::Refused)?;
    }
    remove_row(tx, scope, of).await?;
    if of.kind == "workflow" {
        crate::drafts::remove(tx, scope, &of.name).await?;
        crate::activations::remove(tx, scope, &of.name).await?;
    }
    if of.kind == "connection" {
        crate::secrets::remove(tx, scope, &of.name).await?;
        crate::connections::remove(tx, scope, &of.name).await?;
    }
    if of.kind == crate::tables::KIND {
        crate::tables::remove(tx, scope, &of.name).await?;
    }
    let last = ResourceRow { revision, ..found };
    write_history(tx, &last, Action::Delete, change).await?;
    record_change(tx, revision, scope, of, Action::Delete).await?;
    log(tx, scope, of, "resource.delete", serde_json::json!({ "revision": revision }).to_string(), change).await?;
    Ok((users, revision))
}

async fn rename_all(
    tx: &mut Tx,
    scope: ScopeId,
    rename: &Rename,
    change: &Change,
) -> Result<(Vec<ResourceRow>, u64), Error> {
    let from = &rename.from;
    let to = Ref { kind: from.kind.clone(), name: rename.to.clone() };
    let gone_at = next_position(tx).await?;
    let found = get(tx, scope, from, tx.dialect().for_update()).await?;
    check_expected(from, rename.expect, found.as_ref())?;
    let Some(found) = found else { return Err(Error::NotFound(from.to_string())) };
    if get(tx, scope, &to, "").await?.is_some() {
        return Err(Error::Exists(to.to_string()));
    }
    let mut active = active_users(tx, scope, from).await?;
    // What an active workflow runs is a revision, which stays as it is; an endpoint is written again with the new name.
    active.retain(|user| user != from && user.kind != "endpoint");
    if !active.is_empty() {
        return Err(Error::InUse { what: from.clone(), by: active });
    }
    let row = ResourceRow {
        name: rename.to.clone(),
        revision: next_position(tx).await?,
        updated_at: change.at,
        updated_by: change.by.clone(),
        ..found
    };
    for table in ["resource", "resource_history", "resource_ref", "resource_label", "resource_key"] {
        move_rows(tx, table, scope, from, &rename.to).await?;
    }
    write_row(tx, &row).await?;
    write_history(tx, &row, Action::Rename, change).await?;
    match from.kind.as_str() {
        "workflow" => {
            crate::drafts::rename(tx, scope, &from.name, &rename.to).await?;
            crate::activations::rename(tx, scope, &from.name, &rename.to).await?;
        }
        "connection" => {
            crate::secrets::reseal(tx, scope, &from.name, &rename.to, &rename.resealed).await?;
            crate::connections::rename(tx, scope, &from.name, &rename.to).await?;
        }
        crate::tables::KIND => crate::tables::rename(tx, scope, &from.name, &rename.to).await?,
        _ => {}
    }
    record_change(tx, gone_at, scope, from, Action::Delete).await?;
    record_change(tx, row.revision, scope, &to, Action::Rename).await?;
    let detail = serde_json::json!({"to": rename.to, "revision": row.revision}).to_string();
    log(tx, scope, from, "resource.rename", detail, change).await?;
    let (mut rows, position) = put_all(tx, scope, &rename.rewritten, change).await?;
    let position = position.max(row.revision);
    rows.insert(0, row);
    Ok((rows, position))
}

async fn move_rows(tx: &mut Tx, table: &str, scope: ScopeId, from: &Ref, to: &Name) -> Result<(), Error> {
    // A deleted namesake may have left history; the two lines become one.
    let sql = format!("UPDATE {table} SET name = $1 WHERE scope = $2 AND kind = $3 AND name = $4");
    tx.execute(&sql, params![to.as_str(), scope, &from.kind, from.name.as_str()]).await.map(|_| ())
}

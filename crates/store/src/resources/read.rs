//! Reading resources: one, lists, history, references, changes.

use std::fmt::Write;

use model::resource::Ref;
use model::{Name, ScopeId};

use super::{
    Action, COLUMNS, ChangeRow, Changes, HistoryRow, ResourceRow, Selector, read_labels, read_ref, read_resource,
};
use crate::db::{Param, Row, Tx, params};
use crate::{Error, Store};

impl Store {
    /// One resource.
    pub async fn resource(&self, scope: ScopeId, kind: &str, name: &Name) -> Result<Option<ResourceRow>, Error> {
        let of = Ref { kind: kind.to_owned(), name: name.clone() };
        self.read((scope, of), |tx, (scope, of)| Box::pin(get(tx, *scope, of, ""))).await
    }

    /// Resources in the order of kind and name, after `after`.
    pub async fn resources(
        &self,
        scope: ScopeId,
        selector: Selector,
        after: Option<Ref>,
        limit: usize,
    ) -> Result<Vec<ResourceRow>, Error> {
        self.read((scope, selector, after, limit), |tx, (scope, selector, after, limit)| {
            Box::pin(list(tx, *scope, selector, after.as_ref(), *limit))
        })
        .await
    }

    /// Revisions of a resource, newest first, before revision `before`. It outlives the resource.
    pub async fn resource_history(
        &self,
        scope: ScopeId,
        of: &Ref,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<HistoryRow>, Error> {
        let before = before.unwrap_or(i64::MAX as u64);
        self.read((scope, of.clone(), before, limit), |tx, (scope, of, before, limit)| {
            Box::pin(async move {
                let sql = "SELECT revision, action, spec_version, labels, spec, written_at, written_by \
                           FROM resource_history WHERE scope = $1 AND kind = $2 AND name = $3 AND revision < $4 \
                           ORDER BY revision DESC LIMIT $5";
                history(tx, sql, params![*scope, &of.kind, of.name.as_str(), *before, *limit]).await
            })
        })
        .await
    }

    /// One revision of a resource.
    pub async fn resource_revision(
        &self,
        scope: ScopeId,
        of: &Ref,
        revision: u64,
    ) -> Result<Option<HistoryRow>, Error> {
        self.read((scope, of.clone(), revision), |tx, (scope, of, revision)| {
            Box::pin(async move {
                let sql = "SELECT revision, action, spec_version, labels, spec, written_at, written_by \
                           FROM resource_history WHERE scope = $1 AND kind = $2 AND name = $3 AND revision = $4";
                let found = history(tx, sql, params![*scope, &of.kind, of.name.as_str(), *revision]).await?;
                Ok(found.into_iter().next())
            })
        })
        .await
    }

    /// The resources of a kind as they were at a position, in the order of their names after `after`: of each, what was
    /// written last by then. What was deleted by then is among them, with that action.
    pub async fn resources_at(
        &self,
        scope: ScopeId,
        kind: &str,
        position: u64,
        after: Option<Name>,
        limit: usize,
    ) -> Result<Vec<(Name, HistoryRow)>, Error> {
        let after = after.map_or_else(String::new, |name| name.to_string());
        self.read((scope, kind.to_owned(), position, after, limit), |tx, (scope, kind, position, after, limit)| {
            Box::pin(async move {
                let sql = "SELECT name, revision, action, spec_version, labels, spec, written_at, written_by \
                           FROM resource_history AS newest WHERE scope = $1 AND kind = $2 AND name > $3 \
                           AND revision = (SELECT MAX(revision) FROM resource_history AS line \
                           WHERE line.scope = newest.scope AND line.kind = newest.kind AND line.name = newest.name \
                           AND line.revision <= $4) ORDER BY name LIMIT $5";
                let mut found = Vec::new();
                for mut row in tx.query(sql, params![*scope, &*kind, &*after, *position, *limit]).await? {
                    let name = crate::scopes::name(&row.text()?)?;
                    found.push((name, history_row(&mut row)?));
                }
                Ok(found)
            })
        })
        .await
    }

    /// Resources whose specs refer to this one, whether it exists or not.
    pub async fn used_by(&self, scope: ScopeId, of: &Ref) -> Result<Vec<Ref>, Error> {
        self.read((scope, of.clone()), |tx, (scope, of)| Box::pin(used_by(tx, *scope, of))).await
    }

    /// What a resource's spec refers to.
    pub async fn refs_of(&self, scope: ScopeId, of: &Ref) -> Result<Vec<Ref>, Error> {
        self.read((scope, of.clone()), |tx, (scope, of)| {
            Box::pin(async move {
                let sql = "SELECT target_kind, target_name FROM resource_ref \
                           WHERE scope = $1 AND kind = $2 AND name = $3 ORDER BY target_kind, target_name";
                refs(tx, sql, params![*scope, &of.kind, of.name.as_str()]).await
            })
        })
        .await
    }

    /// Active workflows whose live revision refers to this resource, and the workflow itself if it is active; endpoints
    /// that listen and refer to it.
    pub async fn actively_used_by(&self, scope: ScopeId, of: &Ref) -> Result<Vec<Ref>, Error> {
        self.read((scope, of.clone()), |tx, (scope, of)| Box::pin(active_users(tx, *scope, of))).await
    }

    /// Who has a unique key.
    pub async fn key_owner(&self, scope: ScopeId, space: &str, key: &str) -> Result<Option<Ref>, Error> {
        self.read((scope, space.to_owned(), key.to_owned()), |tx, (scope, space, key)| {
            Box::pin(async move {
                let sql = "SELECT kind, name FROM resource_key WHERE scope = $1 AND space = $2 AND key = $3";
                Ok(refs(tx, sql, params![*scope, space, key]).await?.pop())
            })
        })
        .await
    }

    /// The newest position.
    pub async fn position(&self) -> Result<u64, Error> {
        self.read((), |tx, ()| Box::pin(counter(tx, "position"))).await
    }

    /// Up to `limit` changes of all scopes after `position`. [`Error::PositionExpired`] when some of them are no
    /// longer kept: list again, then go on from the position that was newest before.
    pub async fn since(&self, position: u64, limit: usize) -> Result<Changes, Error> {
        self.read((position, limit), |tx, (position, limit)| Box::pin(since(tx, *position, *limit))).await
    }
}

pub(super) async fn get(tx: &mut Tx, scope: ScopeId, of: &Ref, lock: &str) -> Result<Option<ResourceRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM resource WHERE scope = $1 AND kind = $2 AND name = $3{lock}");
    let row = tx.first(&sql, params![scope, &of.kind, of.name.as_str()]).await?;
    row.map(|mut row| read_resource(&mut row)).transpose()
}

async fn list(
    tx: &mut Tx,
    scope: ScopeId,
    selector: &Selector,
    after: Option<&Ref>,
    limit: usize,
) -> Result<Vec<ResourceRow>, Error> {
    let mut sql = format!("SELECT {COLUMNS} FROM resource WHERE scope = $1");
    let mut values = vec![Param::from(scope)];
    if let Some(kind) = &selector.kind {
        values.push(Param::from(kind));
        let _ = write!(sql, " AND kind = ${}", values.len());
    }
    if let Some(after) = after {
        values.extend([Param::from(&after.kind), Param::from(after.name.as_str())]);
        let _ = write!(sql, " AND (kind, name) > (${}, ${})", values.len() - 1, values.len());
    }
    for (label, value) in &selector.labels {
        values.extend([Param::from(label), Param::from(value)]);
        let _ = write!(
            sql,
            " AND EXISTS (SELECT 1 FROM resource_label l WHERE l.scope = resource.scope AND l.kind = resource.kind \
             AND l.name = resource.name AND l.label = ${} AND l.value = ${})",
            values.len() - 1,
            values.len()
        );
    }
    values.push(Param::from(limit));
    let _ = write!(sql, " ORDER BY kind, name LIMIT ${}", values.len());
    tx.query(&sql, &values).await?.into_iter().map(|mut row| read_resource(&mut row)).collect()
}

async fn history(tx: &mut Tx, sql: &str, values: &[Param<'_>]) -> Result<Vec<HistoryRow>, Error> {
    tx.query(sql, values).await?.into_iter().map(|mut row| history_row(&mut row)).collect()
}

fn history_row(row: &mut Row) -> Result<HistoryRow, Error> {
    Ok(HistoryRow {
        revision: row.number()?,
        action: Action::parse(&row.text()?)?,
        spec_version: row.number()?,
        labels: read_labels(&row.text()?)?,
        spec: row.text()?,
        written_at: row.int()?,
        written_by: row.text()?,
    })
}

async fn refs(tx: &mut Tx, sql: &str, values: &[Param<'_>]) -> Result<Vec<Ref>, Error> {
    tx.query(sql, values).await?.into_iter().map(|mut row| read_ref(&mut row)).collect()
}

pub(super) async fn used_by(tx: &mut Tx, scope: ScopeId, of: &Ref) -> Result<Vec<Ref>, Error> {
    let sql = "SELECT kind, name FROM resource_ref WHERE scope = $1 AND target_kind = $2 AND target_name = $3 \
               ORDER BY kind, name";
    refs(tx, sql, params![scope, &of.kind, of.name.as_str()]).await
}

pub(super) async fn active_users(tx: &mut Tx, scope: ScopeId, of: &Ref) -> Result<Vec<Ref>, Error> {
    let sql = "SELECT 'workflow', activation.workflow FROM activation_ref JOIN activation \
               ON activation.scope = activation_ref.scope AND activation.workflow = activation_ref.workflow \
               WHERE activation_ref.scope = $1 AND target_kind = $2 AND target_name = $3 AND enabled = 1 \
               ORDER BY activation.workflow";
    let mut users = refs(tx, sql, params![scope, &of.kind, of.name.as_str()]).await?;
    if of.kind == "workflow" {
        let sql = "SELECT 'workflow', workflow FROM activation WHERE scope = $1 AND workflow = $2 AND enabled = 1";
        let own = refs(tx, sql, params![scope, of.name.as_str()]).await?;
        users.extend(own.into_iter().filter(|own| !users.contains(own)).collect::<Vec<_>>());
    }
    // An endpoint that listens holds its address.
    let sql = "SELECT kind, name FROM resource_ref \
               WHERE scope = $1 AND target_kind = $2 AND target_name = $3 AND kind = 'endpoint' AND EXISTS (\
               SELECT 1 FROM resource_key WHERE resource_key.scope = resource_ref.scope \
               AND resource_key.kind = resource_ref.kind AND resource_key.name = resource_ref.name) ORDER BY name";
    users.extend(refs(tx, sql, params![scope, &of.kind, of.name.as_str()]).await?);
    Ok(users)
}

pub(super) async fn counter(tx: &mut Tx, name: &str) -> Result<u64, Error> {
    match tx.first("SELECT value FROM counter WHERE name = $1", params![name]).await? {
        Some(mut row) => row.number(),
        None => Err(Error::Corrupt(format!("the counter `{name}` is missing"))),
    }
}

async fn since(tx: &mut Tx, position: u64, limit: usize) -> Result<Changes, Error> {
    // The changes first: what is trimmed between the two queries shows in the horizon.
    let sql = "SELECT position, scope, kind, name, action FROM resource_change \
               WHERE position > $1 ORDER BY position LIMIT $2";
    let mut changes = Vec::new();
    for mut row in tx.query(sql, params![position, limit]).await? {
        let (position, scope) = (row.number()?, ScopeId(row.int()?));
        changes.push(ChangeRow { position, scope, of: read_ref(&mut row)?, action: Action::parse(&row.text()?)? });
    }
    let horizon = counter(tx, "horizon").await?;
    if position < horizon {
        return Err(Error::PositionExpired { position, horizon });
    }
    let position = changes.last().map_or(position, |change| change.position);
    Ok(Changes { changes, position })
}

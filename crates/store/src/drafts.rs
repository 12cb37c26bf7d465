//! Drafts: workflows that are being edited.

use model::{Digest, Name, ScopeId};

use crate::db::{Row, Tx, params};
use crate::{Error, Millis, Store};

/// A draft as it is stored. Several people may edit it; the version keeps them from writing over each other.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftRow {
    /// Scope.
    pub scope: ScopeId,
    /// Workflow; need not exist as a resource yet.
    pub workflow: Name,
    /// Text of the workflow as JSON.
    pub text: String,
    /// Counts the writes, from 1.
    pub version: u64,
    /// Revision that it began from.
    pub base_revision: Option<u64>,
    /// Blob of the pinned data; held as long as the draft names it.
    pub pinned: Option<Digest>,
    /// When it was last written.
    pub updated_at: Millis,
    /// Who wrote it last.
    pub updated_by: String,
}

impl Store {
    /// Writes a draft whose stored version must be `draft.version` (0 when it is new); returns the new version.
    /// Fails with [`Error::Conflict`], or [`Error::NoBlob`] when the pinned data is not stored.
    pub async fn put_draft(&self, draft: DraftRow) -> Result<u64, Error> {
        self.write(draft, |tx, draft| Box::pin(put(tx, draft))).await
    }

    /// One draft.
    pub async fn draft(&self, scope: ScopeId, workflow: &Name) -> Result<Option<DraftRow>, Error> {
        self.read((scope, workflow.clone()), |tx, (scope, workflow)| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE scope = $1 AND workflow = $2");
                let row = tx.first(&sql, params![*scope, workflow.as_str()]).await?;
                row.map(|mut row| read(&mut row)).transpose()
            })
        })
        .await
    }

    /// Drafts of a scope in the order of their names, after `after`.
    pub async fn drafts(&self, scope: ScopeId, after: Option<&Name>, limit: usize) -> Result<Vec<DraftRow>, Error> {
        let after = after.map(|name| name.as_str().to_owned()).unwrap_or_default();
        self.read((scope, after, limit), |tx, (scope, after, limit)| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE scope = $1 AND workflow > $2 ORDER BY workflow LIMIT $3");
                let rows = tx.query(&sql, params![*scope, after, *limit]).await?;
                rows.into_iter().map(|mut row| read(&mut row)).collect()
            })
        })
        .await
    }

    /// Drops a draft; returns whether there was one.
    pub async fn delete_draft(&self, scope: ScopeId, workflow: &Name) -> Result<bool, Error> {
        self.write((scope, workflow.clone()), |tx, (scope, workflow)| Box::pin(remove(tx, *scope, workflow))).await
    }
}

const SELECT: &str = "SELECT scope, workflow, text, version, base_revision, pinned, updated_at, updated_by FROM draft";

fn read(row: &mut Row) -> Result<DraftRow, Error> {
    Ok(DraftRow {
        scope: ScopeId(row.int()?),
        workflow: crate::scopes::name(&row.text()?)?,
        text: row.text()?,
        version: row.number()?,
        base_revision: row.opt_number()?,
        pinned: row.opt_digest()?,
        updated_at: row.int()?,
        updated_by: row.text()?,
    })
}

/// The name under which a draft holds its pinned data. Environments of one workspace share blobs, so it says which.
fn holder(scope: ScopeId, workflow: &Name) -> String {
    format!("draft/{}/{workflow}", scope.0)
}

async fn put(tx: &mut Tx, draft: &DraftRow) -> Result<u64, Error> {
    let name = draft.workflow.as_str();
    let version = draft.version + 1;
    let written = if draft.version == 0 {
        tx.execute(
            "INSERT INTO draft (scope, workflow, text, version, base_revision, pinned, updated_at, updated_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (scope, workflow) DO NOTHING",
            params![
                draft.scope,
                name,
                &draft.text,
                version,
                draft.base_revision,
                draft.pinned.as_ref(),
                draft.updated_at,
                &draft.updated_by
            ],
        )
        .await?
    } else {
        tx.execute(
            "UPDATE draft SET text = $1, version = $2, base_revision = $3, pinned = $4, updated_at = $5, \
             updated_by = $6 WHERE scope = $7 AND workflow = $8 AND version = $9",
            params![
                &draft.text,
                version,
                draft.base_revision,
                draft.pinned.as_ref(),
                draft.updated_at,
                &draft.updated_by,
                draft.scope,
                name,
                draft.version
            ],
        )
        .await?
    };
    if written == 0 {
        let sql = "SELECT version FROM draft WHERE scope = $1 AND workflow = $2";
        let found = match tx.first(sql, params![draft.scope, name]).await? {
            Some(mut row) => row.number()?,
            None => 0,
        };
        return Err(Error::Conflict { what: format!("draft/{name}"), expected: draft.version, found });
    }
    let holder = holder(draft.scope, &draft.workflow);
    crate::blobs::release(tx, draft.scope, &holder).await?;
    if let Some(pinned) = draft.pinned {
        crate::blobs::hold(tx, draft.scope, pinned, &holder).await?;
    }
    Ok(version)
}

/// Drops a draft and what it holds.
pub(crate) async fn remove(tx: &mut Tx, scope: ScopeId, workflow: &Name) -> Result<bool, Error> {
    crate::blobs::release(tx, scope, &holder(scope, workflow)).await?;
    let sql = "DELETE FROM draft WHERE scope = $1 AND workflow = $2";
    Ok(tx.execute(sql, params![scope, workflow.as_str()]).await? > 0)
}

/// Moves a draft to another name, in the place of one that may be there.
pub(crate) async fn rename(tx: &mut Tx, scope: ScopeId, from: &Name, to: &Name) -> Result<(), Error> {
    let sql = format!("{SELECT} WHERE scope = $1 AND workflow = $2");
    let Some(mut row) = tx.first(&sql, params![scope, from.as_str()]).await? else { return Ok(()) };
    let pinned = read(&mut row)?.pinned;
    remove(tx, scope, to).await?;
    let sql = "UPDATE draft SET workflow = $1 WHERE scope = $2 AND workflow = $3";
    tx.execute(sql, params![to.as_str(), scope, from.as_str()]).await?;
    crate::blobs::release(tx, scope, &holder(scope, from)).await?;
    match pinned {
        Some(pinned) => crate::blobs::hold(tx, scope, pinned, &holder(scope, to)).await,
        None => Ok(()),
    }
}

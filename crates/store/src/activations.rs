//! Activations: which revision of a workflow is live in an environment, and for what share of its events.

use model::resource::Ref;
use model::{Name, ScopeId};

use crate::audit::{self, AuditEntry};
use crate::db::{Row, Tx, params};
use crate::resources::Action;
use crate::{Change, Error, Millis, Store};

/// An activation as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivationRow {
    /// Scope.
    pub scope: ScopeId,
    /// Workflow.
    pub workflow: Name,
    /// The live revision.
    pub revision: u64,
    /// Whether its triggers fire.
    pub enabled: bool,
    /// Percent of new events that the live revision gets, 1 to 100.
    pub share: u8,
    /// Revision that gets the rest.
    pub previous: Option<u64>,
    /// When it was last written.
    pub updated_at: Millis,
    /// Who wrote it last.
    pub updated_by: String,
}

impl Store {
    /// Sets which revision is live; `refs` are what the revisions refer to. Audited, and seen by whoever watches
    /// positions. `updated_at` and `updated_by` come from `change`. [`Error::NotFound`] when a revision is missing.
    pub async fn activate(&self, activation: ActivationRow, refs: Vec<Ref>, change: Change) -> Result<u64, Error> {
        let args = (activation, refs, change);
        let position =
            self.write(args, |tx, (activation, refs, change)| Box::pin(put(tx, activation, refs, change))).await?;
        self.inner.notifier.position(position, true);
        Ok(position)
    }

    /// One activation.
    pub async fn activation(&self, scope: ScopeId, workflow: &Name) -> Result<Option<ActivationRow>, Error> {
        self.read((scope, workflow.clone()), |tx, (scope, workflow)| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE scope = $1 AND workflow = $2");
                let row = tx.first(&sql, params![*scope, workflow.as_str()]).await?;
                row.map(|mut row| read(&mut row)).transpose()
            })
        })
        .await
    }

    /// All activations of all scopes, for the snapshot of routes and triggers.
    pub async fn activations(&self) -> Result<Vec<ActivationRow>, Error> {
        self.read((), |tx, ()| {
            Box::pin(async move {
                let rows = tx.query(&format!("{SELECT} ORDER BY scope, workflow"), &[]).await?;
                rows.into_iter().map(|mut row| read(&mut row)).collect()
            })
        })
        .await
    }
}

const SELECT: &str =
    "SELECT scope, workflow, revision, enabled, share, previous, updated_at, updated_by FROM activation";

fn read(row: &mut Row) -> Result<ActivationRow, Error> {
    Ok(ActivationRow {
        scope: ScopeId(row.int()?),
        workflow: crate::scopes::name(&row.text()?)?,
        revision: row.number()?,
        enabled: row.flag()?,
        share: row.number()?,
        previous: row.opt_number()?,
        updated_at: row.int()?,
        updated_by: row.text()?,
    })
}

fn workflow_ref(name: &Name) -> Ref {
    Ref { kind: "workflow".into(), name: name.clone() }
}

async fn put(tx: &mut Tx, activation: &ActivationRow, refs: &[Ref], change: &Change) -> Result<u64, Error> {
    let (scope, workflow) = (activation.scope, &activation.workflow);
    // The counter's lock keeps a deletion of what is about to become active from slipping in between.
    let position = crate::resources::next_position(tx).await?;
    for revision in [Some(activation.revision), activation.previous].into_iter().flatten() {
        let sql = "SELECT 1 FROM resource_history WHERE scope = $1 AND kind = 'workflow' AND name = $2 \
                   AND revision = $3 AND action <> 'delete'";
        if tx.first(sql, params![scope, workflow.as_str(), revision]).await?.is_none() {
            return Err(Error::NotFound(format!("revision {revision} of workflow/{workflow}")));
        }
    }
    let sql = "INSERT INTO activation (scope, workflow, revision, enabled, share, previous, updated_at, updated_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (scope, workflow) DO UPDATE \
               SET revision = excluded.revision, enabled = excluded.enabled, share = excluded.share, \
               previous = excluded.previous, updated_at = excluded.updated_at, updated_by = excluded.updated_by";
    let values = params![
        scope,
        workflow.as_str(),
        activation.revision,
        activation.enabled,
        activation.share,
        activation.previous,
        change.at,
        &change.by
    ];
    tx.execute(sql, values).await?;
    let sql = "DELETE FROM activation_ref WHERE scope = $1 AND workflow = $2";
    tx.execute(sql, params![scope, workflow.as_str()]).await?;
    for target in refs {
        tx.execute(
            "INSERT INTO activation_ref (scope, workflow, target_kind, target_name) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (scope, workflow, target_kind, target_name) DO NOTHING",
            params![scope, workflow.as_str(), &target.kind, target.name.as_str()],
        )
        .await?;
    }
    let watched = Ref { kind: "activation".into(), name: workflow.clone() };
    crate::resources::record_change(tx, position, scope, &watched, Action::Put).await?;
    let subject = format!("{} {}", crate::scopes::scope_of(tx, scope).await?, workflow_ref(workflow));
    let detail = serde_json::json!({
        "revision": activation.revision,
        "enabled": activation.enabled,
        "share": activation.share,
        "previous": activation.previous,
    })
    .to_string();
    let entry = AuditEntry { at: change.at, actor: &change.by, action: "workflow.activate", subject: &subject, detail };
    audit::append(tx, scope, entry).await?;
    Ok(position)
}

/// Drops an activation, which its caller has found to be off.
pub(crate) async fn remove(tx: &mut Tx, scope: ScopeId, workflow: &Name) -> Result<(), Error> {
    for table in ["activation", "activation_ref"] {
        let sql = format!("DELETE FROM {table} WHERE scope = $1 AND workflow = $2");
        tx.execute(&sql, params![scope, workflow.as_str()]).await?;
    }
    Ok(())
}

/// Moves an activation to another name.
pub(crate) async fn rename(tx: &mut Tx, scope: ScopeId, from: &Name, to: &Name) -> Result<(), Error> {
    remove(tx, scope, to).await?;
    for table in ["activation", "activation_ref"] {
        let sql = format!("UPDATE {table} SET workflow = $1 WHERE scope = $2 AND workflow = $3");
        tx.execute(&sql, params![to.as_str(), scope, from.as_str()]).await?;
    }
    Ok(())
}

//! Who a run acts for, when somebody else answers for it from now on.

use model::{RunId, ScopeId};

use crate::audit::{self, AuditEntry};
use crate::db::{Tx, params};
use crate::{Error, Millis, RunStatus, Store};

impl Store {
    /// Makes a run act for `runs_as`, because `by` says so; audited, since it is a person's act. A run that acts for
    /// them already is left alone. [`Error::NotFound`] when there is no such run, or it has completed: what was done is
    /// not done in another's name afterwards.
    pub async fn take_over_run(
        &self,
        scope: ScopeId,
        run: RunId,
        runs_as: &str,
        by: &str,
        now: Millis,
    ) -> Result<(), Error> {
        let change = (scope, run, runs_as.to_owned(), by.to_owned(), now);
        self.write(change, |tx, (scope, run, runs_as, by, now)| {
            Box::pin(take_over(tx, (*scope, *run), runs_as, by, *now))
        })
        .await
    }
}

async fn take_over(
    tx: &mut Tx,
    (scope, run): (ScopeId, RunId),
    runs_as: &str,
    by: &str,
    now: Millis,
) -> Result<(), Error> {
    let select = format!("SELECT status, runs_as FROM run WHERE scope = $1 AND id = $2{}", tx.dialect().for_share());
    let Some(mut row) = tx.first(&select, params![scope, run]).await? else {
        return Err(Error::NotFound(run.to_string()));
    };
    let (status, before) = (crate::run_row::status(row.int()?)?, row.text()?);
    if status == RunStatus::Completed {
        return Err(Error::NotFound(run.to_string()));
    }
    if before == runs_as {
        return Ok(());
    }
    tx.execute("UPDATE run SET runs_as = $1 WHERE scope = $2 AND id = $3", params![runs_as, scope, run]).await?;
    let subject = format!("{} {run}", crate::scopes::scope_of(tx, scope).await?);
    let detail = serde_json::json!({ "from": before, "to": runs_as }).to_string();
    let entry = AuditEntry { at: now, actor: by, action: "run.takeOver", subject: &subject, detail };
    audit::append(tx, scope, entry).await
}

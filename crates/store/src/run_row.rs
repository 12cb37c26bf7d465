//! A run's row as the database gives it.

use model::ScopeId;

use crate::db::Row;
use crate::{Error, RunState, RunStatus};

/// Columns of a whole run, in the order of [`read_run`].
pub(crate) const RUN_COLUMNS: &str = "scope, id, workflow, definition, revision, mode, partition, priority, \
    fairness_key, lane, started_by, runs_as, created_at, parent, origin, status, last_seq, started_at, ended_at, wake_at, \
    step_count, handled_error_count, uncertain_count, bytes, error, answer, dead";

/// Reads a row of [`RUN_COLUMNS`].
pub(crate) fn read_run(row: &mut Row) -> Result<crate::RunRow, Error> {
    let head = crate::RunHead {
        scope: ScopeId(row.int()?),
        id: row.run_id()?,
        workflow: row.text()?,
        definition: row.digest()?,
        revision: row.opt_number()?,
        mode: row.text()?,
        partition: row.number()?,
        priority: row.number()?,
        fairness_key: row.text()?,
        lane: row.opt_text()?,
        started_by: row.text()?,
        runs_as: row.text()?,
        created_at: row.int()?,
        parent: row.opt_text()?,
        origin: row.opt_run_id()?,
    };
    let state = RunState {
        status: status(row.int()?)?,
        last_seq: row.number()?,
        started_at: row.opt_int()?,
        ended_at: row.opt_int()?,
        wake_at: row.opt_int()?,
        step_count: row.number()?,
        handled_error_count: row.number()?,
        uncertain_count: row.number()?,
        bytes: row.number()?,
        error: row.opt_text()?,
        answer: row.opt_text()?,
        dead: dead_state(row.int()?)?,
    };
    Ok(crate::RunRow { head, state })
}

/// Reads a stored status.
pub(crate) fn status(value: i64) -> Result<RunStatus, Error> {
    use RunStatus::*;
    [Queued, Running, Waiting, Paused, Held, Completed, Failed, Canceled, Superseded]
        .into_iter()
        .find(|status| *status as i64 == value)
        .ok_or_else(|| Error::Corrupt(format!("{value} is no status of a run")))
}

/// Reads a stored state of a dead letter.
pub(crate) fn dead_state(value: i64) -> Result<crate::DeadState, Error> {
    use crate::DeadState::*;
    [None, Open, Redriven, Discarded, Resolved]
        .into_iter()
        .find(|dead| *dead as i64 == value)
        .ok_or_else(|| Error::Corrupt(format!("{value} is no state of a dead letter")))
}

//! A run's row as the database gives it.

use model::ScopeId;

use crate::db::{Column, Row};
use crate::{Error, RunState, RunStatus};

/// Columns of a whole run, in the order of [`read_run`].
pub(crate) const RUN_COLUMNS: &str = "scope, id, workflow, definition, revision, mode, partition, priority, \
    fairness_key, lane, started_by, runs_as, created_at, parent, origin, status, last_seq, started_at, ended_at, \
    wake_at, step_count, handled_error_count, uncertain_count, bytes, error, answer, dead";

/// Name and type of a column.
pub(crate) type Named = (&'static str, Column);

/// Columns of the fixed part, as they are written.
pub(crate) const HEAD: [Named; 15] = [
    ("scope", Column::Int),
    ("id", Column::Blob),
    ("workflow", Column::Text),
    ("definition", Column::Blob),
    ("revision", Column::Int),
    ("mode", Column::Text),
    ("partition", Column::Int),
    ("priority", Column::Int),
    ("fairness_key", Column::Text),
    ("lane", Column::Text),
    ("started_by", Column::Text),
    ("runs_as", Column::Text),
    ("created_at", Column::Int),
    ("parent", Column::Text),
    ("origin", Column::Blob),
];

/// Columns of the part that changes, as they are written.
pub(crate) const STATE: [Named; 12] = [
    ("status", Column::Int),
    ("last_seq", Column::Int),
    ("started_at", Column::Int),
    ("ended_at", Column::Int),
    ("wake_at", Column::Int),
    ("step_count", Column::Int),
    ("handled_error_count", Column::Int),
    ("uncertain_count", Column::Int),
    ("bytes", Column::Int),
    ("error", Column::Text),
    ("answer", Column::Text),
    ("dead", Column::Int),
];

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

//! Reading runs: one, lists, sums; what a node must pick up; and their end.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use model::{RunId, ScopeId};

use crate::db::{Column, Many, Rows, Tx, params};
use crate::run_row::{RUN_COLUMNS, read_run};
use crate::{DeadState, Error, Millis, RunFilter, RunRow, RunStatus, Store};

/// Rows looked at for one page at most; a page may end early, with a place to go on from.
const SCAN: usize = 10_000;

/// A page of runs, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunPage {
    /// The runs.
    pub runs: Vec<RunRow>,
    /// Where the next page begins; nothing at the end. A page may be short, even empty, and still have a next one.
    pub next: Option<RunId>,
}

/// Which run it is, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunRef {
    /// Scope.
    pub scope: ScopeId,
    /// Run.
    pub run: RunId,
    /// Partition that it belongs to.
    pub partition: u16,
}

/// Number and size of runs of one workflow in one state.
#[derive(Clone, Debug, PartialEq)]
pub struct RunCount {
    /// Workflow.
    pub workflow: String,
    /// State.
    pub status: RunStatus,
    /// State as a dead letter.
    pub dead: DeadState,
    /// How many.
    pub runs: u64,
    /// Their stored bytes.
    pub bytes: u64,
}

/// What retention keeps of one workflow. Runs that have not ended are always kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Completed, canceled and superseded runs admitted before this may go.
    pub keep_since: Option<Millis>,
    /// Failed runs admitted before this may go, whatever the other limits say; they are kept longer.
    pub keep_failed_since: Option<Millis>,
    /// Number of runs kept, failed ones not counted.
    pub max_runs: Option<u64>,
    /// Bytes of runs kept, failed ones not counted.
    pub max_bytes: Option<u64>,
}

/// What a deletion took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeletedRuns {
    /// Runs.
    pub runs: u64,
    /// Journal chunks, snapshots and pages.
    pub chunks: u64,
    /// Signals, consumed or not.
    pub signals: u64,
    /// References to blobs; the blobs go when they are collected.
    pub blob_refs: u64,
}

impl Store {
    /// One run.
    pub async fn run(&self, scope: ScopeId, run: RunId) -> Result<Option<RunRow>, Error> {
        self.read((scope, run), |tx, (scope, run)| Box::pin(get(tx, *scope, *run))).await
    }

    /// Runs, newest first, after `cursor`. `since` and `until` of the filter compare the time in the runs' ids.
    pub async fn runs(
        &self,
        scope: ScopeId,
        filter: RunFilter,
        cursor: Option<RunId>,
        limit: usize,
    ) -> Result<RunPage, Error> {
        self.read((scope, filter, cursor, limit), |tx, (scope, filter, cursor, limit)| {
            Box::pin(list(tx, *scope, filter, *cursor, *limit))
        })
        .await
    }

    /// Numbers and sizes of a scope's runs, by workflow, state and dead letter state. Costs the same however many
    /// runs there are.
    pub async fn counts(&self, scope: ScopeId) -> Result<Vec<RunCount>, Error> {
        self.read(scope, |tx, scope| Box::pin(counts(tx, *scope))).await
    }

    /// Runs of these partitions in state `Running`, oldest first, after `after`: what a node that takes partitions
    /// over must go on with. Waiting and queued ones come through [`Store::wake_due`] and [`Store::queued_workflows`].
    pub async fn recoverable(
        &self,
        partitions: &[u16],
        after: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<RunRow>, Error> {
        self.read((partitions.to_vec(), after, limit), |tx, (partitions, after, limit)| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {RUN_COLUMNS} FROM run WHERE status = 1 AND id > $1{} ORDER BY id LIMIT $2",
                    among(partitions)
                );
                rows(tx.query(&sql, params![after.unwrap_or(RunId(0)), *limit]).await?)
            })
        })
        .await
    }

    /// Waiting runs of these partitions whose timer is due at `now`, earliest first.
    pub async fn wake_due(&self, partitions: &[u16], now: Millis, limit: usize) -> Result<Vec<RunRow>, Error> {
        self.read((partitions.to_vec(), now, limit), |tx, (partitions, now, limit)| {
            Box::pin(async move {
                let sql = format!(
                    "SELECT {RUN_COLUMNS} FROM run WHERE status = 2 AND status IN (0, 2) AND wake_at IS NOT NULL \
                     AND wake_at <= $1{} ORDER BY wake_at LIMIT $2",
                    among(partitions)
                );
                rows(tx.query(&sql, params![*now, *limit]).await?)
            })
        })
        .await
    }

    /// The next time at which a waiting run of these partitions is due, past or future.
    pub async fn next_wake(&self, partitions: &[u16]) -> Result<Option<Millis>, Error> {
        self.read(partitions.to_vec(), |tx, partitions| Box::pin(next_wake(tx, partitions))).await
    }

    /// Moves failed runs to another dead letter state; returns how many moved. Runs that are no dead letters stay.
    pub async fn set_dead(&self, scope: ScopeId, runs: &[RunId], dead: DeadState) -> Result<u64, Error> {
        self.write((scope, runs.to_vec(), dead), |tx, (scope, runs, dead)| Box::pin(set_dead(tx, *scope, runs, *dead)))
            .await
    }

    /// Ended runs of a workflow that its budget does not keep, oldest first, at most `limit`. Whoever deletes them goes
    /// on after the last of them: what stays of those before it need not be looked at again.
    pub async fn over_budget(
        &self,
        scope: ScopeId,
        workflow: &str,
        budget: Budget,
        after: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<RunId>, Error> {
        let args = (scope, workflow.to_owned(), budget, after.unwrap_or(RunId(0)), limit);
        self.read(args, |tx, (scope, workflow, budget, after, limit)| {
            Box::pin(over_budget(tx, *scope, workflow, *budget, *after, *limit))
        })
        .await
    }

    /// Deletes ended runs with everything that is theirs. Runs that go on are left alone. Give it slices of some
    /// hundred: each call is one transaction, and run commits wait for it.
    pub async fn delete_runs(&self, scope: ScopeId, runs: &[RunId]) -> Result<DeletedRuns, Error> {
        self.write((scope, runs.to_vec()), |tx, (scope, runs)| Box::pin(delete(tx, *scope, runs))).await
    }
}

async fn get(tx: &mut Tx, scope: ScopeId, run: RunId) -> Result<Option<RunRow>, Error> {
    let sql = format!("SELECT {RUN_COLUMNS} FROM run WHERE scope = $1 AND id = $2");
    tx.first(&sql, params![scope, run]).await?.map(|mut row| read_run(&mut row)).transpose()
}

fn rows(found: Vec<crate::db::Row>) -> Result<Vec<RunRow>, Error> {
    found.into_iter().map(|mut row| read_run(&mut row)).collect()
}

/// A condition on the partition; nothing when all are meant. Numbers need no quoting.
pub(crate) fn among(partitions: &[u16]) -> String {
    if partitions.len() >= usize::from(crate::PARTITIONS) {
        return String::new();
    }
    let numbers: Vec<String> = partitions.iter().map(u16::to_string).collect();
    // A list without members is no SQL; no partition has the number -1.
    format!(" AND partition IN ({})", if numbers.is_empty() { "-1".into() } else { numbers.join(", ") })
}

/// The index that a list walks: each gives rows in the order of ids, so that a page costs what it shows.
enum Walk<'a> {
    Status(RunStatus),
    Dead(DeadState),
    Workflow(&'a str),
    All,
}

impl Walk<'_> {
    /// Rows of a scope between two ids, newest first.
    fn sql(&self) -> String {
        // The second half of a condition lets the databases see that the partial index applies.
        let condition = match self {
            Walk::Status(_) => "AND status = $4 AND status <> 5",
            Walk::Dead(_) => "AND dead = $4 AND dead <> 0",
            Walk::Workflow(_) => "AND workflow = $4",
            Walk::All => {
                return format!(
                    "SELECT {RUN_COLUMNS} FROM run WHERE scope = $1 AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4"
                );
            }
        };
        // The ids come out of the index alone. Asked for whole rows, SQLite takes the order of the table for as good as
        // the index, and reads every run in between.
        format!(
            "SELECT {RUN_COLUMNS} FROM run WHERE scope = $1 AND id IN (SELECT id FROM run WHERE scope = $1 AND id >= $2 \
             AND id < $3 {condition} ORDER BY id DESC LIMIT $5) ORDER BY id DESC"
        )
    }
}

async fn list(
    tx: &mut Tx,
    scope: ScopeId,
    filter: &RunFilter,
    cursor: Option<RunId>,
    limit: usize,
) -> Result<RunPage, Error> {
    let floor = RunId::from_parts(filter.since.unwrap_or(0).max(0) as u64, 0);
    let mut ceiling = cursor.unwrap_or(RunId(u128::MAX));
    if let Some(until) = filter.until {
        ceiling = ceiling.min(RunId::from_parts(until.max(0) as u64, 0));
    }
    let mut page = RunPage::default();
    let mut scanned = 0;
    let batch = limit.clamp(1, 1000) + 1;
    loop {
        let candidates = batch_of(tx, scope, filter, (floor, ceiling), batch).await?;
        let complete = candidates.len() < batch;
        for run in candidates {
            if page.runs.len() == limit || scanned == SCAN {
                page.next = Some(ceiling);
                return Ok(page);
            }
            ceiling = run.head.id;
            scanned += 1;
            if matches(filter, &run) {
                page.runs.push(run);
            }
        }
        if complete {
            return Ok(page);
        }
    }
}

fn matches(filter: &RunFilter, run: &RunRow) -> bool {
    filter.workflow.as_ref().is_none_or(|workflow| *workflow == run.head.workflow)
        && (filter.status.is_empty() || filter.status.contains(&run.state.status))
        && filter.dead.is_none_or(|dead| dead == run.state.dead)
        && filter.mode.as_ref().is_none_or(|mode| *mode == run.head.mode)
}

/// The newest rows that can match, below the ceiling.
async fn batch_of(
    tx: &mut Tx,
    scope: ScopeId,
    filter: &RunFilter,
    bounds: (RunId, RunId),
    limit: usize,
) -> Result<Vec<RunRow>, Error> {
    let rare = !filter.status.is_empty() && !filter.status.contains(&RunStatus::Completed);
    let walks: Vec<Walk<'_>> = match (&filter.dead, &filter.workflow) {
        (Some(dead), _) if *dead != DeadState::None => vec![Walk::Dead(*dead)],
        _ if rare => {
            let mut states = filter.status.clone();
            states.sort_unstable_by_key(|status| *status as u8);
            states.dedup();
            states.into_iter().map(Walk::Status).collect()
        }
        (_, Some(workflow)) => vec![Walk::Workflow(workflow)],
        _ => vec![Walk::All],
    };
    let merge = walks.len() > 1;
    let mut found = Vec::new();
    for walk in walks {
        found.extend(walk_index(tx, scope, &walk, bounds, limit).await?);
    }
    if merge {
        found.sort_unstable_by_key(|run| std::cmp::Reverse(run.head.id));
        found.truncate(limit);
    }
    Ok(found)
}

async fn walk_index(
    tx: &mut Tx,
    scope: ScopeId,
    walk: &Walk<'_>,
    (floor, ceiling): (RunId, RunId),
    limit: usize,
) -> Result<Vec<RunRow>, Error> {
    let sql = walk.sql();
    let found = match walk {
        Walk::Status(status) => tx.query(&sql, params![scope, floor, ceiling, *status as u8, limit]).await?,
        Walk::Dead(dead) => tx.query(&sql, params![scope, floor, ceiling, *dead as u8, limit]).await?,
        Walk::Workflow(workflow) => tx.query(&sql, params![scope, floor, ceiling, *workflow, limit]).await?,
        Walk::All => tx.query(&sql, params![scope, floor, ceiling, limit]).await?,
    };
    rows(found)
}

async fn counts(tx: &mut Tx, scope: ScopeId) -> Result<Vec<RunCount>, Error> {
    let found = tx
        .query(
            "SELECT workflow, status, dead, CAST(sum(runs) AS BIGINT), CAST(sum(bytes) AS BIGINT) FROM tally \
             WHERE scope = $1 GROUP BY workflow, status, dead HAVING sum(runs) > 0 ORDER BY workflow, status, dead",
            params![scope],
        )
        .await?;
    let mut counts = Vec::with_capacity(found.len());
    for mut row in found {
        counts.push(RunCount {
            workflow: row.text()?,
            status: crate::run_row::status(row.int()?)?,
            dead: crate::run_row::dead_state(row.int()?)?,
            runs: row.number()?,
            bytes: row.int()?.max(0) as u64,
        });
    }
    Ok(counts)
}

async fn next_wake(tx: &mut Tx, partitions: &[u16]) -> Result<Option<Millis>, Error> {
    let sql = format!(
        "SELECT wake_at FROM run WHERE status = 2 AND status IN (0, 2) AND wake_at IS NOT NULL{} \
         ORDER BY wake_at LIMIT 1",
        among(partitions)
    );
    tx.first(&sql, &[]).await?.map(|mut row| row.int()).transpose()
}

async fn over_budget(
    tx: &mut Tx,
    scope: ScopeId,
    workflow: &str,
    budget: Budget,
    mut after: RunId,
    limit: usize,
) -> Result<Vec<RunId>, Error> {
    let (mut kept_runs, mut kept_bytes) = (0u64, 0u64);
    for count in counts(tx, scope).await? {
        if count.workflow == workflow && count.status.is_final() && count.status != RunStatus::Failed {
            kept_runs += count.runs;
            kept_bytes += count.bytes;
        }
    }
    let failed_before = budget.keep_failed_since.unwrap_or(i64::MIN);
    let mut over = Vec::new();
    loop {
        let found = tx
            .query(
                "SELECT id, status, created_at, bytes FROM run WHERE scope = $1 AND workflow = $2 AND id > $3 \
                 AND (status IN (5, 7, 8) OR (status = 6 AND created_at < $4)) ORDER BY id LIMIT 500",
                params![scope, workflow, after, failed_before],
            )
            .await?;
        let before = over.len();
        for mut row in found {
            let (id, status, created_at, bytes) =
                (row.run_id()?, crate::run_row::status(row.int()?)?, row.int()?, row.number::<u64>()?);
            after = id;
            let failed = status == RunStatus::Failed;
            let goes = failed
                || budget.keep_since.is_some_and(|since| created_at < since)
                || budget.max_runs.is_some_and(|max| kept_runs > max)
                || budget.max_bytes.is_some_and(|max| kept_bytes > max);
            if !goes {
                continue;
            }
            over.push(id);
            if !failed {
                kept_runs = kept_runs.saturating_sub(1);
                kept_bytes = kept_bytes.saturating_sub(bytes);
            }
            if over.len() == limit {
                return Ok(over);
            }
        }
        // Rows come oldest first, and whatever keeps a run keeps all younger ones.
        if over.len() == before {
            return Ok(over);
        }
    }
}

/// What the sums know of a run.
struct Counted {
    run: RunId,
    workflow: String,
    definition: model::Digest,
    status: RunStatus,
    dead: DeadState,
    bytes: i64,
}

async fn counted(tx: &mut Tx, scope: ScopeId, runs: &[RunId]) -> Result<Vec<Counted>, Error> {
    let many = &STATEMENTS.lookup;
    let mut rows = Rows::of(many);
    let mut sorted = runs.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    for run in sorted {
        rows.push(params![scope, run]);
    }
    let mut counted = Vec::new();
    for mut row in tx.query_many(many, &rows).await? {
        counted.push(Counted {
            run: row.run_id()?,
            workflow: row.text()?,
            definition: row.digest()?,
            status: crate::run_row::status(row.int()?)?,
            dead: crate::run_row::dead_state(row.int()?)?,
            bytes: row.int()?,
        });
    }
    Ok(counted)
}

/// Workflow, definition, status, dead letter state.
type SumKey<'a> = (&'a str, [u8; 32], u8, u8);

/// Moves runs from their sums to those of another dead letter state, or out of the sums. People and retention do this
/// seldom; they share slot 0.
async fn recount(tx: &mut Tx, scope: ScopeId, runs: &[Counted], dead: Option<DeadState>) -> Result<(), Error> {
    let mut sums: BTreeMap<SumKey<'_>, (i64, i64)> = BTreeMap::new();
    for run in runs {
        let mut add = |dead: DeadState, sign: i64| {
            let key = (&*run.workflow, run.definition.0, run.status as u8, dead as u8);
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + sign, sum.1 + sign * run.bytes);
        };
        add(run.dead, -1);
        if let Some(dead) = dead {
            add(dead, 1);
        }
    }
    let many = crate::commit::add_tally();
    let mut rows = Rows::of(many);
    for ((workflow, definition, status, dead), (runs, bytes)) in &sums {
        rows.push(params![scope, *workflow, &definition[..], *status, *dead, 0u8, *runs, *bytes]);
    }
    tx.execute_many(many, &rows).await.map(|_| ())
}

async fn set_dead(tx: &mut Tx, scope: ScopeId, runs: &[RunId], dead: DeadState) -> Result<u64, Error> {
    let mut letters = counted(tx, scope, runs).await?;
    letters.retain(|run| run.dead != DeadState::None && run.dead != dead);
    let mut rows = Rows::of(&STATEMENTS.set_dead);
    for run in &letters {
        rows.push(params![scope, run.run, dead as u8]);
    }
    tx.execute_many(&STATEMENTS.set_dead, &rows).await?;
    recount(tx, scope, &letters, Some(dead)).await?;
    Ok(letters.len() as u64)
}

async fn delete(tx: &mut Tx, scope: ScopeId, runs: &[RunId]) -> Result<DeletedRuns, Error> {
    let mut ended = counted(tx, scope, runs).await?;
    ended.retain(|run| run.status.is_final());
    let mut keys = Rows::of(&STATEMENTS.delete_run);
    for run in &ended {
        keys.push(params![scope, run.run]);
    }
    let mut deleted = DeletedRuns { runs: tx.execute_many(&STATEMENTS.delete_run, &keys).await?, ..Default::default() };
    for many in &STATEMENTS.delete_chunks {
        deleted.chunks += tx.execute_many(many, &keys).await?;
    }
    deleted.signals = tx.execute_many(&STATEMENTS.delete_signals, &keys).await?;
    let workspace = crate::scopes::workspace_of(tx, scope).await?;
    let holders: Vec<String> = ended.iter().map(|run| crate::blobs::run_holder(run.run)).collect();
    let mut rows = Rows::of(&STATEMENTS.delete_refs);
    for holder in &holders {
        rows.push(params![workspace, holder]);
    }
    deleted.blob_refs = tx.execute_many(&STATEMENTS.delete_refs, &rows).await?;
    recount(tx, scope, &ended, None).await?;
    Ok(deleted)
}

struct Statements {
    lookup: Many,
    set_dead: Many,
    delete_run: Many,
    delete_chunks: [Many; 3],
    delete_signals: Many,
    delete_refs: Many,
}

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    let id = [("scope", Column::Int), ("id", Column::Blob)];
    let run = [("scope", Column::Int), ("run", Column::Blob)];
    Statements {
        lookup: Many::lookup("run", &id, "id, workflow, definition, status, dead, bytes", " FOR UPDATE"),
        set_dead: Many::update("run", &id, &[("dead", Column::Int)]),
        delete_run: Many::delete("run", &id),
        delete_chunks: ["journal", "snapshot", "snapshot_page"].map(|table| Many::delete(table, &run)),
        delete_signals: Many::delete("signal", &run),
        delete_refs: Many::delete("blob_ref", &[("workspace", Column::Int), ("holder", Column::Text)]),
    }
});

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::conformance::{Fixture, MAIN, NOW};
    use crate::{Lane, queue};

    /// Instructions that each question takes on what is stored now.
    async fn costs(store: &Store) -> Vec<(&'static str, u64)> {
        let args = ();
        store
            .read(args, |tx, ()| {
                Box::pin(async move {
                    let all: Vec<u16> = (0..crate::PARTITIONS).collect();
                    let mut costs = Vec::new();
                    let taken = |tx: &mut Tx| match tx {
                        Tx::Sqlite(connection) => std::mem::take(&mut connection.steps),
                        Tx::Postgres(_) => 0,
                    };
                    taken(tx);
                    let workflow = RunFilter { workflow: Some("orders".into()), ..RunFilter::default() };
                    let failed = RunFilter { status: vec![RunStatus::Failed], ..RunFilter::default() };
                    let open =
                        RunFilter { status: vec![RunStatus::Queued, RunStatus::Waiting], ..RunFilter::default() };
                    let held = RunFilter { status: vec![RunStatus::Held], ..RunFilter::default() };
                    let dead = RunFilter { dead: Some(DeadState::Open), ..RunFilter::default() };
                    let lists = [
                        ("all", RunFilter::default()),
                        ("a workflow's", workflow),
                        ("failed", failed),
                        ("open", open),
                        ("dead letters", dead),
                        ("few of many", RunFilter { workflow: Some("rare".into()), ..RunFilter::default() }),
                        ("held, of which there is none", held),
                    ];
                    for (name, filter) in lists {
                        list(tx, MAIN, &filter, None, 10).await?;
                        costs.push((name, taken(tx)));
                    }
                    let workflows = queue::workflows(tx, &all, None, 10).await?;
                    costs.push(("workflows with queued runs", taken(tx)));
                    assert_eq!(workflows.len(), 1);
                    let lanes = queue::lanes(tx, &all, MAIN, "orders", None, 10).await?;
                    costs.push(("lanes", taken(tx)));
                    assert_eq!(lanes.len(), 2);
                    let lane = Lane { scope: MAIN, workflow: "orders".into(), key: "a".into() };
                    let page = queue::heads(tx, &all, &[(lane, 5)], &HashSet::new(), 1 << 20).await?;
                    costs.push(("heads of a lane", taken(tx)));
                    assert_eq!(page.lanes[0].len(), 5);
                    let due = queue::due(tx, &all, (NOW + 50, RunId(0)), NOW * 2, 10).await?;
                    costs.push(("due", taken(tx)));
                    assert_eq!(due.len(), 10);
                    queue::next_due(tx, &all, NOW + 20).await?;
                    costs.push(("next due", taken(tx)));
                    next_wake(tx, &all).await?;
                    costs.push(("next wake", taken(tx)));
                    counts(tx, MAIN).await?;
                    costs.push(("counts", taken(tx)));
                    Ok(costs)
                })
            })
            .await
            .expect("costs")
    }

    #[tokio::test]
    async fn questions_cost_the_same_however_many_runs_are_stored() {
        let store = Store::temporary().await.expect("a store");
        let fixture = Fixture::new(store.clone()).await;
        let statuses = [RunStatus::Completed, RunStatus::Failed, RunStatus::Queued, RunStatus::Waiting];
        let admit = |numbers: std::ops::Range<u64>| {
            futures_util::future::join_all(numbers.map(|number| {
                let mut commit = fixture.admission(number, statuses[number as usize % statuses.len()], 1);
                if matches!(commit.state.status, RunStatus::Waiting | RunStatus::Queued) {
                    commit.state.wake_at = Some(NOW + number as i64);
                }
                if let Some(admission) = &mut commit.admit {
                    admission.head.fairness_key = if number % 8 < 4 { "a" } else { "b" }.into();
                    // Completed ones, so that nothing of them is queued.
                    if number < 20 && number % 4 == 0 {
                        admission.head.workflow = "rare".into();
                    }
                }
                fixture.commit(commit)
            }))
        };
        admit(0..200).await;
        let few = costs(&store).await;
        admit(200..4000).await;
        let many = costs(&store).await;
        for ((name, few), (_, many)) in few.into_iter().zip(many) {
            assert!(few > 0 && many <= few + few / 5, "{name}: {few} steps with 200 runs, {many} with 4000");
        }
    }
}

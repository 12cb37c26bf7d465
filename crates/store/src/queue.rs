//! Runs that wait for their turn, by lane, so that nobody has to walk through a backlog to start one of them.
//!
//! A lane is what shares limits: the queued runs of one workflow of one scope with one fairness key, or of one endpoint
//! that keeps the order of its events, whatever workflows they go to. `run_lane_of` keeps
//! each lane in the order in which its runs start, and lanes beside each other, so that "which lanes are there" skips
//! from one to the next whatever their length.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use model::{RunId, ScopeId};

use crate::db::{Column, Many, Rows, Tx, params};
use crate::run_row::{RUN_COLUMNS, read_run};
use crate::runs::among;
use crate::{Error, JournalChunk, Millis, RunRow, RunStatus, Store};

/// What a run's lane is named by, as the index has it.
const OF: &str = "COALESCE(run.lane, run.workflow)";

/// Queued runs of one workflow and fairness key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// Scope.
    pub scope: ScopeId,
    /// Workflow, or what its runs name in its place ([`crate::RunHead::lane`]).
    pub workflow: String,
    /// Fairness key; empty when the workflow has none.
    pub key: String,
}

/// A queued run with all that is needed to start it.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedRun {
    /// Its row.
    pub row: RunRow,
    /// Its whole journal.
    pub journal: Vec<JournalChunk>,
    /// Signals wait in its inbox.
    pub signalled: bool,
}

/// The heads of some lanes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueuedPage {
    /// For each lane that was asked for: its first runs, in the order in which they start.
    pub lanes: Vec<Vec<QueuedRun>>,
    /// For each of these lanes, how many runs it has, counted up to what was asked for. More than were read when they
    /// are too large to be read at once, or were not wanted.
    pub listed: Vec<usize>,
}

/// A queued run whose time has come.
#[derive(Clone, Debug, PartialEq)]
pub struct DueRun {
    /// Its lane.
    pub lane: Lane,
    /// Its priority.
    pub priority: i8,
    /// The time.
    pub at: Millis,
    /// The run.
    pub run: RunId,
}

impl Store {
    /// Workflows with queued runs in these partitions, after `after`, in the order of (workflow, scope).
    pub async fn queued_workflows(
        &self,
        partitions: &[u16],
        after: Option<(String, ScopeId)>,
        limit: usize,
    ) -> Result<Vec<(String, ScopeId)>, Error> {
        self.read((partitions.to_vec(), after, limit), |tx, (partitions, after, limit)| {
            Box::pin(workflows(tx, partitions, after.clone(), *limit))
        })
        .await
    }

    /// Keys of a workflow's lanes in these partitions, after `after`, in order, each with the priority of its head.
    pub async fn queued_lanes(
        &self,
        partitions: &[u16],
        scope: ScopeId,
        workflow: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, i8)>, Error> {
        let args = (partitions.to_vec(), scope, workflow.to_owned(), after.map(str::to_owned), limit);
        self.read(args, |tx, (partitions, scope, workflow, after, limit)| {
            Box::pin(lanes(tx, partitions, *scope, workflow, after.as_deref(), *limit))
        })
        .await
    }

    /// The first runs of each of these lanes, at most so many: higher priority first, then older first, those whose
    /// time has not come included. Runs in `without` are listed and not read. Stops reading after `max_bytes`.
    pub async fn queued(
        &self,
        partitions: &[u16],
        lanes: Vec<(Lane, usize)>,
        without: Vec<RunId>,
        max_bytes: u64,
    ) -> Result<QueuedPage, Error> {
        let without: HashSet<RunId> = without.into_iter().collect();
        self.read((partitions.to_vec(), lanes, without, max_bytes), |tx, (partitions, lanes, without, max_bytes)| {
            Box::pin(heads(tx, partitions, lanes, without, *max_bytes))
        })
        .await
    }

    /// Queued runs of these partitions whose time came after `after` (a time and a run) and not after `until`,
    /// earliest first.
    pub async fn queued_due(
        &self,
        partitions: &[u16],
        after: (Millis, RunId),
        until: Millis,
        limit: usize,
    ) -> Result<Vec<DueRun>, Error> {
        self.read((partitions.to_vec(), after, until, limit), |tx, (partitions, after, until, limit)| {
            Box::pin(due(tx, partitions, *after, *until, *limit))
        })
        .await
    }

    /// Runs of these partitions that wait or are paused and keep their place in a lane of their own
    /// ([`crate::RunHead::lane`]), oldest first, after `after`.
    pub async fn in_lane(&self, partitions: &[u16], after: Option<RunId>, limit: usize) -> Result<Vec<RunRow>, Error> {
        self.read((partitions.to_vec(), after, limit), |tx, (partitions, after, limit)| {
            Box::pin(in_lane(tx, partitions, *after, *limit))
        })
        .await
    }

    /// The next time after `after` at which a queued run of these partitions may start.
    pub async fn next_queued_due(&self, partitions: &[u16], after: Millis) -> Result<Option<Millis>, Error> {
        self.read((partitions.to_vec(), after), |tx, (partitions, after)| Box::pin(next_due(tx, partitions, *after)))
            .await
    }
}

pub(crate) async fn in_lane(
    tx: &mut Tx,
    partitions: &[u16],
    after: Option<RunId>,
    limit: usize,
) -> Result<Vec<RunRow>, Error> {
    let sql = format!(
        "SELECT {RUN_COLUMNS} FROM run WHERE lane IS NOT NULL AND status IN (2, 3) AND id > $1{} ORDER BY id LIMIT $2",
        among(partitions)
    );
    let found = tx.query(&sql, params![after.unwrap_or(RunId(0)), limit]).await?;
    found.into_iter().map(|mut row| read_run(&mut row)).collect()
}

pub(crate) async fn workflows(
    tx: &mut Tx,
    partitions: &[u16],
    after: Option<(String, ScopeId)>,
    limit: usize,
) -> Result<Vec<(String, ScopeId)>, Error> {
    let among = among(partitions);
    // Each question skips all lanes of the workflow before; one text for both would make SQLite walk through them.
    let ask = |beyond: &str| {
        format!("SELECT {OF}, scope FROM run WHERE status = 0{beyond}{among} ORDER BY {OF}, scope LIMIT 1")
    };
    let sibling = ask(&format!(" AND {OF} = $1 AND scope > $2"));
    let (first, next) = (ask(""), ask(&format!(" AND {OF} > $1")));
    let mut found: Vec<(String, ScopeId)> = Vec::new();
    while found.len() < limit {
        let row = match found.last().or(after.as_ref()) {
            None => tx.first(&first, &[]).await?,
            Some((workflow, scope)) => match tx.first(&sibling, params![workflow, *scope]).await? {
                Some(row) => Some(row),
                None => tx.first(&next, params![workflow]).await?,
            },
        };
        let Some(mut row) = row else { break };
        found.push((row.text()?, ScopeId(row.int()?)));
    }
    Ok(found)
}

pub(crate) async fn lanes(
    tx: &mut Tx,
    partitions: &[u16],
    scope: ScopeId,
    workflow: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, i8)>, Error> {
    let among = among(partitions);
    let queued = format!("run WHERE status = 0 AND {OF} = $1 AND scope = $2");
    let beyond = if after.is_some() { ">" } else { ">=" };
    let sql = format!(
        "WITH RECURSIVE lane(name) AS (\
         SELECT min(fairness_key) FROM {queued} AND fairness_key {beyond} $3{among} \
         UNION ALL SELECT (SELECT min(fairness_key) FROM {queued} AND fairness_key > lane.name{among}) \
         FROM lane WHERE lane.name IS NOT NULL) \
         SELECT lane.name, (SELECT max(priority) FROM {queued} AND fairness_key = lane.name) \
         FROM lane WHERE lane.name IS NOT NULL LIMIT $4"
    );
    let mut found = Vec::new();
    for mut row in tx.query(&sql, params![workflow, scope, after.unwrap_or_default(), limit]).await? {
        found.push((row.text()?, row.number()?));
    }
    Ok(found)
}

pub(crate) async fn heads(
    tx: &mut Tx,
    partitions: &[u16],
    lanes: &[(Lane, usize)],
    without: &HashSet<RunId>,
    max_bytes: u64,
) -> Result<QueuedPage, Error> {
    let mut page = QueuedPage { lanes: vec![Vec::new(); lanes.len()], listed: vec![0; lanes.len()] };
    let many = heads_of(&among(partitions));
    let mut asked = Rows::of(&many);
    for (number, (lane, limit)) in lanes.iter().enumerate() {
        asked.push(params![number, &lane.workflow, lane.scope, &lane.key, *limit]);
    }
    let mut heads: Vec<(usize, ScopeId, RunId)> = Vec::new();
    let mut bytes = 0;
    for mut row in tx.query_many(&many, &asked).await? {
        let (number, scope, run) = (row.number::<usize>()?, ScopeId(row.int()?), row.run_id()?);
        page.listed[number] += 1;
        if without.contains(&run) {
            continue;
        }
        if heads.is_empty() || bytes < max_bytes {
            heads.push((number, scope, run));
        }
        bytes += row.number::<u64>()?;
    }
    let mut whole = read_whole(tx, &heads).await?;
    for (number, scope, run) in heads {
        if let Some(run) = whole.remove(&(scope, run)) {
            page.lanes[number].push(run);
        }
    }
    Ok(page)
}

/// Reads the runs with their journals, and looks whether they have signals.
async fn read_whole(
    tx: &mut Tx,
    heads: &[(usize, ScopeId, RunId)],
) -> Result<HashMap<(ScopeId, RunId), QueuedRun>, Error> {
    let keys = |many: &'static Many| {
        let mut rows = Rows::of(many);
        for (_, scope, run) in heads {
            rows.push(params![*scope, *run]);
        }
        rows
    };
    let mut signalled = HashSet::new();
    for mut row in tx.query_many(&STATEMENTS.signalled, &keys(&STATEMENTS.signalled)).await? {
        signalled.insert((ScopeId(row.int()?), row.run_id()?));
    }
    let mut journals: HashMap<(ScopeId, RunId), BTreeMap<u64, JournalChunk>> = HashMap::new();
    for mut row in tx.query_many(&STATEMENTS.journal, &keys(&STATEMENTS.journal)).await? {
        let of = (ScopeId(row.int()?), row.run_id()?);
        let chunk = JournalChunk { first_seq: row.number()?, count: row.number()?, data: row.blob()? };
        journals.entry(of).or_default().insert(chunk.first_seq, chunk);
    }
    let mut whole = HashMap::with_capacity(heads.len());
    for mut row in tx.query_many(&STATEMENTS.row, &keys(&STATEMENTS.row)).await? {
        let row = read_run(&mut row)?;
        let of = (row.head.scope, row.head.id);
        if row.state.status == RunStatus::Queued {
            let journal = journals.remove(&of).unwrap_or_default().into_values().collect();
            whole.insert(of, QueuedRun { row, journal, signalled: signalled.contains(&of) });
        }
    }
    Ok(whole)
}

pub(crate) async fn due(
    tx: &mut Tx,
    partitions: &[u16],
    (after, run): (Millis, RunId),
    until: Millis,
    limit: usize,
) -> Result<Vec<DueRun>, Error> {
    // The second condition lets the databases see that the partial index applies.
    let sql = format!(
        "SELECT scope, {OF}, fairness_key, priority, wake_at, id FROM run \
         WHERE status = 0 AND status IN (0, 2) AND wake_at IS NOT NULL \
         AND wake_at >= $1 AND (wake_at > $1 OR id > $2) AND wake_at <= $3{} ORDER BY wake_at, id LIMIT $4",
        among(partitions)
    );
    let mut found = Vec::new();
    for mut row in tx.query(&sql, params![after, run, until, limit]).await? {
        let lane = Lane { scope: ScopeId(row.int()?), workflow: row.text()?, key: row.text()? };
        found.push(DueRun { lane, priority: row.number()?, at: row.int()?, run: row.run_id()? });
    }
    Ok(found)
}

pub(crate) async fn next_due(tx: &mut Tx, partitions: &[u16], after: Millis) -> Result<Option<Millis>, Error> {
    let sql = format!(
        "SELECT wake_at FROM run WHERE status = 0 AND status IN (0, 2) AND wake_at IS NOT NULL AND wake_at > $1{} \
         ORDER BY wake_at LIMIT 1",
        among(partitions)
    );
    tx.first(&sql, params![after]).await?.map(|mut row| row.int()).transpose()
}

/// The first runs of many lanes: lane number, scope, run, bytes, each lane's in order.
fn heads_of(among: &str) -> Many {
    let columns = [
        ("lane", Column::Int),
        ("workflow", Column::Text),
        ("scope", Column::Int),
        ("fairness_key", Column::Text),
        ("quota", Column::Int),
    ];
    let head = |workflow: &str, scope: &str, key: &str, quota: &str| {
        format!(
            "FROM run WHERE status = 0 AND {OF} = {workflow} AND scope = {scope} AND fairness_key = {key}{among} \
             ORDER BY priority DESC, id LIMIT {quota}"
        )
    };
    Many::either(
        &columns,
        format!("SELECT $1, scope, id, bytes {}", head("$2", "$3", "$4", "$5")),
        &format!(
            "SELECT v.lane, head.scope, head.id, head.bytes FROM {{rows}} CROSS JOIN LATERAL \
             (SELECT scope, id, bytes, priority {}) AS head ORDER BY v.lane, head.priority DESC, head.id",
            head("v.workflow", "v.scope", "v.fairness_key", "v.quota")
        ),
    )
}

struct Statements {
    row: Many,
    journal: Many,
    signalled: Many,
}

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    let id = [("scope", Column::Int), ("id", Column::Blob)];
    let run = [("scope", Column::Int), ("run", Column::Blob)];
    Statements {
        row: Many::lookup("run", &id, RUN_COLUMNS, ""),
        journal: Many::lookup("journal", &run, "scope, run, first_seq, records, data", ""),
        signalled: Many::either(
            &run,
            "SELECT scope, run FROM signal WHERE scope = $1 AND run = $2 AND pending = 1 LIMIT 1".into(),
            "SELECT DISTINCT scope, run FROM signal \
             WHERE pending = 1 AND (scope, run) IN (SELECT v.scope, v.run FROM {rows})",
        ),
    }
});

//! The group commit of runs: many [`RunCommit`]s, one transaction, no savepoints.
//!
//! Everything that can refuse a commit is looked at first, for the whole group; only then is anything written, so that
//! a refused commit leaves nothing to undo and its neighbours do not notice it. The order of the checks matters:
//! a repeat of what is already stored is answered first (its writer lost only our answer, perhaps its lease since),
//! then the lease, then the order of the journal, then the dedupe key.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use model::{Digest, RunId, ScopeId};
use tokio::sync::oneshot;

use crate::db::{Column, Many, Param, Rows, Tx, params};
use crate::notify::{Notifier, RunNotice};
use crate::run_row::{HEAD, Named, STATE};
use crate::{Admission, CommitError, Error, LocalWrite, Millis, RunCommit, RunState, RunStatus, Store};

/// A definition that was written or used this recently needs no statement. Collection waits far longer.
const DEFINITION_FRESH: Millis = 60 * 60 * 1000;
/// The least number of a state in which a run has ended.
const FIRST_FINAL: u8 = RunStatus::Completed as u8;
/// Definitions remembered as stored.
const DEFINITION_CACHE: usize = 4096;

impl Store {
    /// Makes a run's flush visible, at once or not at all, in a group commit shared with other runs.
    ///
    /// A repeat of a commit that is already stored succeeds. After [`CommitError::Unavailable`] the outcome may be
    /// unknown: repeat the same commit.
    pub async fn commit(&self, commit: impl Into<Arc<RunCommit>>) -> Result<(), CommitError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Waiting { commit: commit.into(), reply }).await?;
        answer.await.unwrap_or_else(|_| Err(CommitError::Unavailable("the store is closed".into())))
    }
}

impl From<Error> for CommitError {
    fn from(error: Error) -> Self {
        match error {
            Error::DiskFull => CommitError::DiskFull,
            other => CommitError::Unavailable(other.to_string()),
        }
    }
}

/// A commit that waits for its group, and who waits for it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) commit: Arc<RunCommit>,
    pub(crate) reply: oneshot::Sender<Result<(), CommitError>>,
}

/// What a committing task remembers between groups.
#[derive(Debug)]
pub(crate) struct Caches {
    slot: i64,
    definitions: HashMap<(ScopeId, Digest), Millis>,
    learned: Vec<(ScopeId, Digest, Millis)>,
    workspaces: HashMap<ScopeId, i64>,
}

impl Caches {
    /// Empty; `slot` keeps the tally rows of different processes apart.
    pub(crate) fn new(slot: i64) -> Self {
        Caches { slot, definitions: HashMap::new(), learned: Vec::new(), workspaces: HashMap::new() }
    }

    /// Keeps what the last transaction taught, if it was committed.
    pub(crate) fn settle(&mut self, committed: bool) {
        if self.definitions.len() > DEFINITION_CACHE {
            self.definitions.clear();
        }
        for (scope, digest, at) in self.learned.drain(..) {
            if committed {
                self.definitions.insert((scope, digest), at);
            }
        }
    }

    fn knows(&self, scope: ScopeId, digest: Digest, now: Millis) -> bool {
        self.definitions.get(&(scope, digest)).is_some_and(|at| now - at < DEFINITION_FRESH)
    }

    async fn workspace(&mut self, tx: &mut Tx, scope: ScopeId) -> Result<i64, Error> {
        if let Some(workspace) = self.workspaces.get(&scope) {
            return Ok(*workspace);
        }
        let workspace = crate::scopes::workspace_of(tx, scope).await?;
        self.workspaces.insert(scope, workspace);
        Ok(workspace)
    }
}

/// Commits that share a transaction. No two of them touch the same run or claim the same dedupe key.
#[derive(Debug, Default)]
pub(crate) struct Group {
    waiting: Vec<Waiting>,
    touched: HashSet<u64>,
    results: Vec<Result<(), CommitError>>,
    signalled: Vec<(ScopeId, RunId, u16)>,
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn admissions(commit: &RunCommit) -> impl Iterator<Item = &Admission> {
    commit.admit.iter().map(|admission| &**admission).chain(commit.children.iter().map(|(admission, _)| admission))
}

/// What is stored of a run.
struct Stored {
    workflow: String,
    definition: Digest,
    status: u8,
    dead: u8,
    bytes: i64,
    last_seq: u64,
    partition: u16,
}

type Runs = HashMap<(ScopeId, RunId), Stored>;

impl Group {
    /// Adds a commit, or gives it back because it must come after one that is in the group already.
    pub(crate) fn push(&mut self, waiting: Waiting) -> Result<(), Waiting> {
        let commit = &waiting.commit;
        let mut touches = vec![hash((commit.scope, commit.run))];
        touches.extend(commit.children.iter().map(|(child, _)| hash((child.head.scope, child.head.id))));
        for admission in admissions(commit) {
            if let Some(claim) = &admission.dedupe {
                touches.push(hash((admission.head.scope, &claim.trigger, &claim.key)));
            }
        }
        if touches.iter().any(|touch| self.touched.contains(touch)) {
            return Err(waiting);
        }
        self.touched.extend(touches);
        self.waiting.push(waiting);
        Ok(())
    }

    /// Number of commits.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The same commits, each alone.
    pub(crate) fn split(self) -> impl Iterator<Item = Group> {
        self.waiting.into_iter().map(|waiting| Group { waiting: vec![waiting], ..Group::default() })
    }

    /// Answers everyone and tells whoever waits for runs.
    pub(crate) fn answer(self, outcome: Result<(), Error>, notifier: &Notifier) {
        let failed = outcome.err().map(CommitError::from);
        let mut results = self.results.into_iter();
        for waiting in self.waiting {
            let result = match (&failed, results.next()) {
                (Some(error), _) => Err(error.clone()),
                (None, Some(result)) => result,
                (None, None) => Err(CommitError::Unavailable("the commit was not run".into())),
            };
            if result.is_ok() {
                let commit = &waiting.commit;
                notifier.changed(commit.scope, commit.run, commit.state.wake_at.is_some());
                if commit.local.iter().any(|write| matches!(write, LocalWrite::Post(_))) {
                    notifier.posted();
                }
                for (child, _) in &commit.children {
                    let head = &child.head;
                    let notice = RunNotice::Admitted { scope: head.scope, run: head.id, partition: head.partition };
                    notifier.run(notice, Some(head.partition));
                }
                if let Some(admission) = &commit.admit
                    && admission.state.status == RunStatus::Queued
                {
                    let head = &admission.head;
                    let notice = RunNotice::Admitted { scope: head.scope, run: head.id, partition: head.partition };
                    notifier.run(notice, Some(head.partition));
                }
            }
            // The writer may have gone away; the commit stands all the same.
            let _ = waiting.reply.send(result);
        }
        if failed.is_none() {
            for (scope, run, partition) in self.signalled {
                notifier.run(RunNotice::Signal { scope, run }, Some(partition));
            }
        }
    }

    /// Checks and writes the group; the caller has begun a transaction. May be called again after a rollback.
    pub(crate) async fn apply(&mut self, tx: &mut Tx, caches: &mut Caches) -> Result<(), Error> {
        self.results.clear();
        self.signalled.clear();
        caches.learned.clear();
        if self.waiting.is_empty() {
            return Ok(());
        }
        let commits: Vec<&RunCommit> = self.waiting.iter().map(|waiting| &*waiting.commit).collect();
        let stored = lookup_runs(tx, &commits).await?;
        let tokens = lookup_tokens(tx, &commits).await?;
        let mut results = Vec::with_capacity(commits.len());
        // A commit that is stored already is answered, but not written.
        let mut writes = Vec::with_capacity(commits.len());
        for commit in &commits {
            let verdict = check(tx, commit, &stored, &tokens).await?;
            writes.push(verdict == Verdict::Write);
            results.push(match verdict {
                Verdict::Write | Verdict::Stored => Ok(()),
                Verdict::Stale => Err(CommitError::Stale { partition: commit.fence.partition }),
                Verdict::OutOfOrder => Err(CommitError::OutOfOrder),
                Verdict::NoRun => Err(CommitError::NoRun),
            });
        }
        claim_keys(tx, &commits, &mut writes, &mut results).await?;
        let accepted: Vec<&RunCommit> =
            commits.iter().zip(&writes).filter(|(_, write)| **write).map(|(commit, _)| *commit).collect();
        let signalled = write(tx, caches, &accepted, &stored).await?;
        self.results = results;
        self.signalled = signalled;
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Write,
    Stored,
    Stale,
    OutOfOrder,
    NoRun,
}

async fn lookup_runs(tx: &mut Tx, commits: &[&RunCommit]) -> Result<Runs, Error> {
    let many = &STATEMENTS.lookup_run;
    let mut keys: Vec<(ScopeId, RunId)> = Vec::with_capacity(commits.len());
    for commit in commits {
        keys.push((commit.scope, commit.run));
        keys.extend(commit.children.iter().map(|(child, _)| (child.head.scope, child.head.id)));
        // Whether a signal is kept depends on its receiver, which must not end or be reopened meanwhile.
        keys.extend(commit.signals.iter().map(|signal| (signal.scope, signal.run)));
    }
    let mut rows = Rows::of(many);
    for (scope, run) in keys {
        rows.push(params![scope, run]);
    }
    let mut stored = Runs::new();
    for mut row in tx.query_many(many, &rows).await? {
        let key = (ScopeId(row.int()?), row.run_id()?);
        let run = Stored {
            workflow: row.text()?,
            definition: row.digest()?,
            status: row.number()?,
            dead: row.number()?,
            bytes: row.int()?,
            last_seq: row.number()?,
            partition: row.number()?,
        };
        stored.insert(key, run);
    }
    Ok(stored)
}

async fn lookup_tokens(tx: &mut Tx, commits: &[&RunCommit]) -> Result<HashMap<u16, i64>, Error> {
    let many = &STATEMENTS.lookup_token;
    let mut partitions: Vec<u16> = commits.iter().map(|commit| commit.fence.partition).collect();
    partitions.sort_unstable();
    partitions.dedup();
    let mut rows = Rows::of(many);
    for partition in partitions {
        rows.push(params![partition]);
    }
    let mut tokens = HashMap::new();
    for mut row in tx.query_many(many, &rows).await? {
        tokens.insert(row.number()?, row.int()?);
    }
    Ok(tokens)
}

async fn check(tx: &mut Tx, commit: &RunCommit, stored: &Runs, tokens: &HashMap<u16, i64>) -> Result<Verdict, Error> {
    let found = stored.get(&(commit.scope, commit.run));
    let in_order = match (&commit.admit, found, &commit.journal) {
        (Some(_), None, Some(chunk)) => chunk.first_seq == 1,
        (Some(_), None, None) => commit.state.last_seq == 0,
        (Some(_), Some(_), _) => false,
        (None, Some(found), Some(chunk)) => chunk.first_seq == found.last_seq + 1,
        (None, Some(found), None) => commit.state.last_seq == found.last_seq,
        (None, None, _) => return Ok(Verdict::NoRun),
    };
    if let Some(found) = found
        && !in_order
        && is_stored(tx, commit, found).await?
    {
        return Ok(Verdict::Stored);
    }
    let owns = found.is_none_or(|found| found.partition == commit.fence.partition)
        && commit.admit.as_ref().is_none_or(|admission| admission.head.partition == commit.fence.partition);
    if !owns || tokens.get(&commit.fence.partition) != Some(&commit.fence.token) {
        return Ok(Verdict::Stale);
    }
    let sound = commit
        .journal
        .as_ref()
        .is_none_or(|chunk| chunk.count > 0 && chunk.first_seq + u64::from(chunk.count) - 1 == commit.state.last_seq);
    let fresh = commit.children.iter().all(|(child, _)| !stored.contains_key(&(child.head.scope, child.head.id)));
    Ok(if in_order && sound && fresh { Verdict::Write } else { Verdict::OutOfOrder })
}

/// Whether this very commit is in the store, because its writer lost the answer and repeats it.
async fn is_stored(tx: &mut Tx, commit: &RunCommit, found: &Stored) -> Result<bool, Error> {
    let Some(chunk) = &commit.journal else {
        return Ok(found.last_seq == commit.state.last_seq && found.status == commit.state.status as u8);
    };
    let row = tx
        .first(
            "SELECT records, data FROM journal WHERE scope = $1 AND run = $2 AND first_seq = $3",
            params![commit.scope, commit.run, chunk.first_seq],
        )
        .await?;
    let Some(mut row) = row else { return Ok(false) };
    Ok(row.int()? == i64::from(chunk.count) && row.blob()? == chunk.data)
}

async fn claim_keys(
    tx: &mut Tx,
    commits: &[&RunCommit],
    writes: &mut [bool],
    results: &mut [Result<(), CommitError>],
) -> Result<(), Error> {
    let many = &STATEMENTS.claim;
    let mut rows = Rows::of(many);
    let mut wanted = Vec::new();
    for (index, commit) in commits.iter().enumerate().filter(|(index, _)| writes[*index]) {
        for admission in admissions(commit) {
            let Some(claim) = &admission.dedupe else { continue };
            let head = &admission.head;
            rows.push(params![head.scope, &claim.trigger, &claim.key, &claim.fingerprint, head.id, claim.expires_at]);
            wanted.push((index, admission, claim));
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let mut claimed = HashSet::new();
    if let Some(changed) = tx.execute_each(&STATEMENTS.claim_each, &rows)? {
        let new = wanted.iter().zip(changed).filter(|(_, changed)| *changed);
        claimed.extend(new.map(|((_, admission, _), _)| admission.head.id));
    } else {
        for mut row in tx.query_many(many, &rows).await? {
            claimed.insert(row.run_id()?);
        }
    }
    if claimed.len() == wanted.len() {
        return Ok(());
    }
    for (index, admission, claim) in &wanted {
        let head = &admission.head;
        if claimed.contains(&head.id) || results[*index].is_err() {
            continue;
        }
        let select = format!(
            "SELECT run, fingerprint, expires_at FROM dedupe WHERE scope = $1 AND source = $2 AND key = $3{}",
            tx.dialect().for_update()
        );
        let key = params![head.scope, &claim.trigger, &claim.key];
        // It can only be missing when another process has just swept it; then the caller tries again.
        let Some(mut row) = tx.first(&select, key).await? else {
            results[*index] = Err(CommitError::Unavailable("the dedupe key was being dropped".into()));
            continue;
        };
        let (run, fingerprint, expires_at) = (row.run_id()?, row.digest()?, row.int()?);
        if expires_at > head.created_at {
            results[*index] = Err(CommitError::Duplicate { run, fingerprint });
            continue;
        }
        let update = "UPDATE dedupe SET fingerprint = $1, run = $2, expires_at = $3 \
                      WHERE scope = $4 AND source = $5 AND key = $6";
        let values = params![&claim.fingerprint, head.id, claim.expires_at, head.scope, &claim.trigger, &claim.key];
        tx.execute(update, values).await?;
        claimed.insert(head.id);
    }
    // A commit with several keys may have got one and been refused another; the one that it got is free again.
    for (index, admission, claim) in &wanted {
        if results[*index].is_err() {
            writes[*index] = false;
            if claimed.contains(&admission.head.id) {
                tx.execute(
                    "DELETE FROM dedupe WHERE scope = $1 AND source = $2 AND key = $3",
                    params![admission.head.scope, &claim.trigger, &claim.key],
                )
                .await?;
            }
        }
    }
    Ok(())
}

async fn write(
    tx: &mut Tx,
    caches: &mut Caches,
    commits: &[&RunCommit],
    stored: &Runs,
) -> Result<Vec<(ScopeId, RunId, u16)>, Error> {
    write_definitions(tx, caches, commits).await?;
    write_runs(tx, commits).await?;
    write_journal(tx, commits).await?;
    write_snapshots(tx, commits).await?;
    write_blob_refs(tx, caches, commits).await?;
    consume_signals(tx, commits).await?;
    unpark_signals(tx, commits, stored).await?;
    let signalled = send_signals(tx, commits).await?;
    write_local(tx, commits).await?;
    write_tally(tx, caches.slot, commits, stored).await?;
    Ok(signalled)
}

async fn write_definitions(tx: &mut Tx, caches: &mut Caches, commits: &[&RunCommit]) -> Result<(), Error> {
    let many = &STATEMENTS.define;
    let mut rows = Rows::of(many);
    let mut seen = HashSet::new();
    for admission in commits.iter().flat_map(|commit| admissions(commit)) {
        let head = &admission.head;
        if !caches.knows(head.scope, head.definition, head.created_at) && seen.insert((head.scope, head.definition)) {
            rows.push(params![head.scope, &head.definition, &*admission.definition, head.created_at]);
            caches.learned.push((head.scope, head.definition, head.created_at));
        }
    }
    tx.execute_many(many, &rows).await.map(|_| ())
}

async fn write_runs(tx: &mut Tx, commits: &[&RunCommit]) -> Result<(), Error> {
    let mut inserts = Rows::of(&STATEMENTS.insert_run);
    let mut updates = Rows::of(&STATEMENTS.update_run);
    for commit in commits {
        match &commit.admit {
            Some(admission) => push_run(&mut inserts, admission, &commit.state),
            None => {
                let state = &commit.state;
                updates.push(&[&params![commit.scope, commit.run][..], &state_params(state)].concat());
            }
        }
        for (child, _) in &commit.children {
            push_run(&mut inserts, child, &child.state);
        }
    }
    tx.execute_many(&STATEMENTS.insert_run, &inserts).await?;
    tx.execute_many(&STATEMENTS.update_run, &updates).await?;
    Ok(())
}

fn push_run<'a>(rows: &mut Rows<'a>, admission: &'a Admission, state: &'a RunState) {
    let head = &admission.head;
    let fixed = params![
        head.scope,
        head.id,
        &head.workflow,
        &head.definition,
        head.revision,
        &head.mode,
        head.partition,
        head.priority,
        &head.fairness_key,
        head.lane.as_ref(),
        &head.started_by,
        &head.runs_as,
        head.created_at,
        head.parent.as_ref(),
        head.origin,
    ];
    let mut row = [Param::Null; HEAD.len() + STATE.len()];
    row[..HEAD.len()].copy_from_slice(fixed);
    row[HEAD.len()..].copy_from_slice(&state_params(state));
    rows.push(&row);
}

fn state_params(state: &RunState) -> [Param<'_>; STATE.len()] {
    [
        Param::from(state.status as u8),
        Param::from(state.last_seq),
        Param::from(state.started_at),
        Param::from(state.ended_at),
        Param::from(state.wake_at),
        Param::from(state.step_count),
        Param::from(state.handled_error_count),
        Param::from(state.uncertain_count),
        Param::from(state.bytes),
        Param::from(state.error.as_ref()),
        Param::from(state.answer.as_ref()),
        Param::from(state.dead as u8),
    ]
}

async fn write_journal(tx: &mut Tx, commits: &[&RunCommit]) -> Result<(), Error> {
    let many = &STATEMENTS.insert_journal;
    let mut rows = Rows::of(many);
    for commit in commits {
        if let Some(chunk) = &commit.journal {
            rows.push(params![commit.scope, commit.run, chunk.first_seq, chunk.count, &chunk.data]);
        }
        for (child, chunk) in commit.children.iter().filter(|(_, chunk)| chunk.count > 0) {
            rows.push(params![child.head.scope, child.head.id, chunk.first_seq, chunk.count, &chunk.data]);
        }
    }
    tx.execute_many(many, &rows).await.map(|_| ())
}

async fn write_snapshots(tx: &mut Tx, commits: &[&RunCommit]) -> Result<(), Error> {
    let mut snapshots = Rows::of(&STATEMENTS.put_snapshot);
    let mut pages = Rows::of(&STATEMENTS.put_page);
    for commit in commits {
        let Some(snapshot) = &commit.snapshot else { continue };
        snapshots.push(params![commit.scope, commit.run, snapshot.seq, snapshot.version, &snapshot.data]);
        for (number, page) in &snapshot.pages {
            pages.push(params![commit.scope, commit.run, *number, page]);
        }
    }
    tx.execute_many(&STATEMENTS.put_snapshot, &snapshots).await?;
    tx.execute_many(&STATEMENTS.put_page, &pages).await?;
    Ok(())
}

/// Blobs that runs hold from this commit on.
fn held(commit: &RunCommit) -> impl Iterator<Item = (ScopeId, RunId, &Vec<Digest>)> {
    let children = commit.children.iter().map(|(child, _)| (child.head.scope, child.head.id, &child.blobs));
    std::iter::once((commit.scope, commit.run, &commit.blobs)).chain(children).filter(|(.., blobs)| !blobs.is_empty())
}

async fn write_blob_refs(tx: &mut Tx, caches: &mut Caches, commits: &[&RunCommit]) -> Result<(), Error> {
    let wanted: Vec<_> = commits.iter().flat_map(|commit| held(commit)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let many = &STATEMENTS.insert_blob_ref;
    let mut holders = Vec::with_capacity(wanted.len());
    for (scope, run, blobs) in wanted {
        holders.push((caches.workspace(tx, scope).await?, crate::blobs::run_holder(run), blobs));
    }
    let mut rows = Rows::of(many);
    for (workspace, holder, blobs) in &holders {
        for digest in blobs.iter() {
            rows.push(params![*workspace, digest, holder]);
        }
    }
    tx.execute_many(many, &rows).await.map(|_| ())
}

async fn consume_signals(tx: &mut Tx, commits: &[&RunCommit]) -> Result<(), Error> {
    let many = &STATEMENTS.consume_signal;
    let mut rows = Rows::of(many);
    for commit in commits {
        for id in &commit.consumed {
            rows.push(params![commit.scope, commit.run, *id, 0u8, ""]);
        }
    }
    tx.execute_many(many, &rows).await.map(|_| ())
}

/// What came for a run while it had ended is in its inbox when it is reopened.
async fn unpark_signals(tx: &mut Tx, commits: &[&RunCommit], stored: &Runs) -> Result<(), Error> {
    let many = &STATEMENTS.unpark_signals;
    let mut rows = Rows::of(many);
    for commit in commits {
        let had_ended = stored.get(&(commit.scope, commit.run)).is_some_and(|run| run.status >= FIRST_FINAL);
        if had_ended && !commit.state.status.is_final() {
            rows.push(params![commit.scope, commit.run]);
        }
    }
    tx.execute_many(many, &rows).await.map(|_| ())
}

/// Signals of one run to another. The end of a child is kept for a parent that has ended other than well, beside its
/// inbox: the parent may be reopened, and would wait for ever for a child that has ended meanwhile.
async fn send_signals(tx: &mut Tx, commits: &[&RunCommit]) -> Result<Vec<(ScopeId, RunId, u16)>, Error> {
    let many = &STATEMENTS.send_signal;
    let mut rows = Rows::of(many);
    for signal in commits.iter().flat_map(|commit| &commit.signals) {
        rows.push(params![signal.scope, signal.run, signal.id, &signal.name, &signal.payload, signal.sent_at]);
    }
    let mut sent = Vec::new();
    for mut row in tx.query_many(many, &rows).await? {
        let receiver = (ScopeId(row.int()?), row.run_id()?, row.number()?);
        if row.int()? == 1 {
            sent.push(receiver);
        }
    }
    Ok(sent)
}

async fn write_local(tx: &mut Tx, commits: &[&RunCommit]) -> Result<(), Error> {
    // The last write of a key wins, and no statement meets a key twice.
    let mut last: BTreeMap<(i64, &str, &str), &LocalWrite> = BTreeMap::new();
    let mut posts = Vec::new();
    for commit in commits {
        for write in &commit.local {
            match write {
                LocalWrite::Put { space, key, .. } | LocalWrite::Delete { space, key } => {
                    last.insert((commit.scope.0, space, key), write);
                }
                LocalWrite::Post(message) => posts.push(message),
            }
        }
    }
    let mut puts = Rows::of(&STATEMENTS.put_local);
    let mut deletes = Rows::of(&STATEMENTS.delete_local);
    for ((scope, space, key), write) in last {
        match write {
            LocalWrite::Put { value, expires_at, .. } => puts.push(params![scope, space, key, value, *expires_at]),
            _ => deletes.push(params![scope, space, key]),
        }
    }
    tx.execute_many(&STATEMENTS.put_local, &puts).await?;
    tx.execute_many(&STATEMENTS.delete_local, &deletes).await?;
    crate::deliveries::post(tx, &posts).await
}

/// Key of a sum, in the order in which writers take their row locks.
type TallyKey<'a> = (i64, &'a str, [u8; 32], u8, u8);

async fn write_tally(tx: &mut Tx, slot: i64, commits: &[&RunCommit], stored: &Runs) -> Result<(), Error> {
    let mut sums: BTreeMap<TallyKey<'_>, (i64, i64)> = BTreeMap::new();
    let mut add = |key, runs: i64, bytes: i64| {
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + runs, sum.1 + bytes);
    };
    for commit in commits {
        for (index, admission) in admissions(commit).enumerate() {
            let own = index == 0 && commit.admit.is_some();
            let state = if own { &commit.state } else { &admission.state };
            let head = &admission.head;
            let key = (head.scope.0, &*head.workflow, head.definition.0, state.status as u8, state.dead as u8);
            add(key, 1, state.bytes as i64);
        }
        if commit.admit.is_none()
            && let Some(old) = stored.get(&(commit.scope, commit.run))
        {
            let state = &commit.state;
            add((commit.scope.0, &*old.workflow, old.definition.0, old.status, old.dead), -1, -old.bytes);
            let key = (commit.scope.0, &*old.workflow, old.definition.0, state.status as u8, state.dead as u8);
            add(key, 1, state.bytes as i64);
        }
    }
    let many = &STATEMENTS.add_tally;
    let mut rows = Rows::of(many);
    for ((scope, workflow, definition, status, dead), (runs, bytes)) in &sums {
        if *runs != 0 || *bytes != 0 {
            let row = params![*scope, *workflow, &definition[..], *status, *dead, slot, *runs, *bytes];
            rows.push(row);
        }
    }
    tx.execute_many(many, &rows).await.map(|_| ())
}

const RUN_KEY: [Named; 2] = [("scope", Column::Int), ("run", Column::Blob)];

/// Statements of the group commit, made once.
struct Statements {
    lookup_run: Many,
    lookup_token: Many,
    claim: Many,
    claim_each: Many,
    define: Many,
    insert_run: Many,
    update_run: Many,
    insert_journal: Many,
    put_snapshot: Many,
    put_page: Many,
    insert_blob_ref: Many,
    consume_signal: Many,
    unpark_signals: Many,
    send_signal: Many,
    put_local: Many,
    delete_local: Many,
    add_tally: Many,
}

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    use Column::{Blob, Int, Text};
    let [scope, run] = RUN_KEY;
    Statements {
        lookup_run: Many::lookup(
            "run",
            &HEAD[..2],
            "scope, id, workflow, definition, status, dead, bytes, last_seq, partition",
            " FOR UPDATE",
        ),
        lookup_token: Many::lookup("partition", &[("id", Int)], "id, token", " FOR SHARE"),
        claim: Many::insert(
            "dedupe",
            &[scope, ("source", Text), ("key", Text), ("fingerprint", Blob), run, ("expires_at", Int)],
            "ON CONFLICT (scope, source, key) DO NOTHING RETURNING run",
        ),
        claim_each: Many::insert(
            "dedupe",
            &[scope, ("source", Text), ("key", Text), ("fingerprint", Blob), run, ("expires_at", Int)],
            "ON CONFLICT (scope, source, key) DO NOTHING",
        ),
        define: Many::insert(
            "definition",
            &[scope, ("digest", Blob), ("text", Text), ("used_at", Int)],
            "ON CONFLICT (scope, digest) DO UPDATE SET used_at = excluded.used_at",
        ),
        insert_run: Many::insert("run", &[&HEAD[..], &STATE[..]].concat(), ""),
        update_run: Many::update("run", &HEAD[..2], &STATE),
        insert_journal: Many::insert(
            "journal",
            &[scope, run, ("first_seq", Int), ("records", Int), ("data", Blob)],
            "",
        ),
        put_snapshot: Many::insert(
            "snapshot",
            &[scope, run, ("seq", Int), ("version", Int), ("data", Blob)],
            "ON CONFLICT (scope, run) DO UPDATE SET seq = excluded.seq, version = excluded.version, \
             data = excluded.data",
        ),
        put_page: Many::insert(
            "snapshot_page",
            &[scope, run, ("page", Int), ("data", Blob)],
            "ON CONFLICT (scope, run, page) DO UPDATE SET data = excluded.data",
        ),
        insert_blob_ref: Many::insert(
            "blob_ref",
            &[("workspace", Int), ("digest", Blob), ("holder", Text)],
            "ON CONFLICT (workspace, digest, holder) DO NOTHING",
        ),
        consume_signal: Many::update("signal", &[scope, run, ("id", Blob)], &[("pending", Int), ("payload", Text)]),
        unpark_signals: Many::either(
            &RUN_KEY,
            "UPDATE signal SET pending = 1 WHERE scope = $1 AND run = $2 AND pending = 2".into(),
            "UPDATE signal SET pending = 1 FROM {rows} \
             WHERE signal.scope = v.scope AND signal.run = v.run AND signal.pending = 2",
        ),
        send_signal: Many::template(
            &[scope, run, ("id", Blob), ("name", Text), ("payload", Text), ("sent_at", Int)],
            "INSERT INTO signal (scope, run, id, name, payload, sent_at, partition, pending) \
             SELECT v.scope, v.run, v.id, v.name, v.payload, v.sent_at, run.partition, \
             CASE WHEN run.status < 5 THEN 1 ELSE 2 END \
             FROM {rows} JOIN run ON run.scope = v.scope AND run.id = v.run \
             WHERE run.status < 5 OR (run.status > 5 AND v.name LIKE 'child:%') \
             ON CONFLICT (scope, run, id) DO NOTHING RETURNING scope, run, partition, pending",
        ),
        put_local: Many::insert(
            "local",
            &[scope, ("space", Text), ("key", Text), ("value", Blob), ("expires_at", Int)],
            "ON CONFLICT (scope, space, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at",
        ),
        delete_local: Many::delete("local", &[scope, ("space", Text), ("key", Text)]),
        add_tally: Many::insert(
            "tally",
            &[
                scope,
                ("workflow", Text),
                ("definition", Blob),
                ("status", Int),
                ("dead", Int),
                ("slot", Int),
                ("runs", Int),
                ("bytes", Int),
            ],
            "ON CONFLICT (scope, workflow, definition, status, dead, slot) \
             DO UPDATE SET runs = tally.runs + excluded.runs, bytes = tally.bytes + excluded.bytes",
        ),
    }
});

/// Adds to the sums of runs: scope, workflow, definition, status, dead, slot, runs, bytes.
pub(crate) fn add_tally() -> &'static Many {
    &STATEMENTS.add_tally
}

//! The shared state of a run that is being worked on: machine, payloads, and the records that are not yet committed.
//!
//! Rules that everything else rests on:
//! - a record is applied and buffered in one step, under one lock;
//! - one commit of a run is in flight at a time, and it takes everything buffered so far;
//! - what may only be seen after a commit (answers, children, news) is queued with the record that it belongs to and
//!   released by the commit that contains it, in order;
//! - a refused commit ends the run here: somebody else owns it, or it was never admitted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::{Digest, RunId, Scope, SignalId, Value};
use part::trigger::Webhook;
use part::{Answer, ReplyTo};
use store::{
    Admission, CommitError, DeadState, Fence, JournalChunk, LocalWrite, RunCommit, RunHead, RunState, RunStatus,
    SignalRow, Snapshot,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::committed::{Committed, Reached};
use super::compact::{LastSnapshot, SNAPSHOT_VERSION};
use super::data::RunData;
use crate::definition::Definition;
use crate::engine::Inner;
use crate::event::{CallName, Event, StepNumber};
use crate::journal;
use crate::machine::{End, Machine};
use crate::ports::VariableSet;

/// Age at which buffered records are written although nobody waits for them.
pub const FLUSH_AGE: Duration = Duration::from_millis(100);
/// Number of buffered records at which they are written.
const FLUSH_RECORDS: u32 = 1_000;
/// Bytes of buffered records at which they are written.
const FLUSH_BYTES: usize = 1 << 20;
/// How long a commit is repeated while the store cannot be reached, before the run is left to recovery.
const COMMIT_PATIENCE: Duration = Duration::from_secs(120);

/// A run that is being worked on.
pub struct Shared {
    /// The engine.
    pub engine: Arc<Inner>,
    /// Scope.
    pub scope: Scope,
    /// Fixed part of its row.
    pub head: RunHead,
    /// Name of the workflow, shared by its steps.
    pub workflow: Arc<str>,
    /// How it was started, shared by its steps.
    pub mode: Arc<str>,
    /// What it runs.
    pub definition: Arc<Definition>,
    /// The right to write it.
    pub fence: Fence,
    /// Cancelled when the run is asked to stop.
    pub cancel: CancellationToken,
    /// Something came for the run: a signal, a request.
    pub wake: tokio::sync::Notify,
    /// How far it is committed.
    pub committed: Committed,
    /// Provisional news, once somebody looks: progress, log lines, parts of answers.
    news: std::sync::OnceLock<tokio::sync::broadcast::Sender<part::runs::RunUpdate>>,
    /// A recorded run is executed again: nothing leaves, nothing is written.
    pub replaying: bool,
    /// What the steps of a replay read from our own store when they were recorded, by step and `space/key`.
    pub recorded_reads: Mutex<HashMap<(StepNumber, String), Option<Bytes>>>,
    /// What the step that is being replayed saw of the variables.
    pub recorded_variables: Mutex<Option<Arc<VariableSet>>>,
    /// What the steps of a replay ask for, by step, with the fingerprint of each request.
    pub asked: Mutex<Vec<(StepNumber, CallName, Value, Digest)>>,
    fingerprint: Option<Digest>,
    chunks: Mutex<std::collections::VecDeque<(Digest, Chunk)>>,
    core: Mutex<Core>,
}

/// A spooled chunk that was read.
type Chunk = Arc<[Arc<model::Item>]>;

/// Spooled chunks kept after they were read: a loop reads the same one for each of its batches.
const KEPT_CHUNKS: usize = 4;

/// What changes.
pub struct Core {
    /// The decisions.
    pub machine: Machine,
    /// The payloads.
    pub data: RunData,
    /// Request that waits for the answer.
    pub reply_to: Option<ReplyTo>,
    /// How it is answered at the run's end, when that is not for the trigger to say.
    pub answer_as: Option<Box<Webhook>>,
    /// Somebody came through a form of one of its steps.
    pub visited: bool,
    /// The journaled answer.
    pub answer: Option<Answer>,
    /// Use pinned data.
    pub use_pins: bool,
    /// Sequence number of the last buffered record.
    pub last_seq: u64,
    /// First start.
    pub started_at: Option<i64>,
    /// End.
    pub ended_at: Option<i64>,
    /// What it failed with.
    pub error: Option<String>,
    /// The run is queued, not started.
    pub queued_until: Option<Option<i64>>,
    /// The newer run that it gave way to.
    pub superseded_by: Option<RunId>,
    /// It is held for this reason.
    pub held: bool,
    /// Admission that the next commit carries.
    pub admit: Option<Box<Admission>>,
    /// What happens after the commit that contains the record.
    after: Vec<(u64, After)>,
    buffer: Vec<u8>,
    buffered: u32,
    oldest: Option<Instant>,
    blobs: Vec<Digest>,
    consumed: Vec<SignalId>,
    children: Vec<(Admission, JournalChunk)>,
    signals: Vec<SignalRow>,
    local: Vec<LocalWrite>,
    /// What is being committed: its local writes are read here until the store has them.
    in_flight: Option<Arc<RunCommit>>,
    flushing: bool,
    hurried: bool,
    bytes: u64,
    dead: DeadState,
    pub(super) last_snapshot: LastSnapshot,
}

/// What may only happen after a commit.
pub enum After {
    /// The answer leaves.
    Answer(ReplyTo, Answer),
    /// A streamed answer begins.
    Begin(ReplyTo, u16, Vec<(String, String)>),
    /// A streamed answer ends.
    End(ReplyTo, bool),
    /// A child or error workflow starts.
    Launch(Box<Launch>),
    /// Another run that the commit has admitted starts.
    Start(Arc<Shared>),
    /// Another run that the commit has admitted waits for its turn, or for a time.
    Waits(Arc<Shared>, Option<i64>),
    /// Another run has a signal.
    Wake(model::ScopeId, RunId),
    /// The run waits for its turn.
    Queued,
    /// It no longer does.
    Begun,
}

/// A run that was admitted by another one and starts after that one's commit.
pub struct Launch {
    /// Fixed part.
    pub head: RunHead,
    /// Scope.
    pub scope: Scope,
    /// What it runs.
    pub definition: Arc<Definition>,
    /// Its first record.
    pub first: Event,
}

/// What a commit of a run has to say, gathered under the lock.
struct Flush {
    commit: Arc<RunCommit>,
    seq: u64,
    /// Number of the last page that it writes.
    pages: Option<u32>,
}

impl Shared {
    /// The state of a new or recovered run.
    pub fn new(
        engine: Arc<Inner>,
        scope: Scope,
        head: RunHead,
        definition: Arc<Definition>,
        fence: Fence,
        core: Core,
    ) -> Arc<Self> {
        Arc::new(Self::build(engine, scope, head, definition, fence, core))
    }

    /// A recorded run that is executed again.
    pub fn for_replay(
        engine: Arc<Inner>,
        scope: Scope,
        head: RunHead,
        definition: Arc<Definition>,
        core: Core,
    ) -> Arc<Self> {
        let fence = Fence { partition: head.partition, token: -1 };
        let mut shared = Self::build(engine, scope, head, definition, fence, core);
        shared.replaying = true;
        Arc::new(shared)
    }

    fn build(
        engine: Arc<Inner>,
        scope: Scope,
        head: RunHead,
        definition: Arc<Definition>,
        fence: Fence,
        core: Core,
    ) -> Self {
        let fingerprint = core.admit.as_ref().and_then(|admit| admit.dedupe.as_ref()).map(|claim| claim.fingerprint);
        let committed = Committed::upto(if core.admit.is_some() { 0 } else { core.last_seq });
        Shared {
            workflow: head.workflow.as_str().into(),
            mode: head.mode.as_str().into(),
            engine,
            scope,
            head,
            definition,
            fence,
            cancel: CancellationToken::new(),
            wake: tokio::sync::Notify::new(),
            committed,
            news: std::sync::OnceLock::new(),
            replaying: false,
            recorded_reads: Mutex::default(),
            recorded_variables: Mutex::default(),
            asked: Mutex::default(),
            fingerprint,
            chunks: Mutex::default(),
            core: Mutex::new(core),
        }
    }

    /// The changing part. Never held over an await.
    pub fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything that is buffered now is committed.
    pub async fn flush(self: &Arc<Self>) -> Result<(), CommitError> {
        if self.replaying {
            return Ok(());
        }
        let (target, start) = {
            let mut core = self.core();
            let start = !core.flushing && (core.buffered > 0 || core.admit.is_some());
            core.flushing |= start;
            (core.last_seq, start)
        };
        if start {
            return self.write().await;
        }
        // A flush that was dropped half-way leaves its records to the next one.
        let is_stalled = || {
            let mut core = self.core();
            let stalled = !core.flushing && core.buffered > 0;
            core.flushing |= stalled;
            stalled
        };
        let seen = |reached: &Reached| match reached {
            Ok(seq) if *seq >= target => Some(Some(Ok(()))),
            Ok(_) => is_stalled().then_some(None),
            Err(error) => Some(Some(Err(error.clone()))),
        };
        match self.committed.when(seen).await {
            Some(outcome) => outcome,
            None => self.write().await,
        }
    }

    /// Writes what is buffered, and what is buffered meanwhile, in a task of its own: a caller that is dropped must
    /// not leave a commit without its consequences.
    async fn write(self: &Arc<Self>) -> Result<(), CommitError> {
        let shared = self.clone();
        let task = tokio::spawn(async move { shared.write_all().await });
        task.await.unwrap_or_else(|error| Err(CommitError::Unavailable(format!("the flush ended early: {error}"))))
    }

    /// The same in the caller's task, for the run's own loop, which is never dropped.
    pub async fn flush_inline(self: &Arc<Self>) -> Result<(), CommitError> {
        let start = {
            let mut core = self.core();
            let start = !core.flushing && (core.buffered > 0 || core.admit.is_some());
            core.flushing |= start;
            start
        };
        if start { self.write_all().await } else { self.flush().await }
    }

    async fn write_all(self: &Arc<Self>) -> Result<(), CommitError> {
        loop {
            let Some(flush) = self.take() else { return Ok(()) };
            let (seq, pages) = (flush.seq, flush.pages);
            match self.commit(flush.commit).await {
                Ok(()) => {
                    let after = {
                        let mut core = self.core();
                        core.in_flight = None;
                        pages.into_iter().for_each(|page| core.data.confirm_pages(page));
                        core.release(seq)
                    };
                    for act in after {
                        self.engine.after_commit(self, act);
                    }
                    self.committed.set(Ok(seq));
                }
                Err(error) => {
                    self.core().flushing = false;
                    self.committed.set(Err(error.clone()));
                    self.cancel.cancel();
                    self.wake.notify_one();
                    return Err(error);
                }
            }
        }
    }

    /// Commits, and repeats the same commit while the store cannot be reached: what it has done is recognised there.
    async fn commit(&self, commit: Arc<RunCommit>) -> Result<(), CommitError> {
        let deadline = Instant::now() + COMMIT_PATIENCE;
        let mut wait = Duration::from_millis(50);
        loop {
            match self.engine.store.commit(commit.clone()).await {
                Err(CommitError::Unavailable(reason))
                    if Instant::now() < deadline && !self.engine.stop.is_cancelled() =>
                {
                    tracing::warn!(run = %self.head.id, reason, "the store cannot be reached; the commit is repeated");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(2));
                }
                Err(CommitError::DiskFull) if Instant::now() < deadline && !self.engine.stop.is_cancelled() => {
                    tracing::warn!(run = %self.head.id, "the disk is full; the commit is repeated");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                other => return other,
            }
        }
    }

    fn take(&self) -> Option<Flush> {
        let mut core = self.core();
        if core.buffered == 0 && core.admit.is_none() {
            core.flushing = false;
            return None;
        }
        core.hurried = false;
        let state = core.row_state();
        let count = std::mem::take(&mut core.buffered);
        let data = std::mem::take(&mut core.buffer);
        core.oldest = None;
        core.bytes += data.len() as u64;
        core.last_snapshot.since += data.len() as u64;
        let snapshot = core.take_snapshot();
        let journal = (count > 0).then(|| JournalChunk {
            first_seq: core.last_seq + 1 - u64::from(count),
            count,
            data: data.into(),
        });
        if let Some(admit) = &mut core.admit {
            admit.state = state.clone();
        }
        let mut blobs = std::mem::take(&mut core.blobs);
        blobs.sort_unstable();
        blobs.dedup();
        let pages = snapshot.as_ref().and_then(|snapshot| snapshot.pages.last()).map(|(page, _)| *page);
        let commit = Arc::new(RunCommit {
            scope: self.head.scope,
            run: self.head.id,
            fence: self.fence,
            admit: core.admit.take(),
            state,
            journal,
            snapshot,
            blobs,
            consumed: std::mem::take(&mut core.consumed),
            children: std::mem::take(&mut core.children),
            signals: std::mem::take(&mut core.signals),
            local: std::mem::take(&mut core.local),
        });
        core.in_flight = Some(commit.clone());
        Some(Flush { seq: core.last_seq, pages, commit })
    }
}

/// What local writes, the last one first, leave at a place. `None`: none of them is about it.
pub fn written<'a>(
    mut last_first: impl Iterator<Item = &'a LocalWrite>,
    space: &str,
    key: &str,
    now: i64,
) -> Option<Option<Bytes>> {
    last_first.find_map(|write| match write {
        LocalWrite::Put { space: there, key: known, value, expires_at } if there == space && known == key => {
            Some(expires_at.is_none_or(|at| at > now).then(|| value.clone()))
        }
        LocalWrite::Delete { space: there, key: known } if there == space && known == key => Some(None),
        _ => None,
    })
}

impl Core {
    /// A core before its first record.
    pub fn new(machine: Machine) -> Self {
        Core {
            machine,
            data: RunData::default(),
            reply_to: None,
            answer_as: None,
            visited: false,
            answer: None,
            use_pins: false,
            last_seq: 0,
            started_at: None,
            ended_at: None,
            error: None,
            queued_until: None,
            superseded_by: None,
            held: false,
            admit: None,
            after: Vec::new(),
            buffer: Vec::new(),
            buffered: 0,
            oldest: None,
            blobs: Vec::new(),
            consumed: Vec::new(),
            children: Vec::new(),
            signals: Vec::new(),
            local: Vec::new(),
            in_flight: None,
            flushing: false,
            hurried: false,
            bytes: 0,
            dead: DeadState::None,
            last_snapshot: LastSnapshot::default(),
        }
    }

    /// Folds a record that is stored already.
    pub fn fold(&mut self, event: &Event) {
        self.data.apply(event);
        self.machine.apply(event);
        self.last_seq += 1;
        self.remember(event);
    }

    /// What came before in bytes and dead letter state, for a recovered run.
    pub fn recovered(&mut self, state: &RunState) {
        self.bytes = state.bytes;
        self.dead = state.dead;
        self.started_at = state.started_at;
    }

    /// Takes the first records and the blobs that they refer to, for another run's commit to bring them.
    pub fn take_first(&mut self) -> (JournalChunk, Vec<Digest>) {
        let (count, data) = (std::mem::take(&mut self.buffered), std::mem::take(&mut self.buffer));
        self.oldest = None;
        self.bytes += data.len() as u64;
        (JournalChunk { first_seq: 1, count, data: data.into() }, std::mem::take(&mut self.blobs))
    }

    /// Folds a new record and buffers it.
    pub fn emit(&mut self, event: Event) {
        journal::encode(&event, &mut self.buffer);
        self.buffered += 1;
        self.oldest.get_or_insert_with(Instant::now);
        event.blobs(&mut self.blobs);
        match &event {
            Event::SignalReceived { id, .. } | Event::ChildEnded { signal: id, .. } => self.consumed.push(*id),
            Event::Reopened { .. } => self.dead = DeadState::Redriven,
            _ => {}
        }
        self.fold(&event);
    }

    fn remember(&mut self, event: &Event) {
        match event {
            Event::RunStarted { reply_to, use_pins, at, .. } => {
                self.reply_to = reply_to.clone();
                self.use_pins = *use_pins;
                self.started_at = Some(*at);
            }
            Event::SignalReceived { payload, .. } if payload.get("reply").is_some() => {
                let reply = |key: &str| payload["reply"].get(key).cloned().unwrap_or_default();
                match serde_json::from_value(reply("to")) {
                    Ok(to) => {
                        self.reply_to = Some(to);
                        self.answer_as = serde_json::from_value(reply("as")).ok();
                    }
                    // Who went through a form holds no request open; the run's answer is shown on a page.
                    Err(_) => self.visited = true,
                }
            }
            Event::Forked { at, .. } => {
                self.reply_to = None;
                self.answer_as = None;
                self.visited = false;
                self.answer = None;
                self.ended_at = None;
                self.error = None;
                self.started_at = Some(*at);
            }
            Event::Reopened { .. } => {
                self.ended_at = None;
                self.error = None;
                self.superseded_by = None;
            }
            Event::Held { problem, .. } => {
                self.held = true;
                self.error = serde_json::to_string(problem).ok();
            }
            Event::PauseEnded { .. } if self.held => {
                self.held = false;
                self.error = None;
            }
            Event::Answered { answer } => self.answer = Some(answer.clone()),
            Event::AnswerBegun { status, headers } => {
                let body = part::AnswerBody::Streamed { digest: None, size: 0, cut: false };
                self.answer = Some(Answer { status: *status, headers: headers.clone(), body });
            }
            Event::AnswerEnded { digest, size } => {
                if let Some(answer) = &mut self.answer {
                    let cut = digest.is_none();
                    answer.body = part::AnswerBody::Streamed { digest: *digest, size: *size, cut };
                }
            }
            Event::RunCompleted { at } => self.ended_at = Some(*at),
            Event::RunCanceled { at, superseded_by } => {
                self.ended_at = Some(*at);
                self.superseded_by = *superseded_by;
            }
            Event::RunFailed { at, error, .. } => {
                self.ended_at = Some(*at);
                self.error = serde_json::to_string(error).ok();
                self.dead = DeadState::Open;
            }
            _ => {}
        }
    }

    /// A snapshot for the commit that is being gathered, when one is due. Pages that are ready go with it.
    fn take_snapshot(&mut self) -> Option<Snapshot> {
        let (pages, old) = (self.data.pages_to_write(), self.last_snapshot.is_old(self.last_seq));
        if (pages.is_empty() && !old) || self.machine.end().is_some() {
            return None;
        }
        let data = match self.snapshot() {
            Ok(data) => data,
            Err(error) => {
                tracing::error!(%error, "a snapshot cannot be written; the run goes on without one");
                return None;
            }
        };
        self.last_snapshot = LastSnapshot { seq: self.last_seq, size: data.len() as u64, since: 0 };
        self.data.pages_are_written();
        Some(Snapshot { seq: self.last_seq, version: SNAPSHOT_VERSION, data, pages })
    }

    /// The next commit refers to these blobs.
    pub(super) fn refer_to(&mut self, blobs: impl IntoIterator<Item = Digest>) {
        self.blobs.extend(blobs);
    }

    /// Queues what follows the commit of the record emitted last.
    pub fn after(&mut self, act: After) {
        self.after.push((self.last_seq, act));
    }

    fn release(&mut self, seq: u64) -> Vec<After> {
        let due = self.after.iter().take_while(|(at, _)| *at <= seq).count();
        self.after.drain(..due).map(|(_, act)| act).collect()
    }

    /// Adds local writes to the next commit.
    pub fn stage(&mut self, writes: impl IntoIterator<Item = LocalWrite>) {
        self.local.extend(writes);
    }

    /// What the run's steps have written at that place, while the store does not have it yet. `Some(None)`: it is
    /// taken away.
    pub fn unstored(&self, space: &str, key: &str, now: i64) -> Option<Option<Bytes>> {
        let in_flight = self.in_flight.iter().flat_map(|commit| &commit.local);
        written(in_flight.chain(&self.local).rev(), space, key, now)
    }

    /// Adds the admission of another run to the next commit.
    pub fn admit_other(&mut self, admission: Admission, first: JournalChunk) {
        self.children.push((admission, first));
    }

    /// Adds a signal to another run to the next commit.
    pub fn signal_other(&mut self, signal: SignalRow) {
        self.signals.push(signal);
    }

    /// Takes a signal out of the inbox without a record (a repeat of one that has a record).
    pub fn consume(&mut self, signal: SignalId) {
        self.consumed.push(signal);
    }

    /// Records wait to be written.
    pub fn has_buffered(&self) -> bool {
        self.buffered > 0 || self.admit.is_some()
    }

    /// Enough is buffered to write it now.
    pub fn is_full(&self) -> bool {
        self.buffered >= FLUSH_RECORDS || self.buffer.len() >= FLUSH_BYTES
    }

    /// When the oldest buffered record must be written.
    pub fn flush_at(&self) -> Option<Instant> {
        self.oldest.map(|oldest| oldest + FLUSH_AGE)
    }

    /// Nothing of it goes on until it is let go. Who asks for its end is heard all the same.
    pub fn is_held(&self) -> bool {
        self.held && !self.machine.cancel_requested()
    }

    /// The run's row as the next commit writes it.
    pub fn row_state(&self) -> RunState {
        let status = match self.machine.end() {
            Some(End::Completed) => RunStatus::Completed,
            Some(End::Failed) => RunStatus::Failed,
            Some(End::Canceled) if self.superseded_by.is_some() => RunStatus::Superseded,
            Some(End::Canceled) => RunStatus::Canceled,
            None if self.held => RunStatus::Held,
            None if self.queued_until.is_some() => RunStatus::Queued,
            None if self.machine.paused() => RunStatus::Paused,
            None if self.is_waiting() => RunStatus::Waiting,
            None => RunStatus::Running,
        };
        RunState {
            status,
            last_seq: self.last_seq,
            started_at: self.started_at.filter(|_| status != RunStatus::Queued),
            ended_at: self.ended_at,
            wake_at: match status {
                RunStatus::Queued => self.queued_until.flatten(),
                RunStatus::Waiting | RunStatus::Running => self.machine.next_timer(),
                _ => None,
            },
            step_count: self.machine.step_count(),
            handled_error_count: self.machine.handled_errors(),
            uncertain_count: self.machine.uncertain_count(),
            bytes: self.bytes + self.buffer.len() as u64,
            error: self.error.clone(),
            answer: self.answer.as_ref().and_then(|answer| serde_json::to_string(answer).ok()),
            dead: self.dead,
        }
    }

    /// Nothing runs: every live step waits for a time, a signal, a child or a person.
    fn is_waiting(&self) -> bool {
        use crate::machine::StepStatus;
        let live = self.machine.live();
        let waits = |status: &StepStatus| matches!(status, StepStatus::Suspended(_) | StepStatus::Backoff { .. });
        !live.is_empty() && live.values().all(|step| waits(&step.status))
    }
}

impl Core {
    /// Somebody outside waits for what is buffered: an answer, or a stream's end.
    pub fn wants_flush(&self) -> bool {
        self.hurried || self.after.iter().any(|(_, act)| matches!(act, After::Answer(..) | After::End(..)))
    }
}

impl Shared {
    /// Bytes that the run may hold in memory.
    pub fn memory_limit(&self) -> u64 {
        self.definition.spec.settings.memory_limit.unwrap_or(self.engine.options.memory_limit)
    }

    /// A spooled chunk that was read of late.
    pub fn kept_chunk(&self, digest: &Digest) -> Option<Chunk> {
        let chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        chunks.iter().find(|(known, _)| known == digest).map(|(_, chunk)| chunk.clone())
    }

    /// Keeps a spooled chunk for those who read it next.
    pub fn keep_chunk(&self, digest: Digest, chunk: Chunk) {
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        chunks.truncate(KEPT_CHUNKS - 1);
        chunks.push_front((digest, chunk));
    }

    /// Provisional news from now on.
    pub fn news(&self) -> tokio::sync::broadcast::Receiver<part::runs::RunUpdate> {
        self.news.get_or_init(|| tokio::sync::broadcast::Sender::new(256)).subscribe()
    }

    /// Tells live views something provisional; costs nothing when nobody looks.
    pub fn tell(&self, event: &str, data: impl FnOnce() -> model::Value) {
        if let Some(news) = self.news.get() {
            let _ = news.send(part::runs::RunUpdate { seq: None, event: event.to_owned(), data: data() });
        }
    }
}

impl Core {
    /// Whoever sent the event waits for its row.
    pub fn hurry(&mut self) {
        self.hurried = true;
    }
}

impl Shared {
    /// Somebody goes through a form and is shown what the run answers, although no request waits for it.
    pub fn has_visitor(&self, core: &Core) -> bool {
        let trigger = core.machine.trigger().and_then(|node| self.definition.node(node).node.as_ref()?.trigger());
        core.visited || trigger.is_some_and(|trigger| trigger.form().is_some())
    }

    /// What `$vars` and `$env` show: the variables of now, or in a replay those of then.
    pub fn variables(&self) -> Arc<VariableSet> {
        let recorded = self.recorded_variables.lock().unwrap_or_else(PoisonError::into_inner).clone();
        recorded.unwrap_or_else(|| self.engine.variables.current(self.head.scope))
    }

    /// Fingerprint of the dedupe key that the run's admission claims.
    pub fn dedupe_fingerprint(&self) -> Option<Digest> {
        self.fingerprint
    }
}

//! Runs as a store sees them: a row, a journal in chunks, an inbox of signals, and the one commit that changes them.
//!
//! The store knows nothing about graphs. It keeps bytes in order, refuses stale owners, and makes everything that a
//! [`RunCommit`] names visible at once or not at all.

use std::sync::Arc;

use bytes::Bytes;
use model::{Digest, RunId, ScopeId, SignalId};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// Where a run is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum RunStatus {
    /// Admitted, waiting for its turn (`wake_at` says from when on).
    Queued = 0,
    /// A node is working on it.
    Running = 1,
    /// Waits for a timer, a signal, a child or a person; costs nothing.
    Waiting = 2,
    /// Paused by a person; signals and timers are stored.
    Paused = 3,
    /// Its pinned definition cannot be satisfied, or it came out of a backup in flight.
    Held = 4,
    /// Ended well, perhaps with handled errors.
    Completed = 5,
    /// Ended with an error; a dead letter until somebody deals with it.
    Failed = 6,
    /// Ended by request.
    Canceled = 7,
    /// Never started, because a newer event of its key came within the workflow's debounce time.
    Superseded = 8,
}

impl RunStatus {
    /// The run will not go on by itself or by signals.
    pub fn is_final(self) -> bool {
        matches!(self, RunStatus::Completed | RunStatus::Failed | RunStatus::Canceled | RunStatus::Superseded)
    }
}

/// What became of a failed run as a dead letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum DeadState {
    /// Not a dead letter.
    #[default]
    None = 0,
    /// Waits for somebody.
    Open = 1,
    /// Was run again.
    Redriven = 2,
    /// Was put aside.
    Discarded = 3,
    /// Was dealt with outside Fishplate.
    Resolved = 4,
}

/// The fixed part of a run, written at admission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// Scope that the run lives in.
    pub scope: ScopeId,
    /// Id.
    pub id: RunId,
    /// Name of the workflow, or of the file that it was started from.
    pub workflow: String,
    /// Digest of the pinned definition, kept in the definition table.
    pub definition: Digest,
    /// Revision of the workflow resource; absent for drafts and files.
    pub revision: Option<u64>,
    /// How it was started: `webhook`, `schedule`, `manual`, `endpoint`, `child`, `error`, `cli`, `retry`, `fork`.
    pub mode: String,
    /// Partition that it belongs to.
    pub partition: u16,
    /// -100 to 100; higher first.
    pub priority: i8,
    /// Key of its fairness limits; empty when the workflow has none.
    pub fairness_key: String,
    /// Lane that it waits in instead of its workflow's own: its runs go one at a time, in the order of their ids.
    pub lane: Option<String>,
    /// Person, token or trigger that started it.
    pub started_by: String,
    /// Whose authority it acts under.
    pub runs_as: String,
    /// When it was admitted.
    pub created_at: Millis,
    /// Parent run and step for a child, as JSON of the engine's `ParentLink`.
    pub parent: Option<String>,
    /// Run that it repeats or forks.
    pub origin: Option<RunId>,
}

/// The part of a run that changes; written whole with each commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Where it is in its life.
    pub status: RunStatus,
    /// Sequence number of the last journaled event; 0 before the first.
    pub last_seq: u64,
    /// When a node first worked on it.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// Earliest timer, or the time from which a queued run may start.
    pub wake_at: Option<Millis>,
    /// Steps that were started.
    pub step_count: u32,
    /// Errors absorbed by a fallback or a branch.
    pub handled_error_count: u32,
    /// Calls whose outcome is not known.
    pub uncertain_count: u32,
    /// Stored bytes: journal plus referenced blobs.
    pub bytes: u64,
    /// The error that ended it, as JSON of `model::Problem` with the node's name.
    pub error: Option<String>,
    /// The journaled answer (status, headers, body or body digest) as JSON.
    pub answer: Option<String>,
    /// Dead letter state.
    pub dead: DeadState,
}

/// A whole run row, as read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Fixed part.
    pub head: RunHead,
    /// Changing part.
    pub state: RunState,
}

/// Consecutive journal records of one run, as one flush wrote them.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalChunk {
    /// Sequence number of the first record, from 1.
    pub first_seq: u64,
    /// Number of records.
    pub count: u32,
    /// The records; the engine's encoding.
    pub data: Bytes,
}

/// A versioned picture of a run's state after `seq`, rebuildable from the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Sequence number of the last record that it contains.
    pub seq: u64,
    /// Version of its format; an unknown one is ignored and rebuilt.
    pub version: u32,
    /// The engine's encoding.
    pub data: Bytes,
    /// Immutable pages that belong to it and were not written before: (page number, content).
    pub pages: Vec<(u32, Bytes)>,
}

/// A message for a run: from a person, a parent, a child, a timer elsewhere or a resume address.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalRow {
    /// Scope of the receiving run.
    pub scope: ScopeId,
    /// Receiving run.
    pub run: RunId,
    /// Id; a second signal of the same id is the same signal.
    pub id: SignalId,
    /// What it is about, for example `resume:4`, `child:7`, `cancel`, `pause`.
    pub name: String,
    /// Content as JSON.
    pub payload: String,
    /// When it was sent.
    pub sent_at: Millis,
}

/// The right to write a partition's runs. Commits with an old token fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Partition.
    pub partition: u16,
    /// Token of the lease, higher with every change of owner.
    pub token: i64,
}

/// Claims a dedupe key together with a run's admission.
#[derive(Clone, Debug, PartialEq)]
pub struct DedupeClaim {
    /// Trigger inside the scope: workflow and node.
    pub trigger: String,
    /// The sender's key.
    pub key: String,
    /// Fingerprint of the request.
    pub fingerprint: Digest,
    /// After this the key counts as new. Outlives the run's retention.
    pub expires_at: Millis,
}

/// A new run: its rows, and what it needs to be there.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Fixed part.
    pub head: RunHead,
    /// First state.
    pub state: RunState,
    /// Text of the definition; stored once per scope and digest.
    pub definition: Arc<str>,
    /// Dedupe key to claim; the whole commit is refused with [`CommitError::Duplicate`] when it is taken.
    pub dedupe: Option<DedupeClaim>,
    /// Blobs that its first records refer to, when another run's commit brings them.
    pub blobs: Vec<Digest>,
}

/// A write to our own store that a step made, visible exactly when the step's result is.
#[derive(Clone, Debug, PartialEq)]
pub enum LocalWrite {
    /// Sets a value.
    Put {
        /// Table within the local store: `static`, `cursor`, `set:<name>` …
        space: String,
        /// Key inside it.
        key: String,
        /// Content.
        value: Bytes,
        /// When it may be dropped.
        expires_at: Option<Millis>,
    },
    /// Removes a value.
    Delete {
        /// Table within the local store.
        space: String,
        /// Key inside it.
        key: String,
    },
    /// Posts an event for others. One of a known key is posted already, and stays as it is.
    Post(crate::MessageRow),
}

/// Everything that one flush of one run makes visible, at once or not at all.
#[derive(Clone, Debug)]
pub struct RunCommit {
    /// Scope.
    pub scope: ScopeId,
    /// Run.
    pub run: RunId,
    /// The writer's right to do so.
    pub fence: Fence,
    /// Present in the run's first commit.
    pub admit: Option<Box<Admission>>,
    /// State after this commit (the same as the admission's when both are there).
    pub state: RunState,
    /// New journal records. `first_seq` must be the stored `last_seq + 1`.
    pub journal: Option<JournalChunk>,
    /// A new snapshot; replaces the older one.
    pub snapshot: Option<Snapshot>,
    /// Blobs that the new records refer to; each becomes a reference row.
    pub blobs: Vec<Digest>,
    /// Signals that the new records contain; they leave the inbox.
    pub consumed: Vec<SignalId>,
    /// Runs started by this one (children, error workflow) or by the same event, each with its first journal chunk.
    pub children: Vec<(Admission, JournalChunk)>,
    /// Signals to other runs (a child's end).
    pub signals: Vec<SignalRow>,
    /// Staged local writes.
    pub local: Vec<LocalWrite>,
}

/// Why a commit was refused. None of it is visible then.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// The partition has a newer token: another node owns the run.
    #[error("the lease of partition {partition} has moved")]
    Stale {
        /// Partition.
        partition: u16,
    },
    /// The dedupe key is taken and not expired.
    #[error("the dedupe key belongs to {run}")]
    Duplicate {
        /// Run that claimed it.
        run: RunId,
        /// Fingerprint that it was claimed with.
        fingerprint: Digest,
    },
    /// The journal does not continue the stored one, or the run exists already.
    #[error("the commit does not continue the run's journal")]
    OutOfOrder,
    /// The run does not exist (it was deleted).
    #[error("there is no such run")]
    NoRun,
    /// The store could not do it; nothing is visible; may be tried again with the same content.
    #[error("the store could not commit: {0}")]
    Unavailable(String),
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
}

/// Which runs a list contains.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of this workflow.
    pub workflow: Option<String>,
    /// In one of these states; empty means any.
    pub status: Vec<RunStatus>,
    /// Dead letters in this state.
    pub dead: Option<DeadState>,
    /// Admitted at or after.
    pub since: Option<Millis>,
    /// Admitted before.
    pub until: Option<Millis>,
    /// Started in this way.
    pub mode: Option<String>,
}

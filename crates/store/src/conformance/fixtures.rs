//! Runs and commits of plain content.

use bytes::Bytes;
use model::{RunId, ScopeId};

use crate::{
    Admission, CommitError, DeadState, Fence, JournalChunk, Millis, RunCommit, RunHead, RunState, RunStatus, Store,
};

/// The time at which cases begin.
pub const NOW: Millis = 1_700_000_000_000;
/// The scope that every store has.
pub const MAIN: ScopeId = ScopeId(1);
/// Text of the definition that fixtures pin.
pub const DEFINITION: &str = r#"{"nodes":[]}"#;

/// A store with the leases of all partitions.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The store.
    pub store: Store,
    /// All leases, in the order of their partitions.
    pub fences: Vec<Fence>,
}

/// The id of the fixture's `number`th run; later ones sort after earlier ones.
pub fn run_id(number: u64) -> RunId {
    RunId::from_parts(NOW as u64 + number, u128::from(number))
}

/// A head of that run, in partition `number % 64`.
pub fn run_head(number: u64) -> RunHead {
    RunHead {
        scope: MAIN,
        id: run_id(number),
        workflow: "orders".into(),
        definition: crate::digest(DEFINITION.as_bytes()),
        revision: Some(7),
        mode: "webhook".into(),
        partition: (number % u64::from(crate::PARTITIONS)) as u16,
        priority: 0,
        fairness_key: String::new(),
        lane: None,
        started_by: "trigger/hook".into(),
        runs_as: "person/ada".into(),
        created_at: NOW + number as i64,
        parent: None,
        origin: None,
    }
}

/// A state after that many records.
pub fn run_state(status: RunStatus, last_seq: u64) -> RunState {
    RunState {
        status,
        last_seq,
        started_at: Some(NOW),
        ended_at: status.is_final().then_some(NOW + 5),
        wake_at: None,
        step_count: 4,
        handled_error_count: 1,
        uncertain_count: 2,
        bytes: 100,
        error: (status == RunStatus::Failed).then(|| r#"{"code":"FP0001"}"#.into()),
        answer: status.is_final().then(|| r#"{"status":200}"#.into()),
        dead: if status == RunStatus::Failed { DeadState::Open } else { DeadState::None },
    }
}

/// Records `first..first + count`.
pub fn chunk(first_seq: u64, count: u32, text: &str) -> JournalChunk {
    JournalChunk { first_seq, count, data: Bytes::copy_from_slice(text.as_bytes()) }
}

/// A commit that admits the `number`th run in that status with `records` records (0 for none).
pub fn commit_of(fence: Fence, number: u64, status: RunStatus, records: u32) -> RunCommit {
    let state = run_state(status, records.into());
    RunCommit {
        scope: MAIN,
        run: run_id(number),
        fence,
        admit: Some(Box::new(Admission {
            head: RunHead { partition: fence.partition, ..run_head(number) },
            state: state.clone(),
            definition: DEFINITION.into(),
            dedupe: None,
            blobs: Vec::new(),
        })),
        state,
        journal: (records > 0).then(|| chunk(1, records, "first")),
        snapshot: None,
        blobs: Vec::new(),
        consumed: Vec::new(),
        children: Vec::new(),
        signals: Vec::new(),
        local: Vec::new(),
    }
}

impl Fixture {
    /// Leases all partitions to the node `one`.
    pub async fn new(store: Store) -> Fixture {
        let all = usize::from(crate::PARTITIONS);
        let fences = store.acquire_partitions("one", all, 60_000, NOW).await.expect("leases");
        assert_eq!(fences.len(), all, "all partitions of an empty store are free");
        Fixture { store, fences }
    }

    /// The lease for the `number`th run.
    pub fn fence(&self, number: u64) -> Fence {
        self.fences[(number % u64::from(crate::PARTITIONS)) as usize]
    }

    /// An admission of the `number`th run.
    pub fn admission(&self, number: u64, status: RunStatus, records: u32) -> RunCommit {
        commit_of(self.fence(number), number, status, records)
    }

    /// A commit that takes the `number`th run from `last_seq` on by one chunk.
    pub fn next(&self, number: u64, last_seq: u64, status: RunStatus, records: u32) -> RunCommit {
        RunCommit {
            admit: None,
            state: run_state(status, last_seq + u64::from(records)),
            journal: (records > 0).then(|| chunk(last_seq + 1, records, "next")),
            ..self.admission(number, status, 0)
        }
    }

    /// Commits, and expects that it stands.
    pub async fn commit(&self, commit: RunCommit) {
        let run = commit.run;
        self.store.commit(commit).await.unwrap_or_else(|error| panic!("the commit of {run} failed: {error}"));
    }

    /// Commits, and expects a refusal.
    pub async fn refused(&self, commit: RunCommit) -> CommitError {
        let run = commit.run;
        match self.store.commit(commit).await {
            Ok(()) => panic!("the commit of {run} was not refused"),
            Err(error) => error,
        }
    }

    /// Admits the `number`th run in that status.
    pub async fn admit(&self, number: u64, status: RunStatus) -> RunId {
        self.commit(self.admission(number, status, 1)).await;
        run_id(number)
    }
}

//! Bringing a run back from the store: its row, its definition, its journal.

use std::sync::Arc;

use model::{Code, Problem, RunId, Scope, ScopeId};
use store::{RunRow, RunStatus};

use super::{Inner, lock};
use crate::definition::Definition;
use crate::event::Event;
use crate::journal;
use crate::machine::Machine;
use crate::run::{Away, Core, Shared, read_page};

/// Bytes of journal read at once.
const PAGE: usize = 4 << 20;

/// Why a run is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It has ended, is paused for good, or is gone: nothing is to be done.
    #[error("{0} has ended or is gone")]
    Over(RunId),
    /// Its definition cannot be satisfied, or who it acts for may not let it; it is held now.
    #[error("the run is held: {0}")]
    Held(Problem),
    /// Something is wrong with the store or the journal.
    #[error("{0}")]
    Fault(Problem),
}

impl LoadError {
    /// Somebody should look at it.
    pub fn is_fault(&self) -> bool {
        !matches!(self, LoadError::Over(_))
    }

    /// The store cannot be reached now; the same run may be loaded later.
    pub fn is_transient(&self) -> bool {
        let LoadError::Fault(problem) = self else { return false };
        matches!(problem.code, Code::StoreUnavailable | Code::Unavailable | Code::DiskFull)
    }
}

fn fault(code: Code, error: impl std::fmt::Display) -> LoadError {
    LoadError::Fault(Problem::new(code, error.to_string()))
}

impl Inner {
    /// A run, ready to be worked on.
    pub(super) async fn load(self: &Arc<Self>, scope: ScopeId, run: RunId) -> Result<Arc<Shared>, LoadError> {
        let row = self.store.run(scope, run).await.map_err(|error| fault(Code::StoreUnavailable, error))?;
        let row = row.filter(|row| !row.state.status.is_final() && row.state.status != RunStatus::Held);
        self.load_row(row.ok_or(LoadError::Over(run))?, false).await
    }

    /// A run that is to be stopped, whoever it acts for.
    pub(super) async fn load_to_stop(self: &Arc<Self>, row: RunRow) -> Result<Arc<Shared>, LoadError> {
        self.load_for(row, false, false).await
    }

    /// The same for a row at hand; `ended` loads runs that have ended, too.
    pub(super) async fn load_row(self: &Arc<Self>, row: RunRow, ended: bool) -> Result<Arc<Shared>, LoadError> {
        self.load_for(row, ended, true).await
    }

    async fn load_for(self: &Arc<Self>, row: RunRow, ended: bool, acts: bool) -> Result<Arc<Shared>, LoadError> {
        let run = row.head.id;
        if row.state.status.is_final() && !ended {
            return Err(LoadError::Over(run));
        }
        let fence = self.fence(run).map_err(LoadError::Fault)?;
        let definition = match self.stored_definition(row.head.scope, row.head.definition).await {
            Ok(definition) => definition,
            Err(problem) if problem.code == Code::RunHeld => {
                self.hold(&row, fence, &problem).await;
                return Err(LoadError::Held(problem));
            }
            Err(problem) => return Err(LoadError::Fault(problem)),
        };
        let scope = self.scope_of(row.head.scope).await.map_err(LoadError::Fault)?;
        let refused = self.authority.delegates(&scope, &row.head.runs_as).err().filter(|_| acts);
        let mut core = self.replay(&row, &definition).await?;
        // A snapshot does not say it.
        core.held = row.state.status == RunStatus::Held;
        core.queued_until = (row.state.status == RunStatus::Queued).then_some(row.state.wake_at);
        // Whoever may not act any more may still be stopped.
        if let Some(problem) = refused.filter(|_| !core.machine.cancel_requested()) {
            if !row.state.status.is_final() && row.state.status != RunStatus::Held {
                self.hold(&row, fence, &problem).await;
                self.look_again(&scope, &row.head);
            }
            return Err(LoadError::Held(problem));
        }
        let shared = Shared::new(self.clone(), scope, row.head, definition, fence, core);
        Ok(shared)
    }

    /// The state of a run after its last stored record: its newest snapshot, and the records after that.
    pub(super) async fn replay(&self, row: &RunRow, definition: &Arc<Definition>) -> Result<Core, LoadError> {
        let mut core = self.newest_snapshot(row, definition).await?;
        let mut next = core.last_seq + 1;
        while next <= row.state.last_seq {
            let chunks = self.store.journal(row.head.scope, row.head.id, next, PAGE).await;
            let chunks = chunks.map_err(|error| fault(Code::StoreUnavailable, error))?;
            if chunks.is_empty() {
                return Err(fault(Code::StoreCorrupt, format!("the journal of {} ends at {}", row.head.id, next - 1)));
            }
            for chunk in chunks {
                let events = journal::decode(&chunk.data, chunk.count);
                let events = events.map_err(|error| fault(Code::StoreCorrupt, error))?;
                // A chunk may begin before the first record that is wanted.
                let known = next.saturating_sub(chunk.first_seq) as usize;
                events.iter().skip(known).for_each(|event| core.fold(event));
                next = chunk.first_seq + u64::from(chunk.count);
            }
            core.shrink().map_err(|error| fault(Code::Internal, error))?;
        }
        core.recovered(&row.state);
        Ok(core)
    }

    /// A run as its newest snapshot shows it, or before its first record. A snapshot that cannot be read is only slower.
    async fn newest_snapshot(&self, row: &RunRow, definition: &Arc<Definition>) -> Result<Core, LoadError> {
        let found = self.store.snapshot(row.head.scope, row.head.id).await;
        let found = found.map_err(|error| fault(Code::StoreUnavailable, error))?;
        let usable = found
            .filter(|snapshot| snapshot.version == crate::run::SNAPSHOT_VERSION && snapshot.seq <= row.state.last_seq);
        if let Some(snapshot) = usable {
            match Core::restore(definition.graph.clone(), snapshot.seq, &snapshot.data) {
                Ok(mut core) => match self.bring_back(row, &mut core).await {
                    Ok(()) => return Ok(core),
                    Err(error) if error.is_transient() => return Err(error),
                    Err(error) => {
                        tracing::warn!(run = %row.head.id, %error, "the journal is folded instead");
                    }
                },
                Err(error) => {
                    tracing::warn!(run = %row.head.id, %error, "a snapshot cannot be read; the journal is folded instead");
                }
            }
        }
        Ok(Core::new(Machine::new(definition.graph.clone())))
    }

    /// Reads the steps that something is about to read, and that are in pages.
    async fn bring_back(&self, row: &RunRow, core: &mut Core) -> Result<(), LoadError> {
        let in_use = core.machine.steps_in_use();
        while let Err(Away(page)) = core.data.bring_back(in_use.iter().copied()) {
            let steps = read_page(&self.store, row.head.scope, row.head.id, page).await;
            core.data.keep_page(page, steps.map_err(|error| LoadError::Fault(error.problem))?);
        }
        Ok(())
    }

    /// A stored definition, compiled.
    pub(super) async fn stored_definition(
        &self,
        scope: ScopeId,
        digest: model::Digest,
    ) -> Result<Arc<Definition>, Problem> {
        if let Some(known) = lock(&self.definitions).by_digest.get(&digest) {
            return Ok(known.clone());
        }
        let text = self.store.definition(scope, digest).await.map_err(super::store_problem)?;
        let text = text.ok_or_else(|| Problem::new(Code::StoreCorrupt, format!("the definition {digest} is gone")))?;
        let definition = Arc::new(Definition::restore(text, &self.catalogue.snapshot())?);
        lock(&self.definitions).remember(definition.clone());
        Ok(definition)
    }

    pub(super) async fn scope_of(&self, id: ScopeId) -> Result<Scope, Problem> {
        let known = lock(&self.scopes).iter().find(|(_, known)| **known == id).map(|(scope, _)| scope.clone());
        if let Some(scope) = known {
            return Ok(scope);
        }
        let all = self.store.scopes().await.map_err(super::store_problem)?;
        let mut scopes = lock(&self.scopes);
        for (number, scope) in all {
            scopes.insert(scope, number);
        }
        let found = scopes.iter().find(|(_, known)| **known == id).map(|(scope, _)| scope.clone());
        found.ok_or_else(|| Problem::new(Code::StoreCorrupt, format!("there is no scope {}", id.0)))
    }

    /// Marks a run whose pin cannot be satisfied, or that nobody answers for. It is never run on something else, nor
    /// in another's name.
    pub(super) async fn hold(&self, row: &RunRow, fence: store::Fence, problem: &Problem) {
        let mut state = row.state.clone();
        let first_seq = state.last_seq + 1;
        state.status = RunStatus::Held;
        state.last_seq = first_seq;
        let mut data = Vec::new();
        journal::encode(&Event::Held { at: self.clock.now(), problem: Box::new(problem.clone()) }, &mut data);
        state.error = serde_json::to_string(problem).ok();
        let commit = store::RunCommit {
            scope: row.head.scope,
            run: row.head.id,
            fence,
            admit: None,
            state,
            journal: Some(store::JournalChunk { first_seq, count: 1, data: data.into() }),
            snapshot: None,
            blobs: Vec::new(),
            consumed: Vec::new(),
            children: Vec::new(),
            signals: Vec::new(),
            local: Vec::new(),
        };
        if let Err(error) = self.store.commit(commit).await {
            tracing::warn!(run = %row.head.id, %error, "the run could not be marked as held");
        }
    }
}

/// A spooled chunk and its items.
type ReadChunk = (model::Digest, Arc<[Arc<model::Item>]>);

/// Reads spooled chunks for views; nothing is written through it.
pub(super) struct StoreSpool {
    pub(super) store: store::Store,
    pub(super) scope: ScopeId,
    /// The chunk that was read last: the steps of a loop show items of the same one.
    pub(super) last: std::sync::Mutex<Option<ReadChunk>>,
}

impl part::Spool for StoreSpool {
    fn load<'a>(
        &'a self,
        chunk: &'a part::StoredChunk,
    ) -> futures_util::future::BoxFuture<'a, Result<Arc<[Arc<model::Item>]>, part::NodeError>> {
        Box::pin(async move {
            if let Some((digest, items)) = lock(&self.last).as_ref()
                && *digest == chunk.digest
            {
                return Ok(items.clone());
            }
            let bytes = self.store.blob(self.scope, chunk.digest).await;
            let bytes = bytes.map_err(|error| part::NodeError::from(super::store_problem(error)))?;
            let items = crate::record::read_lines(&bytes)?;
            *lock(&self.last) = Some((chunk.digest, items.clone()));
            Ok(items)
        })
    }

    fn store<'a>(
        &'a self,
        _: &'a [Arc<model::Item>],
    ) -> futures_util::future::BoxFuture<'a, Result<part::StoredChunk, part::NodeError>> {
        Box::pin(async { Err(part::NodeError::bug("a view does not write items")) })
    }
}

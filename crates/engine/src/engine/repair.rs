//! Running again: from the failed step in place, from any step or the start as a new run, with edited input, on the
//! pinned or the newest revision.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use auth::Grant;
use model::{Code, Problem, RunId, Scope};
use part::runs::{Replay, RetryOptions};
use part::{Admit, Admitted, WorkflowRef};
use store::{Admission, RunHead, RunRow, RunStatus};

use super::{Inner, Live, LoadError, commit_problem, partition_of, store_problem};
use crate::definition::{Definition, items_of};
use crate::event::{Event, Move, NodeIndex};
use crate::journal;
use crate::machine::Machine;
use crate::record::ItemsRecord;
use crate::run::replay::replay;
use crate::run::{Core, Shared};

/// What a run is repeated on.
struct Base {
    /// What it was run on.
    pinned: Arc<Definition>,
    /// What it is run on now.
    definition: Arc<Definition>,
    /// Who the new run acts for.
    runs_as: String,
}

impl Inner {
    /// See [`part::Runs::retry`].
    pub(super) async fn repeat(
        self: &Arc<Self>,
        scope: &Scope,
        run: RunId,
        options: RetryOptions,
        by: &Grant,
    ) -> Result<RunId, Problem> {
        let row = self.row(scope, run).await?;
        let in_place = !options.fork && !options.from_start && !options.newest;
        if in_place && options.from.is_none() && options.input.is_none() {
            return self.reopen(scope, row, by).await;
        }
        let base = self.base(scope, &row, &options, by).await?;
        if options.from_start {
            return self.restart(scope, row, options, base, by).await;
        }
        self.fork(scope, row, options, base, by).await
    }

    /// What is run again, on which text, and for whom.
    async fn base(&self, scope: &Scope, row: &RunRow, options: &RetryOptions, by: &Grant) -> Result<Base, Problem> {
        let pinned = self.stored_definition(row.head.scope, row.head.definition).await?;
        let (definition, runs_as) = match options.newest {
            true => {
                let name = row.head.workflow.parse().map_err(|error| {
                    Problem::new(Code::NotResumable, format!("the run's workflow is no resource: {error}"))
                })?;
                let text = self.text(scope, &WorkflowRef::Active(name)).await?;
                (self.definition(&text)?, text.runs_as)
            }
            false => (pinned.clone(), row.head.runs_as.clone()),
        };
        // Steps that are done again in another way act on connections anew, and for who asks.
        let own_way = options.fork || options.from.is_some() || options.input.is_some();
        if own_way {
            self.require_use(scope, &definition.name, &definition.spec, by)?;
        }
        let asks = own_way || self.authority.delegates(scope, &runs_as).is_err();
        let runs_as = match asks && self.authority.delegates(scope, by.actor()).is_ok() {
            true => by.actor().to_owned(),
            false => runs_as,
        };
        self.authority.delegates(scope, &runs_as)?;
        Ok(Base { pinned, definition, runs_as })
    }

    /// A failed or cancelled run goes on at the steps that failed.
    async fn reopen(self: &Arc<Self>, scope: &Scope, mut row: RunRow, by: &Grant) -> Result<RunId, Problem> {
        let run = row.head.id;
        // One that gave way to a newer event may be run after all.
        if !matches!(row.state.status, RunStatus::Failed | RunStatus::Canceled | RunStatus::Superseded) {
            let detail = format!("{run} has not failed ({})", super::runs::status_name(row.state.status));
            let problem = Problem::new(Code::NotResumable, detail);
            return Err(problem.hint("name a node to run again from (`from`), or run it again from the start"));
        }
        self.claim(run).await?;
        let reopened = async {
            self.answer_for(scope, &mut row, by).await?;
            let shared = self.load_row(row, true).await.map_err(load_problem)?;
            shared.core().emit(Event::Reopened { at: self.clock.now(), by: by.actor().to_owned() });
            shared.flush().await.map_err(commit_problem)?;
            Ok(shared)
        };
        match reopened.await {
            Ok(shared) => {
                self.work_on(shared, true);
                Ok(run)
            }
            Err(problem) => {
                self.live().remove(&run);
                Err(problem)
            }
        }
    }

    /// Waits until a run that has ended is off the list of those that are worked on (its last commit is seen a moment
    /// earlier than that), and puts it there again: a signal that comes while it is reopened must not load it, too.
    async fn claim(&self, run: RunId) -> Result<(), Problem> {
        for _ in 0..2_000 {
            if let Entry::Vacant(free) = self.live().entry(run) {
                free.insert(Live { shared: None, again: Arc::new(AtomicBool::new(true)) });
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        Err(Problem::new(Code::NotResumable, format!("{run} is still being worked on; try again")))
    }

    /// The same trigger items, as a new run.
    async fn restart(
        self: &Arc<Self>,
        scope: &Scope,
        row: RunRow,
        options: RetryOptions,
        base: Base,
        by: &Grant,
    ) -> Result<RunId, Problem> {
        let events = self.events(&row).await?;
        let Some(Event::RunStarted { trigger, output, out, .. }) = events.first() else {
            return Err(Problem::new(Code::NotResumable, format!("the journal of {} is not complete", row.head.id)));
        };
        let input = options.input.as_deref().map(items_of).unwrap_or_else(|| out.items.clone());
        let event = Admit {
            scope: scope.clone(),
            // The definition is at hand: what is pinned is run again as it was.
            workflow: WorkflowRef::Inline(String::new(), Box::default()),
            trigger: trigger.map(|node| base.pinned.node(node).name.to_string()),
            input,
            output: *output,
            mode: "retry",
            started_by: by.actor().to_owned(),
            dedupe: None,
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        };
        let admitted = self.begin(event, base.definition, base.runs_as, Some(row.head.id)).await?;
        if row.state.status == RunStatus::Failed {
            let redriven = store::DeadState::Redriven;
            self.store.set_dead(row.head.scope, &[row.head.id], redriven).await.map_err(store_problem)?;
        }
        Ok(match admitted {
            Admitted::New(run) | Admitted::Known { run, .. } => run,
        })
    }

    /// A new run whose journal begins with a part of another one's.
    async fn fork(
        self: &Arc<Self>,
        scope: &Scope,
        row: RunRow,
        options: RetryOptions,
        base: Base,
        by: &Grant,
    ) -> Result<RunId, Problem> {
        let Base { pinned, definition, runs_as } = base;
        let events = self.events(&row).await?;
        let cut = cut_before(&events, &pinned, options.from.as_deref(), row.head.id)?;
        let (id, now) = (self.own_run_id(), self.clock.now());
        let fence = self.fence(id)?;
        let mut core = Core::new(Machine::new(definition.graph.clone()));
        for event in events.into_iter().take(cut) {
            core.emit(translate(event, &pinned, &definition)?);
        }
        let input = options.input.as_deref().map(items_of).map(ItemsRecord::fresh);
        let step = input.is_some().then(|| core.machine.next_step());
        core.emit(Event::Forked { from: row.head.id, at: now, by: by.actor().to_owned(), input, step });
        let head = RunHead {
            scope: row.head.scope,
            id,
            workflow: definition.name.clone(),
            definition: definition.digest,
            revision: definition.revision,
            mode: "fork".into(),
            partition: partition_of(id),
            created_at: now,
            started_by: by.actor().to_owned(),
            runs_as,
            parent: None,
            origin: Some(row.head.id),
            // It goes on at once, and keeps nobody waiting.
            lane: None,
            ..row.head.clone()
        };
        let state = core.row_state();
        let definition_text = definition.text.clone();
        let admission =
            Admission { head: head.clone(), state, definition: definition_text, dedupe: None, blobs: Vec::new() };
        core.admit = Some(Box::new(admission));
        let shared = Shared::new(self.clone(), scope.clone(), head, definition, fence, core);
        shared.flush().await.map_err(commit_problem)?;
        if row.state.status == RunStatus::Failed {
            let redriven = store::DeadState::Redriven;
            self.store.set_dead(row.head.scope, &[row.head.id], redriven).await.map_err(store_problem)?;
        }
        self.work_on(shared, true);
        Ok(id)
    }

    /// A held run is stopped: that needs nobody's grant, and starts nothing.
    pub(super) async fn cancel_held(self: &Arc<Self>, row: RunRow, by: &str) -> Result<(), Problem> {
        let run = row.head.id;
        let shared = self.load_to_stop(row).await.map_err(load_problem)?;
        {
            let mut core = shared.core();
            core.emit(Event::PauseEnded { by: by.to_owned() });
            core.emit(Event::CancelRequested { at: self.clock.now(), by: by.to_owned() });
        }
        shared.flush().await.map_err(commit_problem)?;
        if !self.live().contains_key(&run) {
            self.work_on(shared, true);
        }
        Ok(())
    }

    /// Executes a recorded run again with the network off and compares what its steps put out.
    pub async fn replay_run(self: &Arc<Self>, scope: &Scope, run: RunId) -> Result<Replay, Problem> {
        let row = self.row(scope, run).await?;
        let events = self.events(&row).await?;
        let definition = self.stored_definition(row.head.scope, row.head.definition).await?;
        let core = Core::new(Machine::new(definition.graph.clone()));
        let shared = Shared::for_replay(self.clone(), scope.clone(), row.head, definition, core);
        replay(&shared, events).await
    }

    pub(super) async fn events(&self, row: &RunRow) -> Result<Vec<Event>, Problem> {
        let mut events = Vec::new();
        self.each_event(row, |event| events.push(event)).await?;
        Ok(events)
    }

    /// Reads a run's journal from its first record to its last, a piece at a time.
    pub(super) async fn each_event(&self, row: &RunRow, mut see: impl FnMut(Event)) -> Result<(), Problem> {
        let mut next = 1;
        while next <= row.state.last_seq {
            let chunks = self.store.journal(row.head.scope, row.head.id, next, 4 << 20).await.map_err(store_problem)?;
            if chunks.is_empty() {
                break;
            }
            for chunk in chunks {
                let decoded = journal::decode(&chunk.data, chunk.count);
                let decoded = decoded.map_err(|error| Problem::new(Code::StoreCorrupt, error.to_string()))?;
                decoded.into_iter().for_each(&mut see);
                next = chunk.first_seq + u64::from(chunk.count);
            }
        }
        Ok(())
    }
}

/// Number of records to keep: up to the last start of the step to run again.
fn cut_before(events: &[Event], pinned: &Definition, from: Option<&str>, run: RunId) -> Result<usize, Problem> {
    let missing = |what: String| Problem::new(Code::NotResumable, what);
    let target = |event: &Event| match (event, from) {
        (Event::StepStarted { n, .. }, Some(name)) => *pinned.node(*n).name == *name,
        (Event::StepFailed { .. }, None) => true,
        _ => false,
    };
    let found = events.iter().rposition(target).ok_or_else(|| match from {
        Some(name) => missing(format!("node `{name}` did not run in {run}")).hint("name a node that ran"),
        None => missing(format!("no step of {run} failed")).hint("name a node to run again from (`from`)"),
    })?;
    let Event::StepFailed { s: failed, .. } = &events[found] else { return Ok(found) };
    let started = |event: &Event| matches!(event, Event::StepStarted { s, .. } if s == failed);
    events.iter().rposition(started).ok_or_else(|| missing(format!("the failed step of {run} was never started")))
}

/// A record for another revision: nodes are found by name. The new run waits for nobody's request.
fn translate(event: Event, from: &Definition, to: &Definition) -> Result<Event, Problem> {
    let same = from.digest == to.digest;
    let node = |index: NodeIndex| -> Result<NodeIndex, Problem> {
        if same {
            return Ok(index);
        }
        let name = &from.node(index).name;
        to.graph.index(name).ok_or_else(|| {
            let detail = format!("node `{name}` has run, and the newest revision has no such node");
            Problem::new(Code::NotResumable, detail).hint("run it again from the start, or on the pinned revision")
        })
    };
    let moves = |list: Vec<Move>| -> Result<Vec<Move>, Problem> {
        let translate = |change: Move| {
            Ok(match change {
                Move::Front { n, i } => Move::Front { n: node(n)?, i },
                Move::Back { n, i } => Move::Back { n: node(n)?, i },
                Move::Wait { n, s, p, f, z } => Move::Wait { n: node(n)?, s, p, f, z },
                Move::Close { n, s } => Move::Close { n: node(n)?, s },
            })
        };
        list.into_iter().map(translate).collect()
    };
    Ok(match event {
        Event::RunStarted { trigger, at, output, out, moves: list, destination, use_pins, .. } => Event::RunStarted {
            trigger: trigger.map(node).transpose()?,
            at,
            output,
            out,
            moves: moves(list)?,
            destination: destination.map(node).transpose()?,
            reply_to: None,
            use_pins,
        },
        Event::StepStarted { s, n, run_index, i, at, seed, variables } => {
            Event::StepStarted { s, n: node(n)?, run_index, i, at, seed, variables }
        }
        Event::Invoked { s, n, parent, k, input, at, seed } => {
            Event::Invoked { s, n: node(n)?, parent, k, input, at, seed }
        }
        Event::StepCompleted { s, out, moves: list, micros, state, held, logs, error } => {
            Event::StepCompleted { s, out, moves: moves(list)?, micros, state, held, logs, error }
        }
        Event::JoinReleased { moves: list } => Event::JoinReleased { moves: moves(list)? },
        other => other,
    })
}

pub(super) fn load_problem(error: LoadError) -> Problem {
    match error {
        LoadError::Fault(problem) | LoadError::Held(problem) => problem,
        LoadError::Over(run) => Problem::new(Code::RunEnded, format!("{run} has ended or is gone")),
    }
}

//! Taking events in.

use std::sync::Arc;

use model::{Code, Problem, RunId, Scope, ScopeId};
use part::runs::{DedupeKey, Order};
use part::trigger::Trigger;
use part::{Admit, Admitted, Answer, AnswerBody, WorkflowRef};
use store::{Admission, CommitError, DedupeClaim, Fence, RunHead};

use super::{Inner, commit_problem, partition_of, queue, store_problem};
use crate::definition::Definition;
use crate::event::{Event, NodeIndex};
use crate::machine::Machine;
use crate::ports::WorkflowText;
use crate::record::ItemsRecord;
use crate::run::{After, Core, Reached, Shared};

/// With what a run is admitted, beside its event.
pub(super) struct Admitting<'a> {
    /// The store's number of its scope.
    pub scope_id: ScopeId,
    /// Whose authority it acts under.
    pub runs_as: String,
    /// The run that it repeats.
    pub origin: Option<RunId>,
    /// Where it waits for others, when its event keeps an order.
    pub order: Option<&'a Order>,
}

/// A run before its first commit.
pub(super) struct Newcomer {
    /// Fixed part of its row.
    pub head: RunHead,
    /// The right to write it.
    pub fence: Fence,
    /// Its first records.
    pub core: Core,
    /// Nobody answers for it.
    pub is_held: bool,
}

/// The claim of a dedupe key that came at `now`.
pub(super) fn claim(source: String, key: DedupeKey, now: i64) -> DedupeClaim {
    let expires_at = now.saturating_add(key.ttl.as_millis() as i64);
    DedupeClaim { trigger: source, key: key.key, fingerprint: key.fingerprint, expires_at }
}

/// Waits for the first commit of a run that is worked on already.
pub(super) async fn first_commit(shared: &Shared) -> Result<(), CommitError> {
    shared.core().hurry();
    let first = |reached: &Reached| match reached {
        Ok(0) => None,
        Ok(_) => Some(Ok(())),
        Err(error) => Some(Err(error.clone())),
    };
    shared.committed.when(first).await
}

impl Inner {
    /// Takes an event in. See [`part::Runs::admit`].
    pub(super) async fn take_in(self: &Arc<Self>, event: Admit) -> Result<Admitted, Problem> {
        if self.stop.is_cancelled() {
            return Err(Problem::new(Code::Unavailable, "the server is stopping"));
        }
        let (definition, runs_as) = self.wanted(&event).await?;
        self.begin(event, definition, runs_as, None).await
    }

    /// What an event runs, and under whose authority.
    pub(super) async fn wanted(&self, event: &Admit) -> Result<(Arc<Definition>, String), Problem> {
        let text = self.text(&event.scope, &event.workflow).await?;
        let definition = self.definition(&text)?;
        // Who runs a workflow in a way of their own answers for it, and not who made it live.
        let own_way = matches!(event.workflow, WorkflowRef::Draft(_) | WorkflowRef::Revision(..))
            || event.start_at.is_some()
            || event.destination.is_some();
        let answers = own_way && self.authority.delegates(&event.scope, &event.started_by).is_ok();
        let runs_as = if answers { event.started_by.clone() } else { text.runs_as };
        Ok((definition, runs_as))
    }

    /// Begins a run of a definition; `origin` is the run that it repeats.
    pub(super) async fn begin(
        self: &Arc<Self>,
        event: Admit,
        definition: Arc<Definition>,
        runs_as: String,
        origin: Option<RunId>,
    ) -> Result<Admitted, Problem> {
        let scope_id = self.scope_id(&event.scope).await?;
        let newcomer = self.newcomer(&event, &definition, Admitting { scope_id, runs_as, origin, order: None })?;
        let Newcomer { head, fence, mut core, is_held, .. } = newcomer;
        let id = head.id;
        let trigger = event.trigger.clone().unwrap_or_default();
        let source = format!("{}/{trigger}", definition.name);
        let dedupe = event.dedupe.map(|key| claim(source, key, head.created_at));
        let waits_for_answer = event.reply_to.is_some();
        let state = core.row_state();
        let definition_text = definition.text.clone();
        let admission = Admission { head: head.clone(), state, definition: definition_text, dedupe, blobs: Vec::new() };
        core.admit = Some(Box::new(admission));
        let queued = core.queued_until.is_some();
        if queued {
            core.after(After::Queued);
        }
        let shared = Shared::new(self.clone(), event.scope, head, definition, fence, core);
        if is_held {
            let admitted = self.wait_for_row(&shared, shared.flush().await).await;
            self.look_again(&shared.scope, &shared.head);
            return admitted;
        }
        if queued {
            return self.wait_for_row(&shared, shared.flush().await).await;
        }
        self.work_on(shared.clone(), false);
        if waits_for_answer {
            return Ok(Admitted::New(id));
        }
        let outcome = first_commit(&shared).await;
        self.wait_for_row(&shared, outcome).await
    }

    /// A run before its first commit, with its place among the others or without. Gives way to nothing: what it
    /// changes in the queue is given back by `queue.finished`.
    pub(super) fn newcomer(
        self: &Arc<Self>,
        event: &Admit,
        definition: &Arc<Definition>,
        admitting: Admitting<'_>,
    ) -> Result<Newcomer, Problem> {
        let Admitting { scope_id, runs_as, origin, order } = admitting;
        let id = self.own_run_id();
        let fence = self.fence(id)?;
        let now = self.clock.now();
        let head = RunHead {
            scope: scope_id,
            id,
            workflow: definition.name.clone(),
            definition: definition.digest,
            revision: definition.revision,
            mode: event.mode.to_owned(),
            partition: partition_of(id),
            priority: order.map_or(definition.spec.settings.fairness.priority, |_| 0),
            fairness_key: match order {
                Some(order) => order.key.clone(),
                None => queue::key_of(definition, &event.input),
            },
            lane: order.map(|order| order.lane.clone()),
            started_by: event.started_by.clone(),
            runs_as,
            created_at: now,
            parent: None,
            origin,
        };
        let mut core = Core::new(Machine::new(definition.graph.clone()));
        let first = first_record(&mut core.machine, definition, event, now)?;
        core.emit(first);
        let refused = self.authority.delegates(&event.scope, &head.runs_as).err();
        match &refused {
            Some(problem) => hold_at_once(&mut core, id, now, problem),
            None => {
                let has_room = self.live().len() < self.options.max_live;
                core.queued_until = match self.queue.turn(definition, &event.scope, &head, now, has_room) {
                    queue::Turn::Now => None,
                    queue::Turn::Later(at) => Some(at),
                };
            }
        }
        Ok(Newcomer { head, fence, core, is_held: refused.is_some() })
    }

    async fn wait_for_row(&self, shared: &Shared, outcome: Result<(), CommitError>) -> Result<Admitted, Problem> {
        match outcome {
            Ok(()) => Ok(Admitted::New(shared.head.id)),
            Err(CommitError::Duplicate { run, fingerprint }) => {
                let mine = shared.dedupe_fingerprint();
                if mine.is_some_and(|mine| mine != fingerprint) {
                    return Err(other_request());
                }
                let row = self.store.run(shared.head.scope, run).await.map_err(store_problem)?;
                let answer = row.as_ref().and_then(|row| row.state.answer.as_deref());
                let answer = answer.and_then(|answer| serde_json::from_str(answer).ok());
                let done = row.is_none_or(|row| row.state.status.is_final());
                Ok(Admitted::Known { run, answer, done })
            }
            Err(error) => Err(commit_problem(error)),
        }
    }

    /// Answers a request whose dedupe key belongs to another run: as that one was answered, when it is.
    pub(super) fn answer_duplicate(self: &Arc<Self>, shared: &Arc<Shared>, run: RunId, fingerprint: model::Digest) {
        let (Some(to), Some(replies)) = (shared.core().reply_to.clone(), self.replies.clone()) else { return };
        let mine = shared.dedupe_fingerprint();
        let (engine, scope) = (self.clone(), shared.head.scope);
        self.tasks.spawn(async move {
            if mine.is_some_and(|mine| mine != fingerprint) {
                replies.answer(&to, run, problem_answer(&other_request()));
                return;
            }
            let mut notices = engine.store.watch_runs();
            loop {
                let row = engine.store.run(scope, run).await.ok().flatten();
                let answer = row.as_ref().and_then(|row| row.state.answer.as_deref());
                if let Some(answer) = answer.and_then(|answer| serde_json::from_str::<Answer>(answer).ok()) {
                    replies.answer(&to, run, answer);
                    return;
                }
                if row.is_none_or(|row| row.state.status.is_final()) {
                    let problem = Problem::new(Code::RunEnded, format!("{run} ended without an answer"));
                    replies.answer(&to, run, problem_answer(&problem));
                    return;
                }
                // The receiver gives up at its own deadline; this ends with the engine or the run.
                tokio::select! {
                    () = engine.stop.cancelled() => return,
                    _ = notices.recv() => {}
                }
            }
        });
    }

    /// The text that an event asks for.
    pub(super) async fn text(&self, scope: &Scope, workflow: &WorkflowRef) -> Result<WorkflowText, Problem> {
        match workflow {
            WorkflowRef::Active(name) => {
                let share = (self.clock.random() % 100) as u8;
                self.workflows.active(scope, name.as_str(), share).ok_or_else(|| {
                    let problem = Problem::new(Code::NotFound, format!("there is no active workflow `{name}`"));
                    problem.hint("activate it, or name a revision or its draft")
                })
            }
            WorkflowRef::Inline(name, spec) => Ok(WorkflowText {
                name: name.clone(),
                revision: None,
                spec: Arc::new((**spec).clone()),
                runs_as: String::new(),
            }),
            other => self.workflows.load(scope, other).await,
        }
    }
}

/// An event that nobody answers for is kept, and its sender told that it is: it begins when somebody does.
fn hold_at_once(core: &mut Core, run: RunId, now: i64, problem: &Problem) {
    if let Some(to) = core.reply_to.clone() {
        // Who has lost which grant is not the sender's affair.
        let problem = Problem::new(Code::StillRunning, format!("the event is accepted; {run} is held for now"));
        let answer = problem_answer(&problem.hint("it goes on when an operator of this server lets it"));
        core.emit(Event::Answered { answer: answer.clone() });
        core.after(After::Answer(to, answer));
    }
    core.emit(Event::Held { at: now, problem: Box::new(problem.clone()) });
}

pub(super) fn other_request() -> Problem {
    let problem = Problem::new(Code::DuplicateEvent, "the dedupe key was used for another request");
    problem.hint("send a new key with a new request, or the same request with the same key")
}

/// A problem as the answer to whoever sent an event.
pub(crate) fn problem_answer(problem: &Problem) -> Answer {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": problem.code.title(),
        "status": problem.code.status(),
        "detail": problem.detail,
        "code": problem.code,
        "hint": problem.hint,
    });
    Answer {
        status: problem.code.status(),
        headers: vec![("content-type".into(), "application/problem+json".into())],
        body: AnswerBody::Text(body.to_string()),
    }
}

/// The record that a run begins with.
pub(crate) fn first_record(
    machine: &mut Machine,
    definition: &Definition,
    event: &Admit,
    now: i64,
) -> Result<Event, Problem> {
    let find = |name: &str| {
        definition
            .graph
            .index(name)
            .ok_or_else(|| Problem::new(Code::NotFound, format!("workflow `{}` has no node `{name}`", definition.name)))
    };
    let destination = event.destination.as_deref().map(find).transpose()?;
    if let Some(destination) = destination {
        machine.set_destination(destination);
    }
    let out = ItemsRecord::fresh(event.input.clone());
    let (trigger, moves) = match &event.start_at {
        Some(name) => {
            let node = find(name)?;
            (None, machine.moves_at(node))
        }
        None => {
            let node = trigger_of(definition, event.trigger.as_deref(), event.mode)?;
            let mut lens = vec![None; event.output as usize];
            lens.push(Some(out.len()));
            (Some(node), machine.moves_for(node, 0, &lens))
        }
    };
    Ok(Event::RunStarted {
        trigger,
        at: now,
        output: event.output,
        out,
        moves,
        destination,
        reply_to: event.reply_to.clone(),
        use_pins: event.use_pins,
    })
}

/// The trigger that an event enters through.
pub(crate) fn trigger_of(definition: &Definition, name: Option<&str>, mode: &str) -> Result<NodeIndex, Problem> {
    if let Some(name) = name {
        return definition.graph.index(name).ok_or_else(|| {
            Problem::new(Code::NoTrigger, format!("workflow `{}` has no trigger `{name}`", definition.name))
        });
    }
    let rank = |trigger: &Trigger| match (mode, trigger) {
        ("child", Trigger::Called(_)) | ("error", Trigger::Error) => 0,
        ("schedule", Trigger::Schedule(_)) | ("webhook", Trigger::Webhook(_) | Trigger::Form(_)) => 0,
        ("child" | "error", Trigger::Manual) => 1,
        ("endpoint", Trigger::Called(_)) => 0,
        ("endpoint", Trigger::Webhook(_)) => 1,
        ("endpoint", Trigger::Manual) => 2,
        (_, Trigger::Manual) => 1,
        (_, Trigger::Called(_)) => 2,
        (_, Trigger::Schedule(_)) => 3,
        (_, Trigger::Webhook(_) | Trigger::Form(_)) => 4,
        (_, Trigger::Provided { .. } | Trigger::Hooked(_)) => 5,
        (_, Trigger::Error) => 6,
    };
    let best = definition.triggers().min_by_key(|(index, trigger)| (rank(trigger), *index));
    best.map(|(index, _)| index).ok_or_else(|| {
        let detail = format!("workflow `{}` has no trigger", definition.name);
        Problem::new(Code::NoTrigger, detail).hint("add a trigger node, or name the node to start at")
    })
}

//! Runs that runs start: children and error workflows. Their rows are part of the starter's commit, their end is part
//! of their own last commit together with the signal to the parent.

use std::sync::Arc;

use bytes::Bytes;
use model::workflow::Callers;
use model::{Code, Problem, RunId, Scope, ScopeId, SignalId, Value};
use part::trigger::Trigger;
use part::{Category, ChildStart, ChildWorkflow, Items, NodeError, WorkflowRef};
use serde::{Deserialize, Serialize};
use store::{Admission, JournalChunk, RunHead, SignalRow};

use super::{Inner, admit, partition_of, queue};
use crate::definition::Definition;
use crate::event::{Event, StepNumber};
use crate::journal;
use crate::machine::{End, Machine};
use crate::ports::WorkflowText;
use crate::record::ItemsRecord;
use crate::run::{After, Core, Launch, Shared};

/// Runs may start runs this deep.
const MAX_DEPTH: u32 = 32;

/// Who started a child, as its row keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentLink {
    /// The starter.
    pub run: RunId,
    /// Its scope.
    pub scope: ScopeId,
    /// The step that started it; absent for an error workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepNumber>,
    /// Nobody waits for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detached: bool,
    /// How many starters are above it.
    #[serde(default)]
    pub depth: u32,
}

/// What a child tells its parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChildSignal {
    /// The child.
    pub run: RunId,
    /// Items of its last node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<ItemsRecord>,
    /// What it failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<NodeError>>,
}

fn refused(detail: String) -> NodeError {
    NodeError::new(Code::NotFound, Category::BadData, detail)
}

impl Inner {
    /// Whether a child can be started, as far as can be told before the commit.
    pub(crate) fn check_child(&self, scope: &Scope, caller: &str, child: &ChildStart) -> Result<(), NodeError> {
        let text = self.child_text(scope, &child.workflow)?;
        let allowed = match &text.spec.settings.callers {
            Callers::Any => true,
            Callers::None => matches!(child.workflow, ChildWorkflow::Inline(_)),
            Callers::These(names) => names.iter().any(|name| name.as_str() == caller),
        };
        if !allowed {
            let detail = format!("workflow `{}` may not be called by `{caller}`", text.name);
            let error = NodeError::new(Code::Forbidden, Category::Refused, detail);
            return Err(error.hint("add the caller to `settings.callers` of the called workflow"));
        }
        self.definition(&text).map(|_| ()).map_err(NodeError::from)
    }

    fn child_text(&self, scope: &Scope, workflow: &ChildWorkflow) -> Result<WorkflowText, NodeError> {
        match workflow {
            ChildWorkflow::Named(name) => self.workflows.active(scope, name.as_str(), 0).ok_or_else(|| {
                refused(format!("there is no active workflow `{name}`")).hint("activate it, or correct the name")
            }),
            ChildWorkflow::Inline(spec) => Ok(WorkflowText {
                name: if spec.title.is_empty() { "inline".into() } else { spec.title.clone() },
                revision: None,
                spec: Arc::new((**spec).clone()),
                runs_as: String::new(),
            }),
        }
    }

    /// Lets only the fields through that a called workflow's trigger declares, in spooled input: what is in memory is
    /// looked at when the child is admitted.
    pub(crate) async fn accept_spooled(&self, shared: &Shared, child: &mut ChildStart) -> Result<(), NodeError> {
        let spooled = |segment: &part::Segment| segment.in_memory().is_none();
        if !child.input.segments().iter().any(spooled) {
            return Ok(());
        }
        let definition = self.definition(&self.child_text(&shared.scope, &child.workflow)?)?;
        let Some(called) = called(&definition, "child").filter(|called| !called.fields.is_empty()) else {
            return Ok(());
        };
        let mut segments = Vec::with_capacity(child.input.segments().len());
        for segment in child.input.segments() {
            let items = shared.load_segment(segment).await?;
            let items: Vec<Arc<model::Item>> = items.iter().map(|item| Arc::new(called.accept(item))).collect();
            let chunk = part::Chunk::Stored(shared.store_chunk(&items).await?);
            segments.push(part::Segment { chunk, pick: None });
        }
        child.input = Items::from_segments(segments);
        Ok(())
    }

    /// Adds a child to the next commit of its parent.
    pub(crate) fn admit_child(
        &self,
        shared: &Arc<Shared>,
        core: &mut Core,
        step: StepNumber,
        child: ChildStart,
    ) -> Result<RunId, NodeError> {
        let text = self.child_text(&shared.scope, &child.workflow)?;
        let definition = self.definition(&text)?;
        let link = self.link(shared, Some(step), child.detached)?;
        self.admit_from(shared, core, definition, &text.runs_as, link, child.input, "child")
    }

    fn link(&self, shared: &Shared, step: Option<StepNumber>, detached: bool) -> Result<ParentLink, NodeError> {
        let above = shared.head.parent.as_deref().and_then(|link| serde_json::from_str::<ParentLink>(link).ok());
        let depth = above.map_or(1, |above| above.depth + 1);
        if depth > MAX_DEPTH {
            let detail = format!("runs are nested more than {MAX_DEPTH} deep");
            let error = NodeError::new(Code::CeilingReached, Category::Refused, detail);
            return Err(error.hint("a workflow calls itself without an end"));
        }
        Ok(ParentLink { run: shared.head.id, scope: shared.head.scope, step, detached, depth })
    }

    #[allow(clippy::too_many_arguments, reason = "one caller each for children and error workflows")]
    fn admit_from(
        &self,
        shared: &Arc<Shared>,
        core: &mut Core,
        definition: Arc<Definition>,
        runs_as: &str,
        link: ParentLink,
        input: Items,
        mode: &'static str,
    ) -> Result<RunId, NodeError> {
        let (id, now) = (self.own_run_id(), self.clock.now());
        // What is written in place belongs to the text that it is written in.
        let runs_as = if runs_as.is_empty() { &shared.head.runs_as } else { runs_as }.to_owned();
        let head = RunHead {
            scope: shared.head.scope,
            id,
            workflow: definition.name.clone(),
            definition: definition.digest,
            revision: definition.revision,
            mode: mode.to_owned(),
            partition: partition_of(id),
            priority: definition.spec.settings.fairness.priority,
            fairness_key: queue::key_of(&definition, &input),
            lane: None,
            started_by: shared.head.id.to_string(),
            runs_as,
            created_at: now,
            parent: serde_json::to_string(&link).ok(),
            origin: None,
        };
        let input = accepted(&definition, input, mode);
        let event = part::Admit {
            scope: shared.scope.clone(),
            workflow: WorkflowRef::Inline(String::new(), Box::default()),
            trigger: None,
            input,
            output: 0,
            mode,
            started_by: String::new(),
            dedupe: None,
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        };
        let mut machine = Machine::new(definition.graph.clone());
        let first = admit::first_record(&mut machine, &definition, &event, now)?;
        let mut data = Vec::new();
        journal::encode(&first, &mut data);
        let mut child = Core::new(machine);
        child.fold(&first);
        let chunk = JournalChunk { first_seq: 1, count: 1, data: Bytes::from(data) };
        let state = child.row_state();
        let definition_text = definition.text.clone();
        let admission =
            Admission { head: head.clone(), state, definition: definition_text, dedupe: None, blobs: Vec::new() };
        core.admit_other(admission, chunk);
        let launch = Launch { head, scope: shared.scope.clone(), definition, first };
        core.after(After::Launch(Box::new(launch)));
        Ok(id)
    }

    /// Starts a run whose row was part of another run's commit.
    pub(super) fn launch(self: &Arc<Self>, launch: Launch) {
        let Launch { head, scope, definition, first } = launch;
        // Its partition may belong to another process; that one finds it.
        let Ok(fence) = self.fence(head.id) else { return };
        if self.stop.is_cancelled() || self.live().contains_key(&head.id) {
            return;
        }
        // Loading it holds it, since its row is there already.
        if self.authority.delegates(&scope, &head.runs_as).is_err() {
            return self.wake(head.scope, head.id);
        }
        let mut core = Core::new(Machine::new(definition.graph.clone()));
        core.fold(&first);
        self.queue.started(&definition, &scope, &head);
        self.work_on(Shared::new(self.clone(), scope, head, definition, fence, core), false);
    }

    /// What else is part of a run's last commit: the answer nobody gave, the parent's signal, the error workflow,
    /// the end of children that nobody waits for any more.
    pub(crate) fn ended(&self, shared: &Arc<Shared>, core: &mut Core) {
        self.answer_at_end(shared, core);
        self.tell_parent(shared, core);
        match core.machine.end() {
            Some(End::Failed) => self.start_error_workflow(shared, core),
            Some(End::Canceled) => self.cancel_children(shared, core),
            _ => {}
        }
    }

    fn answer_at_end(&self, shared: &Shared, core: &mut Core) {
        if core.machine.answer_open() {
            core.emit(Event::AnswerEnded { digest: None, size: 0 });
            if let Some(to) = core.reply_to.clone() {
                core.after(After::End(to, false));
            }
            return;
        }
        let Some(to) = core.reply_to.clone().filter(|_| !core.machine.answered()) else { return };
        let trigger = core.machine.trigger().and_then(|node| shared.definition.node(node).node.as_ref()?.trigger());
        let webhook = match (&core.answer_as, trigger) {
            (Some(webhook), _) | (None, Some(part::trigger::Trigger::Webhook(webhook))) => Some(webhook.clone()),
            _ => None,
        };
        let answer = match (core.machine.end(), webhook) {
            (Some(End::Completed), Some(webhook)) => {
                let last = last_items(core);
                let segments = last.segments().iter().filter_map(part::Segment::in_memory);
                let items: Vec<_> = segments.flat_map(|segment| segment.to_vec()).collect();
                webhook.answer_completed(&items)
            }
            (Some(End::Completed), None) => part::Answer { status: 204, ..Default::default() },
            (Some(End::Failed), Some(webhook)) => webhook.answer_failed(),
            (Some(End::Canceled), _) if core.superseded_by.is_some() => {
                let body = serde_json::json!({
                    "run": shared.head.id, "status": "superseded", "supersededBy": core.superseded_by,
                });
                let headers = vec![("content-type".into(), "application/json".into())];
                part::Answer { status: 202, headers, body: part::AnswerBody::Text(body.to_string()) }
            }
            (end, _) => {
                let code = if end == Some(End::Canceled) { Code::RunCanceled } else { Code::StepFailed };
                let problem = Problem::new(code, format!("{} did not complete", shared.head.id));
                admit::problem_answer(&problem.hint("the run's page shows the step that failed"))
            }
        };
        core.emit(Event::Answered { answer: answer.clone() });
        core.after(After::Answer(to, answer));
    }

    fn tell_parent(&self, shared: &Shared, core: &mut Core) {
        let link = shared.head.parent.as_deref().and_then(|link| serde_json::from_str::<ParentLink>(link).ok());
        let Some(link) = link.filter(|link| !link.detached && link.step.is_some()) else { return };
        let items = (core.machine.end() == Some(End::Completed)).then(|| ItemsRecord::fresh(last_items(core)));
        let error = items.is_none().then(|| {
            let failed = core.error.as_deref().and_then(|error| serde_json::from_str::<NodeError>(error).ok());
            let canceled = || NodeError::new(Code::RunCanceled, Category::Refused, "the called workflow was canceled");
            Box::new(failed.unwrap_or_else(canceled))
        });
        let payload = ChildSignal { run: shared.head.id, items, error };
        core.signal_other(SignalRow {
            scope: link.scope,
            run: link.run,
            // Made of the child's id: its end is one signal however often the commit is repeated.
            id: SignalId(shared.head.id.0),
            name: format!("child:{}", link.step.unwrap_or_default()),
            payload: serde_json::to_string(&payload).unwrap_or_default(),
            sent_at: self.clock.now(),
        });
        core.after(After::Wake(link.scope, link.run));
    }

    fn start_error_workflow(&self, shared: &Arc<Shared>, core: &mut Core) {
        // A failing error workflow starts no other.
        if shared.head.mode == "error" {
            return;
        }
        let own = || shared.definition.triggers().any(|(_, trigger)| matches!(trigger, Trigger::Error));
        let named = shared.definition.spec.settings.error_workflow.clone();
        let found = match &named {
            Some(name) => self
                .child_text(&shared.scope, &ChildWorkflow::Named(name.clone()))
                .and_then(|text| Ok((self.definition(&text)?, text.runs_as))),
            // A workflow that holds the trigger and names no other one looks after its own failures.
            None if own() => Ok((shared.definition.clone(), String::new())),
            None => return,
        };
        let started = found.and_then(|(definition, runs_as)| {
            let link = self.link(shared, None, true)?;
            let input = Items::from_vec(vec![model::Item::from_value(self.error_item(shared, core))]);
            self.admit_from(shared, core, definition, &runs_as, link, input, "error")
        });
        if let Err(error) = started {
            let workflow = named.as_ref().map_or(shared.head.workflow.as_str(), |name| name.as_str());
            tracing::warn!(run = %shared.head.id, %workflow, %error, "the error workflow was not started");
        }
    }

    /// What an error workflow's trigger puts out, in n8n's shape.
    fn error_item(&self, shared: &Shared, core: &Core) -> Value {
        let error: Value = core.error.as_deref().and_then(|error| serde_json::from_str(error).ok()).unwrap_or_default();
        let failed = core.machine.failed_node().map(|node| shared.definition.node(node).name.to_string());
        let message = error.pointer("/problem/detail").and_then(Value::as_str).unwrap_or_default();
        let at = failed.as_deref().unwrap_or_default();
        serde_json::json!({
            "execution": {
                "id": shared.head.id,
                "url": self.tokens.as_ref().and_then(|tokens| tokens.run_url(shared.head.id)),
                "error": {
                    "name": "NodeOperationError",
                    "message": message,
                    "stack": format!("NodeOperationError: {message}\n    at {at}"),
                    "code": error.pointer("/problem/code"),
                    "hint": error.pointer("/problem/hint"),
                    "category": error.get("category"),
                    "node": { "name": failed },
                },
                "lastNodeExecuted": failed,
                "mode": shared.head.mode,
            },
            "workflow": { "id": shared.head.workflow, "name": shared.definition.spec.title },
        })
    }

    /// A cancel reaches children that somebody waits for.
    fn cancel_children(&self, shared: &Shared, core: &mut Core) {
        let waiting: Vec<RunId> = core.machine.waiting_children().collect();
        for child in waiting {
            core.signal_other(SignalRow {
                scope: shared.head.scope,
                run: child,
                id: SignalId(child.0 ^ shared.head.id.0),
                name: "cancel".into(),
                payload: serde_json::json!({ "by": shared.head.id }).to_string(),
                sent_at: self.clock.now(),
            });
            core.after(After::Wake(shared.head.scope, child));
        }
    }
}

/// The trigger that a call starts a workflow at.
fn called<'a>(definition: &'a Definition, mode: &str) -> Option<&'a part::trigger::Called> {
    let node = admit::trigger_of(definition, None, mode).ok()?;
    match definition.node(node).node.as_ref()?.trigger() {
        Some(Trigger::Called(called)) => Some(called),
        _ => None,
    }
}

/// A called workflow's trigger lets only the fields through that it declares. Spooled items were looked at before.
fn accepted(definition: &Definition, input: Items, mode: &str) -> Items {
    let Some(called) = called(definition, mode).filter(|called| !called.fields.is_empty()) else { return input };
    let segments = input.segments().iter().map(|segment| match segment.in_memory() {
        Some(items) => {
            let items = items.iter().map(|item| Arc::new(called.accept(item)));
            part::Segment { chunk: part::Chunk::Memory(items.collect()), pick: None }
        }
        None => segment.clone(),
    });
    Items::from_segments(segments.collect())
}

/// Items of the node that completed last: of its first port that put something out.
pub(crate) fn last_items(core: &Core) -> Items {
    let step = core.machine.last_completed().and_then(|step| core.data.step(step));
    let Some(step) = step else { return Items::empty() };
    let full = step.outputs.iter().find(|port| !port.items.is_empty());
    full.or(step.outputs.first()).map(|port| port.items.clone()).unwrap_or_default()
}

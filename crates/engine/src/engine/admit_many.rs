//! Taking in an event that several workflows get: all of its runs are admitted by one commit, or none is.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use model::{Code, Item, Problem, RunId, Value};
use part::runs::{AdmitMany, AdmittedMany, Order};
use part::trigger::Trigger;
use part::{Admit, Items};
use store::{Admission, CommitError};

use super::admit::{Admitting, Newcomer, claim, first_commit, other_request, trigger_of};
use super::{Inner, commit_problem, lock};
use crate::definition::Definition;
use crate::run::{After, Shared};

impl Inner {
    /// Takes the event in, in a task of its own: a sender that goes away must leave nothing half done.
    pub(super) async fn take_in_many(self: &Arc<Self>, event: AdmitMany) -> Result<AdmittedMany, Problem> {
        if self.stop.is_cancelled() {
            return Err(Problem::new(Code::Unavailable, "the server is stopping"));
        }
        let engine = self.clone();
        let task = self.tasks.spawn(async move { engine.take_in_order(event).await });
        task.await.unwrap_or_else(|error| Err(Problem::new(Code::Internal, format!("the admission ended: {error}"))))
    }

    /// Events of one key are taken in one after another, so that the order of their ids is that of their coming and
    /// nothing overtakes what is being committed.
    async fn take_in_order(self: &Arc<Self>, event: AdmitMany) -> Result<AdmittedMany, Problem> {
        let mut wanted = Vec::with_capacity(event.events.len());
        for one in &event.events {
            wanted.push(self.wanted(one).await?);
        }
        let Some(first) = event.events.first() else { return Ok(AdmittedMany::New(Vec::new())) };
        let scope_id = self.scope_id(&first.scope).await?;
        let Some(order) = event.order.clone() else { return self.take_in_now(event, wanted, scope_id).await };
        let key = (scope_id, order.lane, order.key);
        let gate = lock(&self.orders).entry(key.clone()).or_default().clone();
        let admitted = {
            let _alone = gate.lock().await;
            self.take_in_now(event, wanted, scope_id).await
        };
        drop(gate);
        if let Entry::Occupied(entry) = lock(&self.orders).entry(key)
            && Arc::strong_count(entry.get()) == 1
        {
            entry.remove();
        }
        admitted
    }

    async fn take_in_now(
        self: &Arc<Self>,
        event: AdmitMany,
        wanted: Vec<(Arc<Definition>, String)>,
        scope_id: model::ScopeId,
    ) -> Result<AdmittedMany, Problem> {
        let AdmitMany { events, dedupe, order } = event;
        let mut newcomers = Vec::with_capacity(events.len());
        for (one, (definition, runs_as)) in events.into_iter().zip(wanted) {
            match self.one_of_many(one, definition, runs_as, (scope_id, order.as_ref())) {
                Ok(newcomer) => newcomers.push(newcomer),
                Err(problem) => {
                    newcomers.iter().for_each(|(_, newcomer, _)| self.queue.finished(newcomer.head.id));
                    return Err(problem);
                }
            }
        }
        let runs: Vec<RunId> = newcomers.iter().map(|(_, newcomer, _)| newcomer.head.id).collect();
        let mut newcomers = newcomers.into_iter();
        let Some((event, carrier, definition)) = newcomers.next() else { return Ok(AdmittedMany::New(Vec::new())) };
        let Newcomer { head, fence, mut core, is_held } = carrier;
        let fingerprint = dedupe.as_ref().map(|(_, key)| key.fingerprint);
        let dedupe = dedupe.map(|(source, key)| claim(source, key, head.created_at));
        let (state, text) = (core.row_state(), definition.text.clone());
        let admission = Admission { head: head.clone(), state, definition: text, dedupe, blobs: Vec::new() };
        core.admit = Some(Box::new(admission));
        let is_queued = core.queued_until.is_some();
        if is_queued {
            core.after(After::Queued);
        }
        let mut held = Vec::new();
        for (event, newcomer, definition) in newcomers {
            let Newcomer { head, fence, core: mut other, is_held } = newcomer;
            let (state, text) = (other.row_state(), definition.text.clone());
            let (chunk, blobs) = other.take_first();
            core.admit_other(Admission { head: head.clone(), state, definition: text, dedupe: None, blobs }, chunk);
            if is_held {
                held.push((event.scope, head));
                continue;
            }
            let turn = other.queued_until;
            let other = Shared::new(self.clone(), event.scope, head, definition, fence, other);
            core.after(turn.map_or(After::Start(other.clone()), |wake_at| After::Waits(other, wake_at)));
        }
        let shared = Shared::new(self.clone(), event.scope, head, definition, fence, core);
        let outcome = if is_held || is_queued {
            shared.flush().await
        } else {
            self.work_on(shared.clone(), false);
            first_commit(&shared).await
        };
        if let Err(error) = outcome {
            // The first one's place is given back by whoever worked on it.
            runs.iter().skip(1).for_each(|run| self.queue.finished(*run));
            return match error {
                CommitError::Duplicate { run, fingerprint: theirs } if fingerprint == Some(theirs) => {
                    Ok(AdmittedMany::Known(run))
                }
                CommitError::Duplicate { .. } => Err(other_request()),
                other => Err(commit_problem(other)),
            };
        }
        if is_held {
            self.look_again(&shared.scope, &shared.head);
        }
        held.iter().for_each(|(scope, head)| self.look_again(scope, head));
        Ok(AdmittedMany::New(runs))
    }

    /// One of the runs, with what its trigger puts out.
    fn one_of_many(
        self: &Arc<Self>,
        mut event: Admit,
        definition: Arc<Definition>,
        runs_as: String,
        (scope_id, order): (model::ScopeId, Option<&Order>),
    ) -> Result<(Admit, Newcomer, Arc<Definition>), Problem> {
        let trigger = trigger_of(&definition, event.trigger.as_deref(), event.mode)?;
        if let Some(Trigger::Called(called)) = definition.node(trigger).node.as_ref().and_then(|node| node.trigger())
            && !called.fields.is_empty()
        {
            let segments = event.input.segments().iter().filter_map(part::Segment::in_memory);
            let items: Vec<Arc<Item>> = segments.flat_map(|items| items.to_vec()).collect();
            event.input = Items::from_vec(items.iter().map(|item| called.accept(&spread(item))).collect());
        }
        let newcomer = self.newcomer(&event, &definition, Admitting { scope_id, runs_as, origin: None, order })?;
        Ok((event, newcomer, definition))
    }
}

/// A request as a trigger with declared fields meets it: the fields of the body first, then those of the request.
fn spread(item: &Item) -> Item {
    let mut json = item.json.clone();
    if let Some(Value::Object(body)) = item.json.get("body") {
        json.extend(body.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    Item { json, binary: item.binary.clone() }
}

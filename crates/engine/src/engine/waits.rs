//! What a run waits for and has to show, as whoever comes to a resume address or goes through a form has to know it.

use model::Problem;
use part::Suspend;
use part::runs::Standing;
use store::{RunNotice, RunRow};
use tokio::sync::broadcast::error::RecvError;

use super::{Inner, store_problem};
use crate::definition::Definition;
use crate::event::{Event, NodeIndex};
use crate::machine::SETTLE;

impl Inner {
    /// Where a run stands for a visitor who came through that step, or through the trigger. Committed records alone
    /// count, as nobody knows an address sooner.
    pub(super) async fn standing(&self, row: &RunRow, from: Option<u32>) -> Result<Standing, Problem> {
        let mut standing = Standing {
            scope: row.head.scope,
            status: row.state.status,
            waits: std::collections::BTreeMap::new(),
            waited: None,
            is_over: false,
            signals: Vec::new(),
            answer: None,
            trigger: None,
            has_pages: false,
        };
        let (mut trigger, mut place) = (None, None);
        let see = |event| match event {
            Event::RunStarted { trigger: node, .. } => {
                trigger = node;
                if from.is_none() {
                    place = node;
                }
            }
            Event::StepStarted { s, n, .. } if Some(s) == from => place = Some(n),
            Event::StepSuspended { s, on, .. } if is_signal(&on) => {
                if Some(s) == from {
                    standing.waited = Some(on.clone());
                }
                standing.waits.insert(s, on);
            }
            Event::StepResumed { s, .. } => drop(standing.waits.remove(&s)),
            Event::StepCompleted { s, .. } | Event::StepFailed { s, .. } => standing.is_over |= Some(s) == from,
            Event::SignalReceived { id, step, .. } if step.is_some() && step == from => {
                standing.signals.push(id);
                // What the run answered before was for whoever came before.
                standing.answer = None;
            }
            Event::Answered { answer } => standing.answer = Some(answer),
            _ => {}
        };
        self.each_event(row, see).await?;
        if row.state.status.is_final() {
            standing.waits.clear();
        }
        // A definition that cannot be satisfied any more has no pages to show; the rest is known all the same.
        if let Ok(definition) = self.stored_definition(row.head.scope, row.head.definition).await {
            let node = |index: NodeIndex| definition.nodes.get(index as usize)?.node.as_ref();
            standing.trigger = trigger.and_then(node).and_then(|node| node.trigger()).cloned();
            standing.has_pages = place.is_some_and(|place| has_pages_behind(&definition, place));
        }
        Ok(standing)
    }

    /// The same, once there is something to show.
    pub(super) async fn settled(&self, row: RunRow, from: Option<u32>) -> Result<Standing, Problem> {
        let (scope, run) = (row.head.scope, row.head.id);
        let mut notices = self.store.watch_runs();
        let mut row = Some(row);
        loop {
            // The row is read again after the subscription, so that no change falls between the two.
            if let Some(newer) = self.store.run(scope, run).await.map_err(store_problem)? {
                row = Some(newer);
            }
            let Some(now) = &row else {
                return Err(Problem::new(model::Code::RunNotFound, format!("there is no {run}")));
            };
            let standing = self.standing(now, from).await?;
            if standing.is_at_rest(from) {
                return Ok(standing);
            }
            loop {
                tokio::select! {
                    () = self.stop.cancelled() => return Ok(standing),
                    notice = notices.recv() => match notice {
                        Ok(RunNotice::Changed { run: changed, .. } | RunNotice::Signal { run: changed, .. }) if changed != run => {}
                        Ok(_) | Err(RecvError::Lagged(_)) => break,
                        Err(RecvError::Closed) => return Ok(standing),
                    }
                }
            }
        }
    }
}

/// Whether a node that may show a page to a visitor lies behind this one.
fn has_pages_behind(definition: &Definition, place: NodeIndex) -> bool {
    let mut seen = vec![false; definition.nodes.len()];
    let mut open = vec![place];
    while let Some(next) = open.pop() {
        for target in definition.graph.node(next).successors.iter().flatten() {
            let Some(known) = seen.get_mut(target.node as usize) else { continue };
            if std::mem::replace(known, true) {
                continue;
            }
            if definition.node(target.node).node.as_ref().is_some_and(|node| node.shows_pages()) {
                return true;
            }
            open.push(target.node);
        }
    }
    false
}

fn is_signal(on: &Suspend) -> bool {
    matches!(on, Suspend::Signal { name, .. } if name != SETTLE)
}

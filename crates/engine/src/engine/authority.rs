//! Who a run acts for, and who may ask for runs of their own making.
//!
//! A run acts for whoever made its workflow live. That grant is looked at when the run begins and each time that it is
//! loaded to go on; without it the run is held, and it goes on when the grant is back, when somebody else makes the
//! same text live, or when somebody takes the run over. Who runs a workflow in a way of their own (a draft, a fork,
//! edited input) needs `connection:use` for what it names, and answers for that run.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use auth::{Grant, Permission};
use model::problem::pointer_step;
use model::{Code, Name, Problem, Scope, ScopeId, WorkflowSpec};
use part::NodeError;
use part::catalogue::Snapshot;
use store::{RunFilter, RunHead, RunRow, RunStatus};

use super::{Inner, commit_problem, repair, store_problem};
use crate::event::Event;
use crate::kinds::Workflow;
use crate::run::Shared;

/// Held runs looked at in one go.
const BATCH: usize = 200;

/// Workflows that call each other are followed this far; what lies beyond counts as a connection.
const MOST_WORKFLOWS: usize = 200;

/// A connection that a run would act on, or that it may act on some which cannot be told beforehand.
struct Used {
    /// The connection; absent: whatever workflows use that are chosen while it runs.
    connection: Option<Name>,
    /// The workflow that names it.
    workflow: String,
    /// The place in that workflow.
    pointer: String,
}

impl Inner {
    /// Grants or activations have changed: runs that were held for want of one are looked at again.
    pub fn grants_changed(&self) {
        self.reconsider.notify_one();
    }

    /// A connection may be well again: runs that were held for it are looked at again.
    pub fn connections_changed(&self) {
        self.reconsider.notify_one();
    }

    /// Refuses who may not use the connections that a workflow names, itself or through the workflows that it calls.
    /// The problem lists each of them.
    pub(super) fn require_use(
        &self,
        scope: &Scope,
        name: &str,
        spec: &WorkflowSpec,
        grant: &Grant,
    ) -> Result<(), Problem> {
        let Err(refusal) = grant.require(Permission::ConnectionUse, scope) else { return Ok(()) };
        let used = self.used(scope, name, spec);
        if used.is_empty() && refusal.code == Code::Forbidden {
            return Ok(());
        }
        let problems: Vec<Problem> = used
            .into_iter()
            .map(|used| {
                let what = match used.connection {
                    Some(connection) => format!("the connection `{connection}`"),
                    None => "whatever a workflow uses that is chosen while it runs".to_owned(),
                };
                let detail = format!("`{}` needs `connection:use` for {what}; {}", used.workflow, refusal.detail);
                Problem { hint: refusal.hint.clone(), ..Problem::new(refusal.code, detail).at(used.pointer) }
            })
            .collect();
        Err(Problem::from_many(problems).unwrap_or(refusal))
    }

    /// What a workflow acts on, each connection once, with what the workflows that it calls act on.
    fn used(&self, scope: &Scope, name: &str, spec: &WorkflowSpec) -> Vec<Used> {
        let catalogue = self.catalogue.snapshot();
        let (mut found, mut connections, mut seen) = (Vec::new(), BTreeSet::new(), BTreeSet::from([name.to_owned()]));
        let mut open = vec![(name.to_owned(), Arc::new(spec.clone()))];
        while let Some((name, spec)) = open.pop() {
            let any = |pointer: String| Used { connection: None, workflow: name.clone(), pointer };
            for place in <Workflow as part::Kind>::refs(&spec, &catalogue) {
                let target = place.target;
                match target.kind.as_str() {
                    "connection" if connections.insert(target.name.clone()) => {
                        let connection = Some(target.name);
                        found.push(Used { connection, workflow: name.clone(), pointer: place.pointer });
                    }
                    // Who may call a workflow is no call of it.
                    "workflow" if !place.pointer.starts_with("/settings/callers") => {
                        if seen.len() >= MOST_WORKFLOWS {
                            found.push(any(place.pointer));
                        } else if seen.insert(target.name.to_string())
                            && let Some(text) = self.workflows.active(scope, target.name.as_str(), 0)
                        {
                            open.push((text.name, text.spec));
                        }
                    }
                    _ => {}
                }
            }
            found.extend(open_calls(&spec, &catalogue).map(any));
        }
        found
    }

    /// A grant may have come back while a hold was written, and nobody would say so again. Otherwise held runs are left
    /// alone: there may be many, and each event that is held would have all of them looked at.
    pub(super) fn look_again(&self, scope: &Scope, head: &RunHead) {
        let may_act = |runs_as: &str| self.authority.delegates(scope, runs_as).is_ok();
        let live = self.workflows.active(scope, &head.workflow, 0);
        if may_act(&head.runs_as) || live.is_some_and(|text| may_act(&text.runs_as)) {
            self.reconsider.notify_one();
        }
    }

    async fn is_well(&self, scope: ScopeId, connection: &Name) -> bool {
        match &self.outbound {
            Some(outbound) => outbound.is_well(scope, connection).await,
            None => true,
        }
    }

    /// The connection that a run is held for may have been connected again while the hold was written, and nobody would
    /// say so again.
    pub(crate) async fn look_after_hold(&self, shared: &Shared) {
        let error = shared.core().error.clone();
        if let Some(Lacks::Connection(name)) = lacked(error.as_deref())
            && self.is_well(shared.head.scope, &name).await
        {
            self.reconsider.notify_one();
        }
    }

    /// Looks at held runs whenever something may have changed for them, and once at the start.
    pub(super) async fn watch_grants(self: &Arc<Self>) {
        loop {
            if let Err(problem) = self.reconsider_held().await {
                tracing::warn!(%problem, "held runs could not be looked at; they are when something changes again");
            }
            self.reconsider.notified().await;
        }
    }

    async fn reconsider_held(self: &Arc<Self>) -> Result<(), Problem> {
        for (id, scope) in self.store.scopes().await.map_err(store_problem)? {
            let filter = RunFilter { status: vec![RunStatus::Held], ..RunFilter::default() };
            let mut cursor = None;
            let mut well: HashMap<Name, bool> = HashMap::new();
            loop {
                let page = self.store.runs(id, filter.clone(), cursor, BATCH).await.map_err(store_problem)?;
                for row in page.runs {
                    let run = row.head.id;
                    let Some(lacks) = lacks(&row) else { continue };
                    // Another process that holds its lease looks at it, too.
                    if self.fence(run).is_err() {
                        continue;
                    }
                    let released = match lacks {
                        Lacks::Grant => self.try_again(&scope, row).await,
                        Lacks::Connection(name) => {
                            let is_well = match well.get(&name) {
                                Some(known) => *known,
                                None => self.is_well(id, &name).await,
                            };
                            well.insert(name, is_well);
                            if !is_well {
                                continue;
                            }
                            self.release_held(row, "").await
                        }
                    };
                    if let Err(problem) = released {
                        tracing::debug!(%run, %problem, "the run stays held");
                    }
                }
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// A held run goes on if who it acts for may act again, or if somebody who may has made its very text live.
    async fn try_again(self: &Arc<Self>, scope: &Scope, mut row: RunRow) -> Result<(), Problem> {
        if let Err(gone) = self.authority.delegates(scope, &row.head.runs_as) {
            let pinned = self.stored_definition(row.head.scope, row.head.definition).await?;
            let live = self.workflows.active(scope, &row.head.workflow, 0).filter(|text| text.spec == pinned.spec);
            let live = live.ok_or(gone)?;
            self.authority.delegates(scope, &live.runs_as)?;
            self.take_over(&mut row, &live.runs_as, &live.runs_as).await?;
        }
        self.release_held(row, "").await
    }

    async fn take_over(&self, row: &mut RunRow, runs_as: &str, by: &str) -> Result<(), Problem> {
        let taken = self.store.take_over_run(row.head.scope, row.head.id, runs_as, by, self.clock.now()).await;
        taken.map_err(store_problem)?;
        row.head.runs_as = runs_as.to_owned();
        Ok(())
    }

    /// Makes sure that somebody answers for a run that a person lets go on: who did, or that person.
    pub(super) async fn answer_for(&self, scope: &Scope, row: &mut RunRow, grant: &Grant) -> Result<(), Problem> {
        let Err(gone) = self.authority.delegates(scope, &row.head.runs_as) else { return Ok(()) };
        if !grant.allows(Permission::ConnectionUse, scope) {
            return Err(gone);
        }
        self.authority.delegates(scope, grant.actor())?;
        self.take_over(row, grant.actor(), grant.actor()).await
    }

    /// A run that was held goes on, if its pin can be satisfied now and somebody answers for it.
    pub(super) async fn release_held(self: &Arc<Self>, row: RunRow, by: &str) -> Result<(), Problem> {
        let run = row.head.id;
        let shared = self.load_row(row, false).await.map_err(repair::load_problem)?;
        {
            let mut core = shared.core();
            let paused = core.machine.paused();
            core.emit(Event::PauseEnded { by: by.to_owned() });
            if paused {
                // The hold has ended, and not what somebody asked for before it.
                core.emit(Event::PauseRequested { by: by.to_owned() });
            }
        }
        shared.flush().await.map_err(commit_problem)?;
        if !self.live().contains_key(&run) {
            // Whoever waits in its lane sees that its place is taken again.
            self.queue.started(&shared.definition, &shared.scope, &shared.head);
            self.work_on(shared, true);
        }
        Ok(())
    }
}

/// What a run is held for that may come back.
enum Lacks {
    /// The grant that it acts under.
    Grant,
    /// A connection that the service takes.
    Connection(Name),
}

fn lacks(row: &RunRow) -> Option<Lacks> {
    lacked(row.state.error.as_deref())
}

fn lacked(error: Option<&str>) -> Option<Lacks> {
    let problem: Problem = serde_json::from_str(error?).ok()?;
    match problem.code {
        Code::GrantGone => Some(Lacks::Grant),
        Code::ConnectionDead => NodeError::from(problem).waits_for().map(Lacks::Connection),
        _ => None,
    }
}

/// The nodes that call workflows which cannot be told from the text: chosen by an expression, or written in place.
fn open_calls<'a>(spec: &'a WorkflowSpec, catalogue: &'a Snapshot) -> impl Iterator<Item = String> + 'a {
    spec.nodes.iter().enumerate().filter(|(_, node)| !node.disabled).filter_map(|(index, node)| {
        let prepared = catalogue.get(&node.node_type, node.version)?.node_type.prepare(node).ok()?;
        prepared.calls_any().map(|param| format!("/nodes/{index}/params/{}", pointer_step(param)))
    })
}

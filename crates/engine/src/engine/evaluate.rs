//! Expressions looked at by people: tried on what a run left behind, at a node of a text that may have changed since, or
//! evaluated again as a step saw them.

use std::sync::Arc;

use model::{Code, NodeSpec, Problem, RunId, Scope, ScopeId, WorkflowSpec};
use part::node::Ports;
use part::runs::{StepParameters, Trial, Tried};
use store::{RunFilter, RunHead};

use super::{Inner, store_problem};
use crate::definition::{DefinedNode, Definition, items_of};
use crate::event::{Event, StepNumber};
use crate::graph::Graph;
use crate::machine::Machine;
use crate::run::{Core, Shared, resolved, try_out};

/// Records after which a run that is being folded is made smaller.
const SLICE: u32 = 1_024;

impl Inner {
    /// What an expression comes to. A run that cannot be read any more is as good as none.
    pub(super) async fn evaluate(self: &Arc<Self>, scope: &Scope, trial: Trial) -> Result<Tried, Problem> {
        let missing = || Problem::new(Code::NotFound, format!("the workflow has no node `{}`", trial.node));
        // Before the run is read, which costs more.
        if !trial.spec.nodes.iter().any(|node| node.name == trial.node) {
            return Err(missing());
        }
        let id = self.scope_id(scope).await?;
        let row = match trial.run {
            Some(run) => Some(self.row(scope, run).await?),
            None => {
                let filter = RunFilter { workflow: Some(trial.workflow.clone()), ..RunFilter::default() };
                let newest = self.store.runs(id, filter, None, 1).await.map_err(store_problem)?;
                newest.runs.into_iter().next()
            }
        };
        let mut before = None;
        if let Some(row) = row
            && let Ok(base) = self.stored_definition(row.head.scope, row.head.definition).await
        {
            let core = self.replay(&row, &base).await.map_err(super::repair::load_problem)?;
            before = Some((row.head, base, core));
        }
        let definition = redrawn(before.as_ref().map(|(_, base, _)| &*base.spec), &trial)?;
        let run = before.as_ref().map(|(head, ..)| head.id);
        let (head, core) = match before {
            Some((head, _, core)) => (head, core),
            None => (nobodys(id, &definition, self.clock.now()), Core::new(Machine::new(definition.graph.clone()))),
        };
        let node = definition.graph.index(&trial.node).ok_or_else(missing)?;
        let given = trial.input.as_deref().map(items_of);
        let shared = Shared::for_replay(self.clone(), scope.clone(), head, Arc::new(definition), core);
        let tried = try_out(&shared, node, &trial.expression, given, trial.item).await;
        let tried = tried.map_err(|error| error.problem)?;
        Ok(Tried { run, ..tried })
    }

    /// What the expressions of a step came to. The run is folded up to the step, so that it sees what it saw then.
    pub(super) async fn parameters(
        self: &Arc<Self>,
        scope: &Scope,
        run: RunId,
        step: StepNumber,
        item: usize,
    ) -> Result<StepParameters, Problem> {
        let row = self.row(scope, run).await?;
        let definition = self.stored_definition(row.head.scope, row.head.definition).await?;
        let mut core = Core::new(Machine::new(definition.graph.clone()));
        let (mut seen, mut folded, mut shrunk) = (None, 0u32, Ok(()));
        self.each_event(&row, |event| {
            if seen.is_some() {
                return;
            }
            core.fold(&event);
            folded += 1;
            if folded.is_multiple_of(SLICE) {
                shrunk = core.shrink();
            }
            if let Event::StepStarted { s, variables, .. } = event
                && s == step
            {
                seen = Some(variables);
            }
        })
        .await?;
        shrunk.map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let Some(position) = seen else {
            return Err(Problem::new(Code::NotFound, format!("the run has no step {step} that something came to")));
        };
        let variables = self.variables.at(scope, position).await?;
        let shared = Shared::for_replay(self.clone(), scope.clone(), row.head, definition, core);
        resolved(&shared, step, variables, item).await.map_err(|error| error.problem)
    }
}

/// The head of a run that never was: its expressions see a workflow that nobody has run yet.
fn nobodys(scope: ScopeId, definition: &Definition, now: i64) -> RunHead {
    RunHead {
        scope,
        id: RunId(0),
        workflow: definition.name.clone(),
        definition: definition.digest,
        revision: None,
        mode: "manual".into(),
        partition: 0,
        priority: 0,
        fairness_key: String::new(),
        lane: None,
        started_by: String::new(),
        runs_as: String::new(),
        created_at: now,
        parent: None,
        origin: None,
    }
}

/// The text of now with its nodes in the places of the run's, so that the run's data fit it. Nothing in it can run:
/// it may be unfinished, and only its names, edges and parameters are looked at.
fn redrawn(ran: Option<&WorkflowSpec>, trial: &Trial) -> Result<Definition, Problem> {
    let now = &trial.spec;
    let mut nodes: Vec<NodeSpec> = ran.map(|spec| spec.nodes.clone()).unwrap_or_default();
    let mut placed = vec![false; nodes.len()];
    for node in &now.nodes {
        // A node that was renamed since is still the same one.
        let same_id = |(at, old): (usize, &NodeSpec)| !placed[at] && !node.id.is_empty() && old.id == node.id;
        let same_name = |(at, old): (usize, &NodeSpec)| !placed[at] && old.name == node.name;
        let place = nodes.iter().enumerate().position(same_id);
        match place.or_else(|| nodes.iter().enumerate().position(same_name)) {
            Some(at) => {
                nodes[at] = node.clone();
                placed[at] = true;
            }
            None => {
                nodes.push(node.clone());
                placed.push(true);
            }
        }
    }
    // What was deleted since keeps its place, and no expression finds it.
    for (at, node) in nodes.iter_mut().enumerate().filter(|(at, _)| !placed[*at]) {
        node.name = format!("\0{at}");
    }
    let known = |name: &str| now.nodes.iter().any(|node| node.name == name);
    let edges = now.edges.iter().filter(|edge| known(&edge.from) && known(&edge.to)).cloned().collect();
    let spec = WorkflowSpec { nodes, edges, ..(**now).clone() };
    let ports = vec![Ports::ONE; spec.nodes.len()];
    let graph = Graph::build(&spec, &ports).map_err(|problems| {
        Problem::from_many(problems).unwrap_or_else(|| Problem::new(Code::InvalidGraph, "the graph is not sound"))
    })?;
    Ok(Definition {
        digest: store::digest(b""),
        text: "".into(),
        name: trial.workflow.clone(),
        revision: None,
        timezone: spec.settings.timezone.as_deref().unwrap_or("UTC").into(),
        graph: Arc::new(graph),
        nodes: spec.nodes.iter().map(DefinedNode::drawn).collect(),
        spec: Arc::new(spec),
    })
}

//! Kind `workflow`: the drawn graph, and what makes it runnable.

use std::collections::HashSet;
use std::sync::Arc;

use model::problem::pointer_step;
use model::resource::Ref;
use model::workflow::Callers;
use model::{Code, Edge, Name, NodeSpec, Problem, Problems, WorkflowSpec};
use part::catalogue::Snapshot;
use part::kind::{CheckEnv, Kind, UniqueKey, Use};
use part::node::Node;
use part::tables::DataTableKind;
use part::trigger::{Trigger, address_key};

use crate::definition::Definition;
use crate::ports::WorkflowText;

/// Most nodes of a workflow.
const MOST_NODES: usize = crate::n8n::MAX_NODES;

/// Kind `workflow`.
pub struct Workflow;

impl Kind for Workflow {
    const NAME: &'static str = "workflow";
    const PLURAL: &'static str = "workflows";
    const SUMMARY: &'static str = "A graph of nodes that runs when one of its triggers fires.";
    type Spec = WorkflowSpec;

    fn check(spec: &WorkflowSpec) -> Problems {
        let mut problems = Problems::default();
        if spec.nodes.len() > MOST_NODES {
            let detail = format!("a workflow has at most {MOST_NODES} nodes, this one has {}", spec.nodes.len());
            problems.push(Problem::new(Code::TooLarge, detail).at("/nodes"));
        }
        for (index, node) in spec.nodes.iter().enumerate() {
            if node.name.is_empty() {
                let problem = Problem::new(Code::InvalidGraph, "a node needs a name");
                problems.push(problem.at(format!("/nodes/{index}/name")));
            }
            if node.retry.is_some_and(|retry| retry.tries == 0 || retry.tries > 100) {
                let problem = Problem::new(Code::InvalidParameter, "a step is tried 1 to 100 times");
                problems.push(problem.at(format!("/nodes/{index}/retry/tries")));
            }
        }
        let fairness = &spec.settings.fairness;
        if !(-100..=100).contains(&fairness.priority) {
            let problem = Problem::new(Code::InvalidSpec, "a priority lies between -100 and 100");
            problems.push(problem.at("/settings/fairness/priority"));
        }
        if fairness.concurrency == Some(0) {
            let problem = Problem::new(Code::InvalidSpec, "with a concurrency of 0 nothing would ever run");
            problems.push(problem.at("/settings/fairness/concurrency"));
        }
        problems
    }

    fn runnable(spec: &WorkflowSpec, env: &CheckEnv<'_>) -> Problems {
        let text =
            WorkflowText { name: String::new(), revision: None, spec: Arc::new(spec.clone()), runs_as: String::new() };
        let mut problems = Problems::default();
        match Definition::compile(&text, env.catalogue) {
            Err(found) => problems.0.extend(found),
            Ok(definition) => {
                let misfits = spec
                    .edges
                    .iter()
                    .enumerate()
                    .filter_map(|(index, edge)| Some(misfit(&definition, edge)?.below(&format!("/edges/{index}"))));
                problems.0.extend(misfits);
                for (index, node) in definition.nodes.iter().enumerate() {
                    let incomplete = node.node.iter().flat_map(|node| node.incomplete());
                    problems.0.extend(incomplete.map(|problem| problem.below(&format!("/nodes/{index}"))));
                }
            }
        }
        if triggers(spec, env.catalogue).is_empty() {
            let problem = Problem::new(Code::NoTrigger, "no node of the workflow can start a run");
            problems.push(problem.at("/nodes").hint("add a trigger, for example a webhook or a schedule"));
        }
        env.unresolved(Self::refs(spec, env.catalogue), &mut problems);
        problems
    }

    fn refs(spec: &WorkflowSpec, catalogue: &Snapshot) -> Vec<Use> {
        let mut uses = Vec::new();
        if let Some(name) = &spec.settings.error_workflow {
            uses.push(workflow(name, "/settings/errorWorkflow".into()));
        }
        if let Callers::These(names) = &spec.settings.callers {
            let places = names.iter().enumerate();
            uses.extend(places.map(|(at, name)| workflow(name, format!("/settings/callers/these/{at}"))));
        }
        for (index, node) in spec.nodes.iter().enumerate().filter(|(_, node)| !node.disabled) {
            for (slot, name) in &node.connections {
                let pointer = format!("/nodes/{index}/connections/{}", pointer_step(slot));
                uses.push(connection(name, pointer));
            }
            let Some(prepared) = prepare(catalogue, node) else { continue };
            uses.extend(prepared.tables().into_iter().map(|name| Use {
                target: Ref { kind: DataTableKind::KIND.into(), name },
                pointer: format!("/nodes/{index}/params/table"),
                needed: false,
            }));
            let called = prepared.workflows();
            let called = called.iter().filter_map(|name| name.parse::<Name>().ok());
            uses.extend(called.map(|name| workflow(&name, format!("/nodes/{index}/params"))));
            if let Some(webhook) = prepared.trigger().and_then(Trigger::endpoint) {
                uses.extend(webhook.auth.connection().map(|name| connection(name, format!("/nodes/{index}/params"))));
            }
        }
        uses
    }
}

fn workflow(name: &Name, pointer: String) -> Use {
    Use { target: Ref { kind: "workflow".into(), name: name.clone() }, pointer, needed: true }
}

fn connection(name: &Name, pointer: String) -> Use {
    Use { target: Ref { kind: "connection".into(), name: name.clone() }, pointer, needed: true }
}

fn prepare(catalogue: &Snapshot, node: &NodeSpec) -> Option<Arc<dyn Node>> {
    catalogue.get(&node.node_type, node.version)?.node_type.prepare(node).ok()
}

/// What is wrong with the end of an edge whose nodes exist.
fn misfit(definition: &Definition, edge: &Edge) -> Option<Problem> {
    let (from, to) = (definition.graph.index(&edge.from)?, definition.graph.index(&edge.to)?);
    if let Some(kind) = &edge.attachment {
        let taker = definition.node(to).node.as_ref()?;
        let takes = taker.ports().attachments.contains(&kind.as_str());
        let detail = format!("`{}` takes no attachment of kind `{kind}`", edge.to);
        return (!takes).then(|| Problem::new(Code::InvalidGraph, detail).at("/attachment"));
    }
    // A disabled node passes its input through, whatever its outputs were.
    let ports = definition.node(from).node.as_ref()?.ports();
    let outputs = ports.outputs + u16::from(definition.graph.node(from).error_output.is_some());
    let detail = format!("`{}` has {outputs} outputs, so there is no output {}", edge.from, edge.output);
    (edge.output >= outputs).then(|| Problem::new(Code::DanglingEdge, detail).at("/output"))
}

/// The trigger nodes of a workflow, with what they listen for. Disabled nodes and nodes that cannot be prepared are
/// left out.
pub fn triggers(spec: &WorkflowSpec, catalogue: &Snapshot) -> Vec<(String, Trigger)> {
    let enabled = spec.nodes.iter().filter(|node| !node.disabled);
    let prepared = enabled.filter_map(|node| Some((node, prepare(catalogue, node)?)));
    prepared.filter_map(|(node, prepared)| Some((node.name.clone(), prepared.trigger()?.clone()))).collect()
}

/// Keys that an active workflow holds alone in its scope: each method and path of its webhooks, with the names of
/// path segments left out, because `/a/:x` and `/a/:y` are the same address. Problems: two nodes of the same
/// workflow that want one key.
pub fn trigger_keys(spec: &WorkflowSpec, catalogue: &Snapshot) -> Result<Vec<UniqueKey>, Problem> {
    let mut seen = HashSet::new();
    let mut keys = Vec::new();
    for (node, trigger) in triggers(spec, catalogue) {
        let Some(webhook) = trigger.endpoint() else { continue };
        for method in &webhook.methods {
            let key = address_key(method, &webhook.path);
            if !seen.insert((trigger.prefix(), key.clone())) {
                let detail = format!("`{node}` listens on `{key}`, and so does another node of the workflow");
                return Err(Problem::new(Code::NotUnique, detail));
            }
            let space = if trigger.form().is_some() { "form" } else { "webhook" };
            keys.push(UniqueKey { space: space.into(), key });
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use part::kind::Found;
    use serde_json::json;

    fn problems(spec: model::Value) -> Vec<(Code, String)> {
        let spec: WorkflowSpec = serde_json::from_value(spec).unwrap();
        let catalogue = part::Catalogue::default().snapshot();
        let find = |target: &Ref| match target.name.as_str() {
            "there" => Found::Ready,
            "half" => Found::Incomplete("`token` has no value".into()),
            _ => Found::Missing,
        };
        let env = CheckEnv { catalogue: &catalogue, find: &find };
        let found = Workflow::runnable(&spec, &env).0;
        found.into_iter().map(|problem| (problem.code, problem.pointer.unwrap_or_default())).collect()
    }

    #[test]
    fn every_reason_not_to_run_is_listed_with_its_place() {
        let found = problems(json!({
            "nodes": [
                { "name": "A", "type": "no.such", "connections": { "auth": "gone" } },
                { "name": "A", "type": "no.such", "connections": { "auth": "half", "more": "there" } },
                { "name": "Off", "type": "no.such", "disabled": true }
            ],
            "edges": [{ "from": "A", "to": "Nowhere" }],
            "settings": { "errorWorkflow": "gone" }
        }));
        let expected = [
            (Code::UnknownNodeType, "/nodes/0/type"),
            (Code::UnknownNodeType, "/nodes/1/type"),
            (Code::DuplicateNode, "/nodes/1/name"),
            (Code::DanglingEdge, "/edges/0/to"),
            (Code::NoTrigger, "/nodes"),
            (Code::UnresolvedReference, "/settings/errorWorkflow"),
            (Code::UnresolvedReference, "/nodes/0/connections/auth"),
            (Code::ConnectionMissing, "/nodes/1/connections/auth"),
        ];
        let expected: Vec<(Code, String)> = expected.iter().map(|(code, at)| (*code, (*at).to_owned())).collect();
        assert_eq!(found, expected);
    }
}

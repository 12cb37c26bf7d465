//! From a workflow of ours to n8n's file.

use std::collections::HashMap;

use model::problem::pointer_step;
use model::{Code, Edge, Map, Name, Problem, Value, WorkflowSpec};
use part::catalogue::Snapshot;
use serde_json::json;

use super::node::{Parts, Wiring};
use super::{MAX_OUTPUTS, edges, node, patch, settings};

/// A workflow as n8n's file.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The JSON object of the file.
    pub workflow: Value,
    /// What n8n has no counterpart for. Pointers lead into our spec.
    pub problems: Vec<Problem>,
}

/// Writes a workflow as n8n would, and puts back what an import has kept.
pub fn export(spec: &WorkflowSpec, name: &Name, catalogue: &Snapshot) -> Exported {
    let mut problems = Vec::new();
    let mut file = shell(spec, name);
    let (mut nodes, mut connections, mut pins) = (Vec::new(), Map::new(), Map::new());
    let wiring = Wiring::new(&spec.edges);
    for (index, node) in spec.nodes.iter().enumerate() {
        let mut found = Vec::new();
        let parts = node::write(node, &wiring, catalogue, &mut found);
        problems.extend(found.into_iter().map(|problem| problem.below(&format!("/nodes/{index}"))));
        let kept = node::patch(node, &parts);
        let mut whole = parts.join();
        patch::apply(&mut whole, kept);
        let parts = Parts::split(whole);
        connections.extend(parts.outgoing.map(|outgoing| (key(node, &parts.node), outgoing)));
        pins.extend(parts.pinned.map(|pinned| (node.name.clone(), pinned)));
        nodes.push(parts.node);
    }
    let known: HashMap<&str, ()> = spec.nodes.iter().map(|node| (node.name.as_str(), ())).collect();
    for (from, leaving) in wiring.leaving.iter().filter(|(from, _)| !known.contains_key(*from)) {
        connections.extend(edges::write(leaving.iter().copied(), &[]).map(|outgoing| ((*from).to_owned(), outgoing)));
    }
    problems.extend(spec.edges.iter().enumerate().filter_map(undrawable));
    insert_strays(spec, &mut nodes);
    add_missing(&mut connections, kept(spec, "connections"));
    add_missing(&mut pins, kept(spec, "pinData"));
    file.insert("nodes".into(), Value::Array(nodes));
    file.insert("connections".into(), Value::Object(connections));
    file.insert("pinData".into(), Value::Object(pins));
    let mut workflow = Value::Object(file);
    let kept = kept(spec, "patch").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    patch::apply(&mut workflow, kept);
    Exported { workflow, problems }
}

/// The file without nodes, connections and pinned data, before its patch is put back.
pub(super) fn shell(spec: &WorkflowSpec, name: &Name) -> Map {
    let mut file = Map::new();
    let title = if spec.title.is_empty() { name.as_str() } else { &spec.title };
    file.insert("name".into(), json!(title));
    if !spec.description.is_empty() {
        file.insert("description".into(), json!(spec.description));
    }
    file.insert("nodes".into(), json!([]));
    file.insert("connections".into(), json!({}));
    file.insert("active".into(), json!(false));
    let mut ours = settings::write(&spec.settings);
    ours.extend(error_workflow(spec).map(|workflow| ("errorWorkflow".into(), workflow)));
    file.insert("settings".into(), Value::Object(ours));
    file.insert("pinData".into(), json!({}));
    if let Some(beyond) = settings::beyond(&spec.settings) {
        file.insert("meta".into(), json!({ "fishplate": { "settings": beyond } }));
    }
    file
}

/// n8n's id of the error workflow, as long as nobody chose another one.
fn error_workflow(spec: &WorkflowSpec) -> Option<Value> {
    let known = kept(spec, "errorWorkflow");
    let chosen = spec.settings.error_workflow.as_ref();
    let unchanged = known.filter(|known| known.get("name").and_then(Value::as_str) == chosen.map(Name::as_str));
    match (unchanged, chosen) {
        (Some(known), _) => known.get("id").cloned(),
        (None, chosen) => chosen.map(|name| json!(name)),
    }
}

/// An entry under `foreign.n8n` of the workflow.
fn kept<'a>(spec: &'a WorkflowSpec, key: &str) -> Option<&'a Value> {
    spec.foreign.get("n8n")?.get(key)
}

/// The key of a node's connections: what the file had, when that still leads to the node, else its name.
fn key(spec: &model::NodeSpec, written: &Value) -> String {
    let before = node::foreign(spec, "key").and_then(Value::as_str);
    let leads_here =
        |key: &&str| ["id", "name"].iter().any(|field| written.get(*field).and_then(Value::as_str) == Some(key));
    before.filter(leads_here).unwrap_or(&spec.name).to_owned()
}

fn undrawable((index, edge): (usize, &Edge)) -> Option<Problem> {
    (usize::from(edge.output) >= MAX_OUTPUTS).then(|| {
        let detail = format!("the edge from output {} of `{}` is left out", edge.output, edge.from);
        let hint = format!("n8n's nodes are written with at most {MAX_OUTPUTS} outputs");
        Problem::new(Code::Unsupported, detail).at(format!("/edges/{index}")).hint(hint)
    })
}

/// Entries of `nodes` that were no nodes, at their places.
fn insert_strays(spec: &WorkflowSpec, nodes: &mut Vec<Value>) {
    for stray in kept(spec, "nodes").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(at), Some(value)) = (stray.get("at").and_then(Value::as_u64), stray.get("value")) {
            let at = usize::try_from(at).unwrap_or(usize::MAX).min(nodes.len());
            nodes.insert(at, value.clone());
        }
    }
}

fn add_missing(map: &mut Map, more: Option<&Value>) {
    for (key, value) in more.and_then(Value::as_object).into_iter().flatten() {
        if !map.contains_key(key) {
            map.insert(key.clone(), value.clone());
        }
    }
}

/// Pointer to a key of the file.
pub(super) fn pointer(root: &str, key: &str) -> String {
    format!("{root}/{}", pointer_step(key))
}

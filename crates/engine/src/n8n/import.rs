//! From n8n's file to workflows of ours.
//!
//! `foreign.n8n` of a workflow holds, where needed, `nodes` (entries that are no nodes), `connections` and `pinData`
//! (under names that are no nodes), `errorWorkflow` (n8n's id and the name that it was linked to), and `patch`, over
//! the file without nodes, connections and pinned data.

use std::collections::{HashMap, HashSet};

use model::{Code, Map, Name, NodeSpec, Problem, Value, WorkflowSpec};
use part::catalogue::Snapshot;
use part::n8n::Version;
use serde_json::json;

use super::edges::{self, Targets};
use super::export::{export, pointer, shell};
use super::node::{self, Credential, Wiring};
use super::read::{self, Document};
use super::report::{FileReport, Unsupported, Wanted};
use super::{MAX_NODES, leftover, patch, same, settings};

/// Largest spec that can be stored: 1 MiB.
const MAX_SPEC: usize = 1 << 20;

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// Its workflows; at least one.
    pub workflows: Vec<Imported>,
    /// For each element of a list that is no workflow: why.
    pub unreadable: Vec<Problem>,
}

/// A workflow out of a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Name, made of the title and unique in the file.
    pub name: Name,
    /// The workflow.
    pub spec: WorkflowSpec,
    /// What was found, the connections that it wants among it.
    pub report: FileReport,
    /// Whether it was active in n8n.
    pub active: bool,
    /// n8n's id of it, by which others refer to it.
    pub id: Option<String>,
    /// Titles of its tags.
    pub tags: Vec<String>,
}

/// Reads a file of n8n: one workflow, a list of them, or what n8n's API wraps them in.
///
/// Refused with a problem: more than [`super::MAX_BYTES`], nested deeper than [`super::MAX_DEPTH`], no JSON, no
/// workflow in it, more nodes or edges than [`MAX_NODES`] and [`super::MAX_EDGES`]. Everything else is read, and what
/// is wrong with it is in the report. `file_name` is shown in the report and names workflows without a title.
pub fn import(bytes: &[u8], file_name: &str, catalogue: &Snapshot) -> Result<Import, Problem> {
    let mut import = Import::default();
    let mut names = Unique::default();
    for document in read::documents(bytes)? {
        match document.and_then(|document| workflow(document, file_name, catalogue, &mut names)) {
            Ok(imported) => import.workflows.push(imported),
            Err(problem) => import.unreadable.push(problem),
        }
    }
    if import.workflows.is_empty() {
        let none = || Problem::new(Code::UnreadableFile, "the file holds no workflow");
        return Err(Problem::from_many(import.unreadable).unwrap_or_else(none));
    }
    link(&mut import.workflows);
    Ok(import)
}

/// Turns n8n's ids of error workflows into names, where the workflow of that id is among these. Call it again over
/// the workflows of several files. What stays open is reported.
pub fn link(workflows: &mut [Imported]) {
    let names: HashMap<String, Name> =
        workflows.iter().filter_map(|imported| Some((imported.id.clone()?, imported.name.clone()))).collect();
    for Imported { spec, report, .. } in workflows {
        let Some(Value::Object(foreign)) = spec.foreign.get_mut("n8n") else { continue };
        let Some(Value::Object(known)) = foreign.get_mut("errorWorkflow") else { continue };
        if known.contains_key("name") {
            continue;
        }
        let Some(name) = known.get("id").and_then(Value::as_str).and_then(|id| names.get(id)) else { continue };
        known.insert("name".into(), json!(name));
        spec.settings.error_workflow = Some(name.clone());
        report.problems.retain(|problem| problem.pointer.as_deref() != Some(ERROR_WORKFLOW));
    }
}

const ERROR_WORKFLOW: &str = "/settings/errorWorkflow";

fn workflow(
    Document { workflow: original, title }: Document,
    file_name: &str,
    catalogue: &Snapshot,
    names: &mut Unique,
) -> Result<Imported, Problem> {
    let text = |key: &str| original.get(key).and_then(Value::as_str);
    let title = text("name").map(str::to_owned).or(title).unwrap_or_default();
    let name = names.name(&title, file_name)?;
    let mut spec = WorkflowSpec {
        title: if text("name").is_some() { title } else { String::new() },
        description: text("description").unwrap_or_default().to_owned(),
        ..WorkflowSpec::default()
    };
    let mut report = FileReport { file: file_name.to_owned(), workflow: Some(name.clone()), ..FileReport::default() };
    let mut foreign = Map::new();

    read_settings(&original, &mut spec, &mut foreign, &mut report);
    let (nodes, strays) = split_nodes(&original)?;
    if !strays.is_empty() {
        let detail = format!("{} entries of `nodes` are no nodes", strays.len());
        report.problems.push(Problem::new(Code::LossyImport, detail).at("/nodes").hint("they are kept for export"));
        foreign.insert("nodes".into(), Value::Array(strays));
    }
    let targets = Targets::new(nodes.iter().copied());
    read_nodes(&nodes, &mut spec, catalogue, &mut report);
    let inner = read_inner(&mut spec, catalogue, &mut report);
    let outgoing = read_edges(&original, &targets, &mut spec, &mut foreign, &mut report)?;
    let pinned = read_pinned(&original, &targets, &mut spec, &mut foreign, &mut report);
    note_names(&nodes, &mut spec);
    keep_node_patches(&nodes, &mut spec, outgoing, pinned, catalogue, &mut report);
    // They are written in other words, and honoured all the same.
    report.problems.retain(|problem| !problem.pointer.as_ref().is_some_and(|pointer| inner.contains(pointer)));
    let head = patch::diff(&Value::Object(shell(&spec, &name)), &Value::Object(head(&original)));
    if !head.is_empty() {
        foreign.insert("patch".into(), Value::Array(head));
    }
    if !foreign.is_empty() {
        spec.foreign.insert("n8n".into(), Value::Object(foreign));
    }
    check_nodes(&spec, catalogue, &mut report);
    check_size(&spec, &mut report);

    let tags = original.get("tags").and_then(Value::as_array).into_iter().flatten();
    let tags = tags.filter_map(|tag| tag.as_str().or_else(|| tag.get("name")?.as_str()).map(str::to_owned)).collect();
    let id = match original.get("id") {
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let active = original.get("active") == Some(&Value::Bool(true));
    report.round_trip = same(&export(&spec, &name, catalogue).workflow, &Value::Object(original));
    report.limit_problems();
    Ok(Imported { name, spec, report, active, id, tags })
}

fn read_settings(original: &Map, spec: &mut WorkflowSpec, foreign: &mut Map, report: &mut FileReport) {
    let theirs = original.get("settings").unwrap_or(&Value::Null);
    let beyond = original.get("meta").and_then(|meta| meta.pointer("/fishplate/settings"));
    spec.settings = settings::with_beyond(settings::read(theirs, &mut report.problems), beyond);
    if let Some(id) = theirs.get("errorWorkflow") {
        foreign.insert("errorWorkflow".into(), json!({ "id": id }));
        if id.as_str().is_some_and(|id| !id.is_empty() && id != "DEFAULT") {
            let detail = format!("the error workflow has the id {id} in n8n, and no workflow of that id is imported");
            let problem = Problem::new(Code::UnresolvedReference, detail).at(ERROR_WORKFLOW);
            report.problems.push(problem.hint("name the workflow in `settings.errorWorkflow`"));
        }
    }
}

/// The nodes, and `{at, value}` for what is none.
fn split_nodes(original: &Map) -> Result<(Vec<&Map>, Vec<Value>), Problem> {
    let all = original.get("nodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if all.len() > MAX_NODES {
        let detail = format!("the workflow has {} nodes, more than {MAX_NODES}", all.len());
        return Err(Problem::new(Code::TooLarge, detail).at("/nodes"));
    }
    let mut strays = Vec::new();
    let mut nodes = Vec::with_capacity(all.len());
    for (at, value) in all.iter().enumerate() {
        match value {
            Value::Object(node) => nodes.push(node),
            other => strays.push(json!({ "at": at, "value": other })),
        }
    }
    Ok((nodes, strays))
}

fn read_nodes(nodes: &[&Map], spec: &mut WorkflowSpec, catalogue: &Snapshot, report: &mut FileReport) {
    let names = node_names(nodes, report);
    let mut ids = HashSet::new();
    let mut connections = Connections::default();
    for (index, (node, name)) in nodes.iter().zip(names).enumerate() {
        let mut read = node::read(node, &name, catalogue);
        let at = format!("/nodes/{index}");
        if !ids.insert(read.spec.id.clone()) {
            read.spec.id.clear();
        }
        for credential in &read.credentials {
            let connection = connections.want(credential, &name);
            node::connect(&mut read.spec, credential, &connection);
        }
        report.problems.extend(read.problems.into_iter().map(|problem| problem.below(&at)));
        report.nodes += 1;
        match read.unsupported {
            None => report.supported += 1,
            Some((version, reason)) => count_unsupported(&mut report.unsupported, version, reason),
        }
        spec.nodes.push(read.spec);
    }
    report.connections = connections.wanted;
}

fn count_unsupported(all: &mut Vec<Unsupported>, Version { node_type, version }: Version, reason: String) {
    let known = all.iter_mut().find(|known| {
        known.node_type == node_type && known.type_version.to_bits() == version.to_bits() && known.reason == reason
    });
    match known {
        Some(known) => known.count += 1,
        None => all.push(Unsupported { node_type, type_version: version, count: 1, reason }),
    }
}

/// A name for each node: its own, unless it has none or an earlier node has the same.
fn node_names(nodes: &[&Map], report: &mut FileReport) -> Vec<String> {
    let own = |node: &Map| node.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    let mut unique = Unique { taken: nodes.iter().filter_map(|node| own(node)).collect(), ..Unique::default() };
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let at = format!("/nodes/{index}/name");
        let name = match own(node) {
            Some(name) if seen.insert(name.clone()) => name,
            Some(name) => {
                let renamed = unique.number(&name, |number| format!("{name} ({number})"));
                let detail = format!("two nodes are called `{name}`; the later one is `{renamed}` here");
                let problem = Problem::new(Code::DuplicateNode, detail).at(at);
                report.problems.push(problem.hint("edges and expressions mean the first of them"));
                renamed
            }
            None => {
                let named = unique.number("Node", |number| format!("Node {number}"));
                report
                    .problems
                    .push(Problem::new(Code::InvalidGraph, format!("a node has no name; it is `{named}` here")).at(at));
                named
            }
        };
        names.push(name);
    }
    names
}

fn read_edges(
    original: &Map,
    targets: &Targets,
    spec: &mut WorkflowSpec,
    foreign: &mut Map,
    report: &mut FileReport,
) -> Result<Vec<Option<Value>>, Problem> {
    let empty = Map::new();
    let connections = match original.get("connections") {
        Some(Value::Object(connections)) => connections,
        None | Some(Value::Null) => &empty,
        Some(_) => {
            let problem = Problem::new(Code::DanglingEdge, "`connections` is no object").at("/connections");
            report.problems.push(problem.hint("it is kept for export and not drawn"));
            &empty
        }
    };
    let found = edges::read(connections, targets, &spec.nodes)?;
    spec.edges = found.edges;
    report.problems.extend(found.problems);
    if !found.unknown.is_empty() {
        foreign.insert("connections".into(), Value::Object(found.unknown));
    }
    let mut originals = Vec::with_capacity(spec.nodes.len());
    for (node, outgoing) in spec.nodes.iter_mut().zip(found.outgoing) {
        if outgoing.original.is_some() && outgoing.key != node.name {
            set_foreign(node, "key", json!(outgoing.key));
        }
        if !outgoing.kept.is_empty() {
            set_foreign(node, "kept", Value::Array(outgoing.kept));
        }
        originals.push(outgoing.original);
    }
    Ok(originals)
}

fn read_pinned(
    original: &Map,
    targets: &Targets,
    spec: &mut WorkflowSpec,
    foreign: &mut Map,
    report: &mut FileReport,
) -> Vec<Option<Value>> {
    let mut originals = vec![None; spec.nodes.len()];
    let mut unknown = Map::new();
    for (name, value) in original.get("pinData").and_then(Value::as_object).into_iter().flatten() {
        match targets.find(name).filter(|index| spec.nodes[*index].name == *name) {
            Some(index) => {
                if let Some(why) = pin(&mut spec.nodes[index], value) {
                    report.problems.push(Problem::new(Code::LossyImport, why).at(pointer("/pinData", name)));
                }
                originals[index] = Some(value.clone());
            }
            None => {
                unknown.insert(name.clone(), value.clone());
            }
        }
    }
    if !unknown.is_empty() {
        foreign.insert("pinData".into(), Value::Object(unknown));
    }
    originals
}

/// Takes pinned items over: their `json`, or the whole where an old file has no such field. Says what is left.
fn pin(node: &mut NodeSpec, value: &Value) -> Option<String> {
    let items = value.as_array().filter(|items| items.iter().all(Value::is_object));
    let Some(items) = items else { return Some("pinned data is a list of items; it is kept and not used".into()) };
    let files = items.iter().any(|item| item.get("binary").is_some_and(|files| !files.is_null()));
    let json = |item: &Value| item.get("json").filter(|json| json.is_object()).unwrap_or(item).clone();
    node.pinned = Some(items.iter().map(json).collect());
    files.then(|| "files of pinned items are kept and not used".into())
}

/// Remembers the names that were changed, and how many edges there are at these nodes now.
fn note_names(nodes: &[&Map], spec: &mut WorkflowSpec) {
    let wiring = Wiring::new(&spec.edges);
    let mut changed = Vec::new();
    for (index, (original, node)) in nodes.iter().zip(&spec.nodes).enumerate() {
        if original.get("name").and_then(Value::as_str) != Some(&node.name) {
            let mut entry = Map::new();
            entry.insert("was".into(), json!(node.name));
            entry.extend(original.get("name").map(|name| ("is".into(), name.clone())));
            entry.insert("edges".into(), json!(wiring.touching(&node.name)));
            changed.push((index, Value::Object(entry)));
        }
    }
    for (index, entry) in changed {
        set_foreign(&mut spec.nodes[index], "name", entry);
    }
}

fn keep_node_patches(
    originals: &[&Map],
    spec: &mut WorkflowSpec,
    outgoing: Vec<Option<Value>>,
    pinned: Vec<Option<Value>>,
    catalogue: &Snapshot,
    report: &mut FileReport,
) {
    let wiring = Wiring::new(&spec.edges);
    let rest = outgoing.into_iter().zip(pinned);
    for (index, ((node, original), (outgoing, pinned))) in spec.nodes.iter_mut().zip(originals).zip(rest).enumerate() {
        let written = node::write(node, &wiring, catalogue, &mut Vec::new()).join();
        let wanted = node::Parts { node: Value::Object((*original).clone()), outgoing, pinned }.join();
        leftover::report(index, node, original, &written["node"]["parameters"], catalogue, &mut report.problems);
        let patch = patch::diff(&written, &wanted);
        if !patch.is_empty() {
            set_foreign(node, "patch", Value::Array(patch));
        }
    }
}

/// Turns workflows that stand in a node's parameters, to be called by it, into ours. Answers where they stand.
fn read_inner(spec: &mut WorkflowSpec, catalogue: &Snapshot, report: &mut FileReport) -> Vec<String> {
    let mut places = Vec::new();
    for (index, node) in spec.nodes.iter_mut().enumerate().filter(|(_, node)| node.node_type == CALL) {
        let Some(definition) = node.params.get_mut("definition") else { continue };
        let read: Option<Value> = match &*definition {
            Value::String(text) if !text.starts_with('=') => serde_json::from_str(text).ok(),
            Value::Object(_) => Some(definition.clone()),
            _ => None,
        };
        let Some(inner) = read.as_ref().and_then(Value::as_object).filter(|inner| inner.contains_key("connections"))
        else {
            continue;
        };
        let document = Document { workflow: inner.clone(), title: Some(node.name.clone()) };
        let at = format!("/nodes/{index}/parameters/workflowJson");
        match workflow(document, "inner", catalogue, &mut Unique::default()) {
            Ok(inner) => {
                report.problems.extend(inner.report.problems.into_iter().map(|problem| problem.below(&at)));
                // As a text: expressions in it are the inner workflow's, and not this node's.
                *definition = serde_json::to_string(&inner.spec).unwrap_or_default().into();
                places.push(at);
            }
            Err(problem) => report.problems.push(problem.below(&at)),
        }
    }
    places
}

/// The node type that calls another workflow.
const CALL: &str = "core.call";

/// The file without what nodes carry.
fn head(original: &Map) -> Map {
    let without = |(key, value): (&String, &Value)| {
        let value = match (key.as_str(), value) {
            ("nodes", Value::Array(_)) => json!([]),
            ("connections" | "pinData", Value::Object(_)) => json!({}),
            (_, value) => value.clone(),
        };
        (key.clone(), value)
    };
    original.iter().map(without).collect()
}

/// What the node types say about the nodes as they were read.
fn check_nodes(spec: &WorkflowSpec, catalogue: &Snapshot, report: &mut FileReport) {
    for (index, node) in spec.nodes.iter().enumerate().filter(|(_, node)| !node.disabled) {
        let Some(entry) = catalogue.get(&node.node_type, node.version) else { continue };
        let problems = match entry.node_type.prepare(node) {
            Ok(prepared) => prepared.incomplete(),
            Err(problems) => problems,
        };
        report.problems.extend(problems.into_iter().map(|problem| problem.below(&format!("/nodes/{index}"))));
    }
}

fn check_size(spec: &WorkflowSpec, report: &mut FileReport) {
    let size = serde_json::to_vec(spec).map_or(0, |text| text.len());
    if size > MAX_SPEC {
        let detail = format!("the workflow has {size} bytes and cannot be stored: the limit is {MAX_SPEC}");
        report.problems.push(Problem::new(Code::TooLarge, detail).hint("remove pinned and static data from the file"));
    }
}

fn set_foreign(node: &mut NodeSpec, key: &str, value: Value) {
    if let Some(Value::Object(foreign)) = node.foreign.get_mut("n8n") {
        foreign.insert(key.to_owned(), value);
    }
}

/// Connections that are wanted so far. Two credentials of one title stay two connections.
#[derive(Default)]
struct Connections {
    names: Unique,
    known: HashMap<(String, Option<String>, String), usize>,
    wanted: Vec<Wanted>,
}

impl Connections {
    fn want(&mut self, credential: &Credential, node: &str) -> Name {
        let key = (credential.credential_type.clone(), credential.id.clone(), credential.title.clone());
        let position = *self.known.entry(key).or_insert_with(|| {
            let title = &credential.title;
            let connection =
                self.names.name(title, &credential.credential_type).unwrap_or_else(|_| Name::from_title(title));
            let (credential_type, title) = (credential.credential_type.clone(), title.clone());
            self.wanted.push(Wanted { connection, credential_type, title, nodes: Vec::new() });
            self.wanted.len() - 1
        });
        self.wanted[position].nodes.push(node.to_owned());
        self.wanted[position].connection.clone()
    }
}

/// Gives out names that are not taken yet.
#[derive(Default)]
struct Unique {
    taken: HashSet<String>,
    next: HashMap<String, usize>,
}

impl Unique {
    /// The first of `form(1)`, `form(2)` … that is free, numbers from 2 on where `base` itself was given out before.
    fn number(&mut self, base: &str, form: impl Fn(usize) -> String) -> String {
        let next = self.next.entry(base.to_owned()).or_insert(1);
        loop {
            *next += 1;
            let candidate = form(*next);
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    }

    /// A resource name for a title, or for `instead` where no letter of the title can be in a name.
    fn name(&mut self, title: &str, instead: &str) -> Result<Name, Problem> {
        let speaks = title.chars().any(|letter| letter.is_ascii_alphanumeric());
        let stem = instead.rsplit(['/', '\\']).next().and_then(|file| file.split('.').next()).unwrap_or_default();
        let name = Name::from_title(if speaks { title } else { stem });
        if self.taken.insert(name.to_string()) {
            return Ok(name);
        }
        let text = self.number(name.as_str(), |number| format!("{name}-{number}"));
        text.parse().map_err(|error| Problem::new(Code::InvalidName, format!("{error}")))
    }
}

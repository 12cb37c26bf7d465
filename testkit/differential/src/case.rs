//! Cases: a node with its parameters and what comes to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::act::Act;
use crate::flow::{self, Flow};
use crate::hooks::Request;
use crate::servers::{self, Server};
use crate::{Place, Recorded};

/// Name of the node that a case is about.
pub const NODE: &str = "Node";

/// Name of the node that looks at its effect.
pub const AFTER: &str = "After";

/// What starts a workflow that is not live.
const MANUAL: &str = "n8n-nodes-base.manualTrigger";

/// The time that it is on both sides: 2026-03-02T09:00:00Z, in milliseconds.
pub const AT: i64 = 1_772_442_000_000;

/// Cases of one node type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaseFile {
    /// Name of the file, without its end.
    #[serde(skip)]
    pub name: String,
    /// n8n's node type.
    #[serde(rename = "type")]
    pub node_type: String,
    /// Version of the node type, where a case says none.
    #[serde(default = "one")]
    pub version: f64,
    /// Outputs of the node; absent: as many as it gives. n8n's filter gives what it drops to an output that it does not
    /// have.
    #[serde(default)]
    pub outputs: Option<usize>,
    /// The workflow that all cases send their requests to.
    #[serde(default)]
    pub flow: Option<Flow>,
    /// Servers that its nodes log in to. Each side has fresh ones, which all cases share: what a case makes there is
    /// called `$KEY` or something with it.
    #[serde(default)]
    pub servers: Vec<Server>,
    /// Nodes that come before the input of each case that says nothing else.
    #[serde(default)]
    pub before: Vec<Value>,
    /// Nodes that look at the effect of each case that says nothing else.
    #[serde(default)]
    pub after: Vec<Value>,
    /// The workflow of each case has to be live: a request starts it, or what happens outside does.
    #[serde(default)]
    pub live: bool,
    /// What happens outside waits until the triggers listen.
    #[serde(default)]
    pub listens: bool,
    /// Places of each outcome that are made of chance.
    #[serde(default)]
    pub varies: Vec<String>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// A node with its parameters and what comes to it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// What it shows; unique in the file.
    pub name: String,
    /// Version of the node type.
    #[serde(default)]
    pub version: Option<f64>,
    /// The node's parameters, as n8n writes them.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Options of the node beside its parameters, for example `onError`.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// The items of the first input: objects, or whole items with `json` and `binary`.
    #[serde(default = "one_item")]
    pub input: Vec<Value>,
    /// The items of each input, where there are several.
    #[serde(default)]
    pub inputs: Vec<Vec<Value>>,
    /// Nodes that come before the input, one after the other; each runs once. They make what the node works on.
    #[serde(default)]
    pub before: Option<Vec<Value>>,
    /// Nodes that run when the node is done, one after the other; what the last one gives is compared, too.
    #[serde(default)]
    pub after: Option<Vec<Value>>,
    /// A whole workflow in place of the one that is made of the node and its input.
    #[serde(default)]
    pub flow: Option<Flow>,
    /// Parameters of ours for what is in a credential of n8n's.
    #[serde(default)]
    pub ours: Map<String, Value>,
    /// A request to the file's workflow; what is compared is the answer.
    #[serde(default)]
    pub request: Option<Request>,
    /// What happens outside while the workflow is live; without any, a request starts it.
    #[serde(default, with = "serde_yaml_ng::with::singleton_map_recursive")]
    pub acts: Vec<Act>,
    /// How many runs there are to be.
    #[serde(default = "one_run")]
    pub runs: usize,
    /// Data tables that are there at first.
    #[serde(default)]
    pub tables: BTreeMap<String, Table>,
    /// Expressions, each of which a set node of n8n's puts into a field: `f0`, `f1` …
    #[serde(default)]
    pub expressions: Vec<String>,
    /// Workflows that it may call, by id.
    #[serde(default)]
    pub others: BTreeMap<String, Flow>,
    /// Settings of the workflow beside the order and the zone.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// Places of the outcome that are made of chance: they have to be of one kind. `*` stands for any step, and `-`
    /// before a place takes it away.
    #[serde(default)]
    pub varies: Vec<String>,
    /// Pictures are compared by what is seen on them: encoders choose their bytes freely.
    #[serde(default)]
    pub pixels: bool,
    /// Why ours is meant to differ, when it is.
    #[serde(default)]
    pub differs: Option<Differs>,
}

/// A data table that is there at first.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    /// Name and type of each column, as in `age number`; without a type, it holds text.
    columns: Vec<String>,
    /// The rows.
    #[serde(default)]
    pub rows: Vec<Map<String, Value>>,
}

/// A column as both sides take it.
#[derive(Debug, Serialize)]
pub struct Column<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
}

impl Table {
    /// Its columns.
    pub fn columns(&self) -> Vec<Column<'_>> {
        let parts = self.columns.iter().map(|text| text.split_once(' ').unwrap_or((text, "string")));
        parts.map(|(name, kind)| Column { name, kind }).collect()
    }
}

/// Why an outcome differs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Differs {
    /// Whose doing it is.
    pub cause: Cause,
    /// What differs and why.
    pub reason: String,
}

/// Whose doing a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Cause {
    /// Ours, wanted or not.
    Ours,
    /// n8n does not do what it says.
    N8n,
    /// The outcome is made of chance.
    Chance,
}

fn one() -> f64 {
    1.0
}

fn one_run() -> usize {
    1
}

fn one_item() -> Vec<Value> {
    vec![json!({})]
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// All files of cases, in the order of their names.
pub fn files() -> Result<Vec<CaseFile>> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder("cases"))?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    paths.iter().map(|path| CaseFile::read(path)).collect()
}

impl CaseFile {
    fn read(path: &Path) -> Result<CaseFile> {
        let text = std::fs::read_to_string(path)?;
        let mut file: CaseFile = serde_yaml_ng::from_str(&text).with_context(|| path.display().to_string())?;
        file.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut names: Vec<&str> = file.cases.iter().map(|case| case.name.as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        ensure!(names.len() == count, "{}: two cases have the same name", path.display());
        for case in &mut file.cases {
            case.varies.extend(file.varies.iter().cloned());
        }
        Ok(file)
    }

    /// Where n8n's answers to its cases are kept.
    pub fn recorded_path(&self) -> PathBuf {
        folder("recorded").join(format!("{}.json", self.name))
    }

    /// n8n's answers to its cases.
    pub fn recorded(&self) -> Result<Recorded> {
        let path = self.recorded_path();
        let text = std::fs::read(&path).with_context(|| {
            format!("{} is not there: `cargo xtask diff-n8n {}` asks n8n for it", path.display(), self.name)
        })?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }

    /// Whether its cases are requests to one workflow.
    pub fn is_served(&self) -> bool {
        self.flow.is_some()
    }

    /// How many cases each of n8n's node types has here.
    pub fn types(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let mut add = |kind: &str| *counts.entry(flow::whole_type(kind)).or_default() += 1;
        // Each node of a workflow that several requests go to answers at least one of them.
        let served = self.flow.iter().flat_map(|flow| flow.nodes.values());
        served
            .filter_map(|node| node["type"].as_str())
            .filter(|kind| flow::whole_type(kind) != self.node_type)
            .for_each(&mut add);
        for case in &self.cases {
            let flows = case.flow.iter().chain(case.others.values());
            let nodes = flows.flat_map(|flow| flow.nodes.values()).filter_map(|node| node["type"].as_str());
            let mut kinds: BTreeSet<&str> = nodes.collect();
            let started = case.flow.as_ref().is_none_or(|flow| !flow.nodes.contains_key("Start"));
            if !self.live && self.flow.is_none() && started {
                kinds.insert(MANUAL);
            }
            if case.flow.is_none() && case.expressions.is_empty() {
                kinds.insert(&self.node_type);
            }
            kinds.into_iter().for_each(&mut add);
        }
        counts
    }

    /// Id of a case's workflow.
    pub fn id(&self, position: usize) -> String {
        format!("{}-{position}", self.name)
    }

    /// The workflow of a case, as n8n exports them.
    pub fn workflow(&self, position: usize) -> Result<Value> {
        let case = &self.cases[position];
        let made;
        let flow = match &case.flow {
            None if case.request.is_some() => self.flow.as_ref().context("the file has no workflow for requests")?,
            None if !case.expressions.is_empty() => {
                made = around_expressions(case);
                &made
            }
            Some(flow) => flow,
            None => {
                made = self.around_node(case);
                &made
            }
        };
        let id = self.id(position);
        let mut workflow = flow.workflow(&id, &format!("{}: {}", self.name, case.name), &case.settings)?;
        servers::give_accounts(&self.servers, &mut workflow);
        let start = workflow["nodes"].as_array_mut().into_iter().flatten();
        if let Some(start) = start.into_iter().find(|node| self.live && node["type"] == MANUAL) {
            start["type"] = "n8n-nodes-base.webhook".into();
            start["typeVersion"] = 2.into();
            start["webhookId"] = id.clone().into();
            start["parameters"] = json!({ "path": id, "httpMethod": "POST", "responseMode": "onReceived" });
        }
        Ok(workflow)
    }

    /// What a case may call its own on servers that it shares with others: `$KEY`.
    pub fn key(&self, position: usize) -> String {
        let letters: String = self.name.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{}{position:03}x", letters.to_ascii_lowercase())
    }

    /// A side's place with what a case calls its own.
    pub fn place(&self, position: usize, place: &Place) -> Place {
        if self.servers.is_empty() { place.clone() } else { place.with([(self.key(position), "$KEY")]) }
    }

    /// The workflows that a case may call, as n8n exports them.
    pub fn others(&self, position: usize) -> Result<Vec<Value>> {
        let others = self.cases[position].others.iter();
        others.map(|(id, flow)| flow.workflow(id, id, &Map::new())).collect()
    }

    /// A trigger, a code node for each input that gives it its items, and the node.
    fn around_node(&self, case: &Case) -> Flow {
        let inputs = if case.inputs.is_empty() { std::slice::from_ref(&case.input) } else { &case.inputs };
        let mut flow = Flow::default();
        let mut last = "Start".to_owned();
        for (index, node) in case.before.as_ref().unwrap_or(&self.before).iter().enumerate() {
            last = flow.then(&last, format!("Before {index}"), once(node));
        }
        for (index, items) in inputs.iter().enumerate() {
            let name = flow.then(&last, format!("In {index}"), flow::items(items));
            flow.edges.push(format!("{name} > {NODE}.{index}"));
        }
        let mut node = json!({
            "type": self.node_type, "version": case.version.unwrap_or(self.version), "parameters": case.parameters,
        });
        for (option, value) in &case.options {
            node[option] = value.clone();
        }
        flow.nodes.insert(NODE.to_owned(), node);
        // Its place is below that of the node: it runs when that is done, whatever it gave.
        let after = case.after.as_ref().unwrap_or(&self.after);
        let mut last = "In 0".to_owned();
        for (index, node) in after.iter().enumerate() {
            let name = if index + 1 == after.len() { AFTER.to_owned() } else { format!("Then {index}") };
            last = flow.then(&last, name, once(node));
        }
        flow
    }
}

/// A node that runs once, and after which it goes on in any case.
fn once(node: &Value) -> Value {
    let mut node = node.clone();
    node["executeOnce"] = true.into();
    node["alwaysOutputData"] = true.into();
    node
}

/// The case's items, and a set node with its expressions.
fn around_expressions(case: &Case) -> Flow {
    let mut flow = Flow::default();
    flow.nodes.insert("In".to_owned(), flow::items(&case.input));
    flow.edges = vec!["Start > In".to_owned(), format!("In > {NODE}")];
    let field = |(index, expression): (usize, &String)| {
        let value =
            if expression.contains("{{") { format!("={expression}") } else { format!("={{{{ {expression} }}}}") };
        // Values of this type are left as they are.
        json!({ "id": format!("{index}"), "name": format!("f{index}"), "type": "any", "value": value })
    };
    let assignments: Vec<Value> = case.expressions.iter().enumerate().map(field).collect();
    let parameters = json!({ "assignments": { "assignments": assignments } });
    flow.nodes.insert(NODE.to_owned(), json!({ "type": "set", "version": 3.4, "parameters": parameters }));
    flow
}

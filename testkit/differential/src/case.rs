//! Cases: a node with its parameters and what comes to it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Recorded;

/// Name of the node that a case is about.
pub const NODE: &str = "Node";

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
    /// Why ours is meant to differ, when it is.
    #[serde(default)]
    pub differs: Option<String>,
}

fn one() -> f64 {
    1.0
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

    /// Id of a case's workflow.
    pub fn id(&self, position: usize) -> String {
        format!("{}-{position}", self.name)
    }

    /// The workflow of a case, as n8n exports them.
    pub fn workflow(&self, position: usize) -> Value {
        let case = &self.cases[position];
        let inputs = if case.inputs.is_empty() { std::slice::from_ref(&case.input) } else { &case.inputs };
        let mut nodes = vec![json!({
            "name": "Start", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {},
        })];
        let mut from_start = Vec::new();
        let mut connections = Map::new();
        for (index, items) in inputs.iter().enumerate() {
            let name = format!("In {index}");
            let code = format!("return {};", Value::from(items.iter().map(whole).collect::<Vec<_>>()));
            nodes.push(json!({
                "name": name, "type": "n8n-nodes-base.code", "typeVersion": 2, "position": [200, index * 200],
                "parameters": { "jsCode": code }, "alwaysOutputData": false,
            }));
            from_start.push(json!({ "node": name, "type": "main", "index": 0 }));
            connections.insert(name, json!({ "main": [[{ "node": NODE, "type": "main", "index": index }]] }));
        }
        connections.insert("Start".into(), json!({ "main": [from_start] }));
        let mut node = json!({
            "name": NODE, "type": self.node_type, "typeVersion": version(case.version.unwrap_or(self.version)),
            "position": [400, 0], "parameters": case.parameters,
        });
        for (option, value) in &case.options {
            node[option] = value.clone();
        }
        nodes.push(node);
        for (index, node) in nodes.iter_mut().enumerate() {
            node["id"] = json!(format!("node-{index}"));
        }
        json!({
            "id": self.id(position), "name": format!("{}: {}", self.name, case.name), "nodes": nodes,
            "connections": connections, "settings": { "executionOrder": "v1", "timezone": "UTC" },
            "active": false, "pinData": {},
        })
    }
}

/// n8n writes whole versions without a point.
fn version(version: f64) -> Value {
    if version.fract() == 0.0 { json!(version as u64) } else { json!(version) }
}

/// An object of a case as an item.
fn whole(value: &Value) -> Value {
    match value.get("json") {
        Some(json) if json.is_object() => value.clone(),
        _ => json!({ "json": value }),
    }
}

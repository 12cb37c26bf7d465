//! Workflows in few words, as cases write them.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::place;

/// A workflow in few words.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flow {
    /// The nodes by name: `type` (without the package), `version`, `parameters`, and what else a node has. A list
    /// stands for a code node that gives these items. `Start`, a manual trigger, is there unless it is named.
    #[serde(default)]
    pub nodes: Map<String, Value>,
    /// Edges: `A > B`, or with output and input `A.1 > B.0`.
    #[serde(default)]
    pub edges: Vec<String>,
}

/// A code node that gives these items.
pub fn items(items: &[Value]) -> Value {
    let items: Vec<Value> = items.iter().map(|item| with_files(whole(item))).collect();
    let code = format!("return {};", Value::from(items));
    json!({ "type": "code", "version": 2, "parameters": { "jsCode": code } })
}

/// An object of a case as an item.
fn whole(value: &Value) -> Value {
    match value.get("json") {
        Some(json) if json.is_object() => value.clone(),
        _ => json!({ "json": value }),
    }
}

/// An item whose files are named (`data: "@picture.png"`) with the files themselves.
fn with_files(mut item: Value) -> Value {
    for (_, file) in item.get_mut("binary").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(name) = file.as_str().and_then(|text| text.strip_prefix('@')).map(str::to_owned) else { continue };
        // A file that is missing fails the case.
        let content = std::fs::read(place::fixtures().join(&name)).unwrap_or_default();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        *file = json!({
            "data": BASE64_STANDARD.encode(content), "mimeType": mime_of(extension), "fileName": name,
            "fileExtension": extension,
        });
    }
    item
}

pub(crate) fn mime_of(extension: &str) -> &'static str {
    match extension {
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "csv" => "text/csv",
        "txt" => "text/plain",
        "json" => "application/json",
        "html" => "text/html",
        "xml" => "application/xml",
        "ics" => "text/calendar",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        "rtf" => "application/rtf",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}

impl Flow {
    /// Adds a node after another, and says how it is called.
    pub(crate) fn then(&mut self, before: &str, name: String, node: Value) -> String {
        self.edges.push(format!("{before} > {name}"));
        self.nodes.insert(name.clone(), node);
        name
    }

    /// As n8n exports it.
    pub fn workflow(&self, id: &str, title: &str, settings: &Map<String, Value>) -> Result<Value> {
        let mut nodes = Vec::new();
        if !self.nodes.contains_key("Start") {
            nodes.push(node("Start", &json!({ "type": "manualTrigger" }))?);
        }
        for (name, short) in &self.nodes {
            nodes.push(node(name, short).with_context(|| format!("node `{name}`"))?);
        }
        for (index, node) in nodes.iter_mut().enumerate() {
            let column = node["name"].as_str().unwrap_or_default().len() % 7;
            node["id"] = json!(format!("node-{index}"));
            // Places decide the order of branches: each is below the one before it.
            node["position"] = json!([200 * column, 100 * index]);
        }
        let mut all = json!({ "executionOrder": "v1", "timezone": "UTC" });
        for (setting, value) in settings {
            all[setting] = value.clone();
        }
        Ok(json!({
            "id": id, "name": title, "nodes": nodes, "connections": self.connections(&nodes)?, "settings": all,
            "active": false, "pinData": {},
        }))
    }

    fn connections(&self, nodes: &[Value]) -> Result<Value> {
        let known = |name: &str| nodes.iter().any(|node| node["name"] == name);
        let mut connections = Map::new();
        for edge in &self.edges {
            let (from, to) = edge.split_once(" > ").with_context(|| format!("`{edge}` is no edge: `A > B`"))?;
            let ((from, output), (to, input)) = (port(from), port(to));
            ensure!(known(from) && known(to), "`{edge}` leads from or to a node that is not there");
            let outputs = connections.entry(from).or_insert_with(|| json!({ "main": [] }));
            let outputs = outputs["main"].as_array_mut().context("edges of a node are a list")?;
            while outputs.len() <= output {
                outputs.push(json!([]));
            }
            if let Some(edges) = outputs[output].as_array_mut() {
                edges.push(json!({ "node": to, "type": "main", "index": input }));
            }
        }
        Ok(connections.into())
    }
}

/// A node's name and the number of its port.
fn port(text: &str) -> (&str, usize) {
    let split = text.trim().rsplit_once('.').and_then(|(name, port)| Some((name, port.parse().ok()?)));
    split.unwrap_or((text.trim(), 0))
}

/// A node type with its package.
pub(crate) fn whole_type(kind: &str) -> String {
    if kind.contains('.') { kind.to_owned() } else { format!("n8n-nodes-base.{kind}") }
}

/// A node as n8n exports it.
fn node(name: &str, short: &Value) -> Result<Value> {
    let made;
    let short = match short.as_array() {
        Some(list) => {
            made = items(list);
            &made
        }
        None => short,
    };
    let mut node = short.as_object().context("a node is an object or a list of items")?.clone();
    let kind = node.remove("type").context("a node has a type")?;
    let kind = kind.as_str().context("the type is a text")?;
    let kind = whole_type(kind);
    let version = node.remove("version").and_then(|version| version.as_f64()).unwrap_or(1.0);
    // n8n writes whole versions without a point.
    let version = if version.fract() == 0.0 { json!(version as u64) } else { json!(version) };
    let parameters = node.remove("parameters").unwrap_or_else(|| json!({}));
    let mut whole = json!({ "name": name, "type": kind, "typeVersion": version, "parameters": parameters });
    for (option, value) in node {
        whole[option] = value;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_words_become_what_n8n_exports() {
        let flow: Flow = serde_json::from_value(json!({
            "nodes": { "In": [{ "a": 1 }], "Node": { "type": "if", "version": 2.2, "onError": "stopWorkflow" } },
            "edges": ["Start > In", "In > Node", "Node.1 > In"],
        }))
        .unwrap();
        let whole = flow.workflow("x", "X", &Map::new()).unwrap();
        let names: Vec<&str> =
            whole["nodes"].as_array().unwrap().iter().filter_map(|node| node["name"].as_str()).collect();
        assert_eq!(names, ["Start", "In", "Node"]);
        assert_eq!(whole["nodes"][1]["parameters"]["jsCode"], r#"return [{"json":{"a":1}}];"#);
        assert_eq!(
            (&whole["nodes"][2]["typeVersion"], &whole["nodes"][2]["onError"]),
            (&json!(2.2), &json!("stopWorkflow"))
        );
        assert_eq!(whole["connections"]["Node"]["main"], json!([[], [{ "node": "In", "type": "main", "index": 0 }]]));
        let wrong = Flow { edges: vec!["Start > Gone".into()], ..flow };
        assert!(wrong.workflow("x", "X", &Map::new()).is_err());
    }
}

//! What n8n offers beside data: `$input`, `$('name')`, `$node`, items and files.

use std::collections::BTreeMap;

use super::data::{Data, ItemList, NodeData, NodeLookup};
use super::value::{Eval, Stop, Text, Val, fail};
use crate::{Binary, Item, Map, Value};

/// A borrowed view that answers property reads.
#[derive(Clone)]
pub(super) enum Host<'a> {
    Input,
    /// `$node`, seen from the item at a position.
    NodeMap(usize),
    /// `$item(index)`.
    Scope(usize),
    /// `$('name')`; no data when it has not run.
    Node(Text<'a>, Option<&'a dyn NodeData>),
    /// `$node["name"]`, seen from the item at a position; no data when it has not run.
    NodeAt(Text<'a>, Option<&'a dyn NodeData>, usize),
    Items(&'a dyn ItemList),
    Item(&'a Item),
    /// The files of an item, as `$binary` shows them.
    Files(Option<&'a BTreeMap<String, Binary>>),
    File(&'a Binary),
    Vars,
    Env,
    Execution,
    Workflow,
    PrevNode,
    Parameter(&'a Map),
}

impl<'a> Host<'a> {
    /// Reads a property.
    pub fn get(&self, key: &str, data: &'a dyn Data) -> Eval<Val<'a>> {
        let meta = data.meta();
        Ok(match self {
            Host::Input => return input(key, data),
            Host::NodeMap(index) => match data.node(key) {
                NodeLookup::Unknown => return fail("Referenced node doesn't exist"),
                NodeLookup::Unavailable => return Err(Stop::JavaScript),
                NodeLookup::NotExecuted => Val::Host(Host::NodeAt(shared(key), None, *index)),
                NodeLookup::Node(node) => Val::Host(Host::NodeAt(shared(key), Some(node), *index)),
            },
            Host::Scope(index) => match key {
                "$node" => Val::Host(Host::NodeMap(*index)),
                "$json" => input_item(*index, data)?.map_or(Val::Undefined, |item| Val::Map(&item.json)),
                "$itemIndex" => Val::from(*index),
                _ => return Err(Stop::JavaScript),
            },
            Host::Node(name, node) => return read_node(name, *node, key),
            Host::NodeAt(name, node, index) => return read_node_at(name, *node, *index, key),
            Host::Items(items) => match key {
                "length" => Val::from(items.len()),
                _ => match super::value::array_index(key) {
                    Some(index) => items.get(index as usize).map_or(Val::Undefined, |item| Val::Host(Host::Item(item))),
                    None if super::builtin::is_inherited(key) => return Err(Stop::JavaScript),
                    None => Val::Undefined,
                },
            },
            Host::Item(item) => match key {
                "json" => Val::Map(&item.json),
                "binary" => match &item.binary {
                    Some(files) => Val::Host(Host::Files(Some(files))),
                    None => Val::Undefined,
                },
                // Lineage and errors are not kept in the item.
                _ => return Err(Stop::JavaScript),
            },
            Host::Files(files) => match files.and_then(|files| files.get(key)) {
                Some(file) => Val::Host(Host::File(file)),
                None if super::builtin::is_inherited(key) => return Err(Stop::JavaScript),
                None => Val::Undefined,
            },
            Host::File(file) => match key {
                "mimeType" => Val::from(file.mime_type.as_str()),
                "fileName" => optional(file.file_name.as_deref()),
                "fileExtension" => optional(file.file_extension.as_deref()),
                "directory" => optional(file.directory.as_deref()),
                _ => return Err(Stop::JavaScript),
            },
            Host::Vars => data.var(key).map_or(Val::Undefined, Val::from),
            Host::Env => optional(data.env(key)),
            Host::Execution => match (key, &meta.execution.resume_url) {
                ("id", _) => Val::from(meta.execution.id.as_str()),
                ("mode", _) if meta.execution.mode == "manual" => Val::from("test"),
                ("mode", _) => Val::from("production"),
                ("resumeUrl" | "resumeFormUrl", Some(address)) => Val::from(address.as_str()),
                _ => return Err(Stop::JavaScript),
            },
            Host::Workflow => match key {
                "id" => Val::from(meta.workflow.id.as_str()),
                "name" => Val::from(meta.workflow.name.as_str()),
                "active" => Val::from(meta.workflow.active),
                _ => return Err(Stop::JavaScript),
            },
            Host::PrevNode => match (&meta.prev_node, key) {
                (None, _) => Val::Undefined,
                (Some(node), "name") => Val::from(node.name.as_str()),
                (Some(node), "outputIndex") => Val::from(node.output_index),
                (Some(node), "runIndex") => Val::from(node.run_index),
                _ => return Err(Stop::JavaScript),
            },
            Host::Parameter(params) => return parameter(params, key),
        })
    }

    /// Calls a method. `None` when there is none of that name.
    pub fn call(&self, name: &str, arguments: &[Val<'a>], data: &'a dyn Data) -> Eval<Option<Val<'a>>> {
        let items = match self {
            Host::Input => {
                require_input(data)?;
                if matches!(name, "first" | "last") && !arguments.is_empty() {
                    return fail(format!("$input.{name}() should have no arguments"));
                }
                data.input()
            }
            Host::Node(node_name, node) => {
                let Some(node) = node else { return fail(not_executed(node_name)) };
                match name {
                    "pairedItem" if arguments.is_empty() => return Ok(Some(paired(*node)?)),
                    "first" | "last" | "all" if arguments.is_empty() => node.items(),
                    _ => return Err(Stop::JavaScript),
                }
            }
            Host::Items(items) => Some(*items),
            _ => return Ok(None),
        };
        let Some(items) = items else { return Err(Stop::JavaScript) };
        let one = |item: Option<&'a Item>| item.map_or(Val::Undefined, |item| Val::Host(Host::Item(item)));
        Ok(Some(match (name, self) {
            ("first", _) => one(items.get(0)),
            ("last", _) => one(items.len().checked_sub(1).and_then(|last| items.get(last))),
            ("all", Host::Input | Host::Node(..)) => Val::Host(Host::Items(items)),
            _ => return Ok(None),
        }))
    }

    /// As a plain list, when it is one.
    pub fn as_list(&self) -> Option<Vec<Val<'a>>> {
        match self {
            Host::Items(items) => {
                Some((0..items.len()).filter_map(|at| items.get(at)).map(|item| Val::Host(Host::Item(item))).collect())
            }
            _ => None,
        }
    }

    /// The value that leaves the expression.
    pub fn into_json(self) -> Eval<Option<Value>> {
        match self {
            Host::Files(None) => Ok(Some(Value::Object(Map::new()))),
            _ => Err(Stop::JavaScript),
        }
    }
}

/// `$('name')`.
pub(super) fn node<'a>(name: &Text<'a>, data: &'a dyn Data) -> Eval<Val<'a>> {
    match data.node(name) {
        NodeLookup::Unknown => fail("Referenced node doesn't exist"),
        NodeLookup::Unavailable => Err(Stop::JavaScript),
        NodeLookup::NotExecuted => Ok(Val::Host(Host::Node(name.clone(), None))),
        NodeLookup::Node(node) => Ok(Val::Host(Host::Node(name.clone(), Some(node)))),
    }
}

/// `$items('name')`.
pub(super) fn node_items<'a>(name: &str, data: &'a dyn Data) -> Eval<Val<'a>> {
    match data.node(name) {
        NodeLookup::Unknown => fail("Referenced node doesn't exist"),
        NodeLookup::Unavailable => Err(Stop::JavaScript),
        NodeLookup::NotExecuted => fail(not_executed(name)),
        NodeLookup::Node(node) => match node.items() {
            Some(items) => Ok(Val::Host(Host::Items(items))),
            None => Err(Stop::JavaScript),
        },
    }
}

fn shared<'a>(text: &str) -> Text<'a> {
    Text::Shared(text.into())
}

fn optional<'a>(text: Option<&'a str>) -> Val<'a> {
    text.map_or(Val::Undefined, Val::from)
}

fn not_executed(name: &str) -> String {
    format!("Node '{name}' hasn't been executed")
}

fn require_input(data: &dyn Data) -> Eval<()> {
    let is_empty = match data.input() {
        Some(items) => items.is_empty(),
        None => data.item().is_none(),
    };
    if is_empty { fail("No execution data available") } else { Ok(()) }
}

fn input<'a>(key: &str, data: &'a dyn Data) -> Eval<Val<'a>> {
    require_input(data)?;
    match key {
        "item" => Ok(data.item().map_or(Val::Undefined, |item| Val::Host(Host::Item(item)))),
        _ => Err(Stop::JavaScript),
    }
}

fn input_item(index: usize, data: &dyn Data) -> Eval<Option<&Item>> {
    data.input().map(|items| items.get(index)).ok_or(Stop::JavaScript)
}

fn paired<'a>(node: &'a dyn NodeData) -> Eval<Val<'a>> {
    match node.paired() {
        Ok(Some(item)) => Ok(Val::Host(Host::Item(item))),
        Ok(None) => Ok(Val::Undefined),
        Err(message) => fail(message),
    }
}

fn read_node<'a>(name: &str, node: Option<&'a dyn NodeData>, key: &str) -> Eval<Val<'a>> {
    match (key, node) {
        ("isExecuted", node) => Ok(Val::from(node.is_some())),
        ("item", Some(node)) => paired(node),
        ("item" | "first" | "last" | "all" | "pairedItem" | "itemMatching", None) => fail(not_executed(name)),
        ("params", Some(node)) => node.params().map(Val::Map).ok_or(Stop::JavaScript),
        ("params" | "context" | "first" | "last" | "all" | "pairedItem" | "itemMatching", _) => Err(Stop::JavaScript),
        _ => Ok(Val::Undefined),
    }
}

fn read_node_at<'a>(name: &str, node: Option<&'a dyn NodeData>, index: usize, key: &str) -> Eval<Val<'a>> {
    match (key, node) {
        ("json" | "data" | "binary", Some(node)) => {
            let items = node.items().ok_or(Stop::JavaScript)?;
            if items.is_empty() {
                return fail(not_executed(name));
            }
            let Some(item) = items.get(index) else {
                let count = items.len();
                return fail(format!("\"{name}\" node has {count} item(s) but you're trying to access item {index}"));
            };
            Ok(if key == "binary" { Val::Host(Host::Files(item.binary.as_deref())) } else { Val::Map(&item.json) })
        }
        ("json" | "data" | "binary", None) => fail(not_executed(name)),
        ("runIndex", None) => Ok(Val::Number(-1.0)),
        ("runIndex", Some(node)) => Ok(Val::from(node.run_index())),
        ("parameter", Some(node)) => {
            node.params().map(|params| Val::Host(Host::Parameter(params))).ok_or(Stop::JavaScript)
        }
        ("parameter" | "context", _) => Err(Stop::JavaScript),
        _ => Ok(Val::Undefined),
    }
}

/// A parameter. One that holds an expression somewhere is left to the sandbox, which can evaluate it.
fn parameter<'a>(params: &'a Map, key: &str) -> Eval<Val<'a>> {
    match params.get(key) {
        None => Ok(Val::Undefined),
        Some(Value::Object(fields)) if fields.contains_key("__rl") => match fields.get("value") {
            Some(value) if is_plain(value) && !fields.contains_key("__regex") => Ok(Val::from(value)),
            _ => Err(Stop::JavaScript),
        },
        Some(value) if is_plain(value) => Ok(Val::from(value)),
        Some(_) => Err(Stop::JavaScript),
    }
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.starts_with('='),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(map) => map.values().all(is_plain),
        _ => true,
    }
}

//! Journals of every released format are read for ever, and come to the same state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::event::Event;
use engine::graph::Graph;
use engine::journal;
use engine::machine::Machine;
use model::{Value, WorkflowSpec};
use part::{Ports, Required};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

/// The golden journals: (name, text).
fn journals() -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let mut journals: Vec<(String, Vec<u8>)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    journals.sort();
    journals
}

fn decode(text: &[u8]) -> Vec<Event> {
    let count = text.iter().filter(|byte| **byte == b'\n').count() as u32;
    journal::decode(&text.to_vec().into(), count).unwrap()
}

/// The graph of a golden workflow. Its nodes tell their ports in their parameters, since no node type may change them.
fn graph(name: &str) -> Graph {
    let text = std::fs::read(folder().join(format!("{name}.workflow.json"))).unwrap();
    let spec: WorkflowSpec = serde_json::from_slice(&text).unwrap();
    let ports = spec.nodes.iter().map(|node| Ports {
        inputs: node.params["inputs"].as_u64().unwrap() as u16,
        outputs: node.params["outputs"].as_u64().unwrap() as u16,
        required: match node.params.get("required") {
            None => Required::Any,
            Some(Value::Array(inputs)) => {
                Required::These(inputs.iter().map(|input| input.as_u64().unwrap() as u16).collect())
            }
            Some(_) => Required::All,
        },
        attachments: &[],
        attached_as: node.params.contains_key("tool").then_some("tool"),
    });
    let ports: Vec<Ports> = ports.collect();
    Graph::build(&spec, &ports).unwrap()
}

#[test]
fn golden_journals_come_to_their_states() {
    let journals = journals();
    assert!(!journals.is_empty());
    for (name, text) in journals {
        let events = decode(&text);
        let graph = Arc::new(graph(&name));
        let mut machine = Machine::new(graph.clone());
        for (position, event) in events.iter().enumerate() {
            machine.apply(event);
            // A snapshot at any place goes on as the machine would.
            let snapshot = serde_json::from_value(serde_json::to_value(machine.state()).unwrap()).unwrap();
            let mut restored = Machine::restore(graph.clone(), snapshot);
            events[position + 1..].iter().for_each(|event| restored.apply(event));
            let whole = events[position + 1..].iter().fold(machine.clone(), |mut whole, event| {
                whole.apply(event);
                whole
            });
            assert_eq!(restored.state(), whole.state(), "{name}, record {position}");
        }
        let found = serde_json::to_value(machine.state()).unwrap();
        let path = folder().join(format!("{name}.state.json"));
        if !path.exists() && std::env::var_os("FISHPLATE_GOLDEN").is_some() {
            std::fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        }
        let wanted: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        // A state may gain fields that old journals leave at their default; what was there stays as it was.
        let (found, wanted) = (found.as_object().unwrap(), wanted.as_object().unwrap());
        for (field, value) in wanted {
            assert_eq!(found.get(field), Some(value), "{name}: `{field}`");
        }
    }
}

#[test]
fn golden_journals_are_written_as_they_were_read() {
    for (name, text) in journals() {
        let mut again = Vec::new();
        decode(&text).iter().for_each(|event| journal::encode(event, &mut again));
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&text), "{name}");
    }
}

/// Every shape that a record can have occurs: forgetting one is red.
#[test]
fn golden_journals_hold_every_variant() {
    let text: String = journals().iter().map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect();
    let source = include_str!("../../src/event.rs");
    let body = source.split("pub enum Event {").nth(1).and_then(|rest| rest.split("\n}\n").next()).unwrap();
    let names = body.split("#[serde(rename = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let names: Vec<&str> = names.filter(|name| name.contains('.')).collect();
    assert!(names.len() >= 27, "the names of records are no longer found in the source");
    let shapes = [
        r#""m":"front""#,
        r#""m":"back""#,
        r#""m":"wait""#,
        r#""m":"close""#,
        r#"{"items":"#,
        r#"{"select":"#,
        r#"{"held":"#,
        r#""nothing""#,
        r#"{"add":"#,
        r#"{"drop":"#,
        r#"["fallback","#,
        r#"["continue","#,
        r#"["errorBranch","#,
        r#"{"done":"#,
        r#"{"failed":"#,
        r#"{"unknown":"#,
        r#""as":"retry""#,
        r#""as":"done""#,
        r#""as":"failed""#,
        r#""on":"timer""#,
        r#""on":"signal""#,
        r#""on":"children""#,
        r#""by":"timer""#,
        r#""by":"signal""#,
        r#""by":"timedOut""#,
        r#""by":"children""#,
        r#""$chunk":"#,
        r#""$pick":"#,
        r#""k":"?""#,
    ];
    let records = names.iter().map(|name| format!("\"e\":\"{name}\""));
    let missing: Vec<String> = records.chain(shapes.map(str::to_owned)).filter(|shape| !text.contains(shape)).collect();
    assert!(missing.is_empty(), "no golden journal holds {}", missing.join(", "));
}

//! Expressions of real workflows: every one is read, and most are native.

use std::path::PathBuf;

use model::Value;
use model::expr::{Engine, EvalError, Template};
use serde_json::json;

use crate::world::World;

/// The smallest share of native expressions that is accepted. Measured: see `share_of_native_expressions`.
const NATIVE_FLOOR: f64 = 0.85;

fn corpus() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/n8n/dev");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("the corpus of workflows is not here: {}", folder.display());
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).expect("the file can be read");
            let value: Value = serde_json::from_str(&text).expect("the file is JSON");
            workflows(&value, &mut found);
        }
    }
    found
}

/// Finds the nodes at any depth, since exports wrap workflows in many ways.
fn workflows(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| workflows(value, found)),
        Value::Object(map) => match map.get("nodes") {
            Some(Value::Array(nodes)) => nodes.iter().for_each(|node| strings(&node["parameters"], found)),
            _ => map.values().for_each(|value| workflows(value, found)),
        },
        _ => {}
    }
}

fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.starts_with('=') && text.contains("{{") => found.push(text[1..].to_owned()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(map) => map.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

#[test]
fn share_of_native_expressions() {
    let corpus = corpus();
    let (mut native, mut refused) = (0usize, Vec::new());
    let mut others = std::collections::BTreeMap::<&str, usize>::new();
    for text in &corpus {
        match Template::parse(text) {
            Ok(template) if template.engine() == Engine::JavaScript => *others.entry(text).or_default() += 1,
            Ok(_) => native += 1,
            Err(error) => refused.push(format!("{error} at {}: {text}", error.offset)),
        }
    }
    if corpus.is_empty() {
        return;
    }
    let share = native as f64 / corpus.len() as f64;
    println!("{native} of {} expressions are native: {:.1} %", corpus.len(), share * 100.0);
    others.iter().for_each(|(text, count)| println!("JavaScript {count}: {}", text.escape_debug()));
    refused.iter().for_each(|line| println!("refused: {line}"));
    assert!(share >= NATIVE_FLOOR, "only {:.1} % are native", share * 100.0);
}

#[test]
fn real_expressions_end_in_an_answer_on_poor_data() {
    // Hardly any path exists in this item, so this walks the ways in which expressions meet nothing.
    let world = World::new(json!({ "body": { "text": "x" }, "id": 7, "name": "Ada Lovelace", "list": [1, 2] }));
    let mut answered = 0usize;
    for text in corpus() {
        let Ok(template) = Template::parse(&text) else { continue };
        match template.eval(&world) {
            Ok(_) | Err(EvalError::Failed { .. }) => answered += 1,
            Err(EvalError::NeedsJavaScript) => {}
        }
    }
    println!("{answered} answered natively");
}

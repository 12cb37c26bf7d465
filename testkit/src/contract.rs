//! The rules of a node type, checked for each of them by one call.

use model::{Map, NodeSpec, Value};
use part::n8n::{Node, Version};
use part::{Group, NodeType};

use crate::step::Bench;

/// Checks a type without running it: descriptor, schema, and both directions of its n8n mappings.
///
/// # Panics
/// When a rule is broken.
pub fn check(node_type: &dyn NodeType) {
    let descriptor = node_type.descriptor();
    let id = descriptor.id;
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
    assert!(id.contains('.') && plain(id), "`{id}` should read like `core.set`");
    assert!(descriptor.version >= 1, "{id}: versions count from 1");
    assert!(!descriptor.title.is_empty() && !descriptor.summary.is_empty(), "{id}: title and summary are shown");
    assert!(!descriptor.summary.contains('\n'), "{id}: the summary is one sentence");
    schema(id, &Value::from(node_type.schema()));
    if descriptor.group != Group::Note {
        prepared(node_type, Map::new());
    }
    for mapping in node_type.n8n() {
        for version in mapping.versions {
            let bare = Node {
                name: "Node".into(),
                node_type: mapping.node_type.into(),
                version: *version,
                parameters: Map::new(),
                credentials: Map::new(),
                webhook_id: None,
            };
            // One operation of several is told by the parameters.
            if node_type.fits(&bare).is_some() {
                round_trip(node_type, &bare);
            }
        }
    }
}

/// Checks that what n8n's node became survives the way out and in again.
///
/// # Panics
/// When it does not.
pub fn round_trip(node_type: &dyn NodeType, node: &Node) {
    let place = format!("{} for {} {}", node_type.descriptor().id, node.node_type, node.version);
    let lift = |node: &Node| node_type.lift(node).unwrap_or_else(|problem| panic!("{place}: {problem}")).params;
    let to = Version { node_type: node.node_type.clone(), version: node.version };
    let lower = |params: &Map| {
        let spec = NodeSpec {
            name: node.name.clone(),
            node_type: node_type.descriptor().id.into(),
            params: params.clone(),
            ..NodeSpec::default()
        };
        node_type.lower(&spec, &to)
    };
    let once = lift(node);
    let lowered = lower(&once);
    let twice = lift(&Node { parameters: lowered.clone(), ..node.clone() });
    assert_eq!(Value::Object(once), Value::Object(twice.clone()), "{place}: the way out and in changes nothing");
    assert_eq!(lowered, lower(&twice), "{place}: lowering twice gives the same");
}

/// Runs the node twice with one seed and clock: the same must come out, and no more effect than was declared.
///
/// # Panics
/// When the parameters are refused, the step fails, or a rule is broken.
pub fn runs(node_type: &dyn NodeType, params: Value, inputs: &[Value]) {
    let id = node_type.descriptor().id;
    let run = || {
        let mut bench = Bench::new(node_type, params.clone()).unwrap_or_else(|problem| panic!("{id}: {problem}"));
        let ran = bench.run(inputs).unwrap_or_else(|error| panic!("{id}: {error}"));
        (ran, bench)
    };
    let (first, bench) = run();
    let (second, _) = run();
    if first.suspended().is_some() {
        assert_eq!(first.suspended(), second.suspended(), "{id}: one seed, one outcome");
        return;
    }
    assert_eq!(first.json(), second.json(), "{id}: one seed, one outcome");
    let ports = bench.node().ports();
    assert_eq!(first.outputs().len(), ports.outputs as usize, "{id}: as many outputs as ports");
    let effect = bench.node().effect();
    assert!(effect <= node_type.descriptor().effect, "{id}: its effect is above its descriptor's");
    let calls = !bench.host().made().is_empty();
    assert!(!calls || effect > part::Effect::Local, "{id}: it makes calls and says that it makes none");
}

/// Runs a step again whose outcomes a crash has lost: every call must be made again under its old key.
///
/// # Panics
/// When a key changes.
pub fn repeats_under_one_key(bench: &Bench, inputs: &[Value]) {
    let attempt = || bench.attempt(inputs.iter().map(crate::step::items).collect(), None);
    attempt().expect("the step succeeds");
    let first = bench.host().made();
    bench.host().lose_outcomes();
    attempt().expect("the step succeeds again");
    let again = bench.host().made().split_off(first.len());
    let keys = |made: &[crate::step::Made]| -> Vec<String> {
        made.iter().map(|made| made.ticket.idempotency_key.clone()).collect()
    };
    assert_eq!(keys(&first), keys(&again), "a lost outcome keeps the call's key");
    assert!(again.iter().all(|made| made.ticket.repeated), "a call that is made again knows it");
    let requests =
        |made: &[crate::step::Made]| -> Vec<Value> { made.iter().map(|made| made.spec.request.clone()).collect() };
    assert_eq!(requests(&first), requests(&again), "a call that is made again asks for the same");
}

fn prepared(node_type: &dyn NodeType, params: Map) {
    let id = node_type.descriptor().id;
    let spec = NodeSpec { name: "Node".into(), node_type: id.into(), params, ..NodeSpec::default() };
    match node_type.prepare(&spec) {
        Ok(node) => {
            assert!(node.effect() <= node_type.descriptor().effect, "{id}: its effect is above its descriptor's")
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "{id}: a refusal names its problems");
            for problem in problems {
                let pointer = problem.pointer.as_deref().unwrap_or_default();
                assert!(pointer.is_empty() || pointer.starts_with('/'), "{id}: `{pointer}` is no JSON pointer");
            }
        }
    }
}

fn schema(id: &str, schema: &Value) {
    assert_eq!(schema["type"], "object", "{id}: parameters are an object");
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    for (name, property) in &properties {
        let camel = name.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(camel && name.starts_with(|c: char| c.is_ascii_lowercase()), "{id}: `{name}` should be camelCase");
        let described = property.get("description").is_some() || property.get("$ref").is_some();
        assert!(described, "{id}: `{name}` has no description");
    }
    assert_eq!(schema["additionalProperties"], false, "{id}: unknown parameters are refused");
    assert_eq!(part::hints::faults(schema), Vec::<String>::new(), "{id}: hints for the form (`part::hints`)");
}

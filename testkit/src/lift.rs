//! Lifts and lowers of a node type, held against n8n's parameters.

use model::{Map, Value};
use part::NodeType;
use part::n8n::{Node, Version};

/// A node as n8n would write it.
pub fn node(node_type: &str, version: f64, parameters: Value) -> Node {
    Node {
        name: "N".into(),
        node_type: node_type.into(),
        version,
        parameters: parameters.as_object().cloned().unwrap_or_default(),
        credentials: Map::new(),
        webhook_id: None,
    }
}

/// Lifts, prepares and lowers: the parameters come back as they were.
#[track_caller]
pub fn check_round_trip(node_type: &dyn NodeType, version: f64, parameters: Value) {
    let name = node_type.n8n()[0].node_type;
    let lifted = node_type.lift(&node(name, version, parameters.clone())).unwrap();
    let spec = model::NodeSpec { name: "N".into(), params: lifted.params, ..model::NodeSpec::default() };
    if let Err(problems) = node_type.prepare(&spec) {
        panic!("{parameters} became {:?}, which is refused: {problems:?}", spec.params);
    }
    let lowered = node_type.lower(&spec, &Version { node_type: name.into(), version });
    assert_eq!(Value::Object(lowered), parameters, "by way of {:?}", Value::Object(spec.params));
}

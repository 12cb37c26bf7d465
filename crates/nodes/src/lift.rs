//! What all lifts from n8n share.

use model::{Code, Map, Problem, Value};
use part::n8n::{Lifted, Node};
pub use part::n8n::{Names, named, put, renamed};

/// A parameter that is kept and shown, but not honoured.
pub fn not_honoured(lifted: &mut Lifted, parameter: &str, why: impl std::fmt::Display) {
    let problem = Problem::new(Code::LossyImport, format!("`{parameter}` {why}"));
    lifted.problems.push(problem.at(format!("/parameters/{}", parameter.replace('.', "/"))));
}

/// Copies a parameter under another name, when it is there.
pub fn copy(node: &Node, from: &str, map: &mut Map, to: &str) {
    put(map, to, node.param(from).clone());
}

/// The text of a resource locator (`{__rl, mode, value}`), or the value itself.
pub fn locator(value: &Value) -> &Value {
    match value.get("value") {
        Some(inner) if value.get("__rl").is_some() || value.get("mode").is_some() => inner,
        _ => value,
    }
}

/// Whether a value is an expression.
pub fn is_expression(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('='))
}

/// The parts of a list that people write with commas.
pub fn by_comma(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
pub(crate) use checks::{check_round_trip, node};

#[cfg(test)]
mod checks {
    use super::*;
    use part::NodeType;
    use part::n8n::Version;

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
}

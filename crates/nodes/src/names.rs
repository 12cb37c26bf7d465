//! Names of parameters, ours and n8n's: one table serves both directions.

use model::workflow::NodeSpec;
use model::{Map, Value};
use part::n8n::Node;

/// Pairs of our parameter and the place of n8n's, a path of dots. A place that n8n leaves out holds its default.
pub type Names = &'static [(&'static str, &'static str)];

/// Our parameters for those that an n8n node has.
pub fn lift(node: &Node, names: Names) -> Map {
    let known = names.iter().map(|(ours, theirs)| (*ours, node.param(theirs)));
    known.filter(|(_, value)| !value.is_null()).map(|(ours, value)| (ours.to_owned(), value.clone())).collect()
}

/// n8n's parameters for ours.
pub fn lower(node: &NodeSpec, names: Names) -> Map {
    let mut map = Map::new();
    for (ours, theirs) in names {
        if let Some(value) = node.params.get(*ours) {
            put(&mut map, theirs, value.clone());
        }
    }
    map
}

/// Sets a value at a path of dots; objects on the way are made.
pub fn put(map: &mut Map, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(map.insert(path.to_owned(), value)),
        Some((step, rest)) => {
            let inner = map.entry(step).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

//! What a node type knows about n8n: which of its types and versions it stands for, and both directions between
//! the parameters. The importer and exporter in `engine` do the rest.

use std::collections::BTreeMap;

use model::workflow::NodeSpec;
use model::{Code, Map, Problem, Value};

/// An n8n type that a node type of ours stands for.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// For example `n8n-nodes-base.set`.
    pub node_type: &'static str,
    /// Its versions that are understood. Exports use the last one unless the node came from another.
    pub versions: &'static [f64],
}

/// A type and version of n8n.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// For example `n8n-nodes-base.set`.
    pub node_type: String,
    /// For example 3.4.
    pub version: f64,
}

/// A node as n8n writes it.
#[derive(Clone, Debug)]
pub struct Node {
    /// Name.
    pub name: String,
    /// For example `n8n-nodes-base.set`.
    pub node_type: String,
    /// For example 3.4; 1 where the file has none.
    pub version: f64,
    /// As stored; fields that hold their default are absent.
    pub parameters: Map,
    /// Credential types and what they name.
    pub credentials: Map,
    /// `webhookId`, which is the path of a webhook without one.
    pub webhook_id: Option<String>,
}

impl Node {
    /// A parameter by a path of dots (`options.timeout`), `null` when absent.
    pub fn param(&self, path: &str) -> &Value {
        static NULL: Value = Value::Null;
        let mut steps = path.split('.');
        let Some(mut value) = steps.next().and_then(|step| self.parameters.get(step)) else { return &NULL };
        for step in steps {
            match value.get(step) {
                Some(next) => value = next,
                None => return &NULL,
            }
        }
        value
    }

    /// A text parameter, or the default.
    pub fn text<'a>(&'a self, path: &str, default: &'a str) -> &'a str {
        self.param(path).as_str().unwrap_or(default)
    }

    /// A boolean parameter, or the default. Expressions count as the default.
    pub fn flag(&self, path: &str, default: bool) -> bool {
        self.param(path).as_bool().unwrap_or(default)
    }

    /// A parameter as it is, or the default: numbers, texts and expressions alike.
    pub fn value(&self, path: &str, default: impl Into<Value>) -> Value {
        match self.param(path) {
            Value::Null => default.into(),
            value => value.clone(),
        }
    }
}

/// What an n8n node became.
#[derive(Clone, Debug, Default)]
pub struct Lifted {
    /// Our parameters.
    pub params: Map,
    /// Credential type of n8n → connection slot of ours.
    pub slots: BTreeMap<String, String>,
    /// What cannot be honoured; shown in the import report.
    pub problems: Vec<Problem>,
}

impl Lifted {
    /// Parameters that are the same in both.
    pub fn plain(params: Map) -> Self {
        Lifted { params, ..Lifted::default() }
    }
}

/// Pairs of a parameter of ours and the place of n8n's, a path of dots: one table serves both directions. What n8n
/// leaves out holds its default, and so does what we leave out.
pub type Names = &'static [(&'static str, &'static str)];

/// Our parameters for those that an n8n node has.
pub fn named(node: &Node, names: Names) -> Map {
    let mut map = Map::new();
    for (ours, theirs) in names {
        put(&mut map, ours, node.param(theirs).clone());
    }
    map
}

/// n8n's parameters for ours.
pub fn renamed(params: &Map, names: Names) -> Map {
    let mut map = Map::new();
    for (ours, theirs) in names {
        put(&mut map, theirs, params.get(*ours).cloned().unwrap_or_default());
    }
    map
}

/// Puts a value at a path of dots, making the objects on the way; `null` is nothing.
pub fn put(map: &mut Map, path: &str, value: impl Into<Value>) {
    let value = value.into();
    if value.is_null() {
        return;
    }
    match path.split_once('.') {
        None => drop(map.insert(path.to_owned(), value)),
        Some((first, rest)) => {
            let inner = map.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

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

/// Whether one of the patterns, each a path of dots, fits a place or what contains it; `*` fits any step.
pub fn covers(patterns: &[&str], place: &[String]) -> bool {
    patterns.iter().any(|pattern| {
        let mut steps = place.iter();
        pattern.split('.').all(|wanted| steps.next().is_some_and(|step| wanted == "*" || wanted == step))
    })
}

/// Whether a value is an expression.
pub fn is_expression(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('='))
}

/// The parts of a list that people write with commas.
pub fn by_comma(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The n8n type and version that a node of ours came from, if it was imported.
pub fn origin(node: &NodeSpec) -> Option<Version> {
    let foreign = node.foreign.get("n8n")?;
    Some(Version {
        node_type: foreign.get("type")?.as_str()?.to_owned(),
        version: foreign.get("typeVersion").and_then(Value::as_f64).unwrap_or(1.0),
    })
}

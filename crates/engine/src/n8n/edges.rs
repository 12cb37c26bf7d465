//! Edges: n8n's `connections[name][kind][output] = [{node, type, index}]` and ours.
//!
//! | n8n's kind | ours |
//! |---|---|
//! | `main` | items (no attachment) |
//! | `ai_languageModel` | `model` |
//! | `ai_tool` | `tool` |
//! | `ai_memory` | `memory` |
//! | `ai_outputParser` | `outputParser` |
//! | `ai_embedding` | `embedding` |
//! | `ai_document` | `document` |
//! | `ai_textSplitter` | `textSplitter` |
//! | `ai_vectorStore` | `vectorStore` |
//! | `ai_retriever` | `retriever` |
//! | `ai_reranker`, and any other `ai_x` | `reranker`, `x` |
//!
//! An attachment edge runs as in n8n: from the attached node (the model, the tool) to the one that calls it.

use std::collections::HashMap;

use model::problem::pointer_step;
use model::{Code, Edge, Map, NodeSpec, Problem, Value};
use serde_json::json;

use super::{MAX_EDGES, MAX_OUTPUTS};

/// Our name for a kind of n8n's connections, `None` for items. `Err`: it is no kind.
fn attachment(kind: &str) -> Result<Option<String>, ()> {
    match kind {
        "main" => Ok(None),
        "ai_languageModel" => Ok(Some("model".into())),
        // Would collide with the one above; it is kept under its full name.
        "ai_model" | "ai_" => Ok(Some(kind.into())),
        _ => kind.strip_prefix("ai_").filter(|rest| !rest.starts_with("ai_")).map(|rest| Some(rest.into())).ok_or(()),
    }
}

/// n8n's name for a kind of our edges.
fn kind(attachment: Option<&str>) -> String {
    match attachment {
        None => "main".into(),
        Some("model") => "ai_languageModel".into(),
        Some(verbatim) if verbatim.starts_with("ai_") => verbatim.into(),
        Some(other) => format!("ai_{other}"),
    }
}

/// The edges of a file, and what of its connections is none.
#[derive(Default)]
pub(super) struct Found {
    /// In the order of the nodes, then of ports, then as written.
    pub edges: Vec<Edge>,
    /// For each node what leaves it.
    pub outgoing: Vec<Outgoing>,
    /// Connections under keys that are no nodes.
    pub unknown: Map,
    pub problems: Vec<Problem>,
}

/// What leaves one node in a file.
#[derive(Clone, Default)]
pub(super) struct Outgoing {
    /// The key in `connections`.
    pub key: String,
    /// As it stands there.
    pub original: Option<Value>,
    /// `{at, value}`: parts that are no edges, by their pointer below the key.
    pub kept: Vec<Value>,
}

/// How nodes are called in a file.
#[derive(Default)]
pub(super) struct Targets {
    by_name: HashMap<String, usize>,
    by_id: HashMap<String, usize>,
}

impl Targets {
    /// Of several nodes with one name or id the first is meant, as in n8n.
    pub fn new<'a>(nodes: impl Iterator<Item = &'a Map>) -> Self {
        let mut targets = Targets::default();
        for (index, node) in nodes.enumerate() {
            if let Some(name) = node.get("name").and_then(Value::as_str) {
                targets.by_name.entry(name.to_owned()).or_insert(index);
            }
            if let Some(id) = node.get("id").and_then(Value::as_str) {
                targets.by_id.entry(id.to_owned()).or_insert(index);
            }
        }
        targets
    }

    /// The node that a text names. Old files, and files that scripts have rewritten, use ids.
    pub fn find(&self, text: &str) -> Option<usize> {
        self.by_name.get(text).or_else(|| self.by_id.get(text)).copied()
    }
}

/// Reads `connections`.
pub(super) fn read(connections: &Map, targets: &Targets, nodes: &[NodeSpec]) -> Result<Found, Problem> {
    if size(connections) > MAX_EDGES {
        let detail = format!("the workflow has more than {MAX_EDGES} edges");
        return Err(Problem::new(Code::TooLarge, detail).at("/connections"));
    }
    let mut found = Found { outgoing: vec![Outgoing::default(); nodes.len()], ..Found::default() };
    // Names first, so that an id never takes the place of a name.
    let (named, others): (Vec<_>, Vec<_>) = connections.iter().partition(|(key, _)| targets.by_name.contains_key(*key));
    for (key, value) in named.into_iter().chain(others) {
        match targets.find(key).filter(|index| found.outgoing[*index].original.is_none()) {
            Some(index) => {
                found.outgoing[index] = Outgoing { key: key.clone(), original: Some(value.clone()), kept: Vec::new() };
            }
            None => {
                let detail = format!("edges leave `{key}`, which is no node of this workflow");
                let problem = Problem::new(Code::DanglingEdge, detail)
                    .at(format!("/connections/{}", pointer_step(key)))
                    .hint("they are kept for export and not drawn");
                found.problems.push(problem);
                found.unknown.insert(key.clone(), value.clone());
            }
        }
    }
    for (index, node) in nodes.iter().enumerate() {
        let Some(original) = found.outgoing[index].original.take() else { continue };
        let pointer = format!("/connections/{}", pointer_step(&found.outgoing[index].key));
        let mut reader = Reader { from: node, targets, nodes, pointer, found: &mut found, kept: Vec::new() };
        reader.kinds(&original);
        let kept = reader.kept;
        found.outgoing[index].kept = kept;
        found.outgoing[index].original = Some(original);
    }
    Ok(found)
}

/// Everything in `connections` that could become an edge or a problem.
fn size(connections: &Map) -> usize {
    let kinds = connections.values().filter_map(Value::as_object).flat_map(Map::values);
    let outputs = kinds.clone().filter_map(Value::as_array).flatten();
    let links = outputs.clone().filter_map(Value::as_array).flatten();
    connections.len() + kinds.count() + outputs.count() + links.count()
}

struct Reader<'a> {
    from: &'a NodeSpec,
    targets: &'a Targets,
    nodes: &'a [NodeSpec],
    pointer: String,
    found: &'a mut Found,
    kept: Vec<Value>,
}

impl Reader<'_> {
    fn kinds(&mut self, outgoing: &Value) {
        let Value::Object(kinds) = outgoing else {
            self.keep(None, "the connections of a node are an object", outgoing);
            return;
        };
        let mut sorted: Vec<(&String, &Value)> = kinds.iter().collect();
        sorted.sort_by_key(|(kind, _)| (*kind != "main", *kind));
        for (kind, outputs) in sorted {
            let at = format!("/{}", pointer_step(kind));
            match (attachment(kind), outputs) {
                (Ok(attachment), Value::Array(outputs)) if outputs.len() <= MAX_OUTPUTS => {
                    self.outputs(kind, &attachment, outputs, &at);
                }
                (Ok(_), Value::Array(_)) => self.keep(Some(at), "the node has too many outputs", outputs),
                (Ok(_), _) => self.keep(Some(at), "outputs are a list", outputs),
                (Err(()), _) => self.keep(Some(at), &format!("`{kind}` is no kind of edge"), outputs),
            }
        }
    }

    fn outputs(&mut self, kind: &str, attachment: &Option<String>, outputs: &[Value], at: &str) {
        for (output, links) in outputs.iter().enumerate() {
            match links {
                Value::Null => {}
                Value::Array(links) => {
                    for (position, link) in links.iter().enumerate() {
                        let at = || format!("{at}/{output}/{position}");
                        match self.edge(kind, attachment, output, link) {
                            Ok(edge) => self.found.edges.push(edge),
                            Err(why) => self.keep(Some(at()), &why, link),
                        }
                    }
                }
                other => self.keep(Some(format!("{at}/{output}")), "the edges of an output are a list", other),
            }
        }
    }

    fn edge(&self, kind: &str, attachment: &Option<String>, output: usize, link: &Value) -> Result<Edge, String> {
        let target = link.get("node").and_then(Value::as_str).ok_or("it names no node")?;
        let to = self.targets.find(target).ok_or_else(|| format!("`{target}` is no node of this workflow"))?;
        if let Some(other) = link.get("type").filter(|other| other.as_str() != Some(kind)) {
            return Err(format!("it leaves a port of kind `{kind}` and enters one of kind {other}"));
        }
        let input = match link.get("index") {
            None => 0,
            Some(index) => index.as_u64().and_then(|index| u16::try_from(index).ok()).ok_or("its input is no port")?,
        };
        let output = u16::try_from(output).map_err(|_| "its output is no port")?;
        let (from, to) = (self.from.name.clone(), self.nodes[to].name.clone());
        Ok(Edge { from, output, to, input, attachment: attachment.clone() })
    }

    /// Keeps a part verbatim. `at` is `None` for the whole, which the node's patch keeps.
    fn keep(&mut self, at: Option<String>, why: &str, value: &Value) {
        let detail = format!("an edge that leaves `{}` leads to nothing: {why}", self.from.name);
        let problem = Problem::new(Code::DanglingEdge, detail)
            .at(format!("{}{}", self.pointer, at.as_deref().unwrap_or_default()))
            .hint("it is kept for export and not drawn; draw it again where it is needed");
        self.found.problems.push(problem);
        if let Some(at) = at {
            self.kept.push(json!({ "at": at, "value": value }));
        }
    }
}

/// Writes what leaves one node. `None`: nothing does. Edges of ports beyond [`MAX_OUTPUTS`] are left to the caller.
pub(super) fn write<'a>(edges: impl Iterator<Item = &'a Edge>, kept: &[Value]) -> Option<Value> {
    let mut kinds = Map::new();
    for edge in edges.filter(|edge| usize::from(edge.output) < MAX_OUTPUTS) {
        let kind = kind(edge.attachment.as_deref());
        let link = json!({ "node": edge.to, "type": kind, "index": edge.input });
        if let Some(Value::Array(links)) = slot(&mut kinds, &kind, usize::from(edge.output)) {
            links.push(link);
        }
    }
    for part in kept {
        restore(&mut kinds, part);
    }
    (!kinds.is_empty()).then_some(Value::Object(kinds))
}

/// The list of links of an output, made with all before it when it is not there yet.
fn slot<'a>(kinds: &'a mut Map, kind: &str, output: usize) -> Option<&'a mut Value> {
    let outputs = kinds.entry(kind).or_insert_with(|| json!([])).as_array_mut()?;
    while outputs.len() <= output {
        outputs.push(json!([]));
    }
    outputs.get_mut(output)
}

/// Puts a kept part back where it stood, unless something was drawn there meanwhile.
fn restore(kinds: &mut Map, part: &Value) -> Option<()> {
    let value = part.get("value")?.clone();
    let mut steps = part.get("at")?.as_str()?.strip_prefix('/')?.split('/');
    let kind = steps.next()?.replace("~1", "/").replace("~0", "~");
    let Some(output) = steps.next() else {
        kinds.entry(kind).or_insert(value);
        return Some(());
    };
    let output: usize = output.parse().ok().filter(|output| *output < MAX_OUTPUTS)?;
    let links = slot(kinds, &kind, output)?;
    match (steps.next(), links) {
        (None, links) if links.as_array().is_some_and(Vec::is_empty) => *links = value,
        (Some(position), Value::Array(links)) => {
            links.insert(position.parse::<usize>().ok()?.min(links.len()), value);
        }
        _ => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_both_ways() {
        for name in ["main", "ai_languageModel", "ai_tool", "ai_outputParser", "ai_model", "ai_new", "ai_"] {
            let ours = attachment(name).unwrap();
            assert_eq!(kind(ours.as_deref()), name);
        }
        assert_eq!(attachment("ai_languageModel"), Ok(Some("model".into())));
        assert_eq!(attachment("output"), Err(()));
        assert_eq!(attachment("ai_ai_tool"), Err(()));
    }
}

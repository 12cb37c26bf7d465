//! Definitions: a workflow text with its node types pinned, compiled once and shared by all of its runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::workflow::OnUncertain;
use model::{Code, Digest, Item, Map, Name, Problem, WorkflowSpec};
use part::catalogue::Snapshot;
use part::node::Ports;
use part::{Effect, Group, Items, Node};
use serde::{Deserialize, Serialize};

use crate::event::NodeIndex;
use crate::graph::Graph;
use crate::ports::WorkflowText;

/// A pinned, compiled workflow.
pub struct Definition {
    /// Digest of [`Self::text`]: the pin.
    pub digest: Digest,
    /// What is stored: the workflow and the providers of its node types.
    pub text: Arc<str>,
    /// Name of the workflow.
    pub name: String,
    /// Revision, if it has one.
    pub revision: Option<u64>,
    /// The workflow.
    pub spec: Arc<WorkflowSpec>,
    /// The graph.
    pub graph: Arc<Graph>,
    /// The nodes, by index.
    pub nodes: Vec<DefinedNode>,
    /// IANA time zone of expressions.
    pub timezone: Arc<str>,
}

/// A node of a definition, ready to run.
pub struct DefinedNode {
    /// Name.
    pub name: Arc<str>,
    /// Type.
    pub node_type: String,
    /// The prepared node; absent when it is disabled or only a note.
    pub node: Option<Arc<dyn Node>>,
    /// What it lacks: it is kept, and cannot run.
    pub lacks: Option<Problem>,
    /// What it may do.
    pub effect: Effect,
    /// What happens to a call whose outcome a crash has hidden.
    pub on_uncertain: OnUncertain,
    /// Parameters as stored.
    pub params: Arc<Map>,
    /// Parameters as `$parameter` and `$('…').params` show them.
    pub seen: Arc<Map>,
    /// `$nodeVersion`: that of n8n's node, where it was imported.
    pub version: f64,
    /// Connections by slot.
    pub connections: Arc<BTreeMap<String, Name>>,
    /// Pinned output.
    pub pinned: Option<Items>,
    /// Fallback value.
    pub fallback: Option<Items>,
    /// Runs for the first item only.
    pub execute_once: bool,
    /// Longest time of an attempt.
    pub timeout: Option<Duration>,
    /// Tries that its policy gives.
    pub tries: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text<'a> {
    name: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    runs_as: String,
    types: BTreeMap<String, String>,
    spec: std::borrow::Cow<'a, WorkflowSpec>,
}

impl DefinedNode {
    /// A node as it is drawn; it cannot run.
    pub fn drawn(node: &model::NodeSpec) -> DefinedNode {
        let params = Arc::new(node.params.clone());
        DefinedNode {
            name: node.name.as_str().into(),
            node_type: node.node_type.clone(),
            node: None,
            lacks: None,
            effect: Effect::Pure,
            on_uncertain: node.on_uncertain.unwrap_or(OnUncertain::Retry),
            seen: params.clone(),
            params,
            version: part::n8n::origin(node).map_or(f64::from(node.version), |origin| origin.version),
            connections: Arc::new(node.connections.clone()),
            pinned: node.pinned.as_ref().map(|items| items_of(items)),
            fallback: node.fallback.as_ref().map(|items| items_of(items)),
            execute_once: node.execute_once,
            timeout: node.timeout.map(|timeout| timeout.0),
            tries: node.retry.map_or(1, |policy| policy.tries.clamp(1, 100)),
        }
    }
}

impl Definition {
    /// Compiles a text with the node types of this moment. All problems are returned, with pointers into the spec.
    pub fn compile(text: &WorkflowText, catalogue: &Snapshot) -> Result<Definition, Vec<Problem>> {
        let mut types = BTreeMap::new();
        for node in &text.spec.nodes {
            if let Some(entry) = catalogue.get(&node.node_type, node.version) {
                let pin = format!("{}:{}", entry.provider.name, entry.provider.digest);
                types.insert(format!("{}@{}", node.node_type, node.version), pin);
            }
        }
        let stored = Text {
            name: text.name.as_str().into(),
            revision: text.revision,
            runs_as: text.runs_as.clone(),
            types,
            spec: std::borrow::Cow::Borrowed(&text.spec),
        };
        let stored = serde_json::to_string(&stored)
            .map_err(|error| vec![Problem::new(Code::Internal, format!("a definition cannot be written: {error}"))])?;
        Self::build(text.clone(), stored.into(), catalogue)
    }

    /// Compiles a stored definition again. A pin that cannot be satisfied is refused with [`Code::RunHeld`]: the run
    /// is held, never run on something else.
    pub fn restore(text: Arc<str>, catalogue: &Snapshot) -> Result<Definition, Problem> {
        let stored: Text<'_> = serde_json::from_str(&text)
            .map_err(|error| Problem::new(Code::StoreCorrupt, format!("a definition cannot be read: {error}")))?;
        for (pinned, provider) in &stored.types {
            let (id, version) = pinned.rsplit_once('@').unwrap_or((pinned, "1"));
            let entry = version.parse().ok().and_then(|version| catalogue.get(id, version));
            let here = entry.map(|entry| format!("{}:{}", entry.provider.name, entry.provider.digest));
            if here.as_ref() != Some(provider) {
                let found = here.unwrap_or_else(|| "nothing".into());
                let detail = format!("the run is pinned to `{pinned}` from `{provider}`, and here is {found}");
                let hint = "bring that version of the module or connector back, or retry on the newest revision";
                return Err(Problem::new(Code::RunHeld, detail).hint(hint));
            }
        }
        let workflow = WorkflowText {
            name: stored.name.into_owned(),
            revision: stored.revision,
            spec: Arc::new(stored.spec.into_owned()),
            runs_as: stored.runs_as,
        };
        Self::build(workflow, text.clone(), catalogue).map_err(|problems| {
            Problem::from_many(problems)
                .unwrap_or_else(|| Problem::new(Code::RunHeld, "the definition has no problems"))
        })
    }

    fn build(workflow: WorkflowText, text: Arc<str>, catalogue: &Snapshot) -> Result<Definition, Vec<Problem>> {
        let spec = workflow.spec;
        let mut problems = Vec::new();
        let mut nodes = Vec::with_capacity(spec.nodes.len());
        let mut ports = Vec::with_capacity(spec.nodes.len());
        for (index, node) in spec.nodes.iter().enumerate() {
            let pointer = format!("/nodes/{index}");
            let entry = catalogue.get(&node.node_type, node.version);
            let mut defined = DefinedNode::drawn(node);
            if let Some(seen) = crate::n8n::seen_by_expressions(node, catalogue) {
                defined.seen = Arc::new(seen);
            }
            let mut node_ports = Ports::ONE;
            match entry {
                None if node.disabled => {}
                None => problems.push(unknown_type(node, catalogue).below(&pointer)),
                Some(entry) if entry.node_type.descriptor().group == Group::Note => node_ports = Ports::of(0, 0),
                Some(entry) => match entry.node_type.prepare(node) {
                    Ok(prepared) => {
                        node_ports = prepared.ports();
                        defined.effect = prepared.effect();
                        defined.on_uncertain = node.on_uncertain.unwrap_or(entry.node_type.descriptor().on_uncertain);
                        // A trigger passes on what it is given, whatever it lacks to start runs by itself.
                        let runs = prepared.trigger().is_none();
                        defined.lacks = prepared.incomplete().into_iter().next().filter(|_| runs);
                        defined.node = (!node.disabled).then_some(prepared);
                    }
                    Err(_) if node.disabled => {}
                    Err(found) => problems.extend(found.into_iter().map(|problem| problem.below(&pointer))),
                },
            }
            nodes.push(defined);
            ports.push(node_ports);
        }
        let graph = match Graph::build(&spec, &ports) {
            Ok(graph) => graph,
            Err(found) => {
                problems.extend(found);
                return Err(problems);
            }
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Definition {
            digest: store::digest(text.as_bytes()),
            name: workflow.name,
            revision: workflow.revision,
            timezone: spec.settings.timezone.as_deref().unwrap_or("UTC").into(),
            spec,
            graph: Arc::new(graph),
            nodes,
            text,
        })
    }

    /// A node.
    pub fn node(&self, index: NodeIndex) -> &DefinedNode {
        &self.nodes[index as usize]
    }

    /// Whose authority its runs act under.
    pub fn runs_as(&self) -> String {
        serde_json::from_str::<Text<'_>>(&self.text).map(|text| text.runs_as).unwrap_or_default()
    }

    /// The output of `from` that leads to `to`, over however many nodes; 0 when none does.
    pub fn output_towards(&self, from: NodeIndex, to: NodeIndex) -> u16 {
        let mut seen = vec![false; self.nodes.len()];
        let mut open = std::collections::VecDeque::from([to]);
        while let Some(node) = open.pop_front() {
            for (source, output) in self.graph.node(node).predecessors.iter().flatten() {
                if *source == from {
                    return *output;
                }
                if !std::mem::replace(&mut seen[*source as usize], true) {
                    open.push_back(*source);
                }
            }
        }
        0
    }

    /// Trigger nodes and how they start runs.
    pub fn triggers(&self) -> impl Iterator<Item = (NodeIndex, &part::trigger::Trigger)> {
        let indexed = self.nodes.iter().enumerate();
        indexed.filter_map(|(index, node)| Some((index as NodeIndex, node.node.as_ref()?.trigger()?)))
    }
}

/// Items out of what people write: `{json: …}` items, or plain objects.
pub fn items_of(values: &[model::Value]) -> Items {
    Items::from_vec(values.iter().map(item_of).collect())
}

/// One item out of what people write.
pub fn item_of(value: &model::Value) -> Item {
    let is_item = |map: &Map| map.get("json").is_some_and(model::Value::is_object);
    match value {
        model::Value::Object(map) if is_item(map) => {
            serde_json::from_value(value.clone()).unwrap_or_else(|_| Item::from_value(value.clone()))
        }
        other => Item::from_value(other.clone()),
    }
}

fn unknown_type(node: &model::NodeSpec, catalogue: &Snapshot) -> Problem {
    let known = catalogue.newest(&node.node_type).map(|entry| entry.node_type.descriptor().version);
    let (detail, hint) = match (known, node.node_type.strip_prefix("n8n.")) {
        (Some(known), _) => (
            format!("`{}` has no version {} here; the newest is {known}", node.node_type, node.version),
            "set `version` to one that is there".to_owned(),
        ),
        (None, Some(foreign)) => (
            format!("node `{}` is of n8n's type `{foreign}`, which Fishplate does not run", node.name),
            "it is kept as it was, for export; replace or disable it before activating".to_owned(),
        ),
        (None, None) => (
            format!("node `{}` is of type `{}`, which is not known here", node.name, node.node_type),
            "install the module or connector that brings it, or correct the type".to_owned(),
        ),
    };
    Problem::new(Code::UnknownNodeType, detail).at("/type").hint(hint)
}

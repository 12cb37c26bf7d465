//! The graph as the machine sees it: indices instead of names, and nothing that could act.

use std::collections::HashMap;
use std::sync::Arc;

use model::workflow::{Edge, OnError, Order, RetryPolicy};
use model::{Code, NodeSpec, Problem, WorkflowSpec};
use part::node::{Ports, Required};

use crate::event::NodeIndex;

/// A sound graph.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The nodes, in the order of the text.
    pub nodes: Vec<GraphNode>,
    /// Order in which ready nodes run.
    pub order: Order,
    names: HashMap<Arc<str>, NodeIndex>,
}

/// A node of the graph.
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// Name.
    pub name: Arc<str>,
    /// Item inputs: those of its type, or more when edges lead to more.
    pub inputs: u16,
    /// Item outputs, the error branch included.
    pub outputs: u16,
    /// The error branch, when the node has one.
    pub error_output: Option<u16>,
    /// Inputs that must have data before the node is released.
    pub required: Required,
    /// For each output, where it leads, in edge order.
    pub successors: Vec<Vec<Target>>,
    /// For each connected input, where it comes from, in edge order.
    pub predecessors: Vec<Vec<(NodeIndex, u16)>>,
    /// Place on the canvas.
    pub position: [f64; 2],
    /// Passes its input through.
    pub disabled: bool,
    /// Emits one empty item when there would be none.
    pub always_output_data: bool,
    /// What follows a failure.
    pub on_error: OnError,
    /// Tries.
    pub retry: Option<RetryPolicy>,
    /// A fallback value is there.
    pub has_fallback: bool,
    /// Nodes attached to it: (kind, node).
    pub attached: Vec<(Arc<str>, NodeIndex)>,
    /// It is attached to another node and never scheduled.
    pub is_attachment: bool,
}

/// The end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Node.
    pub node: NodeIndex,
    /// Its input port.
    pub input: u16,
}

impl Graph {
    /// Builds the graph of a workflow whose nodes have these ports. Edges that lead nowhere are problems; so are
    /// names that occur twice.
    pub fn build(spec: &WorkflowSpec, ports: &[Ports]) -> Result<Graph, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut names: HashMap<Arc<str>, NodeIndex> = HashMap::with_capacity(spec.nodes.len());
        let mut nodes: Vec<GraphNode> = Vec::with_capacity(spec.nodes.len());
        for (index, (node, ports)) in spec.nodes.iter().zip(ports).enumerate() {
            let name: Arc<str> = node.name.as_str().into();
            if names.insert(name.clone(), index as NodeIndex).is_some() {
                let detail = format!("two nodes are named `{}`", node.name);
                let problem = Problem::new(Code::DuplicateNode, detail).at(format!("/nodes/{index}/name"));
                problems.push(problem.hint("rename one of them; expressions and edges refer to nodes by name"));
            }
            nodes.push(GraphNode::new(node, name, ports));
        }
        for (index, edge) in spec.edges.iter().enumerate() {
            match (names.get(edge.from.as_str()), names.get(edge.to.as_str())) {
                (Some(from), Some(to)) => connect(&mut nodes, *from, *to, edge),
                (from, _) => {
                    let (end, name) = if from.is_none() { ("from", &edge.from) } else { ("to", &edge.to) };
                    let detail = format!("an edge refers to `{name}`, and there is no such node");
                    problems.push(Problem::new(Code::DanglingEdge, detail).at(format!("/edges/{index}/{end}")));
                }
            }
        }
        if problems.is_empty() { Ok(Graph { nodes, order: spec.settings.order, names }) } else { Err(problems) }
    }

    /// The node of that name.
    pub fn index(&self, name: &str) -> Option<NodeIndex> {
        self.names.get(name).copied()
    }

    /// A node.
    pub fn node(&self, index: NodeIndex) -> &GraphNode {
        &self.nodes[index as usize]
    }

    /// The nodes from which items can come to `node`, and `node` itself.
    pub fn ancestors(&self, node: NodeIndex) -> Vec<bool> {
        let mut found = vec![false; self.nodes.len()];
        let mut open = vec![node];
        while let Some(next) = open.pop() {
            if !std::mem::replace(&mut found[next as usize], true) {
                open.extend(self.node(next).predecessors.iter().flatten().map(|(from, _)| *from));
            }
        }
        found
    }
}

impl GraphNode {
    fn new(node: &NodeSpec, name: Arc<str>, ports: &Ports) -> Self {
        let error_output = (node.on_error == OnError::ErrorBranch).then_some(ports.outputs);
        let outputs = ports.outputs + u16::from(error_output.is_some());
        GraphNode {
            name,
            inputs: ports.inputs,
            outputs,
            error_output,
            required: ports.required.clone(),
            successors: vec![Vec::new(); outputs as usize],
            predecessors: Vec::new(),
            position: node.position,
            disabled: node.disabled,
            always_output_data: node.always_output_data,
            on_error: node.on_error,
            retry: node.retry,
            has_fallback: node.fallback.is_some(),
            attached: Vec::new(),
            is_attachment: ports.attached_as.is_some(),
        }
    }

    /// Inputs that a join waits for: those up to the last connected one.
    pub fn connected_inputs(&self) -> usize {
        self.predecessors.len()
    }

    /// Edges that lead here.
    pub fn edges_in(&self) -> usize {
        self.predecessors.iter().map(Vec::len).sum()
    }
}

fn connect(nodes: &mut [GraphNode], from: NodeIndex, to: NodeIndex, edge: &Edge) {
    if let Some(kind) = &edge.attachment {
        nodes[to as usize].attached.push((kind.as_str().into(), from));
        nodes[from as usize].is_attachment = true;
        return;
    }
    let source = &mut nodes[from as usize];
    // An output that the node never uses may still be drawn; nothing ever leaves through it.
    if source.successors.len() <= edge.output as usize {
        source.successors.resize(edge.output as usize + 1, Vec::new());
    }
    source.successors[edge.output as usize].push(Target { node: to, input: edge.input });
    let target = &mut nodes[to as usize];
    if target.predecessors.len() <= edge.input as usize {
        target.predecessors.resize(edge.input as usize + 1, Vec::new());
    }
    target.predecessors[edge.input as usize].push((from, edge.output));
    target.inputs = target.inputs.max(edge.input + 1);
}

//! What is run: a graph, and for each node what it does to numbers. Everything follows from the seed.

use model::workflow::{Edge, OnError, OnUncertain, Order, RetryPolicy};
use model::{HumanDuration, NodeSpec, WorkflowSpec};
use part::{Ports, Required};

use super::rng::Rng;

/// A graph and the behaviour of its nodes. Node 0 is the trigger.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub order: Order,
    pub nodes: Vec<NodePlan>,
    pub edges: Vec<EdgePlan>,
    /// (owner, attached node).
    pub attached: Vec<(usize, usize)>,
    pub destination: Option<usize>,
    pub start: Vec<i64>,
}

/// From (node, output) to (node, input).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgePlan {
    pub from: usize,
    pub output: usize,
    pub to: usize,
    pub input: usize,
}

#[derive(Clone, Debug)]
pub struct NodePlan {
    pub inputs: usize,
    pub outputs: usize,
    pub required: Required,
    pub position: [i32; 2],
    pub disabled: bool,
    pub always_output: bool,
    pub on_error: OnError,
    pub tries: Option<u32>,
    pub fallback: Option<Vec<i64>>,
    pub on_uncertain: OnUncertain,
    pub acts: Vec<Act>,
    pub emit: Emit,
    pub is_tool: bool,
}

/// One thing that a node does before it puts its items out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// Fails in its first tries.
    Fail { tries: u32, permanent: bool },
    /// Asks to be tried later in its first attempts; that counts as no try.
    Later { attempts: u32 },
    /// Calls a service, once or for each of the first items. The service fails under the first epochs, and its answer
    /// is lost in the first tries.
    Call { name: u8, per_item: bool, failing_epochs: u32, lost_tries: u32 },
    /// Waits for a time.
    Sleep { millis: i64 },
    /// Waits for a signal.
    Wait { timeout: Option<i64> },
    /// Starts children, and waits for them unless they are detached. The first ones for each item fail.
    Children { count: u32, failing: u32, detached: bool },
    /// Invokes an attached node, which fails in the first tries.
    Invoke { tool: usize, failing_tries: u32 },
    /// Answers the request that started the run.
    Answer,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Emit {
    /// All items at the first output.
    Pass,
    /// Each item at the output that its value tells.
    Split,
    /// No items, at the first output.
    Drop,
    /// Nothing at all.
    Nothing,
    /// The first runs through output 0, one run through output 1, then no items.
    Loop { rounds: u32 },
}

/// Items that a node puts out at most at each port, so that loops with joins do not explode.
pub const MAX_ITEMS: usize = 6;
/// Items of a node that calls once per item for.
pub const MAX_CALLS: usize = 2;

/// What a service answers.
pub fn call_value(name: u8, item: Option<u32>) -> i64 {
    i64::from(name) * 3 + item.map_or(1, |item| i64::from(item) + 5)
}

/// What a child puts out.
pub fn child_value(item: u32) -> i64 {
    100 + i64::from(item)
}

/// What a signal carries.
pub const SIGNAL_VALUE: i64 = 17;
/// What a node adds when its signal did not come.
pub const TIMEOUT_VALUE: i64 = 29;
/// What is added to items that leave through an error branch.
pub const ERROR_VALUE: i64 = 1000;
/// What a tool is given.
pub const TOOL_INPUT: i64 = 7;

/// What a node puts out at its ports; `bonus` is what its acts brought.
pub fn emit(plan: &NodePlan, run_index: u32, inputs: &[Vec<i64>], bonus: i64) -> Vec<Option<Vec<i64>>> {
    let items: Vec<i64> = inputs.iter().flatten().map(|item| (item + bonus) % 100_003).take(MAX_ITEMS).collect();
    let mut out = vec![None; plan.outputs.max(1)];
    match plan.emit {
        Emit::Pass => out[0] = Some(items),
        Emit::Drop => out[0] = Some(Vec::new()),
        Emit::Nothing => {}
        Emit::Split => {
            for (port, list) in out.iter_mut().enumerate() {
                let here = |item: &&i64| item.rem_euclid(plan.outputs.max(1) as i64) == port as i64;
                *list = Some(items.iter().filter(here).copied().collect());
            }
        }
        Emit::Loop { rounds } => {
            out[0] = Some(if run_index < rounds { items.clone() } else { Vec::new() });
            out[1] = Some(if run_index == rounds { items } else { Vec::new() });
        }
    }
    out
}

impl Scenario {
    /// The scenario of a seed.
    pub fn generate(seed: u64) -> Scenario {
        let mut rng = Rng::new(seed);
        let order = *rng.pick(&[Order::V0, Order::V1, Order::Parallel, Order::Parallel]);
        let most = match rng.below(100) {
            0..=79 => 8,
            80..=96 => 16,
            _ => 60,
        };
        let count = 2 + rng.below(most - 1);
        let busy = rng.below(60) as u32;
        let mut nodes: Vec<NodePlan> = (0..count).map(|index| node(&mut rng, index, busy)).collect();
        let edges = wire(&mut rng, &nodes);
        let mut attached = Vec::new();
        for owner in 1..count {
            if rng.percent(4) && !matches!(nodes[owner].emit, Emit::Loop { .. }) {
                let tool = nodes.len();
                nodes.push(tool_plan(&mut rng));
                nodes[owner].acts.push(Act::Invoke { tool, failing_tries: rng.below(3) as u32 / 2 });
                attached.push((owner, tool));
            }
        }
        let destination = rng.percent(8).then(|| rng.below(count));
        let start = (0..1 + rng.below(3)).map(|_| rng.below(10) as i64).collect();
        Scenario { order, nodes, edges, attached, destination, start }
    }

    /// The workflow as the engine reads it, with the ports of its nodes.
    pub fn workflow(&self) -> (WorkflowSpec, Vec<Ports>) {
        let name = |node: usize| format!("n{node}");
        let nodes = self.nodes.iter().enumerate().map(|(index, plan)| NodeSpec {
            name: name(index),
            position: plan.position.map(f64::from),
            disabled: plan.disabled,
            always_output_data: plan.always_output,
            on_error: plan.on_error,
            retry: plan.tries.map(|tries| RetryPolicy { tries, wait: seconds(1), factor: 2 }),
            fallback: plan.fallback.as_ref().map(|items| items.iter().map(|item| (*item).into()).collect()),
            ..NodeSpec::default()
        });
        let edge = |edge: &EdgePlan| Edge {
            from: name(edge.from),
            output: edge.output as u16,
            to: name(edge.to),
            input: edge.input as u16,
            attachment: None,
        };
        let attach = |(owner, tool): &(usize, usize)| Edge {
            from: name(*tool),
            output: 0,
            to: name(*owner),
            input: 0,
            attachment: Some("tool".into()),
        };
        let mut spec = WorkflowSpec { nodes: nodes.collect(), ..WorkflowSpec::default() };
        spec.edges = self.edges.iter().map(edge).chain(self.attached.iter().map(attach)).collect();
        spec.settings.order = self.order;
        let ports = self.nodes.iter().map(|plan| Ports {
            inputs: plan.inputs as u16,
            outputs: plan.outputs as u16,
            required: plan.required.clone(),
            attachments: &[],
            attached_as: plan.is_tool.then_some("tool"),
        });
        (spec, ports.collect())
    }

    /// The same with one thing less, in every way.
    pub fn smaller(&self) -> Vec<Scenario> {
        let mut all = Vec::new();
        let mut add = |change: &dyn Fn(&mut Scenario)| {
            let mut smaller = self.clone();
            change(&mut smaller);
            all.push(smaller);
        };
        // A node without edges never runs.
        for node in 1..self.nodes.len() {
            if self.edges.iter().any(|edge| edge.from == node || edge.to == node) {
                add(&|smaller| smaller.edges.retain(|edge| edge.from != node && edge.to != node));
            }
        }
        for edge in 0..self.edges.len() {
            add(&|smaller| _ = smaller.edges.remove(edge));
        }
        for node in 1..self.nodes.len() {
            for act in 0..self.nodes[node].acts.len() {
                add(&|smaller| _ = smaller.nodes[node].acts.remove(act));
            }
        }
        if self.destination.is_some() {
            add(&|smaller| smaller.destination = None);
        }
        all
    }

    /// Output port of the error branch, if the node has one.
    pub fn error_port(&self, node: usize) -> Option<usize> {
        (self.nodes[node].on_error == OnError::ErrorBranch).then_some(self.nodes[node].outputs)
    }
}

fn seconds(seconds: u64) -> HumanDuration {
    HumanDuration(std::time::Duration::from_secs(seconds))
}

fn node(rng: &mut Rng, index: usize, busy: u32) -> NodePlan {
    let inputs = match (index, rng.below(10)) {
        (0, _) => 0,
        (_, 0..=5) => 1,
        (_, 6..=8) => 2,
        _ => 3 + rng.below(2),
    };
    let emit = match rng.below(20) {
        0..=8 => Emit::Pass,
        9..=14 => Emit::Split,
        15..=17 if index > 0 => Emit::Loop { rounds: 1 + rng.below(3) as u32 },
        18 => Emit::Drop,
        19 => Emit::Nothing,
        _ => Emit::Pass,
    };
    let outputs = match emit {
        Emit::Split => 2 + rng.below(2),
        Emit::Loop { .. } => 2,
        _ => 1,
    };
    let required = match rng.below(6) {
        0 => Required::All,
        1 => Required::These(vec![rng.below(inputs.max(1)) as u16]),
        _ => Required::Any,
    };
    let mut plan = NodePlan {
        inputs,
        outputs,
        required,
        position: [rng.below(4) as i32 * 100, rng.below(4) as i32 * 100],
        disabled: index > 0 && rng.percent(4),
        always_output: rng.percent(12),
        on_error: *rng.pick(&[OnError::Stop, OnError::Continue, OnError::ErrorBranch, OnError::ErrorBranch]),
        tries: rng.percent(50).then(|| 1 + rng.below(3) as u32),
        fallback: rng.percent(15).then(|| vec![rng.below(9) as i64; rng.below(3)]),
        on_uncertain: *rng.pick(&[OnUncertain::Retry, OnUncertain::Retry, OnUncertain::Ask, OnUncertain::Fail]),
        acts: Vec::new(),
        emit,
        is_tool: false,
    };
    if index > 0 && rng.percent(busy) {
        add_acts(rng, &mut plan);
    }
    if matches!(plan.emit, Emit::Loop { .. }) {
        // A loop that could fail, or be passed by, might never end.
        (plan.disabled, plan.always_output) = (false, false);
        plan.acts.retain(|act| matches!(act, Act::Later { .. } | Act::Sleep { .. } | Act::Wait { .. } | Act::Answer));
    }
    plan
}

fn add_acts(rng: &mut Rng, plan: &mut NodePlan) {
    let mut waits = false;
    for name in 0..1 + rng.below(3) as u8 {
        let act = match rng.below(16) {
            0..=1 => Act::Fail { tries: 1 + rng.below(3) as u32, permanent: rng.percent(20) },
            2 => Act::Later { attempts: 1 + rng.below(2) as u32 },
            3..=8 => {
                let lost = plan.on_uncertain == OnUncertain::Retry && rng.percent(20);
                let failing_epochs = if rng.percent(25) { 1 + rng.below(2) as u32 } else { 0 };
                Act::Call { name, per_item: rng.percent(40), failing_epochs, lost_tries: u32::from(lost) }
            }
            9..=10 if !waits => Act::Sleep { millis: 1 + rng.below(5000) as i64 },
            11..=12 if !waits => Act::Wait { timeout: rng.percent(50).then(|| rng.below(3000) as i64) },
            13..=14 if !waits => {
                let failing = if rng.percent(30) { 1 + rng.below(2) as u32 } else { 0 };
                Act::Children { count: 1 + rng.below(3) as u32, failing, detached: rng.percent(25) }
            }
            15 => Act::Answer,
            _ => continue,
        };
        waits |= matches!(act, Act::Sleep { .. } | Act::Wait { .. } | Act::Children { .. });
        plan.acts.push(act);
    }
}

fn tool_plan(rng: &mut Rng) -> NodePlan {
    let call = Act::Call { name: 40, per_item: false, failing_epochs: 0, lost_tries: 0 };
    NodePlan {
        inputs: 0,
        outputs: 1,
        required: Required::Any,
        position: [0, 0],
        disabled: false,
        always_output: false,
        on_error: OnError::Stop,
        tries: None,
        fallback: None,
        on_uncertain: OnUncertain::Retry,
        acts: if rng.percent(60) { vec![call] } else { Vec::new() },
        emit: Emit::Pass,
        is_tool: true,
    }
}

/// Edges lead forward, but for those back into a loop node, so that every circle ends.
fn wire(rng: &mut Rng, nodes: &[NodePlan]) -> Vec<EdgePlan> {
    let mut edges: Vec<EdgePlan> = Vec::new();
    let mut add = |edge: EdgePlan| {
        if !edges.contains(&edge) {
            edges.push(edge);
        }
    };
    let ports = |node: usize| nodes[node].outputs + usize::from(nodes[node].on_error == OnError::ErrorBranch);
    for to in 1..nodes.len() {
        for input in 0..nodes[to].inputs {
            for _ in 0..if rng.percent(85) { 1 + usize::from(rng.percent(20)) } else { 0 } {
                let near = rng.below(to.min(4));
                let from = if rng.percent(70) { to - 1 - near } else { rng.below(to) };
                add(EdgePlan { from, output: rng.below(ports(from)), to, input });
            }
        }
        if matches!(nodes[to].emit, Emit::Loop { .. }) && to + 1 < nodes.len() {
            let from = (to + 1 + rng.below(4)).min(nodes.len() - 1);
            add(EdgePlan { from: to, output: 0, to: from, input: rng.below(nodes[from].inputs.max(1)) });
            add(EdgePlan { from, output: rng.below(ports(from)), to, input: rng.below(nodes[to].inputs.max(1)) });
        }
    }
    // The order of edges is the order of the successors of an output.
    for index in (1..edges.len()).rev() {
        edges.swap(index, rng.below(index + 1));
    }
    edges
}

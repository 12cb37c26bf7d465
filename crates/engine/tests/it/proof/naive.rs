//! The naive model: what a run has to come to, written from the rules and not from the machine.
//!
//! Orders v0 and v1 follow n8n's `WorkflowExecute`: a stack of ready nodes, and waiting executions per join. The parallel
//! order is a set of queues, one per edge, of which the result must not depend on who is served first.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use model::workflow::{OnError, OnUncertain, Order};
use part::Required;

use super::scenario::{self, Act, ERROR_VALUE, Emit, MAX_CALLS, Scenario, TIMEOUT_VALUE, TOOL_INPUT};

/// Runs of more steps are not tried: they show nothing that shorter ones do not.
pub const MAX_STEPS: usize = 120;

/// Paths up to which order v0 is compared: beyond them the machine does not follow n8n, which walks them all.
const MAX_WALKED: usize = 5_000;

/// What chance decided in a history, and the model cannot know.
#[derive(Clone, Debug, Default)]
pub struct Accidents {
    /// Steps that failed because nobody knew what came of a call.
    pub uncertain: BTreeSet<(usize, u32)>,
    /// Steps whose signal did not come in time.
    pub timed_out: BTreeSet<(usize, u32)>,
}

/// One executed step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    pub node: usize,
    pub run_index: u32,
    pub inputs: Vec<Vec<i64>>,
    /// Absent: it failed, and with it the run.
    pub outputs: Option<Vec<Vec<i64>>>,
}

/// What a run comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub steps: Vec<Step>,
    pub failed: bool,
    /// The run's result.
    pub result: Vec<i64>,
    /// Errors that were absorbed.
    pub handled: u32,
}

type Ports = Vec<Option<Vec<i64>>>;

/// Runs a scenario; absent when it takes too many steps.
pub fn run(scenario: &Scenario, accidents: &Accidents) -> Option<Outcome> {
    match scenario.order {
        Order::Parallel => Parallel::new(scenario, accidents).run(),
        Order::V0 | Order::V1 => Stack::new(scenario, accidents).run(),
    }
}

/// Drops empty lists at the end, which say nothing.
pub fn trim(mut ports: Vec<Vec<i64>>) -> Vec<Vec<i64>> {
    while ports.last().is_some_and(Vec::is_empty) {
        ports.pop();
    }
    ports
}

/// What a step puts out: an error that is absorbed counts as output.
fn perform(scenario: &Scenario, accidents: &Accidents, node: usize, run_index: u32, inputs: &[Vec<i64>]) -> Performed {
    let plan = &scenario.nodes[node];
    let first = inputs.first().cloned().unwrap_or_default();
    if plan.disabled {
        return Performed { ports: Some(padded(vec![Some(first)], plan.always_output)), handled: false };
    }
    let bonus = if accidents.uncertain.contains(&(node, run_index)) {
        None
    } else {
        succeed(scenario, node, inputs, accidents.timed_out.contains(&(node, run_index)))
    };
    if let Some(bonus) = bonus {
        let ports = padded(scenario::emit(plan, run_index, inputs, bonus), plan.always_output);
        return Performed { ports: Some(ports), handled: false };
    }
    let ports = match (&plan.fallback, plan.on_error) {
        (Some(items), _) => Some(vec![Some(items.clone())]),
        (None, OnError::Stop) => None,
        (None, OnError::Continue) => Some(vec![Some(first)]),
        (None, OnError::ErrorBranch) => {
            let failed = if first.is_empty() { vec![0] } else { first };
            let mut ports = vec![None; plan.outputs];
            ports.push(Some(failed.iter().map(|item| item + ERROR_VALUE).collect()));
            Some(ports)
        }
    };
    Performed { handled: ports.is_some(), ports }
}

struct Performed {
    ports: Option<Ports>,
    handled: bool,
}

fn padded(ports: Ports, always_output: bool) -> Ports {
    if always_output && ports.iter().flatten().all(Vec::is_empty) { vec![Some(vec![0])] } else { ports }
}

/// What the acts of a node bring, if one of its tries gets through.
fn succeed(scenario: &Scenario, node: usize, inputs: &[Vec<i64>], timed_out: bool) -> Option<i64> {
    let plan = &scenario.nodes[node];
    let items = inputs.first().map_or(0, Vec::len).min(MAX_CALLS) as u32;
    let mut epochs: HashMap<(usize, Option<u32>), u32> = HashMap::new();
    let mut failed_children: HashMap<(usize, u32), u32> = HashMap::new();
    'tries: for current in 1..=plan.tries.unwrap_or(1) {
        let mut bonus = 0;
        for (position, act) in plan.acts.iter().enumerate() {
            match *act {
                Act::Fail { tries, permanent } if current <= tries => {
                    if permanent {
                        return None;
                    }
                    continue 'tries;
                }
                Act::Call { name, per_item, failing_epochs, lost_tries } => {
                    let targets: Vec<Option<u32>> = if per_item { (0..items).map(Some).collect() } else { vec![None] };
                    for item in targets {
                        let epoch = epochs.entry((position, item)).or_default();
                        if current <= lost_tries {
                            debug_assert_eq!(plan.on_uncertain, OnUncertain::Retry);
                            continue 'tries;
                        }
                        if *epoch < failing_epochs {
                            *epoch += 1;
                            continue 'tries;
                        }
                        bonus += scenario::call_value(name, item);
                    }
                }
                Act::Wait { .. } => bonus += if timed_out { TIMEOUT_VALUE } else { scenario::SIGNAL_VALUE },
                Act::Children { count, failing, detached: false } => {
                    // All are started at once; those that failed are started again by the next try.
                    let mut failed = false;
                    for item in 0..count {
                        let so_far = failed_children.entry((position, item)).or_default();
                        failed |= *so_far < failing;
                        *so_far += 1;
                        bonus += scenario::child_value(item);
                    }
                    if failed {
                        continue 'tries;
                    }
                }
                Act::Invoke { tool, failing_tries } => {
                    if current <= failing_tries {
                        continue 'tries;
                    }
                    let brought = succeed(scenario, tool, &[vec![TOOL_INPUT]], false).unwrap_or_default();
                    let out = scenario::emit(&scenario.nodes[tool], 0, &[vec![TOOL_INPUT]], brought);
                    bonus += out[0].iter().flatten().sum::<i64>();
                }
                _ => {}
            }
        }
        return Some(bonus);
    }
    None
}

/// Nodes that lead to the destination, and it.
fn allowed(scenario: &Scenario) -> Vec<bool> {
    let Some(destination) = scenario.destination else { return vec![true; scenario.nodes.len()] };
    (0..scenario.nodes.len()).map(|node| node == destination || leads_to(scenario, node, destination)).collect()
}

/// Some path of edges leads from one node to the other.
fn leads_to(scenario: &Scenario, from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        for edge in scenario.edges.iter().filter(|edge| edge.from == node) {
            if edge.to == to {
                return true;
            }
            if seen.insert(edge.to) {
                open.push(edge.to);
            }
        }
    }
    false
}

/// What has come to one future execution of a join, by input; nothing where its branch has not ended.
type Arrivals = Vec<Option<Vec<i64>>>;

/// n8n's orders.
struct Stack<'s> {
    scenario: &'s Scenario,
    accidents: &'s Accidents,
    allowed: Vec<bool>,
    v1: bool,
    stack: VecDeque<(usize, Vec<Vec<i64>>)>,
    /// Waiting executions of joins, in the order in which the joins began to wait.
    waiting: Vec<(usize, Vec<Arrivals>)>,
    run_data: BTreeMap<usize, Vec<Ports>>,
    steps: Vec<Step>,
    handled: u32,
    result: Vec<i64>,
    /// Paths that were walked upwards. n8n walks all there are, the machine so many at most.
    walked: Cell<usize>,
}

impl<'s> Stack<'s> {
    fn new(scenario: &'s Scenario, accidents: &'s Accidents) -> Self {
        Stack {
            scenario,
            accidents,
            allowed: allowed(scenario),
            v1: scenario.order == Order::V1,
            stack: VecDeque::new(),
            waiting: Vec::new(),
            run_data: BTreeMap::new(),
            steps: Vec::new(),
            handled: 0,
            result: scenario.start.clone(),
            walked: Cell::new(0),
        }
    }

    fn run(mut self) -> Option<Outcome> {
        self.ended(0, vec![Some(self.scenario.start.clone())]);
        if self.walked.get() >= MAX_WALKED {
            return None;
        }
        let mut last = 0;
        loop {
            while let Some((node, inputs)) = self.stack.pop_front() {
                if self.steps.len() >= MAX_STEPS {
                    return None;
                }
                last = node;
                let run_index = self.run_data.get(&node).map_or(0, Vec::len) as u32;
                let done = perform(self.scenario, self.accidents, node, run_index, &inputs);
                self.handled += u32::from(done.handled);
                let outputs = done.ports.as_ref().map(plain);
                self.steps.push(Step { node, run_index, inputs: trim(inputs), outputs });
                let Some(ports) = done.ports else { return Some(self.outcome(true)) };
                self.result = first_full(&ports);
                self.ended(node, ports);
                // Looked at here, and not with the next step: a walk that was cut short may leave no next step.
                if self.walked.get() >= MAX_WALKED {
                    return None;
                }
            }
            if self.scenario.destination == Some(last) || !self.release() {
                return Some(self.outcome(false));
            }
        }
    }

    fn outcome(self, failed: bool) -> Outcome {
        Outcome { steps: self.steps, failed, result: self.result, handled: self.handled }
    }

    /// A node has run: its successors are added.
    fn ended(&mut self, node: usize, ports: Ports) {
        self.run_data.entry(node).or_default().push(ports.clone());
        if self.scenario.destination == Some(node) {
            return;
        }
        let mut added: Vec<(usize, usize, usize)> = Vec::new();
        for (output, data) in ports.iter().enumerate() {
            let Some(data) = data else { continue };
            for edge in self.scenario.edges.iter().filter(|edge| edge.from == node && edge.output == output) {
                if self.allowed[edge.to] && (!data.is_empty() || (!self.v1 && edge.input > 0)) {
                    added.push((output, edge.to, edge.input));
                }
            }
        }
        if self.v1 {
            // Bottom right first, so that top left is in front at the end.
            added.sort_by_key(|(_, to, _)| {
                let [x, y] = self.scenario.nodes[*to].position;
                (std::cmp::Reverse(y), std::cmp::Reverse(x))
            });
        }
        for (output, to, input) in added {
            let data = ports[output].clone().unwrap_or_default();
            self.add(node, &ports, data, to, input);
        }
    }

    fn inputs_of(&self, node: usize) -> Vec<Vec<(usize, usize)>> {
        let edges = || self.scenario.edges.iter().filter(|edge| edge.to == node);
        let count = edges().map(|edge| edge.input + 1).max().unwrap_or(0);
        let port = |input| edges().filter(|edge| edge.input == input).map(|edge| (edge.from, edge.output)).collect();
        (0..count).map(port).collect()
    }

    fn enqueue(&mut self, node: usize, inputs: Vec<Vec<i64>>) {
        if self.v1 { self.stack.push_front((node, inputs)) } else { self.stack.push_back((node, inputs)) }
    }

    fn add(&mut self, parent: usize, ports: &Ports, data: Vec<i64>, node: usize, input: usize) {
        let inputs = self.inputs_of(node);
        if inputs.len() <= 1 {
            self.enqueue(node, vec![data]);
            return;
        }
        let was_waiting = self.waiting.iter().any(|(join, _)| *join == node);
        if !was_waiting {
            self.waiting.push((node, Vec::new()));
        }
        let place = self.waiting.iter().position(|(join, _)| *join == node).unwrap();
        let executions = &mut self.waiting[place].1;
        let open = executions.iter().position(|execution| execution[input].is_none());
        let open = open.unwrap_or_else(|| {
            executions.push(vec![None; inputs.len()]);
            executions.len() - 1
        });
        let came_without = data.is_empty();
        executions[open][input] = Some(data);
        if executions[open].iter().all(Option::is_some) {
            let full = executions.remove(open).into_iter().map(Option::unwrap_or_default).collect();
            if executions.is_empty() {
                self.waiting.remove(place);
            }
            self.enqueue(node, full);
        } else if !was_waiting && !self.v1 {
            self.force(parent, ports, &inputs, came_without);
        }
    }

    /// Order v0 makes the other branches of a join run.
    fn force(&mut self, parent: usize, ports: &Ports, inputs: &[Vec<(usize, usize)>], came_without: bool) {
        let is_child = |node: usize| self.scenario.edges.iter().any(|edge| edge.from == parent && edge.to == node);
        let children: Vec<usize> = (0..self.scenario.nodes.len()).filter(|node| is_child(*node)).collect();
        for (source, _) in inputs.iter().flatten().copied() {
            let in_stack = |this: &Self, node: usize| this.stack.iter().any(|(ready, _)| *ready == node);
            if source == parent {
                continue;
            }
            if children.contains(&source) && !self.incoming_is_empty(source, parent, ports) {
                continue;
            }
            if in_stack(self, source) || self.run_data.contains_key(&source) {
                continue;
            }
            let mut chain = self.parents(source, &[]);
            chain.push(source);
            chain.reverse();
            let mut to_add = Some(source);
            for above in chain {
                if (above != source && children.contains(&above)) || in_stack(self, above) {
                    to_add = None;
                    break;
                }
                if self.run_data.contains_key(&above) {
                    break;
                }
                to_add = Some(above);
            }
            let Some(to_add) = to_add else { continue };
            if leads_to(self.scenario, parent, to_add) && came_without {
                continue;
            }
            if self.incoming_is_empty(to_add, parent, ports) {
                self.enqueue(to_add, vec![vec![0]]);
            }
        }
    }

    /// Nodes above a node, the farthest first, as n8n lists them.
    fn parents(&self, node: usize, path: &[usize]) -> Vec<usize> {
        let mut path = path.to_vec();
        path.push(node);
        let mut list: Vec<usize> = Vec::new();
        for (source, _) in self.inputs_of(node).iter().flatten() {
            if path.contains(source) || self.walked.get() >= MAX_WALKED {
                continue;
            }
            self.walked.set(self.walked.get() + 1);
            list.insert(0, *source);
            for above in self.parents(*source, &path).into_iter().rev() {
                list.retain(|known| *known != above);
                list.insert(0, above);
            }
        }
        list
    }

    /// Nothing has come, nor is coming from `parent`, to the first input of a node.
    fn incoming_is_empty(&self, node: usize, parent: usize, ports: &Ports) -> bool {
        let inputs = self.inputs_of(node);
        let Some(first) = inputs.first() else { return true };
        first.iter().all(|(source, output)| {
            let full = |ports: &Ports| ports.get(*output).and_then(Option::as_ref).is_some_and(|data| !data.is_empty());
            if *source == parent {
                !full(ports)
            } else {
                !self.run_data.get(source).is_some_and(|runs| runs.iter().any(full))
            }
        })
    }

    /// The stack is empty: joins that lack data run with what they have, one by one.
    fn release(&mut self) -> bool {
        let mut at = 0;
        while at < self.waiting.len() {
            let (node, execution) = (self.waiting[at].0, self.waiting[at].1[0].clone());
            let plan = &self.scenario.nodes[node];
            let count = plan.inputs.max(execution.len());
            let enough = !self.v1
                || match &plan.required {
                    Required::Any => true,
                    Required::All => false,
                    Required::These(inputs) if inputs.len() == count => false,
                    Required::These(inputs) => {
                        inputs.iter().all(|input| execution.get(*input as usize).is_some_and(Option::is_some))
                    }
                };
            let parent_waits =
                self.waiting.iter().any(|(other, _)| *other != node && leads_to(self.scenario, *other, node));
            if !enough || parent_waits {
                at += 1;
                continue;
            }
            self.waiting[at].1.remove(0);
            if self.waiting[at].1.is_empty() {
                self.waiting.remove(at);
            }
            let inputs: Vec<Vec<i64>> = execution.into_iter().map(Option::unwrap_or_default).collect();
            if inputs.iter().any(|data| !data.is_empty()) {
                self.stack.push_back((node, inputs));
                return true;
            }
            at = 0;
        }
        false
    }
}

/// The parallel order.
struct Parallel<'s> {
    scenario: &'s Scenario,
    accidents: &'s Accidents,
    allowed: Vec<bool>,
    /// What waits on each edge.
    queues: Vec<VecDeque<Vec<i64>>>,
    run_counts: Vec<u32>,
    steps: Vec<Step>,
    failed: bool,
    handled: u32,
    /// The result is what the last of the nodes put out that fed nobody.
    last: Option<(usize, Vec<i64>)>,
}

impl<'s> Parallel<'s> {
    fn new(scenario: &'s Scenario, accidents: &'s Accidents) -> Self {
        Parallel {
            scenario,
            accidents,
            allowed: allowed(scenario),
            queues: vec![VecDeque::new(); scenario.edges.len()],
            run_counts: vec![0; scenario.nodes.len()],
            steps: Vec::new(),
            failed: false,
            handled: 0,
            last: None,
        }
    }

    /// Edges that lead to a node, by input.
    fn edges_to(&self, node: usize) -> Vec<usize> {
        let edges = self.scenario.edges.iter().enumerate();
        let mut list: Vec<usize> = edges.filter(|(_, edge)| edge.to == node).map(|(index, _)| index).collect();
        list.sort_by_key(|index| self.scenario.edges[*index].input);
        list
    }

    fn run(mut self) -> Option<Outcome> {
        self.run_counts[0] = 1;
        self.put_out(0, vec![Some(self.scenario.start.clone())]);
        loop {
            if self.steps.len() >= MAX_STEPS {
                return None;
            }
            let filled: Vec<usize> = (0..self.scenario.nodes.len())
                .filter(|node| self.edges_to(*node).iter().any(|edge| !self.queues[*edge].is_empty()))
                .collect();
            let alone = filled.iter().find(|node| self.edges_to(**node).len() == 1);
            let Some(node) = alone.copied().or_else(|| self.choose_join(&filled)) else { break };
            self.step(node);
        }
        let result = self.last.map_or_else(|| self.scenario.start.clone(), |(_, items)| items);
        Some(Outcome { steps: self.steps, failed: self.failed, result, handled: self.handled })
    }

    /// Only joins have data. One runs when no other can bring it more; of those in a circle the first does.
    fn choose_join(&self, filled: &[usize]) -> Option<usize> {
        let missing = |node: usize| -> Vec<usize> {
            self.edges_to(node).into_iter().filter(|edge| self.queues[*edge].is_empty()).collect()
        };
        let can_bring = |other: usize, node: usize| {
            let brings = |edge: &usize| self.reaches_without(other, self.scenario.edges[*edge].from, node);
            missing(node).iter().any(brings)
        };
        let ready = |node: &&usize| !filled.iter().any(|other| other != *node && can_bring(*other, **node));
        let leads = |from: usize, to: usize| from != to && leads_to(self.scenario, from, to);
        let in_front = |node: &&usize| filled.iter().all(|other| !leads(*other, **node) || leads(**node, *other));
        filled.iter().find(ready).or_else(|| filled.iter().find(in_front)).copied()
    }

    /// A path leads from one node to the other (or they are one), on which `without` does not lie.
    fn reaches_without(&self, from: usize, to: usize, without: usize) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            if node == to {
                return true;
            }
            for edge in self.scenario.edges.iter().filter(|edge| edge.from == node && edge.to != without) {
                if self.allowed[edge.to] && seen.insert(edge.to) {
                    open.push(edge.to);
                }
            }
        }
        false
    }

    fn step(&mut self, node: usize) {
        let edges = self.edges_to(node);
        let count = edges.iter().map(|edge| self.scenario.edges[*edge].input + 1).max().unwrap_or(0);
        let mut inputs = vec![Vec::new(); count];
        for edge in edges {
            inputs[self.scenario.edges[edge].input].extend(self.queues[edge].pop_front().unwrap_or_default());
        }
        let run_index = self.run_counts[node];
        self.run_counts[node] += 1;
        let done = perform(self.scenario, self.accidents, node, run_index, &inputs);
        self.handled += u32::from(done.handled);
        let outputs = done.ports.as_ref().map(plain);
        self.steps.push(Step { node, run_index, inputs: trim(inputs), outputs });
        match done.ports {
            Some(ports) => self.put_out(node, ports),
            None => self.failed = true,
        }
    }

    fn put_out(&mut self, node: usize, ports: Ports) {
        let mut fed = false;
        for (index, edge) in self.scenario.edges.iter().enumerate() {
            let data = ports.get(edge.output).cloned().flatten().unwrap_or_default();
            let leads_on = edge.from == node && self.scenario.destination != Some(node) && self.allowed[edge.to];
            if leads_on && !data.is_empty() {
                self.queues[index].push_back(data);
                fed = true;
            }
        }
        if !fed && node > 0 && self.last.as_ref().is_none_or(|(last, _)| *last <= node) {
            self.last = Some((node, first_full(&ports)));
        }
    }
}

fn plain(ports: &Ports) -> Vec<Vec<i64>> {
    trim(ports.iter().map(|port| port.clone().unwrap_or_default()).collect())
}

/// What a node put out at its first port with items.
fn first_full(ports: &Ports) -> Vec<i64> {
    ports.iter().flatten().find(|items| !items.is_empty()).cloned().unwrap_or_default()
}

/// Kept so that a scenario's meaning can be told from its text when a history fails.
pub fn describe(scenario: &Scenario) -> String {
    let mut text = format!("order {:?}, start {:?}, to {:?}\n", scenario.order, scenario.start, scenario.destination);
    let connected = |node: usize| scenario.edges.iter().any(|edge| edge.from == node || edge.to == node);
    for (index, plan) in scenario.nodes.iter().enumerate().filter(|(index, plan)| connected(*index) || plan.is_tool) {
        let loops = if matches!(plan.emit, Emit::Loop { .. }) { " (loop)" } else { "" };
        text += &format!("  n{index}{loops}: {plan:?}\n");
    }
    for edge in &scenario.edges {
        text += &format!("  n{}.{} -> n{}.{}\n", edge.from, edge.output, edge.to, edge.input);
    }
    text
}

//! n8n's orders: what gets ready when a step has ended.
//!
//! v1 (depth first): successors get ready in front of the queue, so that the one nearest to the top of the canvas is
//! next. v0 (breadth first): they get ready at the end of the queue, in edge order, and a join that gets its first
//! data forces those of its branches to run that nothing has started.
//!
//! No items start no node. In order v0 an input of a join other than its first counts as arrived also when its branch
//! ended without items.

use super::{Machine, Slot, add_slot};
use crate::event::{Feed, Inputs, Move, NodeIndex, StepNumber};
use crate::graph::{Graph, Target};

/// Plans the moves of one ended step: a copy of what matters of the state, changed as moves are added.
pub(super) struct Plan<'m> {
    machine: &'m Machine,
    moves: Vec<Move>,
    /// Nodes of the queue, the planned ones included.
    queued: Vec<NodeIndex>,
    slots: Vec<Slot>,
    front: bool,
}

impl<'m> Plan<'m> {
    pub(super) fn new(machine: &'m Machine, front: bool) -> Self {
        let queued = machine.state.ready.iter().map(|ready| ready.node).collect();
        Plan { machine, moves: Vec::new(), queued, slots: machine.state.slots.clone(), front }
    }

    /// The moves that follow from `node` having put out `lens` items at its ports (absent: nothing came there).
    pub(super) fn after(mut self, node: NodeIndex, step: StepNumber, lens: &[Option<usize>]) -> Vec<Move> {
        let graph = &self.machine.graph;
        let successors = &graph.node(node).successors;
        let mut targets: Vec<(Feed, Target, usize)> = Vec::new();
        for (output, (targets_here, len)) in successors.iter().zip(lens).enumerate() {
            let Some(len) = len else { continue };
            let feed = Feed { step, output: output as u16 };
            let starts = |target: &&Target| *len > 0 || (target.input > 0 && !self.front);
            targets.extend(targets_here.iter().filter(starts).map(|target| (feed, *target, *len)));
        }
        targets.retain(|(_, target, _)| self.machine.may_run(target.node));
        if self.front {
            // The last one to be put in front is the first to run: bottom right first, top left last.
            let place = |target: &Target| graph.node(target.node).position;
            targets.sort_by(|(_, a, _), (_, b, _)| {
                let ([ax, ay], [bx, by]) = (place(a), place(b));
                by.total_cmp(&ay).then(bx.total_cmp(&ax))
            });
        }
        for (feed, target, len) in targets {
            self.feed(node, feed, target, len == 0, lens);
        }
        self.moves
    }

    fn feed(&mut self, from: NodeIndex, feed: Feed, target: Target, empty: bool, lens: &[Option<usize>]) {
        let connected = self.machine.graph.node(target.node).connected_inputs();
        if connected <= 1 {
            self.push(target.node, at_port(target.input, feed));
            return;
        }
        let was_waiting = self.slots.iter().any(|slot| slot.node == target.node);
        let open = self.slots.iter().find(|slot| slot.node == target.node && !slot.arrived.contains_key(&target.input));
        let slot = open.map(|slot| slot.slot).unwrap_or_else(|| {
            self.slots.iter().filter(|slot| slot.node == target.node).map(|slot| slot.slot + 1).max().unwrap_or(0)
        });
        let position = match self.slots.iter().position(|known| known.node == target.node && known.slot == slot) {
            Some(position) => position,
            None => {
                let new = Slot { node: target.node, slot, arrived: Default::default(), filled: false };
                add_slot(&mut self.slots, new)
            }
        };
        self.slots[position].arrived.insert(target.input, feed);
        if self.slots[position].arrived.len() == connected {
            let full = self.slots.remove(position);
            self.moves.push(Move::Close { n: target.node, s: slot });
            self.push(target.node, inputs_of(&full, connected));
            return;
        }
        self.moves.push(Move::Wait { n: target.node, s: slot, p: target.input, f: feed, z: empty });
        if !was_waiting && !self.front {
            self.force_branches(from, target.node, empty, lens);
        }
    }

    fn push(&mut self, node: NodeIndex, inputs: Inputs) {
        if self.front {
            self.queued.insert(0, node);
            self.moves.push(Move::Front { n: node, i: inputs });
        } else {
            self.queued.push(node);
            self.moves.push(Move::Back { n: node, i: inputs });
        }
    }

    /// Order v0: when a join gets its first data, the branches that lead to its other inputs are made to run with one
    /// empty item, unless they have run, are about to, or follow from what `from` has just put out.
    fn force_branches(&mut self, from: NodeIndex, join: NodeIndex, empty: bool, lens: &[Option<usize>]) {
        let graph = self.machine.graph.clone();
        let siblings: Vec<NodeIndex> = graph.node(from).successors.iter().flatten().map(|target| target.node).collect();
        for (source, _) in graph.node(join).predecessors.iter().flatten().copied() {
            let follows = siblings.contains(&source) && !self.is_starved(source, from, lens);
            if source == from || follows || self.queued.contains(&source) || self.has_run(source) {
                continue;
            }
            let Some(root) = self.branch_root(source, from, &siblings) else { continue };
            let below = root != from && graph.ancestors(root)[from as usize];
            if !(below && empty) && self.is_starved(root, from, lens) && self.machine.may_run(root) {
                self.push(root, Inputs::one(Feed::EMPTY_ITEM));
            }
        }
    }

    /// The farthest node above `source`, itself included, that nothing has started; none when one of them will be
    /// started anyway.
    fn branch_root(&self, source: NodeIndex, from: NodeIndex, siblings: &[NodeIndex]) -> Option<NodeIndex> {
        let mut root = source;
        for node in nearest_first(&self.machine.graph, source) {
            if (node != source && siblings.contains(&node)) || self.queued.contains(&node) {
                return None;
            }
            if node == from || self.has_run(node) {
                break;
            }
            root = node;
        }
        Some(root)
    }

    /// The first input of a node gets nothing from what has run so far.
    fn is_starved(&self, node: NodeIndex, from: NodeIndex, lens: &[Option<usize>]) -> bool {
        let Some(sources) = self.machine.graph.node(node).predecessors.first() else { return true };
        sources.iter().all(|(source, output)| {
            if *source == from {
                return lens.get(*output as usize).copied().flatten().unwrap_or(0) == 0;
            }
            !self.machine.state.had_items.contains(&(*source, *output))
        })
    }

    fn has_run(&self, node: NodeIndex) -> bool {
        self.machine.state.run_counts[node as usize] > 0
    }
}

/// `node` and the nodes above it: each in front of what leads to it, as far as circles allow.
fn nearest_first(graph: &Graph, node: NodeIndex) -> Vec<NodeIndex> {
    // n8n walks every path, which can take for ever in a dense graph; what lies beyond the budget changes the order only.
    let mut budget = 10_000;
    let mut order = vec![node];
    order.extend(above(graph, node, &mut Vec::new(), &mut budget));
    order
}

fn above(graph: &Graph, node: NodeIndex, path: &mut Vec<NodeIndex>, budget: &mut u32) -> Vec<NodeIndex> {
    let mut found: Vec<NodeIndex> = Vec::new();
    path.push(node);
    for (source, _) in graph.node(node).predecessors.iter().flatten() {
        if path.contains(source) || *budget == 0 {
            continue;
        }
        *budget -= 1;
        found.push(*source);
        for farther in above(graph, *source, path, budget) {
            found.retain(|known| *known != farther);
            found.push(farther);
        }
    }
    path.pop();
    found
}

/// The inputs of a slot, by port.
pub(super) fn inputs_of(slot: &Slot, connected: usize) -> Inputs {
    let ports = (0..connected as u16).map(|input| slot.arrived.get(&input).copied().into_iter().collect());
    ports.collect::<Vec<Vec<Feed>>>().into()
}

/// One feed at a port, and nothing at those before it.
pub(super) fn at_port(port: u16, feed: Feed) -> Inputs {
    if port == 0 {
        return Inputs::one(feed);
    }
    let mut ports = vec![Vec::new(); port as usize];
    ports.push(vec![feed]);
    ports.into()
}

//! n8n's orders: what gets ready when a step has ended.
//!
//! v1 (depth first): successors get ready in front of the queue, so that the one nearest to the top of the canvas is
//! next. v0 (breadth first): they get ready at the end of the queue, in edge order, and a join that gets its first
//! data forces those of its branches to run that nothing has started.
//!
//! An input counts as arrived at a join as soon as its branch has ended, with or without items; a node with one input
//! is not started without items.

use super::{Machine, Slot};
use crate::event::{Feed, Inputs, Move, NodeIndex, StepNumber};
use crate::graph::Target;

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
            let starts = |target: &&Target| *len > 0 || target.input > 0;
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
            self.feed(node, feed, target, len == 0);
        }
        self.moves
    }

    fn feed(&mut self, from: NodeIndex, feed: Feed, target: Target, empty: bool) {
        let connected = self.machine.graph.node(target.node).connected_inputs();
        if connected <= 1 {
            let mut inputs: Inputs = vec![Vec::new(); target.input as usize + 1];
            inputs[target.input as usize].push(feed);
            self.push(target.node, inputs);
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
                self.slots.push(Slot { node: target.node, slot, arrived: Default::default(), filled: false });
                self.slots.len() - 1
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
            self.force_branches(from, target.node);
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

    /// Order v0: the other branches of a join are made to run when nothing has started them.
    fn force_branches(&mut self, from: NodeIndex, join: NodeIndex) {
        let graph = self.machine.graph.clone();
        let siblings: Vec<NodeIndex> = graph.node(from).successors.iter().flatten().map(|target| target.node).collect();
        let sources: Vec<NodeIndex> = graph.node(join).predecessors.iter().flatten().map(|(node, _)| *node).collect();
        for source in sources {
            if source == from || siblings.contains(&source) || self.has_run(source) || self.queued.contains(&source) {
                continue;
            }
            // The farthest ancestor that nothing has started: a node without inputs, or one whose input came to
            // nothing.
            let ancestors = graph.ancestors(source);
            let mut candidates = (0..graph.nodes.len() as NodeIndex).filter(|node| ancestors[*node as usize]);
            if ancestors[join as usize] || candidates.clone().any(|node| self.queued.contains(&node)) {
                continue;
            }
            let root = candidates.find(|node| {
                let sources = &graph.node(*node).predecessors;
                let unfed = sources.iter().flatten().next().is_none();
                let starved =
                    sources.first().is_some_and(|first| first.iter().all(|(source, _)| self.has_run(*source)));
                !self.has_run(*node) && !graph.node(*node).is_attachment && (unfed || starved)
            });
            if let Some(root) = root.filter(|root| self.machine.may_run(*root)) {
                self.push(root, vec![vec![Feed::EMPTY_ITEM]]);
            }
        }
    }

    fn has_run(&self, node: NodeIndex) -> bool {
        self.machine.state.run_counts[node as usize] > 0
    }
}

/// The inputs of a slot, by port.
pub(super) fn inputs_of(slot: &Slot, connected: usize) -> Inputs {
    (0..connected as u16).map(|input| slot.arrived.get(&input).copied().into_iter().collect()).collect()
}

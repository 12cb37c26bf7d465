//! The parallel order: every ready node runs at once, and no result depends on which of them is faster.
//!
//! A node with several incoming edges is a join, also when they lead to one port. It runs when each edge has brought
//! data or can bring none any more. Its inputs are put together in edge order, never in order of arrival.

use std::collections::BTreeSet;

use super::order::at_port;
use super::{Machine, Slot};
use crate::event::{Feed, Inputs, Move, NodeIndex, StepNumber};

/// The moves that follow from `node` having put out `lens` items at its ports.
pub(super) fn after(machine: &Machine, node: NodeIndex, step: StepNumber, lens: &[Option<usize>]) -> Vec<Move> {
    let graph = &machine.graph;
    let mut moves = Vec::new();
    let mut slots = machine.state.slots.clone();
    for (output, (targets, len)) in graph.node(node).successors.iter().zip(lens).enumerate() {
        if len.is_none_or(|len| len == 0) {
            continue;
        }
        let feed = Feed { step, output: output as u16 };
        for target in targets.iter().filter(|target| machine.may_run(target.node)) {
            let edges = graph.node(target.node).edges_in();
            if edges == 1 {
                moves.push(Move::Back { n: target.node, i: at_port(target.input, feed) });
                continue;
            }
            let Some(edge) = edge_number(machine, target.node, node, output as u16, target.input) else { continue };
            let open = slots.iter().position(|slot| slot.node == target.node && !slot.arrived.contains_key(&edge));
            let position = open.unwrap_or_else(|| {
                let here = slots.iter().filter(|slot| slot.node == target.node);
                let slot = here.map(|slot| slot.slot + 1).max().unwrap_or(0);
                slots.push(Slot { node: target.node, slot, arrived: Default::default(), filled: true });
                slots.len() - 1
            });
            slots[position].arrived.insert(edge, feed);
            moves.push(Move::Wait { n: target.node, s: slots[position].slot, p: edge, f: feed, z: false });
        }
    }
    moves
}

/// Number of an edge among those that lead to a node: by port, then in edge order. Two equal edges count as one.
fn edge_number(machine: &Machine, to: NodeIndex, from: NodeIndex, output: u16, input: u16) -> Option<u16> {
    let predecessors = &machine.graph.node(to).predecessors;
    let before: usize = predecessors.iter().take(input as usize).map(Vec::len).sum();
    let within = predecessors.get(input as usize)?.iter().position(|source| *source == (from, output))?;
    Some((before + within) as u16)
}

/// The join that may run now, if there is one.
pub(super) fn release(machine: &Machine) -> Option<Vec<Move>> {
    let state = &machine.state;
    if state.slots.is_empty() {
        return None;
    }
    let mut slots: Vec<&Slot> = state.slots.iter().collect();
    slots.sort_by_key(|slot| (slot.node, slot.slot));
    let active: BTreeSet<NodeIndex> = state
        .ready
        .iter()
        .map(|ready| ready.node)
        .chain(state.live.values().filter(|step| step.parent.is_none()).map(|step| step.node))
        .collect();
    let waiting: BTreeSet<NodeIndex> = slots.iter().map(|slot| slot.node).collect();
    // A later slot of a join never overtakes an earlier one.
    let mut seen = BTreeSet::new();
    let first_slots: Vec<&&Slot> = slots.iter().filter(|slot| seen.insert(slot.node)).collect();
    let fits = |slot: &&&&Slot| {
        let others = waiting.iter().filter(|node| **node != slot.node);
        let sources: BTreeSet<NodeIndex> = active.iter().chain(others).copied().collect();
        is_complete(machine, slot, &sources)
    };
    // Joins in a circle wait for each other. When nothing else is left, the first of a circle that waits for no other
    // join runs with what it has.
    let reaches = |from: NodeIndex, to: NodeIndex| from != to && machine.graph.ancestors(to)[from as usize];
    let in_front = |slot: &&&&Slot| {
        let waits_for = waiting.iter().filter(|other| reaches(**other, slot.node));
        waits_for.into_iter().all(|other| reaches(slot.node, *other))
    };
    let circle = || first_slots.iter().filter(|_| active.is_empty()).find(in_front);
    let chosen = first_slots.iter().find(fits).or_else(circle)?;
    let inputs = inputs_of(machine, chosen);
    Some(vec![Move::Close { n: chosen.node, s: chosen.slot }, Move::Back { n: chosen.node, i: inputs }])
}

/// Every edge has brought data, or leads from nodes that nothing active can reach without running the join first.
fn is_complete(machine: &Machine, slot: &Slot, active: &BTreeSet<NodeIndex>) -> bool {
    let graph = &machine.graph;
    let mut reached = vec![false; graph.nodes.len()];
    let mut open: Vec<NodeIndex> = Vec::new();
    for node in active {
        if *node == slot.node {
            open.extend(graph.node(*node).successors.iter().flatten().map(|target| target.node));
        } else {
            open.push(*node);
        }
    }
    while let Some(node) = open.pop() {
        if node == slot.node || !machine.may_run(node) || std::mem::replace(&mut reached[node as usize], true) {
            continue;
        }
        open.extend(graph.node(node).successors.iter().flatten().map(|target| target.node));
    }
    let running_itself = active.contains(&slot.node);
    let edges = graph.node(slot.node).predecessors.iter().flatten().enumerate();
    edges.into_iter().all(|(edge, (from, _))| {
        let arrived = slot.arrived.contains_key(&(edge as u16));
        let can_come = reached[*from as usize] || (*from == slot.node && running_itself);
        arrived || !can_come
    })
}

fn inputs_of(machine: &Machine, slot: &Slot) -> Inputs {
    let mut edge = 0;
    let predecessors = &machine.graph.node(slot.node).predecessors;
    let port = |sources: &Vec<(NodeIndex, u16)>| {
        let mut feeds = Vec::new();
        for _ in sources {
            feeds.extend(slot.arrived.get(&edge).copied());
            edge += 1;
        }
        feeds
    };
    predecessors.iter().map(port).collect::<Vec<Vec<Feed>>>().into()
}

//! Where nodes stand: tidy layout, align and distribute. Each gives new positions and changes nothing.

import dagre from "@dagrejs/dagre";

import { edgesOf, isNote, nodeByName, positionOf, type NodeSpec, type Workflow } from "./document";

export type Positions = Record<string, readonly [number, number]>;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Files of n8n put nodes 200 to 220 apart, and ours do so, too: a card must leave room for its edges between them. */
export const NODE_SIZE: Size = { width: 160, height: 64 };

export function sizeOf(node: NodeSpec): Size {
  if (!isNote(node)) return NODE_SIZE;
  const number = (value: unknown, otherwise: number) => (typeof value === "number" && value > 0 ? value : otherwise);
  return { width: number(node.params?.["width"], 240), height: number(node.params?.["height"], 160) };
}

/**
 * Lays the nodes out from left to right. Notes are no part of the flow: each goes along with the nodes that it lies
 * under or next to, and grows where they would no longer fit on it. With `only`, the others stay where they are.
 */
export function tidy(document: Workflow, only?: readonly string[]): Positions {
  const chosen = document.nodes.filter((node) => !isNote(node) && (only === undefined || only.length < 2 || only.includes(node.id)));
  if (chosen.length === 0) return {};
  const names = new Set(chosen.map((node) => node.name));
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 48, ranksep: 96 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of chosen) graph.setNode(node.id, { ...sizeOf(node) });
  edgesOf(document).forEach((edge, index) => {
    const [from, to] = [nodeByName(document, edge.from), nodeByName(document, edge.to)];
    if (from && to && from !== to && names.has(from.name) && names.has(to.name)) graph.setEdge(from.id, to.id, {}, String(index));
  });
  dagre.layout(graph);
  const placed = new Map(chosen.map((node) => {
    const { x, y } = graph.node(node.id) as { x: number; y: number };
    const { width, height } = sizeOf(node);
    return [node.id, [x - width / 2, y - height / 2] as const];
  }));
  // What was at the top left stays there, so that a tidy layout does not move the picture away.
  const left = Math.min(...chosen.map((node) => positionOf(node)[0]));
  const top = Math.min(...chosen.map((node) => positionOf(node)[1]));
  const [newLeft, newTop] = [0, 1].map((axis) => Math.min(...[...placed.values()].map((position) => position[axis as 0 | 1])));
  const positions: Positions = {};
  for (const [id, [x, y]] of placed) positions[id] = [grid(x - (newLeft ?? 0) + left), grid(y - (newTop ?? 0) + top)];
  for (const note of document.nodes.filter(isNote)) {
    if (only !== undefined && only.length >= 2 && !only.includes(note.id)) continue;
    const moved = carry(note, chosen, positions);
    if (moved) positions[note.id] = moved;
  }
  return positions;
}

function grid(value: number): number {
  return Math.round(value / 16) * 16;
}

/** Takes a note along with the nodes on it; without any, with the nearest one. */
function carry(note: NodeSpec, nodes: readonly NodeSpec[], positions: Positions): readonly [number, number] | undefined {
  const [x, y] = positionOf(note);
  const { width, height } = sizeOf(note);
  const center = (node: NodeSpec): readonly [number, number] => {
    const [left, top] = positionOf(node);
    return [left + NODE_SIZE.width / 2, top + NODE_SIZE.height / 2];
  };
  const under = nodes.filter((node) => {
    const [nodeX, nodeY] = center(node);
    return nodeX >= x && nodeX <= x + width && nodeY >= y && nodeY <= y + height;
  });
  const distance = (node: NodeSpec) => {
    const [nodeX, nodeY] = center(node);
    const beyond = (value: number, from: number, length: number) => Math.max(from - value, 0, value - from - length);
    return Math.hypot(beyond(nodeX, x, width), beyond(nodeY, y, height));
  };
  const nearest = [...nodes].sort((one, other) => distance(one) - distance(other)).slice(0, 1);
  const anchors = under.length > 0 ? under : nearest;
  if (anchors.length === 0) return undefined;
  const shift = (axis: 0 | 1) => {
    const before = Math.min(...anchors.map((node) => positionOf(node)[axis]));
    return Math.min(...anchors.map((node) => (positions[node.id] ?? positionOf(node))[axis])) - before;
  };
  return [x + shift(0), y + shift(1)];
}

/**
 * The document with a place for every node: those written by hand or by a program have none, and would lie in one pile.
 * The same document is always laid out the same way, so two people who open it see one picture.
 */
export function laidOut(document: Workflow): Workflow {
  const { nodes } = document;
  const lost = nodes.filter((node) => node.position === undefined);
  if (lost.length === 0 && !piled(nodes)) return document;
  const whole = lost.length === nodes.length || piled(nodes);
  const positions = whole ? tidy({ ...document, nodes: nodes.map((node) => ({ ...node, position: [0, 0] })) }) : fill(document, lost);
  return { ...document, nodes: nodes.map((node) => ({ ...node, position: positions[node.id] ?? positionOf(node) })) };
}

/** All nodes at one and the same place: nobody has put them there. */
function piled(nodes: readonly NodeSpec[]): boolean {
  const [first] = nodes;
  if (!first || nodes.length < 2) return false;
  const [x, y] = positionOf(first);
  return nodes.every((node) => positionOf(node)[0] === x && positionOf(node)[1] === y);
}

const STEP = { across: 224, down: 112 };

/** Finds places for some nodes among others that stand: after what leads to them, before what they lead to, else below. */
function fill(document: Workflow, lost: readonly NodeSpec[]): Positions {
  const positions: Positions = Object.fromEntries(document.nodes.flatMap((node) => (node.position ? [[node.id, node.position] as const] : [])));
  const free = (x: number, y: number): readonly [number, number] => {
    const taken = Object.values(positions).some(([left, top]) => Math.abs(left - x) < NODE_SIZE.width && Math.abs(top - y) < NODE_SIZE.height);
    return taken ? free(x, y + STEP.down) : [x, y];
  };
  const beside = (node: NodeSpec): readonly [number, number] | undefined => {
    for (const edge of edgesOf(document)) {
      const other = nodeByName(document, edge.to === node.name ? edge.from : edge.from === node.name ? edge.to : "");
      const known = other && positions[other.id];
      if (known) return free(known[0] + (edge.to === node.name ? STEP.across : -STEP.across), known[1]);
    }
    return undefined;
  };
  let waiting = [...lost];
  while (waiting.length > 0) {
    const left = waiting.filter((node) => {
      const place = beside(node);
      if (place) positions[node.id] = place;
      return place === undefined;
    });
    if (left.length === waiting.length) {
      const [first] = left.splice(0, 1);
      const lowest = Math.max(...Object.values(positions).map(([, y]) => y));
      const leftmost = Math.min(...Object.values(positions).map(([x]) => x));
      if (first) positions[first.id] = [leftmost, lowest + STEP.down];
    }
    waiting = left;
  }
  return positions;
}

export type Side = "left" | "center" | "right" | "top" | "middle" | "bottom";

export function align(nodes: readonly NodeSpec[], side: Side): Positions {
  if (nodes.length < 2) return {};
  const axis = side === "left" || side === "center" || side === "right" ? 0 : 1;
  const extent = (node: NodeSpec) => (axis === 0 ? sizeOf(node).width : sizeOf(node).height);
  const start = Math.min(...nodes.map((node) => positionOf(node)[axis]));
  const end = Math.max(...nodes.map((node) => positionOf(node)[axis] + extent(node)));
  const place = (node: NodeSpec) => {
    if (side === "left" || side === "top") return start;
    if (side === "right" || side === "bottom") return end - extent(node);
    return Math.round((start + end - extent(node)) / 2);
  };
  return Object.fromEntries(
    nodes.map((node) => {
      const [x, y] = positionOf(node);
      return [node.id, axis === 0 ? ([place(node), y] as const) : ([x, place(node)] as const)];
    }),
  );
}

/** Makes the gaps between nodes equal; the outermost stay. */
export function distribute(nodes: readonly NodeSpec[], direction: "across" | "down"): Positions {
  if (nodes.length < 3) return {};
  const axis = direction === "across" ? 0 : 1;
  const extent = (node: NodeSpec) => (axis === 0 ? sizeOf(node).width : sizeOf(node).height);
  const sorted = [...nodes].sort((one, other) => positionOf(one)[axis] - positionOf(other)[axis]);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (!first || !last) return {};
  const room = positionOf(last)[axis] + extent(last) - positionOf(first)[axis];
  const gap = (room - sorted.reduce((sum, node) => sum + extent(node), 0)) / (sorted.length - 1);
  let next = positionOf(first)[axis];
  return Object.fromEntries(
    sorted.map((node) => {
      const [x, y] = positionOf(node);
      const place = Math.round(next);
      next += extent(node) + gap;
      return [node.id, axis === 0 ? ([place, y] as const) : ([x, place] as const)];
    }),
  );
}

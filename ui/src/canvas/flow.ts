//! The document as React Flow wants it. What has not changed keeps its identity, so that 500 nodes cost what the changed ones do.
//!
//! Size and ports of a card are known from the document. React Flow would draw every node once to measure it, and only
//! then leave out what is not in sight: with them told, it draws no more than what is seen.

import { Position, useStoreApi, type Edge as FlowEdge, type Node as FlowNode, type NodeHandle } from "@xyflow/react";
import { useState } from "react";

import { edgeKey, edgesOf, isNote, nodeByName, positionOf, type NodeSpec, type Workflow } from "./graph/document";
import { sizeOf, type Size } from "./graph/layout";
import { portsOf, type GroupOf } from "./graph/ports";

/** Space that a port takes on the side of a card, and what stays free above and below. */
const PORT = 26;
const EDGE = 12;
/** Width of a port's handle; half of it stands out over the inner side of the card's border. */
const HANDLE = 12;
const BORDER = 1;

export interface Card extends Record<string, unknown> {
  readonly node: NodeSpec;
  readonly inputs: number;
  readonly outputs: number;
}

export type CardNode = FlowNode<Card>;

/** How large a node is drawn. */
export function cardSize(node: NodeSpec, inputs: number, outputs: number): Size {
  const { width, height } = sizeOf(node);
  return { width, height: isNote(node) ? height : Math.max(height, Math.max(inputs, outputs) * PORT + EDGE) };
}

/** How far down a side a port stands, as a part of its height. */
export function portAt(index: number, count: number): number {
  return (index + 0.5) / count;
}

function handlesOf({ width, height }: Size, inputs: number, outputs: number): NodeHandle[] {
  const side = (count: number, type: "source" | "target"): NodeHandle[] =>
    Array.from({ length: count }, (_, index) => ({
      id: `${type === "source" ? "o" : "i"}${index}`,
      type,
      position: type === "source" ? Position.Right : Position.Left,
      x: (type === "source" ? width - BORDER : BORDER) - HANDLE / 2,
      y: BORDER + (height - 2 * BORDER) * portAt(index, count) - HANDLE / 2,
      width: HANDLE,
      height: HANDLE,
    }));
  return [...side(inputs, "target"), ...side(outputs, "source")];
}

function flowNode(node: NodeSpec, inputs: number, outputs: number, selected: boolean): CardNode {
  const [x, y] = positionOf(node);
  const size = cardSize(node, inputs, outputs);
  return {
    id: node.id,
    type: isNote(node) ? "note" : "card",
    position: { x, y },
    data: { node, inputs, outputs },
    selected,
    ariaLabel: `${node.name}, ${node.type}`,
    zIndex: isNote(node) ? -1 : 1,
    ...size,
    measured: size,
    handles: handlesOf(size, inputs, outputs),
  };
}

export function flowNodes(document: Workflow, groupOf: GroupOf, selection: readonly string[], before: readonly CardNode[]): CardNode[] {
  const chosen = new Set(selection);
  const known = new Map(before.map((flow) => [flow.id, flow]));
  return document.nodes.map((node) => {
    const selected = chosen.has(node.id);
    const ports = portsOf(node, groupOf, document);
    const [inputs, outputs] = [ports.inputs.length, ports.outputs.length];
    const now = known.get(node.id);
    if (now?.data.inputs === inputs && now.data.outputs === outputs && now.data.node === node && now.selected === selected) return now;
    return flowNode(node, inputs, outputs, selected);
  });
}

/** The list stays the same one while no edge, and no end of one, has become another. */
export function flowEdges(document: Workflow, before: readonly FlowEdge[]): readonly FlowEdge[] {
  const known = new Map(before.map((line) => [line.data?.["edge"], line]));
  const now = edgesOf(document).flatMap((edge): FlowEdge[] => {
    const [from, to] = [nodeByName(document, edge.from), nodeByName(document, edge.to)];
    if (!from || !to) return [];
    const same = known.get(edge);
    if (same?.source === from.id && same.target === to.id) return [same];
    return [
      {
        id: edgeKey(edge),
        type: "line",
        source: from.id,
        target: to.id,
        sourceHandle: `o${edge.output ?? 0}`,
        targetHandle: `i${edge.input ?? 0}`,
        data: { edge },
        ariaLabel: `Edge from ${edge.from} to ${edge.to}`,
        className: edge.attachment !== undefined ? "ed-attached" : "",
      },
    ];
  });
  return now.length === before.length && now.every((line, index) => line === before[index]) ? before : now;
}

/** To measure every card that comes into sight is dear, and from afar there are no ports to be found. */
export function useToldSizes(): void {
  const store = useStoreApi();
  useState(() => store.setState({ updateNodeInternals: () => undefined }));
}

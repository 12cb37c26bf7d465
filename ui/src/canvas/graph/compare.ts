//! Two versions of a workflow in one picture: what came, what went, what is another than before.

import { edgeKey, edgesOf, nodeById, nodeByName, positionOf, type Edge, type NodeSpec, type Workflow } from "./document";
import { same, type JsonObject } from "./json";

export type Difference = "added" | "removed" | "changed" | "moved" | "same";

export interface ComparedNode {
  /** The node as it is after; a removed one, as it was. */
  readonly node: NodeSpec;
  readonly before: NodeSpec | undefined;
  readonly is: Difference;
}

export interface ComparedEdge {
  readonly edge: Edge;
  /** Ids of the nodes at its ends. */
  readonly source: string;
  readonly target: string;
  readonly is: "added" | "removed" | "same";
}

export interface Comparison {
  readonly nodes: readonly ComparedNode[];
  readonly edges: readonly ComparedEdge[];
}

/** Nodes are the same one when their id is, or else their name: a node that was renamed keeps its id. */
export function compare(before: Workflow, after: Workflow): Comparison {
  const counterpart = new Map<string, NodeSpec>();
  const taken = new Set<string>();
  // The id goes first: a name may have been given to another node meanwhile.
  for (const find of [(node: NodeSpec) => nodeById(before, node.id), (node: NodeSpec) => nodeByName(before, node.name)]) {
    for (const node of after.nodes) {
      const old = counterpart.has(node.id) ? undefined : find(node);
      if (old === undefined || taken.has(old.id)) continue;
      counterpart.set(node.id, old);
      taken.add(old.id);
    }
  }
  const nodes: ComparedNode[] = after.nodes.map((node) => {
    const old = counterpart.get(node.id);
    return { node, before: old, is: old === undefined ? "added" : differenceOf(old, node) };
  });
  const known = new Set(after.nodes.map(({ id }) => id));
  const kept = new Map([...counterpart].map(([id, old]) => [old.id, id]));
  const removed: ComparedNode[] = before.nodes
    .filter(({ id }) => !taken.has(id))
    // Two nodes of one picture need two ids.
    .map((node) => ({ node: known.has(node.id) ? { ...node, id: `${node.id} (before)` } : node, before: node, is: "removed" as const }));
  const idBefore = (name: string): string | undefined => {
    const old = nodeByName(before, name);
    return old === undefined ? undefined : (kept.get(old.id) ?? removed.find((one) => one.before === old)?.node.id);
  };
  const old = drawn(before, idBefore, "removed");
  const now = drawn(after, (name) => nodeByName(after, name)?.id, "added");
  const edges = [...now].map(([key, edge]): ComparedEdge => (old.has(key) ? { ...edge, is: "same" } : edge));
  old.forEach((edge, key) => {
    if (!now.has(key)) edges.push(edge);
  });
  return { nodes: [...nodes, ...removed], edges };
}

/** Edges by what they join, however the nodes at their ends are called. */
function drawn(document: Workflow, idOf: (name: string) => string | undefined, is: "added" | "removed"): Map<string, ComparedEdge> {
  return new Map(
    edgesOf(document).flatMap((edge): [string, ComparedEdge][] => {
      const [source, target] = [idOf(edge.from), idOf(edge.to)];
      return source === undefined || target === undefined ? [] : [[edgeKey({ ...edge, from: source, to: target }), { edge, source, target, is }]];
    }),
  );
}

function differenceOf(before: NodeSpec, after: NodeSpec): Difference {
  const content = ({ position: _position, id: _id, ...rest }: NodeSpec): JsonObject => rest as JsonObject;
  if (!same(content(before), content(after))) return "changed";
  return same([...positionOf(before)], [...positionOf(after)]) ? "same" : "moved";
}

//! All edges as two lines of many parts, from afar: as elements of their own, hundreds of them are what a pan costs most.

import { getBezierPath, Position, ViewportPortal, type Edge as FlowEdge } from "@xyflow/react";
import { useCallback, useMemo } from "react";

import type { CardNode } from "./flow";
import type { Edge } from "./graph/document";
import { type EditorStore, useEditorValue } from "./store";

export function FarEdges({ nodes, edges }: { readonly nodes: readonly CardNode[]; readonly edges: readonly FlowEdge[] }) {
  const states = useEditorValue(useCallback((of: EditorStore) => of.states, []));
  const [plain, taken] = useMemo(() => {
    const byId = new Map(nodes.map((node) => [node.id, node]));
    const lines: [string[], string[]] = [[], []];
    for (const line of edges) {
      const { edge } = line.data as { edge: Edge };
      const [from, to] = [end(byId.get(line.source), line.sourceHandle), end(byId.get(line.target), line.targetHandle)];
      if (!from || !to) continue;
      const [path] = getBezierPath({ sourceX: from.x, sourceY: from.y, sourcePosition: Position.Right, targetX: to.x, targetY: to.y, targetPosition: Position.Left });
      lines[(states.get(edge.from)?.counts?.[edge.output ?? 0] ?? 0) > 0 ? 1 : 0].push(path);
    }
    return lines.map((parts) => parts.join(""));
  }, [nodes, edges, states]);
  return (
    <ViewportPortal>
      <svg className="ed-far-edges" aria-hidden>
        <path className="react-flow__edge-path" d={plain} />
        <path className="react-flow__edge-path ed-line-taken" d={taken} />
      </svg>
    </ViewportPortal>
  );
}

/** The middle of a port. */
function end(node: CardNode | undefined, id: string | null | undefined): { x: number; y: number } | undefined {
  const handle = node?.handles?.find((one) => one.id === id);
  if (!node || !handle) return undefined;
  return { x: node.position.x + handle.x + (handle.type === "source" ? (handle.width ?? 0) : 0), y: node.position.y + handle.y + (handle.height ?? 0) / 2 };
}

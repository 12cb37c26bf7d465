import "@xyflow/react/dist/style.css";

import { Background, BackgroundVariant, BaseEdge, Controls, getBezierPath, Handle, MiniMap, Position, ReactFlow, type Edge as FlowEdge, type EdgeProps, type Node as FlowNode, type NodeProps } from "@xyflow/react";
import { clsx } from "clsx";
import { useMemo, type CSSProperties } from "react";

import { compare, type ComparedNode, type Difference } from "@/canvas/graph/compare";
import { isNote, positionOf, type Workflow } from "@/canvas/graph/document";
import { sizeOf } from "@/canvas/graph/layout";
import { portsOf } from "@/canvas/graph/ports";
import { Glyph } from "@/canvas/Glyph";

/** By a sign and a word too, not by colour alone. */
export const LOOKS: Record<Difference, { word: string; sign: string; card: string; mark: string }> = {
  added: { word: "added", sign: "+", card: "border-good bg-good-soft", mark: "bg-good text-surface" },
  removed: { word: "removed", sign: "−", card: "border-bad border-dashed bg-bad-soft opacity-80", mark: "bg-bad text-surface" },
  changed: { word: "changed", sign: "~", card: "border-wait bg-wait-soft", mark: "bg-wait text-surface" },
  moved: { word: "moved", sign: "↔", card: "border-busy bg-surface", mark: "bg-busy text-surface" },
  same: { word: "as before", sign: "", card: "border-line bg-surface opacity-70", mark: "" },
};

interface Shown extends Record<string, unknown> {
  compared: ComparedNode;
  inputs: number;
  outputs: number;
  group: string;
}

const HANDLE = "size-2! min-h-0! min-w-0! border-0! bg-line-strong!";

function Card({ data, selected }: NodeProps) {
  const { compared, inputs, outputs, group } = data as Shown;
  const { node, before, is } = compared;
  const look = LOOKS[is];
  if (isNote(node)) {
    const content = node.params?.["content"];
    return <div className={clsx("h-full w-full overflow-hidden rounded-base border p-2 text-small whitespace-pre-wrap", look.card)}>{typeof content === "string" ? content : ""}</div>;
  }
  return (
    <div className={clsx("flex h-full w-40 items-center gap-2 rounded-large border px-2.5 py-2 shadow-low", look.card, selected && "ring-2 ring-focus")}>
      {Array.from({ length: inputs }, (_, index) => <Handle key={index} id={`i${String(index)}`} type="target" position={Position.Left} isConnectable={false} className={HANDLE} style={{ top: `${String(((index + 0.5) / inputs) * 100)}%` }} />)}
      <span className="flex size-7 shrink-0 items-center justify-center rounded-base bg-sunken text-ink-soft"><Glyph type={node.type} group={group} /></span>
      <span className="min-w-0 flex-1">
        <strong className="line-clamp-2 leading-4 font-semibold">{node.name}</strong>
        <small className="block truncate text-tiny text-ink-faint">{before !== undefined && before.name !== node.name ? `was ${before.name}` : node.type}</small>
      </span>
      {look.sign === "" ? null : <span className={clsx("absolute -top-2.5 right-2 rounded-full px-1.5 text-tiny font-semibold", look.mark)}>{look.sign} {look.word}</span>}
      {Array.from({ length: outputs }, (_, index) => <Handle key={index} id={`o${String(index)}`} type="source" position={Position.Right} isConnectable={false} className={HANDLE} style={{ top: `${String(((index + 0.5) / outputs) * 100)}%` }} />)}
    </div>
  );
}

function Line(props: EdgeProps) {
  const [path] = getBezierPath(props);
  const is = (props.data as { is: "added" | "removed" | "same" }).is;
  const style = is === "added" ? { stroke: "var(--good)", strokeWidth: 2.5 } : is === "removed" ? { stroke: "var(--bad)", strokeWidth: 2, strokeDasharray: "6 4" } : { stroke: "var(--line-strong)" };
  return <BaseEdge path={path} style={style} interactionWidth={0} />;
}

/** The drawing's own colours, in the words of the tokens. */
const TOKENS = {
  "--xy-background-color": "var(--ground)",
  "--xy-background-pattern-dots-color": "var(--line)",
  "--xy-minimap-background-color": "var(--surface)",
  "--xy-minimap-node-background-color": "var(--line-strong)",
  "--xy-minimap-mask-background-color": "color-mix(in srgb, var(--ground) 70%, transparent)",
  "--xy-controls-button-background-color": "var(--surface)",
  "--xy-controls-button-background-color-hover": "var(--sunken)",
  "--xy-controls-button-color": "var(--ink)",
  "--xy-controls-button-color-hover": "var(--ink)",
  "--xy-controls-button-border-color": "var(--line)",
} as CSSProperties;

const NODE_TYPES = { card: Card };
const EDGE_TYPES = { line: Line };

/** Both versions in one picture. A click on a node tells which one it was. */
export function DiffCanvas({ before, after, groupOf, picked, onPick }: { before: Workflow; after: Workflow; groupOf: (type: string) => string | undefined; picked: string | null; onPick: (name: string | null) => void }) {
  const { nodes, edges, names } = useMemo(() => {
    const comparison = compare(before, after);
    const nodes = comparison.nodes.map((compared): FlowNode => {
      const { node, is } = compared;
      const [x, y] = positionOf(node);
      const ports = portsOf(node, groupOf, is === "removed" ? before : after);
      // Edges of the other version may use ports that this one has no more.
      const most = (side: "source" | "target"): number =>
        Math.max(0, ...comparison.edges.filter((edge) => edge[side] === node.id).map(({ edge }) => ((side === "source" ? edge.output : edge.input) ?? 0) + 1));
      const { width, height } = sizeOf(node);
      const data: Shown = { compared, inputs: Math.max(ports.inputs.length, most("target")), outputs: Math.max(ports.outputs.length, most("source")), group: groupOf(node.type) ?? "unknown" };
      return { id: node.id, type: "card", position: { x, y }, data, initialWidth: width, initialHeight: height, width, height, ariaLabel: `${node.name}, ${LOOKS[is].word}`, zIndex: isNote(node) ? -1 : 1 };
    });
    const edges = comparison.edges.map(
      ({ edge, source, target, is }, index): FlowEdge => ({ id: String(index), type: "line", source, target, sourceHandle: `o${String(edge.output ?? 0)}`, targetHandle: `i${String(edge.input ?? 0)}`, data: { is }, ariaLabel: `Edge from ${edge.from} to ${edge.to}, ${is}` }),
    );
    return { nodes, edges, names: new Map(comparison.nodes.map(({ node }) => [node.id, node.name])) };
  }, [before, after, groupOf]);
  return (
    <div className="h-[60vh] min-h-80 overflow-hidden rounded-base border" style={TOKENS}>
      <ReactFlow
        nodes={nodes.map((node) => ({ ...node, selected: picked !== null && names.get(node.id) === picked }))}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.2 }}
        minZoom={0.1}
        maxZoom={1.5}
        onlyRenderVisibleElements={nodes.length > 100}
        onNodesChange={(changes) => {
          const pick = changes.find((change) => change.type === "select" && change.selected);
          if (pick?.type === "select") onPick(names.get(pick.id) ?? null);
        }}
        onPaneClick={() => { onPick(null); }}
        proOptions={{ hideAttribution: true }}
      >
        <Background variant={BackgroundVariant.Dots} gap={16} size={1} />
        {nodes.length > 12 ? <MiniMap pannable zoomable ariaLabel="Overview of both versions" /> : null}
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

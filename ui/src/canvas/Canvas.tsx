//! The document as a picture that one can work in.
//!
//! React Flow keeps what is moving: while nodes are dragged only its own list changes, and the document learns of it once
//! they are let go. The lists keep the identity of what has not changed, so that 500 nodes cost what the changed ones do.

import {
  Background,
  BackgroundVariant,
  EdgeLabelRenderer,
  MiniMap,
  type Connection,
  type Edge as FlowEdge,
  type Node as FlowNode,
  type NodeChange,
  type OnConnectEnd,
  applyNodeChanges,
  Panel,
  ReactFlow,
  SelectionMode,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { Maximize, Ungroup, ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useMemo, useState, type DragEvent } from "react";

import "./canvas.css";

import { edgeKey, edgesOf, groupsOf, isNote, nodeById, nodeByName, positionOf, type Edge, type NodeSpec, type Workflow } from "./graph/document";
import { sizeOf } from "./graph/layout";
import { edgeFault } from "./graph/operations";
import { AskContext, type Asked } from "./ask";
import { EdgeLine } from "./EdgeLine";
import { FarContext, isFar } from "./far";
import { NodeCard, NoteCard } from "./NodeCard";
import { useEditor, useHistory } from "./store";
import { firstViewport, type Viewport } from "./viewport";
import { IconButton } from "@/kit/Button";

export const NODE_TYPES = { card: NodeCard, note: NoteCard };
export const EDGE_TYPES = { line: EdgeLine };
/**
 * Most cards that are drawn though out of sight. Cards are dear and come into sight one by one; boxes are cheap, and from
 * afar most come into sight at once: to keep them all makes moving the canvas the work of the compositor alone.
 */
const CARDS = 80;
const BOXES = 1_500;
export const TYPE_MIME = "application/x-fishplate-node-type";

interface Props {
  readonly onAsk: (asked: Asked) => void;
  readonly onOpen: (id: string) => void;
  readonly onDropType: (type: string, at: readonly [number, number]) => void;
  readonly onDropFile: (file: File, at: readonly [number, number]) => void;
}

export function flowNode(node: NodeSpec, selected: boolean): FlowNode {
  const [x, y] = positionOf(node);
  const { width, height } = sizeOf(node);
  return {
    id: node.id,
    type: isNote(node) ? "note" : "card",
    position: { x, y },
    data: { node },
    selected,
    ariaLabel: `${node.name}, ${node.type}`,
    zIndex: isNote(node) ? -1 : 1,
    // Known before it is measured, so that what is out of sight need not be drawn once to be skipped.
    initialWidth: width,
    initialHeight: height,
  };
}

/** Nodes as React Flow wants them. What has not changed stays the same object, with the size that was measured. */
function flowNodes(nodes: readonly NodeSpec[], selection: readonly string[], before: readonly FlowNode[]): FlowNode[] {
  const chosen = new Set(selection);
  const known = new Map(before.map((flow) => [flow.id, flow]));
  return nodes.map((node) => {
    const selected = chosen.has(node.id);
    const now = known.get(node.id);
    if (now && now.data["node"] === node && now.selected === selected) return now;
    return { ...(now?.measured ? { measured: now.measured } : {}), ...flowNode(node, selected) };
  });
}

export function useFlowEdges(document: Workflow): FlowEdge[] {
  return useMemo(
    () =>
      edgesOf(document).flatMap((edge) => {
        const [from, to] = [nodeByName(document, edge.from), nodeByName(document, edge.to)];
        if (!from || !to) return [];
        return {
          id: edgeKey(edge),
          type: "line",
          source: from.id,
          target: to.id,
          sourceHandle: `o${edge.output ?? 0}`,
          targetHandle: `i${edge.input ?? 0}`,
          data: { edge },
          ariaLabel: `Edge from ${edge.from} to ${edge.to}`,
          className: edge.attachment !== undefined ? "ed-attached" : "",
        };
      }),
    [document],
  );
}

function edgeOf(document: Workflow, connection: Connection | FlowEdge): Edge | undefined {
  const [from, to] = [nodeById(document, connection.source), nodeById(document, connection.target)];
  if (!from || !to) return undefined;
  const number = (handle: string | null | undefined) => Number((handle ?? "x0").slice(1));
  return { from: from.name, output: number(connection.sourceHandle), to: to.name, input: number(connection.targetHandle) };
}

/** The canvas, once its size is known: what is seen first depends on it. */
export function Canvas(props: Props) {
  const store = useEditor();
  const [begin, setBegin] = useState<Viewport>();
  const measure = useCallback((box: HTMLDivElement | null) => {
    if (box) setBegin((now) => now ?? firstViewport(store.document.nodes, (node) => store.setting.groupOf(node.type) === "trigger", box.clientWidth, box.clientHeight));
  }, [store]);
  return <div ref={measure} className="h-full w-full">{begin && <Drawing {...props} begin={begin} />}</div>;
}

function Drawing({ onAsk, onOpen, onDropType, onDropFile, begin }: Props & { readonly begin: Viewport }) {
  const store = useEditor();
  const { document, selection } = useHistory();
  const flow = useReactFlow();
  const far = useStore(isFar);
  const [nodes, setNodes] = useState(() => flowNodes(document.nodes, selection, []));
  const [seen, setSeen] = useState({ nodes: document.nodes, selection });
  if (seen.nodes !== document.nodes || seen.selection !== selection) {
    setSeen({ nodes: document.nodes, selection });
    setNodes((now) => flowNodes(document.nodes, selection, now));
  }
  const edges = useFlowEdges(document);

  const changed = (changes: NodeChange[]) => {
    setNodes((now) => applyNodeChanges(changes, now));
    const picks = changes.filter((change) => change.type === "select");
    if (picks.length === 0) return;
    const chosen = new Set(store.history.selection);
    for (const pick of picks) {
      if (pick.selected) chosen.add(pick.id);
      else chosen.delete(pick.id);
    }
    store.select([...chosen]);
  };

  const moved = (_: unknown, __: FlowNode, all: FlowNode[]) => {
    const positions = Object.fromEntries(all.map((node) => [node.id, [node.position.x, node.position.y] as const]));
    store.act(all.length === 1 ? "Move node" : `Move ${all.length} nodes`, [{ type: "moveNodes", positions }]);
  };

  const ended: OnConnectEnd = (event, state) => {
    if (state.toNode || !state.fromNode || state.fromHandle?.type !== "source") return;
    const point = "changedTouches" in event ? event.changedTouches[0] : event;
    const from = nodeById(document, state.fromNode.id);
    if (!point || !from) return;
    const at = flow.screenToFlowPosition({ x: point.clientX, y: point.clientY });
    // Let go beside the output, it stands in line with the node that it follows.
    const level = positionOf(from)[1];
    onAsk({ at: [at.x, Math.abs(at.y - 32 - level) < 48 ? level : at.y - 32], after: { from: from.name, output: Number((state.fromHandle.id ?? "o0").slice(1)) } });
  };

  const dropped = (event: DragEvent) => {
    event.preventDefault();
    const { x, y } = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    const type = event.dataTransfer.getData(TYPE_MIME);
    const [file] = event.dataTransfer.files;
    if (type !== "") onDropType(type, [x - 80, y - 32]);
    else if (file) onDropFile(file, [x, y]);
  };

  return (
    <AskContext value={onAsk}>
    <FarContext value={far}>
    <ReactFlow
      className={far ? "ed-far" : ""}
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onNodesChange={changed}
      onNodeDragStop={moved}
      onSelectionDragStop={(event, all) => { const [first] = all; if (first) moved(event, first, all); }}
      onNodeDoubleClick={(_, node) => { if (node.type === "card") onOpen(node.id); }}
      onConnect={(connection) => { const edge = edgeOf(document, connection); if (edge) store.act("Connect", [{ type: "connect", edge }]); }}
      onConnectEnd={ended}
      onEdgesDelete={(gone) => store.act("Disconnect", gone.map((line) => ({ type: "disconnect" as const, edge: (line.data as { edge: Edge }).edge })))}
      isValidConnection={(connection) => { const edge = edgeOf(document, connection); return edge !== undefined && edgeFault(document, edge, store.setting.groupOf) === undefined; }}
      onDrop={dropped}
      onDragOver={(event) => { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; }}
      deleteKeyCode={null}
      multiSelectionKeyCode={["Shift", "Meta", "Control"]}
      selectionMode={SelectionMode.Partial}
      connectionRadius={36}
      zoomOnDoubleClick={false}
      snapToGrid
      snapGrid={[16, 16]}
      minZoom={0.1}
      maxZoom={2}
      defaultViewport={begin}
      onlyRenderVisibleElements={document.nodes.length > (far ? BOXES : CARDS)}
      proOptions={{ hideAttribution: true }}
    >
      <Background variant={BackgroundVariant.Dots} gap={16} size={1} />
      {groupsOf(document).map((group) => <GroupBox key={group.id} id={group.id} title={group.title} nodes={nodes.filter((node) => group.nodes.includes(node.id))} />)}
      <MiniMap pannable zoomable ariaLabel="Overview of the workflow" />
      <Panel position="bottom-left" className="ed-zoom">
        <IconButton look="plain" name="Zoom in" icon={<ZoomIn size={15} />} onClick={() => void flow.zoomIn()} />
        <IconButton look="plain" name="Zoom out" icon={<ZoomOut size={15} />} onClick={() => void flow.zoomOut()} />
        <IconButton look="plain" name="Fit to view" icon={<Maximize size={14} />} onClick={() => void flow.fitView({ maxZoom: 1, padding: 0.2 })} />
      </Panel>
    </ReactFlow>
    </FarContext>
    </AskContext>
  );
}

/** A frame behind the nodes of a group. */
function GroupBox({ id, title, nodes }: { readonly id: string; readonly title: string; readonly nodes: readonly FlowNode[] }) {
  const store = useEditor();
  if (nodes.length === 0) return null;
  const left = Math.min(...nodes.map((node) => node.position.x)) - 20;
  const top = Math.min(...nodes.map((node) => node.position.y)) - 40;
  const right = Math.max(...nodes.map((node) => node.position.x + (node.measured?.width ?? 160))) + 20;
  const bottom = Math.max(...nodes.map((node) => node.position.y + (node.measured?.height ?? 64))) + 20;
  return (
    <EdgeLabelRenderer>
      <div className="ed-group" role="group" aria-label={`Group ${title}`} style={{ transform: `translate(${left}px,${top}px)`, width: right - left, height: bottom - top }}>
        <div className="ed-group-head nodrag nopan">
          <input aria-label="Name of the group" value={title} placeholder="Group" onChange={(event) => store.act("Rename group", [{ type: "changeGroup", id, title: event.target.value }], { key: `${id}/title` })} />
          <IconButton name="Dissolve the group" icon={<Ungroup size={13} />} onClick={() => store.act("Dissolve group", [{ type: "removeGroup", id }])} />
        </div>
      </div>
    </EdgeLabelRenderer>
  );
}

//! The document as a picture that one can work in.
//!
//! React Flow keeps what is moving: while nodes are dragged only its own list changes, and the document learns of it once
//! they are let go. While the canvas is moved nothing renders: what goes along is pushed by style alone.

import {
  type Connection,
  type Edge as FlowEdge,
  type NodeChange,
  type OnConnectEnd,
  applyNodeChanges,
  Panel,
  ReactFlow,
  SelectionMode,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useState, type DragEvent } from "react";

import "./canvas.css";

import { groupsOf, nodeById, positionOf, type Edge, type Workflow } from "./graph/document";
import { edgeFault } from "./graph/operations";
import { AskContext, type Asked } from "./ask";
import { EdgeLine } from "./EdgeLine";
import { Dots } from "./Dots";
import { FarContext, isFar } from "./far";
import { FarEdges } from "./FarEdges";
import { flowEdges, flowNodes, useToldSizes, type CardNode } from "./flow";
import { GroupBox } from "./GroupBox";
import { MotionContext, useMotion } from "./motion";
import { NodeCard } from "./NodeCard";
import { NoteCard } from "./NoteCard";
import { Overview } from "./Overview";
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
const NO_EDGES: FlowEdge[] = [];
export const TYPE_MIME = "application/x-fishplate-node-type";

interface Props {
  readonly onAsk: (asked: Asked) => void;
  readonly onOpen: (id: string) => void;
  readonly onDropType: (type: string, at: readonly [number, number]) => void;
  readonly onDropFile: (file: File, at: readonly [number, number]) => void;
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
  const motion = useMotion();
  useToldSizes();
  const { groupOf } = store.setting;
  const [nodes, setNodes] = useState(() => flowNodes(document, groupOf, selection, []));
  const [edges, setEdges] = useState(() => flowEdges(document, []));
  const [seen, setSeen] = useState({ document, selection });
  if (seen.document !== document || seen.selection !== selection) {
    setSeen({ document, selection });
    setNodes((now) => flowNodes(document, groupOf, selection, now));
    setEdges((now) => flowEdges(document, now));
  }

  const changed = (changes: NodeChange<CardNode>[]) => {
    setNodes((now) => applyNodeChanges(changes, now));
    // Let go after a drag, or moved by the arrow keys: the steps of one way are one act.
    const placed = changes.filter((change) => change.type === "position" && change.dragging === false);
    const positions = Object.fromEntries(placed.flatMap((change) => ("position" in change && change.position ? [[change.id, [change.position.x, change.position.y] as const]] : [])));
    const ids = Object.keys(positions);
    if (ids.length > 0) store.act(ids.length === 1 ? "Move node" : `Move ${ids.length} nodes`, [{ type: "moveNodes", positions }], { key: `move ${ids.join(" ")}` });
    const picks = changes.filter((change) => change.type === "select");
    if (picks.length === 0) return;
    const chosen = new Set(store.history.selection);
    for (const pick of picks) {
      if (pick.selected) chosen.add(pick.id);
      else chosen.delete(pick.id);
    }
    store.select([...chosen]);
  };

  const shift = (positions: ReadonlyMap<string, { readonly x: number; readonly y: number }>) =>
    setNodes((now) => now.map((node) => ({ ...node, position: positions.get(node.id) ?? node.position })));

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
    <MotionContext value={motion}>
    <FarContext value={far}>
    <ReactFlow
      className={far ? "ed-far" : ""}
      nodes={nodes}
      edges={far ? NO_EDGES : (edges as FlowEdge[])}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onNodesChange={changed}
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
      <Dots />
      {far && <FarEdges nodes={nodes} edges={edges} />}
      {groupsOf(document).map((group) => <GroupBox key={group.id} id={group.id} title={group.title} nodes={nodes.filter((node) => group.nodes.includes(node.id))} onShift={shift} />)}
      <Panel position="bottom-right" className="ed-corner"><Overview nodes={nodes} /></Panel>
      <Panel position="bottom-left" className="ed-zoom">
        <IconButton look="plain" name="Zoom in" icon={<ZoomIn size={15} />} onClick={() => void flow.zoomIn()} />
        <IconButton look="plain" name="Zoom out" icon={<ZoomOut size={15} />} onClick={() => void flow.zoomOut()} />
        <IconButton look="plain" name="Fit to view" icon={<Maximize size={14} />} onClick={() => void flow.fitView({ maxZoom: 1, padding: 0.2 })} />
      </Panel>
    </ReactFlow>
    </FarContext>
    </MotionContext>
    </AskContext>
  );
}

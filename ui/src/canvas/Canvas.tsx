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
  SelectionMode,
  useReactFlow,
} from "@xyflow/react";
import { useCallback, useState, type DragEvent } from "react";

import { groupsOf, nodeById, positionOf, type Edge, type Workflow } from "./graph/document";
import { edgeFault } from "./graph/operations";
import { AskContext, type Asked } from "./ask";
import { flowEdges, flowNodes, type CardNode } from "./flow";
import { GroupBox } from "./GroupBox";
import { useEditor, useHistory } from "./store";
import { Surface } from "./Surface";
import { firstViewport, type Viewport } from "./viewport";

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
    setNodes((now) => now.map((node) => {
      const position = positions.get(node.id);
      return position ? { ...node, position } : node;
    }));

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
      <Surface
        nodes={nodes}
        edges={edges}
        begin={begin}
        overview
        onNodesChange={changed}
        onNodeDoubleClick={(_, node) => { if (node.type === "card") onOpen(node.id); }}
        onConnect={(connection) => { const edge = edgeOf(document, connection); if (edge) store.act("Connect", [{ type: "connect", edge }]); }}
        onConnectEnd={ended}
        onEdgesDelete={(gone) => store.act("Disconnect", gone.map((line) => ({ type: "disconnect" as const, edge: (line.data as { edge: Edge }).edge })))}
        isValidConnection={(connection) => { const edge = edgeOf(document, connection); return edge !== undefined && edgeFault(document, edge, store.setting.groupOf) === undefined; }}
        onDrop={dropped}
        onDragOver={(event) => { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; }}
        multiSelectionKeyCode={["Shift", "Meta", "Control"]}
        selectionMode={SelectionMode.Partial}
        connectionRadius={36}
        snapToGrid
        snapGrid={[16, 16]}
      >
        {groupsOf(document).map((group) => <GroupBox key={group.id} id={group.id} title={group.title} nodes={nodes.filter((node) => group.nodes.includes(node.id))} onShift={shift} />)}
      </Surface>
    </AskContext>
  );
}

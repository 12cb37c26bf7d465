//! The document as a picture of a run: nothing can be changed, and a node leads to what it did.

import "@xyflow/react/dist/style.css";
import "./canvas.css";

import { type Edge as FlowEdge, type NodeChange, Panel, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from "@xyflow/react";
import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";

import { EDGE_TYPES, NODE_TYPES } from "./Canvas";
import { Dots } from "./Dots";
import { FarContext, isFar } from "./far";
import { FarEdges } from "./FarEdges";
import { flowEdges, flowNodes, useToldSizes, type CardNode } from "./flow";
import { isNote, nodeById, nodeByName, type Workflow } from "./graph/document";
import { Overview } from "./Overview";
import { EditorContext, EditorStore, type NodeState, useEditor } from "./store";
import { firstViewport, type Viewport } from "./viewport";
import { IconButton } from "@/kit/Button";

const NO_EDGES: FlowEdge[] = [];

interface Props {
  readonly document: Workflow;
  readonly groupOf: (type: string) => string | undefined;
  readonly states: ReadonlyMap<string, NodeState>;
  /** Name of the node whose steps are shown. */
  readonly picked: string | undefined;
  readonly onPick: (name: string) => void;
}

export function Picture({ document, groupOf, states, ...props }: Props) {
  const store = useMemo(() => {
    const nothing = (): never => {
      throw new Error("a picture is not changed");
    };
    return new EditorStore(document, { groupOf, newId: nothing }, nothing, () => 0);
  }, [document, groupOf]);
  useEffect(() => {
    store.setStates(states);
  }, [store, states]);
  const [begin, setBegin] = useState<Viewport>();
  const measure = useCallback(
    (box: HTMLDivElement | null) => {
      if (box) setBegin((now) => now ?? firstViewport(document.nodes, (node) => groupOf(node.type) === "trigger", box.clientWidth, box.clientHeight));
    },
    [document, groupOf],
  );
  return (
    <div ref={measure} className="ed h-full min-h-0 w-full">
      {begin === undefined ? null : (
        <EditorContext value={store}>
          <ReactFlowProvider>
            <Drawing {...props} begin={begin} />
          </ReactFlowProvider>
        </EditorContext>
      )}
    </div>
  );
}

function Drawing({ picked, onPick, begin }: Pick<Props, "picked" | "onPick"> & { readonly begin: Viewport }) {
  const { document, setting } = useEditor();
  useToldSizes();
  const flow = useReactFlow();
  const far = useStore(isFar);
  const nodes = useMemo(() => {
    const node = picked === undefined ? undefined : nodeByName(document, picked);
    return flowNodes(document, setting.groupOf, node ? [node.id] : [], []).map((one) => ({ ...one, focusable: !isNote(one.data.node), selectable: !isNote(one.data.node) }));
  }, [document, setting, picked]);
  const edges = useMemo(() => flowEdges(document, []), [document]);
  // Clicks and the keyboard's Enter both come as a change of what is selected.
  const changed = (changes: NodeChange<CardNode>[]): void => {
    const pick = changes.find((change) => change.type === "select" && change.selected);
    const node = pick?.type === "select" ? nodeById(document, pick.id) : undefined;
    if (node !== undefined) onPick(node.name);
  };
  return (
    <FarContext value={far}>
      <ReactFlow
        className={far ? "ed-far" : ""}
        nodes={nodes}
        edges={far ? NO_EDGES : (edges as FlowEdge[])}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onNodesChange={changed}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        zoomOnDoubleClick={false}
        minZoom={0.1}
        maxZoom={2}
        defaultViewport={begin}
        onlyRenderVisibleElements={document.nodes.length > (far ? 1_500 : 80)}
        proOptions={{ hideAttribution: true }}
        aria-label="The workflow as it ran"
      >
        <Dots />
        {far && <FarEdges nodes={nodes} edges={edges} />}
        {document.nodes.length > 20 && <Panel position="bottom-right" className="ed-corner"><Overview nodes={nodes} /></Panel>}
        <Panel position="bottom-left" className="ed-zoom">
          <IconButton look="plain" name="Zoom in" icon={<ZoomIn size={15} />} onClick={() => void flow.zoomIn()} />
          <IconButton look="plain" name="Zoom out" icon={<ZoomOut size={15} />} onClick={() => void flow.zoomOut()} />
          <IconButton look="plain" name="Fit to view" icon={<Maximize size={14} />} onClick={() => void flow.fitView({ maxZoom: 1, padding: 0.2 })} />
        </Panel>
      </ReactFlow>
    </FarContext>
  );
}

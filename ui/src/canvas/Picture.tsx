//! The document as a picture of a run: nothing can be changed, and a node leads to what it did.

import "@xyflow/react/dist/style.css";
import "./canvas.css";

import { Background, BackgroundVariant, MiniMap, type NodeChange, Panel, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from "@xyflow/react";
import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";

import { EDGE_TYPES, flowNode, NODE_TYPES, useFlowEdges } from "./Canvas";
import { FarContext, isFar } from "./far";
import { isNote, nodeById, type Workflow } from "./graph/document";
import { EditorContext, EditorStore, type NodeState, useEditor } from "./store";
import { firstViewport, type Viewport } from "./viewport";
import { IconButton } from "@/kit/Button";

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
  const { document } = useEditor();
  const flow = useReactFlow();
  const far = useStore(isFar);
  const nodes = useMemo(() => document.nodes.map((node) => ({ ...flowNode(node, node.name === picked), focusable: !isNote(node), selectable: !isNote(node) })), [document, picked]);
  const edges = useFlowEdges(document);
  // Clicks and the keyboard's Enter both come as a change of what is selected.
  const changed = (changes: NodeChange[]): void => {
    const pick = changes.find((change) => change.type === "select" && change.selected);
    const node = pick?.type === "select" ? nodeById(document, pick.id) : undefined;
    if (node !== undefined) onPick(node.name);
  };
  return (
    <FarContext value={far}>
      <ReactFlow
        className={far ? "ed-far" : ""}
        nodes={nodes}
        edges={edges}
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
        onlyRenderVisibleElements={document.nodes.length > 80}
        proOptions={{ hideAttribution: true }}
        aria-label="The workflow as it ran"
      >
        <Background variant={BackgroundVariant.Dots} gap={16} size={1} />
        {document.nodes.length > 20 && <MiniMap pannable zoomable ariaLabel="Overview of the workflow" />}
        <Panel position="bottom-left" className="ed-zoom">
          <IconButton look="plain" name="Zoom in" icon={<ZoomIn size={15} />} onClick={() => void flow.zoomIn()} />
          <IconButton look="plain" name="Zoom out" icon={<ZoomOut size={15} />} onClick={() => void flow.zoomOut()} />
          <IconButton look="plain" name="Fit to view" icon={<Maximize size={14} />} onClick={() => void flow.fitView({ maxZoom: 1, padding: 0.2 })} />
        </Panel>
      </ReactFlow>
    </FarContext>
  );
}

//! The document as a picture of a run: nothing can be changed, and a node leads to what it did.

import { type NodeChange, ReactFlowProvider } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useState } from "react";

import { flowEdges, flowNodes, type CardNode } from "./flow";
import { isNote, nodeById, nodeByName, type Workflow } from "./graph/document";
import { EditorContext, EditorStore, type NodeState, useEditor } from "./store";
import { Surface } from "./Surface";
import { firstViewport, type Viewport } from "./viewport";

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
    <Surface
      nodes={nodes}
      edges={edges}
      begin={begin}
      overview={document.nodes.length > 20}
      onNodesChange={changed}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      aria-label="The workflow as it ran"
    />
  );
}

//! What every drawing of a document stands on, whether it can be changed or not: how it is moved, and what of it is drawn.

import { Panel, ReactFlow, useReactFlow, useStore, type Edge as FlowEdge, type ReactFlowProps } from "@xyflow/react";
import { Maximize, ZoomIn, ZoomOut } from "lucide-react";
import type { ReactNode } from "react";

import "@xyflow/react/dist/style.css";
import "./canvas.css";

import { Dots } from "./Dots";
import { EdgeLine } from "./EdgeLine";
import { FarContext, isFar } from "./far";
import { FarEdges } from "./FarEdges";
import { useToldSizes, type CardNode } from "./flow";
import { MotionContext, useMotion } from "./motion";
import { NodeCard } from "./NodeCard";
import { NoteCard } from "./NoteCard";
import { Overview } from "./Overview";
import type { Viewport } from "./viewport";
import { IconButton } from "@/kit/Button";

const NODE_TYPES = { card: NodeCard, note: NoteCard };
const EDGE_TYPES = { line: EdgeLine };
/**
 * Most cards that are drawn though out of sight. Cards are dear and come into sight one by one; boxes are cheap, and from
 * afar most come into sight at once: to keep them all makes moving the canvas the work of the compositor alone.
 */
const CARDS = 80;
const BOXES = 1_500;
const NO_EDGES: FlowEdge[] = [];
/** What is fixed for all. The keyboard's Delete is the editor's own, and a double click opens a node. */
const FIXED = { nodeTypes: NODE_TYPES, edgeTypes: EDGE_TYPES, deleteKeyCode: null, zoomOnDoubleClick: false, minZoom: 0.1, maxZoom: 2, proOptions: { hideAttribution: true } } as const;

interface Props extends Omit<ReactFlowProps<CardNode>, keyof typeof FIXED | "nodes" | "edges" | "className" | "defaultViewport" | "onlyRenderVisibleElements"> {
  readonly nodes: CardNode[];
  readonly edges: readonly FlowEdge[];
  readonly begin: Viewport;
  /** Whether the whole is shown in a corner. */
  readonly overview: boolean;
  readonly children?: ReactNode;
}

export function Surface({ nodes, edges, begin, overview, children, ...props }: Props) {
  const flow = useReactFlow();
  const far = useStore(isFar);
  const motion = useMotion();
  useToldSizes();
  return (
    <MotionContext value={motion}>
      <FarContext value={far}>
        <ReactFlow
          {...FIXED}
          {...props}
          className={far ? "ed-far" : ""}
          nodes={nodes}
          edges={far ? NO_EDGES : (edges as FlowEdge[])}
          defaultViewport={begin}
          onlyRenderVisibleElements={nodes.length > (far ? BOXES : CARDS)}
        >
          <Dots />
          {far && <FarEdges nodes={nodes} edges={edges} />}
          {children}
          {overview && <Panel position="bottom-right" className="ed-corner"><Overview nodes={nodes} /></Panel>}
          <Panel position="bottom-left" className="ed-zoom">
            <IconButton look="plain" name="Zoom in" icon={<ZoomIn size={15} />} onClick={() => void flow.zoomIn()} />
            <IconButton look="plain" name="Zoom out" icon={<ZoomOut size={15} />} onClick={() => void flow.zoomOut()} />
            <IconButton look="plain" name="Fit to view" icon={<Maximize size={14} />} onClick={() => void flow.fitView({ maxZoom: 1, padding: 0.2 })} />
          </Panel>
        </ReactFlow>
      </FarContext>
    </MotionContext>
  );
}

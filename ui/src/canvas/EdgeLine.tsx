//! One edge: its line, the items that went along it, and what can be done to it under the pointer.

import { BaseEdge, EdgeLabelRenderer, getBezierPath, type EdgeProps } from "@xyflow/react";
import { Plus, Trash2 } from "lucide-react";
import { memo, use, useCallback, useEffect, useRef, useState } from "react";

import { AskContext, type Asked } from "./ask";
import type { Edge } from "./graph/document";
import { useTurn } from "./motion";
import { type EditorStore, useEditor, useEditorValue } from "./store";

/** Between the line and its buttons the pointer crosses nothing; they stay that long. */
const LINGER = 160;

export const EdgeLine = memo(function EdgeLine(props: EdgeProps) {
  const { edge } = props.data as { edge: Edge };
  const ask = use(AskContext);
  const [path, x, y] = getBezierPath(props);
  const count = useEditorValue(useCallback((of: EditorStore) => of.stateOf(edge.from)?.counts?.[edge.output ?? 0], [edge]));
  const [hovered, setHovered] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  if (!useTurn()) return null;
  const look = count !== undefined && count > 0 ? "ed-line-taken" : "";
  const enter = () => {
    clearTimeout(timer.current);
    setHovered(true);
  };
  const leave = () => { timer.current = setTimeout(() => setHovered(false), LINGER); };
  return (
    <>
      <g onMouseEnter={enter} onMouseLeave={leave}>
        <BaseEdge path={path} interactionWidth={24} className={`${look} ${hovered ? "ed-line-hovered" : ""}`} />
      </g>
      {((hovered && ask) || (count !== undefined && count > 0)) && (
        <EdgeLabelRenderer>
          {/* The pointer only keeps the buttons in sight; each button has its name, and the keyboard has keys for the same acts. */}
          <div className="ed-edge nodrag nopan" style={{ transform: `translate(-50%,-50%) translate(${x}px,${y}px)` }} onMouseEnter={enter} onMouseLeave={leave}>
            {hovered && ask ? <EdgeActs edge={edge} x={x} y={y} ask={ask} /> : <span className="ed-edge-count">{count === 1 ? "1 item" : `${count} items`}</span>}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

function EdgeActs({ edge, x, y, ask }: { readonly edge: Edge; readonly x: number; readonly y: number; readonly ask: (asked: Asked) => void }) {
  const store = useEditor();
  return (
    <>
      <button type="button" className="ed-edge-act grid" tabIndex={-1} title="Insert a node" aria-label={`Insert a node between ${edge.from} and ${edge.to}`} onClick={() => ask({ at: [Math.round(x) - 80, Math.round(y) - 32], edge })}>
        <Plus size={13} aria-hidden />
      </button>
      <button type="button" className="ed-edge-act ed-edge-cut grid" tabIndex={-1} title="Delete the edge" aria-label={`Delete the edge from ${edge.from} to ${edge.to}`} onClick={() => store.act("Disconnect", [{ type: "disconnect", edge }])}>
        <Trash2 size={12} aria-hidden />
      </button>
    </>
  );
}

//! A frame behind the nodes of a group. Taken by its title it moves them all; its name is written in it.

import { EdgeLabelRenderer, useReactFlow } from "@xyflow/react";
import { GripVertical, Ungroup } from "lucide-react";
import { useRef, type KeyboardEvent, type PointerEvent } from "react";

import type { CardNode } from "./flow";
import { frameOf, STEP } from "./graph/resize";
import { useEditor } from "./store";
import { IconButton } from "@/kit/Button";

interface Props {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly CardNode[];
  /** Shows the nodes elsewhere while they are moved. */
  readonly onShift: (positions: ReadonlyMap<string, { readonly x: number; readonly y: number }>) => void;
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function GroupBox({ id, title, nodes, onShift }: Props) {
  const store = useEditor();
  const flow = useReactFlow();
  const held = useRef<{ readonly x: number; readonly y: number; readonly from: ReadonlyMap<string, { readonly x: number; readonly y: number }>; readonly at: readonly [number, number] }>(undefined);
  const frame = frameOf(nodes.map((node) => ({ ...node.position, width: node.measured?.width ?? 160, height: node.measured?.height ?? 64 })));
  if (!frame) return null;
  const placed = (from: ReadonlyMap<string, { readonly x: number; readonly y: number }>, dx: number, dy: number) => new Map([...from].map(([key, { x, y }]) => [key, { x: x + dx, y: y + dy }]));
  const here = () => new Map(nodes.map((node) => [node.id, node.position]));
  const put = (from: ReadonlyMap<string, { readonly x: number; readonly y: number }>, dx: number, dy: number) => {
    const positions = Object.fromEntries([...placed(from, dx, dy)].map(([key, { x, y }]) => [key, [x, y] as const]));
    store.act("Move group", [{ type: "moveNodes", positions }], { key: `move group ${id}` });
  };
  const take = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = { x: event.clientX, y: event.clientY, from: here(), at: [0, 0] };
    store.select(nodes.map((node) => node.id));
  };
  const move = (event: PointerEvent<HTMLElement>) => {
    const now = held.current;
    if (!now) return;
    const zoom = flow.getZoom();
    const at = [Math.round((event.clientX - now.x) / zoom / STEP) * STEP, Math.round((event.clientY - now.y) / zoom / STEP) * STEP] as const;
    held.current = { ...now, at };
    onShift(placed(now.from, ...at));
  };
  const drop = () => {
    const now = held.current;
    held.current = undefined;
    if (now && (now.at[0] !== 0 || now.at[1] !== 0)) put(now.from, ...now.at);
  };
  const cancel = () => {
    const now = held.current;
    held.current = undefined;
    if (now) onShift(now.from);
  };
  const key = (event: KeyboardEvent) => {
    const way = ARROWS[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const step = event.shiftKey ? STEP * 5 : STEP;
    put(here(), way[0] * step, way[1] * step);
  };
  return (
    <EdgeLabelRenderer>
      <div className="ed-group" role="group" aria-label={`Group ${title}`} style={{ transform: `translate(${frame.x}px,${frame.y}px)`, width: frame.width, height: frame.height }}>
        <div className="ed-group-head nodrag nopan" onPointerMove={move} onPointerUp={drop} onPointerCancel={cancel}>
          <button type="button" className="ed-grip grid" aria-label={`Move group ${title}`} title="Drag it, or move it with the arrow keys" onPointerDown={take} onKeyDown={key} onClick={() => store.select(nodes.map((node) => node.id))}><GripVertical size={14} aria-hidden /></button>
          <input aria-label="Name of the group" value={title} placeholder="Group" onChange={(event) => store.act("Rename group", [{ type: "changeGroup", id, title: event.target.value }], { key: `${id}/title` })} />
          <span className="ed-grip flex-1 self-stretch" aria-hidden onPointerDown={take} />
          <IconButton name="Dissolve the group" icon={<Ungroup size={13} />} onClick={() => store.act("Dissolve group", [{ type: "removeGroup", id }])} />
        </div>
      </div>
    </EdgeLabelRenderer>
  );
}

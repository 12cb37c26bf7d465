//! A note on the canvas: its text, and corners that change its size.

import { useReactFlow, type NodeProps } from "@xyflow/react";
import { memo, use, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";

import { AskContext } from "./ask";
import { isNote, positionOf } from "./graph/document";
import { sizeOf } from "./graph/layout";
import { resized, STEP, type Box, type Corner } from "./graph/resize";
import { useEditor, useNode } from "./store";

const CORNERS: readonly Corner[] = ["nw", "ne", "sw", "se"];
const ARROWS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const NoteCard = memo(function NoteCard({ id, selected }: NodeProps) {
  const node = useNode(id);
  const store = useEditor();
  const flow = useReactFlow();
  const readOnly = use(AskContext) === null;
  const [shown, setShown] = useState<Box>();
  const held = useRef<{ readonly x: number; readonly y: number; readonly corner: Corner; readonly box: Box }>(undefined);
  if (!node || !isNote(node)) return null;
  const [x, y] = positionOf(node);
  const box: Box = { x, y, ...sizeOf(node) };
  const { width, height } = shown ?? box;
  const content = typeof node.params?.["content"] === "string" ? node.params["content"] : "";
  const put = (next: Box) => {
    const size = (["width", "height"] as const).filter((side) => next[side] !== box[side]).map((side) => ({ type: "setParameter" as const, id, pointer: `/${side}`, value: next[side] }));
    const move = next.x !== box.x || next.y !== box.y ? [{ type: "moveNodes" as const, positions: { [id]: [next.x, next.y] as const } }] : [];
    if (size.length + move.length > 0) store.act("Resize note", [...size, ...move], { key: `${id}/size` });
  };
  const take = (corner: Corner) => (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = { x: event.clientX, y: event.clientY, corner, box };
  };
  const move = (event: PointerEvent<HTMLElement>) => {
    const now = held.current;
    if (!now) return;
    const zoom = flow.getZoom();
    setShown(resized(now.box, now.corner, (event.clientX - now.x) / zoom, (event.clientY - now.y) / zoom));
  };
  const end = (keep: boolean) => () => {
    held.current = undefined;
    if (keep && shown) put(shown);
    setShown(undefined);
  };
  const key = (corner: Corner) => (event: KeyboardEvent) => {
    const way = ARROWS[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const step = event.shiftKey ? STEP * 5 : STEP;
    put(resized(box, corner, way[0] * step, way[1] * step));
  };
  return (
    <div className="ed-note" data-selected={selected} data-color={String(node.params?.["color"] ?? 1)} style={{ width, height, ...(shown ? { transform: `translate(${shown.x - x}px,${shown.y - y}px)` } : {}) }}>
      <textarea
        className="nodrag nowheel"
        aria-label={`Text of ${node.name}`}
        value={content}
        placeholder={readOnly ? "" : "Write a note"}
        readOnly={readOnly}
        onChange={(event) => store.act("Edit note", [{ type: "setParameter", id, pointer: "/content", value: event.target.value }], { key: `${id}/content` })}
      />
      {selected && !readOnly && CORNERS.map((corner) => (
        <button
          key={corner}
          type="button"
          className="ed-corner-handle nodrag nopan grid"
          data-corner={corner}
          // One of them is enough for the keyboard.
          tabIndex={corner === "se" ? 0 : -1}
          aria-label={corner === "se" ? `Size of ${node.name}: change it with the arrow keys` : `Corner of ${node.name}`}
          onPointerDown={take(corner)} onPointerMove={move} onPointerUp={end(true)} onPointerCancel={end(false)} onKeyDown={key(corner)}
        />
      ))}
    </div>
  );
});

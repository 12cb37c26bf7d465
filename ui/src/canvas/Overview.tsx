//! The whole workflow in a corner, and what of it is in sight. A press or a drag in it goes there.

import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useEffect, useMemo, useRef, type PointerEvent } from "react";

import type { CardNode } from "./flow";

const WIDTH = 200;
const HEIGHT = 132;
const MARGIN = 10;

interface Scale {
  readonly left: number;
  readonly top: number;
  readonly by: number;
  /** The nodes as one path: five hundred rectangles are five hundred elements otherwise. */
  readonly path: string;
}

export function scaleOf(nodes: readonly CardNode[]): Scale {
  const boxes = nodes.map(({ position, width = 0, height = 0 }) => ({ ...position, width, height }));
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  const by = Math.min((WIDTH - 2 * MARGIN) / (right - left), (HEIGHT - 2 * MARGIN) / (bottom - top), 0.15);
  // What is smaller than its box stands in the middle of it.
  const [x, y] = [(WIDTH - (right - left) * by) / 2, (HEIGHT - (bottom - top) * by) / 2];
  const number = (value: number) => value.toFixed(1);
  const path = boxes.map((box) => `M${number((box.x - left) * by + x)} ${number((box.y - top) * by + y)}h${number(box.width * by)}v${number(box.height * by)}h${number(-box.width * by)}z`).join("");
  return { left: left - x / by, top: top - y / by, by, path };
}

export function Overview({ nodes }: { readonly nodes: readonly CardNode[] }) {
  const store = useStoreApi();
  const flow = useReactFlow();
  const frame = useRef<HTMLDivElement>(null);
  const scale = useMemo(() => (nodes.length === 0 ? undefined : scaleOf(nodes)), [nodes]);
  useEffect(() => {
    if (!scale) return;
    const draw = () => {
      const { transform: [x, y, zoom], width, height } = store.getState();
      const { current } = frame;
      if (!current) return;
      current.style.transform = `translate(${(-x / zoom - scale.left) * scale.by}px,${(-y / zoom - scale.top) * scale.by}px)`;
      current.style.width = `${(width / zoom) * scale.by}px`;
      current.style.height = `${(height / zoom) * scale.by}px`;
    };
    draw();
    return store.subscribe((now, before) => { if (now.transform !== before.transform || now.width !== before.width || now.height !== before.height) draw(); });
  }, [store, scale]);
  if (!scale) return null;
  const go = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    void flow.setCenter((event.clientX - box.left) / scale.by + scale.left, (event.clientY - box.top) / scale.by + scale.top, { zoom: flow.getZoom() });
  };
  return (
    <div
      className="ed-overview nopan nodrag"
      role="img"
      aria-label="Overview of the workflow"
      onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); go(event); }}
      onPointerMove={(event) => { if (event.currentTarget.hasPointerCapture(event.pointerId)) go(event); }}
    >
      <svg width={WIDTH} height={HEIGHT} aria-hidden><path d={scale.path} /></svg>
      <div ref={frame} className="ed-overview-frame" />
    </div>
  );
}

//! The grid behind the nodes. It lies on the same layer as they do: a layer of its own is laid over with every frame of a
//! pan, and nodes above one that is larger than they are need no layers of their own to be moved.

import { useStoreApi, ViewportPortal } from "@xyflow/react";
import { useLayoutEffect, useRef } from "react";

import type { Viewport } from "./viewport";

const GAP = 16;
/** Dots that stand closer than this are a haze. */
const CLOSEST = 11;

/** Distance of the dots on the screen. */
export function gapAt(zoom: number): number {
  let gap = GAP * zoom;
  while (gap < CLOSEST) gap *= 2;
  return gap;
}

/** A piece of the grid, in the measure of the document. */
export interface Piece {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly gap: number;
  readonly zoom: number;
}

/** The piece that covers what is in sight: the one that there is as long as it does, else one that stands out by a screen on each side. */
export function pieceFor({ x, y, zoom }: Viewport, width: number, height: number, before?: Piece): Piece {
  const [left, top, wide, high] = [-x / zoom, -y / zoom, width / zoom, height / zoom];
  if (before?.zoom === zoom && before.left <= left && before.top <= top && before.left + before.width >= left + wide && before.top + before.height >= top + high) return before;
  const gap = gapAt(zoom) / zoom;
  // A dot is in the middle of its tile, and belongs where nodes snap to.
  const snapped = (at: number) => Math.floor(at / gap) * gap - gap / 2;
  return { left: snapped(left - wide), top: snapped(top - high), width: 3 * wide + 2 * gap, height: 3 * high + 2 * gap, gap, zoom };
}

export function Dots() {
  const store = useStoreApi();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    let piece: Piece | undefined;
    const draw = () => {
      const { transform: [x, y, zoom], width, height } = store.getState();
      const next = pieceFor({ x, y, zoom }, width, height, piece);
      if (next === piece || !box.current) return;
      piece = next;
      const { style } = box.current;
      style.left = `${next.left}px`;
      style.top = `${next.top}px`;
      style.width = `${next.width}px`;
      style.height = `${next.height}px`;
      style.backgroundSize = `${next.gap}px ${next.gap}px`;
      // As large on the screen at every zoom.
      style.setProperty("--ed-dot", `${0.8 / next.zoom}px`);
    };
    draw();
    return store.subscribe((now, before) => { if (now.transform !== before.transform || now.width !== before.width || now.height !== before.height) draw(); });
  }, [store]);
  return <ViewportPortal><div className="ed-dots" ref={box} aria-hidden /></ViewportPortal>;
}

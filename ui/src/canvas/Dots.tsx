//! The grid behind the nodes. It is drawn once and pushed along: to draw it anew with every frame of a pan is dear.

import { useStoreApi } from "@xyflow/react";
import { useLayoutEffect, useRef } from "react";

const GAP = 16;
/** Dots that stand closer than this are a haze. */
const CLOSEST = 11;

/** Distance of the dots on the screen. */
export function gapAt(zoom: number): number {
  let gap = GAP * zoom;
  while (gap < CLOSEST) gap *= 2;
  return gap;
}

export function Dots() {
  const store = useStoreApi();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    let size = 0;
    const draw = ([x, y, zoom]: readonly [number, number, number]) => {
      const { current: dots } = box;
      if (!dots) return;
      const gap = gapAt(zoom);
      if (gap !== size) dots.style.backgroundSize = `${gap}px ${gap}px`;
      size = gap;
      // The origin of the drawing is at the middle between four dots, and the layer stands two gaps out on every side.
      dots.style.transform = `translate(${x % gap}px,${y % gap}px)`;
    };
    draw(store.getState().transform);
    return store.subscribe((now, before) => { if (now.transform !== before.transform) draw(now.transform); });
  }, [store]);
  return <div className="ed-dots" ref={box} aria-hidden />;
}

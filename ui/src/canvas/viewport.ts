//! What of a workflow is to be seen first.

import { isNote, positionOf, type NodeSpec } from "./graph/document";
import { sizeOf } from "./graph/layout";

export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Below this zoom no name can be read, so the beginning is shown instead of the whole. */
const READABLE = 0.4;
const BEGINNING = 0.7;
const MARGIN = 64;

/** All of it where that can be read, else its beginning: a picture of five hundred boxes helps nobody, and takes long to draw. */
export function firstViewport(nodes: readonly NodeSpec[], isTrigger: (node: NodeSpec) => boolean, width: number, height: number): Viewport {
  if (nodes.length === 0 || width === 0 || height === 0) return { x: 0, y: 0, zoom: 1 };
  const boxes = nodes.map((node) => {
    const [x, y] = positionOf(node);
    const size = sizeOf(node);
    return { left: x, top: y, right: x + size.width, bottom: y + size.height };
  });
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.right));
  const bottom = Math.max(...boxes.map((box) => box.bottom));
  const zoom = Math.min((width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (bottom - top), 1);
  if (zoom >= READABLE) return { zoom, x: width / 2 - ((left + right) / 2) * zoom, y: height / 2 - ((top + bottom) / 2) * zoom };
  const flow = nodes.filter((node) => !isNote(node));
  const first = flow.find(isTrigger) ?? [...flow].sort((one, other) => positionOf(one)[0] - positionOf(other)[0])[0];
  const [x, y] = first ? positionOf(first) : [left, top];
  // Beside the upper edge there is nothing to see above it, so the beginning stands no lower than it must.
  return { zoom: BEGINNING, x: MARGIN - x * BEGINNING, y: Math.min(height / 2 - y * BEGINNING, MARGIN - top * BEGINNING) };
}

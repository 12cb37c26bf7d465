//! A box that is made larger or smaller at one of its corners.

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Corner = "nw" | "ne" | "sw" | "se";

/** Steps of the grid that nodes stand on. */
export const STEP = 16;
/** A note that is smaller could not be read, and hardly be taken hold of. */
export const LEAST = { width: 128, height: 64 };

const snap = (value: number) => Math.round(value / STEP) * STEP;

/** The box with a corner moved; the corner across from it stays where it is. */
export function resized(box: Box, corner: Corner, dx: number, dy: number): Box {
  const [left, top] = [corner.endsWith("w"), corner.startsWith("n")];
  const width = Math.max(snap(box.width + (left ? -dx : dx)), LEAST.width);
  const height = Math.max(snap(box.height + (top ? -dy : dy)), LEAST.height);
  return { x: left ? box.x + box.width - width : box.x, y: top ? box.y + box.height - height : box.y, width, height };
}

/** The frame around boxes, with room for a title above. */
export function frameOf(boxes: readonly Box[]): Box | undefined {
  if (boxes.length === 0) return undefined;
  const x = Math.min(...boxes.map((box) => box.x)) - 20;
  const y = Math.min(...boxes.map((box) => box.y)) - 40;
  const right = Math.max(...boxes.map((box) => box.x + box.width)) + 20;
  const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + 20;
  return { x, y, width: right - x, height: bottom - y };
}

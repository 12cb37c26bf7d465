import { describe, expect, it } from "vitest";

import { gapAt, pieceFor } from "./Dots";

const [WIDTH, HEIGHT] = [1_200, 800];

describe("the dots behind the nodes", () => {
  it("stay where they are while the canvas is moved, until what is in sight leaves them", () => {
    const first = pieceFor({ x: 0, y: 0, zoom: 1 }, WIDTH, HEIGHT);
    expect(pieceFor({ x: 900, y: -700, zoom: 1 }, WIDTH, HEIGHT, first)).toBe(first);
    const later = pieceFor({ x: 1_300, y: 0, zoom: 1 }, WIDTH, HEIGHT, first);
    expect(later).not.toBe(first);
    expect(later.left).toBeLessThanOrEqual(-1_300);
  });

  it("cover all that is in sight, at each zoom and place", () => {
    for (const zoom of [0.35, 0.7, 0.94, 1, 2]) {
      for (const [x, y] of [[0, 0], [-1_602.08, -1_045.88], [333.3, 7_000]] as const) {
        const piece = pieceFor({ x, y, zoom }, WIDTH, HEIGHT);
        expect(piece.left).toBeLessThanOrEqual(-x / zoom);
        expect(piece.top).toBeLessThanOrEqual(-y / zoom);
        expect(piece.left + piece.width).toBeGreaterThanOrEqual((WIDTH - x) / zoom);
        expect(piece.top + piece.height).toBeGreaterThanOrEqual((HEIGHT - y) / zoom);
      }
    }
  });

  it("stand where nodes snap to, and never so close that they are a haze", () => {
    for (const zoom of [0.35, 0.5, 0.7, 1, 1.5]) {
      const { left, gap } = pieceFor({ x: 77, y: 5, zoom }, WIDTH, HEIGHT);
      expect(((left + gap / 2) / 16) % 1).toBeCloseTo(0);
      expect(gap * zoom).toBeCloseTo(gapAt(zoom));
      expect(gapAt(zoom)).toBeGreaterThanOrEqual(11);
    }
  });
});

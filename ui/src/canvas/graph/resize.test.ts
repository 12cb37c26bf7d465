import { expect, test } from "vitest";

import { frameOf, resized } from "./resize";

const NOTE = { x: 100, y: 100, width: 240, height: 160 };

test("a corner that is moved leaves the one across from it where it is, and the size on the grid", () => {
  expect(resized(NOTE, "se", 30, 18)).toEqual({ x: 100, y: 100, width: 272, height: 176 });
  const grown = resized(NOTE, "nw", -30, -18);
  expect(grown).toEqual({ x: 68, y: 84, width: 272, height: 176 });
  expect([grown.x + grown.width, grown.y + grown.height]).toEqual([340, 260]);
});

test("a note stays large enough to be read, and its other side does not give way", () => {
  expect(resized(NOTE, "se", -1_000, -1_000)).toEqual({ x: 100, y: 100, width: 128, height: 64 });
  expect(resized(NOTE, "nw", 1_000, 1_000)).toEqual({ x: 212, y: 196, width: 128, height: 64 });
});

test("a frame goes around all of its nodes", () => {
  expect(frameOf([NOTE, { x: 400, y: 50, width: 160, height: 64 }])).toEqual({ x: 80, y: 10, width: 500, height: 270 });
  expect(frameOf([])).toBeUndefined();
});

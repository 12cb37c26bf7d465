import { expect, it } from "vitest";

import { open } from "./graph/document";
import { firstViewport } from "./viewport";

const row = (count: number) => open({ nodes: Array.from({ length: count }, (_, index) => ({ name: `N${index}`, type: index === 3 ? "core.manual" : "core.noop", position: [index * 224, 0] })) }).nodes;
const isTrigger = (node: { readonly type: string }) => node.type === "core.manual";

it("a workflow that can be read as a whole is shown as a whole", () => {
  const { x, zoom } = firstViewport(row(5), isTrigger, 1_200, 800);
  expect(zoom).toBeGreaterThan(0.4);
  expect(x).toBeGreaterThanOrEqual(0);
  expect(x + (4 * 224 + 160) * zoom).toBeLessThanOrEqual(1_200);
});

it("a large workflow is shown from its trigger on, so that names can be read", () => {
  const { x, zoom } = firstViewport(row(100), isTrigger, 1_200, 800);
  expect(zoom).toBe(0.7);
  expect(3 * 224 * zoom + x).toBeCloseTo(64);
});

it("an empty one begins at its origin", () => {
  expect(firstViewport([], isTrigger, 1_200, 800)).toEqual({ x: 0, y: 0, zoom: 1 });
});

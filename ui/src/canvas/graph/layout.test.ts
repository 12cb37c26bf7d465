import { describe, expect, it } from "vitest";

import { open, positionOf, type Workflow } from "./document";
import { laidOut, NODE_SIZE } from "./layout";

function overlaps(document: Workflow): boolean {
  return document.nodes.some((one, index) => document.nodes.slice(index + 1).some((other) => {
    const [x, y] = positionOf(one);
    const [otherX, otherY] = positionOf(other);
    return Math.abs(x - otherX) < NODE_SIZE.width && Math.abs(y - otherY) < NODE_SIZE.height;
  }));
}

const chain = (positions: readonly (readonly [number, number] | undefined)[]) =>
  open({
    nodes: positions.map((position, index) => ({ name: `N${index}`, type: index === 0 ? "core.manual" : "core.noop", ...(position ? { position } : {}) })),
    edges: positions.slice(1).map((_, index) => ({ from: `N${index}`, to: `N${index + 1}` })),
  });

describe("a document whose nodes have no places", () => {
  it("is laid out from left to right without an overlap", () => {
    const laid = laidOut(chain([undefined, undefined, undefined, undefined]));
    expect(overlaps(laid)).toBe(false);
    const xs = laid.nodes.map((node) => positionOf(node)[0]);
    expect(xs).toEqual([...xs].sort((one, other) => one - other));
  });

  it("is laid out when all of them stand at one place", () => {
    expect(overlaps(laidOut(chain([[0, 0], [0, 0], [0, 0]])))).toBe(false);
  });

  it("leaves those that stand where they are, and finds room for the others", () => {
    const laid = laidOut(chain([undefined, [300, 0], undefined, [600, 0], undefined]));
    expect(laid.nodes[1]?.position).toEqual([300, 0]);
    expect(laid.nodes[3]?.position).toEqual([600, 0]);
    expect(laid.nodes.map((node) => positionOf(node)[0])[0]).toBeLessThan(300);
    expect(overlaps(laid)).toBe(false);
  });

  it("stays the same object when every node has its place", () => {
    const document = chain([[0, 0], [300, 0]]);
    expect(laidOut(document)).toBe(document);
  });
});

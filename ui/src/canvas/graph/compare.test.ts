import { expect, test } from "vitest";

import { compare } from "./compare";
import { open } from "./document";

const text = (nodes: object[], edges: object[] = []) => open({ nodes, edges } as never);
const node = (name: string, more: object = {}) => ({ name, type: "core.set", position: [0, 0], ...more });
const kinds = (comparison: ReturnType<typeof compare>) => Object.fromEntries(comparison.nodes.map((one) => [one.node.name, one.is]));

test("nodes that came, went, changed, moved and stayed are told apart", () => {
  const before = text([node("Stays"), node("Moves"), node("Changes"), node("Goes")]);
  const after = text([node("Stays"), node("Moves", { position: [9, 9] }), node("Changes", { params: { a: 1 } }), node("Comes")]);
  expect(kinds(compare(before, after))).toEqual({ Stays: "same", Moves: "moved", Changes: "changed", Comes: "added", Goes: "removed" });
});

test("a renamed node is the same one, and so are its edges", () => {
  const before = text([node("A", { id: "x" }), node("B")], [{ from: "A", to: "B" }]);
  const after = text([node("Renamed", { id: "x" }), node("B")], [{ from: "Renamed", to: "B" }]);
  const comparison = compare(before, after);
  expect(kinds(comparison)).toEqual({ Renamed: "changed", B: "same" });
  expect(comparison.edges.map(({ is }) => is)).toEqual(["same"]);
});

test("a name that another node has now does not confuse them", () => {
  const before = text([node("A", { id: "x" })]);
  const after = text([node("B", { id: "x" }), node("A", { id: "y" })]);
  expect(kinds(compare(before, after))).toEqual({ B: "changed", A: "added" });
});

test("edges that came and went are told apart, with those of a node that is gone", () => {
  const before = text([node("A"), node("B"), node("C")], [{ from: "A", to: "B" }, { from: "B", to: "C" }]);
  const after = text([node("A"), node("B")], [{ from: "A", to: "B" }, { from: "A", output: 1, to: "B" }]);
  expect(compare(before, after).edges.map(({ edge, is }) => `${edge.from}→${edge.to} ${is}`)).toEqual(["A→B same", "A→B added", "B→C removed"]);
});

test("every node of the picture has an id of its own", () => {
  const before = text([node("A", { id: "x" }), node("B", { id: "y" })]);
  const after = text([node("B", { id: "x" })]);
  const ids = compare(before, after).nodes.map((one) => one.node.id);
  expect(new Set(ids).size).toBe(ids.length);
});

import { expect, test } from "vitest";

import { cardSize, flowEdges, flowNodes } from "./flow";
import { applyAll } from "./graph/change";
import { open, type Workflow } from "./graph/document";
import { plan, type Operation } from "./graph/operations";
import { counter, SHOP } from "./graph/samples";

const groupOf = () => undefined;
const done = (document: Workflow, operation: Operation) => applyAll(document, plan(document, operation, counter()).changes);

test("who types into one node has only that one drawn anew, and no edge", () => {
  const before = flowNodes(SHOP, groupOf, [], []);
  const lines = flowEdges(SHOP, []);
  const next = done(SHOP, { type: "setParameter", id: "greet", pointer: "/text", value: "x" });
  const after = flowNodes(next, groupOf, [], before);
  expect(after.filter((node, index) => node !== before[index]).map((node) => node.id)).toEqual(["greet"]);
  expect(flowEdges(next, lines)).toBe(lines);
});

test("a renamed node keeps its edges, and an edge that is gone is no longer drawn", () => {
  const lines = flowEdges(SHOP, []);
  const renamed = flowEdges(done(SHOP, { type: "renameNode", id: "name", name: "Person" }), lines);
  expect(renamed.map((line) => [line.source, line.target])).toEqual(lines.map((line) => [line.source, line.target]));
  const [edge] = SHOP.edges ?? [];
  if (!edge) throw new Error("the sample has edges");
  expect(flowEdges(done(SHOP, { type: "disconnect", edge }), lines)).toHaveLength(lines.length - 1);
});

test("every end of an edge has its port, at the side of a card that is large enough for it", () => {
  const document = open({
    nodes: [{ name: "Many", type: "core.switch", params: { rules: [{}, {}, {}, {}] } }, { name: "Join", type: "core.merge" }],
    edges: [{ from: "Many", output: 3, to: "Join", input: 1 }],
  });
  const [many, join] = flowNodes(document, groupOf, [], []);
  expect(many?.handles?.map((handle) => handle.id)).toEqual(["i0", "o0", "o1", "o2", "o3"]);
  expect(join?.handles?.filter((handle) => handle.type === "target")).toHaveLength(2);
  expect(many?.height).toBe(116);
  expect(many?.handles?.at(-1)).toMatchObject({ x: 153, y: 1 + 114 * 0.875 - 6 });
  expect(many?.measured).toEqual({ width: 160, height: 116 });
});

test("a note is as large as it says", () => {
  const { nodes: [note] } = open({ nodes: [{ name: "N", type: "core.note", params: { width: 300, height: 90 } }] });
  if (!note) throw new Error("there is a note");
  expect(cardSize(note, 0, 0)).toEqual({ width: 300, height: 90 });
});

import fc from "fast-check";
import { expect, test } from "vitest";

import { applyAll, inverse } from "./change";
import { edgesOf, faults, groupsOf, nodeById, nodeByName, type Workflow } from "./document";
import { same } from "./json";
import { fragmentOf, plan, Refusal, type Operation } from "./operations";
import { namesInNode } from "./references";
import { anyPick, counter, node, operationOf, play, SHOP } from "./samples";

function done(document: Workflow, ...operations: Operation[]): Workflow {
  const setting = counter();
  return operations.reduce((now, operation) => applyAll(now, plan(now, operation, setting).changes), document);
}

function pairs(document: Workflow): string[] {
  return edgesOf(document).map((edge) => `${edge.from}.${edge.output ?? 0}>${edge.to}.${edge.input ?? 0}`);
}

test("every operation is undone by its inverse, and leaves a valid document", () => {
  fc.assert(
    fc.property(fc.array(anyPick, { maxLength: 12 }), anyPick, (before, pick) => {
      const start = play(SHOP, before, counter("before"));
      const operation = operationOf(start, pick);
      if (!operation) return;
      let changes;
      try {
        ({ changes } = plan(start, operation, counter("last")));
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
        return;
      }
      const after = applyAll(start, changes);
      expect(faults(after)).toEqual([]);
      expect(new Set(after.nodes.map((one) => one.id)).size).toBe(after.nodes.length);
      expect(same(applyAll(after, inverse(changes)), start)).toBe(true);
      expect(same(applyAll(applyAll(after, inverse(changes)), changes), after)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test("renaming follows into edges, expressions and old forms, and nowhere else", () => {
  const start: Workflow = {
    ...SHOP,
    nodes: [...SHOP.nodes, node("Code", { type: "core.code", params: { code: "return $('Name').all().concat($node.Name, $items(`Name`))" } }), node("Text", { params: { text: "$('Name') is no expression" } })],
  };
  const after = done(start, { type: "renameNode", id: "name", name: "First \"name\"" });
  expect(pairs(after).slice(0, 2)).toEqual(["Webhook.0>First \"name\".0", "First \"name\".0>Is known.0"]);
  expect(nodeById(after, "greet")?.params?.["text"]).toBe('=Hello {{ $node["First \\"name\\""].json.name }}');
  expect(nodeById(after, "code")?.params?.["code"]).toBe('return $(\'First "name"\').all().concat($node["First \\"name\\""], $items(`First "name"`))');
  expect(nodeById(after, "text")?.params?.["text"]).toBe("$('Name') is no expression");
  const referring = after.nodes.filter((one) => namesInNode(one).includes("First \"name\"")).map((one) => one.name);
  expect(referring).toEqual(["Is known", "Greet", "Code"]);
});

test("names are unique and a rename onto another node is refused", () => {
  expect(done(SHOP, { type: "addNode", node: { name: "Name", type: "core.set" } as never }).nodes.at(-1)?.name).toBe("Name 2");
  expect(() => done(SHOP, { type: "renameNode", id: "name", name: "Greet" })).toThrow("there is a node `Greet` already");
  expect(() => done(SHOP, { type: "renameNode", id: "name", name: "  " })).toThrow("needs a name");
});

test("edges that lead nowhere, into triggers, to missing ports or twice are refused", () => {
  const refuse = (from: string, to: string, more = {}) => expect(() => done(SHOP, { type: "connect", edge: { from, to, ...more } }));
  refuse("Name", "Gone").toThrow("there is no node `Gone`");
  refuse("Greet", "Webhook").toThrow("starts runs and has no input");
  refuse("Greet", "Name", { output: 1 }).toThrow("has no output 1");
  refuse("Greet", "Name", { input: 1 }).toThrow("has no input 1");
  refuse("Webhook", "Name", { output: 0 }).toThrow("connected already");
  expect(pairs(done(SHOP, { type: "connect", edge: { from: "Greet", output: 0, to: "Name", input: 0 } }))).toContain("Greet.0>Name.0");
});

test("a removed node takes its edges along, and a bridge closes the gap", () => {
  expect(pairs(done(SHOP, { type: "removeNodes", ids: ["name"] }))).toEqual(["Is known.0>Greet.0", "Is known.1>Odd one.0"]);
  expect(pairs(done(SHOP, { type: "removeNodes", ids: ["name"], bridge: true }))).toContain("Webhook.0>Is known.0");
  expect(groupsOf(done(SHOP, { type: "removeNodes", ids: ["name", "webhook"] }))).toEqual([]);
});

test("a node is put on an edge, between its ends and in its place of the order", () => {
  const after = done(SHOP, { type: "insertOnEdge", edge: { from: "Is known", to: "Odd one", output: 1 }, node: { name: "Limit", type: "core.limit" } as never });
  expect(pairs(after)).toEqual(["Webhook.0>Name.0", "Name.0>Is known.0", "Is known.0>Greet.0", "Is known.1>Limit.0", "Limit.0>Odd one.0"]);
  expect(() => done(SHOP, { type: "insertOnEdge", edge: { from: "Webhook", to: "Name" }, node: { name: "N", type: "core.manual" } as never })).toThrow("does not fit");
});

test("edges of ports that a parameter takes away go with them", () => {
  const three: Workflow = { nodes: [node("A"), node("S", { type: "core.switch", params: { rules: [{}, {}, {}] } })], edges: [{ from: "S", output: 2, to: "A" }, { from: "S", output: 1, to: "A" }] };
  expect(pairs(done(three, { type: "setParameter", id: "s", pointer: "/rules/2", value: undefined }))).toEqual(["S.1>A.0"]);
  const branch = done(SHOP, { type: "setOption", id: "greet", option: "onError", value: "errorBranch" }, { type: "connect", edge: { from: "Greet", output: 1, to: "Odd one" } });
  expect(pairs(branch)).toContain("Greet.1>Odd one.0");
  expect(pairs(done(branch, { type: "setOption", id: "greet", option: "onError", value: undefined }))).not.toContain("Greet.1>Odd one.0");
});

test("pasted nodes get names and ids of their own, and their expressions follow", () => {
  const after = done(SHOP, { type: "paste", fragment: fragmentOf(SHOP, ["name", "is-known"]), at: [1000, 500] });
  const [name, known] = after.nodes.slice(-2);
  expect([name?.name, known?.name]).toEqual(["Name 2", "Is known 2"]);
  expect([name?.position, known?.position]).toEqual([[1000, 500], [1200, 500]]);
  expect(known && namesInNode(known)).toEqual(["Name 2"]);
  expect(pairs(after).slice(-1)).toEqual(["Name 2.0>Is known 2.0"]);
  expect(nodeByName(after, "Name")).toBe(nodeByName(SHOP, "Name"));
});

test("an operation leaves every node alone that it is not about", () => {
  const after = done(SHOP, { type: "setParameter", id: "name", pointer: "/mode", value: "json" });
  expect(after.nodes.filter((one, index) => one !== SHOP.nodes[index]).map((one) => one.id)).toEqual(["name"]);
  expect(nodeById(after, "odd-one")).toBe(nodeById(SHOP, "odd-one"));
});

test("a document becomes another one through changes that can be undone", () => {
  fc.assert(
    fc.property(fc.array(anyPick, { maxLength: 10 }), fc.array(anyPick, { maxLength: 10 }), (one, other) => {
      const [from, to] = [play(SHOP, one, counter("one")), play(SHOP, other, counter("other"))];
      const { changes } = plan(from, { type: "become", document: to }, counter());
      expect(applyAll(from, changes)).toEqual(to);
      expect(same(applyAll(to, inverse(changes)), from)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

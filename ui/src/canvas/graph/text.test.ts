import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

import fc from "fast-check";
import { expect, test } from "vitest";

import { applyAll } from "./change";
import { groupsOf, nodeById, open, type Workflow } from "./document";
import { same } from "./json";
import { plan, type Operation } from "./operations";
import { anyPick, counter, play, SHOP } from "./samples";
import { fromText, toText } from "./text";

const EXAMPLES = fileURLToPath(new URL("../../../../examples/", import.meta.url));

function read(text: string, current: Workflow = SHOP): Workflow {
  const parsed = fromText(text, current);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value.document;
}

test("a document survives the way through its text, fresh or over an old one", () => {
  fc.assert(
    fc.property(fc.array(anyPick, { maxLength: 10 }), (picks) => {
      const document = play(SHOP, picks, counter());
      expect(same(read(toText(document, "shop"), document), document)).toBe(true);
      const over = toText(document, "shop", toText(SHOP, "shop"));
      expect(same(read(over, document), document)).toBe(true);
      expect(toText(document, "shop", over)).toBe(over);
    }),
    { numRuns: 150 },
  );
});

test("comments and form of the examples stay when one place changes", () => {
  for (const file of readdirSync(EXAMPLES).filter((name) => name.endsWith(".yaml"))) {
    const [first = ""] = readFileSync(EXAMPLES + file, "utf8").split(/^---$/m).filter((part) => part.includes("kind: workflow"));
    const document = read(first, { nodes: [] });
    const name = /^name: (.+)$/m.exec(first)?.[1] ?? "";
    expect(toText(document, name, first)).toBe(first);
    const operation: Operation = { type: "moveNodes", positions: { [document.nodes[0]?.id ?? ""]: [11, 22] } };
    const changed = toText(applyAll(document, plan(document, operation, counter()).changes), name, first);
    expect(changed).toContain("position: [ 11, 22 ]");
    expect(changed.match(/^\s*#.*$/gm)).toEqual(first.match(/^\s*#.*$/gm));
  }
});

test("a node that is renamed in the text keeps its id", () => {
  const text = toText(SHOP, "shop").replaceAll("name: Greet", "name: Welcome").replaceAll("to: Greet", "to: Welcome");
  expect(nodeById(read(text), "greet")?.name).toBe("Welcome");
});

test("a fault is shown where it stands", () => {
  const at = (text: string) => {
    const parsed = fromText(text, SHOP);
    return parsed.ok ? [] : parsed.faults.map((fault) => [fault.line, fault.column, fault.message]);
  };
  expect(at("kind: workflow\nname: x\nspec:\n  nodes:\n    - name: A\n      type: core.set\n    - name: A\n      type: core.set\n")).toEqual([[7, 13, "two nodes are called `A`"]]);
  expect(at("spec:\n  nodes: []\n  edges:\n    - { from: A, to: B }\n")).toEqual([[4, 15, "there is no node `A`"], [4, 22, "there is no node `B`"]]);
  expect(at("spec:\n  nodes: [\n")[0]?.[0]).toBe(3);
  expect(at("kind: variable\nspec: { nodes: [] }")[0]?.[2]).toContain("another kind");
  expect(at("nodes:\n  - name: A\n")).toEqual([[2, 5, "a node needs a `type`, for example `core.set`"]]);
});

test("ids are the same wherever a text is opened", () => {
  const spec = { nodes: [{ name: "A b", type: "x" }, { name: "a-b", type: "x" }, { name: "ü", type: "x" }] };
  expect(open(spec).nodes.map((node) => node.id)).toEqual(["a-b", "a-b-2", "node"]);
  const opened = open(spec);
  expect(open(opened)).toBe(opened);
  expect(open(SHOP)).toBe(SHOP);
});

test("groups stand in the text, and are the same ones when it is read", () => {
  const parsed = fromText(toText(SHOP, "shop"), SHOP);
  if (!parsed.ok) throw new Error("it cannot be read");
  expect(groupsOf(parsed.value.document)).toEqual(groupsOf(SHOP));
});

import fc from "fast-check";
import { expect, test } from "vitest";

import { applyAll } from "./change";
import { edgesOf, faults, groupsOf, nodeById, nodeByName, sameWorkflow, type Workflow } from "./document";
import { same } from "./json";
import { merge, takeTheirs } from "./merge";
import { plan, type Operation } from "./operations";
import { namesInNode } from "./references";
import { anyPick, counter, play, SHOP } from "./samples";

function done(document: Workflow, prefix: string, ...operations: Operation[]): Workflow {
  const setting = counter(prefix);
  return operations.reduce((now, operation) => applyAll(now, plan(now, operation, setting).changes), document);
}

test("merging is symmetric where nothing conflicts, never breaks a document and keeps what either has added", () => {
  fc.assert(
    fc.property(fc.array(anyPick, { maxLength: 8 }), fc.array(anyPick, { maxLength: 8 }), (one, other) => {
      const mine = play(SHOP, one, counter("mine"));
      const theirs = play(SHOP, other, counter("theirs"));
      const merged = merge(SHOP, mine, theirs);
      expect(faults(merged.document)).toEqual([]);
      for (const added of [...mine.nodes, ...theirs.nodes].filter((node) => !nodeById(SHOP, node.id))) expect(nodeById(merged.document, added.id)).toBeDefined();
      const turned = merge(SHOP, theirs, mine);
      expect(turned.conflicts.length).toBe(merged.conflicts.length);
      if (merged.conflicts.length === 0) expect(sameWorkflow(turned.document, merged.document)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test("what only one has changed is what comes out", () => {
  fc.assert(
    fc.property(fc.array(anyPick, { maxLength: 10 }), (picks) => {
      const changed = play(SHOP, picks, counter());
      for (const merged of [merge(SHOP, changed, SHOP), merge(SHOP, SHOP, changed), merge(SHOP, changed, changed)]) {
        expect(merged.conflicts).toEqual([]);
        expect(sameWorkflow(merged.document, changed)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("edits of two places in one node both stay", () => {
  const mine = done(SHOP, "m", { type: "setParameter", id: "name", pointer: "/mode", value: "json" }, { type: "moveNodes", positions: { name: [7, 7] } });
  const theirs = done(SHOP, "t", { type: "setParameter", id: "name", pointer: "/fields/0/value", value: "x" }, { type: "setOption", id: "name", option: "notes", value: "hi" });
  const { document, conflicts, arrived } = merge(SHOP, mine, theirs);
  expect(conflicts).toEqual([]);
  expect(nodeById(document, "name")).toMatchObject({ position: [7, 7], notes: "hi", params: { mode: "json", fields: [{ name: "name", value: "x" }] } });
  expect(arrived).toEqual(["name"]);
});

test("one place changed to two values is a conflict, mine stands, and theirs can be taken", () => {
  const mine = done(SHOP, "m", { type: "setParameter", id: "greet", pointer: "/text", value: "mine" });
  const theirs = done(SHOP, "t", { type: "setParameter", id: "greet", pointer: "/text", value: "theirs" });
  const { document, conflicts } = merge(SHOP, mine, theirs);
  expect(conflicts).toEqual([{ node: "greet", pointer: "/params/text", base: SHOP.nodes[3]?.params?.["text"], mine: "mine", theirs: "theirs" }]);
  expect(nodeById(document, "greet")?.params?.["text"]).toBe("mine");
  const [conflict] = conflicts;
  const taken = done(document, "x", ...(conflict ? takeTheirs(document, conflict) : []));
  expect(nodeById(taken, "greet")?.params?.["text"]).toBe("theirs");
});

test("a rename meets an edit that uses the old name", () => {
  const mine = done(SHOP, "m", { type: "renameNode", id: "name", name: "Person" });
  const theirs = done(SHOP, "t", { type: "setParameter", id: "odd-one", pointer: "/text", value: "={{ $('Name').first().json.name }}" }, { type: "connect", edge: { from: "Name", to: "Greet" } });
  for (const { document, conflicts } of [merge(SHOP, mine, theirs), merge(SHOP, theirs, mine)]) {
    expect(conflicts).toEqual([]);
    const odd = nodeById(document, "odd-one");
    expect(odd && namesInNode(odd)).toEqual(["Person"]);
    expect(edgesOf(document).some((edge) => edge.from === "Person" && edge.to === "Greet")).toBe(true);
  }
});

test("two new nodes of one name get two names, and each side's expressions follow its own", () => {
  const add = (prefix: string, path: string) =>
    done(SHOP, prefix, { type: "addNode", node: { name: "New", type: "core.set", params: { path } } as never }, { type: "setParameter", id: prefix === "a" ? "greet" : "odd-one", pointer: "/text", value: "={{ $('New').item }}" });
  const { document } = merge(SHOP, add("a", "a"), add("b", "b"));
  const names = (id: string) => nodeById(document, id)?.name;
  expect([names("a-1"), names("b-1")]).toEqual(["New", "New 2"]);
  expect(nodeById(document, "greet")?.params?.["text"]).toBe("={{ $('New').item }}");
  expect(nodeById(document, "odd-one")?.params?.["text"]).toBe("={{ $('New 2').item }}");
});

test("what one deleted and the other needs stays and is said", () => {
  const gone = done(SHOP, "m", { type: "removeNodes", ids: ["greet"] });
  const edited = done(SHOP, "t", { type: "setParameter", id: "greet", pointer: "/text", value: "new" });
  const kept = merge(SHOP, gone, edited);
  expect(kept.conflicts.map(({ node, pointer, mine }) => [node, pointer, mine])).toEqual([["greet", "", undefined]]);
  expect(nodeById(kept.document, "greet")?.params?.["text"]).toBe("new");
  expect(edgesOf(kept.document).some((edge) => edge.to === "Greet")).toBe(true);
  const wired = done(SHOP, "t", { type: "connect", edge: { from: "Name", to: "Greet" } });
  expect(nodeByName(merge(SHOP, gone, wired).document, "Greet")).toBeDefined();
  expect(nodeByName(merge(SHOP, gone, SHOP).document, "Greet")).toBeUndefined();
});

test("groups made at once both stay, and lose the nodes that are gone", () => {
  const mine = done(SHOP, "m", { type: "addGroup", title: "Mine", ids: ["greet"] });
  const theirs = done(SHOP, "t", { type: "addGroup", title: "Theirs", ids: ["odd-one", "is-known"] }, { type: "removeNodes", ids: ["name"] });
  const groups = groupsOf(merge(SHOP, mine, theirs).document).map((group) => [group.title, group.nodes]);
  expect(groups).toEqual(expect.arrayContaining([["Mine", ["greet"]], ["Theirs", ["odd-one", "is-known"]], ["Start", ["webhook"]]]));
  expect(same(groups.length, 3)).toBe(true);
});

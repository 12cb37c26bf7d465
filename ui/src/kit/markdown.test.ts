import { expect, test } from "vitest";

import { blocksOf, spansOf } from "./markdown";

test("a plan is taken apart into its blocks", () => {
  const text = "# Way out\nFirst line\nsecond line\n\n- [x] export\n- [ ] import\n\n1. stop\n2) start\n> in a hurry\n---\n```\na * b\n```\n####### no heading";
  expect(blocksOf(text).map((block) => (block.kind === "list" ? `${block.ordered ? "ol" : "ul"}${String(block.items.length)}` : block.kind))).toEqual(["heading", "text", "ul2", "ol2", "quote", "line", "code", "text"]);
  const [, paragraph, list] = blocksOf(text);
  expect(paragraph).toEqual({ kind: "text", spans: [{ kind: "text", text: "First line second line" }] });
  expect(list?.kind === "list" ? list.items.map(({ done }) => done) : []).toEqual([true, false]);
});

test("a fence that nobody closes ends with the text", () => {
  expect(blocksOf("```\nabc")).toEqual([{ kind: "code", text: "abc" }]);
  expect(blocksOf("")).toEqual([]);
});

test("lines have code, strong words and links, and nothing else leads anywhere", () => {
  expect(spansOf("Ask `crm` **now** at [the desk](https://desk.example/a) or *later*.")).toEqual([
    { kind: "text", text: "Ask " },
    { kind: "code", text: "crm" },
    { kind: "text", text: " " },
    { kind: "strong", text: "now" },
    { kind: "text", text: " at " },
    { kind: "link", text: "the desk", to: "https://desk.example/a" },
    { kind: "text", text: " or " },
    { kind: "em", text: "later" },
    { kind: "text", text: "." },
  ]);
  expect(spansOf("see https://desk.example/a.")).toEqual([
    { kind: "text", text: "see " },
    { kind: "link", text: "https://desk.example/a", to: "https://desk.example/a" },
    { kind: "text", text: "." },
  ]);
  expect(spansOf("[x](javascript:alert(1))").every(({ kind }) => kind === "text")).toBe(true);
  expect(spansOf("2 * 3 * 4")).toEqual([{ kind: "text", text: "2 * 3 * 4" }]);
});

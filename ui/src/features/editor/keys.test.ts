import { expect, test } from "vitest";

import type { NodeType } from "./calls";
import { actOf, KEYS } from "./keys";
import { search } from "./search";

const press = (key: string, more: object = {}) => actOf({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more });

test("keys lead to acts on every keyboard, and no two acts share one", () => {
  expect([press("n"), press("z", { ctrlKey: true }), press("Z", { metaKey: true, shiftKey: true }), press("T", { shiftKey: true }), press("]", { shiftKey: true })]).toEqual(["add", "undo", "redo", "tidy", "next"]);
  expect([press("t"), press("n", { ctrlKey: true }), press("n", { altKey: true })]).toEqual([undefined, undefined, undefined]);
  expect(new Set(KEYS.map((key) => key.keys)).size).toBe(KEYS.length);
});

const type = (id: string, title: string, group: string, more: Partial<NodeType> = {}): NodeType => ({ id, title, group, version: 1, summary: "", effect: "pure", keywords: [], params: {}, n8n: [], ...more });
const TYPES = [type("core.wait", "Wait", "flow"), type("http.webhook", "Webhook", "trigger"), type("core.if", "If", "flow", { keywords: ["condition"] }), type("core.split-out", "Split out", "transform", { n8n: ["n8n-nodes-base.itemLists"] }), type("core.filter", "Filter", "flow", { summary: "Lets items through under a condition" })];

test("a node type is found by title, word, n8n's name and summary, the nearest first", () => {
  const found = (wanted: string, first = false) => search(TYPES, wanted, first).map((one) => one.id);
  expect(found("condition")).toEqual(["core.if", "core.filter"]);
  expect(found("w")[0]).toBe("core.wait");
  expect(found("out spl")).toEqual(["core.split-out"]);
  expect(found("itemlists")).toEqual(["core.split-out"]);
  expect(found("nothing like it")).toEqual([]);
  expect([found("", true)[0], found("").at(-1)]).toEqual(["http.webhook", "http.webhook"]);
});

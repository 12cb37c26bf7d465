import { expect, test } from "vitest";

import { FAMILIES, familyOf } from "../../canvas/families";
import { hasSign } from "../../canvas/Glyph";
import type { NodeType } from "./calls";
import { inWords, isCalled, search, shelves } from "./search";

/** Every node type has a page, so the pages say which types there are. */
const IDS = Object.keys(import.meta.glob("../../../../docs/nodes/*.md")).flatMap((file) => { const id = file.replace(/^.*\//, "").replace(/\.md$/, ""); return id.includes(".") ? [id] : []; });

const type = (id: string, title: string, group: string, more: Partial<NodeType> = {}): NodeType => ({ id, title, group, version: 1, summary: "", effect: "pure", keywords: [], params: {}, n8n: [], ...more });
const TYPES = [
  type("core.schedule", "Schedule", "trigger", { keywords: ["cron", "interval"], n8n: ["n8n-nodes-base.scheduleTrigger", "n8n-nodes-base.cron"] }),
  type("core.call", "Call workflow", "flow", { keywords: ["function", "sub-workflow"] }),
  type("core.code", "Code", "transform", { keywords: ["javascript", "function"], n8n: ["n8n-nodes-base.code", "n8n-nodes-base.function"] }),
  type("core.loop", "Loop over items", "flow", { n8n: ["n8n-nodes-base.splitInBatches"] }),
  type("db.postgres", "PostgreSQL", "action", { n8n: ["n8n-nodes-base.postgres"] }),
  type("mail.trigger", "Email trigger", "trigger", { keywords: ["imap"], n8n: ["n8n-nodes-base.emailReadImap"] }),
];

test("n8n's names lead to the types that are the same", () => {
  const first = (wanted: string) => search(TYPES, wanted)[0]?.id;
  expect(inWords("n8n-nodes-base.splitInBatches")).toBe("split in batches");
  expect([first("split in batches"), first("splitinbatches"), first("function"), first("cron"), first("imap"), first("schedule trigger")]).toEqual(["core.loop", "core.loop", "core.code", "core.schedule", "mail.trigger", "core.schedule"]);
});

test("what is here is not told to come later", () => {
  expect([isCalled(TYPES, "Postgres"), isCalled(TYPES, "splitInBat"), isCalled(TYPES, "mongo"), isCalled([...TYPES, type("db.mongodb", "MongoDB", "action")], "mongo"), isCalled(TYPES, "")]).toEqual([true, true, false, true, false]);
});

test("types stand in families until somebody searches", () => {
  const all = shelves(search(TYPES, "", true), "");
  expect(all.map((shelf) => [shelf.family, shelf.types.length])).toEqual([["Triggers", 2], ["Flow", 2], ["Items and fields", 1], ["Databases", 1]]);
  expect(shelves(search(TYPES, "cron"), "cron").map((shelf) => shelf.family)).toEqual([undefined]);
  expect(shelves([], "cron")).toEqual([]);
});

test("every node type has a sign of its own and a family", () => {
  expect(IDS.length).toBeGreaterThan(70);
  expect(IDS.filter((id) => !hasSign(id))).toEqual([]);
  const groups = (id: string) => (/(trigger|manual|schedule|called|webhook)$/.test(id) ? "trigger" : /^core/.test(id) ? "transform" : "action");
  expect(IDS.filter((id) => id !== "core.note" && familyOf({ id, group: groups(id) }) === "Others")).toEqual([]);
  expect(FAMILIES).toContain(familyOf({ id: "strange.type", group: "action" }));
});

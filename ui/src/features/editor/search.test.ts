import { expect, test } from "vitest";

import { FAMILIES, familyOf } from "../../canvas/families";
import { hasSign } from "../../canvas/Glyph";
import type { NodeType } from "./calls";
import { inWords, isCalled, prepare, search, shelves } from "./search";

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

const asked = (wanted = "", more: object = {}) => ({ wanted, first: false, service: undefined, limit: 40, ...more });

test("types stand in families until somebody searches", () => {
  const all = shelves(TYPES, asked("", { first: true }));
  expect(all.map((shelf) => [shelf.family, shelf.options.length])).toEqual([["Triggers", 2], ["Flow", 2], ["Items and fields", 1], ["Databases", 1]]);
  expect(shelves(TYPES, asked("cron")).map((shelf) => shelf.family)).toEqual([undefined]);
  expect(shelves(TYPES, asked("pigeon"))).toEqual([]);
});

const operation = (service: string, does: string, more: Partial<NodeType> = {}) => {
  const name = service.toLowerCase().replaceAll(" ", "-");
  return type(`${name}.${does.toLowerCase().replaceAll(" ", ".")}`, `${service}: ${does}`, "action", { provider: `connector:${name}`, keywords: ["messages", service], n8n: [`n8n-nodes-base.${name}`], ...more });
};
const WITH_SERVICES = [
  ...TYPES,
  type("mail.send", "Send email", "action", { keywords: ["smtp"] }),
  operation("Slack", "Post a message"), operation("Slack", "Post an ephemeral message"), operation("Slack", "List channels"),
  operation("Discord", "Post a message"), operation("SendGrid", "Send an email"), operation("Typeform", "When a form is answered", { group: "trigger" }),
];
const said = (of: ReturnType<typeof shelves>) => of.flatMap(({ options }) => options.map((option) => (option.kind === "type" ? option.type.title : option.kind === "service" ? `${option.service.title} (${String(option.service.types.length)})` : `${String(option.left)} more`)));

test("a service stands in the list once, with the number of what it does", () => {
  const all = shelves(WITH_SERVICES, asked());
  expect(all.map(({ family }) => family)).toEqual(["Flow", "Items and fields", "Services", "Databases", "Messages and mail", "Triggers"]);
  expect(said(all.filter(({ family }) => family === "Services"))).toEqual(["Discord (1)", "SendGrid (1)", "Slack (3)", "Typeform (1)"]);
  expect(said(shelves(WITH_SERVICES, asked("", { service: "slack" })))).toEqual(["Slack: List channels", "Slack: Post a message", "Slack: Post an ephemeral message"]);
  expect(said(shelves(WITH_SERVICES, asked("ephem", { service: "slack" })))).toEqual(["Slack: Post an ephemeral message"]);
});

test("operations are found across services, the best ones first", () => {
  const found = (wanted: string, more: object = {}) => said(shelves(WITH_SERVICES, asked(wanted, more)));
  expect(found("slack post")).toEqual(["Slack: Post a message", "Slack: Post an ephemeral message"]);
  expect(found("post message")).toEqual(["Discord: Post a message", "Slack: Post a message", "Slack: Post an ephemeral message"]);
  expect(found("Slack: post a message")[0]).toBe("Slack: Post a message");
  expect(found("slack")).toEqual(["Slack (3)", "Slack: Post a message", "Slack: List channels", "Slack: Post an ephemeral message"]);
  expect(found("send email")).toEqual(["Send email", "SendGrid: Send an email"]);
  expect(found("send mail")).toEqual(["SendGrid: Send an email", "Send email"]);
  expect(found("slack", { limit: 1 })).toEqual(["Slack (3)", "Slack: Post a message", "2 more"]);
  expect(found("pigeon", { instead: ["core.code"] })).toEqual(["Code"]);
});

test("a service that is here is not told to come later, however more is typed", () => {
  expect([isCalled(WITH_SERVICES, "slack channel"), isCalled(WITH_SERVICES, "slack: po"), isCalled(WITH_SERVICES, "type"), isCalled(WITH_SERVICES, "trello card")]).toEqual([true, true, true, false]);
});

test("2,000 types are laid out and searched within a frame or two", () => {
  const many = [...TYPES, ...Array.from({ length: 2_000 }, (_, index) => operation(`Service ${String(index % 107)}`, `${["Get", "List", "Post", "Update", "Delete"][index % 5] ?? ""} a message ${String(index)}`, { summary: "Does one thing to a message of a channel" }))];
  const timed = (work: () => unknown) => { const from = performance.now(); work(); return performance.now() - from; };
  const opening = timed(() => shelves(many, asked()));
  const work = prepare(many);
  const slices = Array.from({ length: 10 }, () => timed(() => work.next()));
  expect(work.next().done).toBe(true);
  const strokes = ["p", "po", "post", "post m", "post message", "service 10", "channel"].map((wanted) => timed(() => { isCalled(many, wanted); shelves(many, asked(wanted)); }));
  expect(opening).toBeLessThan(50);
  // The middle ones: a machine that tests has other work, too.
  const middle = (times: number[]) => times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)];
  expect(middle(slices)).toBeLessThan(50);
  expect(middle(strokes)).toBeLessThan(50);
});

test("every node type has a sign of its own and a family", () => {
  expect(IDS.length).toBeGreaterThan(70);
  expect(IDS.filter((id) => !hasSign(id))).toEqual([]);
  const groups = (id: string) => (/(trigger|manual|schedule|called|webhook)$/.test(id) ? "trigger" : /^core/.test(id) ? "transform" : "action");
  expect(IDS.filter((id) => id !== "core.note" && familyOf({ id, group: groups(id) }) === "Others")).toEqual([]);
  expect(FAMILIES).toContain(familyOf({ id: "strange.type", group: "action" }));
});

import { expect, test } from "vitest";

import { callsText, faultText, lastOf, quotaOf, standingOf, wanted, type Integration } from "./services";

type Connection = Integration["connections"][number];
const USER = { name: "orders", title: "", active: true };
const account = (state: Connection["state"], more: Partial<Connection> = {}): Connection => ({ name: "crm", title: "", state, usedBy: [], ...more });
const calls = (more: Partial<NonNullable<Integration["health"]>>): NonNullable<Integration["health"]> => ({ calls: 0, errors: 0, recentCalls: 0, recentErrors: 0, ...more });
const service = (title: string, more: Partial<Integration> = {}): Integration => ({ id: `host/${title}`, kind: "host", title, categories: [], hosts: [title], connections: [], usedBy: [USER], faults: [], ...more });

test("what is wrong now comes before what will be, and that before what nobody uses", () => {
  const dead = service("a", { faults: [{ kind: "dead", connection: "crm" }], connections: [account("dead")] });
  const all = [service("e", { usedBy: [] }), service("d"), service("c", { connections: [account("incomplete")] }), service("b", { connections: [account("ending"), account("incomplete")] }), dead];
  expect(wanted(all, {}).map((item) => [item.title, standingOf(item).word])).toEqual([["a", "1 fault"], ["b", "ends soon"], ["c", "incomplete"], ["d", "no fault known"], ["e", "not used"]]);
  expect(wanted(all, { show: "faults" }).map(({ title }) => title)).toEqual(["a", "b", "c"]);
  expect(wanted(all, { show: "unused" }).map(({ title }) => title)).toEqual(["e"]);
});

test("services are found by what they are called, by accounts and by who uses them", () => {
  const all = [service("Stripe", { categories: ["payments"], vendor: { name: "stripe", title: "Stripe Ltd" } }), service("db.example", { connections: [account("good", { name: "main-db" })], usedBy: [{ name: "nightly", title: "Each night", active: false }] })];
  const find = (text: string): string[] => wanted(all, { find: text }).map(({ title }) => title);
  expect([find("PAYMENTS"), find("main-db"), find("each night"), find("payments night"), find("ltd")]).toEqual([["Stripe"], ["db.example"], ["db.example"], [], ["Stripe"]]);
  expect(wanted(all, { show: "unowned" }).map(({ title }) => title)).toEqual(["db.example"]);
});

test("faults are told in sentences", () => {
  expect(faultText({ kind: "dead", connection: "crm", reason: "revoked" })).toBe("The service does not take crm any more: revoked");
  expect(faultText({ kind: "held", count: 1 })).toBe("1 run of workflows that use it is held");
  expect(faultText({ kind: "paused", reason: "slow.example" })).toBe("Calls to slow.example are held back for a while, because too many have failed");
  expect(faultText({ kind: "deaf", workflow: "mails" })).toBe("mails does not hear it");
});

test("what the service has told of a quota comes before the limit that is set here", () => {
  const limited = service("a", { connections: [account("good", { limit: { calls: 25, per: "1s" } }), account("good", { limit: { calls: 25, per: "1s" } })] });
  expect(quotaOf(limited)).toBe("25 per 1s");
  expect(quotaOf({ ...limited, health: calls({ quota: { left: 4200, limit: 5000, resetsAt: 1 } }) })).toBe("4,200 of 5,000 left");
  expect(quotaOf(service("b"))).toBe("");
  expect(lastOf(service("a", { lastSuccessAt: 5, health: calls({ successAt: 7 }) }))).toEqual({ success: 7, failure: null });
});

test("calls that fail are told, and none are made up", () => {
  expect(callsText(undefined)).toBe("");
  expect(callsText(calls({ calls: 1200, errors: 3, failure: "503", latency: 120 }))).toBe("1,200 calls, 3 failed (the last: 503), answered in 120 ms");
  expect(standingOf(service("a", { health: calls({ recentCalls: 4, recentErrors: 4 }) })).word).toBe("no fault known");
  expect(standingOf(service("a", { health: calls({ recentCalls: 10, recentErrors: 2 }) }))).toEqual({ tone: "bad", word: "2 of 10 fail", order: 0 });
});

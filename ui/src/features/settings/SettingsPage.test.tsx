// @vitest-environment jsdom
import "@/testing/document";

import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { showPage } from "@/testing/show";
import { Refuses, serve, type Answer, type Asked } from "@/testing/serve";

import { SettingsPage } from "./SettingsPage";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const KINDS: Answer = { items: [{ name: "egress", plural: "egress", specVersion: 1, summary: "", schema: { $ref: "#/$defs/Rules", $defs: { Rules: { type: "object", properties: { allow: { type: "array", items: { type: "string" } }, private: { type: "boolean", default: false } } } } } }] };
const rules = (allow: string[], revision: number) => ({ kind: "egress", name: "default", scope: { workspace: "main", environment: "prod" }, specVersion: 1, revision, labels: {}, spec: { allow, private: false }, createdAt: "2026-01-01T00:00:00Z", updatedAt: "2026-01-01T00:00:00Z", updatedBy: "ada" });

function at(more: Record<string, Answer | ((asked: Asked) => Answer)> = {}) {
  const log = serve({ "GET /api/v1/egress": { items: [rules(["a.example"], 3)] }, "GET /api/v1/kinds": KINDS, "GET /api/v1/health": { status: "ok", version: "1.2.3" }, ...more });
  return { log, ...showPage(SettingsPage, "/settings") };
}

const host = async () => await screen.findByDisplayValue("a.example");

test("all settings are on one page and are found by what people call them", async () => {
  const { user } = at();
  await host();
  await user.type(screen.getByLabelText("Find a setting"), "firewall");
  expect(screen.getByText("Where workflows may call", { selector: "h2" })).toBeTruthy();
  expect(screen.queryAllByRole("heading", { level: 2 }).map(({ textContent }) => textContent)).toEqual(["Where workflows may call"]);
  await user.clear(screen.getByLabelText("Find a setting"));
  await user.type(screen.getByLabelText("Find a setting"), "nonsense");
  await screen.findByText("No setting is called like that");
});

test("rules are checked by the server and reviewed before they are written", async () => {
  const { log, user } = at({
    "PUT /api/v1/egress/default": { resource: rules(["b.example"], 4), action: "updated" },
    "POST /api/v1/diff": { items: [{ kind: "egress", name: "default", changes: [{ pointer: "/allow/0", before: "a.example", after: "b.example" }], patch: [] }] },
  });
  const field = await host();
  await user.clear(field);
  await user.type(field, "b.example");
  await user.click(screen.getByRole("button", { name: "Check and review" }));
  const review = await screen.findByRole("dialog");
  expect(within(review).getByText("/allow/0")).toBeTruthy();
  const writes = (): Asked[] => log.filter(({ method }) => method === "PUT");
  expect(writes().map(({ query }) => query.get("dryRun"))).toEqual(["true"]);
  await user.click(within(review).getByRole("button", { name: "Save" }));
  await screen.findByText("The rules hold from now on");
  expect(writes()).toHaveLength(2);
  expect(writes()[1]?.headers.get("if-match")).toBe('"3"');
  expect(writes()[1]?.body).toMatchObject({ spec: { allow: ["b.example"] } });
});

test("what the server's check refuses is said at its field, and nothing is written", async () => {
  const { log, user } = at({ "PUT /api/v1/egress/default": (asked: Asked) => new Refuses(422, "FP0101", `no host pattern (dry run: ${asked.query.get("dryRun") ?? "no"})`, undefined, "/spec/allow/0") });
  const field = await host();
  await user.type(field, " !");
  await user.click(screen.getByRole("button", { name: "Check and review" }));
  await waitFor(() => { expect(screen.getAllByText("no host pattern (dry run: true)").length).toBeGreaterThan(0); });
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(log.filter(({ method, query }) => method === "PUT" && query.get("dryRun") !== "true")).toEqual([]);
});

test("what is typed stays when somebody else saves meanwhile, and both are named", async () => {
  let stored = rules(["a.example"], 3);
  const { user, client } = at({ "GET /api/v1/egress": () => ({ items: [stored] }) });
  const field = await host();
  await user.type(field, ".mine");
  stored = rules(["theirs.example"], 4);
  await client.invalidateQueries({ queryKey: ["egress"] });
  await screen.findByText(/Somebody changed Allow while you did/);
  expect(screen.getByDisplayValue("a.example.mine")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Take theirs" }));
  expect(await screen.findByDisplayValue("theirs.example")).toBeTruthy();
});

test("a list keeps what is typed in each entry when one before it is removed", async () => {
  const { user } = at({ "GET /api/v1/egress": { items: [rules(["a.example", "b.example"], 3)] } });
  const second = await screen.findByDisplayValue("b.example");
  await user.type(second, ".typed");
  await user.click(screen.getByRole("button", { name: "Remove entry 1" }));
  expect(screen.queryByDisplayValue("a.example")).toBeNull();
  // The same field, and not one that was filled with its text.
  expect(screen.getByDisplayValue("b.example.typed")).toBe(second);
});

test("the server's state and version are there, and a part that fails takes nothing else along", async () => {
  at({ "GET /api/v1/egress": new Refuses(403, "FP0003", "you may not see the rules") });
  await screen.findByText("1.2.3");
  await screen.findByText("Works");
  await screen.findByText("you may not see the rules");
});

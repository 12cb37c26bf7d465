// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { ConnectionPage } from "./ConnectionPage";
import { ConnectionsPage } from "./ConnectionsPage";

const connection = (name: string, spec: object = {}) => ({ kind: "connection", name, revision: 3, labels: {}, spec: { auth: { type: "bearer" }, hosts: ["api.example.com"], ...spec }, updatedAt: "2026-01-01T00:00:00Z" });
const condition = (more: object = {}) => ({ runnable: true, problems: [], refersTo: [], usedBy: [], activelyUsedBy: [], ...more });
const calls = (more: object = {}) => ({ callCount: 0, errorCount: 0, recentCallCount: 0, recentErrorCount: 0, errorShare: 0, waitingCount: 0, breaker: "closed", cachedCount: 0, hitCount: 0, ...more });
const HEALTH: Answers = { "GET /api/v1/connections/crm/health": () => calls(), "GET /api/v1/connections/shop/health": () => calls() };
const status = (more: object = {}) => ({ name: "crm", state: "good", needsConsent: false, scopes: [], ...more });
const SCHEMA = { type: "object", properties: { auth: { oneOf: [{ type: "object", description: "A token in the header `authorization`.", properties: { type: { const: "bearer" } } }] }, title: { type: "string" }, hosts: { type: "array", items: { type: "string", description: "A host such as `*.example.com`." } } }, required: ["hosts"] };
const KINDS: Answers = { "GET /api/v1/kinds": () => ({ items: [{ name: "connection", schema: SCHEMA }] }) };

const list = (items: object[], answers: Answers = {}) => openPage({ path: "/connections", at: "/connections", page: ConnectionsPage }, { "GET /api/v1/connections": () => ({ items }), ...HEALTH, ...KINDS, ...answers });
const one = (spec: object, answers: Answers = {}) =>
  openPage({ path: "/connections/$name", at: "/connections/crm", page: ConnectionPage }, { "GET /api/v1/connections/crm": () => connection("crm", spec), "GET /api/v1/connections/crm/condition": () => condition(), "GET /api/v1/connections/crm/status": () => status(), ...HEALTH, ...KINDS, ...answers });

test("of each account the list says whether it could work, who uses it, and what is missing", async () => {
  list([connection("crm", { secrets: ["token"] }), connection("shop")], {
    "GET /api/v1/connections/crm/condition": () => condition({ activelyUsedBy: [{ kind: "workflow", name: "orders" }] }),
    "GET /api/v1/connections/shop/condition": () => condition({ runnable: false, problems: [{ detail: "the secret `token` has no value" }] }),
  });
  const row = async (name: string) => within((await screen.findByRole("link", { name })).closest("tr") as HTMLElement);
  expect(await (await row("crm")).findByText("could work")).toBeTruthy();
  expect((await row("crm")).getByText("live in 1 workflow")).toBeTruthy();
  expect(await (await row("shop")).findByText("cannot work")).toBeTruthy();
  expect((await row("shop")).getByText("not set")).toBeTruthy();
});

test("of each account the list says how its calls go, where they are watched", async () => {
  list([connection("crm"), connection("shop"), connection("db", { auth: { type: "login", protocol: "postgres" } })], {
    "GET /api/v1/connections/crm/health": () => calls({ callCount: 9, recentCallCount: 9, recentErrorCount: 4, lastFailure: "the service answered 503" }),
    "GET /api/v1/connections/shop/health": () => calls({ breaker: "heldOpen" }),
    ...Object.fromEntries(["crm", "shop", "db"].map((name) => [`GET /api/v1/connections/${name}/condition`, () => condition()])),
  });
  const row = async (name: string) => within((await screen.findByRole("link", { name })).closest("tr") as HTMLElement);
  expect((await (await row("crm")).findByRole("link", { name: "4 of 9 fail" })).getAttribute("href")).toBe("/connections/crm");
  expect(await (await row("shop")).findByText("Held back by hand")).toBeTruthy();
  expect((await row("db")).getByText("not watched")).toBeTruthy();
});

test("an account shows how its calls go", async () => {
  one({});
  expect(await screen.findByText(/^No call yet since/)).toBeTruthy();
});

test("senders of webhooks are not called, so nothing is told of calls", async () => {
  one({ auth: { type: "webhook", sender: "github" } });
  await screen.findByText("Nothing keeps it from working.");
  expect(screen.queryByRole("heading", { name: "Health" })).toBeNull();
});

test("a condition that cannot be read does not take the list away", async () => {
  list([connection("crm")], { "GET /api/v1/connections/crm/condition": () => new Refuses(403, "FP0003", "not for you") });
  expect(await screen.findByText("not known")).toBeTruthy();
  expect(screen.getByRole("link", { name: "crm" })).toBeTruthy();
});

test("where the form of a new account cannot be had, the dialog says why, and has it when asked again", async () => {
  let refused = true;
  const { user } = list([], { "GET /api/v1/kinds": () => (refused ? new Refuses(503, "FP0009", "not ready") : { items: [{ name: "connection", schema: SCHEMA }] }) });
  await user.click((await screen.findAllByRole("button", { name: "New connection" }))[0] as HTMLElement);
  const dialog = within(await screen.findByRole("dialog"));
  expect(await dialog.findByText("not ready")).toBeTruthy();
  refused = false;
  await user.click(dialog.getByRole("button", { name: "Try again" }));
  await user.click(await dialog.findByRole("option", { name: /Bearer token/ }));
  expect(await dialog.findByRole("textbox", { name: /Title/ })).toBeTruthy();
});

test("a secret goes in and is never shown again", async () => {
  const { user, sent } = one({}, { "PUT /api/v1/connections/crm/secrets/token": () => null });
  const field = await screen.findByLabelText("token");
  await user.type(field, "s3cret");
  await user.click(screen.getByRole("button", { name: "Set" }));
  expect(await screen.findByText("token is set")).toBeTruthy();
  expect(sent("PUT /api/v1/connections/crm/secrets/token")).toEqual([{ value: "s3cret" }]);
  expect(field).toHaveProperty("value", "");
  expect(document.body.innerHTML).not.toContain("s3cret");
});

test("a secret that was refused stays in its field, to be tried again", async () => {
  const { user } = one({}, { "PUT /api/v1/connections/crm/secrets/token": () => new Refuses(413, "FP0005", "a secret has at most 65536 bytes") });
  const field = await screen.findByLabelText("token");
  await user.type(field, "s3cret");
  await user.click(screen.getByRole("button", { name: "Set" }));
  expect(await screen.findByText("a secret has at most 65536 bytes")).toBeTruthy();
  expect(field).toHaveProperty("value", "s3cret");
});

test("each kind of account asks for its own secrets, and one without any says so", async () => {
  one({ auth: { type: "custom", secretHeaders: ["x-key"], secretBody: ["pin"] } });
  expect(await screen.findByLabelText("header.x-key")).toBeTruthy();
  expect(screen.getByLabelText("body.pin")).toBeTruthy();
});

test("an account that needs no secret says so", async () => {
  one({ auth: { type: "none" } });
  expect(await screen.findByText("This kind of account has none.")).toBeTruthy();
});

test("what is changed is saved over the revision that was read, and not over a later one", async () => {
  const { user, asked } = one({}, { "PUT /api/v1/connections/crm": () => new Refuses(412, "FP0104", "it was changed meanwhile") });
  const host = await screen.findByRole("textbox", { name: "Hosts, entry 1" });
  await user.clear(host);
  await user.type(host, "crm.example.com");
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(asked.some(({ method }) => method === "PUT")).toBe(true); });
  const put = asked.find(({ method }) => method === "PUT");
  expect(put?.headers.get("if-match")).toBe('"3"');
  expect(put?.body).toMatchObject({ spec: { hosts: ["crm.example.com"] } });
  expect(await screen.findByText("it was changed meanwhile")).toBeTruthy();
  expect(host).toHaveProperty("value", "crm.example.com");
});

test("an account that somebody has deleted meanwhile is no longer shown", async () => {
  let gone = false;
  const { news } = one({}, { "GET /api/v1/connections/crm": () => (gone ? new Refuses(404, "FP0004", "there is no such thing") : connection("crm")) });
  await screen.findByLabelText("token");
  gone = true;
  await news("connection");
  expect(await screen.findByText("there is no such thing")).toBeTruthy();
  expect(screen.queryByLabelText("token")).toBeNull();
});

// @vitest-environment jsdom
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { integrationView } from "@/resource/registerViews";
import { openPage, Refuses, type Answers } from "@/testing/page";

import { IntegrationsPage } from "./IntegrationsPage";

const USER = { name: "orders", title: "Orders of the shop", active: true };
const service = (title: string, more: object = {}) => ({ id: `host/${title}`, kind: "host", title, categories: [], hosts: [title], connections: [], usedBy: [USER], faults: [], ...more });
const open = (items: object[], { computed = [], search = "", answers = {} }: { computed?: object[]; search?: string; answers?: Answers } = {}) =>
  openPage({ path: "/integrations", at: `/integrations${search}`, page: IntegrationsPage, validateSearch: integrationView.read as (search: Record<string, unknown>) => object }, { "GET /api/v1/integrations": () => ({ items, computed }), ...answers });
const row = async (name: string) => within((await screen.findByRole("button", { name: new RegExp(name) })).closest("tr") as HTMLElement);

test("of each service the list says by whom and through which account it is used, and how it is", async () => {
  open([
    service("api.crm.example", { connections: [{ name: "crm", title: "", state: "good", usedBy: [USER], limit: { calls: 10, per: "1s" } }], vendor: { name: "crm-ltd", title: "CRM Ltd" }, lastSuccessAt: Date.now() - 60_000 }),
    service("old.example", { usedBy: [] }),
  ]);
  const crm = await row("api.crm.example");
  expect(crm.getByText("1 workflow, 1 live")).toBeTruthy();
  expect(crm.getByText("10 per 1s")).toBeTruthy();
  expect(crm.getByText("1 min ago")).toBeTruthy();
  expect(crm.getByRole("link", { name: "CRM Ltd" }).getAttribute("href")).toBe("/vendors/crm-ltd");
  const old = await row("old.example");
  expect(old.getByText("not used")).toBeTruthy();
  expect(old.getByRole("link", { name: "Write one down for old.example" }).getAttribute("href")).toContain("host=old.example");
});

test("a service with faults stands first, and its details say what is wrong", async () => {
  const dead = service("z.example", { connections: [{ name: "crm", title: "", state: "dead", reason: "revoked", usedBy: [USER] }], faults: [{ kind: "dead", connection: "crm", reason: "revoked" }, { kind: "held", count: 3 }] });
  const { user, address } = open([service("a.example"), dead]);
  const buttons = await screen.findAllByRole("button", { expanded: false });
  expect(buttons[0]?.textContent).toContain("z.example");
  await user.click(buttons[0] as HTMLElement);
  expect(await screen.findByText("The service does not take crm any more: revoked")).toBeTruthy();
  expect(screen.getByText("3 runs of workflows that use it are held")).toBeTruthy();
  expect(screen.getByRole("link", { name: "orders" }).getAttribute("href")).toBe("/workflows/orders");
  expect(decodeURIComponent(address())).toContain("open=host/z.example");
  await user.click(screen.getByRole("button", { expanded: true }));
  expect(screen.queryByText("3 runs of workflows that use it are held")).toBeNull();
});

test("one finds a service, and goes back to all of them", async () => {
  const { user } = open([service("a.example"), service("b.example", { usedBy: [] })], { search: "?show=unused" });
  expect(await screen.findByText("1 of 2 services")).toBeTruthy();
  await user.type(screen.getByRole("searchbox", { name: "Find a service" }), "nothing");
  expect(await screen.findByText("None of them")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Show all" }));
  expect(await screen.findByText("2 services")).toBeTruthy();
});

test("nodes whose address is made when they run are named", async () => {
  open([], { computed: [{ workflow: "orders", node: "Ask", active: false }] });
  expect((await screen.findByRole("link", { name: "orders" })).getAttribute("href")).toContain("/workflows/orders/edit?node=Ask");
  expect(screen.getByText("· Ask (not live)")).toBeTruthy();
});

test("without any the page says how one comes here, and a refusal says why", async () => {
  open([]);
  expect(await screen.findByText("No outside service yet")).toBeTruthy();
  open([], { answers: { "GET /api/v1/integrations": () => new Refuses(503, "FP0001", "the store is closed") } });
  expect(await screen.findByText("the store is closed")).toBeTruthy();
});

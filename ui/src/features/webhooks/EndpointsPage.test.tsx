// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { EndpointsPage } from "./EndpointsPage";

const SHOP = { path: "shop", auth: { kind: "signed", connection: "shop" }, routes: [{ name: "a", workflow: "orders" }, { name: "b", workflow: "orders" }], else: { workflow: "rest" } };
const endpoint = (name: string, spec: object = SHOP) => ({ kind: "endpoint", name, revision: 4, labels: { team: "a" }, spec, updatedAt: "2026-01-01T00:00:00Z" });
const open = (items: object[], answers: Answers = {}) => openPage({ path: "/webhooks/endpoints", at: "/webhooks/endpoints", page: EndpointsPage }, { "GET /api/v1/endpoints": () => ({ items }), ...answers });
/** Braces mean keys to whoever types. */
const put = (field: HTMLElement, value: string): void => { fireEvent.change(field, { target: { value } }); };

test("of each endpoint the list says where it listens, who may call and who gets what comes", async () => {
  open([endpoint("shop"), endpoint("old", { path: "old", methods: ["PUT"], disabled: true, routes: [], else: { workflow: "rest" } })]);
  const row = async (name: string) => within((await screen.findByRole("button", { name })).closest("tr") as HTMLElement);
  const shop = await row("shop");
  expect(shop.getByText("POST shop")).toBeTruthy();
  expect(shop.getByText("signed by shop")).toBeTruthy();
  expect(shop.getByText("orders, rest")).toBeTruthy();
  const old = await row("old");
  expect(old.getByText("off")).toBeTruthy();
  expect(old.getByText("anybody")).toBeTruthy();
});

test("while one types the server says what it refuses and what is missing", async () => {
  const { user, sent } = open([], {
    "PUT /api/v1/endpoints/new-endpoint": ({ body }) => {
      const { spec } = body as { spec: { path: string } };
      return spec.path === "" ? new Refuses(422, "FP0101", "an endpoint needs a path", undefined, "/spec/path") : { resource: {}, action: "created", problems: [{ code: "FP0104", detail: "`workflow/orders` does not exist", pointer: "/spec/routes/0/workflow", problems: [] }] };
    },
    "POST /api/v1/endpoints": () => endpoint("shop"),
  });
  await user.click((await screen.findAllByRole("button", { name: "New endpoint" }))[0] as HTMLElement);
  const dialog = within(await screen.findByRole("dialog", { name: "New endpoint" }));
  await user.type(dialog.getByLabelText("Name"), "shop");
  expect(await dialog.findByText(/does not exist/)).toBeTruthy();
  const field = dialog.getByLabelText("What it does");
  put(field, '{"path": ""}');
  expect(await dialog.findByText(/an endpoint needs a path/)).toBeTruthy();
  put(field, '{"path"');
  expect(await dialog.findByText(/this is no JSON yet/)).toBeTruthy();
  expect(dialog.getByRole("button", { name: "Save" }).getAttribute("aria-disabled")).toBe("true");
  put(field, JSON.stringify(SHOP));
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  expect(sent("POST /api/v1/endpoints")).toEqual([{ name: "shop", spec: SHOP }]);
});

test("a change keeps the labels, and is made over the revision that was read", async () => {
  const { user, asked } = open([endpoint("shop")], { "PUT /api/v1/endpoints/shop": () => ({ resource: {}, action: "updated" }) });
  await user.click(await screen.findByRole("button", { name: "Edit shop" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Edit shop" }));
  put(dialog.getByLabelText("What it does"), JSON.stringify({ ...SHOP, disabled: true }));
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  const saved = asked.find(({ method, query }) => method === "PUT" && !query.has("dryRun"));
  expect(saved?.headers.get("if-match")).toBe('"4"');
  expect(saved?.body).toEqual({ spec: { ...SHOP, disabled: true }, labels: { team: "a" } });
});

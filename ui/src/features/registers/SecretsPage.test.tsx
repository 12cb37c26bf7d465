// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { secretView } from "@/resource/registerViews";
import { openPage, type Answers } from "@/testing/page";

import { SecretsPage } from "./SecretsPage";

const secret = (connection: string, more: object = {}) => ({ connection, title: "", field: "token", automatic: false, setAt: Date.now() - 86_400_000 * 400, ageDays: 400, usedBy: [{ name: "orders", title: "", active: true }], flags: [], ...more });
const open = (items: object[], search = "", answers: Answers = {}) =>
  openPage({ path: "/secrets", at: `/secrets${search}`, page: SecretsPage, validateSearch: secretView.read as (search: Record<string, unknown>) => object }, { "GET /api/v1/secrets-inventory": () => ({ staleAfterDays: 365, items }), ...answers });
const row = async (name: string) => within((await screen.findByRole("link", { name })).closest("tr") as HTMLElement);

test("of each secret the list says who set it, how old it is, who uses it, and why to look at it", async () => {
  open([secret("crm", { owner: "ada", flags: ["stale", "unused"], usedBy: [] }), secret("shop", { field: "accessToken", automatic: true, expiresAt: Date.now() + 3_600_000 })]);
  const crm = await row("crm");
  expect([crm.getByText("ada"), crm.getByText("13 months"), crm.getByText("nobody"), crm.getByText("stale"), crm.getByText("unused")]).toHaveLength(5);
  const shop = await row("shop");
  expect([shop.getByText("renewed by itself"), shop.getByText("orders"), shop.getByText("fine"), shop.getByText(/^in /)]).toHaveLength(4);
});

test("how old is too old is asked of the server, and stands in the address", async () => {
  const { user, asked, address } = open([secret("crm")]);
  const days = await screen.findByRole("spinbutton", { name: "Stale after" });
  await user.clear(days);
  await user.type(days, "90{Enter}");
  await waitFor(() => { expect(asked.at(-1)?.query.get("staleAfterDays")).toBe("90"); });
  expect(address()).toBe("/secrets?days=90");
});

test("what is wanted is kept in the address, and one goes back to all", async () => {
  const { user, address } = open([secret("crm"), secret("old", { flags: ["stale"] })], "?show=stale");
  expect(await screen.findByText("1 of 2 secrets")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Ending" }));
  expect(await screen.findByText("None of them")).toBeTruthy();
  expect(address()).toBe("/secrets?show=ending");
  await user.click(screen.getByRole("button", { name: "Show all" }));
  expect(await screen.findByText("2 secrets")).toBeTruthy();
});

test("without any the page says where secrets come from", async () => {
  open([]);
  expect(await screen.findByText("No secret yet")).toBeTruthy();
});

// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { DataPage } from "./DataPage";

const table = (name: string, spec: object = { columns: [{ name: "mail" }, { name: "age", type: "number" }] }) => ({ kind: "data-table", name, revision: 4, labels: {}, spec, updatedAt: "2026-01-01T00:00:00Z" });
const open = (items: object[], answers: Answers = {}) => openPage({ path: "/data", at: "/data", page: DataPage }, { "GET /api/v1/data-tables": () => ({ items }), "GET /api/v1/data-tables/people/fill": () => ({ count: 1200, rows: 1200, bytes: 1, mostRows: 1, mostBytes: 1 }), ...answers });

test("tables are listed with their columns and how many rows they have", async () => {
  open([table("people")]);
  const row = (await screen.findByRole("link", { name: "people" })).closest("tr") as HTMLElement;
  expect(within(row).getByText("mail, age")).toBeTruthy();
  await waitFor(() => { expect(within(row).getByText((1200).toLocaleString())).toBeTruthy(); });
});

test("without any the page says what they are for", async () => {
  open([]);
  expect(await screen.findByText("No data table yet")).toBeTruthy();
});

test("a new table has the columns that were named, and a refusal keeps what was typed", async () => {
  let refusal: Refuses | object = new Refuses(422, "FP0101", "a data table has at most 200 columns");
  const { user, sent } = open([table("people")], { "POST /api/v1/data-tables": () => refusal });
  await user.click((await screen.findAllByRole("button", { name: "New table" }))[0] as HTMLElement);
  const dialog = screen.getByRole("dialog");
  // A button that has a reason is another element than one that has none.
  const make = (): HTMLElement => within(dialog).getByRole("button", { name: "Make it" });
  expect(make().getAttribute("aria-disabled")).toBe("true");
  await user.type(within(dialog).getByRole("textbox", { name: "Name" }), "orders");
  await user.type(within(dialog).getByRole("textbox", { name: "Name of column 1" }), "total");
  await user.selectOptions(within(dialog).getByRole("combobox", { name: "Type of column 1" }), "number");
  await user.click(within(dialog).getByRole("button", { name: "Add a column" }));
  await user.type(within(dialog).getByRole("textbox", { name: "Name of column 2" }), "total");
  expect(within(dialog).getAllByText("This name is taken").length).toBeGreaterThan(0);
  expect(make().getAttribute("aria-disabled")).toBe("true");
  await user.clear(within(dialog).getByRole("textbox", { name: "Name of column 2" }));
  await user.click(make());
  expect(await within(dialog).findByText("a data table has at most 200 columns")).toBeTruthy();
  expect(within(dialog).getByRole("textbox", { name: "Name" })).toHaveProperty("value", "orders");
  refusal = table("orders");
  await user.click(make());
  await waitFor(() => { expect(sent("POST /api/v1/data-tables").at(-1)).toEqual({ name: "orders", spec: { columns: [{ name: "total", type: "number" }] } }); });
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
});

test("a table that live workflows need says which, and is not deleted", async () => {
  const active = [{ kind: "workflow", name: "orders" }, { kind: "workflow", name: "invoices" }];
  const { user, sent } = open([table("people")], {
    "GET /api/v1/data-tables/people": () => table("people"),
    "GET /api/v1/data-tables/people/condition": () => ({ problems: [], usedBy: active, activelyUsedBy: active }),
  });
  await user.click(await screen.findByRole("button", { name: "Delete people" }));
  const dialog = screen.getByRole("dialog");
  expect(await within(dialog).findByText(/workflow orders, workflow invoices/)).toBeTruthy();
  await user.type(within(dialog).getByRole("textbox"), "people");
  await user.click(within(dialog).getByRole("button", { name: "Delete" }));
  expect(sent("DELETE /api/v1/data-tables/people")).toEqual([]);
});

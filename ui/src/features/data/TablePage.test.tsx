// @vitest-environment jsdom
import { File } from "node:buffer";

import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { toasts } from "@/kit/toasts";
import { tableView } from "@/resource/tableView";
import { openPage, Refuses, type Answers } from "@/testing/page";

import { TablePage } from "./TablePage";

const columns = [{ name: "mail" }, { name: "age", type: "number" }];
const row = (id: number, mail: string, age: number | null) => ({ id, mail, age, createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.000Z" });
const ROWS = "/api/v1/data-tables/people/rows";

const open = (rows: object[], answers: Answers = {}, at = "/data/people") =>
  openPage({ path: "/data/$name", at, page: TablePage, validateSearch: tableView.read }, {
    "GET /api/v1/data-tables/people": () => ({ kind: "data-table", name: "people", revision: 4, labels: {}, spec: { columns }, updatedAt: "2026-01-01T00:00:00Z" }),
    "GET /api/v1/data-tables/people/fill": () => ({ count: rows.length, rows: rows.length, bytes: 1, mostRows: 1, mostBytes: 1 }),
    [`GET ${ROWS}`]: () => ({ items: rows }),
    ...answers,
  });
const cell = (name: string) => screen.findByRole("gridcell", { name });

test("a cell is edited by keys alone, and only what has changed is sent", async () => {
  const { user, sent } = open([row(1, "a", 36), row(2, "b", null)], { [`POST ${ROWS}/update`]: () => ({ inserted: 0, updated: 1, deleted: 0 }) });
  (await cell("a")).focus();
  await user.keyboard("{ArrowRight}");
  await waitFor(() => { expect(document.activeElement?.textContent).toBe("36"); });
  await user.keyboard("{Enter}");
  const editor = await screen.findByRole("textbox", { name: "age of row 1" });
  await user.clear(editor);
  await user.type(editor, "many{Enter}");
  expect(await screen.findByText("many is no number")).toBeTruthy();
  expect(sent(`POST ${ROWS}/update`)).toEqual([]);
  await user.clear(editor);
  await user.type(editor, "37{Enter}");
  await waitFor(() => { expect(sent(`POST ${ROWS}/update`)).toEqual([{ filter: { match: "any", conditions: [{ column: "id", condition: "eq", value: 1 }] }, set: { age: 37 } }]); });
  // Escape takes back, and the same value is no change.
  await user.keyboard("x{Escape}{Enter}{Enter}");
  expect(sent(`POST ${ROWS}/update`)).toHaveLength(1);
});

test("rows that were taken out come back as they were", async () => {
  const { user, sent } = open([row(1, "a", 36), row(2, "b", 4)], {
    [`POST ${ROWS}/delete`]: () => ({ inserted: 0, updated: 0, deleted: 1, rows: [{ before: row(2, "b", 4) }] }),
    [`POST ${ROWS}`]: () => ({ inserted: 1, updated: 0, deleted: 0 }),
  });
  await user.click(await screen.findByRole("checkbox", { name: "Choose row 2" }));
  await user.click(screen.getByRole("button", { name: "Take 1 row out" }));
  await waitFor(() => { expect(toasts.read().at(-1)?.text).toBe("1 row taken out"); });
  toasts.read().at(-1)?.undo?.();
  await waitFor(() => { expect(sent(`POST ${ROWS}`)).toEqual([{ rows: [row(2, "b", 4)], putBack: true }]); });
});

test("what is filtered and sorted stands in the address and in the question", async () => {
  const { user, asked, address } = open([row(1, "a", 36)]);
  await cell("a");
  await user.click(screen.getByRole("button", { name: "age" }));
  await waitFor(() => { expect(address()).toContain("sort=age"); });
  await user.click(screen.getByRole("button", { name: "Filter" }));
  const group = screen.getByRole("group", { name: "Filter" });
  await user.selectOptions(within(group).getByRole("combobox", { name: "Column" }), "age");
  await user.selectOptions(within(group).getByRole("combobox", { name: "Condition" }), "gt");
  fireEvent.change(within(group).getByRole("textbox", { name: "Value" }), { target: { value: "5" } });
  await waitFor(() => {
    const last = asked.filter(({ what }) => what === `GET ${ROWS}`).at(-1);
    expect(last?.query.get("filter")).toBe(JSON.stringify({ match: "all", conditions: [{ column: "age", condition: "gt", value: "5" }] }));
  });
});

test("an empty table teaches, and one in which nothing fits says so", async () => {
  open([]);
  expect(await screen.findByText("No row yet")).toBeTruthy();
});

test("conditions that no row meets can be taken out", async () => {
  const { user, address } = open([], {}, `/data/people?tests=${encodeURIComponent(JSON.stringify([{ column: "mail", condition: "isEmpty" }]))}`);
  expect(await screen.findByText("No row meets the conditions")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Take the conditions out" }));
  await waitFor(() => { expect(address()).not.toContain("tests"); });
});

test("a file that is dropped is put in, and what is wrong with it is said", async () => {
  let answer: object = { rows: 2, ignored: [] };
  const { asked } = open([row(1, "a", 36)], { "POST /api/v1/data-tables/people/import": () => answer });
  const place = await cell("a");
  const drop = (): void => { fireEvent.drop(place, { dataTransfer: { files: [new File(["[]"], "people.csv", { type: "text/csv" })] } }); };
  drop();
  await waitFor(() => { expect(toasts.read().at(-1)?.text).toBe("2 rows put in"); });
  expect(asked.find(({ what }) => what.endsWith("/import"))?.headers.get("content-type")).toBe("text/csv");
  answer = new Refuses(422, "FP0101", "row 3: the column `age` holds a number");
  drop();
  await waitFor(() => { expect(toasts.read().at(-1)?.problem?.detail).toContain("row 3"); });
});

test("a column that is renamed keeps its id", async () => {
  const { user, sent } = open([row(1, "a", 36)], { "PUT /api/v1/data-tables/people": () => ({}) });
  await cell("a");
  await user.click(screen.getByRole("button", { name: "More acts" }));
  await user.click(await screen.findByRole("menuitem", { name: "Columns" }));
  const name = await screen.findByRole("textbox", { name: "Name of column 1" });
  fireEvent.change(name, { target: { value: "address" } });
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(sent("PUT /api/v1/data-tables/people")).toEqual([{ spec: { columns: [{ name: "address", id: "mail" }, { name: "age", type: "number" }] }, labels: {} }]); });
});

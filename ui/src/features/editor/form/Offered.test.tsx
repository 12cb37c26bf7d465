// @vitest-environment jsdom
import { screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { expect, test } from "vitest";

import { openPage } from "@/testing/page";
import type { Json, JsonObject } from "../../../canvas/graph/json";
import { CallError, type Calls, type Choices, type ChoicesWanted } from "../calls";
import { RunContext } from "../run";
import { Field } from "./Field";
import { listKey, OfferContext } from "./offers";
import { below } from "./place";
import { fieldsOf } from "./schema";
import { ParamsContext } from "./tables";

const SCHEMA: JsonObject = {
  properties: {
    sheet: { type: "string", title: "Sheet", "x-form": { choices: { from: ["book"], search: false } } },
    people: { type: "array", title: "People", items: { type: "string" }, "x-form": { choices: { from: [], search: true } } },
    rows: { type: "array", title: "Rows", items: { type: "object", properties: { column: { type: "string", title: "Column", "x-form": { choices: { from: ["book"], search: false } } }, value: { type: "string" } } } },
  },
};

let accounts = 0;

/** A form with one field of the node; each has an account of its own, so that no test knows labels of another. */
function open(name: string, answer: (wanted: ChoicesWanted) => Choices | Promise<Choices>, params: JsonObject = { book: "b1" }) {
  const asked: ChoicesWanted[] = [];
  const choices = (wanted: ChoicesWanted) => { asked.push(wanted); return Promise.resolve(answer(wanted)); };
  const connections = { account: `mine-${String(accounts += 1)}` };
  const spec = fieldsOf(SCHEMA).find((field) => field.name === name);
  if (spec === undefined) throw new Error(`there is no field ${name}`);
  function Form() {
    const [whole, setWhole] = useState(params);
    const place = {
      value: whole, pointer: "/params", data: { input: undefined, outputs: new Map(), upstream: [], variables: [] }, problems: [],
      onChange: (value: Json | undefined) => setWhole(value as JsonObject),
      edit: (pointer: string, value: Json | undefined) => {
        const [, , first = "", index, last] = pointer.split("/");
        setWhole((before) => (index === undefined ? { ...before, [first]: value ?? null } : { ...before, [first]: [{ ...(before[first] as JsonObject[])[0], [last ?? ""]: value ?? null }] }));
      },
    };
    return (
      <RunContext value={{ run: undefined, variables: [], calls: { choices } as unknown as Calls, workflow: "w" }}>
        <ParamsContext value={whole}>
          <OfferContext value={{ type: "sheets.row.list", connections }}>
            {spec && <Field spec={spec} place={below(place, whole, name)} />}
            <output aria-label="document">{JSON.stringify(whole[name])}</output>
          </OfferContext>
        </ParamsContext>
      </RunContext>
    );
  }
  const { user } = openPage({ path: "/", at: "/", page: Form }, {});
  return { user, asked, connections, written: () => screen.getByLabelText("document").textContent };
}

const TWO: Choices = { items: [{ value: "s1", label: "Sales", about: "2026" }, { value: 7, label: "Stock" }] };
const options = () => screen.queryAllByRole("option").map(({ textContent }) => textContent);

test("a list is asked for when it is opened, and a choice sets its value and shows its label", async () => {
  const { user, asked, connections, written } = open("sheet", () => TWO);
  const field = await screen.findByRole("combobox", { name: "Sheet" });
  expect(asked).toEqual([]);
  await user.click(field);
  await user.click(await screen.findByRole("option", { name: /Sales/ }));
  expect(asked).toEqual([{ type: "sheets.row.list", parameter: "/params/sheet", params: { book: "b1" }, connections }]);
  expect(written()).toBe('"s1"');
  expect((field as HTMLInputElement).value).toBe("Sales");
  expect(screen.queryByRole("listbox")).toBeNull();
});

test("the keyboard opens, chooses and closes, and the list is read once", async () => {
  const { user, asked, written } = open("sheet", () => TWO);
  (await screen.findByRole("combobox")).focus();
  await user.keyboard("{ArrowDown}");
  await screen.findByRole("option", { name: /Sales/ });
  await user.keyboard("{ArrowDown}{ArrowDown}");
  const active = screen.getByRole("combobox").getAttribute("aria-activedescendant");
  expect(document.getElementById(active ?? "")?.textContent).toBe("Stock");
  await user.keyboard("{Enter}");
  expect(written()).toBe("7");
  await user.keyboard("{ArrowDown}");
  await waitFor(() => { expect(options().length).toBe(2); });
  await user.keyboard("{Escape}");
  expect(screen.queryByRole("listbox")).toBeNull();
  expect([written(), asked.length]).toEqual(["7", 1]);
});

test("typing searches once it pauses, and what was typed can be taken as it is", async () => {
  const { user, asked, written } = open("sheet", ({ search }) => ({ items: search === undefined ? TWO.items : [] }));
  await user.type(await screen.findByRole("combobox"), "Old one");
  await waitFor(() => { expect(options()).toEqual(["Take “Old one” as it is"]); });
  await waitFor(() => { expect(asked.at(-1)?.search).toBe("Old one"); });
  expect(asked.map(({ search }) => search).filter((search) => search !== undefined)).toEqual(["Old one"]);
  await screen.findByText("Nothing fits.");
  await user.keyboard("{Enter}");
  expect(written()).toBe('"Old one"');
});

test("what was typed and not chosen changes nothing", async () => {
  const { user, written } = open("sheet", () => TWO, { book: "b1", sheet: "s9" });
  const field = await screen.findByRole("combobox");
  expect((field as HTMLInputElement).value).toBe("s9");
  await user.type(field, "x");
  await user.tab();
  await user.tab();
  await user.tab();
  await waitFor(() => { expect((field as HTMLInputElement).value).toBe("s9"); });
  expect(written()).toBe('"s9"');
});

test("a refusal is told with what to do, and can be tried again", async () => {
  let times = 0;
  const { user, asked } = open("sheet", () => {
    times += 1;
    if (times === 1) throw new CallError(429, { code: "FP0505", detail: "the service asks to wait", hint: "try again in a while" });
    return TWO;
  });
  await user.click(await screen.findByRole("combobox"));
  expect((await screen.findByRole("alert")).textContent).toContain("the service asks to wait – try again in a while");
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => { expect(options()).toEqual(["Sales2026", "Stock"]); });
  expect(asked.map(({ fresh }) => fresh ?? false)).toEqual([false, true]);
});

test("a long list is read on, and anew when somebody wants it", async () => {
  const { user, asked } = open("sheet", ({ cursor }) => (cursor === undefined ? { ...TWO, nextCursor: "2" } : { items: [{ value: "s3", label: "Third" }] }));
  await user.click(await screen.findByRole("combobox"));
  await user.click(await screen.findByRole("button", { name: "Show more" }));
  await waitFor(() => { expect(options()).toEqual(["Sales2026", "Stock", "Third"]); });
  expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "Read the list of Sheet again" }));
  await waitFor(() => { expect(asked.length).toBe(4); });
  expect(asked.map(({ cursor, fresh }) => [cursor, fresh])).toEqual([[undefined, undefined], ["2", undefined], [undefined, true], ["2", undefined]]);
});

test("a value is written by hand, or as an expression", async () => {
  const { user, asked, written } = open("sheet", () => TWO);
  await user.click(await screen.findByRole("button", { name: "Sheet by hand" }));
  await user.type(screen.getByRole("textbox", { name: "Sheet" }), "abc");
  expect(written()).toBe('"abc"');
  await user.click(screen.getByRole("button", { name: "Sheet as expression" }));
  expect(written()).toBe('"=abc"');
  expect(screen.queryByRole("button", { name: "Sheet by hand" })).toBeNull();
  expect(asked).toEqual([]);
});

test("several values are chosen one after the other, and taken away", async () => {
  const { user, written } = open("people", () => TWO, {});
  await user.click(await screen.findByRole("combobox", { name: "People" }));
  await user.click(await screen.findByRole("option", { name: /Sales/ }));
  await user.click(screen.getByRole("combobox"));
  await user.click(await screen.findByRole("option", { name: "Stock" }));
  expect(written()).toBe('["s1",7]');
  await user.click(screen.getByRole("button", { name: "Remove Sales" }));
  expect(written()).toBe("[7]");
});

test("a field of a row is chosen as well, and the list is that of all rows", async () => {
  const { user, asked, written } = open("rows", () => TWO, { book: "b1", rows: [{ column: "" }] });
  await user.click(await screen.findByRole("combobox", { name: "Column of rows 1" }));
  await user.click(await screen.findByRole("option", { name: /Sales/ }));
  expect(asked[0]?.parameter).toBe("/params/rows/0/column");
  expect(written()).toBe('[{"column":"s1"}]');
  expect(listKey(undefined, "/params/rows/0/column", {})).toBe(listKey(undefined, "/params/rows/12/column", {}));
});

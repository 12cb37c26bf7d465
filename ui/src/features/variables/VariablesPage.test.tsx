// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { VariablesPage } from "./VariablesPage";

const variable = (name: string, value: unknown) => ({ kind: "variable", name, revision: 4, labels: { team: "shop" }, spec: { value }, updatedAt: "2026-01-01T00:00:00Z" });
const open = (items: object[], answers: Answers = {}) => openPage({ path: "/variables", at: "/variables", page: VariablesPage }, { "GET /api/v1/variables": () => ({ items }), ...answers });
const field = (name: string) => screen.getByRole("textbox", { name });

test("what is JSON is kept as JSON, and what is not as text", async () => {
  const { user, sent } = open([], { "POST /api/v1/variables": () => variable("limit", 5) });
  for (const [typed, value] of [["5", 5], ["[1, 2]", [1, 2]], ["five", "five"], ['"5"', "5"]] as const) {
    await user.click((await screen.findAllByRole("button", { name: "New variable" }))[0] as HTMLElement);
    await user.type(field("Name"), "limit");
    fireEvent.change(field("Value"), { target: { value: typed } });
    await user.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => { expect(sent("POST /api/v1/variables").at(-1)).toEqual({ name: "limit", spec: { value } }); });
    await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  }
});

test("a text that looks like a number is edited as the text that it is", async () => {
  const { user, asked } = open([variable("zip", "01234"), variable("code", "5")], { "PUT /api/v1/variables/code": () => variable("code", "6") });
  await user.click(await screen.findByRole("button", { name: "Edit code" }));
  expect(field("Value")).toHaveProperty("value", '"5"');
  fireEvent.change(field("Value"), { target: { value: '"6"' } });
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(asked.find(({ method }) => method === "PUT")).toBeTruthy(); });
  const put = asked.find(({ method }) => method === "PUT");
  expect(put?.body).toEqual({ spec: { value: "6" }, labels: { team: "shop" } });
  // Whoever has changed it meanwhile is not written over.
  expect(put?.headers.get("if-match")).toBe('"4"');
});

test("what is wrong with a field stands at the field, the rest below, and what was typed stays", async () => {
  let refusal = new Refuses(422, "FP0101", "a key has no blanks", "write it in one word", "/spec/key");
  const { user } = open([], { "POST /api/v1/variables": () => refusal });
  await user.click((await screen.findAllByRole("button", { name: "New variable" }))[0] as HTMLElement);
  await user.type(field("Name"), "limit");
  await user.type(field("Key (optional)"), "a b");
  await user.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("a key has no blanks – write it in one word");
  expect(field("Key (optional)").getAttribute("aria-invalid")).toBe("true");
  expect(field("Name").getAttribute("aria-invalid")).toBeNull();
  refusal = new Refuses(409, "FP0104", "it is there already");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await within(screen.getByRole("dialog")).findByText("it is there already")).toBeTruthy();
  expect(field("Name")).toHaveProperty("value", "limit");
});

test("without any the page says what they are for", async () => {
  open([]);
  expect(await screen.findByText("No variable yet")).toBeTruthy();
});

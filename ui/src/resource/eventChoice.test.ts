import { expect, test } from "vitest";

import { eventChoice, isNamed, OWN_EVENTS } from "./eventChoice";

const types = [{ name: "order.shipped" }, { name: "invoice.paid" }, { name: "invoice.overdue" }, { name: "hello" }, { name: "order.placed", deprecated: true }];

test("a name names itself, and a pattern all that begin so", () => {
  expect(isNamed(["invoice.*"], "invoice.paid")).toBe(true);
  expect(isNamed(["invoice.*"], "order.paid")).toBe(false);
  expect(isNamed(["*"], "order.paid")).toBe(true);
  expect(isNamed(["order"], "order.paid")).toBe(false);
});

test("types stand in groups by how they begin, and one without a dot has no pattern", () => {
  const groups = eventChoice.groups(types, []);
  expect(groups.map(({ pattern, events }) => [pattern, events.map(({ name }) => name)])).toEqual([
    [null, ["hello"]],
    ["invoice.*", ["invoice.overdue", "invoice.paid"]],
    ["order.*", ["order.shipped"]],
  ]);
});

test("what the server says of itself stands last", () => {
  expect(eventChoice.groups([...OWN_EVENTS, ...types], []).map(({ prefix }) => prefix)).toEqual(["", "invoice", "order", "fishplate"]);
});

test("what is deprecated is shown only to those who have chosen it", () => {
  const names = (chosen: string[]) => eventChoice.groups(types, chosen).flatMap(({ events }) => events.map(({ name }) => name));
  expect(names([])).not.toContain("order.placed");
  expect(names(["order.placed"])).toContain("order.placed");
});

test("a pattern takes the place of the names that it covers", () => {
  expect(eventChoice.toggled(["invoice.paid", "order.shipped"], "invoice.*")).toEqual(["order.shipped", "invoice.*"]);
  expect(eventChoice.toggled(["invoice.*"], "invoice.*")).toEqual([]);
});

test("names that nothing stands for are kept to be seen", () => {
  const chosen = ["invoice.*", "gone.long", "in*"];
  expect(eventChoice.others(eventChoice.groups(types, chosen), chosen)).toEqual(["gone.long", "in*"]);
});

test.each([["invoice.paid", true], ["invoice.*", true], ["*", true], ["Invoice Paid", false], ["", false], ["a*b", false]])("%s is a name or pattern: %s", (text, good) => {
  expect(eventChoice.fault(text) === undefined).toBe(good);
});

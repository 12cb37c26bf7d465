import { expect, test } from "vitest";

import { chosen, found, grouped, keysOf, labelsFrom } from "./list";

const ALL = [
  { name: "orders", labels: { folder: "shop", team: "sales" } },
  { name: "invoice", labels: { folder: "shop/money" } },
  { name: "greeting" },
  { name: "alarm", labels: { urgent: "" } },
];
const names = (ones: { name: string }[]) => ones.map(({ name }) => name);

test("every word must stand in the name or in a label", () => {
  expect(names(found(ALL, "shop", undefined))).toEqual(["orders", "invoice"]);
  expect(names(found(ALL, "SALES ord", undefined))).toEqual(["orders"]);
  expect(names(found(ALL, "", "team=sales"))).toEqual(["orders"]);
  expect(names(found(ALL, "", "urgent"))).toEqual(["alarm"]);
  expect(names(found(ALL, "", "urgent="))).toEqual(["alarm"]);
});

test("folders come in order, and what lies in none comes last", () => {
  expect(grouped(ALL, "folder").map(({ value, ones }) => [value, names(ones)])).toEqual([["shop", ["orders"]], ["shop/money", ["invoice"]], [null, ["greeting", "alarm"]]]);
  expect(grouped(ALL, undefined)).toHaveLength(1);
});

test("the keys that most bear come first", () => {
  expect(keysOf(ALL)).toEqual(["folder", "team", "urgent"]);
});

test("a range goes from the last one to this one, in either direction, and keeps what was chosen", () => {
  const order = ["a", "b", "c", "d"];
  expect([...chosen(new Set(), order, "b", null, false)]).toEqual(["b"]);
  expect([...chosen(new Set(["b"]), order, "b", "b", false)]).toEqual([]);
  expect([...chosen(new Set(["a"]), order, "b", "d", true)].sort()).toEqual(["a", "b", "c", "d"]);
  expect([...chosen(new Set(), order, "c", "gone", true)]).toEqual(["c"]);
});

test("labels are read as pairs, or as words alone", () => {
  expect(labelsFrom("team=sales, urgent , a=b=c,")).toEqual({ team: "sales", urgent: "", a: "b=c" });
});

import { expect, test } from "vitest";

import { tableView } from "./tableView";

test("what makes no sense in an address is left out", () => {
  expect(tableView.read({ any: "yes", tests: [{ column: "a", condition: "eq", value: 5 }, { column: 1, condition: "eq" }, { column: "b", condition: "near" }, null], sort: "" })).toEqual({ tests: [{ column: "a", condition: "eq", value: "5" }] });
  expect(tableView.read({ tests: "x", sort: "-age", any: true })).toEqual({ any: true, sort: "-age" });
});

test("a condition without its value asks for nothing, one that needs none for something", () => {
  expect(tableView.query({ tests: [{ column: "a", condition: "eq" }, { column: "b", condition: "isEmpty" }], sort: "-a" })).toEqual({ filter: JSON.stringify({ match: "all", conditions: [{ column: "b", condition: "isEmpty" }] }), sort: "-a" });
  expect(tableView.query({ tests: [{ column: "a", condition: "like", value: "" }] })).toEqual({});
});

test("a column is sorted upwards, downwards, and not at all", () => {
  const up = tableView.sorted({ any: true }, "a");
  const down = tableView.sorted(up, "a");
  expect([up.sort, down.sort, tableView.sorted(down, "a")]).toEqual(["a", "-a", { any: true }]);
  expect(tableView.sorted(down, "b").sort).toBe("b");
});

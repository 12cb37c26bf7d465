import { expect, test } from "vitest";

import { runFilter } from "./runFilter";

test("a filter survives the address", () => {
  const filter = { workflow: "orders", status: ["running", "failed"], since: 1_700_000_000_000 };
  expect(runFilter.read(JSON.parse(JSON.stringify(filter)) as Record<string, unknown>)).toEqual(filter);
});

test("what cannot be meant is left out", () => {
  expect(runFilter.read({ status: ["failed", "exploded"], since: "yesterday", mode: " ", other: 1 })).toEqual({ status: ["failed"] });
  expect(runFilter.isEmpty(runFilter.read({ until: -5, workflow: 7 }))).toBe(true);
});

test("one state may be written without a list", () => {
  expect(runFilter.read({ status: "failed" })).toEqual({ status: ["failed"] });
});

test("a state is switched on and off again", () => {
  const on = runFilter.toggled({ workflow: "a" }, "failed");
  expect(on).toEqual({ workflow: "a", status: ["failed"] });
  expect(runFilter.toggled(on, "failed")).toEqual({ workflow: "a" });
});

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

test("a period ends when one looks, and not when it was chosen", () => {
  const filter = runFilter.read({ within: "day", since: 5 });
  expect(filter).toEqual({ within: "day" });
  expect(runFilter.query(filter, 100_000_000)).toEqual({ since: 100_000_000 - 86_400_000 });
  expect(runFilter.read({ within: "constructor" })).toEqual({});
});

test("two filters are the same whatever the order of their words, and a view's name is none of them", () => {
  expect(runFilter.same({ status: ["failed", "running"], workflow: "a" }, { workflow: "a", status: ["running", "failed"] })).toBe(true);
  expect(runFilter.same({ workflow: "a" }, { workflow: "b" })).toBe(false);
  expect(runFilter.isEmpty(runFilter.readSearch({ named: "Mine" }))).toBe(true);
});

test("a filter is within another one when it lets no other runs through", () => {
  const within: [object, object, boolean][] = [
    [{}, {}, true],
    [{ status: ["failed"] }, {}, true],
    [{}, { status: ["failed"] }, false],
    [{ status: ["failed"] }, { status: ["failed", "held"] }, true],
    [{ status: ["failed", "held"] }, { status: ["failed"] }, false],
    [{ workflow: "a", mode: "webhook" }, { workflow: "a" }, true],
    [{ workflow: "a" }, { workflow: "b" }, false],
    [{ since: 20, until: 30 }, { since: 10, until: 40 }, true],
    [{ since: 5 }, { since: 10 }, false],
    [{ until: 50 }, { until: 40 }, false],
  ];
  for (const [narrow, wide, expected] of within) expect([narrow, wide, runFilter.isWithin(narrow, wide)]).toEqual([narrow, wide, expected]);
});

test("a run meets a filter in all that it says", () => {
  const run = { workflow: "orders", status: "failed", mode: "webhook", createdAt: 100 };
  for (const filter of [{}, { workflow: "orders" }, { status: ["held" as const, "failed" as const] }, { since: 100, until: 101 }]) expect(runFilter.isMet(filter, run)).toBe(true);
  for (const filter of [{ workflow: "order" }, { status: ["held" as const] }, { mode: "manual" }, { since: 101 }, { until: 100 }]) expect(runFilter.isMet(filter, run)).toBe(false);
});

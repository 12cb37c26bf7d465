import { expect, test } from "vitest";

import { rebased } from "./edited";

test("what was typed stays, and what was not follows the server", () => {
  expect(rebased({ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 3, c: 4 })).toEqual({ value: { a: 2, b: 3, c: 4 }, both: [] });
});

test("a field that both changed keeps what was typed, and is named", () => {
  expect(rebased({ a: 1 }, { a: 2 }, { a: 3 })).toEqual({ value: { a: 2 }, both: ["a"] });
  expect(rebased({ a: 1 }, { a: 2 }, { a: 2 })).toEqual({ value: { a: 2 }, both: [] });
});

test("a field that was taken out here or there is gone", () => {
  expect(rebased({ a: 1, b: 1 }, { b: 1 }, { a: 1, b: 1 })).toEqual({ value: { b: 1 }, both: [] });
  expect(rebased({ a: 1, b: 1 }, { a: 1, b: 1 }, { a: 1 })).toEqual({ value: { a: 1 }, both: [] });
});

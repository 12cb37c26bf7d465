import { expect, test } from "vitest";

import { itemsOf } from "./ForkDialog";

test("objects become items, and items stay what they are", () => {
  expect(itemsOf('[{"a":1},{"json":{"b":2}}]')).toEqual([{ json: { a: 1 } }, { json: { b: 2 } }]);
  expect(itemsOf("[]")).toEqual([]);
});

test("what is no list of objects is said to be none", () => {
  expect(itemsOf("{")).toContain("no JSON");
  expect(itemsOf("{}")).toBe("expected a list of objects");
  expect(itemsOf("[{}, 3]")).toBe("entry 1 is no object");
});

import { expect, test } from "vitest";

import { itemsOf } from "./ForkDialog";
import { jsonOf } from "./JsonDialog";

test("objects become items, and items stay what they are", () => {
  expect(itemsOf([{ a: 1 }, { json: { b: 2 } }])).toEqual([{ json: { a: 1 } }, { json: { b: 2 } }]);
  expect(itemsOf([])).toEqual([]);
});

test("what is no list of objects is said to be none", () => {
  expect(itemsOf({})).toBe("expected a list of objects");
  expect(itemsOf([{}, 3])).toBe("entry 1 is no object");
});

test("a text is a value or says what is wrong with it, and no text is nothing", () => {
  expect(jsonOf('{"a":1}')).toEqual({ value: { a: 1 } });
  expect(jsonOf(" ")).toEqual({ value: null });
  expect(jsonOf("{")).toMatchObject({ fault: expect.stringContaining("no JSON") as string });
});

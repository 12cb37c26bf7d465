import { expect, test } from "vitest";

import { readJson } from "./JsonText";

test("a text that is no JSON yet has a fault and means nothing, so that it is held where it is typed", () => {
  expect(readJson("{ \"a\": ", undefined, false)).toMatchObject({ means: undefined, fault: expect.stringContaining("JSON") as unknown });
  expect(readJson("[1]", () => "an object is expected", false)).toEqual({ means: [1], fault: "an object is expected" });
  expect(readJson("", undefined, false)).toEqual({ means: undefined, fault: undefined });
});

test("where texts may stand, what is no JSON is the text itself, and so is a number", () => {
  expect(readJson("hello", undefined, true).means).toBe("hello");
  expect(readJson("42", undefined, true).means).toBe("42");
  expect(readJson("{\"a\":1}", undefined, true).means).toEqual({ a: 1 });
});

import fc from "fast-check";
import { expect, test } from "vitest";

import { difference } from "./difference";

const apply = (text: string, change: ReturnType<typeof difference>) => (change ? text.slice(0, change.from) + change.insert + text.slice(change.to) : text);

test("a difference makes the other text of a text", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", " ") });
  fc.assert(fc.property(letters, letters, (before, after) => { expect(apply(before, difference(before, after))).toBe(after); }));
});

test("what begins and ends alike is left alone, so that a cursor in it stays in its place", () => {
  expect(difference("Hello {{ $json.name }}", "Hello dear {{ $json.name }}")).toEqual({ from: 6, to: 6, insert: "dear " });
  expect(difference("aa", "a")).toEqual({ from: 1, to: 2, insert: "" });
  expect(difference("same", "same")).toBeUndefined();
});

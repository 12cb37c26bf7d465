import { expect, test } from "vitest";

import { faultsOf, partsOf, placeOfWords } from "./script";

const shown = (text: string) => faultsOf(text).map(({ from, to }) => text.slice(from, to));

test("the scripts of a template stand between its braces", () => {
  expect(partsOf("Hi {{ $json.a }} and {{b}}").map((part) => part.script)).toEqual([" $json.a ", "b"]);
  expect(partsOf("no script")).toEqual([]);
});

test("what can be read has no fault, objects and texts with braces included", () => {
  for (const text of ["{{ $json.a }}", "{{ { a: 1 } }}", "{{ `a${b}` }}", "{{ [1, 2].map((x) => x * 2) }}", "{{ $json['a b'] ?? 'x' }}", "plain", "{{ }}"]) expect([text, shown(text)]).toEqual([text, []]);
});

test("a fault is shown where it is, in its own script", () => {
  expect(shown("{{ a }} {{ 1 + }}")).toHaveLength(1);
  expect(faultsOf("{{ a }} {{ 1 + }}")[0]?.from).toBeGreaterThan(10);
  expect(shown("{{ $json.a")).toEqual(["{{ $json.a"]);
  expect(shown("{{ $json..a }}")).toHaveLength(1);
});

test("of an error in words, the name that it is about is shown", () => {
  const text = "Hi {{ $json.body.nam.x }}";
  const span = placeOfWords(text, "Cannot read properties of undefined (reading 'x')");
  expect(span && text.slice(span.from, span.to)).toBe("x");
  const other = placeOfWords("{{ nope + 1 }}", "nope is not defined");
  expect(other).toEqual({ from: 3, to: 7 });
  expect(placeOfWords("{{ a }}", "something else")).toEqual({ from: 2, to: 5 });
});

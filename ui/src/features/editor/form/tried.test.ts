import { expect, test } from "vitest";

import { shownOf } from "./tried";

const unknown = { is: "unknown" } as const;

test("the server's value is shown, and until it has come what is known without JavaScript", () => {
  expect(shownOf("={{ $json.a }}", undefined, { is: "value", value: "Ada" }, true)).toMatchObject({ is: "value", text: '"Ada"' });
  expect(shownOf("={{ $json.a.toUpperCase() }}", { value: "ADA", items: 1 }, unknown, true)).toMatchObject({ is: "value", text: '"ADA"', faults: [] });
});

test("an error is shown with its place, and one inside of a text with what came of the rest", () => {
  const failed = shownOf("={{ 1 + }}", { items: 1, error: { detail: "invalid syntax", from: 4, to: 7 } }, unknown, true);
  expect(failed).toEqual({ is: "missing", text: "invalid syntax", faults: [{ detail: "invalid syntax", from: 4, to: 7, stops: true }] });
  expect(shownOf("=Hi {{ $json.a.x }}", { value: "Hi ", notes: ["Cannot read x"], items: 1 }, unknown, true)).toEqual({ is: "missing", text: '"Hi " – Cannot read x', faults: [{ detail: "Cannot read x", stops: false }] });
});

test("without any data nothing is a fault", () => {
  expect(shownOf("={{ $json.a }}", { items: 0, error: { detail: "there is no item 0" } }, unknown, false)).toMatchObject({ is: "unknown", text: "run the nodes before it to see the value" });
  expect(shownOf("={{ $json.a ", undefined, unknown, true).text).toContain("do not match");
});

import { expect, test } from "vitest";

import { node } from "../../canvas/graph/samples";
import { calledBy } from "./Peek";
import { pathOf } from "./peek";

test("an address names the workflows that were looked into, and nothing else", () => {
  expect(pathOf("billing/deep")).toEqual(["billing", "deep"]);
  expect(pathOf(undefined)).toEqual([]);
  expect(pathOf("../Up//<b>/ok")).toEqual(["ok"]);
});

test("one can look into what a call names, and not into what is only worked out in a run", () => {
  expect(calledBy(node("Bill", { type: "core.call", params: { workflow: "billing" } }))).toBe("billing");
  expect(calledBy(node("Bill", { type: "core.call", params: { workflow: "={{ $json.name }}" } }))).toBeUndefined();
  expect(calledBy(node("Set"))).toBeUndefined();
});

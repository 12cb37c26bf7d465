import { expect, test } from "vitest";

import { barOf, faultOf, nextAct, scaleOf, type Step } from "./runDetail";

function step(startedAt: number, durationMicros: number | null, status = "completed"): Step {
  return { step: 1, node: "Set", nodeType: "core.set", runIndex: 0, status, attempts: 1, startedAt, durationMicros, inputs: [], outputCounts: [] } as unknown as Step;
}

test("bars stand on one scale, and what runs now reaches to now", () => {
  const steps = [step(1_000, 50_000), step(1_050, null, "running"), undefined];
  const scale = scaleOf(steps, 1_200);
  expect(scale).toEqual({ first: 1_000, span: 200 });
  expect(steps.flatMap((known) => (known === undefined ? [] : [barOf(known, scale, 1_200)]))).toEqual([{ left: 0, width: 25 }, { left: 25, width: 75 }]);
});

test("a step that takes no time is still to be seen, inside of the scale", () => {
  const last = step(100_000, 3);
  const made = barOf(last, scaleOf([step(0, 100_000_000), last], 0), 0);
  expect(made.width).toBeGreaterThanOrEqual(0.8);
  expect(made.left + 0.8).toBeLessThanOrEqual(100);
});

test("while steps are not read the scale still reaches to the run's end", () => {
  expect(scaleOf([step(0, 1_000), undefined], 50, 400)).toEqual({ first: 0, span: 400 });
  expect(scaleOf([undefined], 50)).toEqual({ first: 50, span: 1 });
});

test("a fault is found in whatever form the API states it", () => {
  expect(faultOf(null)).toBeNull();
  expect(faultOf("gone")).toEqual({ text: "gone" });
  expect(faultOf({ category: "auth", problem: { code: "FP0501", detail: "401", hint: "look" } })).toEqual({ text: "401", category: "auth", hint: "look", code: "FP0501" });
  expect(faultOf({ code: "FP0303", detail: "a step failed" })).toEqual({ text: "a step failed", code: "FP0303" });
  expect(faultOf({ code: "FP0511", detail: "not taken", pointer: "/connections/crm" })?.connection).toBe("crm");
  expect(faultOf({ code: "FP0203", detail: "not valid", pointer: "/connections/crm" })?.connection).toBeUndefined();
  expect(faultOf({ odd: 1 })?.text).toBe('{"odd":1}');
});

test("every kind of failure has something to try", () => {
  expect(nextAct("auth")).toContain("connection");
  expect(nextAct("unheard-of")).toBeNull();
});

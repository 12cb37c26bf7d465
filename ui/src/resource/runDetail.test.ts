import { expect, test } from "vitest";

import { bars, faultOf, nextAct, type Step } from "./runDetail";

function step(startedAt: number, durationMicros: number | null, status = "completed"): Step {
  return { step: 1, node: "Set", nodeType: "core.set", runIndex: 0, status, attempts: 1, startedAt, durationMicros, inputs: [], outputCounts: [] } as unknown as Step;
}

test("bars stand on one scale, and what runs now reaches to now", () => {
  const { bars: made, span } = bars([step(1_000, 50_000), step(1_050, null, "running")], 1_200);
  expect(span).toBe(200);
  expect(made[0]).toEqual({ left: 0, width: 25 });
  expect(made[1]).toEqual({ left: 25, width: 75 });
});

test("a step that takes no time is still to be seen, inside of the scale", () => {
  const { bars: made } = bars([step(0, 100_000_000), step(100_000, 3)], 0);
  expect(made[1]?.width).toBeGreaterThanOrEqual(0.8);
  expect((made[1]?.left ?? 0) + 0.8).toBeLessThanOrEqual(100);
});

test("a fault is found in whatever form the API states it", () => {
  expect(faultOf(null)).toBeNull();
  expect(faultOf("gone")).toEqual({ text: "gone" });
  expect(faultOf({ category: "auth", problem: { code: "FP0501", detail: "401", hint: "look" } })).toEqual({ text: "401", category: "auth", hint: "look", code: "FP0501" });
  expect(faultOf({ code: "FP0303", detail: "a step failed" })).toEqual({ text: "a step failed", code: "FP0303" });
  expect(faultOf({ odd: 1 })?.text).toBe('{"odd":1}');
});

test("every kind of failure has something to try", () => {
  expect(nextAct("auth")).toContain("connection");
  expect(nextAct("unheard-of")).toBeNull();
});

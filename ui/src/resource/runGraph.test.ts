import { expect, test } from "vitest";

import type { Step } from "./runDetail";
import { lapOf, nodeStates, stepOfNode } from "./runGraph";

let number = 0;
function step(node: string, status = "completed", counts: number[] = [1], error?: unknown): Step {
  return { step: number++, node, nodeType: "core.set", runIndex: 0, status, attempts: 1, startedAt: 0, durationMicros: 5, inputs: [], outputCounts: counts, ...(error === undefined ? {} : { error }) };
}

test("laps of a node are counted together, by port", () => {
  const states = nodeStates([step("Loop", "completed", [0, 1]), undefined, step("Loop", "completed", [0, 1]), step("Loop", "completed", [2, 0])], ["Loop", "After"], false);
  expect(states.get("Loop")).toEqual({ status: "completed", counts: [2, 2], times: 3, micros: 15 });
  expect(states.has("After")).toBe(false);
});

test("a node that still works in one lap is at work, whatever became of the others", () => {
  expect(nodeStates([step("A", "running"), step("A")], [], false).get("A")?.status).toBe("running");
  expect(nodeStates([step("A"), step("A", "waiting")], [], false).get("A")?.status).toBe("waiting");
  expect(nodeStates([step("A"), step("A", "failed", [], "gone")], [], true).get("A")).toMatchObject({ status: "failed", error: "gone" });
});

test("what a run that has ended did not come to was skipped", () => {
  const states = nodeStates([step("A")], ["A", "B"], true);
  expect(states.get("B")?.status).toBe("skipped");
  expect(states.get("A")?.status).toBe("completed");
});

test("of a node the step that failed is shown first, then one that is under way, then the last", () => {
  const [a, b, c] = [step("A"), step("A", "failed"), step("A")];
  expect(stepOfNode([a, b, c], "A")).toBe(b);
  const waiting = step("A", "waiting");
  expect(stepOfNode([a, waiting, c], "A")).toBe(waiting);
  expect(stepOfNode([a, c], "A")).toBe(c);
  expect(stepOfNode([a], "B")).toBeUndefined();
});

test("from one lap of a node one comes to the next", () => {
  const rows = [step("A"), step("B"), step("A"), undefined, step("A")];
  const [first, , second, , third] = rows;
  if (!first || !second || !third) throw new Error("steps are missing");
  expect(lapOf(rows, second)).toEqual({ number: 2, of: 3, previous: first.step, next: third.step });
  expect(lapOf(rows, first)).toMatchObject({ number: 1, previous: undefined });
});

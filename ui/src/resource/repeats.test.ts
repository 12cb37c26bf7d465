import { expect, test } from "vitest";

import { asksPerson, fromStep, inPlace, newestRefused } from "./repeats";

test("a run goes on in place only where the server takes that", () => {
  expect((["queued", "running", "waiting", "paused", "held", "completed"] as const).map((status) => inPlace({ status }))).toEqual(Array(6).fill(null));
  expect((["failed", "canceled", "superseded"] as const).map((status) => inPlace({ status })?.name)).toEqual(["Retry", "Go on", "Run after all"]);
  expect(newestRefused({ status: "failed" })).toBeUndefined();
  expect(newestRefused({ status: "completed" })).toContain("from the start");
});

test("a step leads to its node, and the trigger to the start", () => {
  const step = { node: "Set", step: 4, nodeType: "core.set" };
  const only = { next: undefined, of: 1 };
  expect(fromStep(step, only)).toEqual({ name: "Run again from here", from: "Set", refused: undefined });
  expect(fromStep({ ...step, step: 0 }, only)).toMatchObject({ name: "Run again from the start", from: undefined, refused: undefined });
  expect(fromStep({ ...step, nodeType: "" }, only).refused).toContain("given");
  expect(fromStep({ ...step, parentStep: 2 }, only).refused).toContain("called by");
});

test("of many laps it is said that the last one is run again", () => {
  expect(fromStep({ node: "Set", step: 4, nodeType: "core.set" }, { next: 7, of: 77 }).name).toBe("Run again from lap 77");
});

test("a person is asked about calls without a known outcome, and only while the step waits for it", () => {
  const call = (status: string) => ({ name: "request", epoch: 0, key: "k", status, uncertain: true });
  expect(asksPerson({ status: "waiting", calls: [call("uncertain")] })).toBe(true);
  expect(asksPerson({ status: "waiting", calls: [call("running")] })).toBe(true);
  expect(asksPerson({ status: "completed", calls: [call("uncertain")] })).toBe(false);
  expect(asksPerson({ status: "waiting", calls: [call("repeated")] })).toBe(false);
  expect(asksPerson({ status: "waiting" })).toBe(false);
});

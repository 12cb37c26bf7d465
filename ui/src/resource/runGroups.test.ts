import { expect, test } from "vitest";

import { grouped, likeness, waitOf, type Summary } from "./runGroups";

const run = (id: string, workflow: string, error?: unknown): Summary => ({ id, workflow, error }) as Summary;

test("runs of one workflow are together, the newest failure first", () => {
  const groups = grouped([run("1", "b"), run("2", "a"), run("3", "b")], "workflow");
  expect(groups.map((group) => [group.title, group.runs.map((known) => known.id)])).toEqual([
    ["b", ["1", "3"]],
    ["a", ["2"]],
  ]);
});

test("runs that failed in the same way are together, whatever names and numbers stand in it", () => {
  const fault = (amount: string, item: number): unknown => ({ problem: { code: "FP0304", detail: `'amount' expects a number but we got '${amount}' [item ${String(item)}]` } });
  const groups = grouped([run("1", "a", fault("few", 0)), run("2", "b", "gone"), run("3", "b", fault("many", 12))], "fault");
  expect(groups.map((group) => [group.workflows, group.runs.map((known) => known.id)])).toEqual([
    [["a", "b"], ["1", "3"]],
    [["b"], ["2"]],
  ]);
  expect(groups[0]?.title).toContain("few");
});

test("the same words of another code are another fault", () => {
  const coded = (code: string): unknown => ({ problem: { code, detail: "no" } });
  expect(grouped([run("1", "a", coded("FP0001")), run("2", "a", coded("FP0002"))], "fault")).toHaveLength(2);
});

test("what is of one run alone is left out of a fault", () => {
  expect(likeness("POST https://x.example/7 gave 503 for run_01m8grw0")).toBe(likeness("POST https://y.example/9 gave 502 for run_01zzgrw1"));
  expect(likeness("timed out")).not.toBe(likeness("refused"));
});

test("waiting runs are told apart by what makes them go on", () => {
  expect(waitOf({ status: "held" })).toBe("held");
  expect(waitOf({ status: "paused", wakeAt: 5 })).toBe("paused");
  expect(waitOf({ status: "waiting" })).toBe("somebody");
  expect(waitOf({ status: "waiting", wakeAt: 5 })).toBe("time");
});

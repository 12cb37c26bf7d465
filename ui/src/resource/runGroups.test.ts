import { expect, test } from "vitest";

import { byWorkflow, type Summary } from "./runGroups";

test("runs of one workflow are together, the newest failure first", () => {
  const run = (id: string, workflow: string): Summary => ({ id, workflow }) as Summary;
  const groups = byWorkflow([run("1", "b"), run("2", "a"), run("3", "b")]);
  expect(groups.map((group) => [group.workflow, group.runs.map((known) => known.id)])).toEqual([
    ["b", ["1", "3"]],
    ["a", ["2"]],
  ]);
});

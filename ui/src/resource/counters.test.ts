import { expect, test } from "vitest";

import { runsByState, trend } from "./counters";

test("runs are counted by state over all workflows", () => {
  const text = 'x 1\nfishplate_store_runs{workflow="a",status="failed"} 2\nfishplate_store_runs{workflow="b",status="failed"} 3\nfishplate_store_runs{workflow="b",status="completed"} 1e3\n';
  expect(runsByState(text)).toEqual({ failed: 5, completed: 1000 });
});

test("moments fall into their stretch, those outside into none", () => {
  expect(trend([0, 5, 99, 100, -1], 0, 100, 4)).toEqual([2, 0, 0, 1]);
});

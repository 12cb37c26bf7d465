import { expect, test } from "vitest";

import { runsByState } from "./counters";

test("runs are counted by state over all workflows", () => {
  const text = 'x 1\nfishplate_store_runs{workflow="a",status="failed"} 2\nfishplate_store_runs{workflow="b",status="failed"} 3\nfishplate_store_runs{workflow="b",status="completed"} 1e3\n';
  expect(runsByState(text)).toEqual({ failed: 5, completed: 1000 });
});

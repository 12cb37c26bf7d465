import { expect, test } from "vitest";

import { runPlace } from "./runPlace";

test("a place in a run survives the address, and what cannot be meant is left out", () => {
  expect(runPlace.read({ step: 4, view: "graph" })).toEqual({ step: 4, view: "graph" });
  expect(runPlace.read({ step: "12" })).toEqual({ step: 12 });
  expect(runPlace.read({ step: -1, view: "cake", other: 1 })).toEqual({});
});

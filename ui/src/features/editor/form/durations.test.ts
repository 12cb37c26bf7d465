import { expect, test } from "vitest";

import { millisOf, unitOf } from "./durations";

test("lengths of time are read as numbers, numbers in texts, and texts with units", () => {
  expect([millisOf(1500), millisOf("1500"), millisOf("30s"), millisOf("1h30m"), millisOf("soon"), millisOf(""), millisOf(undefined)]).toEqual([1500, 1500, 30_000, 5_400_000, undefined, undefined, undefined]);
});

test("a length is shown in the largest unit that leaves it whole", () => {
  expect([0, 250, 5_000, 90_000, 120_000, 7_200_000].map((millis) => unitOf(millis).name)).toEqual(["seconds", "ms", "seconds", "seconds", "minutes", "hours"]);
});

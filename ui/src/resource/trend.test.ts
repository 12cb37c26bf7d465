import { expect, test } from "vitest";

import type { Summary } from "./runGroups";
import { beginOf, stacked, trendOf } from "./trend";

const NOW = new Date(2026, 5, 10, 14, 30).getTime();
const run = (minutesAgo: number, status: string): Summary => ({ id: String(minutesAgo), createdAt: NOW - minutesAgo * 60_000, status }) as Summary;

test("runs fall into the hour in which they began, by how they went", () => {
  const { buckets, cut } = trendOf([run(1, "running"), run(5, "completed"), run(6, "failed"), run(70, "completed"), run(23 * 60, "canceled")], false, "day", NOW);
  expect(cut).toBe(false);
  expect(buckets).toHaveLength(24);
  expect(buckets.at(-1)).toMatchObject({ completed: 1, failed: 1, other: 1 });
  expect(buckets.at(-1)?.until).toBe(new Date(2026, 5, 10, 15).getTime());
  expect(buckets.at(-2)).toMatchObject({ completed: 1, failed: 0 });
  expect(buckets[0]).toMatchObject({ other: 1 });
});

test("a week is told in quarters of days", () => {
  const { buckets } = trendOf([], false, "week", NOW);
  expect(buckets).toHaveLength(28);
  expect(buckets.at(-1)?.until).toBe(new Date(2026, 5, 10, 18).getTime());
  expect(beginOf("week", NOW)).toBe(buckets[0]?.from);
});

test("what reaches further back than was read is not shown as nothing", () => {
  const { buckets, cut } = trendOf([run(1, "completed"), run(200, "failed")], true, "day", NOW);
  expect(cut).toBe(true);
  expect(buckets).toHaveLength(3);
  expect(buckets[0]?.from).toBeGreaterThanOrEqual(NOW - 200 * 60_000);
  expect(trendOf([run(1, "completed")], true, "day", NOW).buckets).toHaveLength(1);
});

test("parts stand upon each other", () => {
  expect(stacked([{ from: 0, until: 2_000, completed: 2, failed: 1, other: 3 }])).toEqual({ x: [1], failed: [1], completed: [3], other: [6] });
});

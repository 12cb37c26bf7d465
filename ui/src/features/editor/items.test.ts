import { expect, it } from "vitest";

import { slices } from "./items";

const SEGMENTS = [{ step: 1, port: 0, count: 30 }, { step: 4, port: 1, count: 5 }, { step: 6, port: 0, count: 2_500 }];

it("asks only for what is shown", () => {
  expect(slices(SEGMENTS, 0, 20)).toEqual([{ step: 1, port: 0, offset: 0, limit: 20 }]);
});

it("goes over the borders of what led into an input", () => {
  expect(slices(SEGMENTS, 25, 20)).toEqual([
    { step: 1, port: 0, offset: 25, limit: 5 },
    { step: 4, port: 1, offset: 0, limit: 5 },
    { step: 6, port: 0, offset: 0, limit: 10 },
  ]);
});

it("asks in parts for more than one answer holds", () => {
  expect(slices(SEGMENTS, 35, 2_500).map(({ offset, limit }) => [offset, limit])).toEqual([[0, 1_000], [1_000, 1_000], [2_000, 500]]);
});

it("asks for nothing behind the end", () => {
  expect(slices(SEGMENTS, 5_000, 50)).toEqual([]);
});

import { expect, test } from "vitest";

import { between, bytes, duration, plural, relative } from "./times";

test.each([
  [0, "now"],
  [-45_000, "45 s ago"],
  [-5 * 60_000, "5 min ago"],
  [3 * 3_600_000, "in 3 h"],
  [-36 * 3_600_000, "36 h ago"],
  [-9 * 86_400_000, "9 d ago"],
])("a moment %d ms away is said as %s", (offset, said) => {
  expect(relative(1_000_000_000_000 + offset, 1_000_000_000_000)).toBe(said);
});

test.each([
  [7, "7 µs"],
  [1_250, "1.3 ms"],
  [84_000, "84 ms"],
  [3_400_000, "3.4 s"],
  [59_700_000, "1 min 0 s"],
  [119_700_000, "2 min 0 s"],
  [125_000_000, "2 min 5 s"],
  [3_720_000_000, "1 h 2 min"],
])("%d µs are said as %s", (micros, said) => {
  expect(duration(micros)).toBe(said);
});

test("what is known to the millisecond is not said more exactly", () => {
  expect([between(1_000, 1_000), between(1_000, 1_003), between(1_000, 4_000)]).toEqual(["< 1 ms", "3.0 ms", "3.0 s"]);
});

test("counts and sizes are said as people say them", () => {
  expect(plural(1, "item")).toBe("1 item");
  expect(plural(12_000, "entry", "entries")).toBe("12,000 entries");
  expect([512, 2_048, 5_452_595].map(bytes)).toEqual(["512 B", "2.0 KiB", "5.2 MiB"]);
});

import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { contrast, PAIRS, parseOklch } from "./contrast";

const css = readFileSync(new URL("../styles.css", import.meta.url), "utf8");

/** The tokens of a theme as styles.css has them. */
function tokens(selector: string): Record<string, string> {
  const from = css.indexOf(selector);
  if (from < 0) throw new Error(`styles.css has no ${selector}`);
  return Object.fromEntries([...css.slice(from, css.indexOf("\n}", from)).matchAll(/--([a-z-]+): (oklch\([^)/]+\));/g)].map((found) => [found[1] ?? "", found[2] ?? ""]));
}

test("black on white has the contrast that the standard names", () => {
  const [black, white] = [parseOklch("oklch(0% 0 0)"), parseOklch("oklch(100% 0 0)")];
  if (black === undefined || white === undefined) throw new Error("not read");
  expect(contrast(black, white)).toBeCloseTo(21, 1);
  expect(contrast(white, black)).toBeCloseTo(21, 1);
});

describe.each([
  ["light", '[data-theme="light"] {'],
  ["dark", '[data-theme="dark"] {'],
])("in the %s theme", (_, selector) => {
  const theme = tokens(selector);
  test.each(PAIRS)("%s on %s can be read by everybody (AA, 4.5)", (text, ground) => {
    const [front, back] = [parseOklch(theme[text] ?? ""), parseOklch(theme[ground] ?? "")];
    if (front === undefined || back === undefined) throw new Error(`${text} or ${ground} is no token`);
    expect(contrast(front, back)).toBeGreaterThanOrEqual(4.5);
  });
});

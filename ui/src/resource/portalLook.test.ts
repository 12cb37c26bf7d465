import { readFileSync } from "node:fs";

import fc from "fast-check";
import { expect, test } from "vitest";

import { contrast, parseHex, parseOklch } from "@/kit/contrast";

import { lookOf, readable } from "./portalLook";

const css = readFileSync(new URL("../styles.css", import.meta.url), "utf8");
const GROUNDS = ["ground", "surface", "sunken", "raised"];

/** The grounds of a theme as styles.css has them. */
function grounds(selector: string) {
  const from = css.indexOf(selector);
  const part = css.slice(from, css.indexOf("\n}", from));
  return GROUNDS.map((name) => parseOklch(new RegExp(`--${name}: (oklch\\([^)]+\\))`).exec(part)?.[1] ?? "")).map((colour) => {
    if (colour === undefined) throw new Error("styles.css has other grounds");
    return colour;
  });
}

test.each([["light", false, '[data-theme="light"] {'], ["dark", true, '[data-theme="dark"] {']] as const)("text in any accent can be read in the %s theme, and so can what stands on it", (_, dark, selector) => {
  const all = grounds(selector);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffff }), (number) => {
      const { tokens } = lookOf({ accent: `#${number.toString(16).padStart(6, "0")}` }, dark);
      const [accent, ink] = [parseHex(tokens["--accent"] ?? ""), parseHex(tokens["--accent-ink"] ?? "")];
      if (accent === undefined || ink === undefined) throw new Error("no colour");
      all.forEach((ground) => { expect(contrast(accent, ground)).toBeGreaterThanOrEqual(4.5); });
      expect(contrast(accent, ink)).toBeGreaterThanOrEqual(4.5);
    }),
  );
});

test("a colour that can be read is kept as it is", () => {
  expect(readable("#7a3cff", false)).toBe("#7a3cff");
  expect(readable("#ffdd00", true)).toBe("#ffdd00");
  expect(readable("#ffdd00", false)).not.toBe("#ffdd00");
});

test("without a wish the look is ours, and light or dark as the system is", () => {
  expect(lookOf({}, true)).toEqual({ theme: "dark", tokens: {} });
  expect(lookOf({ mode: "light" }, true).theme).toBe("light");
});

test("corners grow together, and not beyond all measure", () => {
  expect(lookOf({ radius: 12 }, false).tokens).toEqual({ "--corner-small": "8px", "--corner-base": "12px", "--corner-large": "20px" });
  expect(lookOf({ radius: 0 }, false).tokens["--corner-large"]).toBe("0px");
  expect(lookOf({ radius: 200 }, false).tokens["--corner-base"]).toBe("24px");
});

test("what is no colour changes nothing", () => {
  expect(lookOf({ accent: "red;}" }, false).tokens).toEqual({});
});

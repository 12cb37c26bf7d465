import type { components } from "@/api/schema";
import { contrast, parseHex, parseOklch, type Linear } from "@/kit/contrast";

export type PortalTheme = components["schemas"]["PortalTheme"];

/** How a part of a page looks: which theme, and the tokens that are others. */
export interface Look {
  theme: "light" | "dark";
  tokens: Record<string, string>;
}

/** The grounds on which text of the accent stands worst in each theme, as styles.css has them. */
const GROUNDS = { light: "oklch(96.3% 0.006 220)", dark: "oklch(25.5% 0.017 225)" } as const;
/** What text needs to be read by everybody. */
const READABLE = 4.5;
const BLACK: Linear = [0, 0, 0];
const WHITE: Linear = [1, 1, 1];
/** Steps towards black or white in which a colour is looked for that can be read. */
const STEP = 0.04;
export const MOST_RADIUS = 24;

/** The look that a theme asks for. Its colour is kept as near as text in it can be read. */
export function lookOf(theme: PortalTheme, systemIsDark: boolean): Look {
  const dark = theme.mode == null ? systemIsDark : theme.mode === "dark";
  return { theme: dark ? "dark" : "light", tokens: { ...coloursOf(theme.accent, dark), ...cornersOf(theme.radius) } };
}

function coloursOf(accent: string | null | undefined, dark: boolean): Record<string, string> {
  const given = accent == null ? undefined : parseHex(accent);
  if (accent == null || given === undefined) return {};
  const shown = readable(accent, dark);
  const colour = parseHex(shown) ?? given;
  const ink = contrast(WHITE, colour) >= contrast(BLACK, colour) ? "#ffffff" : "#000000";
  return { "--accent": shown, "--accent-ink": ink, "--accent-soft": `color-mix(in oklab, ${shown} ${dark ? "24%" : "12%"}, var(--surface))`, "--plate": shown, "--focus": shown };
}

/** A colour, darker in a light page and lighter in a dark one, as far as it must be. */
export function readable(hex: string, dark: boolean): string {
  const ground = parseOklch(dark ? GROUNDS.dark : GROUNDS.light) ?? (dark ? BLACK : WHITE);
  for (let share = 0; share < 1; share += STEP) {
    const mixed = mix(hex, dark ? 255 : 0, share);
    const colour = parseHex(mixed);
    if (colour !== undefined && contrast(colour, ground) >= READABLE) return mixed;
  }
  return dark ? "#ffffff" : "#000000";
}

function mix(hex: string, other: number, share: number): string {
  const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `#${parts.map((part) => Math.round(part * (1 - share) + other * share).toString(16).padStart(2, "0")).join("")}`;
}

function cornersOf(radius: number | null | undefined): Record<string, string> {
  if (radius == null) return {};
  const base = Math.min(Math.max(radius, 0), MOST_RADIUS);
  const pixels = (factor: number): string => `${String(Math.round(base * factor))}px`;
  return { "--corner-small": pixels(0.67), "--corner-base": pixels(1), "--corner-large": pixels(1.67) };
}

//! Lengths of time as parameters hold them: a number of milliseconds, or a text such as `30s`.

import type { Json } from "../../../canvas/graph/json";

export const UNITS = [
  { name: "ms", ms: 1 },
  { name: "seconds", ms: 1_000 },
  { name: "minutes", ms: 60_000 },
  { name: "hours", ms: 3_600_000 },
] as const;

export type UnitName = (typeof UNITS)[number]["name"];

const PARTS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds of a length; nothing for a text that is none. */
export function millisOf(value: Json | undefined): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  if (value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  if (!/^(\d+(ms|s|m|h|d|w))+$/.test(value)) return undefined;
  return [...value.matchAll(/(\d+)(ms|s|m|h|d|w)/g)].reduce((sum, [, count, part]) => sum + Number(count) * (PARTS[part ?? ""] ?? 0), 0);
}

/** The largest unit in which a length is a whole number. */
export function unitOf(millis: number): (typeof UNITS)[number] {
  return (millis === 0 ? undefined : [...UNITS].reverse().find((unit) => millis % unit.ms === 0)) ?? UNITS[1];
}

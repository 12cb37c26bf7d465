import { expect, test } from "vitest";

import { cronFault, inWords, next, nextTimes } from "./times";

const at = (text: string) => new Date(text).getTime();
const due = (rule: Parameters<typeof next>[0], after: string, zone = "Europe/Vienna") => {
  const time = next(rule, at(after), zone);
  return time === undefined ? undefined : new Date(time).toISOString().replace(":00.000Z", "Z");
};

test("a time of the day is one of the wall clock, in summer and in winter", () => {
  const rule = { every: "days", count: 1, hour: 9, minute: 30 };
  expect(due(rule, "2026-01-05T12:00:00Z")).toBe("2026-01-06T08:30Z");
  expect(due(rule, "2026-07-05T12:00:00Z")).toBe("2026-07-06T07:30Z");
  expect(due(rule, "2026-07-05T12:00:00Z", "America/New_York")).toBe("2026-07-05T13:30Z");
});

test("a time that the clock skips is due right after, and one that it repeats is due once", () => {
  expect(due({ every: "days", count: 1, hour: 2, minute: 30 }, "2026-03-28T12:00:00Z")).toBe("2026-03-29T01:30Z");
  expect(due({ every: "days", count: 1, hour: 2, minute: 30 }, "2026-03-07T12:00:00Z", "America/New_York")).toBe("2026-03-08T07:30Z");
  const autumn = { every: "days", count: 1, hour: 2, minute: 30 };
  expect(due(autumn, "2026-10-24T12:00:00Z")).toBe("2026-10-25T00:30Z");
  expect(due(autumn, "2026-10-25T00:30:00Z")).toBe("2026-10-26T01:30Z");
});

test("intervals are counted from 1970, whenever one looks", () => {
  const rule = { every: "days", count: 3, hour: 0, minute: 0 };
  const first = next(rule, at("2026-05-01T00:00:00Z"), "UTC") ?? 0;
  expect(Math.floor(first / 86_400_000) % 3).toBe(0);
  expect(due({ every: "minutes", count: 15 }, "2026-05-01T10:16:00Z")).toBe("2026-05-01T10:30Z");
  expect(due({ every: "hours", count: 1, minute: 5 }, "2026-05-01T10:06:00Z", "Asia/Kolkata")).toBe("2026-05-01T10:35Z");
});

test("weeks are due on their days, and a short month on its last", () => {
  expect(due({ every: "weeks", count: 1, days: [1, 5], hour: 8, minute: 0 }, "2026-11-28T00:00:00Z")).toBe("2026-11-30T07:00Z");
  expect(due({ every: "months", count: 1, day: 31, hour: 8, minute: 0 }, "2026-02-01T00:00:00Z")).toBe("2026-02-28T07:00Z");
});

test("cron is due in the zone, and a date that never comes is not", () => {
  expect(due({ every: "cron", expression: "0 9 * * 1-5" }, "2026-11-28T00:00:00Z")).toBe("2026-11-30T08:00Z");
  expect(due({ every: "cron", expression: "nonsense" }, "2026-11-28T00:00:00Z")).toBeUndefined();
  expect([cronFault("0 9 * * 1-5"), cronFault("0 0 9 * * *")]).toEqual([undefined, undefined]);
  expect(cronFault("0 9")).toContain("five fields");
  expect(cronFault("61 * * * *")).toBeTypeOf("string");
});

test("several rules are told together, soonest first", () => {
  const times = nextTimes([{ every: "days", count: 1, hour: 9, minute: 0 }, { every: "days", count: 1, hour: 10, minute: 0 }], at("2026-11-28T00:00:00Z"), "UTC", 3);
  expect(times.map((time) => new Date(time).getUTCHours())).toEqual([9, 10, 9]);
});

test("a rule can be read aloud", () => {
  expect(inWords({ every: "minutes", count: 15 })).toBe("Every 15 minutes");
  expect(inWords({ every: "hours", count: 1, minute: 5 })).toBe("Every hour, 05 past");
  expect(inWords({ every: "weeks", count: 2, days: [1, 2, 3, 4, 5], hour: 9, minute: 0 })).toBe("Every 2 weeks on weekdays at 09:00");
  expect(inWords({ every: "months", count: 1, day: 31, hour: 0, minute: 0 })).toContain("last day");
});

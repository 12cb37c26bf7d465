import { expect, test } from "vitest";

import { nextDue, ruleText, type Rule } from "./schedules";

const AFTER = "2026-01-31T10:07:30Z";

/** The next times of a rule, as the server's own tests state them. */
function check(rule: Rule, zone: string, after: string, expected: string[]): void {
  let at = Date.parse(after);
  const times = expected.map(() => {
    const next = nextDue(rule, at, zone);
    if (next === null) throw new Error("there is no next time");
    at = next;
    return next;
  });
  expect(times.map((time) => new Date(time).toISOString()), JSON.stringify(rule)).toEqual(expected.map((time) => new Date(time).toISOString()));
}

test("rules are due when the server says", () => {
  check({ every: "seconds", count: 30 }, "UTC", AFTER, ["2026-01-31T10:08:00Z", "2026-01-31T10:08:30Z"]);
  check({ every: "minutes", count: 15 }, "UTC", AFTER, ["2026-01-31T10:15:00Z", "2026-01-31T10:30:00Z"]);
  check({ every: "hours", count: 1, minute: 5 }, "UTC", AFTER, ["2026-01-31T11:05:00Z", "2026-01-31T12:05:00Z"]);
  check({ every: "hours", count: 6, minute: 0 }, "UTC", AFTER, ["2026-01-31T12:00:00Z", "2026-01-31T18:00:00Z", "2026-02-01T00:00:00Z"]);
  check({ every: "days", count: 1, hour: 9, minute: 30 }, "UTC", AFTER, ["2026-02-01T09:30:00Z", "2026-02-02T09:30:00Z"]);
  check({ every: "days", count: 1, hour: 10, minute: 8 }, "UTC", AFTER, ["2026-01-31T10:08:00Z"]);
  check({ every: "weeks", count: 1, days: [1, 5], hour: 8, minute: 0 }, "UTC", AFTER, ["2026-02-02T08:00:00Z", "2026-02-06T08:00:00Z", "2026-02-09T08:00:00Z"]);
  check({ every: "months", count: 1, day: 31, hour: 0, minute: 0 }, "UTC", AFTER, ["2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"]);
  check({ every: "months", count: 3, day: 1, hour: 0, minute: 0 }, "UTC", AFTER, ["2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z"]);
  check({ every: "cron", expression: "0 8 * * 1-5" }, "UTC", AFTER, ["2026-02-02T08:00:00Z", "2026-02-03T08:00:00Z"]);
  check({ every: "cron", expression: "*/20 * * * * *" }, "UTC", AFTER, ["2026-01-31T10:07:40Z", "2026-01-31T10:08:00Z"]);
  check({ every: "cron", expression: "0 0 29 feb *" }, "UTC", AFTER, ["2028-02-29T00:00:00Z"]);
});

test("where a day of the month and one of the week are given, either is enough", () => {
  check({ every: "cron", expression: "0 0 13 * fri" }, "UTC", "2026-02-01T00:00:00Z", ["2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"]);
});

test("wall times that a change of the clock skips come right after, and repeated ones once", () => {
  const daily: Rule = { every: "days", count: 1, hour: 2, minute: 30 };
  // The clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October.
  check(daily, "Europe/Vienna", "2026-03-28T12:00:00Z", ["2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"]);
  check(daily, "Europe/Vienna", "2026-10-24T12:00:00Z", ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]);
  check({ every: "hours", count: 1, minute: 30 }, "Europe/Vienna", "2026-10-25T00:00:00Z", ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]);
});

test("longer intervals keep their distance over a change of the clock", () => {
  let at = Date.parse("2026-03-20T00:00:00Z");
  const days = Array.from({ length: 5 }, () => {
    at = nextDue({ every: "days", count: 3, hour: 7, minute: 0 }, at, "Europe/Vienna") ?? 0;
    return new Date(at).getUTCDate() + new Date(at).getUTCMonth() * 31;
  });
  expect(days.slice(1).map((day, index) => day - (days[index] ?? 0))).toEqual([3, 3, 3, 3]);
});

test("what only the server can read is not guessed", () => {
  expect(nextDue({ every: "cron", expression: "0 0 L * *" }, 0, "UTC")).toBeNull();
  expect(nextDue({ every: "cron", expression: "0 0 30 2 *" }, 0, "UTC")).toBeNull();
  expect(nextDue({ every: "days", count: 1 }, 0, "Nowhere/Atlantis")).toBeNull();
  expect(nextDue({ every: "blue moon" }, 0, "UTC")).toBeNull();
});

test("rules in words", () => {
  expect(ruleText({ every: "days", count: 1, hour: 3, minute: 5 })).toBe("every day at 03:05");
  expect(ruleText({ every: "minutes", count: 15 })).toBe("every 15 minutes");
  expect(ruleText({ every: "cron", expression: "0 8 * * 1-5" })).toBe("0 8 * * 1-5");
});

//! When a schedule is due, and what it says in plain words. The server's own rules (`inbound::schedule`), so that what is
//! promised here comes: intervals are counted from 1970 in the schedule's time zone, weeks begin on Sunday, a shorter
//! month takes its last day, and a time that the clock skips is due right after it.

import { Cron } from "croner";

import { isList, type JsonObject } from "../../../canvas/graph/json";

const DAY = 86_400_000;
export const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const formats = new Map<string, Intl.DateTimeFormat>();

/** Time of the wall clock in a zone at an instant, as if that were UTC. */
function wall(at: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map((one) => [one.type, Number(one.value)]));
  return Date.UTC(part["year"] ?? 0, (part["month"] ?? 1) - 1, part["day"], part["hour"], part["minute"], part["second"]);
}

/** The instant of a wall time. One that is repeated is the first of both; one that is skipped is due right after. */
function instant(local: number, zone: string): number {
  const [before, after] = [local - DAY, local + DAY].map((at) => wall(at, zone) - at) as [number, number];
  if (wall(local - before, zone) === local) return local - before;
  return wall(local - after, zone) === local ? local - after : local - before;
}

export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

function number(rule: JsonObject, name: string, otherwise: number): number {
  const value = rule[name];
  return typeof value === "number" && Number.isInteger(value) ? value : otherwise;
}

/** Every `count`th unit from 1970 on: the one of `after` and those that follow, until one is due. */
function search(first: number, count: number, after: number, zone: string, local: (unit: number) => number): number | undefined {
  for (let unit = Math.floor(first / count) * count, tries = 0; tries < 4; tries += 1, unit += count) {
    const due = instant(local(unit), zone);
    if (due > after) return due;
  }
  return undefined;
}

/** The first time after `after` at which a rule is due; none when it never is. */
export function next(rule: JsonObject, after: number, zone: string): number | undefined {
  const [count, hour, minute] = [number(rule, "count", 1), number(rule, "hour", 0), number(rule, "minute", 0)];
  if (count < 1) return undefined;
  const clock = hour * 3_600_000 + minute * 60_000;
  const here = wall(after, zone);
  const today = Math.floor(here / DAY);
  switch (rule["every"]) {
    case "seconds":
    case "minutes": {
      const step = count * (rule["every"] === "seconds" ? 1_000 : 60_000);
      return (Math.floor(after / step) + 1) * step;
    }
    case "hours": {
      if (count > 1) return search(Math.floor(here / 3_600_000), count, after, zone, (unit) => unit * 3_600_000 + minute * 60_000);
      let due = after - (here - Math.floor(here / 3_600_000) * 3_600_000) - (after % 1_000) + minute * 60_000;
      while (due <= after) due += 3_600_000;
      return due;
    }
    case "days":
      return search(today, count, after, zone, (day) => day * DAY + clock);
    case "weeks": {
      const week = Math.floor((today + 4) / 7);
      const days = isList(rule["days"]) ? rule["days"].map(Number) : [];
      const due = days.flatMap((day) => search(week, count, after, zone, (unit) => (unit * 7 - 4 + day) * DAY + clock) ?? []);
      return due.length === 0 ? undefined : Math.min(...due);
    }
    case "months": {
      const now = new Date(here);
      return search(now.getUTCFullYear() * 12 + now.getUTCMonth(), count, after, zone, (month) => {
        const last = new Date(Date.UTC(0, 0)).setUTCFullYear(Math.floor(month / 12), (month % 12) + 1, 0);
        const day = Math.min(number(rule, "day", 1), new Date(last).getUTCDate());
        return Date.UTC(Math.floor(month / 12), month % 12, day) + clock;
      });
    }
    case "cron":
      try {
        return new Cron(String(rule["expression"] ?? ""), { timezone: zone, paused: true }).nextRun(new Date(after))?.getTime();
      } catch {
        return undefined;
      }
    default:
      return undefined;
  }
}

/** The next times at which any of the rules is due. Two rules that are due at once start two runs, and count twice. */
export function nextTimes(rules: readonly JsonObject[], after: number, zone: string, most = 5): number[] {
  const all = rules.flatMap((rule) => {
    const times: number[] = [];
    for (let at = next(rule, after, zone); at !== undefined && times.length < most; at = next(rule, at, zone)) times.push(at);
    return times;
  });
  return all.sort((one, other) => one - other).slice(0, most);
}

/** What is wrong with a cron expression. */
export function cronFault(expression: string): string | undefined {
  const fields = expression.trim().split(/\s+/).filter(Boolean).length;
  if (fields !== 5 && fields !== 6) return "five fields are expected: minute, hour, day, month, weekday; or six with the second in front";
  try {
    return new Cron(expression, { paused: true }) && undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "no cron expression";
  }
}

const two = (value: number): string => String(value).padStart(2, "0");

function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

/** A rule in plain words. */
export function inWords(rule: JsonObject): string {
  const count = number(rule, "count", 1);
  const every = String(rule["every"]);
  const each = count === 1 ? `Every ${every.replace(/s$/, "")}` : `Every ${count} ${every}`;
  const at = `at ${two(number(rule, "hour", 0))}:${two(number(rule, "minute", 0))}`;
  switch (every) {
    case "hours":
      return `${each}, ${two(number(rule, "minute", 0))} past`;
    case "days":
      return `${each} ${at}`;
    case "weeks": {
      const days = isList(rule["days"]) ? rule["days"].map(Number).sort((one, other) => ((one + 6) % 7) - ((other + 6) % 7)) : [];
      if (days.length === 0) return "Never: no day is chosen";
      const names = days.join() === "1,2,3,4,5" ? "weekdays" : days.length === 7 ? "every day" : listed(days.map((day) => WEEKDAYS[day] ?? String(day)));
      return `${each} on ${names} ${at}`;
    }
    case "months":
      return `${each} on day ${number(rule, "day", 1)} ${at}${number(rule, "day", 1) > 28 ? "; on the last day of a shorter one" : ""}`;
    case "cron":
      return `Whenever \`${String(rule["expression"] ?? "")}\` is due`;
    default:
      return each;
  }
}

//! When schedules are due next, by the server's own rules: intervals are counted from 1970 in the schedule's time zone.
//! A wall time that a change of the clock skips is due right after it.

export interface Rule {
  every: string;
  count?: number;
  day?: number;
  days?: number[];
  hour?: number;
  minute?: number;
  expression?: string;
}

interface Wall {
  /** Days since 1970 on the calendar of the zone. */
  day: number;
  hour: number;
  minute: number;
}

const DAY = 86_400_000;
/** Days that are looked through for a date that comes seldom, the 29th of February among them. */
const FAR = 366 * 8;

/** The first due time after `after`; null when there is none, or when the rule is one that only the server can read. */
export function nextDue(rule: Rule, after: number, zone: string): number | null {
  const count = rule.count ?? 1;
  if (!(count >= 1)) return null;
  const now = wallOf(after, zone);
  if (now === null) return null;
  const at = (day: number): number => utcOf({ day, hour: rule.hour ?? 0, minute: rule.minute ?? 0 }, zone);
  switch (rule.every) {
    case "seconds":
      return multiple(after, count * 1_000);
    case "minutes":
      return multiple(after, count * 60_000);
    case "hours": {
      if (count === 1) return everyHour(after, rule.minute ?? 0, now.minute);
      return first(now.day * 24 + now.hour, count, after, (hour) => utcOf({ day: Math.floor(hour / 24), hour: hour % 24, minute: rule.minute ?? 0 }, zone));
    }
    case "days":
      return first(now.day, count, after, at);
    case "weeks": {
      // Weeks begin on Sunday; 1970-01-01 was a Thursday.
      const times = (rule.days ?? []).map((weekday) => first(Math.floor((now.day + 4) / 7), count, after, (week) => at(week * 7 - 4 + weekday)));
      return times.length === 0 ? null : Math.min(...times);
    }
    case "months": {
      const date = new Date(now.day * DAY);
      return first(date.getUTCFullYear() * 12 + date.getUTCMonth(), count, after, (month) => {
        const [year, index] = [Math.floor(month / 12), month % 12];
        const day = Math.min(rule.day ?? 1, new Date(Date.UTC(year, index + 1, 0)).getUTCDate());
        return at(Date.UTC(year, index, day) / DAY);
      });
    }
    case "cron":
      return nextCron(rule.expression ?? "", after, now.day, zone);
    default:
      return null;
  }
}

function multiple(after: number, step: number): number {
  return (Math.floor(after / step) + 1) * step;
}

function everyHour(after: number, minute: number, wallMinute: number): number {
  const start = Math.floor(after / 60_000) * 60_000 + (minute - wallMinute) * 60_000;
  return start > after ? start : start + 3_600_000;
}

/** The first time after `after` among those of every `count`th unit, counted from 1970. */
function first(unit: number, count: number, after: number, at: (unit: number) => number): number {
  let now = Math.ceil(unit / count) * count;
  while (at(now) <= after) now += count;
  return at(now);
}

function nextCron(expression: string, after: number, today: number, zone: string): number | null {
  const cron = cronOf(expression);
  if (cron === null) return null;
  for (let day = today; day < today + FAR; day += 1) {
    const date = new Date(day * DAY);
    if (!cron.months.has(date.getUTCMonth() + 1)) continue;
    const [inMonth, inWeek] = [cron.days.has(date.getUTCDate()), cron.weekdays.has(date.getUTCDay())];
    // Where both are given, either is enough.
    if (cron.eitherDay ? !(inMonth || inWeek) : !(inMonth && inWeek)) continue;
    for (const hour of cron.hours) {
      for (const minute of cron.minutes) {
        const time = utcOf({ day, hour, minute }, zone);
        const found = cron.seconds.map((second) => time + second * 1_000).find((second) => second > after);
        if (found !== undefined) return found;
      }
    }
  }
  return null;
}

interface Cron {
  seconds: number[];
  minutes: number[];
  hours: number[];
  days: Set<number>;
  months: Set<number>;
  weekdays: Set<number>;
  eitherDay: boolean;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** An expression of five or six fields; null for words and signs beyond the common ones. */
function cronOf(expression: string): Cron | null {
  const fields = expression.trim().toLowerCase().split(/\s+/);
  if (fields.length === 5) fields.unshift("0");
  const [second, minute, hour, day, month, weekday] = fields;
  if (fields.length !== 6 || second === undefined || minute === undefined || hour === undefined || day === undefined || month === undefined || weekday === undefined) return null;
  const lists = [span(second, 0, 59), span(minute, 0, 59), span(hour, 0, 23), span(day, 1, 31), span(month, 1, 12, MONTHS, 1), span(weekday, 0, 7, WEEKDAYS)];
  const [seconds, minutes, hours, days, months, weekdays] = lists;
  if (!seconds || !minutes || !hours || !days || !months || !weekdays) return null;
  return { seconds, minutes, hours, days: new Set(days), months: new Set(months), weekdays: new Set(weekdays.map((day) => day % 7)), eitherDay: !/^[*?]/.test(day) && !/^[*?]/.test(weekday) };
}

function span(text: string, least: number, most: number, names: readonly string[] = [], from = 0): number[] | null {
  const found = new Set<number>();
  const read = (word: string): number => (names.includes(word) ? names.indexOf(word) + from : /^\d+$/.test(word) ? Number(word) : NaN);
  for (const part of text.split(",")) {
    const [range = "", step = "1", ...more] = part.split("/");
    const [low = "", high, ...rest] = range.split("-");
    const whole = range === "*" || range === "?";
    const begin = whole ? least : read(low);
    const end = whole || (high === undefined && part.includes("/")) ? most : read(high ?? low);
    const by = Number(step);
    if (more.length > 0 || rest.length > 0 || !(begin >= least && end <= most && begin <= end && by >= 1)) return null;
    for (let value = begin; value <= end; value += by) found.add(value);
  }
  return [...found].sort((one, other) => one - other);
}

const formats = new Map<string, Intl.DateTimeFormat | null>();

/** The clock on the wall of a zone; null when this browser knows no such zone. */
function wallOf(at: number, zone: string): Wall | null {
  let format = formats.get(zone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" });
    } catch {
      format = null;
    }
    formats.set(zone, format);
  }
  if (format === null) return null;
  const parts = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, Number(part.value)]));
  return { day: Date.UTC(parts["year"] ?? 1970, (parts["month"] ?? 1) - 1, parts["day"] ?? 1) / DAY, hour: parts["hour"] ?? 0, minute: parts["minute"] ?? 0 };
}

/** The moment at which a clock on the wall shows this. */
function utcOf(wall: Wall, zone: string): number {
  const shown = wall.day * DAY + wall.hour * 3_600_000 + wall.minute * 60_000;
  const offset = (at: number): number => {
    const there = wallOf(at, zone);
    return there === null ? 0 : there.day * DAY + there.hour * 3_600_000 + there.minute * 60_000 - Math.floor(at / 60_000) * 60_000;
  };
  // The offset of the moment before a change of the clock leads behind the hour that it skips, and to the first of two.
  const before = offset(shown - DAY);
  const guess = shown - before;
  const after = offset(guess);
  return after === before || offset(shown - after) !== after ? guess : shown - after;
}

/** A rule in words. */
export function ruleText(rule: Rule): string {
  const { count = 1, hour = 0, minute = 0 } = rule;
  const clock = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  const every = (unit: string): string => (count === 1 ? `every ${unit}` : `every ${String(count)} ${unit}s`);
  switch (rule.every) {
    case "seconds":
      return every("second");
    case "minutes":
      return every("minute");
    case "hours":
      return `${every("hour")}, at minute ${String(minute)}`;
    case "days":
      return `${every("day")} at ${clock}`;
    case "weeks":
      return `${every("week")} at ${clock}`;
    case "months":
      return `${every("month")} on the ${String(rule.day ?? 1)}. at ${clock}`;
    default:
      return rule.expression ?? rule.every;
  }
}

// Writes tests/dates.json: expressions over dates and numbers with the answers of node and the real Luxon.
// Run with `LUXON=<a file beside node_modules/luxon> TZ=UTC node tests/dates.mjs` when rows are added (node 20).
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
const luxon = createRequire(process.env.LUXON ?? import.meta.url)("luxon");
const { DateTime, Duration, Interval, Settings, Info, IANAZone } = luxon;
const now = 1700000000000;
Settings.now = () => now;
Settings.defaultZone = "Europe/Berlin";
Settings.defaultLocale = "en-US";
const rows = [];
const add = (source) => rows.push(source);

const zones = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "UTC", "Asia/Tokyo",
  "America/Sao_Paulo", "Pacific/Apia", "Europe/London", "America/Los_Angeles"];
for (const zone of zones) {
  for (const at of [0, 1711846800000, 1710054000000, 1730595600000, 946684799000, 1720000000123, -2000000000000]) {
    add(`DateTime.fromMillis(${at}, { zone: "${zone}" }).toISO()`);
  }
  add(`DateTime.fromISO("2024-03-10T02:30", { zone: "${zone}" }).toISO()`);
  add(`DateTime.fromISO("2024-11-03T01:30", { zone: "${zone}" }).plus({ hours: 1 }).toISO()`);
  add(`DateTime.fromISO("2024-03-30T12:00", { zone: "${zone}" }).plus({ days: 1 }).toISO()`);
  add(`DateTime.fromISO("2024-03-30T12:00", { zone: "${zone}" }).plus({ hours: 24 }).toISO()`);
  add(`DateTime.fromISO("2024-07-01", { zone: "${zone}" }).isInDST`);
  add(`DateTime.fromISO("2024-07-01T05:06:07Z").setZone("${zone}").toFormat("yyyy-MM-dd HH:mm:ss ZZ z")`);
  add(`DateTime.fromISO("2024-07-01T05:06:07Z").setZone("${zone}").toFormat("ZZZZ")`);
  add(`DateTime.fromISO("2024-01-01T05:06:07Z").setZone("${zone}").toFormat("ZZZZ")`);
  add(`new Date(1720000000123).toLocaleString("en-US", { timeZone: "${zone}" })`);
  add(`new Date(1720000000123).toLocaleString("de-DE", { timeZone: "${zone}", dateStyle: "full", timeStyle: "short" })`);
  add(`DateTime.fromISO("2024-02-29", { zone: "${zone}" }).diff(DateTime.fromISO("2023-01-15", { zone: "${zone}" }), ["years", "months", "days"]).toObject()`);
}
for (const format of ["D", "DD", "DDD", "DDDD", "t", "tt", "ttt", "T", "TT", "TTT", "f", "ff", "fff", "ffff", "F", "FF", "FFF", "yyyy LLL dd",
  "yyyy LLLL dd", "ccc", "cccc", "EEE", "EEEE", "h:mm a", "hh:mm a", "HH:mm:ss.SSS", "kkkk-'W'WW-c", "o", "ooo", "q", "X", "x", "yy", "y",
  "d MMMM yyyy", "MMM", "MM", "M", "LL", "L", "u", "uuu", "S", "ZZZ", "Z", "G", "GG", "EEEEE", "MMMMM", "n", "'quoted'"]) {
  for (const zone of ["UTC", "America/New_York"]) {
    add(`DateTime.fromISO("2024-07-04T15:06:07.089", { zone: "${zone}" }).toFormat("${format}")`);
  }
}
const locales = ["en-US", "en-GB", "de-DE", "de", "fr-FR", "fr", "es-ES", "es", "it-IT", "pt-BR", "nl-NL", "pl-PL", "sv-SE", "ru-RU", "ja-JP", "zh-CN",
  "ko-KR", "tr-TR", "cs-CZ", "da-DK", "en-IN", "en-CA", "en-AU", "fi-FI", "uk-UA", "hu-HU"];
const dateOptions = [
  "{}", '{ dateStyle: "full" }', '{ dateStyle: "long" }', '{ dateStyle: "medium" }', '{ dateStyle: "short" }',
  '{ dateStyle: "medium", timeStyle: "short" }', '{ dateStyle: "short", timeStyle: "medium" }', '{ timeStyle: "short" }',
  '{ year: "numeric", month: "long", day: "numeric" }', '{ year: "numeric", month: "short", day: "2-digit" }',
  '{ year: "numeric", month: "2-digit", day: "2-digit" }', '{ weekday: "long" }', '{ weekday: "short", day: "numeric", month: "short" }',
  '{ month: "long" }', '{ month: "long", year: "numeric" }', '{ hour: "2-digit", minute: "2-digit" }', '{ hour: "numeric", hour12: true }',
  '{ weekday: "long", year: "numeric", month: "long", day: "numeric" }',
  '{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }',
  '{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false }',
  '{ year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "2-digit" }',
  '{ month: "short", day: "numeric" }', '{ day: "numeric" }', '{ year: "numeric" }', '{ year: "2-digit", month: "numeric" }',
  '{ hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }', '{ minute: "2-digit", second: "2-digit" }',
];
for (const locale of locales) {
  for (const options of dateOptions) add(`new Date(1720105567089).toLocaleString("${locale}", ${options})`);
  add(`new Date(1720105567089).toLocaleDateString("${locale}")`);
  add(`new Date(1720105567089).toLocaleTimeString("${locale}")`);
  for (const value of ["0", "1234.5", "1234567.891", "-0.5", "1.005", "12345", "0.1 + 0.2", "1e21"]) add(`(${value}).toLocaleString("${locale}")`);
  for (const options of ['{ style: "currency", currency: "USD" }', '{ style: "currency", currency: "EUR" }', '{ style: "currency", currency: "JPY" }',
    '{ style: "percent" }', '{ minimumFractionDigits: 2 }', '{ maximumFractionDigits: 0 }', '{ style: "currency", currency: "EUR", maximumFractionDigits: 0 }',
    '{ maximumSignificantDigits: 3 }', '{ useGrouping: false }']) {
    add(`new Intl.NumberFormat("${locale}", ${options}).format(1234.567)`);
    add(`new Intl.NumberFormat("${locale}", ${options}).format(-1234567.005)`);
  }
  add(`new Intl.RelativeTimeFormat("${locale}", { numeric: "auto" }).format(-1, "day")`);
  add(`new Intl.RelativeTimeFormat("${locale}").format(3, "month")`);
  add(`new Intl.RelativeTimeFormat("${locale}").format(-5, "year")`);
  add(`new Intl.ListFormat("${locale}").format(["a", "b", "c"])`);
  add(`DateTime.fromMillis(1720105567089).setLocale("${locale}").toLocaleString(DateTime.DATETIME_MED)`);
  add(`DateTime.fromMillis(1720105567089).setLocale("${locale}").toFormat("cccc d LLLL yyyy")`);
  add(`DateTime.fromMillis(${now} - 86400000 * 40).setLocale("${locale}").toRelative()`);
  add(`Duration.fromObject({ hours: 2, minutes: 1 }).reconfigure({ locale: "${locale}" }).toHuman()`);
}
for (const notation of ["999", "1000", "1234", "15300", "999999", "1500000", "2000000000"]) {
  add(`new Intl.NumberFormat("en-US", { notation: "compact" }).format(${notation})`);
  add(`new Intl.NumberFormat("de-DE", { notation: "compact", compactDisplay: "long" }).format(${notation})`);
}
for (const preset of ["DATE_SHORT", "DATE_MED", "DATE_MED_WITH_WEEKDAY", "DATE_FULL", "DATE_HUGE", "TIME_SIMPLE", "TIME_WITH_SECONDS",
  "TIME_WITH_SHORT_OFFSET", "TIME_WITH_LONG_OFFSET", "TIME_24_SIMPLE", "TIME_24_WITH_SECONDS", "DATETIME_SHORT", "DATETIME_MED", "DATETIME_FULL",
  "DATETIME_HUGE", "DATETIME_SHORT_WITH_SECONDS", "DATETIME_MED_WITH_SECONDS", "DATETIME_FULL_WITH_SECONDS", "DATETIME_HUGE_WITH_SECONDS"]) {
  for (const zone of ["UTC", "America/New_York", "Europe/Berlin"]) add(`DateTime.fromISO("2024-07-04T15:06:07", { zone: "${zone}" }).toLocaleString(DateTime.${preset})`);
}
for (const source of [
  'DateTime.now().toISO()', 'DateTime.local(2024, 2, 30).isValid', 'DateTime.fromISO("2024-W10-3").toISODate()', 'DateTime.fromISO("nope").invalidReason',
  'DateTime.fromFormat("04/07/2024 3:06 PM", "dd/MM/yyyy h:mm a").toISO()', 'DateTime.fromFormat("July 4 2024", "MMMM d yyyy").toISODate()',
  'DateTime.fromFormat("4 juillet 2024", "d MMMM yyyy", { locale: "fr" }).toISODate()', 'DateTime.fromRFC2822("Tue, 01 Nov 2016 13:23:12 +0630").toISO()',
  'DateTime.fromHTTP("Sun, 06 Nov 1994 08:49:37 GMT").toISO()', 'DateTime.fromSQL("2017-05-15 09:12:34").toISO()', 'DateTime.fromSeconds(1720000000).toISO()',
  'DateTime.fromISO("2024-07-04").startOf("week").toISODate()', 'DateTime.fromISO("2024-07-04").endOf("quarter").toISO()',
  'DateTime.fromISO("2024-07-04").set({ month: 2 }).toISODate()', 'DateTime.fromISO("2024-01-31").plus({ months: 1 }).toISODate()',
  'DateTime.fromISO("2024-07-04").weekNumber', 'DateTime.fromISO("2024-07-04").ordinal', 'DateTime.fromISO("2024-07-04").daysInMonth',
  'DateTime.fromISO("2024-07-04T10:00").toRelative()', 'DateTime.now().minus({ hours: 3 }).toRelative()', 'DateTime.now().plus({ days: 1 }).toRelativeCalendar()',
  'DateTime.now().minus({ weeks: 2 }).toRelative({ style: "short" })', 'DateTime.fromISO("2024-07-04").toSQL()', 'DateTime.fromISO("2024-07-04").toHTTP()',
  'DateTime.fromISO("2024-07-04").toRFC2822()', 'DateTime.fromISO("2024-07-04").toUnixInteger()', 'DateTime.fromISO("2024-07-04").toObject()',
  'DateTime.fromISO("2024-07-04").hasSame(DateTime.fromISO("2024-07-30"), "month")', 'Duration.fromISO("PT1H30M").toFormat("hh:mm")',
  'Duration.fromObject({ minutes: 90 }).shiftTo("hours", "minutes").toObject()', 'Duration.fromMillis(3723000).toHuman()', 'Duration.fromObject({ days: 1.5 }).rescale().toISO()',
  'Interval.fromDateTimes(DateTime.fromISO("2024-01-01"), DateTime.fromISO("2024-02-01")).length("days")', 'Interval.fromISO("2024-01-01/P1M").toISODate()',
  'Interval.fromISO("2024-01-01/P1W").splitBy({ days: 2 }).length', 'Info.months("short")', 'Info.weekdays("long", { locale: "de" })', 'Info.meridiems()', 'Info.eras("long")',
  'Info.hasDST("Europe/Berlin")', 'IANAZone.isValidZone("Europe/Nowhere")', 'DateTime.fromISO("2024-07-04", { zone: "Nope/Zone" }).isValid',
  'DateTime.fromISO("2024-07-04T10:00+05:30", { setZone: true }).toISO()', 'DateTime.utc(2024, 7, 4, 10).setZone("UTC+3").toISO()', 'JSON.stringify({ at: DateTime.fromMillis(0) })',
  'DateTime.max(DateTime.fromISO("2024-01-01"), DateTime.fromISO("2024-02-01")).toISODate()', 'String(new Date(0))', 'new Date(0).toString()', 'new Date("2024-07-04").toDateString()',
  'new Date("July 4, 2024 10:00:00").toISOString()', 'new Date("2024/07/04").toISOString()', 'new Date("Thu, 04 Jul 2024 10:00:00 GMT").getTime()', 'new Date("2024-07-04T10:00:00+02:00").toJSON()',
  'new Intl.DateTimeFormat("en-US", { timeZone: "America/New_York", timeZoneName: "short" }).format(0)', 'new Intl.DateTimeFormat("en-US", { timeZone: "Asia/Kolkata", timeZoneName: "long", hour: "numeric" }).format(0)',
  'new Intl.DateTimeFormat("en-CA").format(0)', 'new Intl.DateTimeFormat("sv-SE").format(0)', 'new Intl.DateTimeFormat("en-US", { hour: "numeric", hour12: false }).format(new Date(0))',
  'new Intl.DateTimeFormat("en-US", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: "Asia/Tokyo" }).formatToParts(0)', 'Intl.DateTimeFormat().resolvedOptions().timeZone',
  'new Intl.PluralRules("en-US", { type: "ordinal" }).select(22)', 'new Intl.PluralRules("pl-PL").select(3)', '["ä", "a", "z", "Z", "A", "1", "10", "2", "_"].sort((a, b) => a.localeCompare(b))',
  '["a10", "a2", "a1"].sort(new Intl.Collator("en", { numeric: true }).compare)', '"a".localeCompare("A", undefined, { sensitivity: "base" })', '"résumé".localeCompare("resume")',
]) add(source);

const table = rows.map((source) => {
  try {
    const value = new Function("DateTime", "Duration", "Interval", "Info", "IANAZone", `return (${source})`)(DateTime, Duration, Interval, Info, IANAZone);
    return [source, value === undefined ? null : JSON.parse(JSON.stringify(value))];
  } catch (error) {
    return [source, `throws ${error.name}`];
  }
});
writeFileSync(new URL("./dates.json", import.meta.url), "[\n" + table.map((row) => JSON.stringify(row)).join(",\n") + "\n]\n");
console.log(table.length, "rows");

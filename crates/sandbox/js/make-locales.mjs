// Writes js/locales/*.json: words and patterns of each locale, read from node's own Intl (Unicode CLDR data).
// Run with `node js/make-locales.mjs` when the list of locales or the shape changes.
import { writeFileSync } from "node:fs";

const locales = ["en-US", "en-GB", "en-AU", "en-CA", "en-IN", "de-DE", "de-AT", "de-CH", "fr-FR", "fr-CA", "es-ES", "es-MX",
  "pt-BR", "pt-PT", "it-IT", "nl-NL", "pl-PL", "sv-SE", "da-DK", "nb-NO", "fi-FI", "cs-CZ", "ru-RU", "uk-UA", "tr-TR",
  "hu-HU", "ro-RO", "id-ID", "ja-JP", "zh-CN", "ko-KR"];
const currencies = ["USD", "EUR", "GBP", "JPY", "CNY", "INR", "BRL", "CHF", "CAD", "AUD", "NZD", "MXN", "PLN", "SEK", "NOK",
  "DKK", "CZK", "HUF", "RUB", "TRY", "KRW", "ZAR", "SGD", "HKD", "ILS", "THB", "UAH", "RON"];
const zone = "UTC";
// Wednesday 5 September 2007, 03:04:09: a month whose long and short names differ nearly everywhere.
const probe = new Date(Date.UTC(2007, 8, 5, 3, 4, 9));
const range = (count) => [...Array(count).keys()];

for (const locale of locales) {
  const parts = (options, date = probe) => new Intl.DateTimeFormat(locale, { timeZone: zone, ...options }).formatToParts(date);
  const part = (type, options, date) => parts(options, date).find((entry) => entry.type === type)?.value ?? "";
  const monthDate = (month) => new Date(Date.UTC(2007, month, 5));
  const styles = ["long", "short", "narrow"];
  const months = {}, monthsAlone = {}, days = {}, daysAlone = {}, eras = {};
  for (const style of styles) {
    months[style] = range(12).map((month) => part("month", { month: style, day: "numeric" }, monthDate(month)));
    monthsAlone[style] = range(12).map((month) => part("month", { month: style }, monthDate(month)));
    const dayDate = (day) => new Date(Date.UTC(2007, 2, 5 + day));
    days[style] = range(7).map((day) => part("weekday", { weekday: style, day: "numeric", month: "numeric" }, dayDate(day)));
    daysAlone[style] = range(7).map((day) => part("weekday", { weekday: style }, dayDate(day)));
    eras[style] = [new Date(Date.UTC(-5, 1, 1)), probe].map((date) => part("era", { era: style, year: "numeric" }, date));
  }
  const code = (entry, options) => {
    const { type, value } = entry;
    const escape = (text) => text.replaceAll("{", "").replaceAll("}", "");
    switch (type) {
      case "literal": return escape(value);
      case "weekday":
        if (!options.weekday && value !== days.long[2] && value === daysAlone.long[2]) return "{Wa}";
        return `{W${options.weekday?.[0] ?? (value === days.long[2] ? "l" : value === days.short[2] ? "s" : "n")}}`;
      case "year": return value.length === 2 ? "{YY}" : "{Y}";
      case "month": {
        if (/^\d+$/.test(value)) return value.length === 2 ? "{MM}" : "{M}";
        const wanted = options.month?.[0];
        if (["l", "s"].includes(wanted)) return `{M${wanted}}`;
        if (options.month === "narrow") return "{Mn}";
        return months.long[8] === value ? "{Ml}" : "{Ms}";
      }
      case "day": return value.length === 2 ? "{DD}" : "{D}";
      case "hour": return value.length === 2 ? "{hh}" : "{h}";
      case "minute": return value.length === 2 ? "{mm}" : "{m}";
      case "second": return value.length === 2 ? "{ss}" : "{s}";
      case "dayPeriod": return "{p}";
      case "era": return `{E${options.era?.[0] ?? "s"}}`;
      case "timeZoneName": return "{z}";
      default: return escape(value);
    }
  };
  const pattern = (options) => parts(options).map((entry) => code(entry, options)).join("");

  // Each combination of fields has a letter per field; equal patterns are stored once.
  const list = [];
  const index = new Map();
  const date = {};
  const remember = (key, text) => {
    if (!index.has(text)) { index.set(text, list.length); list.push(text); }
    date[key] = index.get(text);
  };
  const widths = { w: [undefined, "long", "short", "narrow"], y: [undefined, "numeric", "2-digit"],
    m: [undefined, "numeric", "2-digit", "long", "short", "narrow"], d: [undefined, "numeric", "2-digit"] };
  for (const weekday of widths.w) for (const year of widths.y) for (const month of widths.m) for (const day of widths.d) {
    if (!weekday && !year && !month && !day) continue;
    // Rare mixtures follow the nearest common one.
    if (weekday === "narrow" || month === "narrow") { if (weekday && month && year) continue; }
    const letter = (value) => (value === undefined ? "-" : value === "narrow" ? "w" : value[0]);
    const options = { weekday, year, month, day };
    remember([weekday, year, month, day].map(letter).join(""), pattern(options));
  }
  for (const style of styles) remember(`E${style[0]}y`, pattern({ era: style, year: "numeric" }));
  remember("Eymd", pattern({ era: "short", year: "numeric", month: "numeric", day: "numeric" }));
  remember("Eylong", pattern({ era: "short", year: "numeric", month: "long", day: "numeric" }));
  const time = {};
  const rememberTime = (key, text) => {
    if (!index.has(text)) { index.set(text, list.length); list.push(text); }
    time[key] = index.get(text);
  };
  for (const hour of [undefined, "numeric", "2-digit"]) for (const minute of [undefined, "numeric", "2-digit"])
    for (const second of [undefined, "numeric", "2-digit"]) for (const hour12 of [true, false]) {
      if (!hour && !minute && !second) continue;
      if (!hour && hour12) continue;
      if (minute === "2-digit" && !hour && second) continue;
      const letter = (value) => (value === undefined ? "-" : value[0]);
      rememberTime([hour, minute, second].map(letter).join("") + (hour ? (hour12 ? "a" : "b") : ""),
        pattern({ hour, minute, second, ...(hour ? (hour12 ? { hour12: true } : { hourCycle: "h23" }) : {}) }));
    }
  const style = { date: {}, time: {} };
  for (const name of ["full", "long", "medium", "short"]) {
    style.date[name] = parts({ dateStyle: name }).map((entry) => code(entry, {})).join("");
    style.time[name] = parts({ timeStyle: name }).map((entry) => code(entry, {})).join("");
  }
  const between = (options) => {
    const found = parts(options);
    const firstTime = found.findIndex((entry) => ["hour", "dayPeriod"].includes(entry.type));
    const join = found[firstTime - 1]?.type === "literal" ? found[firstTime - 1].value : " ";
    // What ends the date (as in Japanese) belongs to the date.
    const { hour: _, minute: __, hourCycle: ___, timeStyle: ____, ...only } = options;
    const last = parts(only).at(-1);
    return last.type === "literal" && join.startsWith(last.value) ? join.slice(last.value.length) : join;
  };
  const joins = {
    numeric: between({ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" }),
    short: between({ year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" }),
    long: between({ year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" }),
    weekday: between({ weekday: "long", year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" }),
    alone: between({ weekday: "long", hour: "numeric", minute: "numeric", hourCycle: "h23" }),
    full: between({ dateStyle: "full", timeStyle: "short" }),
    styleLong: between({ dateStyle: "long", timeStyle: "short" }),
    medium: between({ dateStyle: "medium", timeStyle: "short" }),
    styleShort: between({ dateStyle: "short", timeStyle: "short" }),
  };
  const numbers = (value, options) => new Intl.NumberFormat(locale, options).formatToParts(value);
  const find = (value, type, options) => numbers(value, options).find((entry) => entry.type === type)?.value ?? "";
  const shape = (value, options) =>
    numbers(value, options).map((entry) =>
      ["integer", "decimal", "fraction", "group"].includes(entry.type) ? "\u0000"
        : entry.type === "currency" ? "¤" : entry.value).join("").replace(/\0+/g, "{0}");
  const symbols = {};
  for (const currency of currencies) {
    const options = { style: "currency", currency };
    symbols[currency] = [find(1, "currency", options), find(1, "currency", { ...options, currencyDisplay: "narrowSymbol" }),
      find(1, "currency", { ...options, currencyDisplay: "name" }), find(2, "currency", { ...options, currencyDisplay: "name" })];
  }
  const compact = {};
  for (const display of ["short", "long"]) {
    compact[display] = range(13).slice(3).map((power) => {
      const found = numbers(2 * 10 ** power, { notation: "compact", compactDisplay: display });
      const integer = found.filter((entry) => ["integer", "group"].includes(entry.type)).map((entry) => entry.value).join("").replace(/\D/g, "");
      const shapeOf = (entries) => entries.map((entry) =>
        (["integer", "group"].includes(entry.type) ? "\0" : entry.value)).join("").replace(/\0+/g, "{0}");
      const one = shapeOf(numbers(10 ** power, { notation: "compact", compactDisplay: display }));
      const many = shapeOf(found);
      return one === many || integer.length > 1 ? [integer.length, many] : [1, many, one];
    });
  }
  const plural = new Intl.PluralRules(locale);
  const ordinal = new Intl.PluralRules(locale, { type: "ordinal" });
  const short = { zero: "z", one: "o", two: "t", few: "f", many: "m", other: "x" };
  const table = (rules) => range(200).map((count) => short[rules.select(count)]).join("");
  const samples = {};
  for (const count of [...range(30), 100, 1.5]) samples[short[plural.select(count)]] ??= count;
  const units = {};
  for (const unit of ["year", "month", "week", "day", "hour", "minute", "second", "millisecond", "byte", "kilobyte", "megabyte",
    "gigabyte", "kilometer", "meter", "kilogram", "gram", "liter", "celsius", "percent"]) {
    units[unit] = {};
    for (const display of styles) {
      const forms = {};
      for (const [name, count] of Object.entries(samples)) {
        forms[name] = numbers(count, { style: "unit", unit, unitDisplay: display })
          .map((entry) => (["integer", "decimal", "fraction", "group"].includes(entry.type) ? "\0" : entry.value)).join("").replace(/\0+/g, "{0}");
      }
      units[unit][display] = new Set(Object.values(forms)).size === 1 ? forms.x ?? Object.values(forms)[0] : forms;
    }
  }
  const relative = {};
  for (const unit of ["year", "quarter", "month", "week", "day", "hour", "minute", "second"]) {
    relative[unit] = {};
    for (const display of styles) {
      const always = new Intl.RelativeTimeFormat(locale, { style: display });
      const auto = new Intl.RelativeTimeFormat(locale, { style: display, numeric: "auto" });
      const words = {};
      for (const count of [-2, -1, 0, 1, 2]) {
        const found = auto.formatToParts(count, unit);
        if (found.length === 1 && found[0].type === "literal") words[count] = found[0].value;
      }
      const forms = (sign) => {
        const made = {};
        for (const [name, count] of Object.entries(samples)) {
          made[name] = always.formatToParts(sign * (count || 0), unit)
            .map((entry) => (entry.type === "literal" ? entry.value : "\0")).join("").replace(/\0+/g, "{0}");
          if (count === 0) made[name] = always.formatToParts(sign * 0, unit).map((entry) => (entry.type === "literal" ? entry.value : "\0")).join("").replace(/\0+/g, "{0}");
        }
        return new Set(Object.values(made)).size === 1 ? Object.values(made)[0] : made;
      };
      relative[unit][display] = { words, past: forms(-1), future: forms(1) };
    }
  }
  const lists = {};
  for (const type of ["conjunction", "disjunction", "unit"]) for (const display of styles) {
    const format = (items) => new Intl.ListFormat(locale, { type, style: display }).formatToParts(items)
      .filter((entry) => entry.type === "literal").map((entry) => entry.value);
    const [two] = format(["a", "b"]);
    const [start, middle, end] = format(["a", "b", "c", "d"]);
    lists[`${type[0]}${display[0]}`] = [two, start, middle, end];
  }
  const week = new Intl.Locale(locale).getWeekInfo?.() ?? new Intl.Locale(locale).weekInfo ?? {};
  const out = {
    tag: locale, months, days, eras,
    ...(JSON.stringify(days) === JSON.stringify(daysAlone) ? {} : { daysAlone }),
    ...(JSON.stringify(months) === JSON.stringify(monthsAlone) ? {} : { monthsAlone }),
    dayPeriods: [part("dayPeriod", { hour: "numeric", hour12: true }), part("dayPeriod", { hour: "numeric", hour12: true }, new Date(Date.UTC(2007, 2, 5, 15)))],
    hour12: new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions().hour12,
    // What `hour12: false` calls midnight.
    midnight: Number(part("hour", { hour: "2-digit", hour12: false }, new Date(0))),
    patterns: list, date, time, style, joins,
    week: { firstDay: week.firstDay ?? 1, minimalDays: week.minimalDays ?? 4, weekend: week.weekend ?? [6, 7] },
    number: {
      decimal: find(1.5, "decimal"), group: find(1234567, "group"),
      leastGrouped: numbers(1234).some((entry) => entry.type === "group") ? 1 : 2,
      indian: /^\D*12\D34\D567/.test(new Intl.NumberFormat(locale).format(1234567)),
      minus: find(-1, "minusSign"),
      percent: shape(0.5, { style: "percent" }),
      currency: shape(1.5, { style: "currency", currency: "EUR" }),
      negativeCurrency: shape(-1.5, { style: "currency", currency: "EUR" }),
      currencyGroup: find(1234567, "group", { style: "currency", currency: "EUR" }),
      currencyDecimal: find(1.5, "decimal", { style: "currency", currency: "EUR" }),
      currencyName: shape(2, { style: "currency", currency: "EUR", currencyDisplay: "name" }),
      nan: find(NaN, "nan"), infinity: find(Infinity, "infinity"), symbols, compact,
    },
    plural: table(plural), ordinal: table(ordinal), units, relative, lists,
  };
  writeFileSync(new URL(`./locales/${locale}.json`, import.meta.url), JSON.stringify(out) + "\n");
}

// `Intl` for an engine without it: dates, numbers, relative times, lists, plurals and order of texts, from tables that
// `make-locales.mjs` took out of Unicode CLDR. Gregorian calendar and Latin digits only.
export default function make(native, shared) {
  const fallback = "en-US";
  const tables = new Map();
  const tableOf = (tag) => {
    let table = tables.get(tag);
    if (table === undefined) {
      const text = native.locale(tag);
      table = text === null || text === undefined ? null : JSON.parse(text);
      tables.set(tag, table);
    }
    return table;
  };
  const canonical = (tag) => {
    if (typeof tag === "object" && tag !== null) tag = tag.toString();
    if (typeof tag !== "string") throw new TypeError("Incorrect locale information provided");
    if (!/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/.test(tag)) throw new RangeError(`Incorrect locale information provided`);
    return tag.split(/[-_]/).map((part, index) =>
      index === 0 ? part.toLowerCase() : part.length === 2 && index < 3 ? part.toUpperCase()
        : part.length === 4 && index === 1 ? part[0].toUpperCase() + part.slice(1).toLowerCase() : part).join("-");
  };
  const listOf = (locales) =>
    locales === undefined || locales === null ? [] : (Array.isArray(locales) ? locales : [locales]).map(canonical);
  const resolve = (locales) => {
    for (const tag of listOf(locales)) {
      const plain = tag.replace(/-u-.*$/, "");
      const table = tableOf(plain);
      if (table) return { table, tag: plain, extra: /-hc-(h\d\d)/.exec(tag)?.[1] };
    }
    return { table: tableOf(fallback), tag: fallback };
  };
  const supported = (locales) => listOf(locales).filter((tag) => tableOf(tag.replace(/-u-.*$/, "")));
  const fill = (pattern, text) => pattern.replace("{0}", text);
  const pluralClass = (letters, count) => {
    const absolute = Math.abs(count);
    return letters[absolute < 200 ? absolute : (absolute % 100) + 100];
  };
  const pluralOf = (table, count) => {
    if (Number.isInteger(count)) return pluralClass(table.plural, count);
    const { tag } = table;
    if (/^fr|^pt-BR/.test(tag) && Math.abs(count) < 2) return "o";
    return /^(cs)/.test(tag) ? "m" : "x";
  };
  const choose = (forms, table, count) =>
    typeof forms === "string" ? forms : forms[pluralOf(table, count)] ?? forms.x ?? Object.values(forms)[0];

  // ---- dates ---------------------------------------------------------------------------------------------------------
  const pad = (value, width = 2) => String(value).padStart(width, "0");
  const american = {
    "America/New_York": "Eastern", "America/Detroit": "Eastern", "America/Toronto": "Eastern", "America/Chicago": "Central",
    "America/Winnipeg": "Central", "America/Denver": "Mountain", "America/Phoenix": "Mountain", "America/Edmonton": "Mountain",
    "America/Los_Angeles": "Pacific", "America/Vancouver": "Pacific", "America/Anchorage": "Alaska",
    "Pacific/Honolulu": "Hawaii-Aleutian", "America/Halifax": "Atlantic",
  };
  const central = /^Europe\/(Berlin|Paris|Madrid|Rome|Vienna|Zurich|Amsterdam|Brussels|Copenhagen|Oslo|Stockholm|Prague|Budapest|Warsaw|Belgrade|Zagreb|Ljubljana|Bratislava|Luxembourg|Monaco|Malta|Andorra|Vaduz|San_Marino|Vatican|Sarajevo|Skopje|Tirane|Podgorica|Gibraltar)$/;
  const eastern = /^Europe\/(Athens|Helsinki|Sofia|Bucharest|Riga|Tallinn|Vilnius|Kiev|Kyiv|Chisinau|Mariehamn)$/;
  const zoneName = (table, zone, millis, style) => {
    const minutes = native.offset(zone, millis);
    const daylight = native.isDaylightSaving(zone, millis);
    const english = table.tag.startsWith("en");
    const offset = (prefix, long) => {
      if (minutes === 0 && !long) return prefix;
      if (minutes === 0) return prefix;
      const absolute = Math.abs(Math.round(minutes));
      const hours = Math.floor(absolute / 60);
      const rest = absolute % 60;
      const sign = minutes < 0 ? (prefix === "UTC" ? "−" : "-") : "+";
      return `${prefix}${sign}${long ? pad(hours) : hours}${rest || long ? ":" + pad(rest) : ""}`;
    };
    const long = style === "long" || style === "longOffset" || style === "longGeneric";
    const prefix = table.tag.startsWith("fr") ? "UTC" : "GMT";
    if (style?.endsWith("Offset")) return offset("GMT", long);
    if (zone === "UTC") return long ? (english ? "Coordinated Universal Time" : "UTC") : "UTC";
    if (english && american[zone]) {
      const region = american[zone];
      if (long) return `${region} ${daylight ? "Daylight" : "Standard"} Time`;
      if (table.tag === "en-US" || table.tag === "en-CA") {
        const letters = region === "Alaska" ? "AK" : region === "Hawaii-Aleutian" ? "H" : region[0];
        if (!(table.tag === "en-US" && region === "Atlantic")) return `${letters}${daylight ? "D" : "S"}T`;
        return `A${daylight ? "D" : "S"}T`;
      }
    }
    if (english && zone === "Europe/London") {
      return long ? (daylight ? "British Summer Time" : "Greenwich Mean Time")
        : daylight ? (table.tag === "en-GB" ? "BST" : "GMT+1") : "GMT";
    }
    for (const [zones, name, letters, german] of [[central, "Central", "CE", "ME"], [eastern, "Eastern", "EE", "OE"]]) {
      if (!zones.test(zone)) continue;
      if (english && long) return `${name} European ${daylight ? "Summer" : "Standard"} Time`;
      if (table.tag === "en-GB") return letters + (daylight ? "ST" : "T");
      if (table.tag.startsWith("de")) {
        const side = name === "Central" ? "Mitteleuropäische" : "Osteuropäische";
        return long ? `${side} ${daylight ? "Sommerzeit" : "Normalzeit"}` : german + (daylight ? "SZ" : "Z");
      }
    }
    if (english && long && /^Asia\/(Kolkata|Calcutta)$/.test(zone)) return "India Standard Time";
    if (english && long && zone === "Asia/Tokyo") return "Japan Standard Time";
    return offset(prefix, long);
  };

  const numericFields = ["year", "month", "day"];
  const timeFields = ["hour", "minute", "second"];
  class DateTimeFormat {
    #table;
    #options;
    #zone;
    #hour12;
    #pattern;
    constructor(locales, options = {}, need = "any", defaults = "date") {
      const { table, tag, extra } = resolve(locales);
      this.#table = table;
      this.tagUsed = tag;
      options = { ...options };
      const zone = options.timeZone ?? "UTC";
      const offset = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
      this.#zone = offset ? `${offset[1]}${offset[2]}:${offset[3] ?? "00"}` : native.zone(String(zone));
      if (!this.#zone) throw new RangeError(`Invalid time zone specified: ${zone}`);
      if (options.dateStyle === undefined && options.timeStyle === undefined) {
        const has = (names) => names.some((name) => options[name] !== undefined);
        const dated = has(["weekday", ...numericFields]);
        const timed = has([...timeFields, "dayPeriod", "fractionalSecondDigits"]);
        const wanted = (need === "date" && dated) || (need === "time" && timed) || (need === "any" && (dated || timed));
        if (!wanted && defaults !== "time") for (const name of numericFields) options[name] = "numeric";
        if (!wanted && defaults !== "date") for (const name of timeFields) options[name] = "numeric";
      }
      const cycle = options.hour12 === undefined ? options.hourCycle ?? extra : undefined;
      this.#hour12 = options.hour12 ?? (cycle ? cycle === "h12" || cycle === "h11" : table.hour12);
      this.#options = options;
      this.cycle = this.#hour12 ? (cycle === "h11" ? "h11" : "h12") : cycle === "h24" || (options.hour12 === false && table.midnight === 24) ? "h24" : "h23";
      this.#pattern = this.#build();
      for (const name of ["tagUsed", "cycle"]) Object.defineProperty(this, name, { enumerable: false });
      // As V8 does: narrow no-break spaces stay in the parts, the text has plain ones.
      this.format = (date) => this.formatToParts(date).map((part) => part.value).join("").replaceAll("\u202f", " ");
      Object.defineProperty(this, "format", { enumerable: false });
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    #letter(name) { return this.#options[name] === "narrow" ? "w" : this.#options[name]?.[0] ?? "-"; }
    #date() {
      const { patterns, date } = this.#table;
      let key = ["weekday", ...numericFields].map((name) => this.#letter(name)).join("");
      if (key === "----") return undefined;
      if (date[key] === undefined) key = (key[0] === "w" ? "s" : key[0]) + key.slice(1);
      if (date[key] === undefined && this.#options.month === "narrow") key = key.slice(0, 2) + "s" + key.slice(3);
      const pattern = patterns[date[key]] ?? patterns[date["-nnn"]];
      return this.#options.era ? `${pattern} {E${this.#options.era[0]}}` : pattern;
    }
    #time() {
      const { patterns, time } = this.#table;
      const letters = timeFields.map((name) => this.#letter(name));
      let pattern;
      if (letters.join("") !== "---") {
        const key = letters.join("") + (this.#options.hour ? (this.#hour12 ? "a" : "b") : "");
        pattern = patterns[time[key] ?? time[letters[0] + "n" + letters[2] + key.slice(3)] ?? time[letters.join("")]];
      }
      const digits = this.#options.fractionalSecondDigits;
      if (digits) {
        const fraction = `{f${digits}}`;
        pattern = pattern === undefined ? fraction
          : pattern.replace(/\{ss?\}/, (second) => `${second}${this.#table.number.decimal}${fraction}`);
      }
      return pattern;
    }
    #build() {
      const { style, joins } = this.#table;
      const { dateStyle, timeStyle, timeZoneName, month, weekday } = this.#options;
      if (dateStyle || timeStyle) {
        let time = style.time[timeStyle];
        if (time && this.#hour12 !== this.#table.hour12) {
          const key = `n${timeStyle === "short" ? "2-" : "22"}${this.#hour12 ? "a" : "b"}`;
          time = this.#table.patterns[this.#table.time[key]] + (/\{z\}/.test(time) ? " {z}" : "");
        }
        if (!dateStyle || !time) return dateStyle ? style.date[dateStyle] : time;
        const join = { full: joins.full, long: joins.styleLong, medium: joins.medium, short: joins.styleShort }[dateStyle];
        return style.date[dateStyle] + join + time;
      }
      const date = this.#date();
      let time = this.#time();
      if (timeZoneName) time = time === undefined ? undefined : `${time} {z}`;
      if (date === undefined || time === undefined) {
        const only = date ?? time ?? "";
        return timeZoneName && date !== undefined ? `${date}, {z}` : only;
      }
      const join = weekday && (month === "long" || month === "short") ? (month === "long" ? joins.weekday : joins.short)
        : month === "long" ? joins.long : month === "short" ? joins.short : weekday && !month ? joins.alone : joins.numeric;
      return date + join + time;
    }
    #offset(millis) {
      if (this.#zone[0] !== "+" && this.#zone[0] !== "-") return native.offset(this.#zone, millis);
      const sign = this.#zone[0] === "-" ? -1 : 1;
      return sign * (Number(this.#zone.slice(1, 3)) * 60 + Number(this.#zone.slice(4, 6)));
    }
    formatToParts(date) {
      const millis = date === undefined ? shared.now() : Number(date);
      if (!Number.isFinite(millis) || Math.abs(millis) > 8.64e15) throw new RangeError("Invalid time value");
      const at = new shared.RealDate(millis + this.#offset(millis) * 60000);
      const table = this.#table;
      const year = at.getUTCFullYear();
      const shown = this.#options.era || year <= 0 ? (year <= 0 ? 1 - year : year) : year;
      const hours = at.getUTCHours();
      const hour = this.cycle === "h12" ? hours % 12 || 12 : this.cycle === "h11" ? hours % 12
        : this.cycle === "h24" ? hours || 24 : hours;
      const month = at.getUTCMonth();
      const styles = { l: "long", s: "short", n: "narrow" };
      const words = /\{D+\}/.test(this.#pattern) || table.monthsAlone === undefined ? table.months : table.monthsAlone;
      const dayNames = /\{[DM]/.test(this.#pattern) || table.daysAlone === undefined ? table.days : table.daysAlone;
      const parts = [];
      const literal = (value) => { if (value) parts.push({ type: "literal", value }); };
      let end = 0;
      for (const found of this.#pattern.matchAll(/\{([A-Za-z])(\w?)\}/g)) {
        literal(this.#pattern.slice(end, found.index));
        end = found.index + found[0].length;
        const [, field, width] = found;
        const push = (type, value) => parts.push({ type, value: String(value) });
        switch (field) {
          case "W": push("weekday", (width === "a" ? table.daysAlone.long : dayNames[styles[width]])[(at.getUTCDay() + 6) % 7]); break;
          case "Y": push("year", width ? pad(shown % 100) : shown); break;
          case "M":
            if (styles[width]) push("month", words[styles[width]][month]);
            else push("month", width ? pad(month + 1) : month + 1);
            break;
          case "D": push("day", width ? pad(at.getUTCDate()) : at.getUTCDate()); break;
          case "h": push("hour", width ? pad(hour) : hour); break;
          case "m": push("minute", width ? pad(at.getUTCMinutes()) : at.getUTCMinutes()); break;
          case "s": push("second", width ? pad(at.getUTCSeconds()) : at.getUTCSeconds()); break;
          case "f": push("fractionalSecond", pad(at.getUTCMilliseconds(), 3).slice(0, Number(width))); break;
          case "p": push("dayPeriod", table.dayPeriods[hours < 12 ? 0 : 1]); break;
          case "E": push("era", table.eras[styles[width]][year <= 0 ? 0 : 1]); break;
          case "z": push("timeZoneName", this.#offsetName(millis)); break;
        }
      }
      literal(this.#pattern.slice(end));
      return parts;
    }
    #offsetName(millis) {
      if (this.#zone[0] === "+" || this.#zone[0] === "-") return `GMT${this.#zone}`;
      const { timeZoneName, timeStyle } = this.#options;
      return zoneName(this.#table, this.#zone, millis, timeZoneName ?? (timeStyle === "full" ? "long" : "short"));
    }
    formatRange(start, end) {
      const from = this.format(start);
      const to = this.format(end);
      return from === to ? from : `${from} – ${to}`;
    }
    resolvedOptions() {
      const { timeZone: _, ...rest } = this.#options;
      return {
        locale: this.tagUsed, calendar: "gregory", numberingSystem: "latn", timeZone: this.#zone,
        ...(this.#options.hour || this.#options.timeStyle ? { hourCycle: this.cycle, hour12: this.#hour12 } : {}), ...rest,
      };
    }
  }

  // ---- numbers -------------------------------------------------------------------------------------------------------
  // Digits of the shortest decimal form, so that 1.005 rounds as it reads.
  const decimalOf = (value) => {
    const [, whole, fraction = "", power] = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(
      typeof value === "bigint" ? `${value}`.replace(/^(\d)(\d*)$/, (_, first, rest) => `${first}${rest ? "." + rest : ""}e+${rest.length}`)
        : value.toExponential());
    return { digits: whole + fraction, point: Number(power) + 1 };
  };
  const roundTo = ({ digits, point }, keep) => {
    if (keep >= digits.length) return { digits, point };
    if (keep < 0) return { digits: "0", point: 1 };
    const up = digits[keep] >= "5";
    let kept = digits.slice(0, keep);
    if (!up) return { digits: kept || "0", point: kept ? point : 1 };
    let at = keep - 1;
    while (at >= 0 && kept[at] === "9") at--;
    if (at < 0) return { digits: "1" + "0".repeat(keep), point: point + 1 };
    return { digits: kept.slice(0, at) + (Number(kept[at]) + 1) + "0".repeat(keep - at - 1), point };
  };
  const digitsOf = (currency) => (["JPY", "KRW", "CLP", "VND", "ISK", "UGX", "XAF", "XOF"].includes(currency) ? 0 : 2);

  class NumberFormat {
    #table;
    #options;
    constructor(locales, options = {}) {
      const { table, tag } = resolve(locales);
      this.#table = table;
      options = { ...options };
      const { style = "decimal" } = options;
      if (!["decimal", "percent", "currency", "unit"].includes(style)) {
        throw new RangeError(`Value ${style} out of range for Intl.NumberFormat options property style`);
      }
      if (style === "currency") {
        if (options.currency === undefined) throw new TypeError("Currency code is required with currency style.");
        options.currency = String(options.currency).toUpperCase();
        if (!/^[A-Z]{3}$/.test(options.currency)) throw new RangeError(`Invalid currency code : ${options.currency}`);
      }
      const compact = options.notation === "compact";
      const usual = style === "currency" && !compact ? digitsOf(options.currency) : 0;
      const most = style === "currency" ? usual : style === "percent" || compact ? 0 : 3;
      const check = (name, low, high) => {
        const value = options[name];
        if (value !== undefined && !(value >= low && value <= high)) throw new RangeError(`${name} value is out of range.`);
        return value === undefined ? undefined : Math.floor(value);
      };
      const least = check("minimumFractionDigits", 0, 100);
      const highest = check("maximumFractionDigits", 0, 100);
      if (least !== undefined && highest !== undefined && least > highest) {
        throw new RangeError("maximumFractionDigits value is out of range.");
      }
      options.minimumFractionDigits = least ?? Math.min(usual, highest ?? usual);
      options.maximumFractionDigits = highest ?? Math.max(most, options.minimumFractionDigits);
      this.digitsGiven = least !== undefined || highest !== undefined;
      options.style = style;
      this.#options = options;
      this.tagUsed = tag;
      for (const name of ["tagUsed", "digitsGiven"]) Object.defineProperty(this, name, { enumerable: false });
      this.format = (value) => this.formatToParts(value).map((part) => part.value).join("");
      Object.defineProperty(this, "format", { enumerable: false });
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    #plain(value) {
      const o = this.#options;
      let decimal = value == 0 ? { digits: "0", point: 1 } : decimalOf(value);
      let least = o.minimumFractionDigits;
      const significant = o.maximumSignificantDigits ?? (o.minimumSignificantDigits ? 21 : undefined);
      if (significant !== undefined) {
        decimal = roundTo(decimal, significant);
        least = Math.max(0, (o.minimumSignificantDigits ?? 1) - decimal.point);
      } else if (o.notation === "compact" && !this.digitsGiven) {
        decimal = roundTo(decimal, Math.max(2, decimal.point));
        least = 0;
      } else decimal = roundTo(decimal, decimal.point + o.maximumFractionDigits);
      const { digits, point } = decimal;
      const whole = point <= 0 ? "0" : digits.slice(0, point).padEnd(point, "0");
      let fraction = point <= 0 ? "0".repeat(-point) + digits : digits.slice(point);
      fraction = fraction.replace(/0+$/, "").padEnd(least, "0");
      if (/^0*$/.test(digits)) fraction = "".padEnd(least, "0");
      return { whole: whole.replace(/^0+(?=\d)/, "").padStart(o.minimumIntegerDigits ?? 1, "0"), fraction };
    }
    #grouped(whole, group, minimum) {
      const { useGrouping } = this.#options;
      if (useGrouping === false || useGrouping === "false" || group === "" || whole.length < 3 + minimum) return [whole];
      const groups = [];
      let end = whole.length;
      for (let width = 3; end > 0; end -= width, width = this.#table.number.indian ? 2 : 3) {
        if (groups.length === 1 && this.#table.number.indian) width = 2;
        groups.unshift(whole.slice(Math.max(0, end - width), end));
      }
      return groups;
    }
    formatToParts(input) {
      const o = this.#options;
      const { number } = this.#table;
      let value = typeof input === "bigint" ? input : Number(input);
      const negative = value < 0 || Object.is(value, -0);
      if (negative) value = -value;
      if (o.style === "percent") value = Number(value) * 100 === Infinity ? value : roundPercent(value);
      const parts = [];
      let pattern = "{0}";
      if (Number.isNaN(value)) parts.push({ type: "nan", value: number.nan });
      else if (value === Infinity) parts.push({ type: "infinity", value: number.infinity });
      else {
        let scaled = value;
        if (o.notation === "compact" && value >= 1000) {
          const table = number.compact[o.compactDisplay ?? "short"];
          const power = (amount) => Math.min(12, Math.floor(Math.log10(amount) + 1e-12));
          let at = power(value);
          const shrink = (index) => Number(value) / 10 ** (index - table[index - 3][0] + 1);
          scaled = shrink(at);
          // 999,999 becomes 1M, not 1000K.
          if (at < 12 && Number(this.#plain(scaled).whole) >= 10 ** table[at - 3][0]) scaled = shrink(++at);
          const [, many, one = many] = table[at - 3];
          pattern = this.#plain(scaled).whole === "1" && this.#plain(scaled).fraction === "" ? one : many;
        }
        const { whole, fraction } = this.#plain(scaled);
        const money = o.style === "currency";
        const minimum = o.useGrouping === "always" ? 1 : o.notation === "compact" || o.useGrouping === "min2" ? 2 : number.leastGrouped;
        this.#grouped(whole, money ? number.currencyGroup : number.group, minimum).forEach((group, index) => {
          if (index) parts.push({ type: "group", value: money ? number.currencyGroup : number.group });
          parts.push({ type: "integer", value: group });
        });
        if (fraction) {
          parts.push({ type: "decimal", value: money ? number.currencyDecimal : number.decimal }, { type: "fraction", value: fraction });
        }
      }
      const zero = !parts.some((part) => /[1-9∞]/.test(part.value));
      const shows = o.signDisplay ?? "auto";
      const sign = negative && shows !== "never" && !((shows === "exceptZero" || shows === "negative") && zero) ? number.minus
        : !negative && (shows === "always" || (shows === "exceptZero" && !zero)) ? "+" : "";
      const wrap = (shape, type) => {
        const at = shape.indexOf("{0}");
        const piece = (text) => text.split(/(¤)/).filter(Boolean).map((part) =>
          part === "¤" ? { type: "currency", value: this.#symbol(value) }
            : type && part.trim() ? { type, value: part } : { type: "literal", value: part });
        return [...piece(shape.slice(0, at)), ...parts, ...piece(shape.slice(at + 3))];
      };
      if (pattern !== "{0}") parts.splice(0, parts.length, ...wrap(pattern, "compact"));
      let whole = parts;
      if (o.style === "percent") whole = wrap(number.percent, "percentSign");
      if (o.style === "currency") {
        if (o.currencyDisplay === "name") whole = wrap(number.currencyName);
        else {
          let shape = number.currency;
          const symbol = this.#symbol(value);
          if (/^¤\{0\}/.test(shape) && /[A-Za-z]$/.test(symbol)) shape = shape.replace("¤", "¤ ");
          whole = wrap(shape);
          const signed = sign && negative && o.currencySign !== "accounting" && number.negativeCurrency;
          if (signed && !signed.startsWith(number.minus)) return wrap(signed);
          if (sign && negative && o.currencySign === "accounting") {
            return [{ type: "literal", value: "(" }, ...whole, { type: "literal", value: ")" }];
          }
        }
      }
      if (o.style === "unit") {
        const display = o.unitDisplay ?? "short";
        const [unit, per] = String(o.unit).split("-per-");
        const names = this.#table.units[unit];
        if (names === undefined) throw new RangeError(`Invalid unit argument for Intl.NumberFormat() '${o.unit}'`);
        let shape = choose(names[display], this.#table, Number(parts.map((part) => part.value).join("").replace(",", ".")) || value);
        if (per) shape += `/${per[0]}`;
        whole = wrap(shape, "unit");
      }
      if (!sign) return whole;
      const mark = { type: sign === "+" ? "plusSign" : "minusSign", value: sign };
      return [mark, ...whole];
    }
    #symbol(value) {
      const { currency, currencyDisplay = "symbol" } = this.#options;
      const names = this.#table.number.symbols[currency];
      if (names === undefined || currencyDisplay === "code") return currency;
      if (currencyDisplay === "narrowSymbol") return names[1];
      if (currencyDisplay === "name") return pluralOf(this.#table, Number(value)) === "o" ? names[2] : names[3];
      return names[0];
    }
    formatRange(start, end) { return `${this.format(start)}–${this.format(end)}`; }
    resolvedOptions() {
      return {
        locale: this.tagUsed, numberingSystem: "latn", notation: "standard", signDisplay: "auto", useGrouping: "auto",
        ...this.#options,
      };
    }
  }
  const roundPercent = (value) => {
    const { digits, point } = value == 0 ? { digits: "0", point: 1 } : decimalOf(value);
    return Number(`${digits[0]}.${digits.slice(1) || "0"}e${point + 1}`);
  };

  // ---- words around numbers --------------------------------------------------------------------------------------------
  class RelativeTimeFormat {
    #table;
    #options;
    #tag;
    constructor(locales, options = {}) {
      ({ table: this.#table, tag: this.#tag } = resolve(locales));
      this.#options = { style: "long", numeric: "always", ...options };
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    format(value, unit) {
      const amount = Number(value);
      if (!Number.isFinite(amount)) throw new RangeError("Invalid number value");
      const names = this.#table.relative[String(unit).replace(/s$/, "")];
      if (names === undefined) throw new RangeError(`Invalid unit argument for format() '${unit}'`);
      const { words, past, future } = names[this.#options.style];
      if (this.#options.numeric === "auto" && words[amount] !== undefined && !Object.is(amount, -0)) return words[amount];
      const size = Math.abs(amount);
      const forms = amount < 0 || Object.is(amount, -0) ? past : future;
      return fill(choose(forms, this.#table, size), new NumberFormat(this.#tag).format(size));
    }
    formatToParts(value, unit) { return [{ type: "literal", value: this.format(value, unit) }]; }
    resolvedOptions() { return { locale: this.#tag, numberingSystem: "latn", ...this.#options }; }
  }

  class ListFormat {
    #joins;
    #options;
    #tag;
    constructor(locales, options = {}) {
      const { table, tag } = resolve(locales);
      this.#options = { type: "conjunction", style: "long", ...options };
      this.#tag = tag;
      this.#joins = table.lists[this.#options.type[0] + this.#options.style[0]];
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    format(list) { return this.formatToParts(list).map((part) => part.value).join(""); }
    formatToParts(list) {
      const items = [...list];
      const [two, start, middle, end] = this.#joins;
      return items.flatMap((value, index) => {
        const element = { type: "element", value: String(value) };
        if (index === 0) return [element];
        const join = items.length === 2 ? two : index === items.length - 1 ? end : index === 1 ? start : middle;
        return [{ type: "literal", value: join }, element];
      });
    }
    resolvedOptions() { return { locale: this.#tag, ...this.#options }; }
  }

  const classes = { z: "zero", o: "one", t: "two", f: "few", m: "many", x: "other" };
  class PluralRules {
    #table;
    #options;
    #tag;
    constructor(locales, options = {}) {
      ({ table: this.#table, tag: this.#tag } = resolve(locales));
      this.#options = { type: "cardinal", ...options };
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    select(value) {
      const count = Math.abs(Number(value));
      if (!Number.isFinite(count)) return "other";
      return classes[this.#options.type === "ordinal" ? pluralClass(this.#table.ordinal, Math.floor(count)) : pluralOf(this.#table, count)];
    }
    resolvedOptions() { return { locale: this.#tag, pluralCategories: ["one", "other"], ...this.#options }; }
  }

  // ---- order of texts ----------------------------------------------------------------------------------------------------
  // Letters first, then accents, then case: what people expect of sorted names, if not every rule of every language.
  const weightOf = (letter) => (/\s/.test(letter) ? 0 : /[\p{P}]/u.test(letter) ? 1 : /[\p{S}]/u.test(letter) ? 2 : /\p{N}/u.test(letter) ? 3 : 4);
  const base = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ß", "ss").replaceAll("ø", "o").replaceAll("æ", "ae").replaceAll("ł", "l");
  const compareBase = (left, right, numeric) => {
    const split = (text) => (numeric ? text.match(/\d+|\D/gu) ?? [] : [...text]);
    const a = split(left);
    const b = split(right);
    for (let index = 0; index < Math.min(a.length, b.length); index++) {
      if (a[index] === b[index]) continue;
      if (numeric && /^\d/.test(a[index]) && /^\d/.test(b[index])) {
        const difference = Number(a[index]) - Number(b[index]);
        if (difference) return Math.sign(difference);
        continue;
      }
      const order = weightOf(a[index]) - weightOf(b[index]);
      if (order) return Math.sign(order);
      return a[index] < b[index] ? -1 : 1;
    }
    return Math.sign(a.length - b.length);
  };
  class Collator {
    #options;
    #tag;
    constructor(locales, options = {}) {
      this.#tag = resolve(locales).tag;
      this.#options = { usage: "sort", sensitivity: "variant", ignorePunctuation: false, numeric: false, caseFirst: "false", ...options };
      this.compare = (left, right) => this.#compare(String(left), String(right));
      Object.defineProperty(this, "compare", { enumerable: false });
    }
    static supportedLocalesOf(locales) { return supported(locales); }
    #compare(left, right) {
      const { sensitivity, numeric, ignorePunctuation, caseFirst } = this.#options;
      if (ignorePunctuation) [left, right] = [left, right].map((text) => text.replace(/[\p{P}\s]/gu, ""));
      if (left === right) return 0;
      const first = compareBase(base(left), base(right), numeric);
      if (first || sensitivity === "base") return first;
      if (sensitivity !== "case") {
        const accents = (text) => text.normalize("NFD").toLowerCase();
        const [a, b] = [accents(left), accents(right)];
        if (a !== b) return a < b ? -1 : 1;
        if (sensitivity === "accent") return 0;
      }
      const [a, b] = [left.normalize("NFD"), right.normalize("NFD")];
      for (let index = 0; index < Math.min(a.length, b.length); index++) {
        if (a[index] === b[index]) continue;
        const lower = a[index] === a[index].toLowerCase();
        return (caseFirst === "upper") === lower ? 1 : -1;
      }
      return Math.sign(a.length - b.length);
    }
    resolvedOptions() { return { locale: this.#tag, collation: "default", ...this.#options }; }
  }

  class Locale {
    constructor(tag) {
      this.baseName = canonical(tag);
      const [language, ...rest] = this.baseName.split("-");
      this.language = language;
      this.region = rest.find((part) => /^[A-Z]{2}$/.test(part));
      this.script = rest.find((part) => part.length === 4);
    }
    getWeekInfo() { return { ...(tableOf(this.baseName) ?? tableOf(fallback)).week }; }
    get weekInfo() { return this.getWeekInfo(); }
    maximize() { return this; }
    minimize() { return this; }
    toString() { return this.baseName; }
  }

  class Segmenter {
    #granularity;
    constructor(_locales, { granularity = "grapheme" } = {}) { this.#granularity = granularity; }
    *#split(text) {
      const rule = this.#granularity === "word" ? /[\p{L}\p{N}\p{M}'’_]+|[^\p{L}\p{N}\p{M}'’_]/gu
        : this.#granularity === "sentence" ? /[^.!?]+[.!?]*\s*/gu : /\P{M}(?:\p{M}|\u200d.|[\u{1f3fb}-\u{1f3ff}\ufe0f])*/gsu;
      for (const found of text.matchAll(rule)) {
        yield { segment: found[0], index: found.index, input: text, isWordLike: /[\p{L}\p{N}]/u.test(found[0]) };
      }
    }
    segment(text) { return { [Symbol.iterator]: () => this.#split(String(text)) }; }
  }

  const Intl = {
    DateTimeFormat, NumberFormat, RelativeTimeFormat, ListFormat, PluralRules, Collator, Locale, Segmenter,
    getCanonicalLocales: listOf,
    supportedValuesOf: () => [],
  };
  // `Intl.NumberFormat(…)` works without `new`, as in browsers.
  for (const name of ["DateTimeFormat", "NumberFormat", "Collator"]) {
    const Class = Intl[name];
    Intl[name] = new Proxy(Class, { apply: (_, __, args) => new Class(...args) });
  }
  for (const [name, Class] of Object.entries(Intl)) {
    Object.defineProperty(Intl, name, { value: Class, enumerable: false, writable: true, configurable: true });
  }
  Object.defineProperty(Intl, Symbol.toStringTag, { value: "Intl" });
  Intl.dateText = (date, locales, options, need, defaults) => new DateTimeFormat(locales, options, need, defaults).format(date);
  Object.defineProperty(Intl, "dateText", { enumerable: false });
  return Intl;
}

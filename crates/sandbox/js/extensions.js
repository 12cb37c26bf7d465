// n8n's extension methods on texts, numbers, lists, objects, booleans and dates, for expressions only.
//
// n8n turns `value.method(a)` into a call of a dispatcher when some type has an extension of that name. So do we, on
// tokens instead of a syntax tree: prototypes stay clean, and the value's type decides when the expression runs.
export default function make(native, shared) {
  const { ExpressionError, RealDate } = shared;
  const fail = (message, description) => { throw new ExpressionError(message, description); };
  const isObject = (value) => value !== null && typeof value === "object";
  const equal = (left, right) => shared.load("inspect").isDeepStrictEqual(left, right);
  const luxon = () => shared.luxon();
  const isDateTime = (value) => isObject(value) && value.isLuxonDateTime === true;
  const nothing = () => undefined;
  const utf8 = (text) => shared.load("buffer").Buffer.from(text);

  // ---- texts -----------------------------------------------------------------------------------------------------------
  const currency = /(?:[A-Z]{1,3}|[a-z]{1,2})?[$\u00a2-\u00a5\u0192\u058f\u060b\u09f2\u09f3\u0e3f\u17db\u20a0-\u20c0\ufdfc]|\b(?:CHF|Lek|Kč|kr|zł|lei|Ft|Rp|RM|KM|Bs|Gs|Q|R|S|P)\b|лв|ден|Дин\./gu;
  const host = "(?:(?:[-\\w]+\\.)+(?:[a-z]{2,}|xn--[a-z0-9]+)|localhost|\\d{1,3}(?:\\.\\d{1,3}){3})";
  const tail = "(?::\\d+)?(?:/[^\\s?#]*)?(?:\\?[^\\s#]*)?(?:#\\S*)?";
  const mail = /(?:[^<>()[\]\\.,;:\s@"]+(?:\.[^<>()[\]\\.,;:\s@"]+)*|".+")@(?<domain>\[\d{1,3}(?:\.\d{1,3}){3}]|(?:[a-zA-Z\-0-9]+\.)+[a-zA-Z]{2,})/;
  const wholeUrl = new RegExp(`^(?:https?|ftp)://(?:www\\.)?${host}${tail}$`, "i");
  const innerUrl = new RegExp(`(?:https?|ftp)://(?:www\\.)?${host}${tail}`, "i");
  const wholeDomain = new RegExp(`^(?:www\\.)?${host}${tail}$`, "i");
  const domainIn = new RegExp(`^(?:(?:https?|ftp)://)?(?:mailto:)?(?://)?((?:www\\.)?${host})${tail}$`, "i");
  const isEmail = (value) => mail.test(value) && !value.includes(" ");
  const number = (value, read, what) => {
    const found = read(value.replace(currency, ""));
    return Number.isNaN(found) ? fail(`cannot convert to ${what}`) : found;
  };
  const toFloat = (value) =>
    value.includes(",") ? fail("cannot convert to float, expected . as decimal separator") : number(value, parseFloat, "float");
  const toInt = (value, radix) => number(value, (text) => parseInt(text, radix), "integer");
  const epoch = (value, format = "ms") => {
    const { DateTime } = luxon();
    switch (format) {
      case "ms": return DateTime.fromMillis(value);
      case "s": return DateTime.fromSeconds(value);
      case "us": return DateTime.fromMillis(value / 1000);
      // Days since 1900, which Excel takes for a leap year.
      case "excel": return DateTime.fromSeconds((value - 25569) * 86400);
      default: return fail(`Unsupported format '${format}'. toDateTime() supports 'ms', 's', 'us' and 'excel'.`);
    }
  };
  const parseDate = (value) => {
    const { DateTime } = luxon();
    const text = String(value).trim();
    for (const read of ["fromISO", "fromHTTP", "fromRFC2822", "fromSQL"]) {
      const found = DateTime[read](text, { setZone: true });
      if (found.isValid) return found;
    }
    const found = DateTime.fromMillis(Date.parse(text));
    return found.isValid ? found : fail("cannot convert to Luxon DateTime");
  };
  const smallWords = /^(?:a|an|and|as|at|because|but|by|en|for|if|in|neither|nor|of|on|only|or|over|per|so|some|than|that|the|to|up|upon|v|versus|via|vs|when|with|without|yet)$/i;
  // Words with a capital or a dot inside stay as they are, and so do small words inside the text.
  const titleCase = (text) =>
    text.replace(/[^\s:–—-]+/g, (word, at) => {
      const end = at + word.length;
      const small = smallWords.test(word) && at > 0 && end < text.length;
      const scheme = text[end] === ":" && end + 1 < text.length && !/\s/.test(text[end + 1]);
      if (small || scheme || /.[A-Z]|.\../.test(word)) return word;
      return word.replace(/[A-Za-z0-9\u00c0-\u00ff]/, (letter) => letter.toUpperCase());
    });
  const latin = {
    ä: "a", ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", þ: "th", ł: "l", ı: "i", Æ: "AE", Œ: "OE", Ø: "O", Đ: "D",
    Ð: "D", Þ: "TH", Ł: "L", "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "€": "EUR", "£": "PS",
    "«": "<<", "»": ">>", "©": "(c)", "®": "(r)", "™": "tm", "°": "deg", "·": "*", "\u00a0": " ",
    а: "a", б: "b", в: "v", г: "g", д: "d", е: "e", ё: "yo", ж: "zh", з: "z", и: "i", й: "y", к: "k", л: "l", м: "m", н: "n",
    о: "o", п: "p", р: "r", с: "s", т: "t", у: "u", ф: "f", х: "h", ц: "c", ч: "ch", ш: "sh", щ: "sch", ъ: "", ы: "y", ь: "",
    э: "e", ю: "yu", я: "ya", α: "a", β: "b", γ: "g", δ: "d", ε: "e", ζ: "z", η: "h", θ: "8", ι: "i", κ: "k", λ: "l", μ: "m",
    ν: "n", ξ: "3", ο: "o", π: "p", ρ: "r", σ: "s", ς: "s", τ: "t", υ: "y", φ: "f", χ: "x", ψ: "ps", ω: "w",
  };
  const plainLetters = (text) =>
    Array.from(text, (letter) => {
      if (letter < "\u0080") return letter;
      if (latin[letter] !== undefined) return latin[letter];
      const lower = latin[letter.toLowerCase()];
      if (lower !== undefined) return lower && lower[0].toUpperCase() + lower.slice(1);
      const base = letter.normalize("NFKD").replace(/\p{M}/gu, "");
      return /^[\0-\x7f]*$/.test(base) ? base : "?";
    }).join("");
  const unmark = (text) => {
    let out = text.replace(/^([ \t]*)(?:[*\-+]|\d+\.)\s+/gm, "$1").replace(/\n={2,}/g, "\n").replaceAll("~~", "");
    out = out.replace(/`{3}.*\n/g, "").replace(/<\/?[A-Za-z!][^<>]*>/g, "").replace(/^[=-]{2,}\s*$/g, "");
    out = out.replace(/\[\^.+?\](?:: .*?$)?/g, "").replace(/\s{0,2}\[.*?\]: .*?$/g, "");
    out = out.replace(/!\[.*?\][[(].*?[\])]/g, "").replace(/\[(.*?)\][[(].*?[\])]/g, "$1").replaceAll(">", "");
    out = out.replace(/^#{1,6}\s*([^#]*)\s*(?:#{1,6})?/gm, "$1").replace(/([*_]{1,3})(\S.*?\S)\1/g, "$2");
    return out.replace(/(`{3,})(.*?)\1/gm, "$2").replace(/^-{3,}\s*$/g, "").replace(/`(.+?)`/g, "$1").replace(/\n{2,}/g, "\n\n");
  };
  const sentence = (text) =>
    text.toLowerCase().replace(/(^|[!?.])([^\p{L}]*?)(\p{L})/gu, (_, mark, gap, letter) => mark + gap + letter.toUpperCase());
  const algorithms = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3"];

  const string = {
    hash: (value, name = "md5") => {
      const algorithm = String(name).toLowerCase();
      if (algorithm === "base64") return utf8(value).toString("base64");
      if (!algorithms.includes(algorithm)) {
        fail(`Unknown algorithm ${algorithm}. Available algorithms are: ${algorithms.join()}, and Base64.`);
      }
      return shared.load("crypto").module.hash(algorithm === "sha3" ? "sha3-512" : algorithm, value);
    },
    removeMarkdown: unmark,
    removeTags: (value) => value.replace(/<[^>]*>?/gm, ""),
    toDate: (value) => {
      const date = new Date(Date.parse(value));
      if (isNaN(date)) fail("cannot convert to date");
      if (!value.includes(":")) date.setHours(0, 0, 0);
      return date;
    },
    toDateTime: (value, format) =>
      ["ms", "s", "us", "excel"].includes(format) ? epoch(Number(value), format)
        : format ? luxon().DateTime.fromFormat(value, format) : parseDate(value),
    toBoolean: (value) => value !== "" && !["false", "no", "0"].includes(value.toLowerCase()),
    toDecimalNumber: toFloat,
    toNumber: (value) => number(value, Number, "number"),
    toFloat,
    toInt,
    toWholeNumber: toInt,
    toSentenceCase: sentence,
    toSnakeCase: (value) =>
      value.toLowerCase().replace(/[ -]/g, "_").replace(/[\u2000-\u206f\u2e00-\u2e7f\\'!"#$%&()*+,./:;<=>?@[\]^`{|}~]/g, ""),
    toTitleCase: titleCase,
    urlDecode: (value, whole = false) => (whole ? decodeURI(value) : decodeURIComponent(value)),
    urlEncode: (value, whole = false) => (whole ? encodeURI(value) : encodeURIComponent(value)),
    quote: (value, mark = '"') => `${mark}${value.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`)}${mark}`,
    replaceSpecialChars: plainLetters,
    length: (value) => value.length,
    isDomain: (value) => wholeDomain.test(value),
    isEmail,
    isNumeric: (value) => !value.includes(" ") && !isNaN(value) && !isNaN(parseFloat(value)),
    isUrl: (value) => wholeUrl.test(value),
    isEmpty: (value) => value === "",
    isNotEmpty: (value) => value !== "",
    isBlank: (value) => value.trim() === "",
    isNotBlank: (value) => value.trim() !== "",
    toJsonString: (value) => JSON.stringify(value),
    extractEmail: (value) => mail.exec(value)?.[0],
    extractDomain: (value) => (isEmail(value) ? mail.exec(value).groups.domain : domainIn.exec(value)?.[1]),
    extractUrl: (value) => innerUrl.exec(value)?.[0],
    extractUrlPath: (value) => globalThis.URL.parse(value)?.pathname,
    parseJson: (value) => {
      try {
        return JSON.parse(value);
      } catch {
        return fail(value.includes("'") ? "Parsing failed. Check you're using double quotes" : "Parsing failed");
      }
    },
    base64Encode: (value) => utf8(value).toString("base64"),
    base64Decode: (value) => shared.load("buffer").Buffer.from(value, "base64").toString(),
  };

  // ---- numbers and booleans ----------------------------------------------------------------------------------------------
  const whole = (value, name) => Number.isInteger(value) || fail(`${name}() is only callable on integers`);
  const round = (value, places = 0) => +value.toFixed(places);
  const numeric = {
    ceil: Math.ceil,
    floor: Math.floor,
    format: (value, locales = "en-US", options = {}) => new Intl.NumberFormat(locales, options).format(value),
    round,
    abs: Math.abs,
    isInteger: Number.isInteger,
    isEven: (value) => whole(value, "isEven") && value % 2 === 0,
    isOdd: (value) => whole(value, "isOdd") && Math.abs(value) % 2 === 1,
    toBoolean: (value) => value !== 0,
    toInt: (value) => round(value),
    toFloat: (value) => value,
    toDateTime: epoch,
  };
  const boolean = {
    toBoolean: (value) => value, toInt: Number, toFloat: Number, toNumber: Number, toDateTime: nothing,
  };

  // ---- objects -----------------------------------------------------------------------------------------------------------
  const isNothing = (value) => value === null || value === undefined || value === "nil" || value === "";
  const put = (target, key, value) =>
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  const compactObject = (value) => {
    const made = {};
    for (const [key, entry] of Object.entries(value)) {
      if (isNothing(entry)) continue;
      if (!isObject(entry)) put(made, key, entry);
      else if (Object.keys(entry).length) put(made, key, compactObject(entry));
    }
    return made;
  };
  const matching = (name, keep) => (value, text) => {
    if (typeof text !== "string" || text === "") {
      fail(keep ? `argument of ${name} must be a non-empty string` : `${name}(): expected non-empty string arg`);
    }
    const has = (entry) => typeof entry === "string" && entry.includes(text);
    return Object.fromEntries(Object.entries(value).filter(([, entry]) => has(entry) === keep));
  };
  const object = {
    isEmpty: (value) => Object.keys(value).length === 0,
    isNotEmpty: (value) => Object.keys(value).length > 0,
    hasField: (value, name) => name in value,
    removeField: (value, name) => {
      if (!(name in value)) return value;
      const { [name]: _, ...rest } = value;
      return rest;
    },
    removeFieldsContaining: matching("removeFieldsContaining", false),
    keepFieldsContaining: matching("keepFieldsContaining", true),
    compact: compactObject,
    urlEncode: (value) => new globalThis.URLSearchParams(value).toString(),
    keys: Object.keys,
    values: Object.values,
    toJsonString: (value) => JSON.stringify(value),
    toInt: nothing, toFloat: nothing, toBoolean: nothing, toDateTime: nothing,
  };

  // ---- lists -------------------------------------------------------------------------------------------------------------
  const numbers = (value, name) =>
    value.some((entry) => typeof entry !== "number") ? fail(`${name}(): all array elements must be numbers`) : value;
  const sum = (value) => numbers(value, "sum").reduce((total, entry) => total + entry, 0);
  const average = (value) => (numbers(value, "average").length === 0 ? 0 : sum(value) / value.length);
  const unique = (value, ...fields) => {
    const view = (entry) =>
      fields.length && isObject(entry) ? Object.fromEntries(fields.map((field) => [field, entry[field]])) : entry;
    const seen = new Set();
    return value.reduce((kept, entry) => {
      const shown = view(entry);
      // Plain values are looked up; only objects need comparing.
      if (!isObject(shown)) {
        if (!seen.has(shown)) { seen.add(shown); kept.push(entry); }
      } else if (!kept.some((known) => equal(view(known), shown))) kept.push(entry);
      return kept;
    }, []);
  };
  const list = (value, name, example) =>
    Array.isArray(value) ? value : fail(`${name}(): expected array arg, e.g. .${name}(${example})`);
  const includes = (value, entry) => value.some((known) => equal(known, entry));
  const mergeTwo = (left, right) => {
    if (!right) return left;
    if (typeof right !== "object") fail("merge(): expected object arg");
    return { ...Object.fromEntries(Object.entries(right).filter(([key]) => !(key in left))), ...left };
  };
  const ordered = (left, right) => {
    const made = { ...left };
    for (const [key, entry] of Object.entries(mergeTwo(left, right))) if (!(key in made)) put(made, key, entry);
    return made;
  };
  const array = {
    first: (value) => value[0],
    last: (value) => value.at(-1),
    isEmpty: (value) => value.length === 0,
    isNotEmpty: (value) => value.length > 0,
    pluck: (value, ...fields) => {
      if (fields.length === 0) return value;
      return value.filter(isObject).flatMap((entry) => {
        const found = Object.keys(entry).filter((key) => fields.includes(key)).map((key) => entry[key]);
        return found.length === 0 ? [] : [found.length === 1 ? found[0] : found];
      });
    },
    randomItem: (value) => value[Math.floor(Math.random() * value.length)],
    unique,
    removeDuplicates: unique,
    sum,
    min: (value) => Math.min(...numbers(value, "min")),
    max: (value) => Math.max(...numbers(value, "max")),
    average,
    compact: (value) =>
      value.filter((entry) => !isNothing(entry) && !(isObject(entry) && Object.keys(entry).length === 0))
        .map((entry) => (isObject(entry) ? compactObject(entry) : entry)),
    smartJoin: (value, key, field) => {
      if (!key || !field || typeof key !== "string" || typeof field !== "string") {
        fail('smartJoin(): expected two string args, e.g. .smartJoin("name", "value")');
      }
      return Object.fromEntries(value.filter((entry) => isObject(entry) && key in entry && field in entry)
        .map((entry) => [entry[key], entry[field]]));
    },
    chunk: (value, size) => {
      if (typeof size !== "number" || !(size > 0)) fail("chunk(): expected non-zero numeric arg, e.g. .chunk(5)");
      return Array.from({ length: Math.ceil(value.length / size) }, (_, at) => value.slice(at * size, at * size + size));
    },
    renameKeys: (value, ...names) => {
      if (names.length === 0 || names.length % 2) {
        fail('renameKeys(): expected an even amount of args: from1, to1 [, from2, to2, ...]. e.g. .renameKeys("name", "title")');
      }
      return value.map((entry) => {
        if (!isObject(entry)) return entry;
        const made = { ...entry };
        for (let at = 0; at < names.length; at += 2) {
          if (!(names[at] in made)) continue;
          put(made, names[at + 1], made[names[at]]);
          if (names[at] !== names[at + 1]) delete made[names[at]];
        }
        return made;
      });
    },
    merge: (value, others) => {
      if (others === undefined) {
        return value.filter((entry) => isObject(entry) && !Array.isArray(entry)).reduce(ordered, {});
      }
      list(others, "merge", "[{ id: 1, otherValue: 3 }]");
      return value.reduce((merged, entry, at) =>
        isObject(entry) && typeof others[at] === "object" ? Object.assign(merged, ordered(entry, others[at])) : merged, {});
    },
    mergeIntoObject: (value, others) => {
      list(others, "mergeIntoObject", "[{ id: 1, otherValue: 3 }]");
      const merged = {};
      for (let at = 0; at < Math.max(value.length, others.length); at++) {
        const [own, other] = [value[at], others[at]].map((entry) => (isObject(entry) ? entry : undefined));
        const source = own ? ordered(own, other) : other ?? {};
        for (const [key, entry] of Object.entries(source)) put(merged, key, entry);
      }
      return merged;
    },
    union: (value, others) => unique([...value, ...list(others, "union", "[1, 2, 3, 4]")]),
    difference: (value, others) => {
      list(others, "difference", "[1, 2, 3, 4]");
      return unique(value.filter((entry) => !includes(others, entry)));
    },
    intersection: (value, others) => {
      list(others, "intersection", "[1, 2, 3, 4]");
      return unique(value.filter((entry) => includes(others, entry)));
    },
    append: (value, ...entries) => value.concat(entries),
    toJsonString: (value) => JSON.stringify(value),
    toInt: nothing, toFloat: nothing, toBoolean: nothing, toDateTime: nothing,
  };

  // ---- dates -------------------------------------------------------------------------------------------------------------
  const one = { hrs: "hour", hr: "hour", mins: "minute", min: "minute", secs: "second", sec: "second", ms: "millisecond" };
  const unitOf = (unit) => one[unit] ?? String(unit).replace(/s$/, "");
  const units = ["milliseconds", "seconds", "minutes", "hours", "days", "weeks", "months", "quarters", "years"];
  const known = new Set([...units, "day", "week", "month", "year", "hour", "minute", "second", "millisecond", "weekNumber",
    "yearDayNumber", "weekday"]);
  const asDateTime = (value) =>
    isDateTime(value) ? value : typeof value === "string" ? parseDate(value) : luxon().DateTime.fromJSDate(value);
  // A Date gives a Date, a DateTime gives a DateTime.
  const like = (value, change) => (isDateTime(value) ? change(value) : change(asDateTime(value)).toJSDate());
  const amount = (args) => {
    if (args.length === 1) return args[0];
    const [count = 0, unit = "minutes"] = args;
    return { [`${unitOf(unit)}s`]: count };
  };
  const moment = (value) =>
    typeof value === "string" ? luxon().DateTime.fromJSDate(new Date(value)) : asDateTime(value);
  const diffTo = (value, other, unit = "days") => {
    let wanted = Array.isArray(unit) ? unit : [unit];
    if (wanted.length === 0) wanted = ["days"];
    const wrong = wanted.find((name) => !known.has(name));
    if (wrong) fail(`Unsupported unit '${String(wrong)}'. Supported: ${units.map((name) => `'${name}'`).join(", ")}.`);
    const found = asDateTime(value).diff(asDateTime(other), wanted);
    return wanted.length > 1 ? found.toObject() : found.as(wanted[0]);
  };
  const date = {
    beginningOf: (value, unit = "week") => like(value, (at) => at.startOf(unitOf(unit))),
    endOfMonth: (value) => like(value, (at) => at.endOf("month")),
    extract: (value, part = "week") => {
      const at = asDateTime(value);
      if (part === "yearDayNumber") return at.ordinal;
      return at.get(part === "week" ? "weekNumber" : ["weekNumber", "weekday", "weekYear"].includes(part) ? part : unitOf(part));
    },
    isBetween: (value, ...bounds) => {
      if (bounds.length !== 2) fail("isBetween(): expected exactly two args");
      const [from, to] = bounds.map(moment);
      if (!from.isValid || !to.isValid) return undefined;
      return from > to ? to < value && value < from : to > value && value > from;
    },
    isDst: (value) => asDateTime(value).isInDST,
    isInLast: (value, ...args) => {
      const now = luxon().DateTime.now();
      const from = now.minus(amount([args[0] ?? 0, args[1] ?? "minutes"]));
      return from <= asDateTime(value) && asDateTime(value) <= now;
    },
    isWeekend: (value) => asDateTime(value).weekday >= 6,
    minus: (value, ...args) => like(value, (at) => at.minus(amount(args))),
    plus: (value, ...args) => like(value, (at) => at.plus(amount(args))),
    format: (value, pattern = "yyyy-MM-dd", options = {}) => asDateTime(value).toFormat(pattern, { ...options }),
    toDateTime: asDateTime,
    diffTo,
    diffToNow: (value, unit) => diffTo(value, luxon().DateTime.now(), unit),
    toInt: (value) => Number(value),
    toFloat: (value) => Number(value),
    toBoolean: nothing,
    isEmpty: () => false,
    isNotEmpty: () => true,
  };

  // ---- dispatch ------------------------------------------------------------------------------------------------------------
  const types = { Array: array, Date: date, Number: numeric, Object: object, String: string, Boolean: boolean };
  const names = shared.extensionNames;
  const isoDate = (text) => {
    if (!/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.\d{3}Z/.test(text)) return false;
    const found = new Date(text);
    return !isNaN(found) && found.toISOString() === text;
  };
  const find = (value, name) => {
    const own = (methods) => (Object.hasOwn(methods, name) ? methods[name] : undefined);
    if (Array.isArray(value)) return [own(array), value];
    if (typeof value === "string") {
      if (name !== "toDate" && name !== "toDateTime" && isoDate(value)) return [own(date), new Date(value)];
      return [own(string), value];
    }
    if (typeof value === "number") return [own(numeric), value];
    if (typeof value === "boolean") return [own(boolean), value];
    if (value instanceof RealDate || isDateTime(value)) return [own(date), value];
    if (isObject(value)) {
      // Maps, sets and the like have `keys` and `values` of their own.
      const plain = Object.getPrototypeOf(value) === Object.prototype || typeof value[name] !== "function";
      return [plain && !(Object.hasOwn(value, name) && typeof value[name] === "function") ? own(object) : undefined, value];
    }
    return [undefined, value];
  };
  const extend = (value, name, args) => {
    const [method, input] = find(value, name);
    if (method) return method(input, ...args);
    if (value !== null && value !== undefined && typeof value[name] === "function") return value[name](...args);
    if (name === "isEmpty") return !value;
    if (name === "isNotEmpty") return !!value;
    if (value === null || value === undefined) {
      fail(`${name} can't be used on ${value} value`,
        `To ignore this error, add a ? to the variable before this function, e.g. my_var?.${name}`);
    }
    const able = Object.entries(types).filter(([, methods]) => Object.hasOwn(methods, name)).map(([type]) => `"${type}"`);
    const last = able.pop();
    return fail(`${name}() is only callable on type${able.length ? `s ${able.join(", ")}, and` : ""} ${last}`);
  };
  shared.constant("$extend", extend);

  // ---- rewriting -------------------------------------------------------------------------------------------------------------
  // Texts, template literals, patterns and comments are one token each; so an extension's name inside them stays.
  const tokenize = (source) => {
    const tokens = [];
    let at = 0;
    const push = (kind, end) => {
      tokens.push({ kind, from: at, to: end, text: source.slice(at, end) });
      at = end;
    };
    const template = (start) => {
      let end = start + 1;
      while (end < source.length && source[end] !== "`") {
        if (source[end] === "\\") end += 2;
        else if (source[end] === "$" && source[end + 1] === "{") {
          let depth = 1;
          end += 2;
          while (end < source.length && depth > 0) {
            if (source[end] === "`") { end = template(end); continue; }
            if (source[end] === "'" || source[end] === '"') { end = quoted(end); continue; }
            if (source[end] === "{") depth++;
            if (source[end] === "}") depth--;
            end++;
          }
        } else end++;
      }
      return end + 1;
    };
    const quoted = (start) => {
      let end = start + 1;
      while (end < source.length && source[end] !== source[start]) end += source[end] === "\\" ? 2 : 1;
      return end + 1;
    };
    while (at < source.length) {
      const rest = source.slice(at);
      const space = /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)+/.exec(rest);
      if (space) { at += space[0].length; continue; }
      const letter = source[at];
      if (letter === "'" || letter === '"') { push("value", quoted(at)); continue; }
      if (letter === "`") { push("template", template(at)); continue; }
      const word = /^[\p{L}$_][\p{L}\p{N}$_]*/u.exec(rest);
      if (word) { push("word", at + word[0].length); continue; }
      const digits = /^(?:0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?n?)/.exec(rest);
      if (digits) { push("value", at + digits[0].length); continue; }
      if (letter === "/") {
        const before = tokens.at(-1);
        const divides = before && (before.kind === "value" || before.kind === "template" || ")]}".includes(before.text) ||
          (before.kind === "word" && !/^(?:return|typeof|in|of|case|void|new|delete)$/.test(before.text)));
        const pattern = !divides && /^\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/.exec(rest);
        if (pattern) { push("value", at + pattern[0].length); continue; }
      }
      const sign = /^(?:\?\.(?!\d)|=>|\.\.\.|\*\*|&&|\|\||\?\?|[=!]==?|[<>]=?|\+\+|--)/.exec(rest);
      push("sign", at + (sign ? sign[0].length : 1));
    }
    return tokens;
  };

  const closing = { ")": "(", "]": "[", "}": "{" };
  const openOf = (tokens, index) => {
    let depth = 0;
    for (; index >= 0; index--) {
      if (tokens[index].kind !== "sign") continue;
      if (closing[tokens[index].text]) depth++;
      else if ("([{".includes(tokens[index].text) && --depth === 0) return index;
    }
    return -1;
  };
  const closeOf = (tokens, index) => {
    let depth = 0;
    for (; index < tokens.length; index++) {
      if (tokens[index].kind !== "sign") continue;
      if ("([{".includes(tokens[index].text)) depth++;
      else if (closing[tokens[index].text] && --depth === 0) return index;
    }
    return -1;
  };
  const keyword = /^(?:return|typeof|in|of|case|void|delete|else|do|instanceof|await|yield|throw)$/;
  const ends = (token) =>
    token && (token.kind !== "sign" ? !(token.kind === "word" && keyword.test(token.text)) : ")]}".includes(token.text));

  // First token of the chain `a.b(c)[d]` that ends at `index`.
  const chainStart = (tokens, index) => {
    for (;;) {
      const token = tokens[index];
      if (token === undefined) return -1;
      const before = tokens[index - 1];
      if (token.kind === "sign") {
        if (!closing[token.text]) return -1;
        const open = openOf(tokens, index);
        if (open < 0) return -1;
        const previous = tokens[open - 1];
        if (token.text !== "}" && previous?.text === "?.") index = open - 2;
        else if (token.text !== "}" && ends(previous) && previous.text !== "}") index = open - 1;
        else return open;
      } else if (before?.text === "." || before?.text === "?.") {
        index -= 2;
      } else if (token.kind === "template" && ends(before) && before.kind === "word") {
        index -= 1;
      } else {
        return before?.kind === "word" && before.text === "new" ? index - 1 : index;
      }
    }
  };

  const step = (source) => {
    const tokens = tokenize(source);
    for (let index = 0; index < tokens.length; index++) {
      const token = tokens[index];
      if (token.kind === "template") {
        // Expressions inside a template literal are rewritten on their own.
        const inner = rewriteTemplate(token.text);
        if (inner !== token.text) return source.slice(0, token.from) + inner + source.slice(token.to);
        continue;
      }
      if (token.kind !== "word") continue;
      if (token.text === "$if" && tokens[index + 1]?.text === "(" && tokens[index - 1]?.text !== ".") {
        const close = closeOf(tokens, index + 1);
        const made = close > 0 && conditional(source, tokens, index + 1, close);
        if (made) return source.slice(0, token.from) + made + source.slice(tokens[close].to);
        continue;
      }
      const dot = tokens[index - 1];
      if (!names.has(token.text) || (dot?.text !== "." && dot?.text !== "?.")) continue;
      let open = index + 1;
      const optionalCall = tokens[open]?.text === "?.";
      if (optionalCall) open++;
      if (tokens[open]?.text !== "(") continue;
      const close = closeOf(tokens, open);
      const start = chainStart(tokens, index - 2);
      if (close < 0 || start < 0) continue;
      const chain = source.slice(tokens[start].from, dot.from);
      if (/^(?:Math|Object|JSON|Number|DateTime|Duration|Interval|Array|String|Date|\$extend|super|import)$/.test(chain.trim())) continue;
      const args = source.slice(tokens[open].to, tokens[close].from);
      const optional = dot.text === "?." || tokens.slice(start, index - 1).some((part) => part.text === "?.");
      const call = optional
        ? `(($chain)=>$chain==null?undefined:$extend($chain,"${token.text}",[${args}\n]))(${chain})`
        : `$extend(${chain},"${token.text}",[${args}\n])`;
      return source.slice(0, tokens[start].from) + call + source.slice(tokens[close].to);
    }
    return source;
  };
  const conditional = (source, tokens, open, close) => {
    const parts = [];
    let from = tokens[open].to;
    let depth = 0;
    for (let index = open + 1; index <= close; index++) {
      const { kind, text } = tokens[index];
      if (kind === "sign" && text === "..." && depth === 0) return undefined;
      if (index === close || (kind === "sign" && text === "," && depth === 0)) {
        parts.push(source.slice(from, tokens[index].from));
        from = tokens[index].to;
      } else if (kind === "sign" && "([{".includes(text)) depth++;
      else if (kind === "sign" && closing[text]) depth--;
    }
    if (parts.length < 2) fail("$if requires at least 2 parameters: test, value_if_true[, and value_if_false]");
    if (parts.length > 3 && parts[3].trim() !== "") return undefined;
    const no = parts[2] === undefined || parts[2].trim() === "" ? "false" : parts[2];
    return `((${parts[0]}\n)?(${parts[1]}\n):(${no}\n))`;
  };
  const rewriteTemplate = (text) => {
    let out = "";
    let at = 0;
    while (at < text.length) {
      if (text[at] === "\\") { out += text.slice(at, at + 2); at += 2; continue; }
      if (text[at] !== "$" || text[at + 1] !== "{") { out += text[at++]; continue; }
      const tokens = tokenize(text.slice(at + 1));
      const close = closeOf(tokens, 0);
      if (close < 0) return text;
      const end = at + 1 + tokens[close].from;
      out += "${" + rewrite(text.slice(at + 2, end)) + "}";
      at = end + 1;
    }
    return out;
  };
  const rewrite = (source) => {
    let now = source;
    // Each round rewrites one call; what is nested comes in a later round.
    for (let round = 0; round < 500; round++) {
      const next = step(now);
      if (next === now) break;
      now = next;
    }
    return now;
  };

  const functions = {
    toPathSegment: (value) => {
      if (value === null || value === undefined) fail("Invalid identifier: a value is required");
      const text = String(value);
      if (["", ".", ".."].includes(text)) fail(`Invalid identifier: "${text}" is not allowed`);
      return encodeURIComponent(text);
    },
    average: (...values) => average(values),
    numberList: (from, to) =>
      Array.from({ length: Math.abs(from - to) + 1 }, (_, at) => (from < to ? from + at : from - at)),
    zip: (keys, values) => {
      if (!Array.isArray(keys) || !Array.isArray(values)) fail("keys and values must be arrays");
      if (keys.length !== values.length) fail("keys and values not of equal length");
      return Object.fromEntries(keys.map((key, at) => [key, values[at]]));
    },
  };

  return { rewrite, extend, functions, types };
}

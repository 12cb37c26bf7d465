// How console and `util.inspect` show values: close to node, bounded in depth and length.
export default function make(native, shared) {
  const quote = (text) =>
    text.includes("'") && !text.includes('"') ? JSON.stringify(text)
      : `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name));

  const inspect = (value, options) => {
    const limit = typeof options === "object" && options !== null && options.depth !== undefined ? options.depth : 2;
    const most = limit === null ? Infinity : limit;
    const seen = [];
    const list = (open, parts, close) => {
      if (parts.length === 0) return open + close;
      const line = `${open} ${parts.join(", ")} ${close}`;
      if (line.length <= 72 && !line.includes("\n")) return line;
      return `${open}\n  ${parts.join(",\n").replaceAll("\n", "\n  ")}\n${close}`;
    };
    const show = (entry, depth) => {
      if (typeof entry === "string") return quote(entry);
      if (typeof entry === "bigint") return `${entry}n`;
      if (Object.is(entry, -0)) return "-0";
      if (typeof entry === "symbol") return entry.toString();
      if (typeof entry === "function") return `[Function: ${entry.name || "(anonymous)"}]`;
      if (entry === null || typeof entry !== "object") return String(entry);
      if (seen.includes(entry)) return "[Circular *1]";
      if (entry instanceof Error) return entry.stack ? `${entry}\n${entry.stack}`.trimEnd() : String(entry);
      if (entry instanceof shared.RealDate) return isNaN(entry) ? "Invalid Date" : entry.toISOString();
      if (entry instanceof RegExp) return String(entry);
      if (entry instanceof String || entry instanceof Number || entry instanceof Boolean) {
        return `[${entry.constructor.name}: ${show(entry.valueOf(), depth)}]`;
      }
      if (entry instanceof Promise) return "Promise { … }";
      if (entry.isLuxonDateTime) return `DateTime { ts: ${entry.toISO()}, zone: ${entry.zoneName}, locale: ${entry.locale} }`;
      const plain = Array.isArray(entry) || Object.getPrototypeOf(entry) === Object.prototype;
      if (plain && Object.keys(entry).length === 0) return Array.isArray(entry) ? "[]" : "{}";
      if (depth > most) return Array.isArray(entry) ? "[Array]" : `[${entry.constructor?.name ?? "Object"}]`;
      seen.push(entry);
      try {
        if (Array.isArray(entry) || ArrayBuffer.isView(entry)) {
          const parts = Array.from(entry.slice(0, 100), (part) => show(part, depth + 1));
          if (entry.length > 100) parts.push(`... ${entry.length - 100} more items`);
          const name = Array.isArray(entry) ? "" : `${entry.constructor.name}(${entry.length}) `;
          return list(`${name}[`, parts, "]");
        }
        if (entry instanceof Map) {
          const parts = [...entry].slice(0, 100).map(([name, part]) => `${show(name, depth + 1)} => ${show(part, depth + 1)}`);
          return list(`Map(${entry.size}) {`, parts, "}");
        }
        if (entry instanceof Set) {
          return list(`Set(${entry.size}) {`, [...entry].slice(0, 100).map((part) => show(part, depth + 1)), "}");
        }
        const parts = [];
        for (const name of Object.keys(entry)) {
          if (parts.length >= 100) { parts.push("..."); break; }
          const slot = Object.getOwnPropertyDescriptor(entry, name);
          parts.push(`${key(name)}: ${slot.get ? "[Getter]" : show(slot.value, depth + 1)}`);
        }
        const name = entry.constructor?.name;
        return list(name && name !== "Object" ? `${name} {` : "{", parts, "}");
      } finally {
        seen.pop();
      }
    };
    return show(value, 0);
  };

  const format = (values) => {
    let index = 0;
    let text = "";
    if (typeof values[0] === "string") {
      index = 1;
      text = values[0].replace(/%[sdifjoOc%]/g, (mark) => {
        if (mark === "%%") return "%";
        if (index >= values.length) return mark;
        const value = values[index++];
        switch (mark) {
          case "%s": return typeof value === "object" && value !== null ? inspect(value, { depth: 0 }) : String(value);
          case "%d": return typeof value === "object" ? "NaN" : String(Number(value));
          case "%i": return String(parseInt(value, 10));
          case "%f": return String(parseFloat(value));
          case "%j": return JSON.stringify(value);
          case "%c": return "";
          default: return inspect(value, { depth: 4 });
        }
      });
    }
    const rest = values.slice(index).map((value) => (typeof value === "string" ? value : inspect(value)));
    return (index ? [text, ...rest] : rest).join(" ");
  };

  const isDeepStrictEqual = (left, right) => {
    if (Object.is(left, right)) return true;
    if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
    if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
    if (left instanceof shared.RealDate) return left.getTime() === right.getTime();
    if (left instanceof RegExp) return String(left) === String(right);
    if (left instanceof Map || left instanceof Set) {
      return left.size === right.size && isDeepStrictEqual([...left], [...right]);
    }
    const names = Object.keys(left);
    return names.length === Object.keys(right).length &&
      names.every((name) => Object.hasOwn(right, name) && isDeepStrictEqual(left[name], right[name]));
  };

  const util = {
    inspect,
    format: (...values) => format(values),
    isDeepStrictEqual,
    promisify: (run) => (...args) =>
      new Promise((resolve, reject) => run(...args, (error, value) => (error ? reject(error) : resolve(value)))),
    isArray: Array.isArray,
    inherits: (child, parent) => Object.setPrototypeOf(child.prototype, parent.prototype),
    deprecate: (run) => run,
    types: {
      isDate: (value) => value instanceof shared.RealDate,
      isRegExp: (value) => value instanceof RegExp,
      isPromise: (value) => value instanceof Promise,
      isMap: (value) => value instanceof Map,
      isSet: (value) => value instanceof Set,
    },
    get TextEncoder() { return globalThis.TextEncoder; },
    get TextDecoder() { return globalThis.TextDecoder; },
  };

  return { inspect, format, util, isDeepStrictEqual };
}

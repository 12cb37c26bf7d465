// `URL`, `URLSearchParams` and `querystring`. Parsing is the child's own, by the same rules as browsers.
export default function make(native) {
  const form = (text) =>
    encodeURIComponent(text.toWellFormed()).replace(/[!'()~]/g, (letter) => "%" + letter.charCodeAt(0).toString(16).toUpperCase())
      .replaceAll("%20", "+");
  const unform = (text) => {
    const spaced = text.replaceAll("+", " ");
    try {
      return decodeURIComponent(spaced);
    } catch {
      return native.percentDecode(spaced);
    }
  };

  class URLSearchParams {
    #pairs = [];
    #changed = () => {};
    constructor(init = "") {
      if (typeof init === "object" && init !== null) {
        if (typeof init[Symbol.iterator] === "function") {
          for (const [name, value] of init) this.#pairs.push([String(name), String(value)]);
        } else for (const name of Object.keys(init)) this.#pairs.push([name, String(init[name])]);
      } else this.#parse(String(init));
    }
    #parse(text) {
      this.#pairs = [];
      for (const part of text.replace(/^\?/, "").split("&")) {
        if (part === "") continue;
        const at = part.indexOf("=");
        this.#pairs.push(at < 0 ? [unform(part), ""] : [unform(part.slice(0, at)), unform(part.slice(at + 1))]);
      }
    }
    static bind(params, text, changed) {
      params.#parse(text);
      params.#changed = changed;
    }
    get size() { return this.#pairs.length; }
    append(name, value) { this.#pairs.push([String(name), String(value)]); this.#changed(); }
    delete(name, value) {
      this.#pairs = this.#pairs.filter((pair) => pair[0] !== String(name) || (value !== undefined && pair[1] !== String(value)));
      this.#changed();
    }
    get(name) { return this.#pairs.find((pair) => pair[0] === String(name))?.[1] ?? null; }
    getAll(name) { return this.#pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]); }
    has(name, value) {
      return this.#pairs.some((pair) => pair[0] === String(name) && (value === undefined || pair[1] === String(value)));
    }
    set(name, value) {
      const at = this.#pairs.findIndex((pair) => pair[0] === String(name));
      if (at < 0) this.#pairs.push([String(name), String(value)]);
      else {
        this.#pairs[at][1] = String(value);
        this.#pairs = this.#pairs.filter((pair, index) => index <= at || pair[0] !== String(name));
      }
      this.#changed();
    }
    sort() { this.#pairs.sort((left, right) => (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0)); this.#changed(); }
    forEach(run, self) { for (const [name, value] of this.#pairs) run.call(self, value, name, this); }
    *entries() { for (const pair of this.#pairs) yield [...pair]; }
    *keys() { for (const pair of this.#pairs) yield pair[0]; }
    *values() { for (const pair of this.#pairs) yield pair[1]; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return this.#pairs.map(([name, value]) => `${form(name)}=${form(value)}`).join("&"); }
  }

  const parse = (text, base) => {
    const parts = native.url(String(text).toWellFormed(), base === undefined ? undefined : String(base).toWellFormed());
    if (parts === undefined) return undefined;
    return JSON.parse(parts);
  };
  class URL {
    #parts;
    #params;
    constructor(text, base) {
      this.#parts = parse(text, base);
      if (this.#parts === undefined) {
        const error = new TypeError("Invalid URL");
        error.code = "ERR_INVALID_URL";
        error.input = String(text);
        throw error;
      }
    }
    static canParse(text, base) { return parse(text, base) !== undefined; }
    static parse(text, base) { return URL.canParse(text, base) ? new URL(text, base) : null; }
    #set(field, value) {
      const parts = native.urlSet(this.#parts.href, field, String(value).toWellFormed());
      if (parts !== undefined) this.#parts = JSON.parse(parts);
    }
    get href() { return this.#parts.href; }
    set href(value) { this.#parts = new URL(value).#parts; this.#follow(); }
    get origin() { return this.#parts.origin; }
    get searchParams() {
      if (this.#params === undefined) {
        this.#params = new URLSearchParams();
        this.#follow();
      }
      return this.#params;
    }
    #follow() {
      if (this.#params === undefined) return;
      URLSearchParams.bind(this.#params, this.#parts.search, () => this.#set("search", this.#params.toString()));
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
    static {
      for (const field of ["protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"]) {
        Object.defineProperty(URL.prototype, field, {
          get() { return this.#parts[field]; },
          set(value) { this.#set(field, value); if (field === "search") this.#follow(); },
          enumerable: true, configurable: true,
        });
      }
    }
  }

  const querystring = {
    parse: (text) => {
      const found = {};
      for (const [name, value] of new URLSearchParams(text)) {
        found[name] = name in found ? [].concat(found[name], value) : value;
      }
      return found;
    },
    stringify: (values) =>
      Object.entries(values ?? {}).flatMap(([name, value]) =>
        [].concat(value).map((entry) => `${encodeURIComponent(name)}=${encodeURIComponent(entry ?? "")}`)).join("&"),
    escape: encodeURIComponent,
    unescape: decodeURIComponent,
  };
  querystring.decode = querystring.parse;
  querystring.encode = querystring.stringify;

  const legacy = (text, query) => {
    try {
      const { protocol, host, hostname, port, pathname, search, hash, href, username, password } = new URL(text);
      return {
        protocol, slashes: true, auth: username ? `${username}${password ? ":" + password : ""}` : null, host, hostname,
        port: port || null, pathname, search: search || null, hash: hash || null, href, path: pathname + search,
        query: query ? querystring.parse(search.slice(1)) : search.slice(1) || null,
      };
    } catch {
      const [, path, search, hash] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(String(text)) ?? [];
      return {
        protocol: null, host: null, hostname: null, port: null, pathname: path || null, search: search ?? null,
        query: query ? querystring.parse((search ?? "").slice(1)) : (search ?? "").slice(1) || null, hash: hash ?? null,
        href: String(text), path: (path ?? "") + (search ?? ""),
      };
    }
  };

  return {
    URL, URLSearchParams, querystring, parse: legacy, format: (value) => String(value.href ?? value),
    resolve: (from, to) => new URL(to, from).href,
  };
}

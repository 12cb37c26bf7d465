// Text coders, structuredClone and events, as browsers and node have them.
export default function make(native, shared) {
  const buffer = () => shared.load("buffer");

  class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text = "") { return buffer().encode(String(text), "utf8"); }
    encodeInto(text, target) {
      let read = 0;
      let written = 0;
      for (const letter of String(text)) {
        const bytes = buffer().encode(letter, "utf8");
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        written += bytes.length;
        read += letter.length;
      }
      return { read, written };
    }
  }

  const labels = {
    "utf-8": "utf8", utf8: "utf8", "utf-16le": "utf16le", "utf-16": "utf16le", latin1: "latin1", "iso-8859-1": "latin1",
    ascii: "latin1", "us-ascii": "latin1", "windows-1252": "latin1",
  };
  class TextDecoder {
    #encoding;
    constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
      this.#encoding = labels[String(label).toLowerCase()];
      if (this.#encoding === undefined) throw new RangeError(`The "${label}" encoding is not supported`);
      this.encoding = this.#encoding === "utf8" ? "utf-8" : this.#encoding === "utf16le" ? "utf-16le" : "windows-1252";
      this.fatal = fatal;
      this.ignoreBOM = ignoreBOM;
    }
    decode(value = new Uint8Array()) {
      const bytes = buffer().bytesOf(value);
      if (bytes === undefined) throw new TypeError("The provided value is not an ArrayBuffer or a view");
      const text = buffer().decode(bytes, this.#encoding);
      if (this.fatal && this.#encoding === "utf8" && text.includes("\ufffd") &&
        buffer().encode(text, "utf8").length !== bytes.length) {
        throw new TypeError("The encoded data was not valid for encoding utf-8");
      }
      return !this.ignoreBOM && text.startsWith("\ufeff") ? text.slice(1) : text;
    }
  }

  const structuredClone = (value) => {
    const seen = new Map();
    const fail = (what) => {
      const error = new Error(`${what} could not be cloned.`);
      error.name = "DataCloneError";
      throw error;
    };
    const copy = (entry) => {
      if (typeof entry === "function") fail(String(entry));
      if (typeof entry === "symbol") fail("Symbol()");
      if (entry === null || typeof entry !== "object") return entry;
      if (seen.has(entry)) return seen.get(entry);
      const keep = (made) => { seen.set(entry, made); return made; };
      if (entry instanceof shared.RealDate) return keep(new Date(entry.getTime()));
      if (entry instanceof RegExp) return keep(new RegExp(entry.source, entry.flags));
      if (entry instanceof ArrayBuffer) return keep(entry.slice(0));
      if (ArrayBuffer.isView(entry)) return keep(Uint8Array.prototype.slice ? entry.slice() : entry);
      if (entry instanceof Map) {
        const made = keep(new Map());
        for (const [key, part] of entry) made.set(copy(key), copy(part));
        return made;
      }
      if (entry instanceof Set) {
        const made = keep(new Set());
        for (const part of entry) made.add(copy(part));
        return made;
      }
      if (entry instanceof Error) {
        const made = keep(new Error(entry.message));
        made.name = entry.name;
        return made;
      }
      if (Array.isArray(entry)) {
        const made = keep(new Array(entry.length));
        for (let index = 0; index < entry.length; index++) if (index in entry) made[index] = copy(entry[index]);
        return made;
      }
      const made = keep({});
      for (const key of Object.keys(entry)) made[key] = copy(entry[key]);
      return made;
    };
    return copy(value);
  };

  class Event {
    constructor(type, options = {}) { this.type = type; Object.assign(this, options); }
  }
  class EventTarget {
    #listeners = new Map();
    addEventListener(type, listener) { this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]); }
    removeEventListener(type, listener) {
      this.#listeners.set(type, (this.#listeners.get(type) ?? []).filter((known) => known !== listener));
    }
    dispatchEvent(event) {
      for (const listener of this.#listeners.get(event.type) ?? []) listener.call(this, event);
      return true;
    }
  }
  class AbortSignal extends EventTarget {
    aborted = false;
    reason = undefined;
    throwIfAborted() { if (this.aborted) throw this.reason; }
  }
  class AbortController {
    signal = new AbortSignal();
    abort(reason) {
      if (this.signal.aborted) return;
      const error = new Error("This operation was aborted");
      error.name = "AbortError";
      this.signal.aborted = true;
      this.signal.reason = reason ?? error;
      this.signal.dispatchEvent(new Event("abort"));
    }
  }

  return { TextEncoder, TextDecoder, structuredClone, Event, EventTarget, AbortSignal, AbortController };
}

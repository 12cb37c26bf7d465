// `Buffer` on top of Uint8Array. Conversions between text and bytes are the child's own, in native code.
export default function make(native) {
  const known = new Map(Object.entries({
    utf8: "utf8", "utf-8": "utf8", hex: "hex", base64: "base64", base64url: "base64url", latin1: "latin1",
    binary: "latin1", ascii: "ascii", ucs2: "utf16le", "ucs-2": "utf16le", utf16le: "utf16le", "utf-16le": "utf16le",
  }));
  const encodingOf = (name) => {
    if (name === undefined || name === null || name === "") return "utf8";
    const found = known.get(String(name).toLowerCase());
    if (found === undefined) throw new TypeError(`Unknown encoding: ${name}`);
    return found;
  };
  const units = (text, width, mask) => {
    const bytes = new Uint8Array(text.length * width);
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      bytes[index * width] = unit & mask;
      if (width === 2) bytes[index * 2 + 1] = unit >> 8;
    }
    return bytes;
  };
  const encode = (text, encoding) => {
    switch (encoding) {
      case "latin1": case "ascii": return units(text, 1, 255);
      case "utf16le": return units(text, 2, 255);
      default: return new Uint8Array(native.encode(text.toWellFormed(), encoding));
    }
  };
  const fromUnits = (bytes, width, mask) => {
    let text = "";
    for (let index = 0; index + width <= bytes.length; index += width * 4096) {
      const part = [];
      for (let at = index; at + width <= Math.min(bytes.length, index + width * 4096); at += width) {
        part.push(width === 2 ? bytes[at] | (bytes[at + 1] << 8) : bytes[at] & mask);
      }
      text += String.fromCharCode(...part);
    }
    return text;
  };
  const exact = (bytes) =>
    bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer
      : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const decode = (bytes, encoding) => {
    switch (encoding) {
      case "latin1": return fromUnits(bytes, 1, 255);
      case "ascii": return fromUnits(bytes, 1, 127);
      case "utf16le": return fromUnits(bytes, 2, 255);
      default: return native.decode(exact(bytes), encoding);
    }
  };
  const own = (bytes) => Object.setPrototypeOf(bytes, Buffer.prototype);
  const bytesOf = (value) =>
    typeof value === "string" ? encode(value, "utf8")
      : value instanceof Uint8Array ? value
        : ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
          : value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;

  function Buffer(value, encoding, length) {
    return typeof value === "number" ? Buffer.alloc(value) : Buffer.from(value, encoding, length);
  }
  Object.setPrototypeOf(Buffer, Uint8Array);
  Buffer.prototype = Object.create(Uint8Array.prototype, {
    constructor: { value: Buffer, writable: true, configurable: true },
  });
  Object.defineProperty(Buffer, Symbol.species, { get: () => Uint8Array });

  Buffer.from = (value, encoding, length) => {
    if (typeof value === "string") return own(encode(value, encodingOf(encoding)));
    if (value instanceof ArrayBuffer) return own(new Uint8Array(value, encoding, length));
    if (ArrayBuffer.isView(value)) return own(Uint8Array.from(value));
    if (Array.isArray(value)) return own(Uint8Array.from(value));
    if (value !== null && typeof value === "object") {
      if (value.type === "Buffer" && Array.isArray(value.data)) return own(Uint8Array.from(value.data));
      if (value.valueOf() !== value) return Buffer.from(value.valueOf(), encoding, length);
      if (typeof value.length === "number") return own(Uint8Array.from(value));
    }
    throw new TypeError(
      "The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like " +
      `Object. Received ${value === null ? "null" : typeof value}`);
  };
  Buffer.alloc = (size, fill, encoding) => {
    const buffer = own(new Uint8Array(size));
    return fill === undefined || fill === 0 ? buffer : buffer.fill(fill, encoding);
  };
  Buffer.allocUnsafe = Buffer.allocUnsafeSlow = (size) => Buffer.alloc(size);
  Buffer.isBuffer = (value) => value instanceof Buffer;
  Buffer.isEncoding = (name) => known.has(String(name).toLowerCase());
  Buffer.byteLength = (value, encoding) =>
    typeof value === "string" ? encode(value, encodingOf(encoding)).length : value.byteLength;
  Buffer.concat = (list, total = list.reduce((sum, part) => sum + part.length, 0)) => {
    const joined = Buffer.alloc(total);
    let at = 0;
    for (const part of list) {
      if (at >= total) break;
      joined.set(part.subarray(0, total - at), at);
      at += part.length;
    }
    return joined;
  };
  Buffer.compare = (left, right) => {
    const length = Math.min(left.length, right.length);
    for (let index = 0; index < length; index++) {
      if (left[index] !== right[index]) return left[index] < right[index] ? -1 : 1;
    }
    return Math.sign(left.length - right.length);
  };
  Buffer.poolSize = 8192;

  const search = (buffer, value, from, encoding, last) => {
    const wanted = typeof value === "number" ? Uint8Array.of(value)
      : typeof value === "string" ? encode(value, encodingOf(encoding)) : value;
    const end = buffer.length - wanted.length;
    let at = from === undefined ? (last ? end : 0) : from < 0 ? buffer.length + from : from;
    if (last) at = Math.min(at, end);
    for (; last ? at >= 0 : at <= end; last ? at-- : at++) {
      let same = at >= 0;
      for (let index = 0; same && index < wanted.length; index++) same = buffer[at + index] === wanted[index];
      if (same) return at;
    }
    return -1;
  };
  const text = (run) => (typeof run === "string" ? run : undefined);
  const methods = {
    toString(encoding, start = 0, end = this.length) {
      return decode(start === 0 && end >= this.length ? this : this.subarray(start, end), encodingOf(encoding));
    },
    toLocaleString(encoding) { return this.toString(encoding); },
    toJSON() { return { type: "Buffer", data: Array.from(this) }; },
    equals(other) { return Buffer.compare(this, other) === 0; },
    compare(other, start = 0, end = other.length, from = 0, to = this.length) {
      return Buffer.compare(this.subarray(from, to), other.subarray(start, end));
    },
    subarray(start, end) { return own(Uint8Array.prototype.subarray.call(this, start, end)); },
    slice(start, end) { return this.subarray(start, end); },
    write(value, offset, length, encoding) {
      if (typeof offset === "string") { encoding = offset; offset = 0; length = undefined; }
      else if (typeof length === "string") { encoding = length; length = undefined; }
      offset ??= 0;
      const bytes = encode(value, encodingOf(encoding));
      const count = Math.min(bytes.length, length ?? Infinity, this.length - offset);
      this.set(bytes.subarray(0, count), offset);
      return count;
    },
    fill(value, start, end, encoding) {
      if (text(start) !== undefined) { encoding = start; start = 0; end = this.length; }
      const bytes = typeof value === "number" ? Uint8Array.of(value)
        : typeof value === "string" ? encode(value, encodingOf(encoding)) : value;
      if (bytes.length === 0) return this;
      for (let at = start ?? 0, index = 0; at < (end ?? this.length); at++, index++) this[at] = bytes[index % bytes.length];
      return this;
    },
    copy(target, at = 0, start = 0, end = this.length) {
      const part = this.subarray(start, Math.min(end, start + target.length - at));
      target.set(part, at);
      return part.length;
    },
    indexOf(value, from, encoding) { return search(this, value, from, encoding, false); },
    lastIndexOf(value, from, encoding) { return search(this, value, from, encoding, true); },
    includes(value, from, encoding) { return search(this, value, from, encoding, false) >= 0; },
    swap16() { return swap(this, 2); },
    swap32() { return swap(this, 4); },
    swap64() { return swap(this, 8); },
  };
  const swap = (buffer, width) => {
    for (let at = 0; at + width <= buffer.length; at += width) Uint8Array.prototype.subarray.call(buffer, at, at + width).reverse();
    return buffer;
  };
  const view = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const kinds = [
    ["UInt8", "Uint8", 1], ["Int8", "Int8", 1], ["UInt16", "Uint16", 2], ["Int16", "Int16", 2], ["UInt32", "Uint32", 4],
    ["Int32", "Int32", 4], ["Float", "Float32", 4], ["Double", "Float64", 8], ["BigInt64", "BigInt64", 8],
    ["BigUInt64", "BigUint64", 8],
  ];
  const check = (buffer, at, width) => {
    if (!(at >= 0 && at + width <= buffer.length)) {
      throw new RangeError(
        `The value of "offset" is out of range. It must be >= 0 and <= ${buffer.length - width}. Received ${at}`);
    }
  };
  for (const [name, type, width] of kinds) {
    for (const [suffix, little] of width === 1 ? [["", true]] : [["LE", true], ["BE", false]]) {
      const read = function (at = 0) {
        check(this, at, width);
        return view(this)[`get${type}`](at, little);
      };
      const write = function (value, at = 0) {
        check(this, at, width);
        view(this)[`set${type}`](at, value, little);
        return at + width;
      };
      for (const alias of [name, name.replace("UInt", "Uint")]) {
        methods[`read${alias}${suffix}`] = read;
        methods[`write${alias}${suffix}`] = write;
      }
    }
  }
  // Numbers of 1 to 6 bytes.
  const readUInt = (buffer, at, width, little) => {
    check(buffer, at, width);
    let value = 0;
    for (let index = 0; index < width; index++) value = value * 256 + buffer[little ? at + width - 1 - index : at + index];
    return value;
  };
  for (const little of [true, false]) {
    const suffix = little ? "LE" : "BE";
    methods[`readUInt${suffix}`] = methods[`readUint${suffix}`] = function (at, width) {
      return readUInt(this, at, width, little);
    };
    methods[`readInt${suffix}`] = function (at, width) {
      const value = readUInt(this, at, width, little);
      return value >= 2 ** (8 * width - 1) ? value - 2 ** (8 * width) : value;
    };
    const write = function (value, at, width) {
      check(this, at, width);
      let rest = value < 0 ? value + 2 ** (8 * width) : value;
      for (let index = 0; index < width; index++) {
        this[little ? at + index : at + width - 1 - index] = rest % 256;
        rest = Math.floor(rest / 256);
      }
      return at + width;
    };
    methods[`writeUInt${suffix}`] = methods[`writeUint${suffix}`] = methods[`writeInt${suffix}`] = write;
  }
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true });
  }
  Object.defineProperty(Buffer.prototype, "parent", { get() { return this.buffer; }, configurable: true });

  const invalid = () => {
    const error = new Error("The string to be decoded is not correctly encoded.");
    error.name = "InvalidCharacterError";
    return error;
  };
  const atob = (value) => {
    const packed = String(value).replace(/[\t\n\f\r ]/g, "").replace(/={1,2}$/, "");
    if (/[^A-Za-z0-9+/]/.test(packed) || packed.length % 4 === 1) throw invalid();
    return decode(encode(packed, "base64"), "latin1");
  };
  const btoa = (value) => {
    const plain = String(value);
    if (/[^\0-\xff]/.test(plain)) throw invalid();
    return native.decode(exact(encode(plain, "latin1")), "base64");
  };

  class Blob {
    #bytes;
    constructor(parts = [], { type = "" } = {}) {
      this.#bytes = Buffer.concat([...parts].map((part) =>
        part instanceof Blob ? part.#bytes : bytesOf(part) ?? encode(String(part), "utf8")));
      this.type = type;
    }
    get size() { return this.#bytes.length; }
    async text() { return this.#bytes.toString(); }
    async arrayBuffer() { return exact(Uint8Array.from(this.#bytes)); }
    async bytes() { return Uint8Array.from(this.#bytes); }
    slice(start, end, type) { return new Blob([this.#bytes.subarray(start, end)], { type }); }
  }

  return { Buffer, Blob, atob, btoa, encode, decode, exact, bytesOf, constants: { MAX_LENGTH: 2 ** 32 }, kMaxLength: 2 ** 32 };
}

// node's `crypto` module and the web's `crypto`. Random bytes follow from the step's seed, so that replay repeats them.
export default function make(native, shared) {
  const { Buffer, exact, bytesOf } = shared.load("buffer");

  const bytes = (value, encoding) => {
    if (typeof value === "string") return Buffer.from(value, encoding);
    const found = bytesOf(value);
    if (found === undefined) throw new TypeError('The "data" argument must be of type string or an instance of Buffer');
    return found;
  };
  const wrap = (raw, encoding) => {
    const buffer = Buffer.from(raw);
    return encoding === undefined || encoding === "buffer" ? buffer : buffer.toString(encoding);
  };
  const name = (algorithm) => String(algorithm).toLowerCase().replace(/^rsa-/, "").replace(/^sha-/, "sha").replace("sha512-256", "sha512-256");

  class Hash {
    #algorithm;
    #key;
    #parts = [];
    #done = false;
    constructor(algorithm, key) {
      this.#algorithm = name(algorithm);
      this.#key = key;
      if (!native.hashes().includes(this.#algorithm)) throw new Error("Digest method not supported");
    }
    update(data, encoding) {
      if (this.#done) throw new Error("Digest already called");
      this.#parts.push(bytes(data, encoding));
      return this;
    }
    digest(encoding) {
      if (this.#done) throw new Error("Digest already called");
      this.#done = true;
      const data = exact(Buffer.concat(this.#parts));
      return wrap(
        this.#key === undefined ? native.hash(this.#algorithm, data) : native.hmac(this.#algorithm, exact(this.#key), data),
        encoding);
    }
    copy() {
      const twin = new Hash(this.#algorithm, this.#key);
      twin.#parts = this.#parts.slice();
      return twin;
    }
  }

  class Cipher {
    #algorithm;
    #key;
    #iv;
    #encrypt;
    #parts = [];
    #aad = new Uint8Array();
    #tag;
    #padding = true;
    constructor(algorithm, key, iv, encrypt) {
      this.#algorithm = String(algorithm).toLowerCase();
      this.#key = exact(Uint8Array.from(bytes(key)));
      this.#iv = exact(Uint8Array.from(iv === null || iv === undefined ? [] : bytes(iv)));
      this.#encrypt = encrypt;
      native.cipherCheck(this.#algorithm, this.#key.byteLength, this.#iv.byteLength);
    }
    update(data, input, output) {
      this.#parts.push(bytes(data, input));
      return output === undefined ? Buffer.alloc(0) : "";
    }
    setAAD(data) { this.#aad = bytes(data); return this; }
    setAutoPadding(padding = true) { this.#padding = padding; return this; }
    setAuthTag(tag) { this.#tag = bytes(tag); return this; }
    getAuthTag() {
      if (this.#tag === undefined) throw new Error("Invalid state for operation getAuthTag");
      return Buffer.from(this.#tag);
    }
    final(encoding) {
      const aead = this.#algorithm.endsWith("-gcm") || this.#algorithm === "chacha20-poly1305";
      const data = Buffer.concat(this.#encrypt || !aead ? this.#parts : [...this.#parts, this.#tag ?? new Uint8Array()]);
      const out = Buffer.from(native.cipher(
        { name: this.#algorithm, encrypt: this.#encrypt, padding: this.#padding }, this.#key, this.#iv, exact(data),
        exact(Uint8Array.from(this.#aad))));
      if (!this.#encrypt || !aead) return wrap(exact(out), encoding);
      this.#tag = out.subarray(out.length - 16);
      return wrap(exact(Uint8Array.from(out.subarray(0, out.length - 16))), encoding);
    }
  }

  const randomBytes = (size, callback) => {
    const made = Buffer.from(native.random(size));
    if (callback) { callback(null, made); return undefined; }
    return made;
  };
  const randomUUID = () => {
    const raw = randomBytes(16);
    raw[6] = (raw[6] & 15) | 64;
    raw[8] = (raw[8] & 63) | 128;
    return raw.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  const randomInt = (from, to) => {
    if (to === undefined) [from, to] = [0, from];
    return from + Math.floor((randomBytes(6).readUIntBE(0, 6) / 2 ** 48) * (to - from));
  };
  const getRandomValues = (view) => {
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(randomBytes(view.byteLength));
    return view;
  };
  const pbkdf2Sync = (password, salt, iterations, length, digest = "sha1") =>
    Buffer.from(native.pbkdf2(name(digest), exact(Uint8Array.from(bytes(password))), exact(Uint8Array.from(bytes(salt))), iterations, length));

  const digestName = (algorithm) => name(typeof algorithm === "string" ? algorithm : algorithm.name);
  const subtle = {
    digest: async (algorithm, data) => native.hash(digestName(algorithm), exact(Uint8Array.from(bytes(data)))),
    importKey: async (format, data, algorithm, extractable, usages) => {
      if (format !== "raw") throw new Error("only raw keys are supported here");
      return { type: "secret", algorithm: typeof algorithm === "string" ? { name: algorithm } : algorithm, extractable, usages, data: Buffer.from(bytes(data)) };
    },
    sign: async (algorithm, key, data) =>
      native.hmac(digestName(key.algorithm.hash ?? "sha256"), exact(Uint8Array.from(key.data)), exact(Uint8Array.from(bytes(data)))),
    verify: async (algorithm, key, signature, data) =>
      Buffer.compare(Buffer.from(await subtle.sign(algorithm, key, data)), Buffer.from(bytes(signature))) === 0,
  };

  const module = {
    createHash: (algorithm) => new Hash(algorithm),
    createHmac: (algorithm, key) => new Hash(algorithm, Uint8Array.from(bytes(key))),
    hash: (algorithm, data, encoding = "hex") => new Hash(algorithm).update(data).digest(encoding),
    createCipheriv: (algorithm, key, iv) => new Cipher(algorithm, key, iv, true),
    createDecipheriv: (algorithm, key, iv) => new Cipher(algorithm, key, iv, false),
    getHashes: () => native.hashes(),
    getCiphers: () => ["aes-128-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm", "aes-128-ctr", "aes-256-ctr", "aes-128-ecb",
      "aes-256-ecb", "chacha20-poly1305"],
    timingSafeEqual: (left, right) => {
      if (left.byteLength !== right.byteLength) throw new RangeError("Input buffers must have the same byte length");
      return Buffer.compare(bytes(left), bytes(right)) === 0;
    },
    pbkdf2Sync,
    pbkdf2: (password, salt, iterations, length, digest, callback) =>
      callback(null, pbkdf2Sync(password, salt, iterations, length, digest)),
    randomBytes,
    randomFillSync: (view) => getRandomValues(view),
    randomUUID,
    randomInt,
    getRandomValues,
    subtle,
  };
  module.webcrypto = { subtle, getRandomValues, randomUUID };
  // n8n's users write `crypto.createHash` with and without `require`.
  return { module, global: module };
}

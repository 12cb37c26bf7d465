// Runs the text of a code node and checks what it returns, as n8n does.
export default function make(native, shared) {
  const { ask, describe } = shared;

  const helpers = () => ({
    httpRequest: (options) => ask("http", typeof options === "string" ? { url: options } : options),
    request: (options) => ask("http", typeof options === "string" ? { url: options } : { ...options, legacy: true }),
    getBinaryDataBuffer: async (item, property) =>
      shared.load("buffer").Buffer.from(await ask("binary.read", { item, property }), "base64"),
    assertBinaryData: (item, property) => {
      const file = shared.items[item]?.binary?.[property];
      if (!file) throw new Error(`Item ${item} has no binary file '${property}'`);
      return file;
    },
    prepareBinaryData: (data, fileName, mimeType) =>
      ask("binary.write", { data: shared.load("buffer").Buffer.from(data).toString("base64"), fileName, mimeType }),
    setBinaryDataBuffer: async (file, data) => ({
      ...file,
      ...(await ask("binary.write", {
        data: shared.load("buffer").Buffer.from(data).toString("base64"), fileName: file.fileName,
        mimeType: file.mimeType,
      })),
    }),
    binaryToBuffer: async (data) => shared.load("buffer").Buffer.from(data),
    returnJsonArray: (data) =>
      (Array.isArray(data) ? data : [data]).map((entry) => (isItem(entry) ? entry : { json: entry })),
    normalizeItems: (data) => normalizeAll(data),
  });

  const { isArray } = Array;
  const isObject = (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof shared.RealDate);
  const isItem = (value) => isObject(value) && isObject(value.json);
  const allowed = new Set(["json", "binary", "pairedItem", "error", "index", "evaluationData", "sendMessage"]);

  class ItemsError extends Error {
    constructor(message, description, item) {
      super(message);
      this.description = description;
      this.item = item;
    }
  }

  const kindOf = (value) =>
    value === null ? "null" : Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : typeof value;
  const unwrap = (value) => (value !== null && typeof value === "object" ? value : undefined);

  const checked = (item, index) => {
    if (!isItem(item)) {
      throw new ItemsError(
        "A 'json' property isn't an object",
        `In the returned data, item ${index} has a 'json' that is no object.`, index);
    }
    for (const key of Object.keys(item)) {
      if (!allowed.has(key)) {
        throw new ItemsError(
          `Unknown top-level item key: ${key}`,
          "Access the properties of an item under `.json`, e.g. `item.json`", index);
      }
    }
    if (item.binary !== undefined && !isObject(item.binary)) {
      throw new ItemsError("A 'binary' property isn't an object", undefined, index);
    }
    const out = { json: item.json };
    if (item.binary !== undefined) out.binary = item.binary;
    if (item.pairedItem !== undefined) out.pairedItem = item.pairedItem;
    if (item.error !== undefined) out.error = item.error;
    return out;
  };

  const normalizeAll = (value) => {
    // As in n8n: nothing to put out, where `undefined` is a `return` that was forgotten.
    if (value === null) return [];
    const returned = unwrap(value);
    if (returned === undefined) {
      throw new ItemsError(
        "Code doesn't return items properly",
        `Please return an array of objects, one for each item you would like to output (got ${kindOf(value)}).`);
    }
    if (!Array.isArray(returned)) return [isObject(returned.json) ? checked(returned, 0) : plain(returned, 0)];
    const wrapped = returned.some((entry) => isObject(entry) && "json" in entry);
    // `push` keeps the engine's dense form, which `map` and `new Array(n)` lose.
    const out = [];
    for (let index = 0; index < returned.length; index++) out.push(entryOf(returned[index], index, wrapped));
    return out;
  };
  const entryOf = (entry, index, wrapped) => {
    if (entry === null || typeof entry !== "object" || isArray(entry)) {
      throw new ItemsError(
        "Code doesn't return items properly",
        `Please return an array of objects: entry ${index} is ${kindOf(entry)}.`, index);
    }
    return wrapped ? checked(entry, index) : plain(entry, index);
  };

  const plain = (value, index) => {
    if (!isObject(value)) throw new ItemsError("Code doesn't return items properly", undefined, index);
    return { json: value };
  };

  const normalizeOne = (value, index) => {
    if (value === null || value === undefined) return undefined;
    if (!isObject(value)) {
      throw new ItemsError(
        Array.isArray(value) ? "Code doesn't return a single object" : "Code doesn't return an object",
        Array.isArray(value)
          ? "An array was returned. In 'run once for each item' return one object; to return several items use 'run once for all items'."
          : `Please return an object representing the output item (got ${kindOf(value)}).`, index);
    }
    const item = "json" in value ? checked(value, index) : plain(value, index);
    item.pairedItem ??= { item: index };
    return item;
  };

  let state = 0;
  let outcome;

  const settle = (promise) =>
    promise.then(
      (value) => { state = 1; outcome = value; },
      (error) => { state = 2; outcome = error; },
    );

  // `each`: once for each item; `goesOn`: an item that fails is put out as such, and the next one is next.
  const start = (source, each, goesOn) => {
    shared.lazy("$helpers", helpers);
    const self = {
      get helpers() { return globalThis.$helpers; },
      getNode: () => ({ name: shared.facts.nodeName, id: shared.facts.nodeId, type: "core.code" }),
      getWorkflow: () => shared.facts.workflow,
      getWorkflowStaticData: (type) => globalThis.$getWorkflowStaticData(type),
      getNodeParameter: (name) => globalThis.$parameter[name],
      getInputData: () => shared.items,
      getMode: () => globalThis.$mode,
      getTimezone: () => shared.facts.timezone,
    };
    const run = native.compile(`(async function(){${source}\n})`);
    if (!each) {
      settle((async () => await run.call(self))());
      return;
    }
    settle((async () => {
      const out = [];
      for (let index = 0; index < shared.items.length; index++) {
        shared.current = index;
        try {
          const item = normalizeOne(await run.call(self), index);
          if (item !== undefined) out.push(item);
        } catch (error) {
          // What is out of memory cannot go on.
          if (goesOn && error !== null) {
            const failed = { ...describe(error), item: index, items: error instanceof ItemsError };
            out.push({ json: {}, pairedItem: { item: index }, failed });
            continue;
          }
          if (error !== null && typeof error === "object" && error.item === undefined) error.item = index;
          throw error;
        }
      }
      return out;
    })());
  };

  return {
    start,
    // What the code returned, when not all of it is an item as it should be: those are written as they are. Tells
    // whether it could be mended; `result` has the items or the error.
    normalize: (value) => {
      try {
        outcome = normalizeAll(value);
        return true;
      } catch (error) {
        outcome = error;
        state = 2;
        return false;
      }
    },
    poll: () => state,
    result: () => {
      if (state === 1) return outcome;
      const described = describe(outcome);
      if (typeof outcome?.item === "number") described.item = outcome.item;
      return { items: outcome instanceof ItemsError, error: described };
    },
  };
}

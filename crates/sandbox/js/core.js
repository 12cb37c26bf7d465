// Installed before user code: n8n's globals, the clock, chance, the console, virtual timers, and the loop over items.
// Everything that costs time to build is a lazy global. It is installed once; every job starts from an image of it, and
// `begin` adds what the job is about.
export default function install(native) {
  let facts;
  let items;
  let current = 0;
  const { defineProperty } = Object;

  class ExpressionError extends Error {
    constructor(message, description, hint) {
      super(message);
      this.description = description;
      this.hint = hint;
    }
  }
  defineProperty(ExpressionError.prototype, "name", { value: "ExpressionError", configurable: true, writable: true });
  const BaseTypeError = TypeError;

  // ---- globals -----------------------------------------------------------------------------------------------------
  const constant = (name, value) =>
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  const getter = (name, get) =>
    defineProperty(globalThis, name, { get, set: (value) => constant(name, value), configurable: true });
  const lazy = (name, make) =>
    getter(name, () => {
      const value = make();
      constant(name, value);
      return value;
    });
  const cache = (make) => {
    let value;
    let made = false;
    return () => {
      if (!made) {
        value = make();
        made = true;
      }
      return value;
    };
  };
  const loaded = Object.create(null);
  const load = (name) => (loaded[name] ??= { value: native.load(name)(native, shared) }).value;

  // ---- clock and chance: both come from the journal, so that a replay gives the same answers -------------------------
  const RealDate = Date;
  let elapsed = 0;
  const now = () => facts.now + elapsed;
  function FixedDate(...args) {
    if (!new.target) return new RealDate(now()).toString();
    if (args.length === 0) args.push(now());
    return Reflect.construct(RealDate, args, new.target === FixedDate ? RealDate : new.target);
  }
  FixedDate.prototype = RealDate.prototype;
  defineProperty(RealDate.prototype, "constructor", { value: FixedDate, writable: true, configurable: true });
  defineProperty(FixedDate, "name", { value: "Date", configurable: true });
  defineProperty(FixedDate, "length", { value: 7, configurable: true });
  defineProperty(FixedDate, "now", { value: now, writable: true, configurable: true });
  defineProperty(FixedDate, "parse", { value: RealDate.parse, writable: true, configurable: true });
  defineProperty(FixedDate, "UTC", { value: RealDate.UTC, writable: true, configurable: true });
  globalThis.Date = (FixedDate);

  // sfc32, seeded by the step.
  let a, b, c, d;
  const next = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  const seed = (words) => {
    [a, b, c, d] = words;
    for (let round = 0; round < 12; round++) next();
  };
  defineProperty(Math, "random", {
    value: () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992,
    writable: true,
    configurable: true,
  });
  // The engine's own timer of the system clock would break replay.
  delete globalThis.performance;

  // ---- timers in virtual time ----------------------------------------------------------------------------------------
  const timers = [];
  let timerId = 0;
  const addTimer = (callback, delay, args, every) => {
    if (typeof callback !== "function") throw new BaseTypeError("the callback of a timer must be a function");
    const wait = Math.max(1, Math.min(Number(delay) || 0, 2147483647));
    const timer = { id: ++timerId, due: elapsed + wait, callback, args, every: every ? wait : 0 };
    timers.push(timer);
    return timer.id;
  };
  const clear = (id) => {
    const index = timers.findIndex((timer) => timer.id === id);
    if (index >= 0) timers.splice(index, 1);
  };
  globalThis.setTimeout = ((callback, delay, ...args) => addTimer(callback, delay, args, false));
  globalThis.setInterval = ((callback, delay, ...args) => addTimer(callback, delay, args, true));
  globalThis.setImmediate = ((callback, ...args) => addTimer(callback, 0, args, false));
  globalThis.clearTimeout = (clear);
  globalThis.clearInterval = (clear);
  globalThis.clearImmediate = (clear);
  const tick = () => {
    if (timers.length === 0) return false;
    let first = 0;
    for (let index = 1; index < timers.length; index++) if (timers[index].due < timers[first].due) first = index;
    const timer = timers[first];
    elapsed = Math.max(elapsed, timer.due);
    if (timer.every) {
      timer.due += timer.every;
      timers.push(...timers.splice(first, 1));
    } else timers.splice(first, 1);
    timer.callback(...timer.args);
    return true;
  };

  // ---- console -------------------------------------------------------------------------------------------------------
  const show = (values) => load("inspect").format(values);
  const print = (level) => (...values) => {
    const plain = values.length === 1 && typeof values[0] === "string" && !values[0].includes("%");
    native.log(level, (plain ? values[0] : show(values)).toWellFormed());
  };
  lazy("console", () => {
    const info = print(1);
    const debug = print(0);
    const error = print(3);
    const none = () => {};
    return {
      log: info, info, dir: (value) => info(value), table: (value) => info(value), debug, trace: debug,
      warn: print(2), error,
      assert: (condition, ...values) => { if (!condition) error("Assertion failed:", ...values); },
      group: info, groupCollapsed: info, groupEnd: none, count: info, countReset: none,
      time: none, timeEnd: none, timeLog: info,
    };
  });

  // ---- calls to the host ---------------------------------------------------------------------------------------------
  const waiting = new Map();
  const call = (name, args) => native.call(name, JSON.stringify(args));
  const ask = (name, args) =>
    new Promise((resolve, reject) => waiting.set(native.send(name, JSON.stringify(args)), { resolve, reject }));
  const answer = (number, ok, value) => {
    const waiter = waiting.get(number);
    waiting.delete(number);
    if (ok) waiter.resolve(value);
    else waiter.reject(new Error(value));
  };

  // ---- items and other nodes -------------------------------------------------------------------------------------------
  const itemAt = (index) => items[index];
  const jsonAt = (index) => {
    const item = items[index];
    return item === undefined ? undefined : item.json;
  };

  const nodes = new Map();
  const nodeData = (name) => {
    let data = nodes.get(name);
    if (data === undefined) {
      try {
        data = native.json("node:" + name) ?? call("node", { name });
      } catch (error) {
        throw new ExpressionError(error.message, undefined, "check the name of the node in the expression");
      }
      nodes.set(name, data);
    }
    return data;
  };
  const executed = (name) => {
    const data = nodeData(name);
    if (!data.executed) {
      throw new ExpressionError(
        `Node '${name}' hasn't been executed`,
        `An expression references the node '${name}', but it hasn't been executed yet.`,
        `connect '${name}' so that it runs before this node, or test with $('${name}').isExecuted`,
      );
    }
    return data;
  };
  // `pairedItem` of items, for scripts that name it.
  let lineage;
  const pair = (list, told) => {
    told?.forEach((paired, index) => {
      if (paired !== null && list[index] !== undefined) list[index].pairedItem ??= paired;
    });
  };
  const output = (name, branch, run) => {
    const data = executed(name);
    const runs = (data.runs ??= []);
    const count = data.runCount ?? runs.length;
    const runIndex = run === undefined || run === null ? (data.run ?? count - 1) : run < 0 ? count - 1 : run;
    // Only the last run comes with the node; a loop may have made thousands.
    if (runs[runIndex] === undefined && runIndex < data.runCount) runs[runIndex] = call("node.run", { name, run: runIndex });
    const ports = runs[runIndex];
    if (ports === undefined) {
      throw new ExpressionError(`Run ${runIndex} of node '${name}' not found`);
    }
    if (lineage !== undefined && !ports.told) {
      defineProperty(ports, "told", { value: true });
      const told = call("node.lineage", { name, run: runIndex });
      ports.forEach((list, port) => pair(list, told[port]));
    }
    return ports[branch ?? data.output ?? 0] ?? [];
  };
  const pairedWith = (name, index) => {
    const data = executed(name);
    const paired = data.paired?.[index];
    if (typeof paired === "number") {
      const item = output(name)[paired];
      if (item !== undefined) return item;
    } else if (paired !== null && typeof paired === "object") {
      const item = output(name, paired.output, paired.run)[paired.item];
      if (item !== undefined) return item;
    }
    throw new ExpressionError(
      typeof paired === "string" ? paired : `Can't determine which item of '${name}' to use`,
      `Item ${index} of the current node cannot be traced back to one item of '${name}'.`,
      `use $('${name}').first(), .last() or .all()[…] instead of .item`,
    );
  };
  const reference = (name) => {
    nodeData(name);
    const all = (branch, run) => output(name, branch, run).slice();
    const view = {
      all,
      first: (branch, run) => output(name, branch, run)[0],
      last: (branch, run) => output(name, branch, run).at(-1),
      itemMatching: (index) => {
        if (index === undefined) throw new ExpressionError("Missing item index for .itemMatching()");
        return pairedWith(name, index);
      },
      pairedItem: (index) => pairedWith(name, index ?? current),
    };
    defineProperty(view, "item", { get: () => pairedWith(name, current), enumerable: true });
    defineProperty(view, "isExecuted", { get: () => !!nodeData(name).executed, enumerable: true });
    defineProperty(view, "params", { get: () => nodeData(name).params ?? {}, enumerable: true });
    defineProperty(view, "context", { get: () => nodeData(name).context ?? {}, enumerable: true });
    defineProperty(view, "runIndex", { get: () => nodeData(name).run ?? executed(name).runs.length - 1 });
    return view;
  };
  // $node["…"]: by position, as n8n's older expressions have it.
  const positional = (name) => {
    const view = {};
    const at = () => {
      const list = output(name);
      const item = list[current];
      if (item === undefined) {
        throw new ExpressionError(
          `Node '${name}' has no item with index ${current}`, undefined, `use $('${name}').first() or .all() instead`);
      }
      return item;
    };
    const define = (key, get) => defineProperty(view, key, { get, enumerable: true });
    define("json", () => at().json);
    define("data", () => at().json);
    define("binary", () => at().binary ?? {});
    define("runIndex", () => executed(name).run ?? executed(name).runs.length - 1);
    define("parameter", () => nodeData(name).params ?? {});
    define("context", () => nodeData(name).context ?? {});
    return view;
  };

  globalThis.$ = ((name) => {
    if (typeof name !== "string" || name === "") throw new ExpressionError("When calling $(), please specify a node");
    return reference(name);
  });
  lazy("$node", () => new Proxy({}, {
    get: (_, name) => (typeof name === "string" ? positional(name) : undefined),
    has: () => true,
  }));
  globalThis.$items = ((name, branch, run) =>
    name === undefined || (name === facts.prevNode?.name && branch === undefined && run === undefined)
      ? items.slice() : output(name, branch ?? 0, run).slice());
  getter("$json", () => jsonAt(current));
  getter("$binary", () => items[current]?.binary ?? {});
  getter("item", () => itemAt(current));
  for (const name of ["items", "$runIndex", "$mode", "$nodeId", "$nodeVersion", "$webhookId", "$executionId", "$resumeWebhookUrl"]) {
    globalThis[name] = undefined;
  }
  lazy("$prevNode", () => ({
    name: facts.prevNode?.name, outputIndex: facts.prevNode?.outputIndex, runIndex: facts.prevNode?.runIndex,
  }));
  const parameters = cache(() => native.json("parameters") ?? {});

  // A text is handed over once.
  const nodeContext = cache(() => native.json("context") ?? {});
  const input = {
    all: () => items.slice(),
    first: () => items[0],
    last: () => items.at(-1),
    itemMatching: (index) => items[index],
  };
  defineProperty(input, "item", { get: () => items[current], enumerable: true });
  // Those of the node that the items come from.
  const inputParameters = () => (facts.prevNode ? nodeData(facts.prevNode.name).params ?? {} : parameters());
  defineProperty(input, "params", { get: inputParameters, enumerable: true });
  defineProperty(input, "context", { get: nodeContext, enumerable: true });
  globalThis.$input = (input);

  const customData = cache(() => ({ values: { ...facts.execution.customData }, changed: false }));
  lazy("$execution", () => {
    const { id, mode, resumeUrl, resumeFormUrl = resumeUrl } = facts.execution;
    const set = (key, value) => {
      const { values } = customData();
      // More than ten are let go, as in n8n.
      if (!Object.hasOwn(values, String(key).slice(0, 50)) && Object.keys(values).length >= 10) return;
      if (typeof key !== "string" || !/^[\p{L}\p{N}\p{M}_]*$/u.test(key)) {
        throw new ExpressionError(
          `Invalid key '${String(key)}' for customData`, undefined, "use letters, digits and underscores only");
      }
      if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") {
        throw new ExpressionError(`The value of customData '${key}' must be a string or a number`);
      }
      values[key.slice(0, 50)] = String(value).slice(0, 512);
      customData().changed = true;
    };
    const execution = {
      id, mode, resumeUrl, resumeFormUrl,
      customData: {
        set,
        setAll: (values) => { for (const [key, value] of Object.entries(values)) set(key, value); },
        get: (key) => customData().values[String(key).slice(0, 50)],
        getAll: () => ({ ...customData().values }),
      },
    };
    return execution;
  });

  const staticData = {};
  globalThis.$getWorkflowStaticData = ((type) => {
    if (type !== "global" && type !== "node") {
      throw new ExpressionError(`The static data type '${String(type)}' is not known: use 'global' or 'node'`);
    }
    if (!staticData[type]) {
      const value = native.json("static:" + type) ?? {};
      staticData[type] = { value, before: JSON.stringify(value) };
    }
    return staticData[type].value;
  });

  // ---- functions of n8n --------------------------------------------------------------------------------------------------
  const empty = (value) =>
    value === undefined || value === null || value === "" ||
    (Array.isArray(value) ? value.length === 0
      : typeof value === "object" && !(value instanceof RealDate) && Object.keys(value).length === 0);
  globalThis.$if = ((condition, yes, no = false) => (condition ? yes : no));
  globalThis.$ifEmpty = ((...args) => {
    if (args.length !== 2) {
      throw new ExpressionError("expected two arguments (value, defaultValue) for this function");
    }
    return empty(args[0]) ? args[1] : args[0];
  });
  globalThis.$not = ((value) => !value);
  globalThis.$min = ((...values) => Math.min(...values));
  globalThis.$max = ((...values) => Math.max(...values));
  globalThis.$average = ((...values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0));
  globalThis.$jmespath = ((value, query) => load("jmespath").search(value, query));
  globalThis.$jmesPath = ((value, query) => load("jmespath").search(value, query));
  globalThis.$fromAI = ((_name, _description, _type, fallback) => fallback);
  globalThis.$fromai = ((_name, _description, _type, fallback) => fallback);
  globalThis.$fromAi = ((_name, _description, _type, fallback) => fallback);
  globalThis.$item = ((index) => {
    const view = {};
    defineProperty(view, "$json", { get: () => jsonAt(index) });
    defineProperty(view, "$binary", { get: () => items[index]?.binary ?? {} });
    defineProperty(view, "$node", {
      get: () => new Proxy({}, {
        get: (_, name) => {
          const at = () => output(name)[index];
          return {
            get json() { return at()?.json; },
            get data() { return at()?.json; },
            get binary() { return at()?.binary ?? {}; },
            get parameter() { return nodeData(name).params ?? {}; },
            get runIndex() { return executed(name).run ?? executed(name).runs.length - 1; },
          };
        },
      }),
    });
    return view;
  });

  // ---- what node and browsers have ---------------------------------------------------------------------------------------
  const luxon = () => load("luxon");
  const replaceMethod = (prototype, name, value) =>
    defineProperty(prototype, name, { value, writable: true, configurable: true });
  replaceMethod(RealDate.prototype, "toLocaleString", function (locales, options) {
    return isNaN(this) ? "Invalid Date" : load("intl").dateText(this, locales, options, "any", "all");
  });
  replaceMethod(RealDate.prototype, "toLocaleDateString", function (locales, options) {
    return isNaN(this) ? "Invalid Date" : load("intl").dateText(this, locales, options, "date", "date");
  });
  replaceMethod(RealDate.prototype, "toLocaleTimeString", function (locales, options) {
    return isNaN(this) ? "Invalid Date" : load("intl").dateText(this, locales, options, "time", "time");
  });
  for (const name of ["toString", "toTimeString"]) {
    const plain = RealDate.prototype[name];
    replaceMethod(RealDate.prototype, name, function () {
      return plain.call(this).replace(/GMT\+0000$/, "GMT+0000 (Coordinated Universal Time)");
    });
  }
  const numberText = function (locales, options) {
    return new (load("intl").NumberFormat)(locales, options).format(this.valueOf());
  };
  replaceMethod(Number.prototype, "toLocaleString", numberText);
  replaceMethod(BigInt.prototype, "toLocaleString", numberText);
  replaceMethod(String.prototype, "localeCompare", function (other, locales, options) {
    return new (load("intl").Collator)(locales, options).compare(this, other);
  });
  globalThis.atob = ((text) => load("buffer").atob(text));
  globalThis.btoa = ((text) => load("buffer").btoa(text));
  const vars = cache(() => native.json("vars") ?? {});
  const env = cache(() => native.json("env") ?? {});
  const now$ = cache(() => luxon().DateTime.now());
  const today = cache(() => now$().startOf("day"));
  const clock = cache(() => ({ now: () => elapsed, timeOrigin: facts.now, toJSON: () => ({}) }));
  // One literal with accessors is much cheaper to make than a property definition for each name. As the global object's
  // prototype it lets scripts declare names of their own over it.
  Object.setPrototypeOf(globalThis, {
    get performance() { return clock(); },
    get DateTime() { return luxon().DateTime; },
    get Duration() { return luxon().Duration; },
    get Interval() { return luxon().Interval; },
    get luxon() { return luxon(); },
    get Intl() { return load("intl"); },
    get Buffer() { return load("buffer").Buffer; },
    get Blob() { return load("buffer").Blob; },
    get URL() { return load("url").URL; },
    get URLSearchParams() { return load("url").URLSearchParams; },
    get TextEncoder() { return load("web").TextEncoder; },
    get TextDecoder() { return load("web").TextDecoder; },
    get structuredClone() { return load("web").structuredClone; },
    get AbortController() { return load("web").AbortController; },
    get AbortSignal() { return load("web").AbortSignal; },
    get Event() { return load("web").Event; },
    get EventTarget() { return load("web").EventTarget; },
    get crypto() { return load("crypto").global; },
    get $now() { return now$(); },
    get $today() { return today(); },
    get $workflow() { return facts.workflow; },
    get $vars() { return vars(); },
    get $env() { return env(); },
    get $parameter() { return parameters(); },
    get $self() { return nodeContext(); },
    get $data() { return jsonAt(current); },
    get $itemIndex() { return current; },
    get $position() { return current; },
  });
  const builtin = {
    crypto: () => load("crypto").module,
    buffer: () => load("buffer"),
    url: () => load("url"),
    util: () => load("inspect").util,
    luxon,
    querystring: () => load("url").querystring,
  };
  globalThis.require = ((name) => {
    const wanted = String(name).replace(/^node:/, "");
    if (Object.hasOwn(builtin, wanted)) return builtin[wanted]();
    const error = new Error(`Cannot find module '${wanted}'`);
    error.code = "MODULE_NOT_FOUND";
    error.hint = `modules that exist here: ${Object.keys(builtin).join(", ")}; for HTTP use this.helpers.httpRequest`;
    throw error;
  });

  // ---- errors --------------------------------------------------------------------------------------------------------------
  // The engine throws null when there is no memory left for an error object.
  const isOutOfMemory = (error) =>
    error === null || (error?.name === "InternalError" && error.message === "out of memory");
  const describe = (error) => {
    if (error === null) return { name: "InternalError", message: "out of memory" };
    if (error === undefined || (typeof error !== "object" && typeof error !== "function")) {
      return { name: "Error", message: String(error).toWellFormed() };
    }
    const text = (value) => (typeof value === "string" && value !== "" ? value.toWellFormed() : undefined);
    const stack = String(error.stack ?? "");
    const frames = stack.split("\n").filter((line) => line.includes("<user>"));
    const place = /<user>:(\d+)/.exec(stack);
    const message = text(error.message) ?? (error instanceof Error ? String(error) : JSON.stringify(error) ?? "?");
    return {
      name: text(error.name) ?? "Error",
      message,
      line: place ? Number(place[1]) : undefined,
      description: text(error.description),
      hint: text(error.hint) ?? hintFor(error, message),
      stack: frames.map((line) => line.trim().replaceAll("<user>", "code")).join("\n"),
    };
  };
  const hintFor = (error, message) => {
    const missing = /^(\S+) is not defined$/.exec(message);
    if (missing) {
      const absent = ["process", "fs", "child_process", "__dirname", "fetch", "XMLHttpRequest", "global"];
      if (missing[1] === "fetch") return "use `await this.helpers.httpRequest({ url })` instead of `fetch`";
      if (absent.includes(missing[1])) return `\`${missing[1]}\` does not exist in the sandbox`;
      return `check the spelling of \`${missing[1]}\`, or declare it`;
    }
    if (/of (undefined|null)\b/.test(message)) return "a field on the way is missing: use `?.` or check the input";
    if (/Maximum call stack/.test(message)) return "a function calls itself without end";
    return undefined;
  };

  const shared = {
    notes: [],
    call, ask, load, lazy, ExpressionError, RealDate, now, next, describe, empty, native, luxon,
    customData, constant, isOutOfMemory,
    get facts() { return facts; },
    get items() { return items; },
    get current() { return current; },
    set current(index) { current = index; },
  };

  // What this job is about.
  const begin = () => {
    facts = native.json("facts");
    items = native.json("items");
    lineage = facts.lineage;
    if (lineage !== undefined) pair(items, items.map((_, index) => ({ item: lineage + index })));
    current = facts.itemIndex;
    seed(native.seed());
    globalThis.items = items;
    globalThis.$runIndex = facts.runIndex;
    globalThis.$mode = facts.execution.mode === "test" ? "manual" : "trigger";
    globalThis.$nodeId = facts.nodeId;
    globalThis.$nodeVersion = facts.nodeVersion;
    globalThis.$executionId = facts.execution.id;
    globalThis.$resumeWebhookUrl = facts.execution.resumeUrl;
    for (const name of facts.globals ?? []) lazy(name, () => native.json("global:" + name));
  };

  // Every job needs one of these: they are part of the image.
  load("expressions");
  load("code");

  // ---- entry points ----------------------------------------------------------------------------------------------------------
  return {
    begin,
    expressions: (sources, from, to) => load("expressions").run(sources, from, to),
    mend: (table) => load("expressions").mend(table),
    code: (source, each, goesOn) => load("code").start(source, each, goesOn),
    normalize: (value) => load("code").normalize(value),
    poll: () => load("code").poll(),
    result: () => load("code").result(),
    answer,
    tick,
    describe,
    changes: () => {
      const changed = {};
      for (const type of ["global", "node"]) {
        if (!staticData[type]) continue;
        const text = JSON.stringify(staticData[type].value);
        if (text !== undefined && text !== staticData[type].before) changed["static:" + type] = text;
      }
      if (shared.notes.length > 0) changed.notes = JSON.stringify(shared.notes);
      if (customData().changed) changed.customData = JSON.stringify(customData().values);
      return changed;
    },
  };
}

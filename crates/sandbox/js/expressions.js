// Evaluates templates: n8n's rules for text around {{ }}, for failing paths and for the kinds of results.
export default function make(native, shared) {
  const { ExpressionError, describe } = shared;

  // As `model::expr` splits: an odd number of backslashes escapes a bracket pair and stays; in text before code, two of
  // them stand for one; the first free `}}` closes, and code that is never closed runs to the end.
  const split = (template) => {
    const chunks = [];
    let start = 0;
    let index = 0;
    let code = false;
    const add = (chunk) => chunks.push(
      code ? { code: chunk.replace("\\}}", "}}") } : { text: chunk.replaceAll("\\\\", "\\") });
    for (;;) {
      const found = template.indexOf(code ? "}}" : "{{", index);
      if (found < 0) break;
      let before = found;
      while (before > index && template[before - 1] === "\\") before--;
      index = found + 2;
      if ((found - before) % 2 === 1) continue;
      add(template.slice(start, found));
      code = !code;
      start = index;
    }
    const rest = template.slice(start);
    if (code) add(rest);
    else if (rest !== "") chunks.push({ text: rest });
    return chunks;
  };

  // Names that some type has as an extension, and that no path of `$('…')` has: only a template that calls one of them
  // pays for the rewriting.
  const names = "hash|removeMarkdown|removeTags|toDate|toDateTime|toBoolean|toDecimalNumber|toNumber|toFloat|toInt|" +
    "toWholeNumber|toSentenceCase|toSnakeCase|toTitleCase|urlDecode|urlEncode|quote|replaceSpecialChars|length|isDomain|" +
    "isEmail|isNumeric|isUrl|isEmpty|isNotEmpty|isBlank|isNotBlank|toJsonString|extractEmail|extractDomain|extractUrl|" +
    "extractUrlPath|parseJson|base64Encode|base64Decode|ceil|floor|format|round|abs|isInteger|isEven|isOdd|beginningOf|" +
    "endOfMonth|extract|isBetween|isDst|isInLast|isWeekend|minus|plus|diffTo|diffToNow|first|last|pluck|randomItem|" +
    "unique|removeDuplicates|sum|min|max|average|compact|smartJoin|chunk|renameKeys|merge|mergeIntoObject|union|" +
    "difference|" +
    "intersection|append|hasField|removeField|removeFieldsContaining|keepFieldsContaining|keys|values";
  shared.extensionNames = new Set(names.split("|"));
  const called = new RegExp(`(?:\\.\\s*(?:${names})\\s*(?:\\?\\.\\s*)?|\\$if\\s*)\\(`);
  // Common calls that only look like extensions.
  const plain = /\$\((?:"[^"]*"|'[^']*')\)\.(?:first|last)\(|\$input\.(?:first|last)\(|\b(?:Math|Object|DateTime)\.\w+\(/g;
  const compile = (text) => {
    const code = called.test(text.replace(plain, "")) ? shared.load("extensions").rewrite(text) : text;
    const body = code.replace(/[\s;]+$/, "");
    if (body.trim() === "") return () => undefined;
    try {
      return native.compile(`(function(){return (${body}\n)})`);
    } catch (error) {
      // Several statements: the first one counts.
      try {
        const source = JSON.stringify(code);
        const run = native.compile(`(function(){return (0,eval)(${source})})`);
        native.compile(`(function(){${code}\n})`);
        return run;
      } catch {
        const { message, line } = describe(error);
        const wrong = new ExpressionError(`invalid syntax: ${message}`, undefined, "check brackets, quotes and commas");
        wrong.userLine = line;
        throw wrong;
      }
    }
  };

  // The first errors that made a chunk empty, for people who wonder why.
  const note = (error) => {
    if (shared.notes.length >= 20) return;
    // In the words of the engine that n8n's users know.
    const message = describe(error).message
      .replace(/^cannot read property '(.*)' of (undefined|null)$/, "Cannot read properties of $2 (reading '$1')");
    if (!shared.notes.includes(message)) shared.notes.push(message);
  };

  // A chunk that fails because a field is missing is empty, as in n8n; our own errors are told.
  const evaluate = (run) => {
    for (let tries = 0; ; tries++) {
      try {
        return run();
      } catch (error) {
        if (error instanceof ExpressionError || error === null || error?.name === "InternalError") throw error;
        const unknown = error instanceof ReferenceError && /^'?([\w$]+)'? is not defined$/.exec(error.message);
        if (!unknown || tries >= 20 || unknown[1] in globalThis) {
          note(error);
          return undefined;
        }
        // n8n sees an unknown name as undefined and goes on.
        globalThis[unknown[1]] = undefined;
      }
    }
  };

  const template = (source) => {
    const chunks = split(source);
    const parts = chunks.map((chunk) => (chunk.code === undefined ? chunk.text : compile(chunk.code)));
    if (parts.length === 2 && parts[0] === "" && typeof parts[1] === "function") return () => evaluate(parts[1]);
    return () => {
      let text = "";
      for (const part of parts) {
        if (typeof part === "string") {
          text += part;
          continue;
        }
        const value = evaluate(part);
        if (value || value === 0 || value === false) text += [value].join("");
      }
      return text;
    };
  };

  const failed = (error) => {
    const described = describe(error);
    described.line = error?.userLine ?? undefined;
    described.stack = undefined;
    described.item = shared.current;
    return described;
  };

  const cell = (run) => {
    try {
      const value = run();
      if (value === undefined) return [];
      // A time that is none says so, instead of being nothing.
      if (value?.isLuxonDateTime && !value.isValid) return [String(value)];
      if (typeof value === "function") {
        throw new ExpressionError(
          value.name === "DateTime" ? "this is a DateTime, please access its methods"
            : "this is a function, please add ()");
      }
      return [value];
    } catch (error) {
      if (shared.isOutOfMemory(error)) throw error;
      return failed(error);
    }
  };

  return {
    run: (sources, from, to) => {
      shared.constant("min", Math.min);
      shared.constant("max", Math.max);
      shared.constant("not", (value) => !value);
      for (const name of ["average", "numberList", "zip", "toPathSegment"]) shared.lazy(name, () => shared.load("extensions").functions[name]);
      const runs = sources.map((source) => {
        try {
          return template(source);
        } catch (error) {
          return () => { throw error; };
        }
      });
      const table = [];
      for (let index = from; index < to; index++) {
        shared.current = index;
        const row = [];
        for (const run of runs) row.push(cell(run));
        table.push(row);
      }
      return table;
    },
    // Replaces cells that JSON cannot hold by errors.
    mend: (table) =>
      table.map((row, index) => row.map((value) => {
        try {
          JSON.stringify(value);
          return value;
        } catch (error) {
          shared.current = index;
          return failed(error);
        }
      })),
  };
}

//! What can be written at a place of an expression, from the data of the last run.
//!
//! No evaluation: a chain of names, indices and calls that are known (`first()`, `.item.json`) is walked over the data.
//! Where the walk ends (a method's result, a computed index), the methods of the value's type are offered, or nothing.

import { EXTENSIONS, NATIVE } from "./extensions";
import { isList, isObject, type Json } from "./json";
import { quoted, unquote } from "./references";

/** What is known of the last run, as seen from one node. */
export interface RunData {
  /** Items that came in at input 0. */
  readonly input: readonly Json[] | undefined;
  /** Items that a node put out at its first output with any, by name. */
  readonly outputs: ReadonlyMap<string, readonly Json[]>;
  /** Names of the nodes upstream, nearest first. */
  readonly upstream: readonly string[];
  readonly variables: readonly { readonly name: string; readonly value?: string }[];
}

export type OptionKind = "field" | "method" | "function" | "node" | "variable" | "keyword";

export interface Option {
  readonly label: string;
  readonly kind: OptionKind;
  /** What is put in; the label when absent. */
  readonly insert?: string;
  /** The type or a short view of the value. */
  readonly detail?: string;
}

export interface Completion {
  /** Where in the script what is being written begins. */
  readonly from: number;
  readonly options: readonly Option[];
}

/** A value on the way along a chain. */
type Val =
  | { readonly of: "value"; readonly value: Json }
  | { readonly of: "items"; readonly items: readonly Json[] }
  | { readonly of: "item"; readonly item: Json }
  | { readonly of: "members"; readonly members: Readonly<Record<string, Val>> }
  | { readonly of: "type"; readonly type: string };

const ROOTS: readonly Option[] = [
  { label: "$json", kind: "variable", detail: "fields of the item" },
  { label: "$", kind: "function", insert: "$('", detail: "items of a node" },
  { label: "$input", kind: "variable", detail: "items that came in" },
  { label: "$now", kind: "variable", detail: "date and time" },
  { label: "$today", kind: "variable", detail: "date, midnight" },
  { label: "$vars", kind: "variable", detail: "variables of the environment" },
  { label: "$execution", kind: "variable", detail: "the run" },
  { label: "$workflow", kind: "variable", detail: "the workflow" },
  { label: "$itemIndex", kind: "variable", detail: "number" },
  { label: "$runIndex", kind: "variable", detail: "number" },
  { label: "$binary", kind: "variable", detail: "files of the item" },
  { label: "$node", kind: "variable", detail: "nodes by name" },
  { label: "$prevNode", kind: "variable", detail: "where the item came from" },
  { label: "$if", kind: "function", insert: "$if(", detail: "condition, then, else" },
  { label: "$ifEmpty", kind: "function", insert: "$ifEmpty(", detail: "value, otherwise" },
  { label: "$jmespath", kind: "function", insert: "$jmespath(", detail: "data, query" },
  { label: "DateTime", kind: "variable", detail: "luxon" },
  { label: "Math", kind: "variable" },
  { label: "JSON", kind: "variable" },
  { label: "Object", kind: "variable" },
];

const PLAIN: Readonly<Record<string, readonly string[]>> = {
  Math: ["abs", "ceil", "floor", "max", "min", "pow", "random", "round", "sign", "sqrt", "trunc"],
  JSON: ["parse", "stringify"],
  Object: ["assign", "entries", "fromEntries", "keys", "values"],
  DateTime: ["fromFormat", "fromISO", "fromMillis", "fromSeconds", "local", "now", "utc"],
};

/** The part of a template that is script: inside `{{ }}` of a text that begins with `=`. */
export function scriptAt(text: string, position: number): { readonly script: string; readonly offset: number } | undefined {
  const before = text.slice(0, position);
  const start = before.lastIndexOf("{{");
  if (start < 0 || before.indexOf("}}", start) >= 0) return undefined;
  return { script: before.slice(start + 2), offset: start + 2 };
}

/** Completes a script that ends where the person writes. */
export function complete(script: string, data: RunData): Completion | undefined {
  const name = /\$(?:\(|node\[|items\()\s*(["'`])((?:\\.|(?!\1)[^\\])*)$/.exec(script);
  if (name) {
    const [, quote = '"', written = ""] = name;
    const call = name[0].startsWith("$node") ? "]" : ")";
    const options = names(data).map<Option>((label) => ({ label, kind: "node", insert: quoted(label, quote).slice(1) + call }));
    return { from: script.length - written.length, options: matching(options, unquote(written)) };
  }
  if (insideText(script)) return undefined;
  const word = /[\w$]*$/.exec(script)?.[0] ?? "";
  const from = script.length - word.length;
  const before = script.slice(0, from);
  const member = /(\?\.|\.)\s*$/.exec(before);
  if (!member) {
    if (word === "" && /[\w)\]]\s*$/.test(before)) return undefined;
    return { from, options: matching(ROOTS, word) };
  }
  const chain = chainOf(before.slice(0, member.index));
  if (chain === undefined) return undefined;
  const value = walk(chain, data);
  return value ? { from, options: matching(optionsOf(value), word) } : undefined;
}

function names(data: RunData): string[] {
  return [...new Set([...data.upstream, ...data.outputs.keys()])];
}

function matching(options: readonly Option[], word: string): Option[] {
  const wanted = word.toLowerCase();
  const found = options.filter((option) => option.label.toLowerCase().includes(wanted));
  // What begins with the word comes first; otherwise the order stays.
  const rank = (option: Option) => (option.label.toLowerCase().startsWith(wanted) ? 0 : 1);
  return found.sort((one, other) => rank(one) - rank(other));
}

function insideText(script: string): boolean {
  let quote = "";
  for (let index = 0; index < script.length; index += 1) {
    const letter = script[index];
    if (letter === "\\" && quote !== "") index += 1;
    else if (quote !== "") quote = letter === quote ? "" : quote;
    else if (letter === '"' || letter === "'" || letter === "`") quote = letter;
  }
  return quote !== "";
}

type Link = { readonly kind: "name"; readonly name: string } | { readonly kind: "index"; readonly key: string } | { readonly kind: "call"; readonly argument: string | undefined };

const IDENTIFIER = /([A-Za-z_$][\w$]*|\$)$/;

/** The chain that a script ends with: `$('A').first().json.list[0]`. */
function chainOf(script: string): Link[] | undefined {
  const links: Link[] = [];
  let rest = script.trimEnd();
  for (;;) {
    const last = rest.at(-1);
    if (last === ")" || last === "]") {
      const open = opening(rest);
      if (open === undefined) return undefined;
      const inner = rest.slice(open + 1, -1).trim();
      const text = /^(["'`])((?:\\.|(?!\1)[^\\])*)\1$/s.exec(inner);
      if (last === ")") links.unshift({ kind: "call", argument: text ? unquote(text[2] ?? "") : inner === "" ? undefined : inner });
      else if (text) links.unshift({ kind: "index", key: unquote(text[2] ?? "") });
      else if (/^\d+$/.test(inner)) links.unshift({ kind: "index", key: inner });
      else return undefined;
      rest = rest.slice(0, open).trimEnd().replace(/\?\.$/, "");
      continue;
    }
    const name = IDENTIFIER.exec(rest)?.[0];
    if (name === undefined) {
      // `"text".` and the like: only the type is known.
      return /["'`]$/.test(rest) && links.length === 0 ? [{ kind: "name", name: '"' }] : undefined;
    }
    links.unshift({ kind: "name", name });
    rest = rest.slice(0, -name.length).trimEnd();
    const dot = /(\?\.|\.)$/.exec(rest);
    if (!dot) return links;
    rest = rest.slice(0, dot.index).trimEnd();
  }
}

function opening(script: string): number | undefined {
  let depth = 0;
  let quote = "";
  for (let index = script.length - 1; index >= 0; index -= 1) {
    const letter = script[index] ?? "";
    if (quote !== "") {
      if (letter === quote && script[index - 1] !== "\\") quote = "";
    } else if (letter === '"' || letter === "'" || letter === "`") quote = letter;
    else if (letter === ")" || letter === "]") depth += 1;
    else if (letter === "(" || letter === "[") {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  return undefined;
}

function jsonOf(item: Json): Json {
  return isObject(item) && isObject(item["json"]) ? item["json"] : item;
}

function itemsVal(items: readonly Json[] | undefined): Val | undefined {
  return items ? { of: "items", items } : undefined;
}

function walk(links: readonly Link[], data: RunData): Val | undefined {
  const [first, ...rest] = links;
  if (first?.kind !== "name") return undefined;
  let value: Val | undefined;
  let left = rest;
  if (first.name === "$" || first.name === "$items") {
    const [call, ...others] = rest;
    if (call?.kind !== "call" || call.argument === undefined) return undefined;
    value = itemsVal(data.outputs.get(call.argument) ?? (names(data).includes(call.argument) ? [] : undefined));
    left = others;
  } else if (first.name === "$node") {
    const [member, ...others] = rest;
    const name = member?.kind === "name" ? member.name : member?.kind === "index" ? member.key : undefined;
    const item = name === undefined ? undefined : data.outputs.get(name)?.[0];
    value = item === undefined ? undefined : { of: "item", item };
    left = member ? others : [];
    if (!member) return { of: "members", members: Object.fromEntries(names(data).map((node) => [node, { of: "type", type: "Node" } as Val])) };
  } else value = root(first.name, data);
  for (const link of left) {
    if (!value) return undefined;
    value = step(value, link);
  }
  return value;
}

function root(name: string, data: RunData): Val | undefined {
  const item = data.input?.[0];
  const text: Val = { of: "type", type: "String" };
  const number: Val = { of: "type", type: "Number" };
  switch (name) {
    case "$json":
      return item === undefined ? undefined : { of: "value", value: jsonOf(item) };
    case "$input":
      return { of: "items", items: data.input ?? [] };
    case "$now":
    case "$today":
      return { of: "type", type: "Date" };
    case "$vars":
      return { of: "members", members: Object.fromEntries(data.variables.map((variable) => [variable.name, variable.value === undefined ? text : { of: "value", value: variable.value }])) };
    case "$execution":
      return { of: "members", members: { id: text, mode: text, resumeUrl: text } };
    case "$workflow":
      return { of: "members", members: { id: text, name: text, active: { of: "type", type: "Boolean" } } };
    case "$prevNode":
      return { of: "members", members: { name: text, outputIndex: number, runIndex: number } };
    case "$itemIndex":
    case "$runIndex":
      return number;
    case "$binary":
      return item !== undefined && isObject(item) && isObject(item["binary"]) ? { of: "value", value: item["binary"] } : undefined;
    case '"':
      return text;
    default:
      return PLAIN[name] ? { of: "members", members: Object.fromEntries(PLAIN[name].map((method) => [method, { of: "type", type: "Function" } as Val])) } : undefined;
  }
}

function step(value: Val, link: Link): Val | undefined {
  if (link.kind === "call") return value.of === "type" && value.type.startsWith("Item:") ? undefined : value;
  const key = link.kind === "name" ? link.name : link.key;
  switch (value.of) {
    case "items": {
      if (key === "all") return { of: "value", value: value.items };
      if (key === "params" || key === "context") return undefined;
      const item = key === "last" ? value.items.at(-1) : ["first", "item", "itemMatching", "0"].includes(key) ? value.items[0] : undefined;
      return item === undefined ? undefined : { of: "item", item };
    }
    case "item":
      if (key === "json") return { of: "value", value: jsonOf(value.item) };
      return key === "binary" && isObject(value.item) && value.item["binary"] !== undefined ? { of: "value", value: value.item["binary"] } : undefined;
    case "members":
      return Object.hasOwn(value.members, key) ? value.members[key] : undefined;
    case "value": {
      const inner = isList(value.value) ? value.value[Number(key)] : isObject(value.value) && Object.hasOwn(value.value, key) ? value.value[key] : undefined;
      if (inner !== undefined) return { of: "value", value: inner };
      return resultOf(key);
    }
    case "type":
      return value.type === "Date" ? (/^(plus|minus|startOf|endOf|set|setZone)$/.test(key) ? value : resultOf(key)) : resultOf(key);
  }
}

/** The type of what a method gives, for the few whose result does not depend on the value. */
function resultOf(method: string): Val | undefined {
  if (/^(to\w*Case|trim\w*|replace\w*|slice|substring|join|toString|toFormat|toISO\w*|format|padStart|padEnd|repeat|concat|base64\w+|url\w+|hash|toFixed|remove\w+|extract\w+|quote|toJsonString)$/.test(method)) return { of: "type", type: "String" };
  if (/^(length|indexOf|toInt|toFloat|toNumber|sum|average|toMillis|toSeconds|year|month|day|hour|minute|weekday|round|floor|ceil|abs)$/.test(method)) return { of: "type", type: "Number" };
  if (/^(includes|startsWith|endsWith|some|every|is[A-Z]\w*|toBoolean)$/.test(method)) return { of: "type", type: "Boolean" };
  if (/^(split|map|filter|flat|flatMap|sort|reverse|keys|values|entries|unique|compact|chunk|pluck)$/.test(method)) return { of: "type", type: "Array" };
  return /^(toDateTime)$/.test(method) ? { of: "type", type: "Date" } : undefined;
}

export function typeOf(value: Json): string {
  if (value === null) return "null";
  if (isList(value)) return "Array";
  return { string: "String", number: "Number", boolean: "Boolean", object: "Object" }[typeof value as "string" | "number" | "boolean" | "object"];
}

/** A value in a few letters. */
export function brief(value: Json): string {
  if (isList(value)) return `list of ${value.length}`;
  if (isObject(value)) return `object of ${Object.keys(value).length}`;
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function optionsOf(value: Val): Option[] {
  switch (value.of) {
    case "items":
      return [
        { label: "item", kind: "field", detail: "the item that this one came from" },
        { label: "first", kind: "method", insert: "first()", detail: "first item" },
        { label: "last", kind: "method", insert: "last()", detail: "last item" },
        { label: "all", kind: "method", insert: "all()", detail: "all items" },
      ];
    case "item":
      return [{ label: "json", kind: "field", detail: "its fields" }, { label: "binary", kind: "field", detail: "its files" }];
    case "members":
      return Object.entries(value.members).map(([label, member]) => ({
        label,
        kind: member.of === "type" && member.type === "Function" ? "method" : "field",
        ...(member.of === "value" ? { detail: brief(member.value) } : {}),
      }));
    case "value": {
      const own = isObject(value.value)
        ? Object.entries(value.value).flatMap<Option>(([label, inner]) => (inner === undefined ? [] : [{ label, kind: "field", detail: brief(inner), ...access(label) }]))
        : [];
      return [...own, ...methods(typeOf(value.value))];
    }
    case "type":
      return methods(value.type);
  }
}

/** A field that is no identifier is put in as `["its name"]`; the editor takes the dot before it away. */
function access(label: string): { insert?: string } {
  return /^[A-Za-z_$][\w$]*$/.test(label) ? {} : { insert: `[${quoted(label, '"')}]` };
}

function methods(type: string): Option[] {
  const fieldsOfType = new Set(["length", "day", "hour", "minute", "month", "weekday", "year"]);
  return [...new Set([...(NATIVE[type] ?? []), ...(EXTENSIONS[type] ?? [])])].map((label) =>
    fieldsOfType.has(label) ? { label, kind: "field" as const } : { label, kind: "method" as const, insert: `${label}()` },
  );
}

/** The expression that reads a field of an item: `$json.body.name`, or of another node `$('A').item.json.id`. */
export function pathExpression(node: string | undefined, path: readonly string[]): string {
  const start = node === undefined ? "$json" : `$(${quoted(node, "'")}).item.json`;
  return path.reduce((text, step) => {
    if (/^\d+$/.test(step)) return `${text}[${step}]`;
    return /^[A-Za-z_$][\w$]*$/.test(step) ? `${text}.${step}` : `${text}[${quoted(step, '"')}]`;
  }, start);
}

export type Preview =
  | { readonly is: "value"; readonly value: Json }
  /** A field on the way is not there. */
  | { readonly is: "missing"; readonly what: string }
  /** It needs JavaScript, or data that no run has made yet. */
  | { readonly is: "unknown" };

/** The value of a parameter under the last run's first item, as far as it can be known without running it. */
export function preview(text: string, data: RunData): Preview {
  if (!text.startsWith("=")) return { is: "value", value: text };
  const parts = text.slice(1).split(/(\{\{[^]*?\}\})/).filter((part) => part !== "");
  const values = parts.map<Preview>((part) => (part.startsWith("{{") && part.endsWith("}}") ? valueOf(part.slice(2, -2).trim(), data) : { is: "value", value: part }));
  const failed = values.find((value) => value.is !== "value");
  if (failed) return failed;
  const known = values.flatMap((value) => (value.is === "value" ? [value.value] : []));
  const [only] = known;
  if (known.length === 1 && only !== undefined) return { is: "value", value: only };
  return { is: "value", value: known.map((value) => (typeof value === "string" ? value : value === null ? "" : JSON.stringify(value))).join("") };
}

const LITERAL = /^(?:-?\d+(?:\.\d+)?|true|false|null|"(?:[^"\\]|\\["\\/bfnrt])*")$/;

function valueOf(script: string, data: RunData): Preview {
  if (LITERAL.test(script)) return { is: "value", value: JSON.parse(script) as Json };
  const links = chainOf(script);
  if (!links || render(links).length !== script.replace(/\s|\?/g, "").length) return { is: "unknown" };
  // Known calls stand for the item that they give; any other call needs JavaScript.
  const calls = links.every((link, index) => {
    if (link.kind !== "call") return true;
    const before = links[index - 1];
    return before?.kind === "name" && ["$", "$items", "first", "last", "all"].includes(before.name);
  });
  if (!calls) return { is: "unknown" };
  for (let length = 1; length <= links.length; length += 1) {
    const found = walk(links.slice(0, length), data);
    if (found?.of === "value" && length < links.length) {
      const next = links[length];
      const key = next?.kind === "name" ? next.name : next?.kind === "index" ? next.key : undefined;
      if (key === undefined) continue;
      const inside = isList(found.value) ? found.value[Number(key)] : isObject(found.value) && Object.hasOwn(found.value, key) ? found.value[key] : undefined;
      if (inside === undefined && !methods(typeOf(found.value)).some((method) => method.label === key)) return { is: "missing", what: key };
    }
  }
  const value = walk(links, data);
  if (value?.of === "value") return { is: "value", value: value.value };
  return value?.of === "item" ? { is: "value", value: value.item } : { is: "unknown" };
}

/** As long as the script that a chain was read from, so that a script that is more than a chain is noticed. */
function render(links: readonly Link[]): string {
  return links
    .map((link, index) => {
      if (link.kind === "name") return (index > 0 ? "." : "") + link.name;
      const inner = link.kind === "call" ? (link.argument ?? "") : link.key;
      const bare = link.kind === "index" && /^\d+$/.test(inner);
      const text = inner === "" || bare ? inner : `"${inner}"`;
      return `(${text})`.replace(/\s|\?/g, "");
    })
    .join("");
}

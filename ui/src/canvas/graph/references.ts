//! Where expressions and code name a node: `$('Name')`, `$node["Name"]`, `$node.Name`, `$items("Name")`.

import { isObject, mapTexts, type Json, type JsonObject } from "./json";
import type { NodeSpec } from "./document";

const PATTERN = new RegExp(
  [
    // A call or an index with a quoted name. The quote that ends it is the one that began it.
    String.raw`(?<head>\$\(\s*|\$items\(\s*|\$node\s*\[\s*)(?<quote>["'\x60])(?<body>(?:\\.|(?!\k<quote>)[^\\])*)\k<quote>`,
    String.raw`(?<dotted>\$node\.)(?<plain>[A-Za-z_$][\w$]*)`,
  ].join("|"),
  "gs",
);

export function unquote(body: string): string {
  return body.replace(/\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[^])/g, (_, escaped: string) => {
    if (/^[ux][{0-9a-fA-F]/.test(escaped)) return String.fromCodePoint(Number.parseInt(escaped.replace(/[ux{}]/g, ""), 16));
    return { n: "\n", t: "\t", r: "\r" }[escaped] ?? escaped;
  });
}

export function quoted(name: string, quote: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`).replaceAll("\n", "\\n");
  return quote + (quote === "`" ? escaped.replaceAll("${", "\\${") : escaped) + quote;
}

/** The same script with other names for nodes. */
export function renameInScript(script: string, names: ReadonlyMap<string, string>): string {
  return script.replace(PATTERN, (whole: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    if (groups["dotted"] !== undefined) {
      const next = names.get(groups["plain"] ?? "");
      if (next === undefined) return whole;
      return /^[A-Za-z_$][\w$]*$/.test(next) ? `$node.${next}` : `$node[${quoted(next, '"')}]`;
    }
    const next = names.get(unquote(groups["body"] ?? ""));
    return next === undefined ? whole : `${groups["head"] ?? ""}${quoted(next, groups["quote"] ?? '"')}`;
  });
}

/** Names of nodes in a script, in order, each once. */
export function namesInScript(script: string): string[] {
  const found = new Set<string>();
  for (const match of script.matchAll(PATTERN)) found.add(match.groups?.["plain"] ?? unquote(match.groups?.["body"] ?? ""));
  return [...found];
}

/** Whether a text of a node's parameters is JavaScript: an expression, or the code of a code node. */
export function isScript(node: NodeSpec, path: readonly string[], text: string): boolean {
  if (node.type === "core.note") return false;
  return text.startsWith("=") || (/(^|\.)code$/i.test(node.type) && /code$/i.test(path.at(-1) ?? ""));
}

export function renameInNode(node: NodeSpec, names: ReadonlyMap<string, string>): NodeSpec {
  if (!node.params) return node;
  const params = mapTexts(node.params, (text, path) => (isScript(node, path, text) ? renameInScript(text, names) : text)) as JsonObject;
  return params === node.params ? node : { ...node, params };
}

export function namesInNode(node: NodeSpec): string[] {
  const found = new Set<string>();
  mapTexts((node.params ?? {}) as Json, (text, path) => {
    if (isScript(node, path, text)) for (const name of namesInScript(text)) found.add(name);
    return text;
  });
  return [...found];
}

/** Settings name nodes in the expression of the fairness key. */
export function renameInSettings(settings: Json | undefined, names: ReadonlyMap<string, string>): Json | undefined {
  if (!isObject(settings)) return settings;
  return mapTexts(settings, (text) => (text.startsWith("=") ? renameInScript(text, names) : text));
}

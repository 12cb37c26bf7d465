//! The text view: the document as the YAML of a resource, in step with the canvas in both directions.
//!
//! A text that a person wrote keeps its comments and its form: only the places that changed are written anew.

import { Document, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, YAMLMap, YAMLSeq, type Node, type Scalar } from "yaml";

import { faults, freshId, nodeById, open, type NodeSpec, type Workflow } from "./document";
import { fields, isList, isObject, same, type Json, type JsonObject } from "./json";

export interface TextFault {
  readonly message: string;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Read {
  readonly document: Workflow;
  readonly name: string | undefined;
}

export type Parsed = { readonly ok: true; readonly value: Read } | { readonly ok: false; readonly faults: readonly TextFault[] };

const OPTIONS = { lineWidth: 120, flowCollectionPadding: true, aliasDuplicateObjects: false } as const;

/** Ids are no matter for readers; [`fromText`] finds them again by name. */
function plain(document: Workflow, name: string): JsonObject {
  const known = open({ ...document, nodes: document.nodes.map(({ id: _id, ...node }) => node as unknown as NodeSpec) });
  const nodes = document.nodes.map((node, index) => {
    const { id, ...rest } = node;
    // An id that does not come from the name says more than the name does, so it is written.
    return (known.nodes[index]?.id === id ? rest : { ...rest, id }) as Json;
  });
  return { kind: "workflow", name, spec: { ...document, nodes } };
}

export function toText(document: Workflow, name: string, before?: string): string {
  const value = plain(document, name);
  if (before !== undefined) {
    const parsed = parseDocument(before, { uniqueKeys: true });
    if (parsed.errors.length === 0 && isMap(parsed.contents)) {
      const wanted = withKnown(parsed.toJS() as JsonObject, value);
      if (same(parsed.toJS(), wanted)) return before;
      update(parsed, parsed.contents, wanted);
      return parsed.toString(OPTIONS);
    }
  }
  const fresh = new Document(value, { aliasDuplicateObjects: false });
  style(fresh.contents as Node | null, []);
  return fresh.toString(OPTIONS);
}

/** Labels and the like of the manifest are no part of the document and stay as they are. */
function withKnown(now: JsonObject, value: JsonObject): JsonObject {
  return isObject(now) ? { ...now, ...value } : value;
}

function keyOf(entry: unknown): string | undefined {
  const name = isMap(entry) ? entry.get("name") : isObject(entry) ? entry["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

function update(document: Document, target: YAMLMap | YAMLSeq, value: JsonObject | readonly Json[]): void {
  if (isMap(target) && isObject(value)) {
    for (const pair of [...target.items]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
      if (!Object.hasOwn(value, key) || value[key] === undefined) target.delete(pair.key);
    }
    for (const key of fields(value)) {
      const made = updated(document, target.get(key, true) as Node | undefined, value[key] as Json, key);
      if (made) target.set(key, made);
    }
  } else if (isSeq(target) && isList(value)) {
    const named = new Map(target.items.flatMap((entry) => (keyOf(entry) === undefined ? [] : [[keyOf(entry), entry]])));
    target.items = value.map((entry, index) => {
      const key = keyOf(entry);
      const now = (key === undefined ? target.items[index] : (named.get(key) ?? (keyOf(target.items[index]) !== undefined && !value.some((other) => keyOf(other) === keyOf(target.items[index])) ? target.items[index] : undefined))) as Node | undefined;
      return updated(document, now, entry, "") ?? now;
    });
  }
}

/** What must stand in a node's place; nothing when it was brought up to date where it stands. */
function updated(document: Document, now: Node | undefined, value: Json, key: string): Node | undefined {
  if (now !== undefined) {
    const held = isMap(now) || isSeq(now) || isScalar(now) ? (now.toJS(document) as Json) : undefined;
    if (same(held, value)) return undefined;
    if ((isMap(now) && isObject(value)) || (isSeq(now) && isList(value))) {
      update(document, now, value as JsonObject);
      return undefined;
    }
    if (isScalar(now) && !isObject(value) && !isList(value)) {
      (now as Scalar).value = value;
      if (typeof value !== "string") delete (now as Scalar).type;
      delete (now as Scalar).source;
      return undefined;
    }
  }
  const made = document.createNode(value) as Node;
  style(made, [key]);
  return made;
}

/** Positions and edges stand on one line each. */
function style(node: Node | null | undefined, path: readonly string[]): void {
  if (isMap(node)) {
    const keys = node.items.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : ""));
    if (keys.includes("from") && keys.includes("to") && keys.every((key) => ["from", "to", "output", "input", "attachment"].includes(key))) node.flow = true;
    for (const pair of node.items) if (isPair(pair)) style(pair.value as Node | null, [...path, isScalar(pair.key) ? String(pair.key.value) : ""]);
  } else if (isSeq(node)) {
    if (path.at(-1) === "position") node.flow = true;
    for (const entry of node.items) style(entry as Node | null, [...path, "-"]);
  }
}

/** Reads a text. Nodes that `current` has under the same name keep their ids; so does one that alone was renamed. */
export function fromText(text: string, current: Workflow): Parsed {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const place = (offset: number, message: string): TextFault => {
    const { line, col } = lines.linePos(offset);
    return { message, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (parsed.errors.length > 0) return { ok: false, faults: parsed.errors.map((error) => place(error.pos[0], error.message)) };
  let value: JsonObject;
  try {
    value = parsed.toJS({ maxAliasCount: 100 }) as JsonObject;
  } catch (error) {
    return { ok: false, faults: [place(0, error instanceof Error ? error.message : "the text cannot be read")] };
  }
  const wrapped = isObject(value) && Object.hasOwn(value, "spec");
  const prefix = wrapped ? ["spec"] : [];
  const spec = wrapped ? value["spec"] : value;
  const found = faults(spec);
  const kind = wrapped ? value["kind"] : undefined;
  if (kind !== undefined && kind !== "workflow") found.push({ path: [], message: "the text is of another kind than `workflow`" });
  if (found.length > 0) return { ok: false, faults: found.map(({ path, message }) => place(offsetAt(parsed, [...prefix, ...path]), message)) };
  const name = wrapped && typeof value["name"] === "string" ? value["name"] : undefined;
  return { ok: true, value: { document: withIds(spec as JsonObject, current), name } };
}

/** Where a place stands; the nearest place around it when it is missing. */
function offsetAt(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as Node | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

function withIds(spec: JsonObject, current: Workflow): Workflow {
  const nodes = (spec["nodes"] ?? []) as readonly unknown[] as readonly (Omit<NodeSpec, "id"> & { id?: string })[];
  const written = new Set(nodes.map((node) => node["name"] as string));
  const byName = new Map(current.nodes.map((node) => [node.name, node]));
  const left = current.nodes.filter((node) => !written.has(node.name));
  const fresh = nodes.filter((node) => !byName.has(node["name"] as string));
  const renamed = left.length === 1 && fresh.length === 1 && left[0]?.type === fresh[0]?.["type"] ? left[0]?.id : undefined;
  const taken = new Set<string>(nodes.flatMap((node) => (typeof node.id === "string" ? [node.id] : [])));
  const complete = nodes.map((node) => {
    if (typeof node.id === "string" && node.id !== "") return node as NodeSpec;
    const known = byName.get(node["name"] as string)?.id ?? (node === fresh[0] ? renamed : undefined);
    if (known === undefined || taken.has(known)) return node as NodeSpec;
    taken.add(known);
    return { ...node, id: known } as NodeSpec;
  });
  // An id that is made anew must not be one that a node of the current document has and keeps.
  const opened = open({ ...spec, nodes: complete });
  return {
    ...opened,
    nodes: opened.nodes.map((node, index) => {
      if (complete[index]?.id || !nodeById(current, node.id)) return node;
      const all = new Set([...opened.nodes, ...current.nodes].map((other) => other.id));
      return { ...node, id: freshId(all, node.id) };
    }),
  };
}

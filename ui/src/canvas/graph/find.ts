//! Find in a workflow: names, types, parameters, notes, expressions, pinned items.

import { type NodeSpec, type Workflow } from "./document";
import { isList, isObject, type Json } from "./json";

export interface Hit {
  readonly node: string;
  readonly name: string;
  /** JSON pointer below the node. */
  readonly pointer: string;
  readonly text: string;
  /** Where in the text it begins. */
  readonly start: number;
  readonly length: number;
}

/** In this order; inside a node as written. */
const PLACES = ["name", "type", "notes", "params", "connections", "pinned"] as const;

export function find(document: Workflow, wanted: string, most = 500): Hit[] {
  const needle = wanted.toLowerCase();
  const hits: Hit[] = [];
  if (needle.trim() === "") return hits;
  for (const node of document.nodes) {
    for (const place of PLACES) look(node, node[place] as Json | undefined, `/${place}`, needle, hits, most);
    if (hits.length >= most) break;
  }
  return hits.slice(0, most);
}

function look(node: NodeSpec, value: Json | undefined, pointer: string, needle: string, hits: Hit[], most: number): void {
  if (hits.length >= most) return;
  if (isList(value)) value.forEach((inner, index) => look(node, inner, `${pointer}/${index}`, needle, hits, most));
  else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      look(node, inner, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`, needle, hits, most);
    }
  } else if (value !== undefined && value !== null && typeof value !== "boolean") {
    const text = String(value);
    const start = text.toLowerCase().indexOf(needle);
    if (start >= 0) hits.push({ node: node.id, name: node.name, pointer, text, start, length: needle.length });
  }
}

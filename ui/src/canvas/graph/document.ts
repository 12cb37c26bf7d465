//! The workflow document: the spec as the API has it, immutable and with parts shared between versions.
//!
//! A document is the spec itself, so nothing that the editor does not know can get lost: unknown node types, `foreign`,
//! fields of later versions. Whoever draws a node compares it by identity; an operation makes new objects only for what
//! it changes.

import { isList, isObject, same, type Json, type JsonObject } from "./json";

export interface NodeSpec extends JsonObject {
  readonly name: string;
  /** Given to every node when a document is opened; merges go by it. */
  readonly id: string;
  readonly type: string;
  readonly version?: number;
  readonly position?: readonly [number, number];
  readonly params?: JsonObject;
  readonly connections?: JsonObject;
  readonly disabled?: boolean;
  readonly alwaysOutputData?: boolean;
  readonly executeOnce?: boolean;
  readonly onError?: "stop" | "continue" | "errorBranch";
  readonly retry?: JsonObject;
  readonly pinned?: readonly Json[];
  readonly notes?: string;
  readonly foreign?: JsonObject;
}

export interface Edge extends JsonObject {
  readonly from: string;
  readonly output?: number;
  readonly to: string;
  readonly input?: number;
  readonly attachment?: string;
}

export interface Workflow extends JsonObject {
  readonly title?: string;
  readonly description?: string;
  readonly nodes: readonly NodeSpec[];
  readonly edges?: readonly Edge[];
  readonly settings?: JsonObject;
  readonly foreign?: JsonObject;
}

/** Nodes that a person has put together. Kept in `foreign.editor.groups`, because the spec has no field for them. */
export interface Group extends JsonObject {
  readonly id: string;
  readonly title: string;
  readonly color?: string;
  /** Ids of its nodes. */
  readonly nodes: readonly string[];
}

export const NOTE = "core.note";
export const GROUPS = "/foreign/editor/groups";

/** What stands in a place where something else must be. */
export interface Fault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What keeps a value from being a workflow document; where nothing does, [`open`] takes it. */
export function faults(value: unknown): Fault[] {
  const found: Fault[] = [];
  const say = (path: readonly (string | number)[], message: string) => found.push({ path, message });
  if (!isObject(value)) return [{ path: [], message: "a workflow is an object with `nodes`" }];
  const names = new Set<string>();
  if (value["nodes"] !== undefined && !isList(value["nodes"])) say(["nodes"], "`nodes` is a list");
  else {
    for (const [index, node] of (value["nodes"] ?? []).entries()) {
      const here = ["nodes", index];
      if (!isObject(node)) {
        say(here, "a node is an object with `name` and `type`");
        continue;
      }
      const name = node["name"];
      if (typeof name !== "string" || name === "") say([...here, "name"], "a node needs a `name`");
      else if (names.has(name)) say([...here, "name"], `two nodes are called \`${name}\``);
      else names.add(name);
      if (typeof node["type"] !== "string" || node["type"] === "") say([...here, "type"], "a node needs a `type`, for example `core.set`");
      const position = node["position"];
      if (position !== undefined && !(isList(position) && position.length === 2 && position.every((part) => typeof part === "number"))) {
        say([...here, "position"], "`position` is a list of two numbers");
      }
      if (node["params"] !== undefined && !isObject(node["params"])) say([...here, "params"], "`params` is an object");
      if (node["pinned"] !== undefined && !isList(node["pinned"])) say([...here, "pinned"], "`pinned` is a list of items");
    }
  }
  if (value["edges"] !== undefined && !isList(value["edges"])) say(["edges"], "`edges` is a list");
  else {
    for (const [index, edge] of (value["edges"] ?? []).entries()) {
      const here = ["edges", index];
      if (!isObject(edge)) {
        say(here, "an edge is an object with `from` and `to`");
        continue;
      }
      for (const end of ["from", "to"]) {
        const name = edge[end];
        if (typeof name !== "string") say([...here, end], `an edge needs \`${end}\`, the name of a node`);
        else if (!names.has(name)) say([...here, end], `there is no node \`${name}\``);
      }
      for (const port of ["output", "input"]) {
        const number = edge[port];
        if (number !== undefined && !(typeof number === "number" && Number.isInteger(number) && number >= 0)) {
          say([...here, port], `\`${port}\` is the number of a port, counted from 0`);
        }
      }
    }
  }
  return found;
}

/** Takes a spec as a document: every node gets an id, the same one wherever the same text is opened. */
export function open(spec: JsonObject): Workflow {
  const nodes = (spec["nodes"] ?? []) as unknown as readonly NodeSpec[];
  const taken = new Set(nodes.map((node) => node.id).filter(Boolean));
  const seen = new Set<string>();
  const complete = nodes.map((node) => {
    if (node.id && !seen.has(node.id)) {
      seen.add(node.id);
      return node;
    }
    const id = freshId(taken, slug(node.name));
    taken.add(id);
    seen.add(id);
    return { ...node, id };
  });
  const unchanged = spec["nodes"] !== undefined && complete.every((node, index) => node === nodes[index]);
  return unchanged ? (spec as Workflow) : { ...spec, nodes: complete };
}

export const EMPTY: Workflow = { nodes: [] };

function slug(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return text === "" ? "node" : text;
}

export function freshId(taken: ReadonlySet<string>, wanted: string): string {
  let id = wanted;
  for (let number = 2; taken.has(id); number += 1) id = `${wanted}-${number}`;
  return id;
}

/** A name that no node has: `Set` becomes `Set 2`, `Set 2` becomes `Set 3`. */
export function freshName(taken: ReadonlySet<string>, wanted: string): string {
  if (!taken.has(wanted)) return wanted;
  const [, stem = wanted] = /^(.*?) \d+$/.exec(wanted) ?? [];
  for (let number = 2; ; number += 1) {
    const name = `${stem} ${number}`;
    if (!taken.has(name)) return name;
  }
}

interface Index {
  readonly byId: ReadonlyMap<string, NodeSpec>;
  readonly byName: ReadonlyMap<string, NodeSpec>;
  readonly edgesAt: ReadonlyMap<string, readonly Edge[]>;
}

// The document never changes, so its index is made once and goes when the document does.
const indices = new WeakMap<Workflow, Index>();

function indexOf(document: Workflow): Index {
  let index = indices.get(document);
  if (!index) {
    const edgesAt = new Map<string, Edge[]>();
    for (const edge of edgesOf(document)) {
      for (const end of edge.from === edge.to ? [edge.from] : [edge.from, edge.to]) {
        const known = edgesAt.get(end);
        if (known) known.push(edge);
        else edgesAt.set(end, [edge]);
      }
    }
    index = {
      edgesAt,
      byId: new Map(document.nodes.map((node) => [node.id, node])),
      byName: new Map(document.nodes.map((node) => [node.name, node])),
    };
    indices.set(document, index);
  }
  return index;
}

export function nodeById(document: Workflow, id: string): NodeSpec | undefined {
  return indexOf(document).byId.get(id);
}

export function nodeByName(document: Workflow, name: string): NodeSpec | undefined {
  return indexOf(document).byName.get(name);
}

export function nodeNames(document: Workflow): ReadonlySet<string> {
  return new Set(indexOf(document).byName.keys());
}

export function edgesOf(document: Workflow): readonly Edge[] {
  return document.edges ?? [];
}

/** The edges that begin or end at a node. */
export function edgesAt(document: Workflow, name: string): readonly Edge[] {
  return indexOf(document).edgesAt.get(name) ?? NO_EDGES;
}
const NO_EDGES: readonly Edge[] = [];

export function groupsOf(document: Workflow): readonly Group[] {
  const editor = document.foreign?.["editor"];
  const groups = isObject(editor) ? editor["groups"] : undefined;
  if (!isList(groups)) return [];
  return groups.filter((group): group is Group => isObject(group) && typeof group["id"] === "string" && isList(group["nodes"]));
}

export function positionOf(node: NodeSpec): readonly [number, number] {
  return node.position ?? [0, 0];
}

export function isNote(node: NodeSpec): boolean {
  return node.type === NOTE;
}

export function edgeKey(edge: Edge): string {
  return JSON.stringify([edge.from, edge.output ?? 0, edge.to, edge.input ?? 0, edge.attachment ?? null]);
}

export function sameEdge(left: Edge, right: Edge): boolean {
  return edgeKey(left) === edgeKey(right);
}

/** Whether two documents say the same, whatever the order of their nodes, edges and groups. */
export function sameWorkflow(left: Workflow, right: Workflow): boolean {
  const order = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
  const sorted = (document: Workflow): Json[] => {
    const { nodes, edges: _edges, foreign, ...rest } = document;
    const { groups: _groups, ...editor } = (foreign?.["editor"] ?? {}) as JsonObject;
    return [
      { ...rest, foreign: { ...foreign, editor } },
      [...nodes].sort((one, other) => order(one.id, other.id)),
      [...edgesOf(document)].sort((one, other) => order(edgeKey(one), edgeKey(other))),
      groupsOf(document)
        .map((group) => ({ ...group, nodes: [...group.nodes].sort(order) }))
        .sort((one, other) => order(one.id, other.id)),
    ];
  };
  return same(sorted(left), sorted(right));
}

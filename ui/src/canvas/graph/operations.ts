//! What a person can do to a document, as data. [`plan`] turns an operation into changes, or into the reason why not.

import { apply, type Change } from "./change";
import { at, isObject, pointerOf, same, steps, withAt, type Json, type JsonObject } from "./json";
import {
  edgesOf,
  freshId,
  freshName,
  groupsOf,
  GROUPS,
  nodeById,
  nodeByName,
  nodeNames,
  NOTE,
  positionOf,
  sameEdge,
  type Edge,
  type Group,
  type NodeSpec,
  type Workflow,
} from "./document";
import { portsOf, type GroupOf } from "./ports";
import { renameInNode, renameInSettings } from "./references";

/** Nodes and the edges between them, on their way from one place to another. */
export interface Fragment {
  readonly nodes: readonly NodeSpec[];
  readonly edges: readonly Edge[];
  readonly groups?: readonly Group[];
}

export type Operation =
  | { readonly type: "addNode"; readonly node: Omit<NodeSpec, "id"> & { readonly id?: string } }
  | { readonly type: "removeNodes"; readonly ids: readonly string[]; /** Joins what led in with what led out. */ readonly bridge?: boolean }
  | { readonly type: "renameNode"; readonly id: string; readonly name: string }
  | { readonly type: "moveNodes"; readonly positions: Readonly<Record<string, readonly [number, number]>> }
  | { readonly type: "duplicateNodes"; readonly ids: readonly string[]; readonly by?: readonly [number, number] }
  | { readonly type: "connect"; readonly edge: Edge }
  | { readonly type: "disconnect"; readonly edge: Edge }
  | { readonly type: "insertOnEdge"; readonly edge: Edge; readonly node: Omit<NodeSpec, "id"> & { readonly id?: string } }
  | { readonly type: "replaceNode"; readonly id: string; readonly nodeType: string; readonly version?: number; readonly params?: JsonObject }
  | { readonly type: "setParameter"; readonly id: string; readonly pointer: string; readonly value: Json | undefined }
  | { readonly type: "setOption"; readonly id: string; readonly option: string; readonly value: Json | undefined }
  | { readonly type: "pin"; readonly id: string; readonly items: readonly Json[] | undefined }
  | { readonly type: "addNote"; readonly content: string; readonly position: readonly [number, number]; readonly size?: readonly [number, number] }
  | { readonly type: "addGroup"; readonly title: string; readonly ids: readonly string[]; readonly color?: string }
  | { readonly type: "changeGroup"; readonly id: string; readonly title?: string; readonly color?: string; readonly nodes?: readonly string[] }
  | { readonly type: "removeGroup"; readonly id: string }
  | { readonly type: "setWorkflow"; readonly field: "title" | "description"; readonly value: string }
  | { readonly type: "setSetting"; readonly pointer: string; readonly value: Json | undefined }
  | { readonly type: "paste"; readonly fragment: Fragment; readonly at?: readonly [number, number] }
  /** The text view was edited: the document becomes another one. */
  | { readonly type: "become"; readonly document: Workflow };

/** Why an operation cannot be done, in words for the person who asked for it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

export interface Planned {
  readonly changes: readonly Change[];
  /** Nodes that the operation is about, to be selected afterwards. */
  readonly touched: readonly string[];
}

export interface Setting {
  readonly groupOf: GroupOf;
  /** Makes an id for a new node. Two people's new nodes must not meet under one id. */
  readonly newId: () => string;
}

/** Fields of a node that have an operation of their own, or that nobody may change. */
const NOT_OPTIONS = new Set(["id", "name", "type", "params", "position", "pinned"]);

/** Runs `work` over a growing document, so that each change sees the one before it. */
class Draft {
  readonly changes: Change[] = [];
  constructor(public document: Workflow) {}

  push(change: Change): void {
    this.document = apply(this.document, change);
    this.changes.push(change);
  }

  setInNode(id: string, pointer: string, after: Json | undefined): void {
    const placed = wholePlace(nodeById(this.document, id), pointer, after);
    if (!same(placed.before, placed.after)) this.push({ kind: "setInNode", id, ...placed });
  }

  setInRoot(pointer: string, after: Json | undefined): void {
    const placed = wholePlace(this.document, pointer, after);
    if (!same(placed.before, placed.after)) this.push({ kind: "setInRoot", ...placed });
  }

  insertNode(node: NodeSpec): void {
    this.push({ kind: "insertNode", index: this.document.nodes.length, node });
  }

  insertEdge(edge: Edge, index = edgesOf(this.document).length): void {
    this.push({ kind: "insertEdge", index, edge });
  }

  deleteEdge(edge: Edge): number {
    const index = edgesOf(this.document).findIndex((other) => sameEdge(other, edge));
    const stored = edgesOf(this.document)[index];
    if (stored) this.push({ kind: "deleteEdge", index, edge: stored });
    return index;
  }
}

/** Objects that are made on the way to a place are part of the change, so that undoing it takes them away again. */
function wholePlace(whole: Json | undefined, pointer: string, after: Json | undefined): { pointer: string; before: Json | undefined; after: Json | undefined } {
  const path = steps(pointer);
  const missing = path.findIndex((_, index) => at(whole, path.slice(0, index + 1)) === undefined);
  if (missing < 0 || missing === path.length - 1) return { pointer, before: at(whole, path), after };
  return { pointer: pointerOf(path.slice(0, missing + 1)), before: undefined, after: withAt(undefined, path.slice(missing + 1), after) };
}

export function plan(document: Workflow, operation: Operation, setting: Setting): Planned {
  const draft = new Draft(document);
  const touched = perform(draft, operation, setting);
  return { changes: draft.changes, touched };
}

function perform(draft: Draft, operation: Operation, setting: Setting): readonly string[] {
  switch (operation.type) {
    case "addNode":
      return [add(draft, operation.node, setting).id];
    case "removeNodes":
      remove(draft, operation.ids, operation.bridge ?? false);
      return [];
    case "renameNode":
      rename(draft, operation.id, operation.name);
      return [operation.id];
    case "moveNodes":
      for (const [id, [x, y]] of Object.entries(operation.positions)) {
        if (nodeById(draft.document, id)) draft.setInNode(id, "/position", [Math.round(x), Math.round(y)]);
      }
      return Object.keys(operation.positions);
    case "duplicateNodes":
      return paste(draft, fragmentOf(draft.document, operation.ids), setting, operation.by ?? [48, 48]);
    case "connect":
      connect(draft, operation.edge, setting);
      return [];
    case "disconnect":
      if (draft.deleteEdge(operation.edge) < 0) throw new Refusal("there is no such edge");
      return [];
    case "insertOnEdge":
      return [insertOnEdge(draft, operation.edge, operation.node, setting)];
    case "replaceNode":
      replace(draft, operation, setting);
      return [operation.id];
    case "setParameter":
      setParameter(draft, operation.id, operation.pointer, operation.value, setting);
      return [operation.id];
    case "setOption":
      setOption(draft, operation.id, operation.option, operation.value, setting);
      return [operation.id];
    case "pin":
      if (isNoteId(draft.document, operation.id)) throw new Refusal("a note puts nothing out, so nothing can be pinned to it");
      need(draft.document, operation.id);
      draft.setInNode(operation.id, "/pinned", operation.items);
      return [operation.id];
    case "addNote": {
      const [width, height] = operation.size ?? [240, 160];
      const params = { content: operation.content, width, height };
      return [add(draft, { name: freshName(nodeNames(draft.document), "Note"), type: NOTE, position: operation.position, params }, setting).id];
    }
    case "addGroup": {
      const nodes = [...new Set(operation.ids)].filter((id) => nodeById(draft.document, id));
      if (nodes.length === 0) throw new Refusal("a group needs a node");
      const groups = groupsOf(draft.document)
        .map((group) => ({ ...group, nodes: group.nodes.filter((id) => !nodes.includes(id)) }))
        .filter((group) => group.nodes.length > 0);
      const id = freshId(new Set(groups.map((group) => group.id)), setting.newId());
      const color = operation.color === undefined ? {} : { color: operation.color };
      setGroups(draft, [...groups, { id, title: operation.title, ...color, nodes }]);
      return nodes;
    }
    case "changeGroup": {
      const { type: _, id, ...changed } = operation;
      if (!groupsOf(draft.document).some((group) => group.id === id)) throw new Refusal("the group is gone");
      setGroups(draft, groupsOf(draft.document).map((group) => (group.id === id ? { ...group, ...changed } : group)));
      return [];
    }
    case "removeGroup":
      setGroups(draft, groupsOf(draft.document).filter((group) => group.id !== operation.id));
      return [];
    case "setWorkflow":
      draft.setInRoot(`/${operation.field}`, operation.value === "" ? undefined : operation.value);
      return [];
    case "setSetting": {
      draft.setInRoot(`/settings${operation.pointer}`, operation.value);
      const left = draft.document.settings;
      if (isObject(left) && Object.keys(left).length === 0) draft.setInRoot("/settings", undefined);
      return [];
    }
    case "paste":
      return paste(draft, operation.fragment, setting, operation.at ? offsetTo(operation.fragment, operation.at) : [0, 0]);
    case "become":
      become(draft, operation.document);
      return [];
  }
}

function need(document: Workflow, id: string): NodeSpec {
  const node = nodeById(document, id);
  if (!node) throw new Refusal("the node is gone");
  return node;
}

function isNoteId(document: Workflow, id: string): boolean {
  return nodeById(document, id)?.type === NOTE;
}

function add(draft: Draft, wanted: Omit<NodeSpec, "id"> & { readonly id?: string }, setting: Setting): NodeSpec {
  const ids = new Set(draft.document.nodes.map((node) => node.id));
  const { name, type } = wanted as { name: string; type: string };
  const node = {
    ...wanted,
    name: freshName(nodeNames(draft.document), name.trim() === "" ? type : name),
    id: freshId(ids, wanted.id ?? setting.newId()),
  } as NodeSpec;
  draft.insertNode(node);
  return node;
}

function remove(draft: Draft, ids: readonly string[], bridge: boolean): void {
  for (const id of ids) {
    const node = nodeById(draft.document, id);
    if (!node) continue;
    const leaving = edgesOf(draft.document).filter((edge) => edge.from === node.name && edge.attachment === undefined);
    const entering = edgesOf(draft.document).filter((edge) => edge.to === node.name && edge.attachment === undefined);
    const [out] = leaving;
    // Only a node in the middle of a chain is bridged; of a branch nobody knows which way was meant.
    const bridged =
      bridge && leaving.length > 0 && leaving.every((edge) => (edge.output ?? 0) === (out?.output ?? 0))
        ? entering.flatMap((enter) => leaving.map((leave) => plain({ ...enter, to: leave.to, input: leave.input ?? 0 })))
        : [];
    for (const edge of edgesOf(draft.document).filter((edge) => edge.from === node.name || edge.to === node.name)) draft.deleteEdge(edge);
    for (const edge of bridged) {
      if (edge.from !== node.name && edge.to !== node.name && !edgesOf(draft.document).some((other) => sameEdge(other, edge))) draft.insertEdge(edge);
    }
    draft.push({ kind: "deleteNode", index: draft.document.nodes.indexOf(node), node });
  }
  const groups = groupsOf(draft.document);
  const left = groups.map((group) => ({ ...group, nodes: group.nodes.filter((id) => !ids.includes(id)) })).filter((group) => group.nodes.length > 0);
  if (!same(groups, left)) setGroups(draft, left);
}

function rename(draft: Draft, id: string, wanted: string): void {
  const node = need(draft.document, id);
  const name = wanted.trim();
  if (name === "") throw new Refusal("a node needs a name");
  if (name === node.name) return;
  if (nodeByName(draft.document, name)) throw new Refusal(`there is a node \`${name}\` already`);
  const names = new Map([[node.name, name]]);
  draft.setInNode(id, "/name", name);
  for (const edge of edgesOf(draft.document)) {
    if (edge.from !== node.name && edge.to !== node.name) continue;
    const index = draft.deleteEdge(edge);
    draft.insertEdge({ ...edge, from: names.get(edge.from) ?? edge.from, to: names.get(edge.to) ?? edge.to }, index);
  }
  for (const other of draft.document.nodes) {
    const next = renameInNode(other, names);
    if (next !== other) draft.setInNode(other.id, "/params", next.params);
  }
  draft.setInRoot("/settings", renameInSettings(draft.document.settings, names));
}

/** Why an edge cannot be drawn; nothing when it can. */
export function edgeFault(document: Workflow, edge: Edge, groupOf: GroupOf): string | undefined {
  const from = nodeByName(document, edge.from);
  const to = nodeByName(document, edge.to);
  if (!from) return `there is no node \`${edge.from}\``;
  if (!to) return `there is no node \`${edge.to}\``;
  if (edgesOf(document).some((other) => sameEdge(other, edge))) return "they are connected already";
  if (edge.attachment !== undefined) {
    if (from === to) return "a node cannot be attached to itself";
    return from.type === NOTE || to.type === NOTE ? "a note has no ports" : undefined;
  }
  const out = portsOf(from, groupOf, document).outputs.length;
  const into = portsOf(to, groupOf, document).inputs.length;
  if (out === 0) return `\`${from.name}\` has no output`;
  if (into === 0) return groupOf(to.type) === "trigger" ? `\`${to.name}\` starts runs and has no input` : `\`${to.name}\` has no input`;
  if ((edge.output ?? 0) >= out) return `\`${from.name}\` has no output ${edge.output ?? 0}`;
  if ((edge.input ?? 0) >= into) return `\`${to.name}\` has no input ${edge.input ?? 0}`;
  return undefined;
}

function connect(draft: Draft, edge: Edge, setting: Setting): void {
  const fault = edgeFault(draft.document, edge, setting.groupOf);
  if (fault !== undefined) throw new Refusal(fault);
  draft.insertEdge(plain(edge));
}

/** Ports 0 are not written, as the server does not write them. */
function plain(edge: Edge): Edge {
  const { output, input, ...rest } = edge;
  return { ...rest, ...(output ? { output } : {}), ...(input ? { input } : {}) } as Edge;
}

function insertOnEdge(draft: Draft, edge: Edge, wanted: Omit<NodeSpec, "id"> & { readonly id?: string }, setting: Setting): string {
  const node = add(draft, wanted, setting);
  const ports = portsOf(node, setting.groupOf);
  if (ports.inputs.length === 0 || ports.outputs.length === 0) throw new Refusal(`\`${node.name}\` does not fit on an edge: it has no input or no output`);
  const index = draft.deleteEdge(edge);
  if (index < 0) throw new Refusal("the edge is gone");
  draft.insertEdge(plain({ ...edge, to: node.name, input: 0 }), index);
  draft.insertEdge(plain({ from: node.name, to: edge.to, ...(edge.input === undefined ? {} : { input: edge.input }) }), index + 1);
  return node.id;
}

function replace(draft: Draft, operation: Extract<Operation, { type: "replaceNode" }>, setting: Setting): void {
  const node = need(draft.document, operation.id);
  draft.setInNode(node.id, "/type", operation.nodeType);
  draft.setInNode(node.id, "/version", operation.version === 1 ? undefined : operation.version);
  draft.setInNode(node.id, "/params", operation.params);
  // What an import has kept, and accounts and pinned items, belong to the old type.
  for (const field of ["/foreign", "/connections", "/pinned"]) draft.setInNode(node.id, field, undefined);
  dropEdgesWithoutPort(draft, node.id, setting);
}

function dropEdgesWithoutPort(draft: Draft, id: string, setting: Setting): void {
  const node = need(draft.document, id);
  const ports = portsOf(node, setting.groupOf);
  for (const edge of edgesOf(draft.document)) {
    if (edge.attachment !== undefined) continue;
    const leaves = edge.from === node.name && (edge.output ?? 0) >= ports.outputs.length;
    const enters = edge.to === node.name && (edge.input ?? 0) >= ports.inputs.length;
    if (leaves || enters) draft.deleteEdge(edge);
  }
}

function setParameter(draft: Draft, id: string, pointer: string, value: Json | undefined, setting: Setting): void {
  const node = need(draft.document, id);
  if (pointer === "" && value !== undefined && !isObject(value)) throw new Refusal("parameters are an object");
  const counted = portsOf(node, setting.groupOf);
  draft.setInNode(id, `/params${pointer}`, value);
  const params = nodeById(draft.document, id)?.params;
  if (params && Object.keys(params).length === 0) draft.setInNode(id, "/params", undefined);
  const now = portsOf(need(draft.document, id), setting.groupOf);
  if (now.outputs.length < counted.outputs.length || now.inputs.length < counted.inputs.length) dropEdgesWithoutPort(draft, id, setting);
}

function setOption(draft: Draft, id: string, option: string, value: Json | undefined, setting: Setting): void {
  const [field = ""] = steps(`/${option}`);
  if (NOT_OPTIONS.has(field)) throw new Refusal(`\`${field}\` is no option`);
  const node = need(draft.document, id);
  if (option === "onError") {
    const errorOutput = portsOf(node, setting.groupOf).outputs.length - 1;
    if (node.onError === "errorBranch" && value !== "errorBranch") {
      for (const edge of edgesOf(draft.document)) {
        if (edge.attachment === undefined && edge.from === node.name && (edge.output ?? 0) === errorOutput) draft.deleteEdge(edge);
      }
    }
  }
  draft.setInNode(id, `/${option}`, value);
}

function setGroups(draft: Draft, groups: readonly Group[]): void {
  draft.setInRoot(GROUPS, groups.length === 0 ? undefined : groups);
  for (const holder of ["/foreign/editor", "/foreign"]) {
    const left = at(draft.document, steps(holder));
    if (isObject(left) && Object.keys(left).length === 0) draft.setInRoot(holder, undefined);
  }
}

/** The chosen nodes, and what runs between them. */
export function fragmentOf(document: Workflow, ids: readonly string[]): Fragment {
  const nodes = document.nodes.filter((node) => ids.includes(node.id));
  const names = new Set(nodes.map((node) => node.name));
  const edges = edgesOf(document).filter((edge) => names.has(edge.from) && names.has(edge.to));
  const groups = groupsOf(document).filter((group) => group.nodes.every((id) => ids.includes(id)));
  return { nodes, edges, ...(groups.length === 0 ? {} : { groups }) };
}

function offsetTo(fragment: Fragment, [x, y]: readonly [number, number]): readonly [number, number] {
  if (fragment.nodes.length === 0) return [0, 0];
  const left = Math.min(...fragment.nodes.map((node) => positionOf(node)[0]));
  const top = Math.min(...fragment.nodes.map((node) => positionOf(node)[1]));
  return [x - left, y - top];
}

/** Puts a fragment in: under new ids and free names, with its expressions following the names. */
function paste(draft: Draft, fragment: Fragment, setting: Setting, [dx, dy]: readonly [number, number]): string[] {
  const taken = new Set(nodeNames(draft.document));
  const names = new Map<string, string>();
  for (const node of fragment.nodes) {
    const name = freshName(taken, node.name);
    taken.add(name);
    names.set(node.name, name);
  }
  const used = new Set(draft.document.nodes.map((node) => node.id));
  const ids = new Map<string, string>();
  for (const node of fragment.nodes) {
    const [x, y] = positionOf(node);
    const id = freshId(used, setting.newId());
    used.add(id);
    ids.set(node.id, id);
    const position = [Math.round(x + dx), Math.round(y + dy)] as const;
    draft.insertNode({ ...renameInNode(node, names), id, name: names.get(node.name) ?? node.name, position });
  }
  for (const edge of fragment.edges) {
    const [from, to] = [names.get(edge.from), names.get(edge.to)];
    if (from !== undefined && to !== undefined) draft.insertEdge({ ...edge, from, to });
  }
  const pasted = (fragment.groups ?? []).map((group) => ({
    ...group,
    id: setting.newId(),
    nodes: group.nodes.flatMap((id) => ids.get(id) ?? []),
  }));
  if (pasted.length > 0) setGroups(draft, [...groupsOf(draft.document), ...pasted]);
  return [...ids.values()];
}

/** Changes the document place by place until it is the other one, so that undo and merge see what was meant. */
function become(draft: Draft, next: Workflow): void {
  for (const edge of edgesOf(draft.document)) {
    if (!edgesOf(next).some((other) => same(other, edge))) draft.deleteEdge(edge);
  }
  for (const node of draft.document.nodes) {
    if (!nodeById(next, node.id)) draft.push({ kind: "deleteNode", index: draft.document.nodes.indexOf(node), node });
  }
  for (const [index, node] of next.nodes.entries()) {
    const now = nodeById(draft.document, node.id);
    if (!now) draft.push({ kind: "insertNode", index, node });
    else for (const field of new Set([...Object.keys(now), ...Object.keys(node)])) draft.setInNode(node.id, `/${field.replaceAll("~", "~0").replaceAll("/", "~1")}`, node[field]);
  }
  // The order counts: of nodes as they are listed, of edges as they are visited.
  reorder(draft, next);
  for (const [index, edge] of edgesOf(next).entries()) {
    if (!edgesOf(draft.document).some((other) => sameEdge(other, edge))) draft.insertEdge(edge, index);
  }
  const wanted = edgesOf(next);
  if (!same(edgesOf(draft.document), wanted)) {
    for (const edge of edgesOf(draft.document)) draft.deleteEdge(edge);
    for (const edge of wanted) draft.insertEdge(edge);
  }
  for (const field of new Set([...Object.keys(draft.document), ...Object.keys(next)])) {
    if (field !== "nodes" && field !== "edges") draft.setInRoot(`/${field.replaceAll("~", "~0").replaceAll("/", "~1")}`, next[field]);
  }
}

function reorder(draft: Draft, next: Workflow): void {
  for (const [index, node] of next.nodes.entries()) {
    const now = draft.document.nodes[index];
    if (!now || now.id === node.id) continue;
    const moved = nodeById(draft.document, node.id);
    if (!moved) continue;
    draft.push({ kind: "deleteNode", index: draft.document.nodes.indexOf(moved), node: moved });
    draft.push({ kind: "insertNode", index, node: moved });
  }
}

//! Merge by node: what two people made of the same document becomes one.
//!
//! Nodes are matched by id, so that one may rename what the other edits. Inside a node it goes place by place: only
//! where both changed one place to different values there is a conflict, and then mine stands until somebody chooses.
//! What one deleted and the other edited stays. Without conflicts it does not matter who is "mine".

import { edgeKey, edgesOf, freshName, groupsOf, nodeById, type Edge, type NodeSpec, type Workflow } from "./document";
import { fields, isList, isObject, pointerOf, same, type Json, type JsonObject } from "./json";
import type { Operation } from "./operations";
import { renameInNode, renameInSettings } from "./references";

export interface Conflict {
  /** The node that it is about; absent: the workflow itself. */
  readonly node: string | undefined;
  /** The place in the node or the workflow; empty: one deleted the node that the other changed. */
  readonly pointer: string;
  readonly base: Json | undefined;
  readonly mine: Json | undefined;
  readonly theirs: Json | undefined;
}

export interface Merged {
  readonly document: Workflow;
  readonly conflicts: readonly Conflict[];
  /** Ids of nodes that are now other than in mine. */
  readonly arrived: readonly string[];
}

type Report = (path: readonly (string | number)[], base: Json | undefined, mine: Json | undefined, theirs: Json | undefined) => void;

/** Merges a value. Objects go by field, lists of one length by element; everything else is one place. */
function mergeValue(
  base: Json | undefined,
  mine: Json | undefined,
  theirs: Json | undefined,
  report: Report,
  path: readonly (string | number)[] = [],
): Json | undefined {
  if (same(mine, theirs) || same(base, theirs)) return mine;
  if (same(base, mine)) return theirs;
  // Both added an object where there was none: their fields come together.
  if (isObject(mine) && isObject(theirs) && (isObject(base) || base === undefined)) {
    const before: JsonObject = isObject(base) ? base : {};
    const whole: Record<string, Json | undefined> = {};
    for (const key of new Set([...fields(mine), ...fields(theirs)])) {
      const value = mergeValue(own(before, key), own(mine, key), own(theirs, key), report, [...path, key]);
      if (value !== undefined) Object.defineProperty(whole, key, { value, enumerable: true, configurable: true, writable: true });
    }
    return whole;
  }
  if (isList(base) && isList(mine) && isList(theirs) && base.length === mine.length && base.length === theirs.length) {
    // Elements that are no objects have no fields to tell them apart: `[x, y]` of a position is one place.
    if ([...base, ...mine, ...theirs].every(isObject)) {
      return base.map((value, index) => mergeValue(value, mine[index], theirs[index], report, [...path, index]) as Json);
    }
  }
  report(path, base, mine, theirs);
  return mine;
}

function own(whole: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(whole, key) ? whole[key] : undefined;
}

/** The name of every node once both have had their say. */
function finalNames(base: Workflow, mine: Workflow, theirs: Workflow): Map<string, string> {
  const names = new Map<string, string>();
  const ids = [...new Set([...base.nodes, ...theirs.nodes, ...mine.nodes].map((node) => node.id))];
  for (const id of ids) {
    const [before, here, there] = [base, mine, theirs].map((document) => nodeById(document, id)?.name);
    names.set(id, (here === undefined || (here === before && there !== undefined) ? there : here) ?? before ?? id);
  }
  // Two new nodes may have got one name. Which of them keeps it must not depend on who merges; a node that both know
  // already keeps its own before any new one, and one that was deleted comes last.
  const taken = new Set<string>();
  const known = (id: string) => {
    const before = nodeById(base, id);
    if (before && !(nodeById(mine, id) && nodeById(theirs, id))) return 2;
    return before?.name === names.get(id) ? 0 : 1;
  };
  for (const id of ids.sort((one, other) => known(one) - known(other) || (one < other ? -1 : 1))) {
    const name = freshName(taken, names.get(id) ?? id);
    taken.add(name);
    names.set(id, name);
  }
  return names;
}

/** The document under other names for its nodes, expressions and edges included. */
function underNames(document: Workflow, names: ReadonlyMap<string, string>): Workflow {
  const changed = new Map<string, string>();
  for (const node of document.nodes) {
    const name = names.get(node.id);
    if (name !== undefined && name !== node.name) changed.set(node.name, name);
  }
  if (changed.size === 0) return document;
  const settings = renameInSettings(document.settings, changed) as JsonObject | undefined;
  return {
    ...document,
    ...(settings === undefined ? {} : { settings }),
    nodes: document.nodes.map((node) => {
      const renamed = renameInNode(node, changed);
      const name = changed.get(node.name);
      return name === undefined ? renamed : { ...renamed, name };
    }),
    ...(document.edges === undefined
      ? {}
      : { edges: document.edges.map((edge) => ({ ...edge, from: changed.get(edge.from) ?? edge.from, to: changed.get(edge.to) ?? edge.to })) }),
  };
}

export function merge(base: Workflow, mine: Workflow, theirs: Workflow): Merged {
  const conflicts: Conflict[] = [];
  for (const node of base.nodes) {
    const [here, there] = [nodeById(mine, node.id), nodeById(theirs, node.id)];
    if (here && there && here.name !== node.name && there.name !== node.name && here.name !== there.name) {
      conflicts.push({ node: node.id, pointer: "/name", base: node.name, mine: here.name, theirs: there.name });
    }
  }
  const names = finalNames(base, mine, theirs);
  const [from, here, there] = [underNames(base, names), underNames(mine, names), underNames(theirs, names)];
  const nodes = mergeNodes(from, here, there, conflicts);
  const edges = mergeEdges(from, here, there, nodes);
  const rest = mergeRoot(from, here, there, nodes, conflicts);
  const hasEdges = edges.length > 0 || mine.edges !== undefined || theirs.edges !== undefined;
  const document: Workflow = { ...rest, nodes, ...(hasEdges ? { edges } : {}) };
  const arrived = nodes.filter((node) => !same(node, nodeById(mine, node.id))).map((node) => node.id);
  return { document, conflicts, arrived };
}

function mergeNodes(base: Workflow, mine: Workflow, theirs: Workflow, conflicts: Conflict[]): NodeSpec[] {
  const order = [...new Set([...base.nodes, ...theirs.nodes, ...mine.nodes].map((node) => node.id))];
  // Where only one of both has changed the order, that order holds.
  const listed = (document: Workflow) => document.nodes.map((node) => node.id);
  const common = listed(base).filter((id) => nodeById(mine, id) && nodeById(theirs, id));
  const inOrder = (document: Workflow) => listed(document).filter((id) => common.includes(id));
  const moved = same(inOrder(mine), common) ? inOrder(theirs) : inOrder(mine);
  const places = new Map(common.map((id, index) => [id, moved[index] ?? id]));
  return order.flatMap((place) => {
    const id = places.get(place) ?? place;
    const [before, here, there] = [nodeById(base, id), nodeById(mine, id), nodeById(theirs, id)];
    if (here && there) {
      const report: Report = (path, ...values) => conflict(conflicts, id, path, values);
      return [mergeValue(before, here, there, report) as NodeSpec];
    }
    const kept = here ?? there;
    if (!kept) return [];
    if (!before) return [kept];
    const keeper = here ? mine : theirs;
    if (same(before, kept) && !hasNewEdge(base, keeper, kept.name)) return [];
    conflict(conflicts, id, [], [before, here, there]);
    return [kept];
  });
}

function conflict(conflicts: Conflict[], node: string | undefined, path: readonly (string | number)[], [base, mine, theirs]: readonly (Json | undefined)[]): void {
  conflicts.push({ node, pointer: pointerOf(path), base, mine, theirs });
}

/** Drawing an edge to a node says that it is needed, although nothing in it has changed. */
function hasNewEdge(base: Workflow, now: Workflow, name: string): boolean {
  const known = new Set(edgesOf(base).map(edgeKey));
  return edgesOf(now).some((edge) => (edge.from === name || edge.to === name) && !known.has(edgeKey(edge)));
}

function mergeEdges(base: Workflow, mine: Workflow, theirs: Workflow, nodes: readonly NodeSpec[]): Edge[] {
  const names = new Set(nodes.map((node) => node.name));
  const keyed = (document: Workflow) => new Map(edgesOf(document).map((edge) => [edgeKey(edge), edge]));
  const [before, here, there] = [keyed(base), keyed(mine), keyed(theirs)];
  const present = (document: Workflow, name: string) => document.nodes.some((node) => node.name === name);
  const keeps = (key: string, edge: Edge) => {
    if (!names.has(edge.from) || !names.has(edge.to)) return false;
    if (!before.has(key)) return true;
    // An edge that went because its node was deleted comes back with the node, when that stays after all.
    const gone = (side: ReadonlyMap<string, Edge>, document: Workflow) => !side.has(key) && present(document, edge.from) && present(document, edge.to);
    return !gone(here, mine) && !gone(there, theirs);
  };
  // Where only one of both has changed the order in which successors are visited, that order holds.
  const reordered = same([...before.keys()].filter((key) => here.has(key)), [...here.keys()].filter((key) => before.has(key)));
  const ordered = reordered ? [there, here] : [here, there];
  const all = new Map<string, Edge>([...(ordered[0] ?? []), ...(ordered[1] ?? []), ...before]);
  return [...all].filter(([key, edge]) => keeps(key, edge)).map(([, edge]) => edge);
}

function mergeRoot(base: Workflow, mine: Workflow, theirs: Workflow, nodes: readonly NodeSpec[], conflicts: Conflict[]): JsonObject {
  const rest = (document: Workflow): JsonObject => {
    const { nodes: _nodes, edges: _edges, ...others } = document;
    const groups = groupsOf(document);
    if (groups.length === 0) return others;
    // By id while merging, so that two groups made at once do not meet.
    const editor = (document.foreign?.["editor"] ?? {}) as JsonObject;
    const byId = Object.fromEntries(groups.map((group) => [group.id, { ...group, nodes: Object.fromEntries(group.nodes.map((id) => [id, true])) }]));
    return { ...others, foreign: { ...document.foreign, editor: { ...editor, groups: byId } } };
  };
  const report: Report = (path, ...values) => conflict(conflicts, undefined, path, values);
  const merged = (mergeValue(rest(base), rest(mine), rest(theirs), report) ?? {}) as JsonObject;
  const foreign = merged["foreign"];
  const editor = isObject(foreign) ? foreign["editor"] : undefined;
  const byId = isObject(editor) ? editor["groups"] : undefined;
  if (!isObject(foreign) || !isObject(editor) || !isObject(byId)) return merged;
  const present = new Set(nodes.map((node) => node.id));
  const groups = fields(byId).flatMap((id) => {
    const group = byId[id] as JsonObject;
    const members = fields((group["nodes"] ?? {}) as JsonObject).filter((member) => present.has(member));
    return members.length === 0 ? [] : [{ ...group, nodes: members }];
  });
  return { ...merged, foreign: { ...foreign, editor: { ...editor, groups } } };
}

/** What to do so that a conflict ends as they wanted it. */
export function takeTheirs(document: Workflow, conflict: Conflict): Operation[] {
  if (conflict.node === undefined) {
    if (conflict.pointer.startsWith("/settings")) return [{ type: "setSetting", pointer: conflict.pointer.slice("/settings".length), value: conflict.theirs }];
    if (conflict.pointer === "/title" || conflict.pointer === "/description") {
      return [{ type: "setWorkflow", field: conflict.pointer === "/title" ? "title" : "description", value: String(conflict.theirs ?? "") }];
    }
    return [];
  }
  const id = conflict.node;
  if (!nodeById(document, id)) return [];
  if (conflict.pointer === "") return conflict.theirs === undefined ? [{ type: "removeNodes", ids: [id] }] : [];
  if (conflict.pointer === "/name") return [{ type: "renameNode", id, name: String(conflict.theirs) }];
  if (conflict.pointer === "/position") return [{ type: "moveNodes", positions: { [id]: conflict.theirs as [number, number] } }];
  if (conflict.pointer === "/pinned") return [{ type: "pin", id, items: conflict.theirs as readonly Json[] | undefined }];
  if (conflict.pointer === "/params" || conflict.pointer.startsWith("/params/")) {
    return [{ type: "setParameter", id, pointer: conflict.pointer.slice("/params".length), value: conflict.theirs }];
  }
  return [{ type: "setOption", id, option: conflict.pointer.slice(1), value: conflict.theirs }];
}

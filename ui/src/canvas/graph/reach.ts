//! Which nodes come before and after a node.

import { edgesOf, type Workflow } from "./document";

type Ways = ReadonlyMap<string, readonly string[]>;

const ways = new WeakMap<Workflow, { readonly back: Ways; readonly forth: Ways }>();

function waysOf(document: Workflow): { readonly back: Ways; readonly forth: Ways } {
  let found = ways.get(document);
  if (!found) {
    const back = new Map<string, string[]>();
    const forth = new Map<string, string[]>();
    const note = (map: Map<string, string[]>, key: string, value: string) => {
      const list = map.get(key);
      if (list) list.push(value);
      else map.set(key, [value]);
    };
    for (const edge of edgesOf(document)) {
      // Attached nodes see what the node sees that calls them: they stand behind it, not before it.
      const [from, to] = edge.attachment === undefined ? [edge.from, edge.to] : [edge.to, edge.from];
      note(back, to, from);
      note(forth, from, to);
    }
    found = { back, forth };
    ways.set(document, found);
  }
  return found;
}

function walk(from: string, next: Ways): string[] {
  const seen = new Set<string>([from]);
  const found: string[] = [];
  const open = [...(next.get(from) ?? [])];
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    if (seen.has(name)) continue;
    seen.add(name);
    found.push(name);
    open.push(...(next.get(name) ?? []));
  }
  return found;
}

/** Names of the nodes whose items can have reached a node, nearest first. */
export function upstream(document: Workflow, name: string): string[] {
  return walk(name, waysOf(document).back);
}

/** Names of the nodes that a node's items can reach, nearest first. */
export function downstream(document: Workflow, name: string): string[] {
  return walk(name, waysOf(document).forth);
}

/** Whether an edge would lead back to where it comes from: a loop, which is allowed but worth saying. */
export function closesLoop(document: Workflow, from: string, to: string): boolean {
  return from === to || downstream(document, to).includes(from);
}

//! Documents and operations for tests.

import fc from "fast-check";

import { applyAll } from "./change";
import { edgesOf, type Edge, type Group, type NodeSpec, type Workflow } from "./document";
import type { Json } from "./json";
import { plan, Refusal, type Operation, type Setting } from "./operations";

const GROUPS: Readonly<Record<string, string>> = { "http.webhook": "trigger", "core.manual": "trigger", "core.note": "note" };

export function counter(prefix = "new"): Setting {
  let count = 0;
  return { groupOf: (type) => GROUPS[type] ?? "transform", newId: () => `${prefix}-${(count += 1)}` };
}

export function node(name: string, more: Partial<NodeSpec> = {}): NodeSpec {
  return { name, id: name.toLowerCase().replaceAll(" ", "-"), type: "core.set", ...more } as NodeSpec;
}

export const SHOP: Workflow = {
  title: "Shop",
  nodes: [
    node("Webhook", { type: "http.webhook", position: [0, 0], params: { methods: ["POST"], path: "shop" } }),
    node("Name", { position: [200, 0], params: { fields: [{ name: "name", value: "={{ $json.body.name }}" }] } }),
    node("Is known", { type: "core.if", position: [400, 0], params: { conditions: { conditions: [{ leftValue: "={{ $('Name').item.json.name }}" }] } } }),
    node("Greet", { position: [600, -100], params: { text: "=Hello {{ $node[\"Name\"].json.name }}" }, foreign: { n8n: { type: "x", patch: [1] } } }),
    node("Odd one", { type: "n8n.n8n-nodes-base.slack", position: [600, 100], params: { text: "kept" }, later: { field: true } } as never),
  ],
  edges: [
    { from: "Webhook", to: "Name" },
    { from: "Name", to: "Is known" },
    { from: "Is known", to: "Greet" },
    { from: "Is known", output: 1, to: "Odd one" },
  ],
  settings: { timezone: "Europe/Rome" },
  foreign: { n8n: { meta: { x: 1 } }, editor: { groups: [{ id: "g1", title: "Start", nodes: ["webhook", "name"] }] } },
};

/** A choice for each operation; which node is meant depends on the document at that time. */
export interface Pick {
  readonly what: number;
  readonly first: number;
  readonly second: number;
  readonly text: string;
  readonly value: Json;
}

export const anyPick: fc.Arbitrary<Pick> = fc.record({
  what: fc.nat(15),
  first: fc.nat(30),
  second: fc.nat(30),
  text: fc.constantFrom("A", "B", "Name", "Set 2", "it's \"odd\"", "Größe"),
  value: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer(), { maxLength: 3 }), fc.constant({ a: 1 })) as fc.Arbitrary<Json>,
});

export function operationOf(document: Workflow, pick: Pick): Operation | undefined {
  const one = document.nodes[pick.first % Math.max(document.nodes.length, 1)];
  const other = document.nodes[pick.second % Math.max(document.nodes.length, 1)];
  const edge: Edge | undefined = edgesOf(document)[pick.first % Math.max(edgesOf(document).length, 1)];
  const place = [pick.first * 10, pick.second * 10] as const;
  if (pick.what === 0 || !one || !other) return { type: "addNode", node: { name: pick.text, type: "core.set", position: place } as never };
  const all: (Operation | undefined)[] = [
    { type: "removeNodes", ids: [one.id], bridge: pick.second % 2 === 0 },
    { type: "renameNode", id: one.id, name: pick.text },
    { type: "moveNodes", positions: { [one.id]: place, [other.id]: [1, 2] } },
    { type: "duplicateNodes", ids: [one.id, other.id] },
    { type: "connect", edge: { from: one.name, to: other.name } },
    edge && { type: "disconnect", edge },
    edge && { type: "insertOnEdge", edge, node: { name: pick.text, type: "core.filter" } as never },
    { type: "replaceNode", id: one.id, nodeType: "core.code", params: { code: `$('${other.name.replaceAll("'", "\\'")}').all()` } },
    { type: "setParameter", id: one.id, pointer: `/p${pick.second % 3}`, value: pick.value },
    { type: "setParameter", id: one.id, pointer: "/deep/er", value: `={{ $("${other.name.replaceAll('"', '\\"')}").first() }}` },
    { type: "setOption", id: one.id, option: "onError", value: pick.second % 2 === 0 ? "errorBranch" : undefined },
    { type: "pin", id: one.id, items: pick.second % 2 === 0 ? [{ a: pick.first }] : undefined },
    { type: "addNote", content: pick.text, position: place },
    { type: "addGroup", title: pick.text, ids: [one.id, other.id] },
    { type: "setSetting", pointer: "/timezone", value: pick.second % 2 === 0 ? pick.text : undefined },
  ];
  return all[(pick.what - 1) % all.length];
}

/** Does what can be done of it. */
export function play(document: Workflow, picks: readonly Pick[], setting: Setting): Workflow {
  return picks.reduce((now, pick) => {
    const operation = operationOf(now, pick);
    if (!operation) return now;
    try {
      return applyAll(now, plan(now, operation, setting).changes);
    } catch (error) {
      if (error instanceof Refusal) return now;
      throw error;
    }
  }, document);
}

export type { Group };

//! The clipboard: our nodes exactly, inside a text that n8n can paste, and n8n's own texts.
//!
//! A copy is n8n's form (`nodes`, `connections`, `pinData`) with our fragment beside it in `fishplate`, a field that
//! n8n ignores. Between two of our editors nothing is lost. How parameters of n8n's node types map is known to the
//! server's importer; without it a node of n8n becomes a placeholder that keeps everything.

import { edgesOf, freshName, open, positionOf, type Edge, type NodeSpec } from "./document";
import { isList, isObject, type Json, type JsonObject } from "./json";
import { sizeOf } from "./layout";
import { lower, type N8nType } from "./lower";
import type { Fragment } from "./operations";
import { frameOf } from "./resize";

/** n8n's types that a node type stands for, the first being the one that it is written as. */
export type N8nTypes = (type: string) => readonly N8nType[];

export function copyText(fragment: Fragment, typesOf: N8nTypes): string {
  const connections: Record<string, Record<string, { node: string; type: string; index: number }[][]>> = {};
  for (const edge of fragment.edges) {
    const kind = n8nKind(edge.attachment);
    const outputs = ((connections[edge.from] ??= {})[kind] ??= []);
    while (outputs.length <= (edge.output ?? 0)) outputs.push([]);
    outputs[edge.output ?? 0]?.push({ node: edge.to, type: kind, index: edge.input ?? 0 });
  }
  const pinned = fragment.nodes.filter((node) => node.pinned !== undefined);
  const whole = {
    nodes: [...fragment.nodes.map((node) => toN8n(node, typesOf)), ...framesOf(fragment)],
    connections,
    ...(pinned.length === 0 ? {} : { pinData: Object.fromEntries(pinned.map((node) => [node.name, (node.pinned ?? []).map(item)])) }),
    meta: { source: "fishplate" },
    fishplate: fragment,
  };
  return JSON.stringify(whole, null, 2);
}

/** n8n has no groups; a note behind the nodes is what people use there. */
function framesOf({ nodes, groups }: Fragment): JsonObject[] {
  const taken = new Set(nodes.map((node) => node.name));
  return (groups ?? []).flatMap((group): JsonObject[] => {
    const frame = frameOf(nodes.filter((node) => group.nodes.includes(node.id)).map((node) => ({ x: positionOf(node)[0], y: positionOf(node)[1], ...sizeOf(node) })));
    if (!frame) return [];
    const name = freshName(taken, group.title.trim() === "" ? "Group" : group.title);
    taken.add(name);
    return [{ parameters: { content: `## ${group.title}`, width: frame.width, height: frame.height, color: 7 }, type: "n8n-nodes-base.stickyNote", typeVersion: 1, position: [frame.x, frame.y], id: group.id, name }];
  });
}

/** Items are written with their JSON inside `json`; ours may be the bare record. */
function item(value: Json): Json {
  return isObject(value) && isObject(value["json"]) ? value : { json: value };
}

function toN8n(node: NodeSpec, typesOf: N8nTypes): JsonObject {
  const origin = isObject(node.foreign?.["n8n"]) ? node.foreign["n8n"] : {};
  const [first] = typesOf(node.type);
  const type = typeof origin["type"] === "string" ? origin["type"] : (first?.type ?? node.type.replace(/^n8n\./, ""));
  const typeVersion = typeof origin["typeVersion"] === "number" ? origin["typeVersion"] : (first?.version ?? 1);
  const retry = node.retry ? { retryOnFail: true, maxTries: node.retry["tries"] ?? 3, ...waitOf(node.retry["wait"]) } : {};
  const onError = node.onError === "continue" ? "continueRegularOutput" : node.onError === "errorBranch" ? "continueErrorOutput" : undefined;
  return {
    parameters: lower(node),
    type,
    typeVersion,
    position: [...positionOf(node)],
    id: node.id,
    name: node.name,
    ...(node.disabled === true ? { disabled: true } : {}),
    ...(node.alwaysOutputData === true ? { alwaysOutputData: true } : {}),
    ...(node.executeOnce === true ? { executeOnce: true } : {}),
    ...(node.notes === undefined || node.notes === "" ? {} : { notes: node.notes }),
    ...retry,
    ...(onError === undefined ? {} : { onError }),
  };
}

function waitOf(wait: Json | undefined): JsonObject {
  const match = typeof wait === "string" ? /^(\d+)(ms|s|m)$/.exec(wait) : null;
  if (!match) return {};
  return { waitBetweenTries: Number(match[1]) * (match[2] === "ms" ? 1 : match[2] === "s" ? 1_000 : 60_000) };
}

function n8nKind(attachment: string | undefined): string {
  if (attachment === undefined) return "main";
  if (attachment === "model") return "ai_languageModel";
  return attachment.startsWith("ai_") ? attachment : `ai_${attachment}`;
}

function ourKind(kind: string): string | undefined {
  if (kind === "main") return undefined;
  if (kind === "ai_languageModel") return "model";
  return kind === "ai_model" || kind === "ai_" ? kind : kind.replace(/^ai_/, "");
}

export type Pasted =
  /** Our own nodes. */
  | { readonly kind: "fragment"; readonly fragment: Fragment }
  /** A text of n8n's, to be given to the importer; and what it comes to without one. */
  | { readonly kind: "n8n"; readonly text: string; readonly placeholders: Fragment };

/** What a text from the clipboard holds; nothing when it is no nodes. */
export function readText(text: string): Pasted | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const ours = fragmentOf(value["fishplate"]) ?? (isList(value["edges"]) ? fragmentOf(value) : undefined);
  if (ours) return { kind: "fragment", fragment: ours };
  if (!isList(value["nodes"]) || value["nodes"].length === 0) return undefined;
  const nodes = value["nodes"].filter((node): node is JsonObject => isObject(node) && typeof node["name"] === "string" && typeof node["type"] === "string");
  if (nodes.length === 0) return undefined;
  const connections = isObject(value["connections"]) ? value["connections"] : {};
  const pins = isObject(value["pinData"]) ? value["pinData"] : {};
  // The importer wants a whole file.
  const file = JSON.stringify({ name: "pasted", settings: { executionOrder: "v1" }, ...value, nodes, connections });
  return { kind: "n8n", text: file, placeholders: placeholders(nodes, connections, pins) };
}

function fragmentOf(value: unknown): Fragment | undefined {
  if (!isObject(value) || !isList(value["nodes"]) || value["nodes"].length === 0) return undefined;
  const nodes = value["nodes"].filter((node): node is NodeSpec => isObject(node) && typeof node["name"] === "string" && typeof node["type"] === "string");
  if (nodes.length !== value["nodes"].length || new Set(nodes.map((node) => node.name)).size !== nodes.length) return undefined;
  const edges = isList(value["edges"]) ? value["edges"].filter((edge): edge is Edge => isObject(edge) && typeof edge["from"] === "string" && typeof edge["to"] === "string") : [];
  const groups = isList(value["groups"]) ? { groups: value["groups"] as unknown as Fragment["groups"] & object } : {};
  return { nodes: open({ nodes }).nodes, edges, ...groups };
}

/** The fragment that the importer has made of a text. */
export function fragmentOfSpec(spec: JsonObject): Fragment {
  const document = open(spec);
  return { nodes: document.nodes, edges: edgesOf(document) };
}

function placeholders(nodes: readonly JsonObject[], connections: JsonObject, pins: JsonObject): Fragment {
  const names = new Set(nodes.map((node) => node["name"]));
  const made = nodes.map((node) => {
    const { name, type, parameters, position, id, disabled, notes, ...rest } = node;
    const pinned = pins[String(name)];
    return {
      name,
      type: `n8n.${String(type)}`,
      ...(typeof id === "string" ? { id } : {}),
      ...(isList(position) && position.length === 2 ? { position: position.map(Number) } : {}),
      ...(isObject(parameters) && Object.keys(parameters).length > 0 ? { params: parameters } : {}),
      ...(disabled === true ? { disabled: true } : {}),
      ...(typeof notes === "string" && notes !== "" ? { notes } : {}),
      ...(isList(pinned) ? { pinned } : {}),
      foreign: { n8n: { ...rest, type, typeVersion: node["typeVersion"] ?? 1 } },
    } as unknown as NodeSpec;
  });
  const edges: Edge[] = [];
  for (const [from, kinds] of Object.entries(connections)) {
    if (!names.has(from) || !isObject(kinds)) continue;
    for (const [kind, outputs] of Object.entries(kinds)) {
      const attachment = ourKind(kind);
      if (isList(outputs)) outputs.forEach((links, output) => {
        for (const link of isList(links) ? links : []) {
          if (!isObject(link) || typeof link["node"] !== "string" || !names.has(link["node"])) continue;
          const input = typeof link["index"] === "number" ? link["index"] : 0;
          edges.push({ from, to: link["node"], ...(output ? { output } : {}), ...(input ? { input } : {}), ...(attachment === undefined ? {} : { attachment }) });
        }
      });
    }
  }
  return { nodes: open({ nodes: made }).nodes, edges };
}

//! The ports of a node under its parameters.
//!
//! The server knows them and does not tell yet, so the rules of the built-in types stand here, too. A node of any other
//! type has one input and one output, and besides every port that an edge already uses.

import { edgesAt, type NodeSpec, type Workflow } from "./document";
import { isList, isObject } from "./json";

export interface Ports {
  readonly inputs: readonly string[];
  /** The error branch included. */
  readonly outputs: readonly string[];
  /** Kinds of attachment that it takes. */
  readonly attachments: readonly string[];
}

export type GroupOf = (type: string) => string | undefined;

const MOST = 256;

export function portsOf(node: NodeSpec, groupOf: GroupOf, document?: Workflow): Ports {
  const known = builtIn(node, groupOf(node.type));
  const outputs = [...known.outputs];
  if (node.onError === "errorBranch" && outputs.length > 0) outputs.push("error");
  const inputs = [...known.inputs];
  const attachments: string[] = [];
  if (document) {
    for (const edge of edgesAt(document, node.name)) {
      if (edge.attachment !== undefined) {
        if (edge.to === node.name && !attachments.includes(edge.attachment)) attachments.push(edge.attachment);
        continue;
      }
      if (edge.from === node.name) extend(outputs, edge.output ?? 0);
      if (edge.to === node.name) extend(inputs, edge.input ?? 0);
    }
  }
  return { inputs, outputs, attachments };
}

function extend(ports: string[], used: number): void {
  while (ports.length <= used && ports.length < MOST) ports.push("");
}

function numbered(count: number): string[] {
  return Array.from({ length: Math.min(Math.max(count, 0), MOST) }, (_, index) => String(index + 1));
}

function builtIn(node: NodeSpec, group: string | undefined): { inputs: string[]; outputs: string[] } {
  const params = node.params ?? {};
  if (group === "note") return { inputs: [], outputs: [] };
  if (group === "trigger") {
    const methods = node.type === "http.webhook" && params["outputPerMethod"] === true && isList(params["methods"]) ? params["methods"].map(String) : [""];
    return { inputs: [], outputs: methods };
  }
  switch (node.type) {
    case "core.if":
      return { inputs: [""], outputs: ["true", "false"] };
    case "core.filter":
      return { inputs: [""], outputs: [""] };
    case "core.switch":
      return { inputs: [""], outputs: switchOutputs(node) };
    case "core.merge":
      return { inputs: numbered(mergeInputs(node)), outputs: [""] };
    case "core.loop":
      return { inputs: [""], outputs: params["outputs"] === "loop" ? ["loop"] : params["outputs"] === "loopDone" ? ["loop", "done"] : ["done", "loop"] };
    case "core.stop":
      return { inputs: [""], outputs: [] };
    case "http.respond":
      return { inputs: [""], outputs: params["responseOutput"] === true ? ["", "response"] : [""] };
    default:
      return { inputs: [""], outputs: [""] };
  }
}

function switchOutputs(node: NodeSpec): string[] {
  const params = node.params ?? {};
  if (params["mode"] === "expression") {
    return numbered(typeof params["outputs"] === "number" ? params["outputs"] : 4).map((_, index) => String(index));
  }
  const rules = isList(params["rules"]) ? params["rules"] : [];
  const labels = rules.map((rule, index) => {
    const named = isObject(rule) && rule["renameOutput"] === true && typeof rule["outputKey"] === "string" ? rule["outputKey"] : "";
    return named === "" ? String(index) : named;
  });
  // Rules may name their outputs by number, as n8n's first versions did.
  const highest = rules.reduce<number>((most, rule) => Math.max(most, isObject(rule) && typeof rule["output"] === "number" ? rule["output"] : -1), -1);
  extend(labels, highest);
  if (params["fallbackOutput"] === "extra") {
    const name = params["renameFallbackOutput"];
    labels.push(typeof name === "string" && name !== "" ? name : "fallback");
  }
  return labels;
}

function mergeInputs(node: NodeSpec): number {
  const params = node.params ?? {};
  const count = typeof params["numberInputs"] === "number" ? params["numberInputs"] : 2;
  const mode = params["mode"] ?? "append";
  const many = mode === "append" || mode === "chooseBranch" || mode === "combineBySql" || (mode === "combine" && params["combineBy"] === "combineByPosition");
  return many ? Math.min(Math.max(count, 2), 10) : 2;
}

//! Which accounts a node asks for under its parameters.

import type { NodeSpec } from "../../canvas/graph/document";
import { isObject, type Json, type JsonObject } from "../../canvas/graph/json";
import type { NodeType } from "./calls";

export interface AskedSlot {
  readonly slot: string;
  readonly kinds: readonly string[] | undefined;
}

/** The kind of caller that is let in: it decides which account can tell who that is. */
function callerKind(auth: Json | undefined): string | undefined {
  const kind = isObject(auth) ? auth["kind"] : undefined;
  return typeof kind === "string" && kind !== "none" ? kind : undefined;
}

/** The slots that count now, and what stands in others. */
export function slotsOf(node: NodeSpec, type: NodeType | undefined): AskedSlot[] {
  const params: JsonObject = node.params ?? {};
  const set = Object.keys(node.connections ?? {});
  const declared = (type?.connections ?? []).flatMap(({ slot, kinds }): AskedSlot[] => {
    const caller = node.type === "http.webhook" || node.type === "form.trigger" ? callerKind(params["auth"]) : node.type === "core.wait" ? callerKind(isObject(params["door"]) ? params["door"]["auth"] : undefined) : undefined;
    if (node.type === "http.webhook" || node.type === "form.trigger" || node.type === "core.wait") return caller !== undefined ? [{ slot, kinds: kinds.includes(caller) ? [caller] : kinds }] : set.includes(slot) ? [{ slot, kinds }] : [];
    if (node.type === "http.respond" && params["with"] !== "jwt" && !set.includes(slot)) return [];
    if (node.type === "files.ftp") return [{ slot, kinds: [params["protocol"] === "sftp" ? "login:sftp" : "login:ftp"] }];
    if (node.type === "http.graphql" && params["authenticated"] !== true && !set.includes(slot)) return [];
    return [{ slot, kinds }];
  });
  return [...declared, ...set.filter((slot) => !declared.some((one) => one.slot === slot)).map((slot) => ({ slot, kinds: undefined }))];
}

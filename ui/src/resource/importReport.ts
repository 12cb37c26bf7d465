//! What an import says of a workflow, sorted by what a person has to do about it.

import type { Problem } from "@/api/problem";
import type { components } from "@/api/schema";

import { laterForType, type Later } from "./later";

export type FileReport = components["schemas"]["FileReport"];

/** A node of n8n's file, as far as a report speaks of it. */
export interface TheirNode {
  readonly name: string;
  readonly type: string;
  readonly version: number;
}

export interface Placeholders {
  /** Why there is no node type, and what becomes of them. */
  readonly comes: string;
  readonly types: readonly { readonly later: Later; readonly type: string; readonly count: number; readonly nodes: readonly string[] }[];
}

export interface Remarks {
  /** The node that they are about; absent: the workflow. */
  readonly node: string | undefined;
  readonly problems: readonly Problem[];
}

export interface WantedConnection {
  readonly name: string;
  readonly title: string;
  readonly nodes: readonly string[];
  /** Kinds of account that it can be here; absent where nothing here uses it yet. */
  readonly kinds: readonly string[] | undefined;
  /** Only nodes use it that do not run yet. */
  readonly idle: boolean;
}

export interface Reading {
  readonly placeholders: readonly Placeholders[];
  readonly connections: readonly WantedConnection[];
  readonly remarks: readonly Remarks[];
}

const KINDS: Readonly<Record<string, readonly string[]>> = {
  httpBasicAuth: ["basic"], httpHeaderAuth: ["header"], httpBearerAuth: ["bearer"], httpDigestAuth: ["digest"], httpQueryAuth: ["query"], httpCustomAuth: ["custom"], jwtAuth: ["jwt"],
  postgres: ["login:postgres"], mySql: ["login:mysql"], redis: ["login:redis"], mongoDb: ["login:mongodb"], mqtt: ["login:mqtt"], rabbitmq: ["login:amqp"], smtp: ["login:smtp"], imap: ["login:imap"],
  ftp: ["login:ftp"], sftp: ["login:sftp"], sshPassword: ["login:ssh"], sshPrivateKey: ["login:ssh"], ldap: ["login:ldap"], s3: ["login:s3"], aws: ["login:s3"], gitPassword: ["login:git"],
};

/** The nodes of each workflow of a file, in its order; nothing for a file that is no JSON of n8n's. */
export function theirNodes(text: string): readonly (readonly TheirNode[])[] {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    return [];
  }
  const record = (value: unknown): Record<string, unknown> => (typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {});
  const inner = record(whole)["data"];
  const list: unknown[] = Array.isArray(whole) ? whole : Array.isArray(inner) ? inner : [whole];
  return list.map((workflow) => {
    const nodes = record(workflow)["nodes"];
    return (Array.isArray(nodes) ? nodes : []).map(record).map((node) => ({ name: String(node["name"] ?? ""), type: String(node["type"] ?? ""), version: typeof node["typeVersion"] === "number" ? node["typeVersion"] : 1 }));
  });
}

/** Sorts a report. `nodes` are those of the workflow in the file, where they could be read. */
export function reading(report: FileReport, nodes: readonly TheirNode[]): Reading {
  const placeholders: Placeholders[] = [];
  const idle = new Set<string>();
  for (const kind of report.unsupported) {
    const named = nodes.filter((node) => node.type === kind.type && node.version === kind.typeVersion).map((node) => node.name);
    named.forEach((name) => idle.add(name));
    const later = laterForType(kind.type);
    // A type that is here, in a version that is not, has another reason than that it comes later.
    const comes = /no node type/.test(kind.reason) ? later.comes : sentence(kind.reason);
    const entry = { later, type: kind.type, count: kind.count, nodes: named };
    const at = placeholders.findIndex((group) => group.comes === comes);
    const group = placeholders[at];
    if (group) placeholders[at] = { comes, types: [...group.types, entry] };
    else placeholders.push({ comes, types: [entry] });
  }
  const connections = (report.connections ?? []).map((wanted) => ({
    name: wanted.connection,
    title: wanted.title,
    nodes: wanted.nodes,
    kinds: KINDS[wanted.type],
    idle: wanted.nodes.length > 0 && wanted.nodes.every((node) => idle.has(node)),
  }));
  const remarks: Remarks[] = [];
  for (const problem of report.problems) {
    const index = /^\/nodes\/(\d+)/.exec(problem.pointer ?? "")?.[1];
    const node = index === undefined ? undefined : nodes[Number(index)]?.name;
    const at = remarks.findIndex((group) => group.node === node);
    const group = remarks[at];
    if (group) remarks[at] = { node, problems: [...group.problems, problem] };
    else remarks.push({ node, problems: [problem] });
  }
  return { placeholders, connections: connections.sort((one, other) => Number(one.idle) - Number(other.idle)), remarks };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export interface Verdict {
  readonly tone: "good" | "wait" | "bad";
  readonly word: string;
  readonly about: string;
}

/** What a person wants to know first. */
export function verdict(report: FileReport, { placeholders, connections, remarks }: Reading): Verdict {
  if (report.workflow == null) return { tone: "bad", word: "Cannot be read", about: "Nothing of it can be imported." };
  const missing = placeholders.flatMap((group) => group.types).reduce((sum, type) => sum + type.count, 0);
  const needed = connections.filter((connection) => !connection.idle).length;
  if (missing > 0) return { tone: "wait", word: "Has placeholders", about: `${String(report.supported)} of ${String(report.nodes)} nodes run. The other ${missing === 1 ? "one is" : `${String(missing)} are`} kept as placeholders, and keep it from going live until they are replaced or disabled.` };
  if (needed > 0) return { tone: "wait", word: "Needs connections", about: `All ${String(report.nodes)} nodes run, once the connections below are made: secrets are never in a file.` };
  if (remarks.length > 0) return { tone: "good", word: "Runs", about: `All ${String(report.nodes)} nodes run. What is not done as n8n does it stands below.` };
  return { tone: "good", word: "Runs as it is", about: `All ${String(report.nodes)} nodes run as they are.` };
}

//! The calls that the editor makes. How a request is sent (session, workspace, environment) is the shell's business.

import type { Workflow } from "../../canvas/graph/document";
import type { Json, JsonObject } from "../../canvas/graph/json";
import type { Problem } from "../../canvas/store";
import { Refusal } from "@/api/problem";
import { follow } from "@/api/stream";

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export interface Transport {
  send(method: string, path: string, options?: { readonly body?: unknown; readonly text?: string; readonly ifMatch?: number }): Promise<Reply>;
  /** Server-sent events until `signal` aborts or the server ends. */
  stream(path: string, onEvent: (event: string, data: unknown) => void, signal: AbortSignal): Promise<void>;
  /** Server-sent events, through cuts and restarts, until it is stopped. */
  live(path: string, onEvent: (event: string, data: unknown) => void, onLive: (live: boolean) => void): () => void;
}

export class CallError extends Refusal {
  override readonly name = "CallError";
  constructor(
    readonly status: number,
    problem: Problem & { readonly problems?: readonly Problem[] },
  ) {
    super({ ...problem, problems: [...(problem.problems ?? [])].map((inner) => ({ problems: [], ...inner })), status } as Refusal["problem"]);
  }
}

export interface Draft {
  readonly version: number;
  readonly baseRevision?: number | null;
  readonly spec: JsonObject;
  readonly updatedBy: string;
  readonly problems?: readonly Problem[];
}

/** What publishing wrote, with what keeps it from running. */
export interface Published {
  readonly resource: { readonly revision: number };
  readonly problems?: readonly Problem[];
}

/** Somebody who has the draft open; one person may have several pages. */
export interface Present {
  readonly client: string;
  readonly actor: string;
  /** The node that they look at. */
  readonly node?: string;
}

/** A write of the draft as the server tells of it; without a version it was published or dropped. */
export interface News {
  readonly version?: number;
  readonly by: string;
}

export interface NodeType {
  readonly id: string;
  readonly version: number;
  readonly title: string;
  readonly summary: string;
  readonly group: string;
  readonly effect: string;
  readonly keywords: readonly string[];
  readonly params: JsonObject;
  readonly n8n: readonly string[];
  /** Where it comes from: the server itself, or `connector:slack`. */
  readonly provider?: string;
  /** Accounts that a node of the type may use, by slot. */
  readonly connections?: readonly { readonly slot: string; readonly kinds: readonly string[] }[];
}

/** What an expression came to on the data of a run. */
export interface Tried {
  /** Absent when it is `undefined`, or when there is an error. */
  readonly value?: unknown;
  readonly error?: { readonly detail: string; readonly hint?: string | null; readonly from?: number | null; readonly to?: number | null } | null;
  /** Errors that made a part of it `undefined`. */
  readonly notes?: readonly string[];
  /** Items that came in. */
  readonly items: number;
}

/** A value that a parameter may have, as the service tells it. */
export interface Choice {
  readonly value: string | number;
  readonly label: string;
  /** What tells it from others of its name. */
  readonly about?: string;
}

/** A page of such values. */
export interface Choices {
  readonly items: readonly Choice[];
  readonly nextCursor?: string;
}

/** What a list of values is asked for with. */
export interface ChoicesWanted {
  readonly type: string;
  /** JSON pointer below the node. */
  readonly parameter: string;
  readonly params: JsonObject;
  readonly connections: Readonly<Record<string, string>>;
  readonly search?: string;
  readonly cursor?: string;
  /** The service is asked again, although it was within a minute. */
  readonly fresh?: boolean;
}

export interface Step {
  readonly step: number;
  readonly node: string;
  readonly status: string;
  readonly runIndex: number;
  readonly durationMicros?: number | null;
  readonly inputs: readonly (readonly { readonly node: string; readonly step: number; readonly output: number }[])[];
  readonly outputCounts: readonly number[];
  readonly error?: Json;
  readonly logs?: readonly Json[];
}

export interface Run {
  readonly id: string;
  readonly status: string;
  readonly error?: Json;
  readonly steps: readonly Step[];
  readonly nextStep?: number | null;
}

/** Most steps that are shown at the nodes; items are fetched where they are shown. */
const STEPS = 1_000;

export function calls(transport: Transport) {
  const ask = async <T>(method: string, path: string, options?: Parameters<Transport["send"]>[2]): Promise<T> => {
    const { status, body } = await transport.send(method, path, options);
    if (status >= 400) {
      const problem = (body ?? {}) as Problem;
      throw new CallError(status, { ...problem, code: problem.code ?? "", detail: problem.detail ?? `the server answered with ${status}` });
    }
    return body as T;
  };
  const orNothing = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof CallError && error.status === 404) return undefined;
      throw error;
    }
  };
  const at = (name: string, rest = "") => `/workflows/${encodeURIComponent(name)}${rest}`;
  return {
    nodeTypes: async () => (await ask<{ items: NodeType[] }>("GET", "/node-types")).items,
    variables: async () => (await ask<{ items: { spec: { key?: string; value?: string } }[] }>("GET", "/variables?limit=200")).items,
    connections: async () => (await ask<{ items: { name: string; spec: JsonObject }[] }>("GET", "/connections?limit=200")).items,
    workflows: async () => (await ask<{ items: { name: string; spec: JsonObject }[] }>("GET", "/workflows?limit=200")).items,
    dataTables: async () => (await ask<{ items: { name: string; spec: JsonObject }[] }>("GET", "/data-tables?limit=200")).items,
    draft: (name: string) => orNothing(ask<Draft>("GET", at(name, "/draft"))),
    stored: (name: string) => orNothing(ask<{ revision: number; spec: JsonObject }>("GET", at(name))),
    putDraft: (name: string, spec: Workflow, version: number | undefined, baseRevision: number | undefined) =>
      ask<Draft>("PUT", at(name, "/draft"), {
        body: { spec, ...(baseRevision === undefined ? {} : { baseRevision }) },
        ...(version === undefined ? {} : { ifMatch: version }),
      }),
    publish: (name: string, version: number) => ask<Published>("POST", at(name, "/publish"), { ifMatch: version }),
    activation: (name: string) => orNothing(ask<{ enabled: boolean; revision: number }>("GET", at(name, "/activation"))),
    deactivate: (name: string) => ask("POST", at(name, "/deactivate"), { body: {} }),
    activate: (name: string) => ask<{ addresses: string[] }>("POST", at(name, "/activate"), { body: {} }),
    run: (name: string, options: { destination?: string; startAt?: string; trigger?: string; input?: readonly Json[] }) =>
      ask<{ run: string }>("POST", at(name, "/run"), { body: { draft: true, ...options } }),
    listen: (name: string) => ask<{ addresses: string[]; until: string }>("POST", at(name, "/draft/listen"), { body: {} }),
    stopListening: (name: string) => ask("DELETE", at(name, "/draft/listen")),
    heard: (name: string, onRun: (run: string) => void, signal: AbortSignal) =>
      transport.stream(at(name, "/draft/listen"), (_, data) => onRun((data as { run: string }).run), signal),
    /** Follows who else has the draft open and what they save; one is seen oneself under the name of the page. */
    company: (name: string, client: string, onEvent: (event: string, data: unknown) => void, onLive: (live: boolean) => void) =>
      transport.live(at(name, `/draft/watch?client=${encodeURIComponent(client)}`), onEvent, onLive),
    lookAt: (name: string, client: string, node: string | undefined) => ask("PUT", at(name, "/draft/presence"), { body: { client, ...(node === undefined ? {} : { node }) } }),
    tryExpression: (name: string, body: { node: string; expression: string; item: number }) => ask<Tried>("POST", at(name, "/draft/evaluate"), { body }),
    choices: (body: ChoicesWanted) => ask<Choices>("POST", "/node-choices", { body }),
    showRun: (run: string) => ask<Run>("GET", `/runs/${run}?limit=${STEPS}`),
    items: async (run: string, of: { step: number; port: number; offset: number; limit: number }) =>
      (await ask<{ items: Json[] }>("GET", `/runs/${run}/steps/${of.step}/items?port=${of.port}&offset=${of.offset}&limit=${of.limit}`)).items,
    watchRun: (run: string, onNews: (event: string) => void, signal: AbortSignal) => transport.stream(`/runs/${run}/watch`, onNews, signal),
    cancel: (run: string) => ask("POST", `/runs/${run}/cancel`),
    lastRun: async (name: string) => {
      const { items } = await ask<{ items: { id: string }[] }>("GET", `/runs?workflow=${encodeURIComponent(name)}&limit=1`);
      return items[0]?.id;
    },
    /** What the importer makes of a text of n8n's, without writing anything. */
    lift: async (text: string) =>
      (await ask<{ written: { resource: { kind: string; spec: JsonObject } }[] }>("POST", "/import?dryRun=true&name=clipboard.json", { text })).written
        .map((written) => written.resource)
        .find((resource) => resource.kind === "workflow")?.spec,
  };
}

export type Calls = ReturnType<typeof calls>;

/** Requests as the browser sends them to the server that the page came from. */
export function fetchTransport(base: string, headers: () => Record<string, string>, expired: () => void = () => undefined): Transport {
  return {
    async send(method, path, options = {}) {
      const response = await fetch(base + path, {
        method,
        headers: {
          ...headers(),
          ...(options.body === undefined && options.text === undefined ? {} : { "content-type": "application/json" }),
          ...(options.ifMatch === undefined ? {} : { "if-match": `"${options.ifMatch}"` }),
        },
        ...(options.text !== undefined ? { body: options.text } : options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
      if (response.status === 401) expired();
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
    },
    live: (path, onEvent, onLive) =>
      follow({
        url: base + path,
        onEvent: (event) => onEvent(event.event, JSON.parse(event.data) as unknown),
        onLiveness: (now) => onLive(now === "live"),
        // It carries no positions: after a cut everything is looked at anew.
        onGap: () => undefined,
      }),
    async stream(path, onEvent, signal) {
      const response = await fetch(base + path, { headers: { ...headers(), accept: "text/event-stream" }, signal });
      if (!response.ok) throw new Error(`the live view was refused with ${response.status}`);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      while (reader) {
        const { done, value } = await reader.read();
        if (done) return;
        const parts = (rest + value).split(/\r?\n\r?\n/);
        rest = parts.pop() ?? "";
        for (const part of parts) {
          const field = (name: string) => part.split(/\r?\n/).filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart()).join("\n");
          if (field("data") !== "") onEvent(field("event"), JSON.parse(field("data")));
        }
      }
    },
  };
}

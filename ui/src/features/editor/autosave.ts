//! Keeps the draft on the server in step with the editor, and never loses what was typed.
//!
//! Every change goes to a copy in the browser first, and stays there until the server has answered that it has it.
//! When somebody else has written meanwhile (412), both are merged by node and the result is written: nobody's work is
//! overwritten, and what could not be merged is listed for a person to decide.

import { nodeByName, open, sameWorkflow, type Workflow } from "../../canvas/graph/document";
import { isList, isObject, type JsonObject } from "../../canvas/graph/json";
import { laidOut } from "../../canvas/graph/layout";
import { merge, type Conflict } from "../../canvas/graph/merge";
import { keptAs } from "@/api/scope";

import { CallError, type Calls, type Draft, type News, type Published } from "./calls";

export type SaveState =
  | { readonly is: "saved" }
  | { readonly is: "dirty" }
  | { readonly is: "saving" }
  /** The server cannot be reached; the copy in the browser holds everything. */
  | { readonly is: "offline"; readonly detail: string }
  /** The server refuses the text as it is. */
  | { readonly is: "refused"; readonly detail: string };

/** What is kept in the browser until the server has it. */
interface Kept {
  readonly base: Workflow;
  readonly document: Workflow;
  readonly version: number | undefined;
}

export interface Shelf {
  read(key: string): string | null;
  write(key: string, value: string | undefined): void;
}

export interface Hooks {
  readonly document: () => Workflow;
  readonly take: (document: Workflow) => void;
  readonly onState: (state: SaveState) => void;
  readonly onMerged: (merged: Merged) => void;
  readonly onDraft: (draft: Draft) => void;
}

/** Another person's work that has come into the document. */
export interface Merged {
  /** Who wrote the draft; absent: it was published or dropped. */
  readonly by: string | undefined;
  /** Who published or dropped it, where that is known. */
  readonly publisher: string | undefined;
  /** The newest revision, where there is no draft any more. */
  readonly revision: number | undefined;
  readonly conflicts: readonly Conflict[];
  /** Ids of the nodes that it changed. */
  readonly arrived: readonly string[];
}

/** Longest time between a change and its save, and between tries while the server is away. */
const DELAY = 700;
const RETRY = 3_000;
/** Merges in a row before a person is asked to wait: each means that somebody else was faster. */
const ATTEMPTS = 5;

export class Autosave {
  #version: number | undefined;
  #baseRevision: number | undefined;
  /** The document as the server has it. */
  #base: Workflow;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is done with the server's draft is done one after the other: news must not overtake the answer of a write. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly name: string,
    private readonly calls: Calls,
    private readonly shelf: Shelf,
    base: Workflow,
    version: number | undefined,
    baseRevision: number | undefined,
  ) {
    this.#base = base;
    this.#version = version;
    this.#baseRevision = baseRevision;
  }

  hooks: Hooks | undefined;

  /** Ties the save to an editor. */
  attach(hooks: Hooks): void {
    this.hooks = hooks;
  }

  /** Reads draft, revision or nothing, and brings back what an earlier visit could not save. */
  static async begin(name: string, calls: Calls, shelf: Shelf): Promise<{ save: Autosave; document: Workflow; draft: Draft | undefined; recovered: readonly Conflict[] | undefined }> {
    const draft = await calls.draft(name);
    const stored = draft ? undefined : await calls.stored(name);
    const base = opened(draft?.spec ?? stored?.spec ?? ({ nodes: [] } satisfies JsonObject));
    const save = new Autosave(name, calls, shelf, base, draft?.version, stored?.revision);
    const kept = readKept(shelf, save.key);
    if (!kept || sameWorkflow(kept.document, base)) return { save, document: base, draft, recovered: undefined };
    const { document, conflicts } = merge(kept.base, kept.document, base);
    return { save, document, draft, recovered: conflicts };
  }

  get key(): string {
    return keptAs("fishplate.draft", this.name);
  }
  get version(): number | undefined {
    return this.#version;
  }

  /** To be called after every change. */
  changed(): void {
    const document = this.hooks?.document();
    if (!document || document === this.#base) return;
    this.shelf.write(this.key, JSON.stringify({ base: this.#base, document, version: this.#version } satisfies Kept));
    this.hooks?.onState({ is: "dirty" });
    this.#later(DELAY);
  }

  #later(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), delay);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Saves what is left, once. What the server does not take stays in the browser for the next visit. */
  async leave(): Promise<void> {
    const { hooks } = this;
    if (hooks && hooks.document() !== this.#base) await this.flush();
    this.stop();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Saves now. True when the server has everything. */
  flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    return this.#inTurn(() => this.#write(ATTEMPTS));
  }

  /** Takes in what somebody else has saved. News only says "look again", so any of them may be missed or come twice. */
  pull(news?: News): Promise<void> {
    return this.#inTurn(async () => {
      const { hooks } = this;
      if (!hooks || (news?.version !== undefined && news.version === this.#version)) return;
      try {
        if (!(await this.#take(news?.by))) return;
      } catch {
        // A server that cannot be reached is asked again with the next save.
        return;
      }
      if (hooks.document() === this.#base) this.#settled();
      else this.changed();
    });
  }

  /** Publishes the draft. What it makes of the draft is no news to this page. */
  publish(): Promise<Published | undefined> {
    return this.#inTurn(async () => {
      if (!(await this.#write(ATTEMPTS)) || this.#version === undefined) return undefined;
      const written = await this.calls.publish(this.name, this.#version);
      // There is no draft any more; the next change begins one from the new revision.
      this.#version = undefined;
      this.#baseRevision = written.resource.revision;
      // What was typed while it was published is not in the revision, and makes the next draft.
      if (this.hooks && this.hooks.document() !== this.#base) this.changed();
      else this.shelf.write(this.key, undefined);
      return written;
    });
  }

  #settled(): void {
    clearTimeout(this.#timer);
    this.shelf.write(this.key, undefined);
    this.hooks?.onState({ is: "saved" });
  }

  async #write(attempts: number): Promise<boolean> {
    const { hooks } = this;
    if (!hooks) return false;
    const document = hooks.document();
    if (this.#version !== undefined && document === this.#base) {
      hooks.onState({ is: "saved" });
      return true;
    }
    hooks.onState({ is: "saving" });
    try {
      const draft = await this.calls.putDraft(this.name, document, this.#version, this.#version === undefined ? this.#baseRevision : undefined);
      this.#version = draft.version;
      this.#base = document;
      hooks.onDraft(draft);
      if (hooks.document() !== document) {
        this.changed();
        return this.#write(attempts);
      }
      this.#settled();
      return true;
    } catch (error) {
      if (error instanceof CallError && (error.status === 412 || error.status === 409)) {
        if (attempts > 0) return this.#mergeIn(attempts - 1);
      }
      if (error instanceof CallError && error.status < 500 && error.status !== 429) {
        hooks.onState({ is: "refused", detail: error.message });
        return false;
      }
      hooks.onState({ is: "offline", detail: error instanceof Error ? error.message : "the server does not answer" });
      this.#later(RETRY);
      return false;
    }
  }

  async #mergeIn(attempts: number): Promise<boolean> {
    await this.#take(undefined);
    return this.#write(attempts);
  }

  /** Reads what the server has now and merges it in. False when it is what this page began from. */
  async #take(publisher: string | undefined): Promise<boolean> {
    const theirs = await this.calls.draft(this.name);
    // The draft was published or dropped: the newest revision is what to go on from.
    const stored = theirs ? undefined : await this.calls.stored(this.name);
    const { hooks } = this;
    if (!hooks || (theirs?.version === this.#version && (theirs !== undefined || stored?.revision === this.#baseRevision))) return false;
    const other = opened(withIds(theirs?.spec ?? stored?.spec ?? { nodes: [] }, this.#base));
    const { document, conflicts, arrived } = merge(this.#base, hooks.document(), other);
    this.#version = theirs?.version;
    if (!theirs) this.#baseRevision = stored?.revision;
    // What stayed as it was keeps its identity, so that nothing is drawn or saved because of it.
    this.#base = sameWorkflow(document, other) ? document : other;
    hooks.take(document);
    if (theirs) hooks.onDraft(theirs);
    hooks.onMerged({ by: theirs?.updatedBy, publisher, revision: stored?.revision, conflicts, arrived });
    return true;
  }
}

/**
 * A spec as it is shown: with a place for every node. What was laid out counts as what the server has, so that to look
 * at a workflow writes nothing, and the places are saved with the first change.
 */
function opened(spec: JsonObject): Workflow {
  return laidOut(open(spec));
}

/** Texts that people write by hand have no ids: a node that has none is the one that had its name before. */
function withIds(spec: JsonObject, before: Workflow): JsonObject {
  const nodes = spec["nodes"];
  if (!isList(nodes)) return spec;
  const taken = new Set(nodes.map((node) => (isObject(node) ? node["id"] : undefined)));
  return {
    ...spec,
    nodes: nodes.map((node) => {
      if (!isObject(node) || typeof node["name"] !== "string" || node["id"] !== undefined) return node;
      const id = nodeByName(before, node["name"])?.id;
      return id === undefined || taken.has(id) ? node : { ...node, id };
    }),
  };
}

function readKept(shelf: Shelf, key: string): Kept | undefined {
  try {
    const kept = JSON.parse(shelf.read(key) ?? "null") as unknown;
    if (!isObject(kept) || !isObject(kept["base"]) || !isObject(kept["document"])) return undefined;
    return kept as unknown as Kept;
  } catch {
    return undefined;
  }
}

/** The browser's storage. Where it is full or forbidden the editor goes on without a copy. */
export const BROWSER_SHELF: Shelf = {
  read: (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  write: (key, value) => {
    try {
      if (value === undefined) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
    } catch {
      // The server's copy is the one that counts.
    }
  },
};

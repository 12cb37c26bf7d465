//! Undo and redo. A history is a value: doing something gives a new one.

import { applyAll, inverse, type Change } from "./change";
import type { Workflow } from "./document";
import { plan, type Operation, type Setting } from "./operations";

export interface Entry {
  readonly label: string;
  readonly changes: readonly Change[];
  /** Ids of the nodes that were selected before and after. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Entries of one key that follow each other are one: typing into a field, dragging nodes. */
  readonly key: string | undefined;
  readonly doneAt: number;
}

export interface History {
  readonly document: Workflow;
  readonly selection: readonly string[];
  readonly past: readonly Entry[];
  readonly future: readonly Entry[];
  /** Counts everything that was done, undone or merged; a save remembers it to know what it has saved. */
  readonly version: number;
}

/** Longest pause between two entries that become one. */
const PAUSE = 1_500;
const MOST = 500;

export function begin(document: Workflow): History {
  return { document, selection: [], past: [], future: [], version: 0 };
}

export interface Doing {
  readonly label: string;
  readonly now: number;
  readonly key?: string | undefined;
  /** Selects what the operation touched. */
  readonly select?: boolean;
}

/** Does operations as one entry. Throws a [`Refusal`] and changes nothing when one of them cannot be done. */
export function act(history: History, operations: readonly Operation[], setting: Setting, doing: Doing): History {
  let document = history.document;
  const changes: Change[] = [];
  const touched: string[] = [];
  for (const operation of operations) {
    const planned = plan(document, operation, setting);
    document = applyAll(document, planned.changes);
    changes.push(...planned.changes);
    touched.push(...planned.touched);
  }
  if (changes.length === 0) return history;
  const present = new Set(document.nodes.map((node) => node.id));
  const selection = doing.select === true && touched.length > 0 ? touched : history.selection.filter((id) => present.has(id));
  const last = history.past.at(-1);
  const joins = last !== undefined && doing.key !== undefined && last.key === doing.key && doing.now - last.doneAt <= PAUSE && history.future.length === 0;
  const entry: Entry = {
    label: doing.label,
    changes: joins ? [...last.changes, ...changes] : changes,
    before: joins ? last.before : history.selection,
    after: selection,
    key: doing.key,
    doneAt: doing.now,
  };
  const past = [...(joins ? history.past.slice(0, -1) : history.past), entry].slice(-MOST);
  return { document, selection, past, future: [], version: history.version + 1 };
}

export function select(history: History, ids: readonly string[]): History {
  const unchanged = ids.length === history.selection.length && ids.every((id, index) => id === history.selection[index]);
  return unchanged ? history : { ...history, selection: ids };
}

export function undo(history: History): History {
  const entry = history.past.at(-1);
  if (!entry) return history;
  return {
    document: applyAll(history.document, inverse(entry.changes)),
    selection: entry.before,
    past: history.past.slice(0, -1),
    future: [...history.future, entry],
    version: history.version + 1,
  };
}

export function redo(history: History): History {
  const entry = history.future.at(-1);
  if (!entry) return history;
  // It is sealed: what is typed after a redo is an entry of its own.
  return {
    document: applyAll(history.document, entry.changes),
    selection: entry.after,
    past: [...history.past, { ...entry, key: undefined }],
    future: history.future.slice(0, -1),
    version: history.version + 1,
  };
}

/** Takes a document that somebody else's work was merged into. What was done before can still be undone. */
export function rebase(history: History, document: Workflow): History {
  const present = new Set(document.nodes.map((node) => node.id));
  return { ...history, document, selection: history.selection.filter((id) => present.has(id)), version: history.version + 1 };
}

//! What is known of a run's steps: windows that were read, put together by position.
//!
//! A run may have a hundred thousand steps. Only those that somebody looks at are read, and once a step has completed it
//! never changes, so news lead to reading what was still open, and what came behind it.

import type { Run, Step } from "./runDetail";

export type RunHead = Omit<Run, "steps" | "nextStep">;

export interface Steps {
  readonly head: RunHead;
  /** By position, as many as there are; what was not read is absent. */
  readonly rows: readonly (Step | undefined)[];
}

/** Steps that are asked for at once. */
export interface Window {
  readonly from: number;
  readonly limit: number;
}

/** As many as the server gives at once. */
export const MOST = 1_000;
export const FIRST: Window = { from: 0, limit: 500 };

/** Between two open steps that are nearer than this, one longer window is cheaper than two. */
const NEAR = 50;

const ENDED = new Set(["completed", "failed", "canceled", "superseded"]);

export function hasEnded(head: Pick<RunHead, "status">): boolean {
  return ENDED.has(head.status);
}

/** What is known after an answer for a window. Steps that are as they were stay the same objects. */
export function merged(before: Steps | undefined, answer: Run, window: Window): Steps {
  const { steps, nextStep, ...head } = answer;
  const known = before?.rows ?? [];
  const read = window.from + steps.length;
  // The trigger is a step that was not started, so there is one more than the count says. Only the end of the list says
  // how many there are indeed; what was seen behind it in the meantime stays.
  const ended = nextStep == null && steps.length > 0;
  const total = ended ? Math.max(read, known.findLastIndex((step) => step !== undefined) + 1) : Math.max(known.length, nextStep == null ? 0 : Math.max(nextStep, head.stepCount) + 1);
  const rows = Array.from({ length: total }, (_, at) => known[at]);
  steps.forEach((step, index) => {
    const at = window.from + index;
    const was = rows[at];
    rows[at] = was !== undefined && sameStep(was, step) ? was : step;
  });
  const unchanged = known.length === total && rows.every((row, at) => row === known[at]);
  return { head, rows: unchanged ? known : rows };
}

/**
 * What may have changed since: steps that had not completed, and what has come behind the last one. Those that failed
 * are among them, because a run that has ended may be opened again and begins with them.
 */
export function stale({ rows }: Steps): Window[] {
  if (rows.length === 0) return [FIRST];
  const windows = together(rows.flatMap((step, at) => (step !== undefined && step.status !== "completed" ? [at] : [])));
  const last = windows.at(-1);
  if (rows.at(-1) !== undefined) {
    if (last !== undefined && rows.length - last.from < MOST - NEAR) windows[windows.length - 1] = { from: last.from, limit: MOST };
    else windows.push({ from: rows.length - 1, limit: MOST });
  }
  // Every answer brings the run's own state; one step is the least that can be asked for.
  return windows.length === 0 ? [{ from: 0, limit: 1 }] : windows;
}

function together(places: readonly number[]): Window[] {
  const windows: Window[] = [];
  for (const at of places) {
    const last = windows.at(-1);
    if (last !== undefined && at - (last.from + last.limit) < NEAR && at - last.from < MOST) windows[windows.length - 1] = { from: last.from, limit: at - last.from + 1 };
    else windows.push({ from: at, limit: 1 });
  }
  return windows;
}

/** The first window that is wanted and was not read; none when all of it is known. */
export function missing({ rows }: Steps, from: number, to: number): Window | null {
  for (let at = Math.max(from, 0); at < Math.min(to, rows.length); at += 1) {
    if (rows[at] !== undefined) continue;
    // Read from the beginning of its page, so that scrolling up and down asks for the same windows.
    const start = Math.floor(at / FIRST.limit) * FIRST.limit;
    return { from: start, limit: FIRST.limit };
  }
  return null;
}

/** The last window, read backwards, in which a step that failed may stand; none when every step is known. */
export function missingFromEnd({ rows }: Steps): Window | null {
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    if (rows[at] !== undefined) continue;
    let from = Math.max(at - MOST + 1, 0);
    while (rows[from] !== undefined) from += 1;
    return { from, limit: at - from + 1 };
  }
  return null;
}

/** The last step that failed, wherever it stands: the end of a run, where most of them do, is read first. */
export async function findFailed(begun: Steps, load: (window: Window) => Promise<Steps | undefined>): Promise<Step | undefined> {
  let known = begun;
  for (;;) {
    const found = failedIn(known);
    const window = missingFromEnd(known);
    if (found !== undefined || window === null) return found;
    const more = await load(window);
    const left = more === undefined ? null : missingFromEnd(more);
    // Where an answer brought nothing further, asking again would bring nothing, too.
    if (more === undefined || (left !== null && left.from >= window.from && failedIn(more) === undefined)) return undefined;
    known = more;
  }
}

export function failedIn({ rows }: Steps): Step | undefined {
  return rows.findLast((step) => step?.status === "failed");
}

function sameStep(one: Step, other: Step): boolean {
  return one.status === other.status && one.attempts === other.attempts && one.durationMicros === other.durationMicros && JSON.stringify(one) === JSON.stringify(other);
}

import { useState } from "react";

type Value = Record<string, unknown>;

interface Edit {
  /** What was stored when the editing began, or when it was last looked at. */
  base: Value;
  value: Value;
  revision: number | null;
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** What somebody typed, on top of what is stored now: their fields stay, all others follow. Fields that both changed are named. */
export function rebased(base: Value, value: Value, stored: Value): { value: Value; both: string[] } {
  const merged: Value = {};
  const both: string[] = [];
  for (const key of new Set([...Object.keys(stored), ...Object.keys(value)])) {
    const mine = !same(base[key], value[key]);
    const theirs = !same(base[key], stored[key]);
    const next = mine ? value[key] : stored[key];
    if (mine && theirs && !same(value[key], stored[key])) both.push(key);
    if (next !== undefined) merged[key] = next;
  }
  return { value: merged, both };
}

/**
 * A stored value that is being edited in a form. When it changes on the server meanwhile nothing that was typed is lost:
 * it is carried over to what is stored now.
 */
export function useEdited(stored: Value, revision: number | null) {
  const [edit, setEdit] = useState<Edit | null>(null);
  const [both, setBoth] = useState<string[]>([]);
  let now = edit;
  if (edit !== null && edit.revision !== revision) {
    const next = rebased(edit.base, edit.value, stored);
    now = { base: stored, value: next.value, revision };
    setEdit(now);
    if (next.both.length > 0) setBoth(next.both);
  }
  const value = now?.value ?? stored;
  return {
    value,
    dirty: !same(value, stored),
    /** Fields that somebody else changed too. Saving puts what was typed here in place of theirs. */
    both,
    set: (next: Value): void => { setEdit({ base: now?.base ?? stored, value: next, revision }); },
    /** Goes back to what is stored. */
    discard: (): void => {
      setEdit(null);
      setBoth([]);
    },
  };
}

//! The list of workflows, as data: what is found, how it is grouped, what is chosen.

export interface Listed {
  name: string;
  labels?: Record<string, string>;
}

/** The label by which workflows lie in folders; a slash makes a folder in a folder. */
export const FOLDER = "folder";

export function labelsOf(workflow: Listed): string[] {
  return Object.entries(workflow.labels ?? {}).map(([key, value]) => (value === "" ? key : `${key}=${value}`));
}

/** Those in whose name, title or labels every word stands, and that bear the label. */
export function found<T extends Listed>(all: readonly T[], words: string, label: string | undefined, titleOf: (one: T) => string = () => ""): T[] {
  const sought = words.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((workflow) => {
    const labels = labelsOf(workflow);
    const text = `${workflow.name} ${titleOf(workflow)} ${labels.join(" ")}`.toLowerCase();
    return sought.every((word) => text.includes(word)) && (label === undefined || labels.includes(label) || labels.includes(label.replace(/=$/, "")));
  });
}

/** By the value of a label, in the order of the values; those without it come last. Without a label there is one group. */
export function grouped<T extends Listed>(all: readonly T[], key: string | undefined): { value: string | null; ones: T[] }[] {
  if (key === undefined) return [{ value: null, ones: [...all] }];
  const groups = new Map<string | null, T[]>();
  all.forEach((one) => {
    const value = one.labels?.[key] ?? null;
    groups.set(value, [...(groups.get(value) ?? []), one]);
  });
  return [...groups].map(([value, ones]) => ({ value, ones })).sort((a, b) => (a.value === null ? 1 : b.value === null ? -1 : a.value.localeCompare(b.value)));
}

/** Every key that a label has, most used first. */
export function keysOf(all: readonly Listed[]): string[] {
  const counts = new Map<string, number>();
  all.forEach((one) => { Object.keys(one.labels ?? {}).forEach((key) => counts.set(key, (counts.get(key) ?? 0) + 1)); });
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([key]) => key);
}

/** What is chosen after a click or key on one of the list: alone, or with all between it and the last one. */
export function chosen(before: ReadonlySet<string>, order: readonly string[], name: string, anchor: string | null, range: boolean): Set<string> {
  const next = new Set(before);
  const [from, to] = [anchor === null ? -1 : order.indexOf(anchor), order.indexOf(name)];
  if (range && from >= 0 && to >= 0) {
    order.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => next.add(one));
  } else if (!next.delete(name)) next.add(name);
  return next;
}

/** Labels out of a text like `team=sales, urgent`. */
export function labelsFrom(text: string): Record<string, string> {
  const pairs = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [pair, ""] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

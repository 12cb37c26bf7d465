import type { KnownEvent } from "./subscribers";

/** Event types whose names begin alike. */
export interface EventGroup {
  /** `invoice` of `invoice.paid`; empty for names without a dot. */
  prefix: string;
  /** The pattern that names them all, when there is something to name at once. */
  pattern: string | null;
  events: KnownEvent[];
}

const OWN = "fishplate";

/** Types that the server posts about subscribers themselves. Only who names them hears of them. */
export const OWN_EVENTS: readonly KnownEvent[] = [
  { name: "fishplate.subscriber.failing", description: "A subscriber has taken nothing for an hour." },
  { name: "fishplate.subscriber.paused", description: "A subscriber has taken nothing for five days and is paused." },
  { name: "fishplate.subscriber.resumed", description: "A paused subscriber takes messages again." },
  { name: "fishplate.subscriber.gone", description: "A subscriber answered 410 Gone." },
];

/** Whether a list of names and patterns names an event; an empty list names none here. */
export function isNamed(chosen: readonly string[], event: string): boolean {
  return chosen.some((wanted) => (wanted.endsWith("*") ? event.startsWith(wanted.slice(0, -1)) : wanted === event));
}

export const eventChoice = {
  /** The types to choose from in groups. What is not to be chosen any more is there only for those who have it. */
  groups(types: readonly KnownEvent[], chosen: readonly string[]): EventGroup[] {
    const shown = types.filter((type) => type.deprecated !== true || isNamed(chosen, type.name)).sort((one, other) => one.name.localeCompare(other.name));
    const groups = new Map<string, KnownEvent[]>();
    for (const type of shown) {
      const dot = type.name.indexOf(".");
      const prefix = dot < 0 ? "" : type.name.slice(0, dot);
      groups.set(prefix, [...(groups.get(prefix) ?? []), type]);
    }
    // What the server says of itself is what fewest look for.
    const last = ([prefix]: [string, unknown]): number => (prefix === OWN ? 1 : 0);
    return [...groups].sort((one, other) => last(one) - last(other)).map(([prefix, events]) => ({ prefix, events, pattern: prefix === "" ? null : `${prefix}.*` }));
  },

  /** Names and patterns that no shown type or group stands for. */
  others(groups: readonly EventGroup[], chosen: readonly string[]): string[] {
    const known = new Set(groups.flatMap(({ pattern, events }) => [...(pattern === null ? [] : [pattern]), ...events.map(({ name }) => name)]));
    return chosen.filter((name) => !known.has(name));
  },

  /** The list with a name more or less. A pattern takes the place of the names that it covers. */
  toggled(chosen: readonly string[], name: string): string[] {
    if (chosen.includes(name)) return chosen.filter((known) => known !== name);
    return [...chosen.filter((known) => !(name.endsWith("*") && isNamed([name], known))), name];
  },

  /** Why a text is neither a name nor a pattern; nothing when it is one. */
  fault(text: string): string | undefined {
    return /^(\*|[a-z0-9][a-z0-9._-]*\*?)$/.test(text) ? undefined : "Name one, such as invoice.paid, or many by invoice.*";
  },
};

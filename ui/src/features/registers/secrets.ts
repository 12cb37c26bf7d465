//! Secrets as the inventory names them, in words.

import type { components } from "@/api/schema";
import type { Tone } from "@/kit/Status";
import type { SecretView } from "@/resource/registerViews";

export type Secret = components["schemas"]["SecretEntry"];
type Flag = Secret["flags"][number];

export const FLAGS: Record<Flag, { tone: Tone; word: string; order: number }> = {
  expired: { tone: "bad", word: "expired", order: 0 },
  expiring: { tone: "wait", word: "expires soon", order: 1 },
  stale: { tone: "wait", word: "stale", order: 2 },
  unused: { tone: "neutral", word: "unused", order: 3 },
};

/** Age in the unit that tells most. */
export function age(days: number): string {
  if (days < 1) return "today";
  if (days < 60) return days === 1 ? "1 day" : `${String(days)} days`;
  if (days < 730) return `${String(Math.floor(days / 30.44))} months`;
  return `${String(Math.floor(days / 365.25))} years`;
}

const rankOf = ({ flags }: Secret): number => Math.min(9, ...flags.map((flag) => FLAGS[flag].order));

/** Those that are wanted, what is most urgent first, then the oldest. */
export function wanted(items: readonly Secret[], { find = "", show }: SecretView): Secret[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = ({ flags }: Secret): boolean => {
    switch (show) {
      case undefined:
        return true;
      case "flagged":
        return flags.length > 0;
      case "ending":
        return flags.includes("expired") || flags.includes("expiring");
      default:
        return flags.includes(show);
    }
  };
  return items
    .filter((one) => {
      const all = [one.connection, one.title, one.field, one.connector ?? "", one.owner ?? "", ...one.usedBy.map(({ name }) => name)].join(" ").toLowerCase();
      return shown(one) && words.every((word) => all.includes(word));
    })
    .sort((one, other) => rankOf(one) - rankOf(other) || other.ageDays - one.ageDays || one.connection.localeCompare(other.connection));
}

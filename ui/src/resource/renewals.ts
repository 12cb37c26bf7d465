//! How contracts stand, in words.

import { useQuery } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import type { Tone } from "@/kit/Status";
import { plural } from "@/kit/times";

export type VendorEntry = components["schemas"]["VendorEntry"];
export type Renewal = components["schemas"]["Renewal"];

/** The register of vendors as it stands today. A day changes it, so it is read again now and then. */
export function useVendorRegister() {
  return useQuery({ queryKey: ["vendor", "register"], queryFn: () => data(api.GET("/api/v1/vendor-register")), refetchInterval: 600_000 });
}

const STATES: Record<Renewal["state"], { tone: Tone; word: string; order: number }> = {
  overdue: { tone: "bad", word: "Notice missed", order: 0 },
  over: { tone: "bad", word: "Ended", order: 1 },
  due: { tone: "wait", word: "Notice due", order: 2 },
  running: { tone: "good", word: "Running", order: 3 },
  decided: { tone: "neutral", word: "Decided", order: 4 },
  open: { tone: "neutral", word: "No end", order: 5 },
};

/** The state of a contract as a word and its tone. */
export function renewalWord(renewal: Renewal): { tone: Tone; word: string } {
  const { tone, word } = STATES[renewal.state];
  return { tone, word: renewal.state !== "decided" ? word : renewal.decided === "end" ? "Ends, decided" : "Goes on, decided" };
}

/** Whether somebody has to do something. */
export function isDue({ state }: Renewal): boolean {
  return STATES[state].order < 3;
}

/** What comes first when somebody looks after contracts: the most urgent, then the nearest. */
export function byUrgency(one: VendorEntry, other: VendorEntry): number {
  const far = Number.MAX_SAFE_INTEGER;
  return STATES[one.renewal.state].order - STATES[other.renewal.state].order || (one.renewal.noticeInDays ?? far) - (other.renewal.noticeInDays ?? far) || one.title.localeCompare(other.title);
}

/** What has to be known of a contract, in half a sentence. */
export function renewalText({ state, endsOn, noticeBy, noticeInDays, endsInDays }: Renewal): string {
  if (endsOn == null || noticeBy == null) return "no end is written down";
  const days = (count: number | null | undefined): string => (count === 0 ? "today" : count === 1 ? "tomorrow" : `in ${plural(count ?? 0, "day")}`);
  switch (state) {
    case "due":
      return `notice by ${noticeBy}, ${days(noticeInDays)}`;
    case "overdue":
      return `notice was due on ${noticeBy}; the term ends ${days(endsInDays)}`;
    case "over":
      return `the term ended on ${endsOn}; write down what followed`;
    default:
      return `to ${endsOn}, notice by ${noticeBy}`;
  }
}

//! How the calls with a connection go, in words.

import type { components } from "@/api/schema";
import type { Tone } from "@/kit/Status";
import { count, duration } from "@/kit/times";

export type Calls = components["schemas"]["Calls"];
export type Hold = components["schemas"]["Wanted"];

/** What the circuit breaker does now. */
export const BREAKERS: Record<Calls["breaker"], { tone: Tone; word: string; about: string }> = {
  closed: { tone: "good", word: "Calls pass", about: "The breaker holds them back when too many fail." },
  open: { tone: "bad", word: "Held back", about: "Too many calls have failed, so the service is left alone for a while. Steps that call it wait." },
  probing: { tone: "wait", word: "Looking", about: "One call is on its way to see whether the service is back. The others wait." },
  heldOpen: { tone: "bad", word: "Held back by hand", about: "Somebody holds all calls back. Steps that call it wait until somebody lets them." },
  heldClosed: { tone: "wait", word: "Let through by hand", about: "Somebody lets all calls pass, however often they fail." },
};

/** What a person can make of the breaker. It is open when nothing passes, as with electricity. */
export const HOLDS: readonly { value: Hold; name: string; done: string }[] = [
  { value: "auto", name: "By itself", done: "The breaker judges for itself again" },
  { value: "open", name: "Hold back", done: "Calls are held back" },
  { value: "closed", name: "Let pass", done: "All calls pass" },
];

/** What a person has made of the breaker. */
export function holdOf({ breaker }: Calls): Hold {
  return breaker === "heldOpen" ? "open" : breaker === "heldClosed" ? "closed" : "auto";
}

/** Whether there is anything to tell of calls yet. */
export function isFresh(calls: Calls): boolean {
  return calls.callCount === 0 && calls.hitCount === 0 && calls.cachedCount === 0 && calls.waitingCount === 0 && calls.pausedUntil == null && calls.quota == null;
}

/** Fewer calls than that say nothing about a service. */
const ENOUGH = 5;

/** How a connection is, in a word: what holds calls back comes before how they went. */
export function standingOf(calls: Calls): { tone: Tone; word: string } {
  const { breaker, recentCallCount: recent, recentErrorCount: failed } = calls;
  if (breaker !== "closed") return { tone: BREAKERS[breaker].tone, word: BREAKERS[breaker].word };
  if (recent >= ENOUGH && failed * 5 >= recent) return { tone: "bad", word: `${count(failed)} of ${count(recent)} fail` };
  if (calls.quota?.remaining === 0) return { tone: "wait", word: "Quota used up" };
  if (calls.pausedUntil != null) return { tone: "wait", word: "Told to wait" };
  if (calls.callCount === 0) return { tone: "neutral", word: "No call yet" };
  if (recent > 0 && failed === recent) return { tone: "wait", word: recent === 1 ? "The last call failed" : "The last calls failed" };
  return { tone: "good", word: "Well" };
}

/** A share from 0 to 1 as people say it: what is there is never nothing, and what is missing shows. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return "< 1 %";
  if (share < 1 && share > 0.99) return "> 99 %";
  return `${String(Math.round(share * 100))} %`;
}

/** Share of calls that were answered from memory; nothing where there was no call. */
export function hitShare({ hitCount, callCount }: Calls): number | null {
  return hitCount + callCount === 0 ? null : hitCount / (hitCount + callCount);
}

/** A time to the answer. */
export function latency(millis: number): string {
  return duration(millis * 1000);
}

/** Whether calls with such an account go over HTTP, where they are watched. Logins go their own way, and senders call us. */
export function isWatched(auth: { type?: unknown } | undefined): boolean {
  return auth?.type !== "login" && auth?.type !== "webhook";
}

//! How outside services stand, in words.

import type { components } from "@/api/schema";
import type { Tone } from "@/kit/Status";
import { count, duration, plural } from "@/kit/times";
import type { IntegrationView } from "@/resource/registerViews";

export type Integration = components["schemas"]["Integration"];
type Connection = Integration["connections"][number];
type Fault = Integration["faults"][number];

/** States of connections. */
export const CONNECTIONS: Record<Connection["state"], { tone: Tone; word: string }> = {
  good: { tone: "good", word: "well" },
  incomplete: { tone: "wait", word: "incomplete" },
  ending: { tone: "wait", word: "ends soon" },
  dead: { tone: "bad", word: "dead" },
};

/** What a service is known by, where it has no category. */
export const KINDS: Record<Integration["kind"], string> = { connector: "service", host: "host", login: "login", sender: "calls us" };

/** How a service is, in a word: what is wrong now comes before what will be. */
export function standingOf(item: Integration): { tone: Tone; word: string; order: number } {
  if (item.faults.length > 0) return { tone: "bad", word: plural(item.faults.length, "fault"), order: 0 };
  const { recentCalls = 0, recentErrors = 0 } = item.health ?? {};
  // One call that fails says nothing; of several, every fifth does.
  if (recentCalls >= 5 && recentErrors * 5 >= recentCalls) return { tone: "bad", word: `${count(recentErrors)} of ${count(recentCalls)} fail`, order: 0 };
  if (item.connections.some(({ state }) => state === "ending")) return { tone: "wait", word: "ends soon", order: 1 };
  if (item.connections.some(({ state }) => state === "incomplete")) return { tone: "wait", word: "incomplete", order: 2 };
  if (!isUsed(item)) return { tone: "neutral", word: "not used", order: 4 };
  return { tone: "good", word: "no fault known", order: 3 };
}

/** Whether a workflow names it, live or not. */
export function isUsed(item: Integration): boolean {
  return item.usedBy.length > 0;
}

/** A fault as a sentence. */
export function faultText({ kind, connection, workflow, count: runs, reason }: Fault): string {
  const why = reason == null ? "" : `: ${reason}`;
  switch (kind) {
    case "dead":
      return `The service does not take ${connection ?? "an account"} any more${why}`;
    case "held":
      return `${plural(runs ?? 0, "run")} of workflows that use it ${runs === 1 ? "is" : "are"} held`;
    case "paused":
      return `Calls ${connection == null ? `to ${reason ?? "it"}` : `with ${connection}`} are held back for a while, because too many have failed`;
    case "deaf":
      return `${workflow ?? "A workflow"} does not hear it${why}`;
  }
}

/** How often an account may be used: what the service has told, else what is set here. */
export function quotaOf(item: Integration): string {
  const told = item.health?.quota;
  if (told != null) return told.limit == null ? `${count(told.left)} left` : `${count(told.left)} of ${count(told.limit)} left`;
  const limits = new Set(item.connections.flatMap(({ limit }) => (limit == null ? [] : [`${count(limit.calls)} per ${limit.per}`])));
  return [...limits].join(", ");
}

/** What calls with an account have shown, in half a sentence; nothing where calls are not watched, or there were none. */
export function callsText(health: Connection["health"]): string {
  if (health == null || health.calls === 0) return "";
  const failed = health.errors === 0 ? "" : `, ${count(health.errors)} failed${health.failure == null ? "" : ` (the last: ${health.failure})`}`;
  return `${plural(health.calls, "call")}${failed}${health.latency == null ? "" : `, answered in ${duration(health.latency * 1000)}`}`;
}

/** The last success and failure that are known. */
export function lastOf(item: Integration): { success: number | null; failure: number | null } {
  const later = (one: number | null | undefined, other: number | null | undefined): number | null => (one == null ? (other ?? null) : other == null ? one : Math.max(one, other));
  return { success: later(item.lastSuccessAt, item.health?.successAt), failure: later(item.lastFailureAt, item.health?.failureAt) };
}

/** Those that are wanted, the ones with faults first. */
export function wanted(items: readonly Integration[], { find = "", show }: IntegrationView): Integration[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (item: Integration): boolean => {
    const all = [item.title, item.kind, ...item.categories, ...item.hosts, ...item.connections.map(({ name }) => name), ...item.usedBy.flatMap(({ name, title }) => [name, title]), item.vendor?.title ?? ""].join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  };
  const shown = (item: Integration): boolean => show === undefined || (show === "faults" ? standingOf(item).order < 3 : show === "unused" ? !isUsed(item) : item.vendor == null);
  return items.filter((item) => fits(item) && shown(item)).sort((one, other) => standingOf(one).order - standingOf(other).order || one.title.localeCompare(other.title));
}

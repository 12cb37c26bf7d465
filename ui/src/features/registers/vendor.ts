//! What a vendor's page computes of what is written down.

import { addDays, daysBetween, isDay } from "./days";
import type { VendorEntry } from "@/resource/renewals";
import type { VendorView } from "@/resource/registerViews";

export interface Judgement {
  criterion: string;
  weight?: number;
  score?: number;
  note?: string;
  by?: string;
  on?: string;
}

export interface Contract {
  reference?: string;
  startsOn?: string;
  endsOn?: string;
  noticeDays?: number;
  renewsAutomatically?: boolean;
  renewsForMonths?: number;
  remindDays?: number;
  decision?: { termEndsOn: string; outcome: "keep" | "end"; by?: string; on?: string };
  document?: string;
}

export interface Contact {
  name: string;
  role?: string;
  email?: string;
  phone?: string;
  url?: string;
}

export interface Vendor {
  title?: string;
  website?: string;
  category?: string;
  owner?: string;
  connectors?: string[];
  hosts?: string[];
  contacts?: Contact[];
  contract?: Contract;
  sla?: { availability?: number; responseTime?: string; supportHours?: string; statusPage?: string };
  cost?: { amount?: string; currency?: string; per?: string; callsAYear?: number };
  data?: { region?: string; personalData?: boolean; processingAgreement?: string; agreedOn?: string };
  scorecard?: Judgement[];
  exitPlan?: string;
  notes?: string;
}

/** Criteria that vendors are mostly judged by, to begin with. */
export const CRITERIA: readonly string[] = ["Reliability", "Support", "Price", "Security and data protection", "Ease of leaving"];

/** Weighted mean with two decimals, as the server reckons it; nothing of what is not judged. */
export function mean(scores: readonly { weight?: number | undefined; score?: number | undefined }[]): number | null {
  let [sum, weights] = [0, 0];
  for (const { weight = 1, score } of scores) {
    if (score === undefined) continue;
    sum += weight * score;
    weights += weight;
  }
  return weights === 0 ? null : Math.round((sum / weights) * 100) / 100;
}

/** What a register should say of a vendor, in words. */
export const GAPS: Record<VendorEntry["gaps"][number], string> = {
  owner: "nobody answers for it",
  contact: "nobody to turn to",
  contract: "no contract",
  agreement: "personal data without an agreement",
  scorecard: "not judged",
  exitPlan: "no exit plan",
};

/** A mark on the line of a contract's term. */
export interface Mark {
  name: string;
  on: string;
  /** Place on the line, 0 to 100. */
  at: number;
}

/** The term of a contract as a line: where it begins and ends, from when notice is near, and where we are. */
export function timeline(contract: Contract, endsOn: string, today: string): { marks: Mark[]; now: number; reminder: { from: number; to: number } } | null {
  if (!isDay(endsOn) || !isDay(today)) return null;
  const noticeBy = addDays(endsOn, -(contract.noticeDays ?? 0));
  const remindOn = addDays(noticeBy, -(contract.remindDays ?? 30));
  const begins = contract.startsOn !== undefined && isDay(contract.startsOn) ? contract.startsOn : null;
  // A line that is mostly past shows nothing: at most two years of it are drawn.
  const earliest = [begins ?? addDays(remindOn, -90), addDays(endsOn, -730)].sort().at(-1) ?? endsOn;
  const from = [earliest, remindOn, today].sort()[0] ?? endsOn;
  const to = [endsOn, today].sort().at(-1) ?? endsOn;
  const length = Math.max(1, daysBetween(from, to));
  const at = (day: string): number => Math.round((Math.min(Math.max(daysBetween(from, day), 0), length) / length) * 1000) / 10;
  const marks: Mark[] = [
    ...(begins !== null && begins >= from ? [{ name: "Begins", on: begins, at: at(begins) }] : []),
    ...((contract.noticeDays ?? 0) > 0 ? [{ name: "Notice by", on: noticeBy, at: at(noticeBy) }] : []),
    { name: "Ends", on: endsOn, at: at(endsOn) },
  ];
  return { marks, now: at(today), reminder: { from: at(remindOn), to: at(noticeBy) } };
}

/** A name for a resource made of a title; empty when nothing of it can be used. */
export function nameOf(title: string): string {
  return title.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replaceAll("ß", "ss").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
}

/** Those that are wanted. */
export function wanted(items: readonly VendorEntry[], { find = "", show }: VendorView): VendorEntry[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((one) => {
    const all = [one.name, one.title, one.category, one.owner, ...one.connectors, ...one.hosts].join(" ").toLowerCase();
    const due = one.renewal.state === "due" || one.renewal.state === "overdue" || one.renewal.state === "over";
    return words.every((word) => all.includes(word)) && (show === undefined || (show === "due" ? due : one.gaps.length > 0));
  });
}

import type { components } from "@/api/schema";

import { faultOf } from "./runDetail";

export type Summary = components["schemas"]["RunSummary"];

export interface Group {
  key: string;
  /** What its runs have in common, in words. */
  title: string;
  /** Every workflow that has a run in it. */
  workflows: string[];
  runs: Summary[];
}

export type Grouping = "workflow" | "fault";

/** Runs of one workflow, or of one fault, together; the group with the newest one first. */
export function grouped(runs: readonly Summary[], by: Grouping): Group[] {
  const groups = new Map<string, Group>();
  for (const run of runs) {
    const fault = faultOf(run.error);
    const key = by === "workflow" ? run.workflow : `${fault?.code ?? ""} ${likeness(fault?.text ?? "")}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { key, title: by === "workflow" ? run.workflow : (fault?.text ?? "It failed without saying why"), workflows: [run.workflow], runs: [run] });
    else {
      group.runs.push(run);
      if (!group.workflows.includes(run.workflow)) group.workflows.push(run.workflow);
    }
  }
  return [...groups.values()];
}

/** A fault without what is of one run alone: names in quotes, ids, numbers, addresses. */
export function likeness(text: string): string {
  return text
    .replace(/https?:\/\/\S+/g, "…")
    .replace(/`[^`]*`|'[^']*'|"[^"]*"/g, "…")
    .replace(/\b(?=\w*\d)\w{6,}\b/g, "…")
    .replace(/\d+/g, "…");
}

/** Runs that have not ended and do nothing, by what would make them go on. */
export type Wait = "held" | "paused" | "somebody" | "time";

export const WAITS: { wait: Wait; name: string; about: string }[] = [
  { wait: "held", name: "Held", about: "What they were begun on is not to be had any more, or they came out of a backup." },
  { wait: "paused", name: "Paused", about: "A person paused them." },
  { wait: "somebody", name: "Wait for an answer", about: "A call, a form, a decision about a call, or a run that they started makes them go on." },
  { wait: "time", name: "Wait for a time", about: "They go on by themselves." },
];

export function waitOf(run: Pick<Summary, "status" | "wakeAt">): Wait {
  if (run.status === "held" || run.status === "paused") return run.status;
  return run.wakeAt == null ? "somebody" : "time";
}

import type { components } from "@/api/schema";

export type Summary = components["schemas"]["RunSummary"];

/** Runs of one workflow together, the workflow with the newest failure first. */
export function byWorkflow(runs: readonly Summary[]): { workflow: string; runs: Summary[] }[] {
  const groups = new Map<string, Summary[]>();
  runs.forEach((run) => {
    groups.set(run.workflow, [...(groups.get(run.workflow) ?? []), run]);
  });
  return [...groups].map(([workflow, of]) => ({ workflow, runs: of }));
}

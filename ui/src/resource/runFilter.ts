import type { components } from "@/api/schema";

export type RunStatus = components["schemas"]["RunStatus"];

/** Which runs are listed, as it stands in the address. */
export interface RunFilter {
  workflow?: string;
  status?: RunStatus[];
  mode?: string;
  /** Milliseconds since 1970. */
  since?: number;
  until?: number;
}

export const STATUSES: RunStatus[] = ["queued", "running", "waiting", "paused", "held", "completed", "failed", "canceled", "superseded"];

const text = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value : undefined);
const moment = (value: unknown): number | undefined => {
  const number = Number(value);
  return value !== undefined && value !== "" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

export const runFilter = {
  /** Reads it; what cannot be meant is left out, so that an old or broken link still shows something. */
  read(search: Record<string, unknown>): RunFilter {
    const asked = Array.isArray(search["status"]) ? search["status"] : search["status"] === undefined ? [] : [search["status"]];
    const status = STATUSES.filter((known) => asked.includes(known));
    const filter: RunFilter = {};
    const workflow = text(search["workflow"]);
    const mode = text(search["mode"]);
    const since = moment(search["since"]);
    const until = moment(search["until"]);
    if (workflow !== undefined) filter.workflow = workflow;
    if (status.length > 0) filter.status = status;
    if (mode !== undefined) filter.mode = mode;
    if (since !== undefined) filter.since = since;
    if (until !== undefined) filter.until = until;
    return filter;
  },

  isEmpty(filter: RunFilter): boolean {
    return Object.keys(filter).length === 0;
  },

  isSame(one: RunFilter, other: RunFilter): boolean {
    return runFilter.isWithin(one, other) && runFilter.isWithin(other, one);
  },

  /** Whether every run that meets the first filter meets the second as well. */
  isWithin(narrow: RunFilter, wide: RunFilter): boolean {
    return (
      (wide.workflow === undefined || narrow.workflow === wide.workflow) &&
      (wide.mode === undefined || narrow.mode === wide.mode) &&
      (wide.status === undefined || (narrow.status?.every((status) => wide.status?.includes(status)) ?? false)) &&
      (wide.since === undefined || (narrow.since !== undefined && narrow.since >= wide.since)) &&
      (wide.until === undefined || (narrow.until !== undefined && narrow.until <= wide.until))
    );
  },

  /** Whether a run is among those that the server would list. */
  isMet(filter: RunFilter, run: { workflow: string; status: string; mode: string; createdAt: number }): boolean {
    return (
      (filter.workflow === undefined || run.workflow === filter.workflow) &&
      (filter.mode === undefined || run.mode === filter.mode) &&
      (filter.status?.some((status) => status === run.status) ?? true) &&
      run.createdAt >= (filter.since ?? 0) &&
      run.createdAt < (filter.until ?? Infinity)
    );
  },

  /** The filter with one state more or less. */
  toggled(filter: RunFilter, status: RunStatus): RunFilter {
    const now = filter.status ?? [];
    const next = now.includes(status) ? now.filter((known) => known !== status) : [...now, status];
    return runFilter.read({ ...filter, status: next });
  },
};

import type { components } from "@/api/schema";

export type RunStatus = components["schemas"]["RunStatus"];

/** Periods that end now, whenever one looks. */
export const PERIODS = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 } as const;
export type Period = keyof typeof PERIODS;

/** Which runs are listed, as it stands in the address. */
export interface RunFilter {
  workflow?: string;
  status?: RunStatus[];
  mode?: string;
  /** The last hour, day or week, as it is when the list is read. */
  within?: Period;
  /** Milliseconds since 1970. */
  since?: number;
  until?: number;
}

/** What the address of the list says: the filter, and the view that it began with. */
export interface RunSearch extends RunFilter {
  named?: string;
}

export const STATUSES: RunStatus[] = ["queued", "running", "waiting", "paused", "held", "completed", "failed", "canceled", "superseded"];

const text = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value : undefined);
const moment = (value: unknown): number | undefined => {
  const number = Number(value);
  return value !== undefined && value !== "" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};
const isPeriod = (value: unknown): value is Period => typeof value === "string" && Object.hasOwn(PERIODS, value);

export const runFilter = {
  /** Reads it; what cannot be meant is left out, so that an old or broken link still shows something. */
  read(search: Record<string, unknown>): RunFilter {
    const asked = Array.isArray(search["status"]) ? search["status"] : search["status"] === undefined ? [] : [search["status"]];
    const status = STATUSES.filter((known) => asked.includes(known));
    const filter: RunFilter = {};
    const workflow = text(search["workflow"]);
    const mode = text(search["mode"]);
    const within = search["within"];
    const since = moment(search["since"]);
    const until = moment(search["until"]);
    if (workflow !== undefined) filter.workflow = workflow;
    if (status.length > 0) filter.status = status;
    if (mode !== undefined) filter.mode = mode;
    if (isPeriod(within)) filter.within = within;
    // Two beginnings would contradict each other.
    else if (since !== undefined) filter.since = since;
    if (until !== undefined) filter.until = until;
    return filter;
  },

  /** The same with the view that it began with. */
  readSearch(search: Record<string, unknown>): RunSearch {
    const named = text(search["named"]);
    return { ...runFilter.read(search), ...(named === undefined ? {} : { named }) };
  },

  /** What the server is asked for at a moment. */
  query({ within, ...filter }: RunFilter, now: number): Omit<RunFilter, "within"> {
    return within === undefined ? filter : { ...filter, since: now - PERIODS[within] };
  },

  isEmpty(filter: RunFilter): boolean {
    return Object.keys(runFilter.read({ ...filter })).length === 0;
  },

  same(one: RunFilter, other: RunFilter): boolean {
    // Read, both have their fields in one order.
    return JSON.stringify(runFilter.read({ ...one })) === JSON.stringify(runFilter.read({ ...other }));
  },

  /** Whether every run that meets the first filter meets the second as well, of what the server is asked for. */
  isWithin(narrow: Omit<RunFilter, "within">, wide: Omit<RunFilter, "within">): boolean {
    return (
      (wide.workflow === undefined || narrow.workflow === wide.workflow) &&
      (wide.mode === undefined || narrow.mode === wide.mode) &&
      (wide.status === undefined || (narrow.status?.every((status) => wide.status?.includes(status)) ?? false)) &&
      (wide.since === undefined || (narrow.since !== undefined && narrow.since >= wide.since)) &&
      (wide.until === undefined || (narrow.until !== undefined && narrow.until <= wide.until))
    );
  },

  /** Whether a run is among those that the server would list. */
  isMet(filter: Omit<RunFilter, "within">, run: { workflow: string; status: string; mode: string; createdAt: number }): boolean {
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

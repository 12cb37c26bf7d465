//! Items of a run, fetched where they are shown and no more of them: a step may have put out tens of thousands.

import { keepPreviousData, useQuery, type UseQueryOptions } from "@tanstack/react-query";

import type { Json } from "../../canvas/graph/json";
import type { Calls, Run, Step } from "./calls";

/** A part of what lies before a node: one output of one step. */
export interface Segment {
  readonly step: number;
  readonly port: number;
  readonly count: number;
}

/** Items, wherever they lie: in the document when they are pinned, else on the server. */
export type Source =
  | { readonly is: "here"; readonly items: readonly Json[]; readonly count: number }
  | { readonly is: "run"; readonly run: string; readonly ended: boolean; readonly segments: readonly Segment[]; readonly count: number };

export const PAGE = 50;
/** Most items that are pinned from a run: they become a part of the document. */
export const PINNED = 200;
/** Most items that one request gives. */
const MOST = 1_000;

export function here(items: readonly Json[]): Source {
  return { is: "here", items, count: items.length };
}

function ofRun(run: Run, segments: readonly Segment[]): Source {
  return { is: "run", run: run.id, ended: !["running", "queued", "waiting", "paused"].includes(run.status), segments, count: segments.reduce((sum, segment) => sum + segment.count, 0) };
}

export function outputOf(run: Run | undefined, step: Step | undefined, port: number): Source | undefined {
  const count = step?.outputCounts[port];
  if (!run || !step || count === undefined) return undefined;
  return ofRun(run, [{ step: step.step, port, count }]);
}

/** The first output with any items. */
export function firstOutputOf(run: Run | undefined, step: Step | undefined): Source | undefined {
  return outputOf(run, step, step?.outputCounts.findIndex((count) => count > 0) ?? -1);
}

/** What came in at an input: the outputs that led there, one after the other. */
export function inputOf(run: Run | undefined, step: Step | undefined, input: number): Source | undefined {
  const sources = step?.inputs[input];
  if (!run || !sources) return undefined;
  return ofRun(run, sources.map((source) => ({
    step: source.step,
    port: source.output,
    count: run.steps.find((other) => other.step === source.step)?.outputCounts[source.output] ?? 0,
  })));
}

export interface Slice {
  readonly step: number;
  readonly port: number;
  readonly offset: number;
  readonly limit: number;
}

/** What to ask for to see `limit` items from `offset` on, counted over all segments. */
export function slices(segments: readonly Segment[], offset: number, limit: number): Slice[] {
  const found: Slice[] = [];
  let start = 0;
  for (const { step, port, count } of segments) {
    const from = Math.max(offset - start, 0);
    const to = Math.min(offset + limit - start, count);
    for (let at = from; at < to; at += MOST) found.push({ step, port, offset: at, limit: Math.min(to - at, MOST) });
    start += count;
  }
  return found;
}

export async function fetchItems(calls: Calls, source: Source, offset = 0, limit = source.count): Promise<readonly Json[]> {
  if (source.is === "here") return source.items.slice(offset, offset + limit);
  const parts: (readonly Json[])[] = [];
  for (const slice of slices(source.segments, offset, limit)) parts.push(await calls.items(source.run, slice));
  return parts.flat();
}

/** One page of a source as a query. A source that is not there yet is a query that waits. */
export function pageQuery(calls: Calls | undefined, source: Source | undefined, page: number): UseQueryOptions<readonly Json[]> {
  // What ended does not change; while a run goes on, the counts tell when there is more.
  return {
    queryKey: ["editor-items", source?.is === "run" ? [source.run, source.segments, source.ended] : "here", page],
    queryFn: () => (calls && source ? fetchItems(calls, source, page * PAGE, PAGE) : []),
    enabled: calls !== undefined && source?.is === "run" && source.count > 0,
    staleTime: Infinity,
  };
}

/** The items of a page, as far as they are there. */
export function usePage(calls: Calls | undefined, source: Source | undefined, page: number): { readonly items: readonly Json[]; readonly loading: boolean; readonly error: unknown } {
  const asked = useQuery({ ...pageQuery(calls, source, page), placeholderData: keepPreviousData });
  if (source?.is === "here") return { items: source.items.slice(page * PAGE, (page + 1) * PAGE), loading: false, error: undefined };
  if (!source || source.count === 0) return { items: [], loading: false, error: undefined };
  return { items: asked.data ?? [], loading: asked.isPending || asked.isPlaceholderData, error: asked.error };
}

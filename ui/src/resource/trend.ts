//! How runs went over time, gathered from the list of runs. The server has no counts by time, so a period with more runs
//! than are read is shown as far back as they reach, and not as if there had been fewer.

import type { Summary } from "./runGroups";

export const SPANS = { day: { hours: 24, bucket: 3_600_000 }, week: { hours: 7 * 24, bucket: 6 * 3_600_000 } } as const;
export type Span = keyof typeof SPANS;

export interface Bucket {
  from: number;
  until: number;
  completed: number;
  failed: number;
  /** Under way, canceled or superseded. */
  other: number;
}

export interface Trend {
  buckets: Bucket[];
  /** The list goes on further back: what came before `buckets` was not counted. */
  cut: boolean;
}

/** From when on runs are asked for. Buckets begin at whole hours of the clock on the wall. */
export function beginOf(span: Span, now: number): number {
  const { hours, bucket } = SPANS[span];
  return endOf(bucket, now) - hours * 3_600_000;
}

function endOf(bucket: number, now: number): number {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  return midnight + Math.ceil((now + 1 - midnight) / bucket) * bucket;
}

/** Counts by time. `more` says that the list, which is newest first, goes on behind the last one. */
export function trendOf(runs: readonly Summary[], more: boolean, span: Span, now: number): Trend {
  const { bucket } = SPANS[span];
  const [begin, end] = [beginOf(span, now), endOf(bucket, now)];
  const buckets: Bucket[] = [];
  for (let from = begin; from < end; from += bucket) buckets.push({ from, until: from + bucket, completed: 0, failed: 0, other: 0 });
  for (const run of runs) {
    const into = buckets[Math.floor((run.createdAt - begin) / bucket)];
    if (into === undefined) continue;
    if (run.status === "completed" || run.status === "failed") into[run.status] += 1;
    else into.other += 1;
  }
  const oldest = runs.at(-1)?.createdAt;
  if (!more || oldest === undefined || oldest < begin) return { buckets, cut: false };
  // The bucket in which the list breaks off is not complete, so it is left out; when all are in one, it is all there is.
  const whole = buckets.filter((known) => known.from >= oldest);
  return { buckets: whole.length > 0 ? whole : buckets.slice(-1), cut: true };
}

/** The parts of a bucket as they stand upon each other: failed, with completed on it, with the rest on top. */
export function stacked(buckets: readonly Bucket[]): { x: number[]; failed: number[]; completed: number[]; other: number[] } {
  return {
    x: buckets.map((bucket) => (bucket.from + bucket.until) / 2_000),
    failed: buckets.map((bucket) => bucket.failed),
    completed: buckets.map((bucket) => bucket.failed + bucket.completed),
    other: buckets.map((bucket) => bucket.failed + bucket.completed + bucket.other),
  };
}

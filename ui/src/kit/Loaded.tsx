import type { ReactNode } from "react";

import { Button } from "./Button";
import { Line } from "./Prose";
import { Failure, Skeleton } from "./States";
import { isGone, problemOf, sentenceOf } from "@/api/problem";

/** What is needed of a query to show what came of it. */
interface Query<T> {
  data: T | undefined;
  error: unknown;
  isError: boolean;
  refetch: () => unknown;
}

interface Props<T> {
  of: Query<T>;
  /** Lines that stand there until it has come. */
  lines?: number;
  /** What stands in the place of a list without anything in it. */
  empty?: ReactNode;
  /** There is nothing to show; without it, a list without entries. */
  isEmpty?: boolean;
  children: (data: T) => ReactNode;
}

/**
 * What a query brings, in each of its states: not there yet, refused, nothing, and there. What was read once stays when
 * it cannot be read anew, with a line that says so: an old list is of more use than none. What is gone is not shown.
 */
export function Loaded<T>({ of, lines, empty, isEmpty, children }: Props<T>) {
  if (of.data === undefined || isGone(of.error)) return <Unloaded of={of} lines={lines} />;
  return (
    <>
      {of.isError ? <Stale error={of.error} retry={() => void of.refetch()} /> : null}
      {empty !== undefined && (isEmpty ?? isNothing(of.data)) ? empty : children(of.data)}
    </>
  );
}

/** The place of what has not come, or could not come, for pages whose frame waits for it, too. */
export function Unloaded({ of, lines }: { of: Omit<Query<unknown>, "data">; lines?: number | undefined }) {
  return of.isError ? <Failure error={of.error} retry={() => void of.refetch()} /> : <Skeleton lines={lines ?? 6} />;
}

function Stale({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div role="alert" className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-wait/40 bg-wait-soft px-4 py-1.5 text-small">
      <p className="min-w-0 flex-1 basis-60 break-words">
        <span className="font-medium">Not read anew.</span> <span className="text-ink-soft"><Line text={sentenceOf(problemOf(error))} /></span>
      </p>
      <Button look="quiet" onClick={retry}>Try again</Button>
    </div>
  );
}

/** A list without entries, whether it comes whole, as a page, or page by page. */
function isNothing(data: unknown): boolean {
  if (Array.isArray(data)) return data.length === 0;
  if (typeof data !== "object" || data === null) return false;
  if ("items" in data) return isNothing(data.items);
  return "pages" in data && Array.isArray(data.pages) && data.pages.every(isNothing);
}

/** The way to what stands behind the end of a list; nothing where the list is at its end. */
export function More({ of, name = "Show more" }: { of: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }; name?: string }) {
  return of.hasNextPage ? (
    <div className="flex justify-center border-t p-3">
      <Button busy={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>{name}</Button>
    </div>
  ) : null;
}

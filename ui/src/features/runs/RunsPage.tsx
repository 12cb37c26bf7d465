import { infiniteQueryOptions, useInfiniteQuery, useMutation, useQueryClient, type InfiniteData, type QueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Ban, RotateCcw } from "lucide-react";
import { memo, useCallback, useMemo, useRef, useState } from "react";
import { clsx } from "clsx";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Button } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";
import { Page } from "@/kit/Page";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { Status, toneOf } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { duration, plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { runFilter, STATUSES, type RunFilter } from "@/resource/runFilter";

type Summary = components["schemas"]["RunSummary"];
/** A page of the list, as the server answers. */
interface Answer {
  items: Summary[];
  nextCursor?: string | null;
}

const PAGE = 100;
const ROW = 40;
const COLUMNS = "grid grid-cols-[2rem_minmax(8rem,1.4fr)_7.5rem_6rem_5.5rem_6rem_minmax(6rem,2fr)] items-center gap-x-3 px-4 max-md:grid-cols-[2rem_1fr_7.5rem_6rem]";
const PERIODS: [string, number][] = [["Last hour", 3_600_000], ["Last day", 86_400_000], ["Last week", 7 * 86_400_000]];

function listOf(filter: RunFilter) {
  return infiniteQueryOptions({
    queryKey: ["runs", "list", filter],
    queryFn: ({ pageParam }) =>
      data(api.GET("/api/v1/runs", { params: { query: { ...filter, limit: PAGE, ...(pageParam === null ? {} : { cursor: pageParam }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor ?? null,
    // News are merged page by page; a long list that was scrolled through is not read anew as a whole.
    maxPages: 50,
  });
}

/**
 * The beginning of a list, as far as it is known already: a wider list that was read from its top has all of the same runs.
 * It is shown until the server has answered.
 */
function beginningOf(client: QueryClient, filter: RunFilter): InfiniteData<Answer, string | null> | undefined {
  let most: Summary[] = [];
  for (const query of client.getQueryCache().findAll({ queryKey: ["runs", "list"] })) {
    const wide = query.queryKey[2] as RunFilter;
    const known = query.state.data as InfiniteData<Answer, string | null> | undefined;
    // Of a list that was scrolled through far enough the top is no longer kept.
    if (known?.pageParams[0] !== null || !runFilter.isWithin(filter, wide)) continue;
    const items = known.pages.flatMap((page) => page.items.filter((run) => runFilter.isMet(filter, run)));
    if (items.length > most.length) most = items;
  }
  return most.length === 0 ? undefined : { pages: [{ items: most }], pageParams: [null] };
}

/** The filter in the address, and what changes it. What was asked for is shown at once, and the address follows. */
function useFilter(): [RunFilter, (next: RunFilter) => void] {
  const address = useSearch({ from: "/shell/runs" });
  const navigate = useNavigate();
  const [filter, setFilter] = useState(address);
  const [seen, setSeen] = useState(address);
  if (seen !== address) {
    setSeen(address);
    if (!runFilter.isSame(filter, address)) setFilter(address);
  }
  return [filter, (next) => {
    setFilter(next);
    void navigate({ to: "/runs", search: next, replace: true });
  }];
}

/** All runs, newest first; the filter is in the address. */
export function RunsPage() {
  const [filter, setFilter] = useFilter();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const set = (next: RunFilter): void => {
    setChosen(new Set());
    setFilter(next);
  };
  const choose = useCallback((run: string): void => {
    setChosen((before) => {
      const next = new Set(before);
      if (!next.delete(run)) next.add(run);
      return next;
    });
  }, []);
  const list = useInfiniteQuery({ ...listOf(filter), placeholderData: () => beginningOf(client, filter) });
  const runs = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const acts = useMutation({
    mutationFn: async (act: "retry" | "cancel") => {
      const results = await Promise.allSettled(
        [...chosen].map((run) =>
          act === "cancel"
            ? data(api.POST("/api/v1/runs/{run}/cancel", { params: { path: { run } } }))
            : data(api.POST("/api/v1/runs/{run}/retry", { params: { path: { run } }, body: {} })),
        ),
      );
      const refused = results.filter((result) => result.status === "rejected");
      return { done: results.length - refused.length, refused };
    },
    onSuccess: ({ done, refused }, act) => {
      const word = act === "cancel" ? "asked to stop" : "run again";
      if (done > 0) toasts.done(`${plural(done, "run")} ${word}`);
      if (refused[0] !== undefined) toasts.failed(`${plural(refused.length, "run")} refused`, refused[0].reason);
      setChosen(new Set());
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["runs"] }),
  });
  return (
    <Page
      full
      title="Runs"
      actions={
        chosen.size > 0 ? (
          <>
            <span className="text-ink-soft">{plural(chosen.size, "run")} chosen</span>
            <Button icon={<RotateCcw size={14} />} busy={acts.isPending} onClick={() => { acts.mutate("retry"); }}>Retry</Button>
            <Button look="danger" icon={<Ban size={14} />} busy={acts.isPending} onClick={() => { acts.mutate("cancel"); }}>Cancel</Button>
          </>
        ) : undefined
      }
    >
      <div className="flex h-full flex-col">
        <div className="flex flex-wrap items-center gap-2 px-6 pb-3 max-sm:px-4">
          <Input
            type="search"
            aria-label="Workflow"
            placeholder="Workflow"
            className="w-44!"
            defaultValue={filter.workflow ?? ""}
            key={filter.workflow ?? ""}
            onKeyDown={(event) => { if (event.key === "Enter") set(runFilter.read({ ...filter, workflow: event.currentTarget.value })); }}
            onBlur={(event) => { if (event.target.value !== (filter.workflow ?? "")) set(runFilter.read({ ...filter, workflow: event.target.value })); }}
          />
          <Select
            aria-label="Period"
            className="w-32!"
            value={filter.since === undefined ? "" : "some"}
            onChange={(event) => {
              const span = Number(event.target.value);
              set(runFilter.read({ ...filter, since: span > 0 ? Date.now() - span : undefined }));
            }}
          >
            <option value="">All times</option>
            {filter.since === undefined ? null : <option value="some">Since a moment</option>}
            {PERIODS.map(([name, span]) => <option key={name} value={span}>{name}</option>)}
          </Select>
          <div role="group" aria-label="States" className="flex flex-wrap gap-1">
            {STATUSES.map((status) => {
              const on = filter.status?.includes(status) === true;
              return (
                <button
                  key={status}
                  type="button"
                  aria-pressed={on}
                  // Between the press and the click there is time enough for an answer.
                  onPointerDown={(event) => { if (event.button === 0) void client.prefetchInfiniteQuery(listOf(runFilter.toggled(filter, status))); }}
                  onClick={() => { set(runFilter.toggled(filter, status)); }}
                  className={clsx("h-7 rounded-full border px-2.5 text-small capitalize", on ? "border-accent bg-accent-soft font-medium text-ink" : "text-ink-soft hover:bg-sunken")}
                >
                  {status}
                </button>
              );
            })}
          </div>
          {runFilter.isEmpty(filter) ? null : <Button look="quiet" onClick={() => { set({}); }}>Clear</Button>}
        </div>
        <div role="table" aria-label="Runs" aria-rowcount={-1} className="flex min-h-0 flex-1 flex-col border-t bg-surface">
          <div role="row" className={clsx(COLUMNS, "h-8 shrink-0 border-b text-small font-medium text-ink-soft")}>
            <span role="columnheader" aria-label="Choose" />
            <span role="columnheader">Workflow</span>
            <span role="columnheader">State</span>
            <span role="columnheader">Begun</span>
            <span role="columnheader" className="max-md:hidden">Took</span>
            <span role="columnheader" className="max-md:hidden">Started by</span>
            <span role="columnheader" className="max-md:hidden">Error</span>
          </div>
          {list.isPending ? (
            <Skeleton lines={12} />
          ) : list.isError ? (
            <Failure error={list.error} retry={() => void list.refetch()} />
          ) : runs.length === 0 ? (
            runFilter.isEmpty(filter) ? (
              <Empty title="Nothing has run yet" action={<Link to="/workflows" search={{}} className="text-accent underline">Go to the workflows</Link>}>
                Send an event to a live workflow, or start one by hand.
              </Empty>
            ) : (
              <Empty title="No run is like that" action={<Button onClick={() => { set({}); }}>Show all</Button>} />
            )
          ) : (
            // Another filter is another list, and begins at its top.
            <Rows
              key={JSON.stringify(filter)}
              runs={runs}
              chosen={chosen}
              onChoose={choose}
              onEnd={() => { if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage(); }}
              more={list.hasNextPage || list.isPlaceholderData}
            />
          )}
        </div>
      </div>
    </Page>
  );
}

/** The rows that are in sight. */
function Rows({ runs, chosen, onChoose, onEnd, more }: { runs: Summary[]; chosen: ReadonlySet<string>; onChoose: (run: string) => void; onEnd: () => void; more: boolean }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
    // Until the box is measured; to draw no row before would be one more round for all of them.
    initialRect: { width: 0, height: Math.max(globalThis.innerHeight - 170, 0) },
  });
  return (
    <div
      ref={scroller}
      role="rowgroup"
      tabIndex={0}
      aria-label="Rows"
      className="min-h-0 flex-1 overflow-y-auto"
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        if (scrollHeight - scrollTop - clientHeight < 20 * ROW) onEnd();
      }}
    >
      <div className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const run = runs[item.index];
          return run === undefined ? null : <Row key={run.id} run={run} top={item.start} chosen={chosen.has(run.id)} onChoose={onChoose} />;
        })}
      </div>
      {more ? <p className="py-3 text-center text-ink-faint">Reading older ones…</p> : <p className="py-3 text-center text-small text-ink-faint">That is all.</p>}
    </div>
  );
}

/** One run. It renders when it has changed, and not with each of its neighbours. */
const Row = memo(function Row({ run, top, chosen, onChoose }: { run: Summary; top: number; chosen: boolean; onChoose: (run: string) => void }) {
  return (
    <div role="row" className={clsx(COLUMNS, "absolute inset-x-0 border-b contain-strict hover:bg-sunken/60", chosen && "bg-accent-soft!")} style={{ height: ROW, top }}>
      <span role="cell">
        <input type="checkbox" aria-label={`Choose ${run.id}`} checked={chosen} onChange={() => { onChoose(run.id); }} className="size-4 align-middle accent-(--accent)" />
      </span>
      <span role="cell" className="min-w-0 truncate">
        <Link to="/runs/$run" params={{ run: run.id }} search={{}} className="font-medium hover:underline">{run.workflow}</Link>
      </span>
      <span role="cell"><Status state={run.status} /></span>
      <span role="cell" className="text-ink-soft"><Time at={run.createdAt} /></span>
      <span role="cell" className="text-ink-soft tabular-nums max-md:hidden">
        {run.endedAt != null && run.startedAt != null ? duration((run.endedAt - run.startedAt) * 1000) : "–"}
      </span>
      <span role="cell" className="truncate text-ink-soft max-md:hidden">{run.mode}</span>
      <span role="cell" className={clsx("truncate max-md:hidden", toneOf(run.status) === "bad" ? "text-bad" : "text-ink-soft")}>{errorText(run.error)}</span>
    </div>
  );
});

function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const detail = (error as { detail?: unknown; message?: unknown }).detail ?? (error as { message?: unknown }).message;
  return typeof detail === "string" ? detail : "";
}

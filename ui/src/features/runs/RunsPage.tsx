import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Ban, RotateCcw } from "lucide-react";
import { useRef, useState } from "react";
import { clsx } from "clsx";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Button } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Status, toneOf } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { between, plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { MOST_PAGES, usePages } from "@/resource/pages";
import { runFilter, STATUSES, type Period, type RunFilter } from "@/resource/runFilter";

import { Views } from "./Views";

type Summary = components["schemas"]["RunSummary"];

const PAGE = 100;
const ROW = 40;
const COLUMNS = "grid grid-cols-[2rem_minmax(8rem,1.4fr)_7.5rem_6rem_5.5rem_6rem_minmax(6rem,2fr)] items-center gap-x-3 px-4 max-md:grid-cols-[2rem_1fr_7.5rem_6rem]";
const WITHIN: [Period, string][] = [["hour", "Last hour"], ["day", "Last day"], ["week", "Last week"]];

/** All runs, newest first; the filter is in the address. */
export function RunsPage() {
  const search = useSearch({ from: "/shell/runs" });
  const { named, ...filter } = search;
  const navigate = useNavigate();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const set = (next: RunFilter): void => {
    setChosen(new Set());
    void navigate({ to: "/runs", search: { ...next, ...(named === undefined ? {} : { named }) }, replace: true });
  };
  const list = usePages(["runs", "list", filter], (from) => data(api.GET("/api/v1/runs", { params: { query: { ...runFilter.query(filter, Date.now()), limit: PAGE, ...from } } })));
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
        <Views search={search} />
        <div className="flex flex-wrap items-center gap-2 px-6 py-3 max-sm:px-4">
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
            className="w-auto!"
            value={filter.within ?? (filter.since === undefined && filter.until === undefined ? "" : "some")}
            onChange={(event) => { set(runFilter.read({ ...filter, within: event.target.value, since: undefined, until: undefined })); }}
          >
            <option value="">All times</option>
            {filter.since === undefined && filter.until === undefined ? null : <option value="some">{momentText(filter)}</option>}
            {WITHIN.map(([period, name]) => <option key={period} value={period}>{name}</option>)}
          </Select>
          <div role="group" aria-label="States" className="flex flex-wrap gap-1">
            {STATUSES.map((status) => {
              const on = filter.status?.includes(status) === true;
              return (
                <button
                  key={status}
                  type="button"
                  aria-pressed={on}
                  onClick={() => { set(runFilter.toggled(filter, status)); }}
                  className={clsx("h-7 rounded-full border px-2.5 text-small capitalize", on ? "border-accent bg-accent-soft font-medium text-ink" : "text-ink-soft hover:bg-sunken")}
                >
                  {status}
                </button>
              );
            })}
          </div>
          {runFilter.isEmpty(filter) ? null : <Button look="quiet" onClick={() => void navigate({ to: "/runs", search: {}, replace: true })}>Clear</Button>}
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
          <Loaded
            of={list}
            lines={12}
            empty={
              runFilter.isEmpty(filter) ? (
                <Empty title="Nothing has run yet" action={<Link to="/workflows" search={{}} className="text-accent underline">Go to the workflows</Link>}>
                  Send an event to a live workflow, or start one by hand.
                </Empty>
              ) : (
                <Empty title="No run is like that" action={<Button onClick={() => void navigate({ to: "/runs", search: {} })}>Show all</Button>} />
              )
            }
          >
            {(runs) => (
              <Rows
                runs={runs}
                chosen={chosen}
                onChoose={(run) => {
                  const next = new Set(chosen);
                  if (!next.delete(run)) next.add(run);
                  setChosen(next);
                }}
                onEnd={() => { if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage(); }}
                more={list.hasNextPage ? "Reading older ones…" : runs.length < MOST_PAGES * PAGE ? "That is all." : "Older ones are there: say which ones you look for."}
              />
            )}
          </Loaded>
        </div>
      </div>
    </Page>
  );
}

/** The rows that are in sight. */
function Rows({ runs, chosen, onChoose, onEnd, more }: { runs: Summary[]; chosen: ReadonlySet<string>; onChoose: (run: string) => void; onEnd: () => void; more: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: runs.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
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
          if (run === undefined) return null;
          return (
            <div
              key={run.id}
              role="row"
              className={clsx(COLUMNS, "absolute inset-x-0 border-b hover:bg-sunken/60", chosen.has(run.id) && "bg-accent-soft!")}
              style={{ height: ROW, transform: `translateY(${String(item.start)}px)` }}
            >
              <span role="cell">
                <input type="checkbox" aria-label={`Choose ${run.id}`} checked={chosen.has(run.id)} onChange={() => { onChoose(run.id); }} className="size-4 align-middle accent-(--accent)" />
              </span>
              <span role="cell" className="min-w-0 truncate">
                <Link to="/runs/$run" params={{ run: run.id }} search={{}} className="font-medium hover:underline">{run.workflow}</Link>
              </span>
              <span role="cell"><Status state={run.status} /></span>
              <span role="cell" className="text-ink-soft"><Time at={run.createdAt} /></span>
              <span role="cell" className="text-ink-soft tabular-nums max-md:hidden">
                {run.endedAt != null && run.startedAt != null ? between(run.startedAt, run.endedAt) : "–"}
              </span>
              <span role="cell" className="truncate text-ink-soft max-md:hidden">{run.mode}</span>
              <span role="cell" className={clsx("truncate max-md:hidden", toneOf(run.status) === "bad" ? "text-bad" : "text-ink-soft")}>{errorText(run.error)}</span>
            </div>
          );
        })}
      </div>
      <p className="py-3 text-center text-small text-ink-faint">{more}</p>
    </div>
  );
}

function momentText({ since, until }: RunFilter): string {
  const text = (moment: number): string => new Date(moment).toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  if (until === undefined) return `Since ${text(since ?? 0)}`;
  return since === undefined ? `Until ${text(until)}` : `${text(since)} – ${text(until)}`;
}

function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const detail = (error as { detail?: unknown; message?: unknown }).detail ?? (error as { message?: unknown }).message;
  return typeof detail === "string" ? detail : "";
}

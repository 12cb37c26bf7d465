import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Ban, RotateCcw } from "lucide-react";
import { useCallback, useState } from "react";
import { clsx } from "clsx";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { MOST_PAGES } from "@/resource/pages";
import { runFilter, STATUSES, type Period, type RunFilter, type RunSearch } from "@/resource/runFilter";

import { PAGE, runList } from "./runList";
import { COLUMNS, RunRows } from "./RunRows";
import { Views } from "./Views";

const WITHIN: [Period, string][] = [["hour", "Last hour"], ["day", "Last day"], ["week", "Last week"]];

/** The filter in the address, and what changes it. What was asked for is shown at once, and the address follows. */
function useRunSearch(): [RunSearch, (next: RunSearch) => void] {
  const address = useSearch({ from: "/shell/runs" });
  const navigate = useNavigate();
  const [search, setSearch] = useState<RunSearch>(address);
  const [seen, setSeen] = useState(address);
  if (seen !== address) {
    setSeen(address);
    setSearch(address);
  }
  return [search, (next) => {
    setSearch(next);
    void navigate({ to: "/runs", search: next, replace: true });
  }];
}

/** The runs that are ticked. What ticks them stays the same, so that a row draws itself anew only for itself. */
function useChosen() {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const choose = useCallback((run: string): void => {
    setChosen((before) => {
      const next = new Set(before);
      if (!next.delete(run)) next.add(run);
      return next;
    });
  }, []);
  return { chosen, choose, chooseNone: () => { setChosen(new Set()); } };
}

/** All runs, newest first; the filter is in the address. */
export function RunsPage() {
  const [search, setSearch] = useRunSearch();
  const { named, ...filter } = search;
  const client = useQueryClient();
  const { chosen, choose, chooseNone } = useChosen();
  const set = (next: RunFilter): void => {
    chooseNone();
    setSearch({ ...next, ...(named === undefined ? {} : { named }) });
  };
  const list = useInfiniteQuery({ ...runList.of(filter), placeholderData: () => runList.beginning(client, filter) });
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
      chooseNone();
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
                  // Between the press and the click there is time enough for an answer.
                  onPointerDown={(event) => { if (event.button === 0) void client.prefetchInfiniteQuery(runList.of(runFilter.toggled(filter, status))); }}
                  onClick={() => { set(runFilter.toggled(filter, status)); }}
                  className={clsx("h-7 rounded-full border px-2.5 text-small capitalize", on ? "border-accent bg-accent-soft font-medium text-ink" : "text-ink-soft hover:bg-sunken")}
                >
                  {status}
                </button>
              );
            })}
          </div>
          {runFilter.isEmpty(filter) ? null : <Button look="quiet" onClick={() => { setSearch({}); }}>Clear</Button>}
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
                <Empty title="No run is like that" action={<Button onClick={() => { setSearch({}); }}>Show all</Button>} />
              )
            }
          >
            {(runs) => (
              // Another filter is another list, and begins at its top.
              <RunRows
                key={JSON.stringify(filter)}
                runs={runs}
                chosen={chosen}
                onChoose={choose}
                onEnd={() => { if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage(); }}
                more={list.hasNextPage || list.isPlaceholderData ? "Reading older ones…" : runs.length < MOST_PAGES * PAGE ? "That is all." : "Older ones are there: say which ones you look for."}
              />
            )}
          </Loaded>
        </div>
      </div>
    </Page>
  );
}

function momentText({ since, until }: RunFilter): string {
  const text = (moment: number): string => new Date(moment).toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  if (until === undefined) return `Since ${text(since ?? 0)}`;
  return since === undefined ? `Until ${text(until)}` : `${text(since)} – ${text(until)}`;
}

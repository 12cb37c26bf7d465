import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import type { ReactNode } from "react";

import { api, data, send } from "@/api/client";
import { Loaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Status } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { count, plural } from "@/kit/times";
import { runsByState } from "@/resource/counters";
import { faultOf } from "@/resource/runDetail";
import { grouped } from "@/resource/runGroups";
import type { RunStatus } from "@/resource/runFilter";

import { ConnectionsPanel } from "./ConnectionsPanel";
import { ListenersPanel } from "./ListenersPanel";
import { RenewalsPanel } from "./RenewalsPanel";
import { SchedulesPanel } from "./SchedulesPanel";
import { TrendPanel } from "./TrendPanel";
import { Welcome } from "./Welcome";

/** How many of the newest runs are looked at. Counts of all runs come from the server's counters. */
const NEWEST = 20;

/** What runs, what failed, what waits for me. */
export function HomePage() {
  const counters = useQuery({ queryKey: ["runs", "counters"], queryFn: async () => runsByState(await (await send(new Request("/api/v1/metrics"))).text()) });
  const workflows = useQuery({ queryKey: ["workflow", "some"], queryFn: () => data(api.GET("/api/v1/workflows", { params: { query: { limit: 1 } } })) });
  const dead = useQuery({ queryKey: ["dead", "newest"], queryFn: () => data(api.GET("/api/v1/dead", { params: { query: { limit: 50 } } })) });
  const active = useQuery({
    queryKey: ["runs", "active"],
    queryFn: () => data(api.GET("/api/v1/runs", { params: { query: { status: ["running", "waiting", "held", "paused"], limit: 8 } } })),
  });
  const newest = useQuery({ queryKey: ["runs", "newest"], queryFn: () => data(api.GET("/api/v1/runs", { params: { query: { limit: NEWEST } } })) });
  const of = (status: RunStatus): number | null => (counters.data === undefined ? null : (counters.data[status] ?? 0));

  if (workflows.data?.items.length === 0 && newest.data?.items.length === 0) return <Welcome />;
  const groups = grouped(dead.data?.items ?? [], "workflow");
  return (
    <Page title="Home">
      <div className="flex flex-col gap-6">
        <ul aria-label="Runs by state" className="grid grid-cols-2 overflow-hidden rounded-large border bg-surface shadow-low md:grid-cols-5">
          <Figure name="Running" value={of("running")} tone="text-busy" status={["running"]} />
          <Figure name="Queued" value={of("queued")} status={["queued"]} />
          <Figure name="Waiting" value={add(of("waiting"), of("paused"), of("held"))} tone="text-wait" status={["waiting", "paused", "held"]} />
          <Figure name="Failed" value={of("failed")} tone="text-bad" status={["failed"]} />
          <Figure name="Completed" value={of("completed")} tone="text-good" status={["completed"]} />
        </ul>
        <ConnectionsPanel />
        <RenewalsPanel />
        <TrendPanel />
        <div className="grid items-start gap-6 lg:grid-cols-2">
          <Panel flush title="Failed, and nobody dealt with it" actions={<Link to="/waiting" className="text-accent hover:underline">All of it</Link>}>
            <Loaded of={dead} lines={4} empty={<Quiet>Nothing. A run that fails for good appears here at once.</Quiet>}>
              {() => (
                <ul className="divide-y">
                  {groups.slice(0, 8).map((group) => {
                    const last = group.runs[0];
                    return (
                      <li key={group.key}>
                        <Link to="/runs/$run" params={{ run: last?.id ?? "" }} search={{}} className="block px-4 py-2.5 hover:bg-sunken">
                          <span className="flex items-baseline justify-between gap-3">
                            <span className="truncate font-medium">{group.title}</span>
                            <span className="text-small text-ink-soft">
                              {plural(group.runs.length, "run")} · {last === undefined ? "" : <Time at={last.endedAt ?? last.createdAt} />}
                            </span>
                          </span>
                          <span className="line-clamp-2 text-bad">{faultOf(last?.error)?.text ?? "It failed without saying why"}</span>
                        </Link>
                      </li>
                    );
                  })}
                </ul>
              )}
            </Loaded>
          </Panel>
          <Panel flush title="Under way">
            <Loaded of={active} lines={4} empty={<Quiet>No run is under way.</Quiet>}>
              {({ items }) => (
                <ul className="divide-y">
                  {items.map((run) => (
                    <li key={run.id}>
                      <Link to="/runs/$run" params={{ run: run.id }} search={{}} className="flex items-center gap-3 px-4 py-2 hover:bg-sunken">
                        <Status state={run.status} />
                        <span className="min-w-0 flex-1 truncate font-medium">{run.workflow}</span>
                        <span className="text-small text-ink-soft">{run.wakeAt == null ? <Time at={run.createdAt} /> : <>goes on <Time at={run.wakeAt} /></>}</span>
                      </Link>
                    </li>
                  ))}
                </ul>
              )}
            </Loaded>
          </Panel>
        </div>
        <ListenersPanel />
        <SchedulesPanel />
        <Panel flush title="Newest runs" actions={<Link to="/runs" search={{}} className="text-accent hover:underline">All runs</Link>}>
          <Loaded of={newest} empty={<Quiet>Nothing has run yet.</Quiet>}>
            {({ items }) => (
              <ul className="divide-y">
                {items.map((run) => (
                  <li key={run.id}>
                    <Link to="/runs/$run" params={{ run: run.id }} search={{}} className="grid grid-cols-[7.5rem_1fr_auto_6rem] items-center gap-3 px-4 py-1.5 hover:bg-sunken max-sm:grid-cols-[7.5rem_1fr_auto]">
                      <Status state={run.status} />
                      <span className="truncate font-medium">{run.workflow}</span>
                      <span className="text-small text-ink-soft"><Time at={run.createdAt} /></span>
                      <span className="text-right text-small text-ink-faint max-sm:hidden">{run.mode}</span>
                    </Link>
                  </li>
                ))}
              </ul>
            )}
          </Loaded>
        </Panel>
      </div>
    </Page>
  );
}

function add(...values: (number | null)[]): number | null {
  return values.some((value) => value === null) ? null : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** One figure, which leads to the runs that it counts. */
function Figure({ name, value, tone, status }: { name: string; value: number | null; tone?: string; status: RunStatus[] }) {
  return (
    <li className="border-r border-b last:border-r-0 max-md:even:border-r-0 max-md:last:col-span-2 max-md:last:border-b-0 md:border-b-0">
      <Link to="/runs" search={{ status }} className="flex flex-col px-4 py-3 hover:bg-sunken">
        <span className="text-small text-ink-soft">{name}</span>
        <span className={clsx("text-title font-semibold tabular-nums", value !== null && value > 0 ? tone : "text-ink-faint")}>{value === null ? "–" : count(value)}</span>
      </Link>
    </li>
  );
}

function Quiet({ children }: { children: ReactNode }) {
  return <p className="px-4 py-8 text-center text-ink-soft">{children}</p>;
}

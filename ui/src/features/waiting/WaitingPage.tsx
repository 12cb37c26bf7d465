import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Archive, CircleCheck, RotateCcw } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Refusal } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Page, Panel } from "@/kit/Page";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { Status } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { count, plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { byWorkflow } from "@/resource/runGroups";
import { faultOf } from "@/resource/runDetail";

type Verb = "redrive" | "discard" | "resolve";
const ADDRESS = { redrive: "/api/v1/dead/redrive", discard: "/api/v1/dead/discard", resolve: "/api/v1/dead/resolve" } as const;
const DONE: Record<Verb, string> = { redrive: "run again", discard: "put aside", resolve: "marked as dealt with" };

/** What waits for a person: runs that failed and nobody dealt with, runs that are held, paused, or wait for a signal. */
export function WaitingPage() {
  const client = useQueryClient();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const dead = useQuery({ queryKey: ["dead", "list"], queryFn: () => data(api.GET("/api/v1/dead", { params: { query: { limit: 200 } } })) });
  const held = useQuery({
    queryKey: ["runs", "held"],
    queryFn: () => data(api.GET("/api/v1/runs", { params: { query: { status: ["held", "paused", "waiting"], limit: 100 } } })),
  });
  const act = useMutation({
    mutationFn: ({ verb, runs, workflow }: { verb: Verb; runs: string[]; workflow?: string }) =>
      data(api.POST(ADDRESS[verb], { body: workflow === undefined ? { runs } : { runs, workflow } })),
    onSuccess: (bulk, { verb }) => {
      if (bulk.done > 0) toasts.done(`${plural(bulk.done, "run")} ${DONE[verb]}`);
      // Each entry is a run with its problem.
      const reason = bulk.refused[0]?.[1];
      if (typeof reason === "object") toasts.failed(`${plural(bulk.refused.length, "run")} refused`, new Refusal(reason));
      setChosen(new Set());
    },
    onError: (error) => { toasts.failed("Nothing was changed", error); },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["dead"] });
      void client.invalidateQueries({ queryKey: ["runs"] });
    },
  });
  const letters = dead.data?.items ?? [];
  const groups = byWorkflow(letters);
  const toggle = (runs: string[]): void => {
    const next = new Set(chosen);
    if (runs.every((run) => next.has(run))) runs.forEach((run) => next.delete(run));
    else runs.forEach((run) => next.add(run));
    setChosen(next);
  };
  return (
    <Page title="Waiting" lead="What failed and nobody dealt with, and what goes on only when somebody says so.">
      <div className="flex flex-col gap-6">
        <Panel
          flush
          title={`Dead letters${letters.length > 0 ? ` · ${count(letters.length)}${dead.data?.nextCursor == null ? "" : "+"}` : ""}`}
          actions={
            chosen.size > 0 ? (
              <span className="flex items-center gap-1.5">
                <span className="mr-1 text-small text-ink-soft">{plural(chosen.size, "run")} chosen</span>
                <Button look="primary" icon={<RotateCcw size={13} />} busy={act.isPending} onClick={() => { act.mutate({ verb: "redrive", runs: [...chosen] }); }}>Run again</Button>
                <Button icon={<CircleCheck size={13} />} onClick={() => { act.mutate({ verb: "resolve", runs: [...chosen] }); }}>Dealt with</Button>
                <Button icon={<Archive size={13} />} onClick={() => { act.mutate({ verb: "discard", runs: [...chosen] }); }}>Put aside</Button>
              </span>
            ) : undefined
          }
        >
          {dead.isPending ? (
            <Skeleton />
          ) : dead.isError ? (
            <Failure error={dead.error} retry={() => void dead.refetch()} />
          ) : letters.length === 0 ? (
            <Empty title="Nothing waits for you">A run that fails for good comes here, until somebody runs it again, puts it aside, or says that it was dealt with.</Empty>
          ) : (
            groups.map((group) => (
              <section key={group.workflow} aria-label={group.workflow} className="border-b last:border-0">
                <header className="flex items-center gap-3 bg-sunken/60 px-4 py-1.5">
                  <input type="checkbox" aria-label={`Choose all of ${group.workflow}`} className="size-4 accent-(--accent)" checked={group.runs.every((run) => chosen.has(run.id))} onChange={() => { toggle(group.runs.map((run) => run.id)); }} />
                  <Link to="/workflows/$name" params={{ name: group.workflow }} className="font-semibold hover:underline">{group.workflow}</Link>
                  <span className="text-small text-ink-soft">{plural(group.runs.length, "run")}</span>
                  <Button className="ml-auto" look="quiet" onClick={() => { if (confirm(`Run every dead letter of ${group.workflow} again, those that are not on this page included?`)) act.mutate({ verb: "redrive", runs: [], workflow: group.workflow }); }}>Run all of them again</Button>
                </header>
                <Table label={`Dead letters of ${group.workflow}`} head={<><Th><span className="sr-only">Choose</span></Th><Th>Failed</Th><Th>Why</Th></>}>
                  {group.runs.map((run) => (
                    <Tr key={run.id}>
                      <Td className="w-8"><input type="checkbox" aria-label={`Choose ${run.id}`} className="size-4 accent-(--accent)" checked={chosen.has(run.id)} onChange={() => { toggle([run.id]); }} /></Td>
                      <Td className="w-32 text-ink-soft"><Time at={run.endedAt ?? run.createdAt} /></Td>
                      <Td><Link to="/runs/$run" params={{ run: run.id }} search={{}} className="hover:underline">{faultOf(run.error)?.text ?? "It failed without saying why"}</Link></Td>
                    </Tr>
                  ))}
                </Table>
              </section>
            ))
          )}
        </Panel>
        <Panel flush title="Held, paused, waiting">
          {held.isPending ? (
            <Skeleton lines={3} />
          ) : held.isError ? (
            <Failure error={held.error} retry={() => void held.refetch()} />
          ) : held.data.items.length === 0 ? (
            <p className="px-4 py-6 text-center text-ink-soft">No run waits.</p>
          ) : (
            <Table label="Waiting runs" head={<><Th>Workflow</Th><Th>State</Th><Th>Begun</Th><Th>Goes on</Th></>}>
              {held.data.items.map((run) => (
                <Tr key={run.id}>
                  <Td><Link to="/runs/$run" params={{ run: run.id }} search={{}} className="font-medium hover:underline">{run.workflow}</Link></Td>
                  <Td><Status state={run.status} /></Td>
                  <Td className="text-ink-soft"><Time at={run.createdAt} /></Td>
                  <Td className="text-ink-soft">{run.wakeAt == null ? "when somebody says so" : <Time at={run.wakeAt} />}</Td>
                </Tr>
              ))}
            </Table>
          )}
        </Panel>
      </div>
    </Page>
  );
}

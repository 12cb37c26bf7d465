import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Play } from "lucide-react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { More, Unloaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { usePages } from "@/resource/pages";
import { WAITS, waitOf } from "@/resource/runGroups";

/** Runs that have not ended and do nothing now, by what would make them go on. */
export function Waits() {
  const client = useQueryClient();
  const list = usePages(["runs", "held"], (from) => data(api.GET("/api/v1/runs", { params: { query: { status: ["held", "paused", "waiting"], limit: 100, ...from } } })));
  const path = (run: string) => ({ params: { path: { run } } });
  const steer = useMutation({
    mutationFn: ({ run, verb }: { run: string; verb: "resume" | "pause"; undoes?: boolean }) => data(verb === "resume" ? api.POST("/api/v1/runs/{run}/resume", path(run)) : api.POST("/api/v1/runs/{run}/pause", path(run))),
    onSuccess: (_, { run, verb, undoes }) => {
      if (undoes === true) toasts.done("It is paused again");
      else toasts.done("It goes on", verb === "resume" ? () => { steer.mutate({ run, verb: "pause", undoes: true }); } : undefined);
    },
    onError: (error, { verb }) => { toasts.failed(verb === "resume" ? "It does not go on" : "It could not be paused again", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["runs"] }),
  });
  if (list.data === undefined) return <Panel flush title="Held, paused, waiting"><Unloaded of={list} lines={3} /></Panel>;
  const runs = list.data;
  if (runs.length === 0) return <Panel flush title="Held, paused, waiting"><p className="px-4 py-6 text-center text-ink-soft">No run waits.</p></Panel>;
  return (
    <>
      {WAITS.map(({ wait, name, about }) => {
        const of = runs.filter((run) => waitOf(run) === wait);
        if (of.length === 0) return null;
        return (
          <Panel key={wait} flush title={`${name} · ${String(of.length)}${list.hasNextPage ? "+" : ""}`}>
            <p className="border-b px-4 py-1.5 text-small text-ink-soft">{about}</p>
            <Table label={name} head={<><Th>Workflow</Th><Th>Begun</Th><Th className="text-right">{wait === "time" ? "Goes on" : <span className="sr-only">What to do</span>}</Th></>}>
              {of.map((run) => (
                <Tr key={run.id}>
                  <Td><Link to="/runs/$run" params={{ run: run.id }} search={{}} className="font-medium hover:underline">{run.workflow}</Link></Td>
                  <Td className="text-ink-soft"><Time at={run.createdAt} /></Td>
                  <Td className="text-right">
                    {wait === "held" || wait === "paused" ? (
                      <Button icon={<Play size={13} />} aria-label={`Resume ${run.id}`} onClick={() => { steer.mutate({ run: run.id, verb: "resume", undoes: false }); }}>Resume</Button>
                    ) : run.wakeAt != null ? (
                      <span className="text-ink-soft"><Time at={run.wakeAt} /></span>
                    ) : (
                      <Link to="/runs/$run" params={{ run: run.id }} search={{}} className="text-accent hover:underline">Look at it</Link>
                    )}
                  </Td>
                </Tr>
              ))}
            </Table>
          </Panel>
        );
      })}
      <More of={list} />
    </>
  );
}

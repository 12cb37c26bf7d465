import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Problem } from "@/api/problem";
import type { components } from "@/api/schema";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";

export type Verb = "redrive" | "discard" | "resolve" | "reopen";
export type Choice = Partial<components["schemas"]["Choice"]>;

/** Runs that the server did not do it to, with its reason. */
export interface Refused {
  verb: Verb;
  runs: { run: string; problem: Problem }[];
}

const ADDRESS = { redrive: "/api/v1/dead/redrive", discard: "/api/v1/dead/discard", resolve: "/api/v1/dead/resolve", reopen: "/api/v1/dead/reopen" } as const;
const DONE: Record<Verb, string> = { redrive: "run again", discard: "put aside", resolve: "marked as dealt with", reopen: "open again" };

/** Deals with dead letters, many at once. What is refused is told run by run; what only moves them can be taken back. */
export function useDead(onDone: () => void, onRefused: (refused: Refused) => void) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: ({ verb, choice }: { verb: Verb; choice: Choice }) => data(api.POST(ADDRESS[verb], { body: choice })),
    onSuccess: (bulk, { verb, choice }) => {
      // Each entry is a run with its problem.
      const runs = (bulk.refused as unknown as [string, Problem][]).map(([run, problem]) => ({ run, problem }));
      if (bulk.done > 0 || runs.length === 0) toasts.done(`${plural(bulk.done, "run")} ${DONE[verb]}`, wayBack(verb, choice, runs));
      if (runs.length > 0) onRefused({ verb, runs });
      onDone();
    },
    onError: (error) => { toasts.failed("Nothing was changed", error); },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["dead"] });
      void client.invalidateQueries({ queryKey: ["runs"] });
    },
  });
  const wayBack = (verb: Verb, { runs = [] }: Choice, refused: Refused["runs"]): (() => void) | undefined => {
    const moved = runs.filter((run) => refused.every((one) => one.run !== run));
    return (verb === "discard" || verb === "resolve") && moved.length > 0 ? () => { act.mutate({ verb: "reopen", choice: { runs: moved } }); } : undefined;
  };
  return act;
}

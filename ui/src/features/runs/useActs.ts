//! What can be done to a run, each with the words for when it is done and when it was refused.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { toasts } from "@/kit/toasts";

export type RetryOptions = Partial<components["schemas"]["RetryOptions"]>;
export type Settle = components["schemas"]["Settle"];

export interface Acts {
  busy: boolean;
  /** Goes on in place, or begins a new run that is shown then. */
  retry: (done: string, options: RetryOptions) => void;
  steer: (done: string, verb: "cancel" | "pause" | "resume") => void;
  settle: (step: number, decision: Settle) => void;
  signal: (name: string, payload: unknown) => void;
}

export function useActs(run: string): Acts {
  const client = useQueryClient();
  const navigate = useNavigate();
  const path = { params: { path: { run } } };
  const act = useMutation({
    mutationFn: (what: { done: string; refused: string; call: () => Promise<unknown> }) => what.call(),
    onSuccess: (answer, what) => {
      const started = typeof answer === "object" && answer !== null && "run" in answer ? String(answer.run) : run;
      toasts.done(what.done);
      if (started !== run) void navigate({ to: "/runs/$run", params: { run: started }, search: ({ view }) => (view === undefined ? {} : { view }) });
    },
    onError: (error, what) => { toasts.failed(what.refused, error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["run", run] }),
  });
  const steering = { cancel: "/api/v1/runs/{run}/cancel", pause: "/api/v1/runs/{run}/pause", resume: "/api/v1/runs/{run}/resume" } as const;
  return {
    busy: act.isPending,
    retry: (done, body) => { act.mutate({ done, refused: "It was not run again", call: () => data(api.POST("/api/v1/runs/{run}/retry", { ...path, body })) }); },
    steer: (done, verb) => { act.mutate({ done, refused: `The server does not ${verb} it`, call: () => data(api.POST(steering[verb], path)) }); },
    settle: (step, body) => {
      act.mutate({ done: "The call is decided", refused: "The call was not decided", call: () => data(api.POST("/api/v1/runs/{run}/steps/{step}/settle", { params: { path: { run, step: String(step) } }, body })) });
    },
    signal: (name, payload) => { act.mutate({ done: `Signal ${name} sent`, refused: "The signal was not sent", call: () => data(api.POST("/api/v1/runs/{run}/signals", { ...path, body: { name, payload } })) }); },
  };
}

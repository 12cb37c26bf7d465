import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";

import { HOLDS, holdOf, type Hold } from "./health";

const keyOf = (name: string) => ["connection", name, "health"];

/** How the calls with a connection go. No event tells of it, so it is asked for again and again. */
export function useHealth(name: string, every: number) {
  return useQuery({
    queryKey: keyOf(name),
    queryFn: () => data(api.GET("/api/v1/connections/{name}/health", { params: { path: { name } } })),
    refetchInterval: every,
  });
}

/** Takes the breaker into one's hand, or gives it back; what was before can be had again. */
export function useBreaker(name: string) {
  const client = useQueryClient();
  const set = useMutation({
    mutationFn: ({ to }: { to: Hold; before?: Hold }) => data(api.POST("/api/v1/connections/{name}/breaker", { params: { path: { name } }, body: { breaker: to } })),
    onSuccess: (calls, { before }) => {
      client.setQueryData(keyOf(name), calls);
      const done = HOLDS.find(({ value }) => value === holdOf(calls))?.done ?? "Done";
      toasts.done(done, before === undefined ? undefined : () => { set.mutate({ to: before }); });
    },
    onError: (error) => { toasts.failed("The breaker stays as it is", error); },
  });
  return set;
}

/** Forgets the answers that are kept in memory. */
export function useForget(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => data(api.POST("/api/v1/connections/{name}/forget-answers", { params: { path: { name } }, body: {} })),
    onSuccess: ({ count }) => { toasts.done(count === 0 ? "No answer was kept any more" : `${plural(count, "answer")} ${count === 1 ? "is" : "are"} forgotten`); },
    onError: (error) => { toasts.failed("The answers are still kept", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: keyOf(name) }),
  });
}

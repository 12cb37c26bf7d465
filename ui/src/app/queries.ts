import { QueryCache, QueryClient } from "@tanstack/react-query";

import { OFFLINE, Refusal } from "@/api/problem";

/** Nobody answered who knows: the network, or a proxy whose server is away. */
export function isAway(error: unknown): boolean {
  return error instanceof Refusal && (error.problem.code === OFFLINE || /^http-5/.test(error.problem.code));
}

/** The cache of what the server has said. */
export function makeClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        // While the server is away what it said last is shown, and a line above the page says that it may be old. To show
        // the failure in its place would take the page away, with what somebody was typing in it.
        if (isAway(error) && query.state.data !== undefined) query.setState({ status: "success", error: null });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // The browser's word about the network is not the last one: the server may be on the same machine.
        networkMode: "always",
        // What the server has refused it refuses again; only a lost connection is worth another try.
        retry: (tries, error) => isAway(error) && tries < 3,
      },
      // What cannot be sent now is refused now. To keep it and to send it some time later would surprise.
      mutations: { networkMode: "always" },
    },
  });
}

//! The steps of a run as the page needs them: what is in sight is read, and what may have changed is read again.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";

import { api, data } from "@/api/client";
import type { Run } from "@/resource/runDetail";
import { FIRST, hasEnded, merged, stale, type Steps, type Window } from "@/resource/runSteps";

/**
 * News come for what this server did. What another one of a cluster did is not told, so a run that goes on is looked at
 * now and then as well.
 */
const LOOK = 5_000;

async function read(run: string, { from, limit }: Window): Promise<Run> {
  return data(api.GET("/api/v1/runs/{run}", { params: { path: { run }, query: { from, limit } } }));
}

export function useSteps(run: string) {
  const client = useQueryClient();
  const key = useMemo(() => ["run", run, "steps"] as const, [run]);
  const query = useQuery<Steps>({
    queryKey: key,
    queryFn: async () => {
      const before = client.getQueryData<Steps>(key);
      const windows = before === undefined ? [FIRST] : stale(before);
      const answers = await Promise.all(windows.map(async (window) => ({ window, answer: await read(run, window) })));
      // What was read in the meantime, further down the list, is in there already.
      const known = answers.reduce((now, { window, answer }) => merged(now, answer, window), client.getQueryData<Steps>(key));
      if (known === undefined) throw new Error("a run was read and nothing came");
      return known;
    },
    // Steps that are as they were are the same objects already.
    structuralSharing: false,
    refetchInterval: ({ state }) => (state.data !== undefined && !hasEnded(state.data.head) ? LOOK : false),
  });
  const asked = useRef(new Map<number, Promise<Steps | undefined>>());
  /** Reads steps that were not read yet; who asks for what is on its way already waits for the same answer. */
  const load = useCallback(
    (window: Window): Promise<Steps | undefined> => {
      const under = asked.current.get(window.from);
      if (under !== undefined) return under;
      const answer = read(run, window)
        .then((answer) =>
          client.setQueryData<Steps>(key, (now) => {
            const known = merged(now, answer, window);
            // The run's own state is told by the last look for it, and not by whichever page comes late.
            return now === undefined ? known : { ...known, head: now.head };
          }),
        )
        .finally(() => asked.current.delete(window.from));
      asked.current.set(window.from, answer);
      return answer;
    },
    [client, key, run],
  );
  return { query, load };
}

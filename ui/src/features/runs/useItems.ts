import { useInfiniteQuery } from "@tanstack/react-query";

import { api, data } from "@/api/client";

/** The first look is short. Who goes on wants many, and each answer costs the server as much as a long one. */
const FIRST = 50;
const MORE = 500;
/** As many as the server gives at once. */
const MOST = 1_000;

async function read(run: string, step: number, port: number, offset: number, limit: number) {
  return data(api.GET("/api/v1/runs/{run}/steps/{step}/items", { params: { path: { run, step: String(step) }, query: { port, offset, limit } } }));
}

/** The items that a step put out at a port, a page at a time. */
export function useItems(run: string, step: number, port: number) {
  return useInfiniteQuery({
    // What a step has put out never changes, so news of its run are no reason to read it again.
    queryKey: ["items", run, step, port],
    staleTime: Infinity,
    queryFn: ({ pageParam }) => read(run, step, port, pageParam, pageParam === 0 ? FIRST : MORE),
    initialPageParam: 0,
    getNextPageParam: (last, all) => {
      const seen = all.reduce((sum, page) => sum + page.items.length, 0);
      return seen < last.total && last.items.length > 0 ? seen : undefined;
    },
  });
}

/** All items that the server shows, for a file. */
export async function allItems(run: string, step: number, port: number): Promise<unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    const page = await read(run, step, port, all.length, MOST);
    all.push(...page.items);
    if (page.items.length === 0 || all.length >= page.total) return all;
  }
}

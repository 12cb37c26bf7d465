//! Views of the run list: filters with a name. Everybody has their own; the server keeps them.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api, data } from "@/api/client";

import { runFilter, type RunFilter } from "./runFilter";

export interface RunView {
  name: string;
  filter: RunFilter;
}

/** Those that everybody has. */
export const BUILT_IN: readonly RunView[] = [
  { name: "All", filter: {} },
  { name: "Failed", filter: { status: ["failed"] } },
  { name: "Running", filter: { status: ["running"] } },
  { name: "Waiting", filter: { status: ["waiting", "paused", "held"] } },
];

const LONGEST = 60;
const MOST = 50;

export const runViews = {
  /** Reads what was kept. What another release has written and this one does not know is left out. */
  read(kept: unknown): RunView[] {
    if (!Array.isArray(kept)) return [];
    return kept.flatMap((one: unknown): RunView[] => {
      if (typeof one !== "object" || one === null || !("name" in one) || typeof one.name !== "string" || one.name === "") return [];
      const filter = "filter" in one && typeof one.filter === "object" && one.filter !== null ? runFilter.read(one.filter as Record<string, unknown>) : {};
      return [{ name: one.name, filter }];
    });
  },

  /** Why a view cannot have this name; none when it can. `of` is the one that is renamed. */
  refuses(views: readonly RunView[], name: string, of?: string): string | undefined {
    const wanted = name.trim().toLowerCase();
    if (wanted === "") return "Give it a name first";
    if (wanted.length > LONGEST) return `A name has at most ${String(LONGEST)} letters`;
    if ([...BUILT_IN, ...views].some((view) => view.name !== of && view.name.toLowerCase() === wanted)) return "A view is called like that already";
    return of === undefined && views.length >= MOST ? `There are ${String(MOST)} views; delete one first` : undefined;
  },

  /** With a view under a name, in the place of `old` when that is there. */
  put(views: readonly RunView[], view: RunView, old: string = view.name): RunView[] {
    return views.some(({ name }) => name === old) ? views.map((known) => (known.name === old ? view : known)) : [...views, view];
  },

  without(views: readonly RunView[], name: string): RunView[] {
    return views.filter((view) => view.name !== name);
  },
};

const KEY = ["preferences", "runs.views"];
const path = { params: { path: { key: "runs.views" } } };

async function load(): Promise<RunView[]> {
  return runViews.read(await data(api.GET("/api/v1/me/preferences/{key}", path)));
}

/** The views of whoever is signed in, and the way to change them. */
export function useRunViews(enabled = true) {
  const client = useQueryClient();
  const list = useQuery({ queryKey: KEY, queryFn: load, staleTime: 60_000, enabled });
  const change = useMutation({
    // They are read again first: another tab may have changed them meanwhile.
    mutationFn: async (to: (views: readonly RunView[]) => RunView[]) => {
      const views = to(await load());
      await data(api.PUT("/api/v1/me/preferences/{key}", { ...path, body: views }));
      return views;
    },
    onSuccess: (views) => { client.setQueryData(KEY, views); },
  });
  return { list, change };
}

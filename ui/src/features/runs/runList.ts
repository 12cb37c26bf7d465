//! The list of runs as it is read: page by page, and begun with what is known already.

import type { QueryClient } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { pagesOf, type Pages } from "@/resource/pages";
import { runFilter, type RunFilter } from "@/resource/runFilter";

export type Summary = components["schemas"]["RunSummary"];

export const PAGE = 100;

export const runList = {
  /** How the list of a filter is read. */
  of(filter: RunFilter) {
    return pagesOf<Summary>(["runs", "list", filter], (from) => data(api.GET("/api/v1/runs", { params: { query: { ...runFilter.query(filter, Date.now()), limit: PAGE, ...from } } })));
  },

  /**
   * The beginning of a list, as far as it is known already: a wider list that was read from its top has all of the same
   * runs. It is shown until the server has answered.
   */
  beginning(client: QueryClient, filter: RunFilter): Pages<Summary> | undefined {
    const asked = runFilter.query(filter, Date.now());
    let most: Summary[] = [];
    for (const query of client.getQueryCache().findAll({ queryKey: ["runs", "list"] })) {
      const wide = runFilter.query(query.queryKey[2] as RunFilter, Date.now());
      const known = query.state.data as Pages<Summary> | undefined;
      if (known === undefined || !runFilter.isWithin(asked, wide)) continue;
      const items = known.pages.flatMap((page) => page.items.filter((run) => runFilter.isMet(asked, run)));
      if (items.length > most.length) most = items;
    }
    return most.length === 0 ? undefined : { pages: [{ items: most }], pageParams: [null] };
  },
};

import { useQuery } from "@tanstack/react-query";

import { api, data } from "@/api/client";

import { rootOf, type Schema } from "./schema";

/** The schema of a kind's spec, as the server has it. */
export function useKind(kind: string) {
  return useQuery({
    queryKey: ["kinds"],
    queryFn: () => data(api.GET("/api/v1/kinds")),
    staleTime: Infinity,
    select: (page) => rootOf((page.items.find((known) => known.name === kind)?.schema ?? {}) as Schema),
  });
}

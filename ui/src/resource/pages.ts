import { infiniteQueryOptions, useInfiniteQuery, type InfiniteData, type QueryKey } from "@tanstack/react-query";

export interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}
export type Pages<T> = InfiniteData<Page<T>, string | null>;

/** All that was read is read anew with news, so there is an end to it; who looks for more asks for less. */
export const MOST_PAGES = 50;

/** How a list is read a page at a time. `read` gets what says where a page begins, to be put among the other words of the query. */
export function pagesOf<T>(queryKey: QueryKey, read: (from: { cursor?: string }) => Promise<Page<T>>) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam }) => read(pageParam === null ? {} : { cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (last: Page<T>, all: Page<T>[]) => (all.length < MOST_PAGES ? (last.nextCursor ?? null) : null),
    select: joined<T>,
  });
}

/** A list that the server gives a page at a time, as one list of what was read of it. */
export function usePages<T>(queryKey: QueryKey, read: (from: { cursor?: string }) => Promise<Page<T>>) {
  return useInfiniteQuery(pagesOf(queryKey, read));
}

function joined<T>({ pages }: InfiniteData<Page<T>>): T[] {
  return pages.flatMap(({ items }) => items);
}

import { useInfiniteQuery, type InfiniteData, type QueryKey } from "@tanstack/react-query";

interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}

/** All that was read is read anew with news, so there is an end to it; who looks for more asks for less. */
export const MOST_PAGES = 50;

/**
 * A list that the server gives a page at a time, as one list of what was read of it. `read` gets what says where a page
 * begins, to be put among the other words of the query.
 */
export function usePages<T>(queryKey: QueryKey, read: (from: { cursor?: string }) => Promise<Page<T>>) {
  return useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => read(pageParam === null ? {} : { cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (last, all) => (all.length < MOST_PAGES ? (last.nextCursor ?? null) : null),
    select: joined<T>,
  });
}

function joined<T>({ pages }: InfiniteData<Page<T>>): T[] {
  return pages.flatMap(({ items }) => items);
}

import { useInfiniteQuery } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Delivery } from "@/resource/deliveries";
import { pagesOf } from "@/resource/pages";

import { deliveryFilter, type DeliveryFilter } from "@/resource/deliveryFilter";
import { AGAIN } from "./queries";

const PAGE = 50;
/** Who has read that far looks for something old, and does not want the list to move. */
const LIVE_PAGES = 2;

/** How the deliveries of a filter are read. */
function listOf(filter: DeliveryFilter) {
  return pagesOf<Delivery>(["delivery", "list", filter], (from) => data(api.GET("/api/v1/deliveries", { params: { query: { ...deliveryFilter.query(filter, Date.now()), limit: PAGE, ...from } } })));
}

/** Deliveries page by page; the beginning of the list stays up to date by itself. */
export function useDeliveries(filter: DeliveryFilter) {
  return useInfiniteQuery({ ...listOf(filter), refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= LIVE_PAGES ? AGAIN : false) });
}

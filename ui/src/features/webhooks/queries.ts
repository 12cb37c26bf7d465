import { useQuery } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { isNamed } from "@/resource/eventChoice";
import type { EventTypeSpec, KnownEvent, SubscriberSpec } from "@/resource/subscribers";

/** How often is looked again at what no news tells of: deliveries, and how subscribers are. */
export const AGAIN = 4_000;
/** The same for all subscribers at once, of which each is counted. */
export const ALL_AGAIN = 10_000;
const ALL = 1000;

export function useEventTypes() {
  return useQuery({ queryKey: ["event-type", "list"], queryFn: () => data(api.GET("/api/v1/event-types", { params: { query: { limit: ALL } } })) });
}

export function useSubscribers() {
  return useQuery({ queryKey: ["subscriber", "list"], queryFn: () => data(api.GET("/api/v1/subscribers", { params: { query: { limit: ALL } } })) });
}

/** Event types as those see them who choose among them. */
export function knownEvents(types: readonly { name: string; spec: unknown }[] | undefined): KnownEvent[] {
  return (types ?? []).map(({ name, spec }) => ({ ...(spec as EventTypeSpec), name }));
}

/** Subscribers that hear of an event of everybody's. */
export function hearers(subscribers: readonly { name: string; spec: unknown }[], event: string): string[] {
  return subscribers
    .filter(({ spec }) => {
      const { events } = spec as SubscriberSpec;
      return events === undefined || events.length === 0 || isNamed(events, event);
    })
    .map(({ name }) => name);
}

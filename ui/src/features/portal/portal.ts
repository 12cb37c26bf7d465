import { createContext, use } from "react";

import type { components } from "@/api/schema";

import type { Door } from "./door";

export type Portal = components["schemas"]["Portal"];
export type PortalSubscriber = components["schemas"]["PortalSubscriber"];

/** What every part of the portal needs. */
export interface Visit {
  door: Door;
  /** Why nothing can be changed. */
  refused: string | undefined;
}

export const VisitContext = createContext<Visit | null>(null);

export function useVisit(): Visit {
  const visit = use(VisitContext);
  if (visit === null) throw new Error("nobody visits the portal");
  return visit;
}

/** Why nothing can be changed by those who may only look. */
export const NO_RIGHT = "This link only lets you look";

/** How often is looked again what became of messages: nothing tells customers of news. */
export const AGAIN = 5_000;
/** How often is looked again at everything, which has the whole catalogue with it. */
export const ALL_AGAIN = 15_000;

//! Asking for a node: where it is to stand, and what it is to be joined to.

import { createContext } from "react";

import type { Edge } from "./graph/document";

export interface Asked {
  /** Where the new node is to stand. */
  readonly at: readonly [number, number];
  /** The output that it is to follow. */
  readonly after?: { readonly from: string; readonly output: number };
  /** The edge that it is to stand on. */
  readonly edge?: Edge;
}

/** Nothing where the document is only looked at: what would ask for a node, or change one, is not there then. */
export const AskContext = createContext<((asked: Asked) => void) | null>(null);

//! From afar no text can be read, and hundreds of cards are in sight: they are drawn as boxes then.

import { createContext } from "react";

export function isFar(state: { readonly transform: readonly [number, number, number] }): boolean {
  return state.transform[2] < 0.35;
}

/** The canvas asks once per frame; hundreds of cards and edges only hear of a change. */
export const FarContext = createContext(false);

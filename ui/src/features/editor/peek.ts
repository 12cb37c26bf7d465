//! How a part of the editor asks to look into another workflow without leaving this one.

import { createContext } from "react";

/** Shows a workflow over this one. The path is the workflows that lead there, this one left out; empty closes it. */
export type Peek = (path: readonly string[]) => void;

export const PeekContext = createContext<Peek | undefined>(undefined);

/** The path as it stands in an address. No name of a workflow has a slash. */
export function pathOf(text: string | undefined): readonly string[] {
  return (text ?? "").split("/").filter((name) => /^[a-z0-9][a-z0-9._-]{0,127}$/.test(name)).slice(0, 16);
}

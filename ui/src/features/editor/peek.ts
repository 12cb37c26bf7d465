//! How a part of the editor asks to look into another workflow without leaving this one.

import { createContext } from "react";

/** Shows a workflow over this one. The path is the workflows that lead there, this one left out; empty closes it. */
export type Peek = (path: readonly string[]) => void;

export const PeekContext = createContext<Peek | undefined>(undefined);

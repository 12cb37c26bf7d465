//! What an expression comes to, asked from the server while it is written: what JavaScript says is only known there.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { createContext, use, useEffect, useState } from "react";

import { brief, preview, type Preview, type RunData } from "../../../canvas/graph/completion";
import type { Json } from "../../../canvas/graph/json";
import { CallError, type Tried } from "../calls";
import { RunContext } from "../run";

/** The node whose form it is, and the item that previews are made for. */
export interface FormNode {
  readonly node: string;
  readonly item: number;
}
export const FormNodeContext = createContext<FormNode | undefined>(undefined);

/** Pause in typing after which the server is asked. */
const PAUSE = 350;

export interface Fault {
  readonly detail: string;
  /** Place in the expression, where it is known; the `=` in front counts. */
  readonly from?: number;
  readonly to?: number;
  /** It keeps the expression from having a value. */
  readonly stops: boolean;
}

export interface Shown {
  readonly is: "value" | "missing" | "unknown";
  readonly text: string;
  readonly faults: readonly Fault[];
}

export function useTried(expression: string, data: RunData): Shown {
  const { calls, run, workflow } = use(RunContext);
  const at = use(FormNodeContext);
  const [settled, setSettled] = useState(expression);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(expression), PAUSE);
    return () => clearTimeout(timer);
  }, [expression]);
  const asked = useQuery({
    queryKey: ["editor-tried", workflow, at?.node, at?.item, run?.id, run?.status, settled],
    queryFn: async () => {
      try {
        return { of: settled, tried: await calls?.tryExpression(workflow, { node: at?.node ?? "", expression: settled, item: at?.item ?? 0 }) };
      } catch (error) {
        // A node that is not saved yet, or data that is gone: what is known here is shown instead.
        if (error instanceof CallError && error.status < 500) return { of: settled, tried: undefined };
        throw error;
      }
    },
    enabled: calls !== undefined && at !== undefined && workflow !== "" && settled.includes("{{"),
    placeholderData: keepPreviousData,
    retry: false,
    // Pinned items may change without a run.
    staleTime: 2_000,
  });
  const answer = asked.data?.of === expression ? asked.data.tried : undefined;
  return shownOf(expression, answer, preview(expression, data), data.input !== undefined);
}

/** What is shown of an expression: the server's answer, and until it has come what can be told without JavaScript. */
export function shownOf(expression: string, tried: Tried | undefined, local: Preview, hasInput: boolean): Shown {
  if (expression.split("{{").length !== expression.split("}}").length) return { is: "missing", text: "`{{` and `}}` do not match", faults: [] };
  if (tried?.error) {
    const { detail, hint, from, to } = tried.error;
    // Without data there is no fault to speak of: nothing has run yet.
    if (tried.items === 0 && !hasInput) return { is: "unknown", text: "run the nodes before it to see the value", faults: [] };
    return { is: "missing", text: hint ? `${detail} – ${hint}` : detail, faults: [{ detail, stops: true, ...(typeof from === "number" ? { from } : {}), ...(typeof to === "number" ? { to } : {}) }] };
  }
  if (tried) {
    const notes = tried.notes ?? [];
    const faults = notes.map((detail) => ({ detail, stops: false }));
    const missing = local.is === "missing" ? `there is no field \`${local.what}\`` : undefined;
    if (tried.value === undefined) return { is: "missing", text: notes[0] ?? missing ?? "it has no value (undefined)", faults };
    const value = brief(tried.value as Json);
    return notes.length > 0 ? { is: "missing", text: `${value} – ${notes[0] ?? ""}`, faults } : { is: "value", text: value, faults };
  }
  if (local.is === "value") return { is: "value", text: brief(local.value), faults: [] };
  if (local.is === "missing") return { is: "missing", text: `there is no field \`${local.what}\` in the last run's data`, faults: [] };
  return { is: "unknown", text: hasInput ? "…" : "run the nodes before it to see the value", faults: [] };
}

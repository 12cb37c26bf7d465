//! The run that the editor shows: its live state at the nodes, and its data for panels, completion and previews.

import { useQueries } from "@tanstack/react-query";
import { createContext, use, useMemo } from "react";

import type { Workflow } from "../../canvas/graph/document";
import type { RunData } from "../../canvas/graph/completion";
import { isObject, type Json } from "../../canvas/graph/json";
import { upstream } from "../../canvas/graph/reach";
import type { EditorStore, NodeState, StepStatus } from "../../canvas/store";
import type { Calls, Run, Step } from "./calls";
import { firstOutputOf, here, inputOf, outputOf, pageQuery, type Source } from "./items";

export const ENDED = new Set(["completed", "failed", "canceled"]);

export function statesOf(run: Run): ReadonlyMap<string, NodeState> {
  const states = new Map<string, NodeState>();
  for (const step of run.steps) {
    const before = states.get(step.node);
    const error = errorText(step.error);
    states.set(step.node, {
      status: step.status as StepStatus,
      counts: step.outputCounts.map((count, port) => count + (before?.counts?.[port] ?? 0)),
      times: (before?.times ?? 0) + 1,
      micros: (before?.micros ?? 0) + (step.durationMicros ?? 0),
      ...(error === undefined ? {} : { error }),
    });
  }
  return states;
}

export function errorText(error: Json | undefined): string | undefined {
  if (error === undefined || error === null) return undefined;
  if (typeof error === "string") return error;
  if (!isObject(error)) return JSON.stringify(error);
  // A failed attempt wraps the problem that it met.
  const inner = error["problem"] ?? error["Problem"];
  if (isObject(inner)) return errorText(inner);
  const said = error["detail"] ?? error["message"];
  return typeof said === "string" ? said : JSON.stringify(error);
}

/** Follows a run to its end. News only says "look again": what is shown is always the run as the server tells it. */
export async function follow(run: string, calls: Calls, store: EditorStore, onRun: (run: Run) => void, signal: AbortSignal): Promise<Run> {
  let asked: Promise<void> | undefined;
  let again = false;
  const look = async (): Promise<void> => {
    do {
      again = false;
      const now = await calls.showRun(run);
      store.setStates(statesOf(now));
      onRun(now);
    } while (again);
    asked = undefined;
  };
  const news = () => {
    if (asked) again = true;
    else asked = look();
  };
  await calls.watchRun(run, news, signal);
  await asked;
  const last = await calls.showRun(run);
  store.setStates(statesOf(last));
  onRun(last);
  return last;
}

/** The last step of a node that put something out, or that at least ran. */
export function stepOf(run: Run | undefined, node: string): Step | undefined {
  const steps = run?.steps.filter((step) => step.node === node) ?? [];
  return steps.findLast((step) => step.outputCounts.some((count) => count > 0)) ?? steps.at(-1);
}

export const RunContext = createContext<{ readonly run: Run | undefined; readonly variables: RunData["variables"]; readonly calls: Calls | undefined; /** Name of the workflow that is edited. */ readonly workflow: string; /** Lets the draft listen for one test event, and tells when it does. */ readonly listen?: (onReady: () => void) => Promise<void> }>({ run: undefined, variables: [], calls: undefined, workflow: "" });

/** Nodes before the opened one whose items are fetched for completion and previews; further ones are fetched when chosen. */
const NEAR = 16;

export interface NodeData extends RunData {
  /** All of what comes in, of which `input` is the first page. */
  readonly incoming: Source | undefined;
  /** All of what each node put out. */
  readonly sources: ReadonlyMap<string, Source>;
}

/** What expressions of a node see: pinned items, then the last run's. */
export function useRunData(document: Workflow, name: string): NodeData {
  const { run, variables, calls } = use(RunContext);
  const plan = useMemo(() => {
    const before = upstream(document, name);
    const sources = new Map<string, Source>();
    for (const node of document.nodes) {
      const source = node.pinned ? here(node.pinned) : firstOutputOf(run, stepOf(run, node.name));
      if (source) sources.set(node.name, source);
    }
    const edge = document.edges?.find((other) => other.to === name && other.attachment === undefined);
    const source = edge && document.nodes.find((node) => node.name === edge.from);
    const own = inputOf(run, stepOf(run, name), 0);
    const led = edge && (outputOf(run, stepOf(run, edge.from), edge.output ?? 0) ?? sources.get(edge.from));
    const incoming = source?.pinned ? here(source.pinned) : own && own.count > 0 ? own : led;
    const near = before.filter((one) => sources.has(one)).slice(0, NEAR);
    return { before, sources, incoming, near };
  }, [document, name, run]);
  const wanted = [plan.incoming, ...plan.near.map((one) => plan.sources.get(one))];
  const pages = useQueries({
    queries: calls ? wanted.map((source) => pageQuery(calls, source, 0)) : [],
    combine: firstPages,
  });
  return useMemo(() => {
    const itemsOf = (source: Source | undefined, index: number) => (source?.is === "here" ? source.items : pages[index]);
    const outputs = new Map<string, readonly Json[]>();
    plan.near.forEach((one, index) => {
      const items = itemsOf(plan.sources.get(one), index + 1);
      if (items) outputs.set(one, items);
    });
    return { input: itemsOf(plan.incoming, 0), outputs, upstream: plan.before, variables, incoming: plan.incoming, sources: plan.sources };
  }, [plan, pages, variables]);
}

function firstPages(results: readonly { readonly data: readonly Json[] | undefined }[]): readonly (readonly Json[] | undefined)[] {
  return results.map((result) => result.data);
}

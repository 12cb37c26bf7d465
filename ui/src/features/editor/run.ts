//! The run that the editor shows: its live state at the nodes, and its data for panels, completion and previews.

import { createContext, use, useMemo } from "react";

import type { Workflow } from "../../canvas/graph/document";
import type { RunData } from "../../canvas/graph/completion";
import { isObject, type Json } from "../../canvas/graph/json";
import { upstream } from "../../canvas/graph/reach";
import type { EditorStore, NodeState, StepStatus } from "../../canvas/store";
import type { Calls, Run, Step } from "./calls";

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

export function inputsOf(run: Run | undefined, node: string): readonly (readonly Json[])[] {
  const step = stepOf(run, node);
  if (!run || !step) return [];
  return step.inputs.map((sources) =>
    sources.flatMap((source) => run.steps.find((other) => other.step === source.step)?.outputs?.[source.output] ?? []),
  );
}

export const RunContext = createContext<{ readonly run: Run | undefined; readonly variables: RunData["variables"] }>({ run: undefined, variables: [] });

/** What expressions of a node see: pinned items, then the last run's. */
export function useRunData(document: Workflow, name: string): RunData {
  const { run, variables } = use(RunContext);
  return useMemo(() => {
    const outputs = new Map<string, readonly Json[]>();
    for (const node of document.nodes) {
      const items = node.pinned ?? stepOf(run, node.name)?.outputs?.find((port) => port.length > 0);
      if (items) outputs.set(node.name, items);
    }
    const before = upstream(document, name);
    const edge = document.edges?.find((other) => other.to === name && other.attachment === undefined);
    const own = inputsOf(run, name)[0];
    const source = edge && document.nodes.find((node) => node.name === edge.from);
    const stepItems = edge && stepOf(run, edge.from)?.outputs?.[edge.output ?? 0];
    const input = source?.pinned ?? (own && own.length > 0 ? own : (stepItems ?? (edge ? outputs.get(edge.from) : undefined)));
    return { input, outputs, upstream: before, variables };
  }, [document, name, run, variables]);
}

//! A run's steps gathered by the node that they are of.

import type { NodeState, StepStatus } from "@/canvas/store";
import { faultOf, type Step } from "./runDetail";

/** While one step of a node is in one of these, the node is, whatever became of the others. */
const GOING: StepStatus[] = ["running", "waiting", "scheduled"];

/**
 * What each node has come to. A node of many laps is as its last one, but one that works or waits in any lap does so.
 * Of a run that has ended, nodes without a step were not reached.
 */
export function nodeStates(rows: readonly (Step | undefined)[], nodes: readonly string[], ended: boolean): ReadonlyMap<string, NodeState> {
  const states = new Map<string, Mutable>();
  for (const step of rows) {
    if (step === undefined) continue;
    let state = states.get(step.node);
    if (state === undefined) {
      state = { status: "scheduled", counts: [], times: 0, micros: 0 };
      states.set(step.node, state);
    }
    const status = step.status as StepStatus;
    const going = GOING.find((one) => one === state.status || one === status);
    state.status = state.times > 0 && going !== undefined ? going : status;
    state.times += 1;
    state.micros += step.durationMicros ?? 0;
    step.outputCounts.forEach((count, port) => { state.counts[port] = (state.counts[port] ?? 0) + count; });
    const fault = faultOf(step.error);
    if (fault !== null && status !== "completed") state.error = fault.text;
    else delete state.error;
  }
  if (ended) nodes.filter((name) => !states.has(name)).forEach((name) => states.set(name, { status: "skipped", counts: [], times: 0, micros: 0 }));
  return states;
}

type Mutable = { status: StepStatus; counts: number[]; times: number; micros: number; error?: string };

/** The step of a node that is shown first: the one that failed, or is under way, or else the last. */
export function stepOfNode(rows: readonly (Step | undefined)[], node: string): Step | undefined {
  const steps = rows.filter((step) => step?.node === node);
  return steps.findLast((step) => step?.status === "failed") ?? steps.find((step) => step !== undefined && step.status !== "completed") ?? steps.at(-1);
}

/** A step among those of its node, in the order in which they began. */
export interface Lap {
  /** Which one it is, counted from 1. */
  number: number;
  of: number;
  previous: number | undefined;
  next: number | undefined;
}

export function lapOf(rows: readonly (Step | undefined)[], of: Step): Lap {
  const laps = rows.flatMap((step) => (step?.node === of.node ? [step.step] : []));
  const at = laps.indexOf(of.step);
  return { number: at + 1, of: laps.length, previous: laps[at - 1], next: laps[at + 1] };
}

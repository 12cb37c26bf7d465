//! Which ways of running again the server takes for a run, so that the others say why not before they are tried.

import type { Step } from "./runDetail";
import type { Lap } from "./runGraph";
import type { RunHead } from "./runSteps";

/** The run itself goes on; only these do. */
export function inPlace({ status }: Pick<RunHead, "status">): { name: string; done: string } | null {
  switch (status) {
    case "failed":
      return { name: "Retry", done: "Goes on from the failed step" };
    case "canceled":
      return { name: "Go on", done: "Goes on from where it was canceled" };
    case "superseded":
      return { name: "Run after all", done: "Runs although a newer event came" };
    default:
      return null;
  }
}

/** Why it cannot be run on from its failed step on another revision. */
export function newestRefused({ status }: Pick<RunHead, "status">): string | undefined {
  return status === "failed" ? undefined : "Only what has failed goes on from its failed step; from the start it can be run again";
}

/** How a step is done again, and what is said of it. */
export interface FromStep {
  name: string;
  /** Absent: from the trigger. */
  from: string | undefined;
  refused: string | undefined;
}

/**
 * From the place of a step on. A node is run again from the last time that it began, so of a node of many laps that is
 * not the lap that one looks at. What began the run is no node that can be run again; the run begins anew then.
 */
export function fromStep(step: Pick<Step, "node" | "step" | "nodeType" | "parentStep">, lap: Pick<Lap, "next" | "of">): FromStep {
  if (step.parentStep != null) return { name: "Run again from here", from: undefined, refused: "It was called by another step; run that one again" };
  if (step.nodeType === "") return { name: "Run again from here", from: undefined, refused: "These items were given; run again from the step after them" };
  if (step.step === 0) return { name: "Run again from the start", from: undefined, refused: undefined };
  return { name: lap.next === undefined ? "Run again from here" : `Run again from lap ${String(lap.of)}`, from: step.node, refused: undefined };
}

/** The items with which a call is taken as done, as each node type writes them down. */
export function outcomeSample(nodeType: string): unknown {
  if (nodeType === "http.request") return { status: 200, statusText: "OK", headers: { "content-type": "application/json" }, body: { text: '{"id": 1}' } };
  return {};
}

/** A step whose call may have taken effect or not, and that waits for a person to say so. */
export function asksPerson(step: Pick<Step, "status" | "calls">): boolean {
  const calls = step.calls ?? [];
  // A call that a crash has cut off has no outcome at all; its step waits as well.
  return step.status === "waiting" && calls.some((call) => call.status === "uncertain" || call.status === "running");
}

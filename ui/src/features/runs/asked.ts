import type { FromStep } from "@/resource/repeats";
import type { Step } from "@/resource/runDetail";

import type { RetryOptions } from "./useActs";

/** What a dialog of the run's page is open for. */
export type Asked = { signal: Step | undefined } | { settle: Step } | { fork: Step; from: FromStep };

/** The place of a step, as the server is told of it. */
export function again({ from }: FromStep): RetryOptions {
  return from === undefined ? { fromStart: true } : { from };
}

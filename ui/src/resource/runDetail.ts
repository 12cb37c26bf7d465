import type { components } from "@/api/schema";

export type Run = components["schemas"]["RunDetail"];
export type Step = components["schemas"]["StepView"];

/** What is known of a failure, whatever its form: what, what kind, and what to do. */
export interface Fault {
  text: string;
  category?: string;
  hint?: string;
  code?: string;
  /** The account that has to be connected again before anything can go on. */
  connection?: string;
}

/** The code of calls with an account that a service does not take any more; its pointer names the account. */
const DEAD = "FP0511";
const ACCOUNT = "/connections/";

/** The fault that an `error` of the API states; none when there is nothing. */
export function faultOf(error: unknown): Fault | null {
  if (error === null || error === undefined) return null;
  if (typeof error === "string") return { text: error };
  if (typeof error !== "object") return { text: String(error) };
  const fields = error as Record<string, unknown>;
  const inner = typeof fields["problem"] === "object" && fields["problem"] !== null ? (fields["problem"] as Record<string, unknown>) : fields;
  const text = [inner["detail"], inner["message"], fields["message"]].find((value) => typeof value === "string");
  const fault: Fault = { text: typeof text === "string" ? text : JSON.stringify(error) };
  if (typeof fields["category"] === "string") fault.category = fields["category"];
  if (typeof inner["hint"] === "string") fault.hint = inner["hint"];
  if (typeof inner["code"] === "string") fault.code = inner["code"];
  const place = inner["pointer"];
  if (fault.code === DEAD && typeof place === "string" && place.startsWith(ACCOUNT)) fault.connection = place.slice(ACCOUNT.length);
  return fault;
}

/** What to try next, by the kind of a failure. */
export function nextAct(category: string | undefined): string | null {
  const acts: Record<string, string> = {
    auth: "Look at the connection: its secret may have ended or been revoked.",
    rateLimit: "Wait and retry: the other side limits how often it is called.",
    "rate-limit": "Wait and retry: the other side limits how often it is called.",
    timeout: "Retry; if it stays slow, give the node a longer timeout.",
    badData: "Look at the items that came in, and retry with edited input.",
    "bad-data": "Look at the items that came in, and retry with edited input.",
    code: "Mend the expression or code in the editor, and retry on the newest revision.",
    unavailable: "Retry when the other side is back.",
    refused: "The other side said no: compare what was sent with what it takes.",
    bug: "This is a fault of Fishplate; please report it with this run.",
  };
  return category === undefined ? null : (acts[category] ?? null);
}

/** From when to when the steps of a run reach, in milliseconds since 1970. */
export interface Scale {
  first: number;
  span: number;
}

/** The scale on which all known steps and the run's end have their place. */
export function scaleOf(steps: readonly (Step | undefined)[], now: number, endedAt?: number | null): Scale {
  let first = Infinity;
  let last = endedAt ?? -Infinity;
  for (const step of steps) {
    if (step === undefined) continue;
    first = Math.min(first, step.startedAt);
    last = Math.max(last, endOf(step, now));
  }
  return first === Infinity ? { first: now, span: 1 } : { first, span: Math.max(last - first, 1) };
}

/** Where a step's bar stands in the waterfall, in percent of the whole. */
export interface Bar {
  left: number;
  width: number;
}

/** A step's bar. One that took no time is still to be seen. */
export function barOf(step: Step, { first, span }: Scale, now: number): Bar {
  const left = ((step.startedAt - first) / span) * 100;
  const width = ((endOf(step, now) - step.startedAt) / span) * 100;
  return { left: Math.min(left, 99.2), width: Math.max(Math.min(width, 100 - left), 0.8) };
}

function endOf(step: Step, now: number): number {
  if (step.durationMicros != null) return step.startedAt + step.durationMicros / 1000;
  return step.status === "running" || step.status === "waiting" || step.status === "scheduled" ? now : step.startedAt;
}

import type { components } from "@/api/schema";
import type { Tone } from "@/kit/Status";
import { PERIODS, type Period } from "./runFilter";

import { isPeriod } from "./deliveryFilter";

export type Arrival = components["schemas"]["ArrivalInfo"];
export type Verdict = components["schemas"]["Verdict"];

/** What can be made of a webhook, in the order in which one asks for it. */
export const VERDICTS: readonly Verdict[] = ["accepted", "refused", "known", "answered"];

export const WORDS: Record<Verdict, { tone: Tone; word: string; about: string }> = {
  accepted: { tone: "good", word: "Accepted", about: "It became a run." },
  refused: { tone: "bad", word: "Refused", about: "It became nothing." },
  known: { tone: "neutral", word: "Known", about: "It came before, and is the same run." },
  answered: { tone: "neutral", word: "Answered", about: "It asked whether somebody is there." },
};

/** Which webhooks are listed, as it stands in the address. */
export interface ArrivalSearch {
  workflow?: string;
  verdict?: Verdict;
  within?: Period;
  /** The one that is open. */
  open?: string;
}

export const arrivalFilter = {
  /** Reads it; what cannot be meant is left out, so that an old or broken link still shows something. */
  read(search: Record<string, unknown>): ArrivalSearch {
    const { workflow, within, open } = search;
    const verdict = VERDICTS.find((known) => known === search["verdict"]);
    return {
      ...(typeof workflow === "string" && workflow !== "" ? { workflow } : {}),
      ...(verdict === undefined ? {} : { verdict }),
      ...(isPeriod(within) ? { within } : {}),
      ...(typeof open === "string" && open !== "" ? { open } : {}),
    };
  },

  /** What the server is asked for at a moment. */
  query({ workflow, verdict, within }: ArrivalSearch, now: number): { workflow?: string; verdict?: Verdict; since?: number } {
    return { ...(workflow === undefined ? {} : { workflow }), ...(verdict === undefined ? {} : { verdict }), ...(within === undefined ? {} : { since: now - PERIODS[within] }) };
  },

  isEmpty({ workflow, verdict, within }: ArrivalSearch): boolean {
    return workflow === undefined && verdict === undefined && within === undefined;
  },
};

/** A body as it can be shown: as a value, when it is JSON, or as the text that it is. */
export function shownBody(body: string): { json: unknown } | { text: string } {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === "object" && json !== null ? { json } : { text: body };
  } catch {
    return { text: body };
  }
}

/** Who got a webhook, in words: the workflow that listens, or those that an endpoint gave it to. */
export function takersOf({ workflow, endpoint, runs = [] }: Arrival): string {
  if (endpoint == null) return workflow;
  return runs.length === 0 ? endpoint : `${endpoint}: ${runs.map((given) => given.workflow).join(", ")}`;
}

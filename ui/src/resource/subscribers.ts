import type { components } from "@/api/schema";
import type { Tone } from "@/kit/Status";
import { plural } from "@/kit/times";

export type SubscriberSpec = components["schemas"]["Subscriber"];
export type SubscriberInfo = components["schemas"]["SubscriberInfo"];
export type EventTypeSpec = components["schemas"]["EventType"];
export type Endpoint = components["schemas"]["Endpoint"];

/** What an event type is to those who choose among them. */
export interface KnownEvent extends EventTypeSpec {
  name: string;
}

export interface StateWords {
  tone: Tone;
  word: string;
  /** What it means, and what follows. */
  about: string;
}

/** How a subscriber is, in words. One that is delivered to and fails all the same is told apart. */
export function stateOf(info: Pick<SubscriberInfo, "state" | "failingSince" | "failures" | "reason">): StateWords {
  switch (info.state) {
    case "delivering":
      return info.failingSince == null
        ? { tone: "good", word: "Delivering", about: "Messages are sent as they come." }
        : { tone: "bad", word: "Failing", about: `It has not taken anything in ${plural(info.failures, "try", "tries")}. Each message is tried again, later each time; after five days without a success it is paused.` };
    case "paused":
      return { tone: "wait", word: "Paused", about: "It failed for five days. What is for it waits; the oldest message is tried from time to time, and everything goes on when one is taken." };
    case "stopped":
      return { tone: "neutral", word: "Stopped", about: "A person has stopped it. What is for it waits until it is resumed." };
    case "gone":
      return { tone: "bad", word: "Gone", about: "It answered 410 Gone: it does not want anything any more. Nothing is sent until it is resumed." };
  }
}

/** Counts stop there. */
const MOST_COUNTED = 10_000;

/** A count that may be more than was counted. */
export function counted(value: number): string {
  return value >= MOST_COUNTED ? `${MOST_COUNTED.toLocaleString("en-US")}+` : value.toLocaleString("en-US");
}

/** Which events a list names, in few words. */
export function eventsText(events: readonly string[] | undefined): string {
  if (events === undefined || events.length === 0) return "all";
  return events.length <= 3 ? events.join(", ") : `${events.slice(0, 2).join(", ")} and ${String(events.length - 2)} more`;
}

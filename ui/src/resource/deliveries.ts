import type { components } from "@/api/schema";
import type { Tone } from "@/kit/Status";

export type Delivery = components["schemas"]["Delivery"];
export type DeliveryDetail = components["schemas"]["DeliveryDetail"];
export type Attempt = components["schemas"]["Attempt"];
export type Progress = components["schemas"]["Progress"];
export type Signing = components["schemas"]["Signing"];

/** What can become of a delivery, in the order in which one asks for it. */
export const PROGRESS: readonly Progress[] = ["waiting", "delivered", "failed", "dropped"];

const WORDS: Record<Progress, { tone: Tone; word: string; about: string }> = {
  waiting: { tone: "busy", word: "Waiting", about: "It is tried soon, or again." },
  delivered: { tone: "good", word: "Delivered", about: "The receiver took it." },
  failed: { tone: "bad", word: "Failed", about: "All tries failed. It can be sent again by hand." },
  dropped: { tone: "neutral", word: "Dropped", about: "Nobody wants it any more: its filter, or the subscriber itself, is gone." },
};

/** How a delivery is, in words. One that waits after a failed try is told apart. */
export function progressOf({ status, attempts, reason }: Pick<Delivery, "status" | "attempts" | "reason">): { tone: Tone; word: string; about: string } {
  if (status === "waiting" && attempts > 0 && reason != null) return { tone: "wait", word: "Trying again", about: "The last try failed; the next one is planned." };
  return WORDS[status];
}

/** What a try came to, in a few words. */
export function outcomeOf({ answered, reason }: Pick<Attempt, "answered" | "reason">): { good: boolean; text: string } {
  const good = reason == null;
  if (answered == null) return { good, text: good ? "Taken" : "No answer" };
  return { good, text: `Answered ${String(answered)}` };
}

/** A header of a delivery: what it is at the last try, and what it is there for. */
export interface SentHeader {
  name: string;
  value: string;
  about: string;
}

/** The headers of a delivery, in the order in which receivers need them. The signature is made anew with each try and not kept. */
export function headersOf({ delivery, attempts }: DeliveryDetail, signing: Signing | undefined, more: Readonly<Record<string, string>> = {}): SentHeader[] {
  const at = attempts[0]?.at;
  const version = signing === "ed25519" ? "v1a" : "v1";
  return [
    { name: "webhook-id", value: delivery.message, about: "The message. It is the same with each try: whoever has seen it has this message already." },
    { name: "webhook-timestamp", value: at === undefined ? "…" : String(Math.floor(at / 1000)), about: "When this try was made, in seconds since 1970. Receivers refuse what is older than a few minutes, so that nobody can send it again later." },
    { name: "webhook-signature", value: `${version},…`, about: signing === "ed25519" ? "Ed25519 over id, timestamp and body, joined by dots; in base64. Two of them, parted by a blank, while keys are exchanged." : "HMAC-SHA256 over id, timestamp and body, joined by dots; in base64. Two of them, parted by a blank, while keys are exchanged." },
    { name: "content-type", value: "application/json", about: "The body is JSON. Check the signature over its bytes before you read it." },
    ...Object.entries(more).map(([name, value]) => ({ name, value, about: "Set on the subscriber, and sent with every message." })),
  ];
}

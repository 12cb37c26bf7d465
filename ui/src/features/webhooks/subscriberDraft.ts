import { headersFrom, type Pair } from "@/resource/HeaderPairs";
import type { SubscriberSpec } from "@/resource/subscribers";

/** A subscriber as it stands in its form. */
export interface SubscriberDraft {
  url: string;
  description: string;
  customer: string;
  /** Names and patterns; `null` is all. */
  events: string[] | null;
  filter: string;
  /** JSON. */
  transform: string;
  headers: Pair[];
  signing: NonNullable<SubscriberSpec["signing"]>;
  calls: string;
  per: string;
  timeout: string;
  /** Pauses, parted by commas or blanks; nothing is as usual, `none` is no second try. */
  retries: string;
}

const NONE = "none";

export const subscriberDraft = {
  of(spec: SubscriberSpec | undefined): SubscriberDraft {
    return {
      url: spec?.url ?? "",
      description: spec?.description ?? "",
      customer: spec?.customer ?? "",
      events: spec?.events === undefined || spec.events.length === 0 ? null : [...spec.events],
      filter: spec?.filter ?? "",
      transform: spec?.transform == null ? "" : JSON.stringify(spec.transform, null, 2),
      headers: Object.entries(spec?.headers ?? {}),
      signing: spec?.signing ?? "hmac",
      calls: spec?.limit == null ? "" : String(spec.limit.calls),
      per: spec?.limit == null ? "1s" : spec.limit.per,
      timeout: spec?.timeout ?? "",
      retries: spec?.retries == null ? "" : spec.retries.length === 0 ? NONE : spec.retries.join(", "),
    };
  },

  /** Whether something is set that most subscribers do not need. */
  isSpecial(draft: SubscriberDraft): boolean {
    const { filter, transform, headers, signing, calls, timeout, retries } = draft;
    return [filter, transform, calls, timeout, retries].some((text) => text !== "") || headers.length > 0 || signing !== "hmac";
  },

  /** Why it cannot be sent yet; nothing when only the server can tell. */
  fault(draft: SubscriberDraft): string | undefined {
    if (draft.url.trim() === "") return "Say where messages go first";
    if (draft.events?.length === 0) return "Choose an event, or all of them";
    if (this.transformFault(draft.transform) !== undefined) return "The transform is no JSON object yet";
    return undefined;
  },

  transformFault(text: string): string | undefined {
    if (text.trim() === "") return undefined;
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : "this is to be an object: {…}";
    } catch {
      return "this is no JSON yet";
    }
  },

  /** What is written: of what was left empty nothing. */
  spec(draft: SubscriberDraft): SubscriberSpec {
    const text = (name: "description" | "customer" | "filter" | "timeout") => (draft[name].trim() === "" ? {} : { [name]: draft[name].trim() });
    const headers = headersFrom(draft.headers);
    const pauses = draft.retries.trim();
    return {
      url: draft.url.trim(),
      ...text("description"),
      ...text("customer"),
      ...(draft.events === null ? {} : { events: draft.events }),
      ...text("filter"),
      ...(draft.transform.trim() === "" ? {} : { transform: JSON.parse(draft.transform) as Record<string, unknown> }),
      ...(Object.keys(headers).length === 0 ? {} : { headers }),
      ...(draft.signing === "hmac" ? {} : { signing: draft.signing }),
      ...(draft.calls.trim() === "" ? {} : { limit: { calls: Number(draft.calls), per: draft.per.trim() } }),
      ...text("timeout"),
      ...(pauses === "" ? {} : { retries: pauses === NONE ? [] : pauses.split(/[\s,]+/).filter((pause) => pause !== "") }),
    };
  },
};

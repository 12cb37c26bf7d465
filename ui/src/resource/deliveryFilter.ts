import { PROGRESS, type Progress } from "./deliveries";
import { PERIODS, type Period } from "./runFilter";

/** Which deliveries are listed, as it stands in the address. */
export interface DeliveryFilter {
  subscriber?: string;
  event?: string;
  customer?: string;
  status?: Progress;
  message?: string;
  /** The last hour, day or week, as it is when the list is read. */
  within?: Period;
}

/** The filter, and the delivery that is open: message and subscriber. */
export interface DeliverySearch extends DeliveryFilter {
  open?: string;
}

const NAMES = ["subscriber", "event", "customer", "message"] as const;
const text = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value.trim() : undefined);

export const isPeriod = (value: unknown): value is Period => typeof value === "string" && Object.hasOwn(PERIODS, value);

export const deliveryFilter = {
  /** Reads it; what cannot be meant is left out, so that an old or broken link still shows something. */
  read(search: Record<string, unknown>): DeliverySearch {
    const read: DeliverySearch = {};
    for (const name of NAMES) {
      const value = text(search[name]);
      if (value !== undefined) read[name] = value;
    }
    const status = PROGRESS.find((known) => known === search["status"]);
    if (status !== undefined) read.status = status;
    if (isPeriod(search["within"])) read.within = search["within"];
    const open = text(search["open"]);
    if (open !== undefined && this.place(open) !== null) read.open = open;
    return read;
  },

  /** What the server is asked for at a moment. */
  query({ within, ...filter }: DeliveryFilter, now: number): Omit<DeliveryFilter, "within"> & { since?: number } {
    return within === undefined ? filter : { ...filter, since: now - PERIODS[within] };
  },

  isEmpty(filter: DeliveryFilter): boolean {
    return Object.values(filter).every((value) => value === undefined);
  },

  /** A delivery as it stands in the address. */
  written({ message, subscriber }: { message: string; subscriber: string }): string {
    return `${message}/${subscriber}`;
  },

  place(open: string): { message: string; subscriber: string } | null {
    const at = open.indexOf("/");
    return at <= 0 || at === open.length - 1 ? null : { message: open.slice(0, at), subscriber: open.slice(at + 1) };
  },
};

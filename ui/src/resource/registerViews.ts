/** How registers are looked at, as it stands in the address. */

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined);

/** What is named and has a value. */
function some<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

const oneOf = <T extends string>(value: unknown, known: readonly T[]): T | undefined => known.find((one) => one === value);

export const INTEGRATION_SHOWS = ["faults", "unused", "unowned"] as const;

export interface IntegrationView {
  find?: string;
  /** Only those with faults, those that nobody uses, or those without a vendor. */
  show?: (typeof INTEGRATION_SHOWS)[number];
  /** The service whose details are open. */
  open?: string;
}

export const VENDOR_SHOWS = ["due", "gaps"] as const;

export interface VendorView {
  find?: string;
  /** Only those whose contract is due, or of which something is missing. */
  show?: (typeof VENDOR_SHOWS)[number];
  /** A new vendor of this service is being written down. */
  connector?: string;
  host?: string;
  title?: string;
}

export const SECRET_SHOWS = ["flagged", "stale", "unused", "ending"] as const;

export interface SecretView {
  find?: string;
  show?: (typeof SECRET_SHOWS)[number];
  /** Days after which a secret is stale. */
  days?: number;
}

export const integrationView = {
  read: (search: Record<string, unknown>): IntegrationView => some({ find: text(search["find"]), show: oneOf(search["show"], INTEGRATION_SHOWS), open: text(search["open"]) }),
};

export const vendorView = {
  read: (search: Record<string, unknown>): VendorView =>
    some({ find: text(search["find"]), show: oneOf(search["show"], VENDOR_SHOWS), connector: text(search["connector"]), host: text(search["host"]), title: text(search["title"]) }),
};

export const secretView = {
  read: (search: Record<string, unknown>): SecretView => {
    const days = Number(search["days"]);
    return some({ find: text(search["find"]), show: oneOf(search["show"], SECRET_SHOWS), days: Number.isInteger(days) && days > 0 && days <= 10_000 ? days : undefined });
  },
};

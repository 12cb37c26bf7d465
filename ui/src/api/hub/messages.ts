import type { Liveness } from "../follow";
import type { Problem } from "../problem";

/** What a tab says to the hub. */
export type ToHub =
  /** Tell me what changes. `again`: I have been told before, and may have missed something. */
  | { say: "join"; headers: Record<string, string>; again: boolean }
  /** I am still there. */
  | { say: "here" }
  /** Somebody waits: try now. */
  | { say: "hurry" }
  | { say: "leave" };

/** What the hub says to a tab. */
export type FromHub =
  | { say: "liveness"; liveness: Liveness; problem?: Problem | undefined }
  /** Query keys that begin with one of these, whose words are parted by spaces, are out of date. */
  | { say: "changed"; keys: string[] }
  /** Nobody knows what was missed: everything is out of date. */
  | { say: "gap" }
  /** I do not know you (any more): join. */
  | { say: "unknown" };

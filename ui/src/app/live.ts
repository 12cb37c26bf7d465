import type { QueryClient } from "@tanstack/react-query";

import { follow, type Liveness } from "@/api/stream";

import { paced } from "./pace";

let liveness: Liveness = "connecting";
const listeners = new Set<() => void>();

/** Whether the page hears of changes, for the line that says so. */
export const live = {
  read: (): Liveness => liveness,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /**
   * Follows what changes on the server and marks what the page shows as out of date. The stream says "look again" and
   * never what is true: that is read from the API.
   */
  start(client: QueryClient): () => void {
    const report = (now: Liveness): void => {
      liveness = now;
      listeners.forEach((listener) => {
        listener();
      });
    };
    const again = paced((key) => client.invalidateQueries({ queryKey: key.split(" ") }));
    const everything = (): void => void client.invalidateQueries();
    const stops = [
      follow({
        url: "/api/v1/watch",
        onLiveness: report,
        onGap: everything,
        onEvent: (event) => {
          again(kindOf(event.data));
        },
      }),
      follow({
        url: "/api/v1/watch/runs",
        // What changed while it was cut is not told again.
        onLiveness: (now) => {
          if (now === "live") again(["runs", "run", "dead"]);
        },
        onGap: everything,
        onEvent: (event) => {
          again(["runs", "dead", ...runOf(event.data)]);
        },
      }),
    ];
    return () => {
      stops.forEach((stop) => {
        stop();
      });
    };
  },
};

/** Query keys that a change of a resource touches: those that begin with its kind. */
function kindOf(text: string): string[] {
  try {
    const change = JSON.parse(text) as { kind?: string };
    return change.kind === undefined ? [] : [change.kind];
  } catch {
    return [];
  }
}

/** The query key of the run that has changed. A page of another run has no reason to look again. */
function runOf(text: string): string[] {
  try {
    const change = JSON.parse(text) as { id?: string };
    return change.id === undefined ? ["run"] : [`run ${change.id}`];
  } catch {
    return ["run"];
  }
}

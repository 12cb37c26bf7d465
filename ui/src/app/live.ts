import type { QueryClient } from "@tanstack/react-query";

import { follow, type Liveness } from "@/api/stream";

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
    const again = debounce((keys: string[]) => {
      keys.forEach((key) => void client.invalidateQueries({ queryKey: [key] }));
    }, 150);
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
        onEvent: () => {
          again(["runs", "run", "dead"]);
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

/** Gathers calls and makes one of them at most every so many milliseconds. */
function debounce(act: (keys: string[]) => void, millis: number): (keys: string[]) => void {
  const gathered = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  return (keys) => {
    keys.forEach((key) => gathered.add(key));
    timer ??= setTimeout(() => {
      timer = null;
      const all = [...gathered];
      gathered.clear();
      act(all);
    }, millis);
  };
}

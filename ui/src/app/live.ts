import type { QueryClient } from "@tanstack/react-query";

import type { Liveness } from "@/api/follow";
import { joinHub } from "@/api/hub/join";
import type { Problem } from "@/api/problem";
import { scopeHeaders } from "@/api/scope";

import { paced } from "./pace";
import { session } from "./session";

let liveness: Liveness = "connecting";
let problem: Problem | undefined;
let hurry: () => void = () => undefined;
const listeners = new Set<() => void>();

/** Whether the page hears of changes, for the line that says so. */
export const live = {
  read: (): Liveness => liveness,
  /** Why the server tells nothing, when it has refused. */
  problem: (): Problem | undefined => problem,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** Tries now, without the rest of the pause. */
  hurry: (): void => { hurry(); },
  /**
   * Hears what changes on the server and marks what the page shows as out of date. The news says "look again" and never
   * what is true: that is read from the API.
   */
  start(client: QueryClient): () => void {
    const again = paced((key) => client.invalidateQueries({ queryKey: key.split(" ") }));
    const hub = joinHub(
      () => ({ ...scopeHeaders(), ...session.headers() }),
      (message) => {
        if (message.say === "gap") void client.invalidateQueries();
        else if (message.say === "changed") again(message.keys);
        else if (message.say === "liveness") {
          liveness = message.liveness;
          problem = message.problem;
          if (liveness === "refused" && problem?.status === 401) session.expired();
          listeners.forEach((listener) => {
            listener();
          });
        }
      },
    );
    hurry = hub.hurry;
    return () => {
      hurry = () => undefined;
      hub.stop();
    };
  },
};

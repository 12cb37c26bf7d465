import { STEP } from "./hub";
import { leaderLine, ownLine, workerLine, type Ear, type Line } from "./lines";
import type { FromHub } from "./messages";

/** A worker that does not answer within this time does not work; nobody waits longer for news. */
const DEAF = 5_000;

/** Hears what changes for as long as the page lives or until it is stopped. */
export function joinHub(headers: () => Record<string, string>, hear: (message: FromHub) => void): { stop: () => void; hurry: () => void } {
  const kinds = available();
  let line: Line | null = null;
  let joined = false;
  let deaf: ReturnType<typeof setTimeout> | undefined;

  const join = (): void => {
    line?.say({ say: "join", headers: headers(), again: joined });
  };
  const connect = (): void => {
    const make = kinds.shift() ?? ownLine;
    let answered = false;
    const next = (): void => {
      if (line !== made || make === ownLine) return;
      line?.close();
      connect();
    };
    const ear: Ear = {
      hear: (message) => {
        answered = true;
        if (message.say === "unknown") join();
        else {
          if (message.say === "liveness") joined = true;
          hear(message);
        }
      },
      moved: join,
      dead: next,
    };
    let made: Line;
    try {
      made = make(ear);
    } catch {
      // Forbidden by the browser's settings.
      made = ownLine(ear);
    }
    line = made;
    clearTimeout(deaf);
    deaf = setTimeout(() => {
      if (!answered) next();
    }, DEAF);
    join();
  };

  const heartbeat = setInterval(() => line?.say({ say: "here" }), STEP);
  const hurry = (): void => {
    if (!document.hidden) line?.say({ say: "hurry" });
  };
  const leave = (): void => line?.say({ say: "leave" });
  const back = (event: PageTransitionEvent): void => {
    if (event.persisted) join();
  };
  connect();
  document.addEventListener("visibilitychange", hurry);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", back);
  return {
    hurry,
    stop: () => {
      clearInterval(heartbeat);
      clearTimeout(deaf);
      document.removeEventListener("visibilitychange", hurry);
      removeEventListener("pagehide", leave);
      removeEventListener("pageshow", back);
      leave();
      line?.close();
      line = null;
    },
  };
}

/** Ways to share a hub that this browser has, best first. Locks are there in secure contexts only. */
function available(): ((ear: Ear) => Line)[] {
  return [
    ...(typeof SharedWorker === "undefined" ? [] : [workerLine]),
    ...(typeof BroadcastChannel === "undefined" || (navigator as Partial<Navigator>).locks === undefined ? [] : [leaderLine]),
  ];
}

import { makeHub } from "./home";
import type { Hub, Tab } from "./hub";
import type { FromHub, ToHub } from "./messages";

/** A line from a tab to a hub. */
export interface Line {
  say: (message: ToHub) => void;
  close: () => void;
}

export interface Ear {
  hear: (message: FromHub) => void;
  /** The hub is another one than before: join it again. */
  moved: () => void;
  /** There is no hub at the other end. */
  dead: () => void;
}

const NAME = "fishplate.hub";

/** To the worker that all tabs share. */
export function workerLine(ear: Ear): Line {
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: NAME });
  worker.onerror = ear.dead;
  worker.port.onmessage = (event: MessageEvent<FromHub>) => { ear.hear(event.data); };
  return {
    say: (message) => { worker.port.postMessage(message); },
    close: () => { worker.port.close(); },
  };
}

type OnAir = { from: string; message: ToHub } | { to: string; message: FromHub } | { hub: "begins" };

/** To the one of the tabs that holds the lock; when it is closed, another one takes its place. */
export function leaderLine(ear: Ear): Line {
  const id = crypto.randomUUID?.() ?? String(Math.random());
  const air = new BroadcastChannel(NAME);
  const over = new AbortController();
  air.onmessage = (event: MessageEvent<OnAir>) => {
    if ("to" in event.data && event.data.to === id) ear.hear(event.data.message);
    else if ("hub" in event.data) ear.moved();
  };
  navigator.locks
    .request(NAME, { signal: over.signal }, async () => {
      const end = lead(makeHub());
      // A channel does not hear itself, so the leader's own tab is told like all others.
      await new Promise<void>((resolve) => {
        if (over.signal.aborted) resolve();
        else over.signal.addEventListener("abort", () => { resolve(); });
      });
      end();
    })
    .catch(() => undefined);
  return {
    say: (message) => { air.postMessage({ from: id, message } satisfies OnAir); },
    close: () => {
      over.abort();
      air.close();
    },
  };
}

function lead(hub: Hub): () => void {
  const air = new BroadcastChannel(NAME);
  const tabs = new Map<string, Tab>();
  air.onmessage = (event: MessageEvent<OnAir>) => {
    if (!("from" in event.data)) return;
    const { from, message } = event.data;
    const tab = tabs.get(from) ?? { tell: (told: FromHub) => { air.postMessage({ to: from, message: told } satisfies OnAir); } };
    if (message.say === "leave") tabs.delete(from);
    else tabs.set(from, tab);
    hub.hear(tab, message);
  };
  air.postMessage({ hub: "begins" } satisfies OnAir);
  return () => {
    tabs.forEach((tab) => { hub.hear(tab, { say: "leave" }); });
    air.close();
  };
}

/** To a hub of the tab's own, where the browser offers nothing to share. */
export function ownLine(ear: Ear): Line {
  const hub = makeHub();
  const tab: Tab = { tell: ear.hear };
  return { say: (message) => { hub.hear(tab, message); }, close: () => { hub.hear(tab, { say: "leave" }); } };
}

import { makeHub } from "./home";
import type { Tab } from "./hub";
import type { FromHub, ToHub } from "./messages";

const hub = makeHub();

// The types of a page stand for those of a worker, which has one event of its own.
(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = (event) => {
  const port = event.ports[0];
  if (port === undefined) return;
  const tab: Tab = { tell: (message: FromHub) => { port.postMessage(message); } };
  port.onmessage = (said: MessageEvent<ToHub>) => { hub.hear(tab, said.data); };
};

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Loaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Badge, type Tone } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { plural } from "@/kit/times";

type Listener = components["schemas"]["ListenerView"];

const HEALTH: Record<Listener["health"], { tone: Tone; word: string; order: number }> = {
  dead: { tone: "bad", word: "Dead", order: 0 },
  waiting: { tone: "wait", word: "Waiting for the first event", order: 1 },
  starting: { tone: "wait", word: "Connecting", order: 2 },
  leaving: { tone: "wait", word: "Leaving", order: 3 },
  listening: { tone: "good", word: "Listening", order: 4 },
  standby: { tone: "neutral", word: "Standby", order: 5 },
};

/** Whether mailboxes, brokers and folders are listened to, and services call, the dead first. Without any there is nothing to say. */
export function ListenersPanel() {
  const listeners = useQuery({ queryKey: ["workflow", "listeners"], queryFn: () => data(api.GET("/api/v1/listeners")), refetchInterval: 5_000 });
  // Until it is known, the page does not jump for what most servers have not.
  if (listeners.data === undefined ? listeners.error === null : listeners.data.length === 0) return null;
  return (
    <Panel flush title="Triggers that listen">
      <Loaded of={listeners} lines={2}>
        {(list) => (
          <ul className="divide-y">
            {[...list].sort((one, other) => HEALTH[one.health].order - HEALTH[other.health].order).map((listener) => (
              <li key={`${listener.workflow}/${listener.node}`}>
                <Link to="/workflows/$name" params={{ name: listener.workflow }} className="flex flex-wrap items-baseline gap-x-3 gap-y-1 px-4 py-2 hover:bg-sunken">
                  <span className="min-w-0 flex-1 truncate font-medium">{listener.workflow}</span>
                  <span className="truncate text-small text-ink-faint">{listener.node} ({listener.service})</span>
                  <span className="text-small whitespace-nowrap text-ink-soft">
                    {listener.heardAt == null ? "nothing heard yet" : <>{plural(listener.events, "event")}, the last <Time at={listener.heardAt} /></>}
                  </span>
                  <Badge tone={HEALTH[listener.health].tone}>{HEALTH[listener.health].word}</Badge>
                  {listener.address == null || listener.heardAt != null ? null : (
                    <span className="w-full text-small text-ink-soft">
                      {listener.help} Address: <code className="break-all">{listener.address}</code>
                      {listener.secret == null ? null : <>, secret: <code className="break-all">{listener.secret}</code></>}
                    </span>
                  )}
                  {listener.problem == null ? null : <span className="w-full text-small text-bad">{reason(listener.problem)}</span>}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}

/** What a problem says, as far as it says something. */
function reason(problem: unknown): string {
  const { detail } = problem as { detail?: unknown };
  return typeof detail === "string" ? detail : "It failed, and did not say why.";
}

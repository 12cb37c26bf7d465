import { useQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { useSyncExternalStore } from "react";

import { api, data, send } from "@/api/client";
import { here, hooksOf, textOf } from "@/api/scope";
import { live } from "@/app/live";
import { Button } from "@/kit/Button";
import { Unloaded } from "@/kit/Loaded";
import { Badge } from "@/kit/Status";

const WORDS = { live: "News come as they happen", connecting: "Connecting", cut: "Cut off; it is tried again", refused: "Refused" };

/** Whether the server works, which one it is, and what it has counted. */
export function Server() {
  const health = useQuery({ queryKey: ["health"], queryFn: () => data(api.GET("/api/v1/health")), refetchInterval: 30_000 });
  const metrics = useQuery({ queryKey: ["health", "metrics"], queryFn: async () => gauges(await (await send(new Request("/api/v1/metrics"))).text()) });
  const liveness = useSyncExternalStore(live.subscribe, live.read);
  if (health.data === undefined) return <Unloaded of={health} lines={3} />;
  const rows: [string, React.ReactNode][] = [
    ["State", <Badge key="state" tone={health.data.status === "ok" ? "good" : "bad"}>{health.data.status === "ok" ? "Works" : "The store does not answer"}</Badge>],
    ["Version", health.data.version],
    ["Live view", WORDS[liveness]],
    ["This environment", textOf(here)],
    ["Webhooks begin with", <code key="hooks" className="font-mono text-small break-all">{hooksOf(here)}/</code>],
    ...(metrics.data ?? []).map(([name, value]): [string, React.ReactNode] => [name, value.toLocaleString()]),
  ];
  return (
    <div className="flex flex-col gap-3">
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5">
        {rows.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-soft">{name}</dt>
            <dd className="min-w-0 tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {metrics.isError ? <p className="text-small text-ink-soft">Its counters are not for you to see.</p> : null}
      <div><Button icon={<RefreshCw size={13} />} busy={health.isFetching} onClick={() => { void health.refetch(); void metrics.refetch(); }}>Look again</Button></div>
    </div>
  );
}

const SHOWN: Record<string, string> = { fishplate_active_workflows: "Live workflows, everywhere" };

/** The counters that say something without a graph. */
function gauges(text: string): [string, number][] {
  return text.split("\n").flatMap((line): [string, number][] => {
    const [name = "", value = ""] = line.split(" ");
    const shown = SHOWN[name];
    return shown === undefined ? [] : [[shown, Number(value)]];
  });
}

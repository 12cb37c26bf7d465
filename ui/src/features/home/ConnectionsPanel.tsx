import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api, data } from "@/api/client";
import { Loaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Badge } from "@/kit/Status";
import { Time } from "@/kit/Time";

/** Accounts that somebody has to do something about, the dead first. Without any there is nothing to say. */
export function ConnectionsPanel() {
  const warnings = useQuery({ queryKey: ["connection", "warnings"], queryFn: () => data(api.GET("/api/v1/connection-warnings")), refetchInterval: 30_000 });
  if (warnings.data === undefined ? warnings.error === null : warnings.data.items.length === 0) return null;
  return (
    <Panel flush title="Connections to look after">
      <Loaded of={warnings} lines={2}>
        {({ items }) => (
          <ul className="divide-y">
            {[...items].sort((one, other) => Number(other.state === "dead") - Number(one.state === "dead")).map((one) => (
              <li key={one.name}>
                <Link to="/connections/$name" params={{ name: one.name }} className="flex flex-wrap items-baseline gap-x-3 gap-y-1 px-4 py-2 hover:bg-sunken">
                  <span className="min-w-0 flex-1 truncate font-medium">{one.name}</span>
                  {one.state === "dead" ? (
                    <>
                      {one.deadSince == null ? null : <span className="text-small text-ink-soft"><Time at={one.deadSince} /></span>}
                      <Badge tone="bad">Connect it again</Badge>
                      <span className="w-full text-small text-bad">{one.reason ?? "The service does not take it any more."} Runs that need it wait.</span>
                    </>
                  ) : (
                    <>
                      {one.endsAt == null ? null : <span className="text-small text-ink-soft">ends <Time at={one.endsAt} /></span>}
                      <Badge tone="wait">Ends soon</Badge>
                    </>
                  )}
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { api, data } from "@/api/client";
import { Loaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Time } from "@/kit/Time";
import { nextDue, ruleText, type Rule } from "@/resource/schedules";

/** Schedules of more workflows than this are not looked at: the server has no list of them. */
const LOOKED_AT = 500;
const SHOWN = 6;

interface Due {
  workflow: string;
  node: string;
  rule: Rule;
  zone: string;
  at: number | null;
}

interface Spec {
  nodes?: { name: string; type: string; disabled?: boolean; params?: { rules?: Rule[] } }[];
  settings?: { timezone?: string };
}

/** Each rule of the schedules that are live, with when it is due next by the server's own rules. */
async function dues(): Promise<{ list: Due[]; more: boolean }> {
  const page = await data(api.GET("/api/v1/workflows", { params: { query: { limit: LOOKED_AT } } }));
  const scheduled = page.items.filter((workflow) => rulesOf(workflow.spec as Spec).length > 0);
  const lists = await Promise.all(
    scheduled.map(async (workflow) => {
      const path = { path: { name: workflow.name } };
      // One that was never live has no activation.
      const activation = await data(api.GET("/api/v1/workflows/{name}/activation", { params: path })).catch(() => undefined);
      if (activation?.enabled !== true) return [];
      // What is live may be an earlier revision than the newest.
      const live = activation.revision === workflow.revision ? workflow : await data(api.GET("/api/v1/workflows/{name}", { params: { ...path, query: { revision: activation.revision } } }));
      const spec = live.spec as Spec;
      const zone = spec.settings?.timezone ?? "UTC";
      return rulesOf(spec).map(({ node, rule }) => ({ workflow: workflow.name, node, rule, zone, at: nextDue(rule, Date.now(), zone) }));
    }),
  );
  const list = lists.flat().sort((one, other) => (one.at ?? Infinity) - (other.at ?? Infinity));
  return { list, more: page.nextCursor != null };
}

function rulesOf(spec: Spec): { node: string; rule: Rule }[] {
  return (spec.nodes ?? []).filter((node) => node.type === "core.schedule" && node.disabled !== true).flatMap((node) => (node.params?.rules ?? []).map((rule) => ({ node: node.name, rule })));
}

/** What the clock starts next. Without any schedule there is nothing to say. */
export function SchedulesPanel() {
  const due = useQuery({ queryKey: ["workflow", "schedules"], queryFn: dues, staleTime: 30_000, refetchInterval: 60_000 });
  if (due.data?.list.length === 0) return null;
  return (
    <Panel flush title="Next by the clock">
      <Loaded of={due} lines={3}>
        {({ list, more }) => (
          <>
            <ul className="divide-y">
              {list.slice(0, SHOWN).map((known) => (
                <li key={`${known.workflow}/${known.node}/${JSON.stringify(known.rule)}`}>
                  <Link to="/workflows/$name" params={{ name: known.workflow }} className="flex items-baseline gap-3 px-4 py-2 hover:bg-sunken">
                    <span className="min-w-0 flex-1 truncate font-medium">{known.workflow}</span>
                    <span className="truncate text-small text-ink-faint" title={known.zone}>{ruleText(known.rule)}</span>
                    <span className="text-small whitespace-nowrap text-ink-soft">{known.at === null ? "–" : <Time at={known.at} />}</span>
                  </Link>
                </li>
              ))}
            </ul>
            {list.length > SHOWN || more ? (
              <p className="border-t px-4 py-1.5 text-small text-ink-faint">{more ? `Schedules among the first ${String(LOOKED_AT)} workflows.` : `And ${String(list.length - SHOWN)} more.`}</p>
            ) : null}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

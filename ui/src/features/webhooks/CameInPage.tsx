import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Select } from "@/kit/Field";
import { Loaded, More } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Empty, ProblemCode } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { pagesOf } from "@/resource/pages";

import { AgainDialog } from "./AgainDialog";
import { ArrivalDrawer } from "./ArrivalDrawer";
import { arrivalFilter, takersOf, VERDICTS, WORDS, type Arrival, type ArrivalSearch } from "@/resource/arrivalFilter";
import { Frame } from "./Frame";
import { Period } from "./Period";
import { AGAIN } from "./queries";

const PAGE = 50;
const LIVE_PAGES = 2;

/** How the webhooks of a filter are read. */
function listOf(filter: ArrivalSearch) {
  return pagesOf<Arrival>(["arrival", "list", filter], (from) => data(api.GET("/api/v1/arrivals", { params: { query: { ...arrivalFilter.query(filter, Date.now()), limit: PAGE, ...from } } })));
}

/** Webhooks that came lately, and what was made of each. */
export function CameInPage() {
  const search = useSearch({ from: "/shell/webhooks/came-in" });
  const navigate = useNavigate();
  const { open, ...filter } = search;
  const set = (next: Record<string, unknown>): void => void navigate({ to: "/webhooks/came-in", search: arrivalFilter.read(next), replace: true });
  const [asking, setAsking] = useState(false);
  const list = useInfiniteQuery({
    ...listOf(filter),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= LIVE_PAGES ? AGAIN : false),
  });
  const workflows = useQuery({ queryKey: ["workflow", "names"], queryFn: () => data(api.GET("/api/v1/workflows", { params: { query: { limit: 1000 } } })) });
  const names = [...new Set([...(workflows.data?.items.map(({ name }) => name) ?? []), ...(filter.workflow === undefined ? [] : [filter.workflow])])];
  return (
    <Frame title="Came in" lead="Webhooks of the last 7 days, and what was made of each." actions={<Button icon={<RotateCcw size={14} />} onClick={() => { setAsking(true); }}>Let many happen again…</Button>}>
      <Panel flush>
        <div role="group" aria-label="Filter" className="flex flex-wrap items-center gap-2 border-b px-4 py-2">
          <Select aria-label="Workflow" className="w-auto! max-w-52" value={filter.workflow ?? ""} onChange={(event) => { set({ ...filter, workflow: event.target.value }); }}>
            <option value="">All workflows</option>
            {names.map((name) => <option key={name} value={name}>{name}</option>)}
          </Select>
          <Select aria-label="Verdict" className="w-auto!" value={filter.verdict ?? ""} onChange={(event) => { set({ ...filter, verdict: event.target.value }); }}>
            <option value="">All verdicts</option>
            {VERDICTS.map((verdict) => <option key={verdict} value={verdict}>{WORDS[verdict].word}</option>)}
          </Select>
          <Period value={filter.within} onChange={(within) => { set({ ...filter, within }); }} />
          {arrivalFilter.isEmpty(filter) ? null : <Button look="quiet" onClick={() => { set({}); }}>Clear</Button>}
        </div>
        <Loaded of={list} lines={10} empty={<Nothing filter={filter} onAll={() => { set({}); }} />}>
          {(arrivals) => (
            <Table label="Webhooks that came" head={<><Th>Came</Th><Th>Workflow</Th><Th>Call</Th><Th>Sender</Th><Th>Verdict</Th><Th>What became of it</Th></>}>
              {arrivals.map((arrival) => {
                const show = (): void => { set({ ...filter, open: arrival.id }); };
                return (
                  <Tr key={arrival.id} className="cursor-pointer" onClick={show}>
                    <Td className="text-ink-soft"><Time at={arrival.at} /></Td>
                    <Td className="font-medium">{takersOf(arrival)}</Td>
                    <Td className="max-w-72"><button type="button" className="block max-w-full truncate font-mono text-small hover:underline" title={arrival.target} onClick={(event) => { event.stopPropagation(); show(); }}>{arrival.method} {arrival.target}</button></Td>
                    <Td className="font-mono text-small text-ink-soft">{arrival.sender}</Td>
                    <Td><Badge tone={WORDS[arrival.verdict].tone}>{WORDS[arrival.verdict].word}</Badge></Td>
                    <Td className="max-w-96 text-ink-soft" onClick={(event) => { if ((event.target as HTMLElement).closest("a") !== null) event.stopPropagation(); }}>
                      {arrival.reason == null ? (
                        arrival.run == null ? WORDS[arrival.verdict].about : <Link to="/runs/$run" params={{ run: arrival.run }} search={{}} className="text-accent hover:underline">{arrival.verdict === "known" ? "the run that it was before" : "a run"}</Link>
                      ) : (
                        <span className="flex items-baseline gap-2"><span className="line-clamp-1 min-w-0" title={arrival.reason}>{arrival.reason}</span>{arrival.code == null ? null : <span className="shrink-0 font-mono text-tiny"><ProblemCode code={arrival.code} /></span>}</span>
                      )}
                    </Td>
                  </Tr>
                );
              })}
            </Table>
          )}
        </Loaded>
        <More of={list} />
      </Panel>
      {open === undefined ? null : <ArrivalDrawer key={open} id={open} onClose={() => { set({ ...filter }); }} />}
      {asking ? <AgainDialog workflow={filter.workflow} workflows={names} onClose={() => { setAsking(false); }} /> : null}
    </Frame>
  );
}

function Nothing({ filter, onAll }: { filter: ArrivalSearch; onAll: () => void }) {
  if (!arrivalFilter.isEmpty(filter)) return <Empty title="No webhook is like that" action={<Button onClick={onAll}>Show all</Button>} />;
  return <Empty title="No webhook came yet" action={<Link to="/workflows" search={{}} className="text-accent underline">Go to the workflows</Link>}>A live workflow with a webhook trigger has an address. Whatever is sent there is listed here, and when it is refused, why.</Empty>;
}

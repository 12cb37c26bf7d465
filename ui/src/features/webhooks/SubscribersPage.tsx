import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Check, Plus } from "lucide-react";
import { useState, type ReactNode } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Loaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { counted, eventsText, stateOf, type SubscriberSpec } from "@/resource/subscribers";

import { Frame } from "./Frame";
import { ALL_AGAIN, useEventTypes, useSubscribers } from "./queries";
import { SubscriberDialog } from "./SubscriberDialog";

/** Who hears of events, and how each of them is. */
export function SubscribersPage() {
  const navigate = useNavigate();
  const [adding, setAdding] = useState(false);
  const list = useSubscribers();
  const states = useQuery({ queryKey: ["subscriber", "states"], queryFn: () => data(api.GET("/api/v1/subscriber-states")), refetchInterval: ALL_AGAIN });
  const stateBy = new Map((states.data?.items ?? []).map((info) => [info.name, info]));
  return (
    <Frame title="Webhooks" lead="Others hear of what happens here: signed messages, tried again until they are taken." actions={<Button look="primary" icon={<Plus size={14} />} onClick={() => { setAdding(true); }}>Add a subscriber</Button>}>
      <Panel flush>
        <Loaded of={list} empty={<First onAdd={() => { setAdding(true); }} />}>
          {({ items }) => (
            <Table label="Subscribers" head={<><Th>Name</Th><Th>Address</Th><Th>Customer</Th><Th>Events</Th><Th>State</Th><Th>Waiting</Th><Th>Failed</Th><Th>Last success</Th></>}>
              {items.map((subscriber) => {
                const spec = subscriber.spec as SubscriberSpec;
                const info = stateBy.get(subscriber.name);
                const state = info === undefined ? null : stateOf(info);
                return (
                  <Tr key={subscriber.name}>
                    <Td><Link to="/webhooks/subscribers/$name" params={{ name: subscriber.name }} className="font-medium hover:underline">{subscriber.name}</Link></Td>
                    <Td className="max-w-64 truncate text-ink-soft" title={spec.url}>{spec.url}</Td>
                    <Td className="text-ink-soft">{spec.customer ?? "everybody"}</Td>
                    <Td className="max-w-48 truncate text-ink-soft">{eventsText(spec.events)}</Td>
                    <Td>{state === null ? <span className="text-ink-faint">{states.isError ? "not known" : "…"}</span> : <Badge tone={state.tone}>{state.word}</Badge>}</Td>
                    <Td className="tabular-nums">{info === undefined ? "" : counted(info.waiting)}</Td>
                    <Td className={`tabular-nums ${(info?.failed ?? 0) > 0 ? "font-medium text-bad" : ""}`}>{info === undefined ? "" : counted(info.failed)}</Td>
                    <Td className="text-ink-soft">{info?.succeededAt == null ? "never" : <Time at={info.succeededAt} />}</Td>
                  </Tr>
                );
              })}
            </Table>
          )}
        </Loaded>
      </Panel>
      {adding ? <SubscriberDialog taken={list.data?.items.map(({ name }) => name) ?? []} onClose={() => { setAdding(false); }} onDone={(name) => void navigate({ to: "/webhooks/subscribers/$name", params: { name } })} /> : null}
    </Frame>
  );
}

/** The three steps to a first message, of which those that are done are marked. */
function First({ onAdd }: { onAdd: () => void }) {
  const types = useEventTypes();
  const hasTypes = (types.data?.items.length ?? 0) > 0;
  return (
    <Empty title="Nobody hears of anything yet" action={<Button look={hasTypes ? "primary" : "plain"} onClick={onAdd}>Add a subscriber</Button>}>
      <ol className="mt-2 flex flex-col gap-3 text-left">
        <Way number={1} done={hasTypes}><Link to="/webhooks/event-types" className="text-accent underline">Make an event type</Link>, such as <code className="font-mono text-small">invoice.paid</code>: what can happen, and how its data looks.</Way>
        <Way number={2}><strong className="font-semibold text-ink">Add a subscriber</strong>: the address that hears of it, yours or a customer's.</Way>
        <Way number={3}><strong className="font-semibold text-ink">Send a test</strong> from its page, and see it delivered. Workflows post events with the node <code className="font-mono text-small">webhook.emit</code>, programs over the API.</Way>
      </ol>
    </Empty>
  );
}

function Way({ number, done = false, children }: { number: number; done?: boolean; children: ReactNode }) {
  return (
    <li className="flex gap-3">
      <span aria-label={done ? `Step ${String(number)}, done` : undefined} className={`flex size-6 shrink-0 items-center justify-center rounded-full text-small font-semibold ${done ? "bg-good-soft text-good" : "bg-sunken text-ink-soft"}`}>{done ? <Check size={13} aria-hidden /> : number}</span>
      <span className="pt-0.5">{children}</span>
    </li>
  );
}

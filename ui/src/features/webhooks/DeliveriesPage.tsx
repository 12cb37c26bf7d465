import { useNavigate, useSearch } from "@tanstack/react-router";

import { Button } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";
import { Loaded, More } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { PROGRESS, progressOf, type Progress } from "@/resource/deliveries";
import { DeliveryRows } from "@/resource/DeliveryRows";

import { DeliveryDrawer } from "./DeliveryDrawer";
import { deliveryFilter, type DeliverySearch } from "@/resource/deliveryFilter";
import { Frame } from "./Frame";
import { Period } from "./Period";
import { useEventTypes, useSubscribers } from "./queries";
import { useDeliveries } from "./useDeliveries";

/** What is on its way to whom, and what became of it. */
export function DeliveriesPage() {
  const search = useSearch({ from: "/shell/webhooks/deliveries" });
  const navigate = useNavigate();
  const { open, ...filter } = search;
  const set = (next: DeliverySearch): void => void navigate({ to: "/webhooks/deliveries", search: deliveryFilter.read({ ...next }), replace: true });
  const list = useDeliveries(filter);
  const subscribers = useSubscribers();
  const types = useEventTypes();
  const shown = open === undefined ? null : deliveryFilter.place(open);
  return (
    <Frame title="Deliveries" lead="Each message on its way to each subscriber, the newest first.">
      <Panel flush>
        <div role="group" aria-label="Filter" className="flex flex-wrap items-center gap-2 border-b px-4 py-2">
          <Names label="Subscriber" all="All subscribers" value={filter.subscriber} names={subscribers.data?.items.map(({ name }) => name) ?? []} onChange={(subscriber) => { set({ ...filter, subscriber }); }} />
          <Names label="Event" all="All events" value={filter.event} names={[...(types.data?.items.map(({ name }) => name) ?? []), "test"]} onChange={(event) => { set({ ...filter, event }); }} />
          <Select aria-label="State" className="w-auto!" value={filter.status ?? ""} onChange={(event) => { set(deliveryFilter.read({ ...filter, status: event.target.value })); }}>
            <option value="">All states</option>
            {PROGRESS.map((status) => <option key={status} value={status}>{wordOf(status)}</option>)}
          </Select>
          <Period value={filter.within} onChange={(within) => { set(deliveryFilter.read({ ...filter, within })); }} />
          <Input
            type="search"
            aria-label="Customer"
            placeholder="Customer"
            className="w-36!"
            key={filter.customer ?? ""}
            defaultValue={filter.customer ?? ""}
            onKeyDown={(event) => { if (event.key === "Enter") set(deliveryFilter.read({ ...filter, customer: event.currentTarget.value })); }}
            onBlur={(event) => { if (event.target.value !== (filter.customer ?? "")) set(deliveryFilter.read({ ...filter, customer: event.target.value })); }}
          />
          {deliveryFilter.isEmpty(filter) ? null : <Button look="quiet" onClick={() => { set({}); }}>Clear</Button>}
        </div>
        <Loaded
          of={list}
          lines={10}
          empty={
            deliveryFilter.isEmpty(filter) ? (
              <Empty title="Nothing was sent yet">Post an event, or send a subscriber a test: it is here at once, with every try.</Empty>
            ) : (
              <Empty title="No delivery is like that" action={<Button onClick={() => { set({}); }}>Show all</Button>} />
            )
          }
        >
          {(deliveries) => <DeliveryRows wide deliveries={deliveries} onOpen={(delivery) => { set({ ...filter, open: deliveryFilter.written(delivery) }); }} />}
        </Loaded>
        <More of={list} />
      </Panel>
      {shown === null ? null : <DeliveryDrawer {...shown} onClose={() => { set(filter); }} />}
    </Frame>
  );
}

function wordOf(status: Progress): string {
  return progressOf({ status, attempts: 0 }).word;
}

/** One of some names. What the address names and nobody knows (any more) stays to be seen. */
function Names({ label, all, value, names, onChange }: { label: string; all: string; value: string | undefined; names: readonly string[]; onChange: (name: string) => void }) {
  const known = [...new Set(value === undefined ? names : [...names, value])];
  return (
    <Select aria-label={label} className="w-auto! max-w-52" value={value ?? ""} onChange={(event) => { onChange(event.target.value); }}>
      <option value="">{all}</option>
      {known.map((name) => <option key={name} value={name}>{name}</option>)}
    </Select>
  );
}

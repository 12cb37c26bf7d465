import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { Fragment } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { Input } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { plural } from "@/kit/times";
import type { IntegrationView } from "@/resource/registerViews";
import { ServiceIcon } from "@/resource/ServiceIcon";

import { callsText, CONNECTIONS, faultText, KINDS, lastOf, quotaOf, standingOf, wanted, type Integration } from "./services";

const SHOWS = [{ value: "all", name: "All" }, { value: "faults", name: "To look after" }, { value: "unused", name: "Not used" }, { value: "unowned", name: "Without a vendor" }] as const;

/** Every outside service in use: who uses it, through which account, and how it is. */
export function IntegrationsPage() {
  const view = useSearch({ from: "/shell/integrations" });
  const navigate = useNavigate();
  const list = useQuery({ queryKey: ["connection", "integrations"], queryFn: () => data(api.GET("/api/v1/integrations")), refetchInterval: 60_000 });
  const go = (next: IntegrationView) => void navigate({ to: "/integrations", search: next, replace: true });
  return (
    <Page title="Integrations" lead="Every outside service in use: who uses it, through which account, who is behind it, and how it is.">
      <Loaded
        of={list}
        isEmpty={list.data !== undefined && list.data.items.length === 0 && list.data.computed.length === 0}
        empty={
          <Panel flush>
            <Empty title="No outside service yet" action={<Link to="/connections" className="text-accent hover:underline">Go to the connections</Link>}>
              Nothing has to be written down here: a service appears as soon as a connection is an account on it, a node calls it, or it calls a webhook.
            </Empty>
          </Panel>
        }
      >
        {({ items, computed }) => {
          const shown = wanted(items, view);
          return (
            <div className="flex flex-col gap-4">
              <div className="flex flex-wrap items-center gap-2">
                <Input aria-label="Find a service" type="search" placeholder="Find a service, an account or a workflow" className="max-w-72" value={view.find ?? ""} onChange={(event) => { go({ ...view, find: event.target.value }); }} />
                <Choice label="Which services" of={SHOWS} value={view.show ?? "all"} onChange={(value) => { go(without(view, value)); }} />
                <span role="status" className="text-small text-ink-soft">{shown.length === items.length ? plural(items.length, "service") : `${String(shown.length)} of ${plural(items.length, "service")}`}</span>
              </div>
              <Panel flush>
                {shown.length === 0 ? (
                  <Empty title="None of them" action={<Button onClick={() => { go({}); }}>Show all</Button>}>No service is as you asked for.</Empty>
                ) : (
                  <Table label="Integrations" head={<><Th>Service</Th><Th>Accounts</Th><Th>Used by</Th><Th>Last success</Th><Th>Quota</Th><Th>Vendor</Th><Th>State</Th></>}>
                    {shown.map((item) => <Row key={item.id} item={item} open={view.open === item.id} onOpen={(open) => { go(opened(view, open ? item.id : undefined)); }} />)}
                  </Table>
                )}
              </Panel>
              {computed.length === 0 ? null : (
                <Panel title="Called, but where is known only when they run">
                  <p className="text-ink-soft">An expression makes the address of these nodes. Write the host in front of it, and the service appears in the list.</p>
                  <ul className="mt-2 flex list-disc flex-col gap-1 pl-5">
                    {computed.map(({ workflow, node, active }) => (
                      <li key={`${workflow}/${node}`}>
                        <Link to="/workflows/$name/edit" params={{ name: workflow }} search={{ node }} className="font-medium hover:underline">{workflow}</Link>
                        <span className="text-ink-soft">{` · ${node}${active ? "" : " (not live)"}`}</span>
                      </li>
                    ))}
                  </ul>
                </Panel>
              )}
            </div>
          );
        }}
      </Loaded>
    </Page>
  );
}

function without({ find, open }: IntegrationView, show: (typeof SHOWS)[number]["value"]): IntegrationView {
  return { ...(find === undefined ? {} : { find }), ...(open === undefined ? {} : { open }), ...(show === "all" ? {} : { show }) };
}

function opened({ find, show }: IntegrationView, open: string | undefined): IntegrationView {
  return { ...(find === undefined ? {} : { find }), ...(show === undefined ? {} : { show }), ...(open === undefined ? {} : { open }) };
}

function Row({ item, open, onOpen }: { item: Integration; open: boolean; onOpen: (open: boolean) => void }) {
  const standing = standingOf(item);
  const live = item.usedBy.filter(({ active }) => active).length;
  const { success, failure } = lastOf(item);
  const id = `details-${item.id}`;
  return (
    <Fragment>
      <Tr>
        <Td className="min-w-48">
          <button type="button" aria-expanded={open} aria-controls={open ? id : undefined} className="flex items-center gap-2 text-left" onClick={() => { onOpen(!open); }}>
            <ChevronRight size={14} aria-hidden className={`shrink-0 text-ink-faint transition-transform duration-100 ${open ? "rotate-90" : ""}`} />
            <ServiceIcon connector={item.connector} title={item.title} />
            <span>
              <span className="font-medium">{item.title}</span>
              <span className="block text-small text-ink-faint">{item.categories.length > 0 ? item.categories.join(", ") : KINDS[item.kind]}</span>
            </span>
          </button>
        </Td>
        <Td className="max-w-52 truncate">{item.connections.length === 0 ? <span className="text-ink-faint">without one</span> : item.connections.map(({ name }) => name).join(", ")}</Td>
        <Td className="whitespace-nowrap text-ink-soft">{item.usedBy.length === 0 ? "nobody" : `${plural(item.usedBy.length, "workflow")}, ${String(live)} live`}</Td>
        <Td className="text-ink-soft">{success === null ? <span className="text-ink-faint">not known</span> : <Time at={success} />}{failure === null ? null : <span className="block text-small text-bad">failed <Time at={failure} /></span>}</Td>
        <Td className="whitespace-nowrap text-ink-soft tabular-nums">{quotaOf(item) || <span className="text-ink-faint">not known</span>}</Td>
        <Td>
          {item.vendor == null ? (
            <Link to="/vendors" search={{ title: item.title, ...(item.connector == null ? { host: item.hosts[0] ?? "" } : { connector: item.connector }) }} aria-label={`Write one down for ${item.title}`} className="whitespace-nowrap text-accent hover:underline">
              Write one down
            </Link>
          ) : (
            <Link to="/vendors/$name" params={{ name: item.vendor.name }} className="hover:underline">{item.vendor.title}</Link>
          )}
        </Td>
        <Td><Badge tone={standing.tone}>{standing.word}</Badge></Td>
      </Tr>
      {open ? <tr className="border-b bg-sunken/50"><td id={id} colSpan={7} className="px-4 py-3"><Details item={item} /></td></tr> : null}
    </Fragment>
  );
}

function Details({ item }: { item: Integration }) {
  return (
    <div className="grid gap-x-8 gap-y-4 md:grid-cols-2">
      {item.faults.length === 0 ? null : (
        <section className="md:col-span-2">
          <h3 className="font-medium text-bad">What is wrong</h3>
          <ul className="mt-1 flex list-disc flex-col gap-1 pl-5">{item.faults.map((fault, index) => <li key={index}>{faultText(fault)}</li>)}</ul>
        </section>
      )}
      <section>
        <h3 className="font-medium">Accounts</h3>
        {item.connections.length === 0 ? <p className="text-ink-soft">It is called without an account.</p> : (
          <ul className="mt-1 flex flex-col gap-1.5">
            {item.connections.map((one) => (
              <li key={one.name} className="flex flex-wrap items-baseline gap-x-2">
                <Link to="/connections/$name" params={{ name: one.name }} className="font-medium hover:underline">{one.name}</Link>
                <Badge tone={CONNECTIONS[one.state].tone}>{CONNECTIONS[one.state].word}</Badge>
                {one.endsAt == null ? null : <span className="text-small text-ink-soft">ends <Time at={one.endsAt} /></span>}
                <span className="text-small text-ink-soft">{one.usedBy.length === 0 ? "used by nobody" : `used by ${one.usedBy.map(({ name }) => name).join(", ")}`}</span>
                {callsText(one.health) === "" ? null : <span className="w-full text-small text-ink-soft">{callsText(one.health)}</span>}
                {one.reason == null ? null : <span className="w-full text-small text-ink-soft">{one.reason}</span>}
              </li>
            ))}
          </ul>
        )}
      </section>
      <section>
        <h3 className="font-medium">Workflows</h3>
        {item.usedBy.length === 0 ? <p className="text-ink-soft">None uses it. Its accounts and their secrets may go.</p> : (
          <ul className="mt-1 flex flex-col gap-1">
            {item.usedBy.map(({ name, title, active }) => (
              <li key={name} className="flex items-baseline gap-2">
                <Link to="/workflows/$name" params={{ name }} className="font-medium hover:underline">{name}</Link>
                {title === "" || title === name ? null : <span className="truncate text-ink-soft">{title}</span>}
                <Badge tone={active ? "good" : "neutral"}>{active ? "live" : "not live"}</Badge>
              </li>
            ))}
          </ul>
        )}
      </section>
      {item.hosts.length === 0 ? null : <p className="text-small text-ink-soft md:col-span-2">Hosts: {item.hosts.map((host, index) => <Fragment key={host}>{index === 0 ? "" : ", "}<code className="font-mono">{host}</code></Fragment>)}</p>}
    </div>
  );
}

import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Ellipsis, Plus, TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { Button, IconButton } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { Input } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { plural } from "@/kit/times";
import { Tip } from "@/kit/Tip";
import { DeleteDialog } from "@/resource/DeleteDialog";
import type { VendorView } from "@/resource/registerViews";
import { RenameDialog } from "@/resource/RenameDialog";
import { byUrgency, renewalText, renewalWord, useVendorRegister, type VendorEntry } from "@/resource/renewals";

import { NewVendor } from "./NewVendor";
import { GAPS, wanted } from "./vendor";

const SHOWS = [{ value: "all", name: "All" }, { value: "due", name: "To decide about" }, { value: "gaps", name: "With gaps" }] as const;

/** Who is behind the services, and what was agreed with them. */
export function VendorsPage() {
  const view = useSearch({ from: "/shell/vendors" });
  const navigate = useNavigate();
  const register = useVendorRegister();
  const [making, setMaking] = useState(false);
  const [asked, setAsked] = useState<{ what: "rename" | "delete"; name: string } | null>(null);
  const go = (next: VendorView) => void navigate({ to: "/vendors", search: next, replace: true });
  const { connector, host, title, ...rest } = view;
  const given = connector !== undefined || host !== undefined || title !== undefined;
  const make = <Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New vendor</Button>;
  return (
    <Page title="Vendors" lead="Who is behind the services: contacts, contracts and when to decide about them, cost, scores, and the way out." actions={make}>
      <Loaded
        of={register}
        empty={
          <Panel flush>
            <Empty title="No vendor yet" action={make}>
              Write down who is behind a service before it is down on a Friday evening: whom to call, what was promised, until when notice must be given, and how to get away.
            </Empty>
          </Panel>
        }
      >
        {({ items, dueCount, yearlyCosts }) => {
          const shown = wanted(items, view).sort(byUrgency);
          return (
            <div className="flex flex-col gap-4">
              <dl className="grid grid-cols-2 overflow-hidden rounded-large border bg-surface shadow-low md:grid-cols-3">
                <Figure name="Vendors" value={String(items.length)} />
                <Figure name="Contracts to decide about" value={String(dueCount)} tone={dueCount > 0 ? "text-wait" : "text-ink-faint"} />
                <Figure name="Cost a year, as far as it is known" value={yearlyCosts.map(({ amount, currency }) => `${grouped(amount)} ${currency}`).join(" + ") || "–"} />
              </dl>
              <div className="flex flex-wrap items-center gap-2">
                <Input aria-label="Find a vendor" type="search" placeholder="Find a vendor, an owner or a host" className="max-w-72" value={view.find ?? ""} onChange={(event) => { go({ ...rest, find: event.target.value }); }} />
                <Choice label="Which vendors" of={SHOWS} value={view.show ?? "all"} onChange={(value) => { go({ ...(view.find === undefined ? {} : { find: view.find }), ...(value === "all" ? {} : { show: value }) }); }} />
                <span role="status" className="text-small text-ink-soft">{shown.length === items.length ? plural(items.length, "vendor") : `${String(shown.length)} of ${plural(items.length, "vendor")}`}</span>
              </div>
              <Panel flush>
                {shown.length === 0 ? <Empty title="None of them" action={<Button onClick={() => { go({}); }}>Show all</Button>}>No vendor is as you asked for.</Empty> : (
                  <Table label="Vendors" head={<><Th>Vendor</Th><Th>Owner</Th><Th>Contract</Th><Th className="text-right">Cost a year</Th><Th>Score</Th><Th>Missing</Th><Th><span className="sr-only">Acts</span></Th></>}>
                    {shown.map((vendor) => <Row key={vendor.name} vendor={vendor} onAsk={(what) => { setAsked({ what, name: vendor.name }); }} />)}
                  </Table>
                )}
              </Panel>
            </div>
          );
        }}
      </Loaded>
      {making || (given && register.data !== undefined) ? (
        <NewVendor
          title={title}
          connector={connector}
          host={host}
          taken={register.data?.items.map(({ name }) => name) ?? []}
          onClose={() => {
            setMaking(false);
            if (given) go(rest);
          }}
          onMade={(name) => void navigate({ to: "/vendors/$name", params: { name } })}
        />
      ) : null}
      {asked?.what === "rename" ? <RenameDialog kind="vendor" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
      {asked?.what === "delete" ? <DeleteDialog kind="vendor" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
    </Page>
  );
}

function Figure({ name, value, tone = "" }: { name: string; value: string; tone?: string }) {
  return (
    <div className="flex flex-col border-r border-b px-4 py-3 last:border-r-0 max-md:last:col-span-2 md:border-b-0">
      <dt className="text-small text-ink-soft">{name}</dt>
      <dd className={`text-title font-semibold tabular-nums ${tone}`}>{value}</dd>
    </div>
  );
}

/** An amount with its thousands apart; its digits are the server's. */
export function grouped(amount: string): string {
  const [whole = "", part] = amount.split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${part === undefined ? "" : `.${part}`}`;
}

function Row({ vendor, onAsk }: { vendor: VendorEntry; onAsk: (what: "rename" | "delete") => void }) {
  const { tone, word } = renewalWord(vendor.renewal);
  return (
    <Tr>
      <Td className="min-w-44">
        <Link to="/vendors/$name" params={{ name: vendor.name }} className="font-medium hover:underline">{vendor.title}</Link>
        <span className="block text-small text-ink-faint">{[vendor.category, ...vendor.connectors, ...vendor.hosts].filter(Boolean).join(", ") || "stands for no service"}</span>
      </Td>
      <Td className="text-ink-soft">{vendor.owner === "" ? <span className="text-ink-faint">nobody</span> : vendor.owner}</Td>
      <Td className="min-w-52"><Badge tone={tone}>{word}</Badge><span className="block text-small text-ink-soft">{renewalText(vendor.renewal)}</span></Td>
      <Td className="text-right whitespace-nowrap tabular-nums">{vendor.yearlyCost == null ? <span className="text-ink-faint">not known</span> : `${grouped(vendor.yearlyCost.amount)} ${vendor.yearlyCost.currency}`}</Td>
      <Td className="whitespace-nowrap"><Score value={vendor.score ?? null} /></Td>
      <Td>{vendor.gaps.length === 0 ? <span className="text-ink-faint">nothing</span> : <Tip text={vendor.gaps.map((gap) => GAPS[gap]).join(", ")}><span className="underline decoration-dotted underline-offset-2">{plural(vendor.gaps.length, "gap")}<span className="sr-only">{`: ${vendor.gaps.map((gap) => GAPS[gap]).join(", ")}`}</span></span></Tip>}</Td>
      <Td className="w-px">
        <Menu
          trigger={<IconButton name={`More for ${vendor.title}`} icon={<Ellipsis size={15} />} />}
          acts={[
            { name: "Rename…", icon: <TextCursorInput size={13} />, do: () => { onAsk("rename"); } },
            "line",
            { name: "Delete…", icon: <Trash2 size={13} />, danger: true, do: () => { onAsk("delete"); } },
          ]}
        />
      </Td>
    </Tr>
  );
}

/** A score from 0 to 5 as a number and a bar. */
export function Score({ value }: { value: number | null }) {
  if (value === null) return <span className="text-ink-faint">not judged</span>;
  return (
    <span className="inline-flex items-center gap-2">
      <span className="font-medium tabular-nums">{value.toFixed(1)}</span>
      <span aria-hidden className="h-1.5 w-14 overflow-hidden rounded-full bg-sunken"><span className={`block h-full ${value >= 3.5 ? "bg-good" : value >= 2 ? "bg-wait" : "bg-bad"}`} style={{ width: `${String(value * 20)}%` }} /></span>
    </span>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { TextCursorInput, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";

import { api, data } from "@/api/client";
import { isGone, problemsOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Unloaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Badge } from "@/kit/Status";
import { toasts } from "@/kit/toasts";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { useEdited } from "@/resource/edited";
import { History } from "@/resource/History";
import { useKind } from "@/resource/kinds";
import { Overtaken } from "@/resource/Overtaken";
import { RenameDialog } from "@/resource/RenameDialog";
import { useVendorRegister } from "@/resource/renewals";

import { Agreed } from "./Agreed";
import { ContractPanel } from "./Contract";
import { today as dayOfToday } from "./days";
import { SaveBar } from "./SaveBar";
import { Scorecard } from "./Scorecard";
import { GAPS, type Contract, type Vendor } from "./vendor";
import { grouped } from "./VendorsPage";
import { Written } from "./Written";

const PLAN = "# How we get away\n\n## What we take along\n- [ ] \n\n## What stands in\n\n## Who does it, and how long it takes\n\n## Tried last on\n";

type Spec = Record<string, unknown>;

/** A vendor: how its contract stands, how good it is, whom to call, and how to get away. */
export function VendorPage() {
  const { name } = useParams({ from: "/shell/vendors/$name" });
  const navigate = useNavigate();
  const resource = useQuery({ queryKey: ["vendor", name], queryFn: () => data(api.GET("/api/v1/vendors/{name}", { params: { path: { name } } })) });
  const [asked, setAsked] = useState<"rename" | "delete" | null>(null);
  if (resource.data === undefined || isGone(resource.error)) return <Page title={name}><Unloaded of={resource} /></Page>;
  const spec = resource.data.spec as Spec;
  return (
    <Page
      title={(spec as Vendor).title ?? name}
      lead={<Lead vendor={spec as Vendor} />}
      actions={
        <>
          <Button icon={<TextCursorInput size={14} />} onClick={() => { setAsked("rename"); }}>Rename…</Button>
          <Button look="danger" icon={<Trash2 size={14} />} onClick={() => { setAsked("delete"); }}>Delete…</Button>
        </>
      }
    >
      <Content name={name} stored={spec} labels={resource.data.labels ?? {}} revision={resource.data.revision} />
      {asked === "rename" ? <RenameDialog kind="vendor" name={name} onClose={() => { setAsked(null); }} onDone={(to) => navigate({ to: "/vendors/$name", params: { name: to } })} /> : null}
      {asked === "delete" ? <DeleteDialog kind="vendor" name={name} onClose={() => { setAsked(null); }} onDone={() => navigate({ to: "/vendors", search: {} })} /> : null}
    </Page>
  );
}

function Lead({ vendor: { category, owner, website } }: { vendor: Vendor }) {
  return (
    <>
      {[category, owner === undefined ? "nobody answers for it" : `${owner} answers for it`].filter(Boolean).join(" · ")}
      {website === undefined ? null : <> · <a href={website} target="_blank" rel="noreferrer" className="text-accent underline underline-offset-2">{website.replace(/^https?:\/\//, "").replace(/\/$/, "")}</a></>}
    </>
  );
}

function Content({ name, stored, labels, revision }: { name: string; stored: Spec; labels: Record<string, string>; revision: number }) {
  const client = useQueryClient();
  const register = useVendorRegister();
  const kind = useKind("vendor");
  const me = useQuery({ queryKey: ["me"], queryFn: () => data(api.GET("/api/v1/me")), staleTime: Infinity });
  const who = me.data?.user?.name ?? me.data?.actor ?? "";
  const edited = useEdited(stored, revision);
  const vendor = edited.value as Vendor;
  const entry = register.data?.items.find((one) => one.name === name);
  const today = register.data?.on ?? dayOfToday();
  const save = useMutation({
    mutationFn: (spec: Spec) => data(api.PUT("/api/v1/vendors/{name}", { params: { path: { name }, header: { "If-Match": `"${String(revision)}"` } }, body: { spec: spec as Record<string, never>, labels } })),
    onSuccess: () => {
      edited.discard();
      toasts.done("Saved");
    },
    // What was typed says at its bar why it was not saved; a decision has none.
    onError: (error) => { if (!edited.dirty) toasts.failed("It was not saved", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["vendor"] }),
  });
  const problems = problemsOf(save.error);
  const set = (fields: Partial<Vendor>): void => {
    // What is empty is left out, as everywhere in a spec.
    edited.set(Object.fromEntries(Object.entries({ ...vendor, ...fields }).filter(([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0))));
  };
  const decide = (outcome: "keep" | "end" | null): void => {
    const { decision: _before, ...contract } = (stored as Vendor).contract ?? ({} as Contract);
    const decision = outcome === null ? {} : { decision: { termEndsOn: entry?.renewal.endsOn ?? "", outcome, on: today, ...(who === "" ? {} : { by: who }) } };
    save.mutate({ ...stored, contract: { ...contract, ...decision } });
  };
  const gaps = entry?.gaps ?? [];
  return (
    <>
      <div className="flex flex-col gap-6">
        <Overtaken fields={edited.both} onDiscard={edited.discard} />
        {gaps.length === 0 ? null : <ul aria-label="What is missing" className="flex flex-wrap gap-1.5">{gaps.map((gap) => <li key={gap}><Badge tone="wait">{GAPS[gap]}</Badge></li>)}</ul>}
        <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-2">
          <Panel title="Contract">
            {register.data === undefined ? <Unloaded of={register} lines={3} /> : <ContractPanel contract={(stored as Vendor).contract} renewal={entry?.renewal} today={today} refused={edited.dirty ? "Save or discard your changes first" : save.isPending ? "It is being saved" : undefined} onDecide={decide} />}
          </Panel>
          <Panel title="At a glance"><Facts vendor={vendor} yearly={entry?.yearlyCost ?? null} /></Panel>
        </div>
        <Panel flush title="Scorecard"><Scorecard entries={vendor.scorecard ?? []} problems={problems} by={who} today={today} onChange={(scorecard) => { set({ scorecard }); }} /></Panel>
        <Panel title="Exit plan">
          <Written name="Exit plan" text={vendor.exitPlan ?? ""} start={PLAN} empty="There is no way out yet. Say what you take along, what stands in, who does it, and how long it takes." onChange={(exitPlan) => { set({ exitPlan }); }} />
        </Panel>
        <Panel title="Notes"><Written name="Notes" text={vendor.notes ?? ""} empty="Nothing is noted." onChange={(notes) => { set({ notes }); }} /></Panel>
        <section aria-label="What was agreed" className="flex flex-col gap-3">
          <h2 className="text-large font-semibold">What was agreed</h2>
          {kind.data === undefined ? <Unloaded of={kind} /> : <Agreed schema={kind.data} value={edited.value} problems={problems} onChange={edited.set} />}
        </section>
        <Panel flush title="History"><History kind="vendor" name={name} /></Panel>
      </div>
      <SaveBar dirty={edited.dirty} busy={save.isPending} error={save.error} onSave={() => { save.mutate(edited.value); }} onDiscard={edited.discard} />
    </>
  );
}

/** What one looks for when something is down. */
function Facts({ vendor, yearly }: { vendor: Vendor; yearly: { amount: string; currency: string } | null }) {
  const { contacts = [], sla, cost, data: held, connectors = [], hosts = [] } = vendor;
  const promised = [sla?.availability === undefined ? "" : `${String(sla.availability)} % available`, sla?.responseTime === undefined ? "" : `answers within ${sla.responseTime}`, sla?.supportHours ?? ""].filter(Boolean).join(", ");
  const rows: [string, ReactNode][] = [
    ["Contacts", contacts.length === 0 ? null : <ul className="flex flex-col gap-1">{contacts.map((contact, index) => <li key={index}><span className="font-medium">{contact.name}</span>{contact.role === undefined ? "" : `, ${contact.role}`}<Ways contact={contact} /></li>)}</ul>],
    ["Promised", promised === "" && sla?.statusPage === undefined ? null : <>{promised} {sla?.statusPage === undefined ? null : <Web to={sla.statusPage}>Status page</Web>}</>],
    ["Cost", cost?.amount === undefined ? null : `${grouped(cost.amount)} ${cost.currency ?? ""} ${cost.per === "once" ? "once" : `a ${cost.per ?? "year"}`}${yearly === null || cost.per === "year" ? "" : `, ${grouped(yearly.amount)} ${yearly.currency} a year`}`],
    ["Data", held === undefined ? null : [held.region ?? "", held.personalData === true ? (held.processingAgreement === undefined ? "personal data, without an agreement" : `personal data, by ${held.processingAgreement}`) : "no personal data"].filter(Boolean).join(", ")],
    ["Stands for", connectors.length + hosts.length === 0 ? null : <>{[...connectors, ...hosts].join(", ")} <Link to="/integrations" search={{ find: vendor.title ?? "" }} className="text-accent underline underline-offset-2">Who uses it</Link></>],
  ];
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-2">
      {rows.map(([name, value]) => <div key={name} className="contents"><dt className="text-ink-soft">{name}</dt><dd className="min-w-0 break-words">{value ?? <span className="text-ink-faint">not written down</span>}</dd></div>)}
    </dl>
  );
}

function Ways({ contact: { email, phone, url } }: { contact: { email?: string; phone?: string; url?: string } }) {
  return (
    <span className="flex flex-wrap gap-x-3 text-small">
      {email === undefined ? null : <a href={`mailto:${email}`} className="text-accent underline underline-offset-2">{email}</a>}
      {phone === undefined ? null : <a href={`tel:${phone.replaceAll(/[^+\d]/g, "")}`} className="text-accent underline underline-offset-2">{phone}</a>}
      {url === undefined ? null : <Web to={url}>{url.replace(/^https?:\/\//, "")}</Web>}
    </span>
  );
}

/** A way out of the app. While somebody types, an address may be anything, and only those of the web are links. */
function Web({ to, children }: { to: string; children: ReactNode }) {
  return /^https?:\/\//.test(to) ? <a href={to} target="_blank" rel="noreferrer" className="text-accent underline underline-offset-2">{children}</a> : <span>{children}</span>;
}

import { useMutation } from "@tanstack/react-query";
import { ExternalLink } from "lucide-react";
import { useState, useSyncExternalStore } from "react";

import { api, data } from "@/api/client";
import { problemsOf } from "@/api/problem";
import { here } from "@/api/scope";
import type { components } from "@/api/schema";
import { theme as appTheme } from "@/app/theme";
import { Button } from "@/kit/Button";
import { CodeBlock } from "@/kit/CodeBlock";
import { CopyButton } from "@/kit/CopyButton";
import { Checkbox, Field, Input, Select } from "@/kit/Field";
import { Panel } from "@/kit/Page";
import { ProblemText } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { faultAt, faultsElsewhere } from "@/resource/placed";
import { lookOf, MOST_RADIUS, readable, type PortalTheme } from "@/resource/portalLook";
import type { SubscriberSpec } from "@/resource/subscribers";

import { Frame } from "./Frame";
import { useSubscribers } from "./queries";

type Made = components["schemas"]["MadePass"];

const LIVES = [["an hour", 1], ["8 hours", 8], ["a day", 24], ["7 days", 7 * 24], ["30 days", 30 * 24]] as const;
const FIRST_ACCENT = "#0f6b7a";
const FIELDS = ["/customer", "/seconds", "/theme/title", "/theme/accent", "/theme/radius"];

/** Makes the links by which customers look after their own subscribers. */
export function PortalLinkPage() {
  const subscribers = useSubscribers();
  const customers = [...new Set((subscribers.data?.items ?? []).flatMap(({ spec }) => (spec as SubscriberSpec).customer ?? []))].sort();
  const [customer, setCustomer] = useState("");
  const [hours, setHours] = useState(24);
  const [readOnly, setReadOnly] = useState(false);
  const [theme, setTheme] = useState<PortalTheme>({});
  const body = { customer: customer.trim(), seconds: hours * 3600, ...(readOnly ? { readOnly } : {}), ...(Object.keys(theme).length === 0 ? {} : { theme }) };
  const make = useMutation({ mutationFn: () => data(api.POST("/api/v1/portal-passes", { body })), gcTime: 0 });
  const problems = problemsOf(make.error);
  const at = (pointer: string): string | undefined => faultAt(problems, pointer);
  const rest = faultsElsewhere(problems, FIELDS);
  const put = (part: { [name in keyof PortalTheme]?: PortalTheme[name] | undefined }): void => {
    make.reset();
    setTheme(Object.fromEntries(Object.entries({ ...theme, ...part }).filter(([, value]) => value !== undefined && value !== "")) as PortalTheme);
  };
  const fault = customer.trim() === "" ? "Say for which customer first" : undefined;
  return (
    <Frame title="Portal" lead="Customers look after their own webhooks: addresses, events, keys, tests, and what became of each message. They need no account.">
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-2">
        <Panel title="A link for a customer">
          <form
            className="flex flex-col gap-4"
            onSubmit={(event) => {
              event.preventDefault();
              if (fault === undefined && !make.isPending) make.mutate();
            }}
          >
            <Field label="Customer" error={at("/customer")} hint="As events and subscribers name it. The link shows nothing of others.">
              {(ids) => <Input {...ids} list="customers" autoComplete="off" spellCheck={false} placeholder="acme" value={customer} onChange={(event) => { setCustomer(event.target.value); make.reset(); }} />}
            </Field>
            <datalist id="customers">{customers.map((name) => <option key={name} value={name} />)}</datalist>
            <Field label="Good for" error={at("/seconds")} hint="It cannot be taken back before; it ends by itself.">
              {(ids) => <Select {...ids} value={hours} onChange={(event) => { setHours(Number(event.target.value)); make.reset(); }}>{LIVES.map(([name, value]) => <option key={value} value={value}>{name}</option>)}</Select>}
            </Field>
            <Checkbox label="They may only look" checked={readOnly} onChange={(event) => { setReadOnly(event.target.checked); make.reset(); }} />
            <fieldset className="flex flex-col gap-4 rounded-base border p-3">
              <legend className="px-1 font-medium">How it looks</legend>
              <Field label="Title (optional)" error={at("/theme/title")}>{(ids) => <Input {...ids} maxLength={80} placeholder="Webhooks" value={theme.title ?? ""} onChange={(event) => { put({ title: event.target.value }); }} />}</Field>
              <div className="grid grid-cols-2 gap-4 max-sm:grid-cols-1">
                <Field label="Accent" error={at("/theme/accent")} action={theme.accent == null ? undefined : <Button look="quiet" className="h-5! text-small" onClick={() => { put({ accent: undefined }); }}>Ours</Button>}>
                  {(ids) => (
                    <span className="flex gap-1.5">
                      <input type="color" aria-label="Pick the accent" className="h-8 w-10 shrink-0 cursor-pointer rounded-base border border-line-strong bg-surface p-0.5" value={/^#[\da-f]{6}$/i.test(theme.accent ?? "") ? (theme.accent ?? FIRST_ACCENT) : FIRST_ACCENT} onChange={(event) => { put({ accent: event.target.value }); }} />
                      <Input {...ids} spellCheck={false} className="font-mono text-small" placeholder="ours" value={theme.accent ?? ""} onChange={(event) => { put({ accent: event.target.value }); }} />
                    </span>
                  )}
                </Field>
                <Field label="Light or dark">
                  {(ids) => (
                    <Select {...ids} value={theme.mode ?? ""} onChange={(event) => { put({ mode: event.target.value === "" ? undefined : (event.target.value as "light" | "dark") }); }}>
                      <option value="">as their system is set</option>
                      <option value="light">light</option>
                      <option value="dark">dark</option>
                    </Select>
                  )}
                </Field>
              </div>
              <Field label={theme.radius == null ? "Corners" : `Corners, ${String(theme.radius)} pixels`} error={at("/theme/radius")} action={theme.radius == null ? undefined : <Button look="quiet" className="h-5! text-small" onClick={() => { put({ radius: undefined }); }}>Ours</Button>}>
                {(ids) => <input {...ids} type="range" min={0} max={MOST_RADIUS} value={theme.radius ?? 6} className="w-full accent-(--accent)" onChange={(event) => { put({ radius: Number(event.target.value) }); }} />}
              </Field>
            </fieldset>
            {rest.map((problem, index) => <div key={index} role="alert"><ProblemText problem={problem} /></div>)}
            <div><Button type="submit" look="primary" busy={make.isPending} refused={fault}>Make a link</Button></div>
          </form>
        </Panel>
        <div className="flex flex-col gap-6">
          <Panel title="Preview"><Sample theme={theme} customer={customer.trim() === "" ? "acme" : customer.trim()} readOnly={readOnly} /></Panel>
          {make.data === undefined ? null : <Panel title="The link"><Result made={make.data} /></Panel>}
          <Panel title="From your own product">
            <p className="mb-3 text-ink-soft">Make a pass for each visit in your backend, and put the portal into a frame of your page.</p>
            <CodeBlock text={requestOf({ ...body, customer: body.customer === "" ? "acme" : body.customer })} label="Request" />
          </Panel>
        </div>
      </div>
    </Frame>
  );
}

/** What a backend sends to get the same link. */
function requestOf(body: object): string {
  const headers = ["authorization: Bearer fpt_…", `fishplate-workspace: ${here.workspace}`, `fishplate-environment: ${here.environment}`, "content-type: application/json"];
  return [`POST ${location.origin}/api/v1/portal-passes`, ...headers, "", JSON.stringify(body, null, 2)].join("\n");
}

/** The frame for a page. Without leave to write to the clipboard, a frame cannot copy keys. */
function frameOf(url: string, title: string): string {
  const quoted = title.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return `<iframe\n  src="${url}"\n  title="${quoted}"\n  allow="clipboard-write"\n  style="border: 0; width: 100%; height: 720px"\n></iframe>`;
}

function Result({ made }: { made: Made }) {
  return (
    <div className="flex flex-col gap-4">
      <p className="text-ink-soft">Whoever has it looks after this customer&apos;s webhooks. It ends <Time at={made.until} />.</p>
      <div className="flex items-center gap-1 rounded-base border bg-sunken py-1 pr-1 pl-3">
        <Input readOnly aria-label="Link to the portal" className="min-w-0 flex-1 border-0 bg-transparent! px-0! font-mono text-small shadow-none!" value={made.url} onFocus={(event) => { event.target.select(); }} />
        <CopyButton text={made.url} name="Copy the link" />
        <a href={made.url} target="_blank" rel="noreferrer" aria-label="Open the portal in a new tab" className="rounded-base p-1.5 text-ink-soft hover:bg-line/50 hover:text-ink"><ExternalLink size={14} aria-hidden /></a>
      </div>
      <div className="flex flex-col gap-1.5">
        <p className="font-medium">In a frame</p>
        <CodeBlock text={frameOf(made.url, "Webhooks")} label="Frame" />
      </div>
    </div>
  );
}

const system = globalThis.matchMedia?.("(prefers-color-scheme: dark)");

/** A small part of the portal under a theme. */
function Sample({ theme, customer, readOnly }: { theme: PortalTheme; customer: string; readOnly: boolean }) {
  useSyncExternalStore(appTheme.subscribe, appTheme.read);
  const look = lookOf(theme, system?.matches === true);
  const isChanged = theme.accent != null && /^#[\da-f]{6}$/i.test(theme.accent) && readable(theme.accent, look.theme === "dark") !== theme.accent.toLowerCase();
  const refused = readOnly ? "This link only lets them look" : undefined;
  return (
    <>
      <div data-theme={look.theme} style={look.tokens} className="rounded-large border bg-ground p-4 text-ink" aria-label="Preview of the portal" role="group">
        <div className="mb-3 flex items-center justify-between gap-2">
          <div>
            <p className="text-large font-semibold">{theme.title ?? "Webhooks"}</p>
            <p className="text-small text-ink-soft">{customer}</p>
          </div>
          <Button look="primary" refused={refused}>Add an endpoint</Button>
        </div>
        <div className="flex flex-col gap-1 rounded-large border bg-surface p-3 shadow-low">
          <p className="flex flex-wrap items-center gap-2"><span className="font-mono text-small text-accent underline">https://example.com/hooks</span><Badge tone="good">Delivering</Badge></p>
          <p className="text-small text-ink-soft">invoice.paid, order.shipped</p>
          <div className="mt-1 flex gap-2"><Button refused={refused}>Send a test</Button><Button refused={refused}>Edit</Button></div>
        </div>
      </div>
      {isChanged ? <p className="mt-2 text-small text-ink-soft">The accent is shown a little {look.theme === "dark" ? "lighter" : "darker"} there, so that text in it can be read.</p> : null}
    </>
  );
}

//! A webhook: where it is reached, with which methods, who may call it, and what is answered.

import { Copy, ExternalLink } from "lucide-react";
import { use } from "react";

import { isList, isObject, type JsonObject } from "../../../canvas/graph/json";
import { Button, IconButton } from "@/kit/Button";
import { toasts } from "@/kit/toasts";
import { RunContext } from "../run";
import { METHODS } from "./Request";
import type { Place } from "./place";
import { Labelled } from "./Field";
import { textOf } from "./Cell";

export interface Addresses {
  /** Where it is reached once it is live. */
  readonly live: string;
  /** Where the draft hears one test event. */
  readonly test: string;
}

/** The first part of the addresses of node types that have one. */
const PREFIXES: Readonly<Record<string, string>> = { "http.webhook": "hooks", "form.trigger": "forms" };

/** Whether a trigger is reached at an address, so that its draft can listen for a test event there. */
export const hasAddress = (type: string) => type in PREFIXES;

/** Both addresses of a webhook or a form. `hooks` is the live one of a webhook up to the path. */
export function addressesOf(type: string, hooks: string, path: string): Addresses | undefined {
  const prefix = PREFIXES[type];
  if (prefix === undefined) return undefined;
  const clean = path.replace(/^\/+|\/+$/g, "");
  return { live: `${hooks.replace(/\/hooks\//, `/${prefix}/`)}/${clean}`, test: `${hooks.replace(/\/hooks\//, `/${prefix}-test/`)}/${clean}` };
}

export function AddressPath({ place, addresses, hint, example, opens = false }: { readonly place: Place; readonly addresses: Addresses | undefined; readonly hint?: string; readonly example: string; /** A browser can look at it. */ readonly opens?: boolean }) {
  const { listen } = use(RunContext);
  return (
    <>
      <Labelled label="Path" place={place} required expressive={false} {...(hint === undefined ? {} : { hint })}>
        {(id) => <input id={id} value={textOf(place.value)} placeholder={example} onChange={(event) => place.onChange(event.target.value)} />}
      </Labelled>
      {addresses && (
        <dl className="ed-addresses" aria-label="Addresses">
          <Address label="Live" about="answers while the workflow is live" address={addresses.live} opens={opens} />
          <Address label="Test" about="hears one event after “Listen”" address={addresses.test} />
        </dl>
      )}
      {addresses && opens && <div><Button icon={<ExternalLink size={13} />} refused={listen === undefined ? "It can be tried in the editor of the draft" : undefined} title="Listens for one test event and opens the page of the draft" onClick={() => void listen?.(() => window.open(addresses.test, "_blank", "noopener"))}>Try the draft</Button></div>}
    </>
  );
}

function Address({ label, about, address, opens = false }: { readonly label: string; readonly about: string; readonly address: string; readonly opens?: boolean }) {
  const copy = () => void navigator.clipboard.writeText(address).then(() => toasts.done("The address is copied."), (error: unknown) => toasts.failed("The address cannot be copied.", error));
  return (
    <div>
      <dt title={about}>{label}</dt>
      <dd><code title={address}>{address}</code><IconButton look="plain" name={`Copy the ${label.toLowerCase()} address`} icon={<Copy size={13} />} onClick={copy} />{opens && <a className="ed-opens" href={address} target="_blank" rel="noreferrer" aria-label={`Open the ${label.toLowerCase()} address`} title={`Open it: it ${about}`}><ExternalLink size={13} aria-hidden /></a>}</dd>
    </div>
  );
}

export function Methods({ place }: { readonly place: Place }) {
  const chosen = isList(place.value) ? place.value.map(String) : [];
  return (
    <div className="ed-row" role="group" aria-label="Methods" data-pointer={place.pointer}>
      <div className="ed-label"><span>Methods</span></div>
      <div className="ed-chips">
        {[...METHODS, ...chosen.filter((method) => !METHODS.includes(method))].map((method) => (
          <button key={method} type="button" aria-pressed={chosen.includes(method)} onClick={() => place.onChange(chosen.includes(method) ? chosen.filter((other) => other !== method) : [...chosen, method])}>
            {method}
          </button>
        ))}
      </div>
      {chosen.length === 0 && <p role="alert" className="ed-fault">it answers no method: choose one</p>}
    </div>
  );
}

/** Who can be let in to a form: a browser shows neither a header nor a token. */
const VISITORS = ["none", "basic"];

const CALLERS = [
  { kind: "none", label: "Anybody who knows the address" },
  { kind: "basic", label: "Who knows a name and a password" },
  { kind: "header", label: "Who sends a secret header" },
  { kind: "jwt", label: "Who has a signed token (JWT)" },
];

/** Who may call. The account that is asked for stands in the connection below. */
export function Callers({ place, label = "Who may call it", visitors = false }: { readonly place: Place; readonly label?: string; readonly visitors?: boolean }) {
  const whole: JsonObject = isObject(place.value) ? place.value : { kind: "none" };
  const kind = String(whole["kind"] ?? "none");
  return (
    <label className="ed-label" data-pointer={place.pointer}>{label}
      <select className="ed-inline" aria-label={label} value={kind} onChange={(event) => place.onChange(event.target.value === "none" ? { kind: "none" } : { ...(whole["connection"] === undefined ? {} : { connection: whole["connection"] }), kind: event.target.value })}>
        {CALLERS.filter((one) => !visitors || VISITORS.includes(one.kind)).map((one) => <option key={one.kind} value={one.kind}>{one.label}</option>)}
      </select>
    </label>
  );
}

const ANSWERS = [
  { value: "immediately", label: "At once, before the run is done", respond: { when: "immediately" } },
  { value: "lastNode/allEntries", label: "When the run is done: all items of the last node", respond: { when: "lastNode", data: "allEntries" } },
  { value: "lastNode/firstEntryJson", label: "When the run is done: its first item", respond: { when: "lastNode", data: "firstEntryJson" } },
  { value: "lastNode/firstEntryBinary", label: "When the run is done: a file of its first item", respond: { when: "lastNode", data: "firstEntryBinary" } },
  { value: "lastNode/noData", label: "When the run is done: no body", respond: { when: "lastNode", data: "noData" } },
  { value: "respondNode", label: "With a “Respond to webhook” node", respond: { when: "respondNode" } },
  { value: "streaming", label: "In parts, while the run goes on", respond: { when: "streaming" } },
] as const;

export function Answers({ place }: { readonly place: Place }) {
  const whole: JsonObject = isObject(place.value) ? place.value : { when: "immediately" };
  const value = whole["when"] === "lastNode" ? `lastNode/${String(whole["data"] ?? "allEntries")}` : String(whole["when"]);
  return (
    <label className="ed-label" data-pointer={place.pointer}>Answers
      <select className="ed-inline" aria-label="Answers" value={value} onChange={(event) => { const chosen = ANSWERS.find((one) => one.value === event.target.value); if (chosen) place.onChange(chosen.respond); }}>
        {ANSWERS.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
      </select>
    </label>
  );
}

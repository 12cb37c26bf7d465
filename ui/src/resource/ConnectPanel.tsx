import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Button } from "@/kit/Button";
import { Loaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Line } from "@/kit/Prose";
import { Badge, type Tone } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";

import { beginConsent, openWindow, type Began } from "./consent";
import { DeviceCode } from "./DeviceCode";
import { Once } from "./rules";

type Status = components["schemas"]["Status"];

const STATES: Record<Status["state"], { tone: Tone; word: string }> = {
  good: { tone: "good", word: "Good" },
  incomplete: { tone: "wait", word: "Incomplete" },
  ending: { tone: "wait", word: "Ends soon" },
  dead: { tone: "bad", word: "Not taken any more" },
};

/** How often is looked while a person consents in another window, and otherwise. */
const SOON = 1_000;
const SELDOM = 30_000;

/** How an account is, and what connects it. */
export function ConnectPanel({ name, auth, begun = null }: { name: string; auth: Record<string, unknown>; /** A consent that is waited for already. */ begun?: Began | null }) {
  const client = useQueryClient();
  const [began, setBegan] = useState<Began | null>(begun);
  const path = { params: { path: { name } } };
  const status = useQuery({
    queryKey: ["connection", name, "status"],
    queryFn: () => data(api.GET("/api/v1/connections/{name}/status", path)),
    refetchInterval: ({ state }) => (began !== null && isWaiting(began, state.data) ? SOON : SELDOM),
  });
  const again = () => void client.invalidateQueries({ queryKey: ["connection"] });
  const waits = began !== null && isWaiting(began, status.data);
  const consented = began !== null && !waits;
  useEffect(() => {
    if (!consented) return;
    toasts.done(`${name} is connected`);
    void client.invalidateQueries({ queryKey: ["connection"] });
  }, [consented, client, name]);
  const test = useMutation({
    mutationFn: () => data(api.POST("/api/v1/connections/{name}/test", { ...path, body: {} })),
    onSuccess: ({ status: now }) => {
      // Without something that renews the token there is nothing to try but a call.
      const renewed = now.lastRefresh !== status.data?.lastRefresh;
      if (now.state === "good") toasts.done(renewed ? "It works: there is a new token" : "Nothing speaks against it, but only a call can show that it works");
    },
    onError: (error) => { toasts.failed("It does not work", error); },
    onSettled: again,
  });
  const disconnect = useMutation({
    mutationFn: () => data(api.POST("/api/v1/connections/{name}/disconnect", path)),
    onSuccess: ({ told }) => { toasts.done(told ? "Disconnected, and the service knows" : "Disconnected here. The service was not told; take the consent back there, too"); },
    onError: (error) => { toasts.failed("It stays connected", error); },
    onSettled: again,
  });
  const oauth = auth["type"] === "oauth2";
  // What it shows comes and goes: a token, a session.
  const renews = oauth || auth["type"] === "session";
  const flow = oauth ? (typeof auth["flow"] === "string" ? auth["flow"] : "authorizationCode") : null;
  return (
    <Panel title="State">
      <Loaded of={status} lines={3}>
        {(now) => (
          <div className="flex flex-col gap-4">
            <Facts status={now} />
            <div className="flex flex-wrap gap-2">
              {flow === "authorizationCode" ? <Consent name={name} status={now} began={waits ? began : null} onBegan={setBegan} /> : null}
              {flow === "deviceCode" ? <DeviceCode name={name} word={wordOf(now)} onDone={again} /> : null}
              {!renews && now.state === "dead" ? <Button look="primary" busy={test.isPending} onClick={() => { test.mutate(); }}>Try it again</Button> : null}
              {renews ? (
                <>
                  <Button busy={test.isPending} refused={now.needsConsent && now.connectedAt == null ? "Connect it first" : undefined} look={now.needsConsent || now.state === "good" ? "plain" : "primary"} onClick={() => { test.mutate(); }}>
                    {now.needsConsent || now.connectedAt != null ? "Try it" : "Connect"}
                  </Button>
                  <Button look="danger" busy={disconnect.isPending} refused={now.connectedAt == null ? "It is not connected" : undefined} onClick={() => { disconnect.mutate(); }}>Disconnect</Button>
                </>
              ) : null}
            </div>
            {flow === "authorizationCode" ? <OwnerLink name={name} /> : null}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

/** Nobody has consented since. */
function isWaiting(began: Began, status: Status | undefined): boolean {
  return (status?.connectedAt ?? null) === began.before;
}

function wordOf(status: Status): string {
  return status.connectedAt == null ? "Connect" : "Reconnect";
}

/** What is known. Scopes are told before anybody consents. */
function Facts({ status }: { status: Status }) {
  const state = STATES[status.state];
  const given = status.granted ?? [];
  const missing = status.granted == null ? [] : status.scopes.filter((scope) => !given.includes(scope));
  return (
    <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      <Fact name="State"><Badge tone={state.tone}>{state.word}</Badge></Fact>
      {status.reason == null ? null : <Fact name="Why"><span className={status.state === "dead" ? "text-bad" : "text-ink-soft"}><Line text={status.reason} /></span></Fact>}
      {status.deadSince == null ? null : <Fact name="Since"><Time at={status.deadSince} /></Fact>}
      {status.endsAt == null || status.state === "dead" ? null : <Fact name="Ends"><Time at={status.endsAt} /></Fact>}
      {status.expiresAt == null || status.state === "dead" ? null : <Fact name="Token ends"><span><Time at={status.expiresAt} />{status.endsAt === status.expiresAt ? "" : ", and is renewed before"}</span></Fact>}
      {status.scopes.length === 0 ? null : <Fact name="Asks for"><Words of={status.scopes} /></Fact>}
      {missing.length === 0 ? null : <Fact name="Not given"><Words of={missing} /></Fact>}
      {status.connectedBy == null ? null : <Fact name="Connected"><span>by {status.connectedBy}{status.connectedAt == null ? null : <>, <Time at={status.connectedAt} /></>}</span></Fact>}
      {status.redirectUri == null ? null : <Fact name="Redirect address"><code className="text-small break-all select-all">{status.redirectUri}</code></Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-soft">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

/** Names of scopes. */
export function Words({ of }: { of: readonly string[] }) {
  return <ul className="flex flex-wrap gap-1">{of.map((word) => <li key={word}><code className="rounded-small bg-sunken px-1 text-small">{word}</code></li>)}</ul>;
}

/** Opens the service's page in a window of its own, and waits until somebody has consented there. */
function Consent({ name, status, began, onBegan }: { name: string; status: Status; began: Began | null; onBegan: (began: Began | null) => void }) {
  const begin = useMutation({
    mutationFn: async (opened: Window | null) => { onBegan(await beginConsent(name, status.connectedAt ?? null, opened)); },
    onError: (error) => { toasts.failed("The consent cannot be begun", error); },
  });
  const open = () => { begin.mutate(openWindow()); };
  if (began === null) {
    const look = status.state === "good" ? "plain" : "primary";
    return <Button look={look} busy={begin.isPending} onClick={open}>{status.connectedAt == null ? "Connect" : "Reconnect"}</Button>;
  }
  return (
    <span role="status" className="flex flex-wrap items-center gap-2 text-ink-soft">
      Consent in the other window.
      <a className="text-accent hover:underline" href={began.location} target="_blank" rel="noopener noreferrer">Open it again</a>
      <Button look="quiet" onClick={() => { onBegan(null); }}>Wait no more</Button>
    </span>
  );
}

/** A link for whoever owns the account and has none here. */
function OwnerLink({ name }: { name: string }) {
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/connections/{name}/reconnect-link", { params: { path: { name } } })),
    onError: (error) => { toasts.failed("There is no link", error); },
  });
  if (make.data === undefined) {
    return <div><Button look="quiet" busy={make.isPending} onClick={() => { make.mutate(); }}>Link for the owner…</Button></div>;
  }
  const { url, expiresAt, owner } = make.data;
  return (
    <div className="flex flex-col gap-1.5">
      <Once text={url} onCopied={() => { toasts.done("Copied"); }} />
      <span className="text-small text-ink-soft">
        It is good once, until <Time at={expiresAt} />{owner == null ? "" : `; ${owner} connected the account before`}. Whoever has it can connect an account of theirs.
      </span>
    </div>
  );
}

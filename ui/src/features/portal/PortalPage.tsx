import { useQuery } from "@tanstack/react-query";
import { Link2Off } from "lucide-react";
import { useEffect, useLayoutEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";

import { data } from "@/api/client";
import { problemOf, Refusal } from "@/api/problem";
import { Loaded } from "@/kit/Loaded";
import { HasHelp } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Tabs } from "@/kit/Tabs";
import { Time } from "@/kit/Time";
import { Toasts } from "@/kit/Toasts";
import { lookOf, type PortalTheme } from "@/resource/portalLook";

import { Catalogue } from "./Catalogue";
import { makeDoor, passOf } from "./door";
import { EndpointPage } from "./EndpointPage";
import { Endpoints } from "./Endpoints";
import { ALL_AGAIN, NO_RIGHT, VisitContext, type Portal } from "./portal";

const TITLE = "Webhooks";
const hash = {
  subscribe: (listener: () => void): (() => void) => {
    addEventListener("hashchange", listener);
    return () => { removeEventListener("hashchange", listener); };
  },
  read: (): string => window.location.hash,
};

/** Where customers look after their own webhooks. A pass behind the hash lets them in; nothing else is asked for. */
export function PortalPage() {
  const pass = passOf(useSyncExternalStore(hash.subscribe, hash.read));
  return (
    <HasHelp value={false}>
      {pass === null ? <Closed detail="The link that you opened is not whole." hint="Copy all of it, or ask for a new one where it came from." /> : <Visited key={pass} pass={pass} />}
      <Toasts />
    </HasHelp>
  );
}

function Visited({ pass }: { pass: string }) {
  const door = useMemo(() => makeDoor(pass), [pass]);
  const portal = useQuery({ queryKey: ["portal", pass], queryFn: () => data(door.GET("/api/v1/portal")), refetchInterval: (query) => (isShut(query.state.error) ? false : ALL_AGAIN) });
  useTheme(portal.data?.theme);
  if (isShut(portal.error)) {
    const { detail, hint } = problemOf(portal.error);
    return <Closed detail={detail} hint={hint ?? "Ask for a new link where this one came from."} />;
  }
  return (
    <Frame portal={portal.data}>
      <Loaded of={portal}>
        {(known) => (
          <VisitContext value={{ door, refused: known.readOnly ? NO_RIGHT : undefined }}>
            <Rooms portal={known} />
          </VisitContext>
        )}
      </Loaded>
    </Frame>
  );
}

/** The server does not let this pass in (any more). */
function isShut(error: unknown): boolean {
  return error instanceof Refusal && (error.problem.status === 401 || error.problem.status === 403);
}

/** Gives the whole page the look that the pass asks for, dialogs included. */
function useTheme(theme: PortalTheme | undefined): void {
  const [systemIsDark, setSystemIsDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const changed = (): void => { setSystemIsDark(system.matches); };
    system.addEventListener("change", changed);
    return () => { system.removeEventListener("change", changed); };
  }, []);
  const written = JSON.stringify(theme ?? {});
  useLayoutEffect(() => {
    const root = document.documentElement;
    const look = lookOf(JSON.parse(written) as PortalTheme, systemIsDark);
    root.dataset["theme"] = look.theme;
    Object.entries(look.tokens).forEach(([name, value]) => { root.style.setProperty(name, value); });
    return () => { Object.keys(look.tokens).forEach((name) => { root.style.removeProperty(name); }); };
  }, [written, systemIsDark]);
  const title = theme?.title ?? TITLE;
  useEffect(() => { document.title = title; }, [title]);
}

function Frame({ portal, children }: { portal: Portal | undefined; children: ReactNode }) {
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto w-full max-w-4xl px-4 pt-5 pb-16 sm:px-6">
        <header className="mb-4 flex flex-wrap items-end justify-between gap-x-6 gap-y-1">
          <div className="min-w-0">
            <h1 className="text-title font-semibold tracking-tight break-words">{portal?.theme.title ?? TITLE}</h1>
            <p className="text-ink-soft">{portal === undefined ? "…" : portal.customer}</p>
          </div>
          {portal === undefined ? null : (
            <p className="flex items-center gap-2 text-small text-ink-faint">
              {portal.readOnly ? <Badge>look only</Badge> : null}
              <span>This link ends <Time at={portal.until} /></span>
            </p>
          )}
        </header>
        <main>{children}</main>
      </div>
    </div>
  );
}

function Rooms({ portal }: { portal: Portal }) {
  const [room, setRoom] = useState("endpoints");
  const [name, setName] = useState<string | null>(null);
  const endpoint = portal.subscribers.find(({ info }) => info.name === name);
  if (endpoint !== undefined) return <EndpointPage endpoint={endpoint} types={portal.eventTypes} onBack={() => { setName(null); }} />;
  return (
    // The names of the rooms stand below the title.
    <div className="-mx-4">
      <Tabs
        label="Webhooks"
        value={room}
        onChange={setRoom}
        tabs={[
          { value: "endpoints", name: "Endpoints", content: <div className="px-4"><Endpoints portal={portal} onOpen={setName} onEvents={() => { setRoom("events"); }} /></div> },
          { value: "events", name: "Events", content: <div className="px-4"><Catalogue types={portal.eventTypes} /></div> },
        ]}
      />
    </div>
  );
}

/** Nobody is let in, and what to do about it. */
function Closed({ detail, hint }: { detail: string; hint: string }) {
  useTheme(undefined);
  return (
    <main className="flex min-h-full flex-col items-center justify-center gap-2 p-6 text-center">
      <Link2Off size={28} aria-hidden className="text-ink-faint" />
      <h1 className="text-large font-semibold">This link opens nothing</h1>
      <p className="max-w-sm text-ink-soft first-letter:uppercase">{detail}</p>
      <p className="max-w-sm text-ink-soft first-letter:uppercase">{hint}</p>
    </main>
  );
}

import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useEffect, useState, useSyncExternalStore, type ReactNode } from "react";

import { here, textOf } from "@/api/scope";
import { density, type Density } from "@/app/density";
import { theme, type Theme } from "@/app/theme";
import { Button } from "@/kit/Button";
import { Field, Input, Select } from "@/kit/Field";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { paths } from "@/paths";

import { Backup, Export, Import } from "./Data";
import { Egress } from "./Egress";
import { Server } from "./Server";

interface Section {
  id: string;
  title: string;
  /** For whom it holds. */
  of: "This browser" | "This environment" | "The whole server";
  /** Words by which people search it too. */
  also: string;
  content: ReactNode;
}

const SECTIONS: Section[] = [
  { id: "look", title: "Look", of: "This browser", also: "theme dark light density compact appearance colour", content: <Look /> },
  { id: "calls", title: "Where workflows may call", of: "This environment", also: "egress outbound allow deny ports private network firewall hosts", content: <Egress /> },
  { id: "values", title: "Variables and connections", of: "This environment", also: "constants credentials secrets accounts", content: <Elsewhere text="Values that workflows share, and the accounts that they act on." links={[["Variables", paths.variables], ["Connections", paths.connections]]} /> },
  { id: "export", title: "Export", of: "This environment", also: "download yaml json zip tar n8n git", content: <Export /> },
  { id: "import", title: "Import", of: "This environment", also: "upload archive restore yaml json zip tar n8n migrate", content: <Import /> },
  { id: "backup", title: "Backup", of: "The whole server", also: "save restore disaster snapshot", content: <Backup /> },
  { id: "access", title: "Who may come in", of: "The whole server", also: "tokens users roles people permissions audit log", content: <Elsewhere text="Tokens and roles, and what was done with them." links={[["Access", paths.access], ["Audit log", paths.audit]]} /> },
  { id: "server", title: "Server", of: "The whole server", also: "health version status metrics live webhook address about", content: <Server /> },
];

/** Everything that can be set, in one place: for this browser, for the environment, for the server. */
export function SettingsPage() {
  const navigate = useNavigate();
  const at = useRouterState({ select: (state) => state.location.hash });
  const [find, setFind] = useState("");
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = SECTIONS.filter((section) => {
    const text = `${section.title} ${section.of} ${section.also}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  useEffect(() => {
    if (at !== "") document.getElementById(at)?.scrollIntoView({ block: "start" });
  }, [at]);
  return (
    <Page title="Settings" lead={<>Of {textOf(here)}, of the server, and of this browser.</>}>
      <div className="grid items-start gap-6 lg:grid-cols-[12rem_1fr]">
        <div className="flex flex-col gap-3 lg:sticky lg:top-4">
          <div className="relative">
            <Search size={14} aria-hidden className="absolute top-2.25 left-2.5 text-ink-faint" />
            <Input
              type="search"
              aria-label="Find a setting"
              placeholder="Find a setting"
              className="pl-8"
              value={find}
              onChange={(event) => { setFind(event.target.value); }}
              onKeyDown={(event) => {
                const first = shown[0];
                if (event.key === "Enter" && first !== undefined) void navigate({ to: paths.settings, hash: first.id });
              }}
            />
          </div>
          <nav aria-label="Settings" className="max-lg:hidden">
            <ul className="flex flex-col gap-px">
              {shown.map((section) => (
                <li key={section.id}>
                  <Link to={paths.settings} hash={section.id} className="flex h-7.5 items-center rounded-base px-2 text-ink-soft hover:bg-line/50 hover:text-ink">{section.title}</Link>
                </li>
              ))}
            </ul>
          </nav>
        </div>
        <div className="flex min-w-0 flex-col gap-6">
          {shown.length === 0 ? <Empty title="No setting is called like that" action={<Button onClick={() => { setFind(""); }}>Show all</Button>} /> : null}
          {SECTIONS.map((section) => (
            // What is typed in a section stays when another one is searched for.
            <div key={section.id} id={section.id} hidden={!shown.includes(section)} className="scroll-mt-4">
              <Panel title={section.title} actions={<span className="text-small text-ink-faint">{section.of}</span>}>{section.content}</Panel>
            </div>
          ))}
        </div>
      </div>
    </Page>
  );
}

function Look() {
  const chosen = useSyncExternalStore(theme.subscribe, theme.read);
  const dense = useSyncExternalStore(density.subscribe, density.read);
  return (
    <div className="flex flex-wrap gap-4">
      <div className="w-56">
        <Field label="Theme">
          {(ids) => (
            <Select {...ids} value={chosen} onChange={(event) => { theme.set(event.target.value as Theme); }}>
              <option value="system">As the system</option>
              <option value="light">Light</option>
              <option value="dark">Dark</option>
            </Select>
          )}
        </Field>
      </div>
      <div className="w-56">
        <Field label="Density">
          {(ids) => (
            <Select {...ids} value={dense} onChange={(event) => { density.set(event.target.value as Density); }}>
              <option value="comfortable">Comfortable</option>
              <option value="compact">Compact</option>
            </Select>
          )}
        </Field>
      </div>
    </div>
  );
}

/** What has a page of its own. */
function Elsewhere({ text, links }: { text: string; links: [string, string][] }) {
  return (
    <div className="flex flex-col gap-2">
      <p className="text-ink-soft">{text}</p>
      <ul className="flex flex-wrap gap-4">
        {links.map(([name, to]) => <li key={to}><Link to={to} className="text-accent hover:underline">{name}</Link></li>)}
      </ul>
    </div>
  );
}

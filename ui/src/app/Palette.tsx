import { useNavigate } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Bookmark, Keyboard, ListFilter, LogOut, Moon, Plus, Sun, Workflow } from "lucide-react";
import { useEffect, useRef } from "react";

import { api, data } from "@/api/client";
import { changeOver, here, isProduction, textOf } from "@/api/scope";
import { Keys } from "@/kit/Keys";

import { BUILT_IN, useRunViews } from "@/resource/runViews";

import { PLACES } from "./navigation";
import { Dot } from "./ScopeSwitch";
import { useScopes } from "./scopes";
import { session } from "./session";
import { theme } from "./theme";

const ITEM =
  "flex h-8 cursor-pointer items-center gap-2.5 rounded-base px-2.5 data-[selected=true]:bg-accent-soft data-[selected=true]:text-ink";

/** Every place and act, by a few letters. Also holds the keys that work on every page. */
export function Palette({
  open,
  onOpenChange,
  onHelp,
  onPlaces,
  onNewPlace,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onHelp: () => void;
  /** Opens the list of workspaces and environments. */
  onPlaces: () => void;
  onNewPlace: () => void;
}) {
  const navigate = useNavigate();
  const pending = useRef(0);
  const workflows = useQuery({
    queryKey: ["workflow", "names"],
    queryFn: () => data(api.GET("/api/v1/workflows", { params: { query: { limit: 1000 } } })),
    enabled: open,
  });
  const scopes = useScopes(open);
  const { list: views } = useRunViews(open);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onOpenChange(!open);
        return;
      }
      const target = event.target as HTMLElement | null;
      if (event.metaKey || event.ctrlKey || event.altKey || target?.closest("input, textarea, select, [contenteditable=true], [role=dialog]") != null) return;
      if (event.key === "?") onHelp();
      else if (event.key === "g") pending.current = Date.now();
      else if (Date.now() - pending.current < 1_200) {
        const place = PLACES.flatMap((group) => group.places).find((known) => known.key === event.key);
        pending.current = 0;
        if (event.key === "e") {
          event.preventDefault();
          onPlaces();
        }
        if (place !== undefined) void navigate({ to: place.to });
      }
    };
    addEventListener("keydown", pressed);
    return () => {
      removeEventListener("keydown", pressed);
    };
  }, [open, onOpenChange, onHelp, onPlaces, navigate]);
  const act = (run: () => void) => () => {
    onOpenChange(false);
    run();
  };
  return (
    <Command.Dialog
      open={open}
      onOpenChange={onOpenChange}
      label="Search or do"
      filter={matches}
      overlayClassName="fixed inset-0 z-40 bg-ink/30 dark:bg-ground/70"
      contentClassName="fixed top-[14vh] left-1/2 z-40 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-large border bg-raised shadow-high"
    >
      <Command.Input autoFocus placeholder="Where to, or what to do?" className="h-11 w-full border-b bg-transparent px-4 text-large outline-none placeholder:text-ink-faint" />
      <Command.List className="max-h-[50vh] overflow-y-auto p-1.5 [&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-tiny [&_[cmdk-group-heading]]:text-ink-faint">
        <Command.Empty className="px-3 py-6 text-center text-ink-faint">Nothing is called like that.</Command.Empty>
        <Command.Group heading="Go to">
          {PLACES.flatMap((group) => group.places).map((place) => (
            <Command.Item key={place.to} value={`${place.name} ${place.also}`} onSelect={act(() => void navigate({ to: place.to }))} className={ITEM}>
              <place.icon size={15} className="text-ink-faint" />
              <span className="flex-1">{place.name}</span>
              {place.key === undefined ? null : <span className="text-ink-faint"><Keys keys={`g+${place.key}`} /></span>}
            </Command.Item>
          ))}
        </Command.Group>
        <Command.Group heading="Runs">
          {BUILT_IN.slice(1).map(({ name, filter }) => (
            <Command.Item key={name} value={`${name} runs view`} onSelect={act(() => void navigate({ to: "/runs", search: filter }))} className={ITEM}>
              <ListFilter size={15} className="text-ink-faint" /> {name} runs
            </Command.Item>
          ))}
          {(views.data ?? []).map(({ name, filter }) => (
            <Command.Item key={`own ${name}`} value={`${name} runs view`} onSelect={act(() => void navigate({ to: "/runs", search: { ...filter, named: name } }))} className={ITEM}>
              <Bookmark size={15} className="text-ink-faint" /> {name}
            </Command.Item>
          ))}
        </Command.Group>
        {workflows.data !== undefined && workflows.data.items.length > 0 ? (
          <Command.Group heading="Workflows">
            {workflows.data.items.map((workflow) => (
              <Command.Item
                key={workflow.name}
                value={`workflow ${workflow.name}`}
                onSelect={act(() => void navigate({ to: "/workflows/$name", params: { name: workflow.name } }))}
                className={ITEM}
              >
                <Workflow size={15} className="text-ink-faint" />
                {workflow.name}
              </Command.Item>
            ))}
          </Command.Group>
        ) : null}
        <Command.Group heading="Change over to">
          {(scopes.data?.all ?? []).filter((scope) => textOf(scope) !== textOf(here)).map((scope) => (
            <Command.Item key={textOf(scope)} value={`change over environment workspace ${textOf(scope)}`} onSelect={act(() => { changeOver(scope); })} className={ITEM}>
              <Dot scope={scope} />
              <span className="flex-1">{textOf(scope)}</span>
              {isProduction(scope) ? <span className="text-tiny text-wait">Production</span> : null}
            </Command.Item>
          ))}
          <Command.Item value="new environment workspace" onSelect={act(onNewPlace)} className={ITEM}>
            <Plus size={15} className="text-ink-faint" /> New environment…
          </Command.Item>
        </Command.Group>
        <Command.Group heading="Do">
          <Command.Item value="light theme" onSelect={act(() => { theme.set("light"); })} className={ITEM}>
            <Sun size={15} className="text-ink-faint" /> Light theme
          </Command.Item>
          <Command.Item value="dark theme" onSelect={act(() => { theme.set("dark"); })} className={ITEM}>
            <Moon size={15} className="text-ink-faint" /> Dark theme
          </Command.Item>
          <Command.Item value="keyboard shortcuts help" onSelect={act(onHelp)} className={ITEM}>
            <Keyboard size={15} className="text-ink-faint" /> Keyboard shortcuts
          </Command.Item>
          <Command.Item value="sign out" onSelect={act(() => void session.signOut())} className={ITEM}>
            <LogOut size={15} className="text-ink-faint" /> Sign out
          </Command.Item>
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}

/** How well words fit: each must begin a word of the entry, and those that stand in the entry as they were typed go first. */
function matches(entry: string, search: string): number {
  const text = entry.toLowerCase();
  const sought = search.toLowerCase().trim();
  const words = text.split(/[^\p{L}\p{N}]+/u);
  if (!sought.split(/\s+/).every((part) => words.some((word) => word.startsWith(part)) || text.includes(part))) return 0;
  return text.startsWith(sought) ? 1 : text.includes(` ${sought}`) ? 0.8 : text.includes(sought) ? 0.6 : 0.4;
}

import { Command } from "cmdk";
import { Check, ChevronsUpDown, Plus, ShieldAlert } from "lucide-react";
import { Popover } from "radix-ui";
import { clsx } from "clsx";

import { problemOf } from "@/api/problem";
import { changeOver, here, isProduction, textOf, type Scope } from "@/api/scope";
import { ProblemText, Skeleton } from "@/kit/States";

import { byWorkspace, useScopes } from "./scopes";

const ITEM = "flex h-8 cursor-pointer items-center gap-2 rounded-base px-2 data-[selected=true]:bg-accent-soft";

/** Where one is, always in sight, and the way to elsewhere. Production has a colour and a word of its own. */
export function ScopeSwitch({ open, onOpenChange, onNew, narrow }: { open: boolean; onOpenChange: (open: boolean) => void; onNew: () => void; narrow?: boolean }) {
  const production = isProduction(here);
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger asChild>
        <button
          type="button"
          className={clsx(
            "flex min-w-0 items-center gap-2 rounded-base border px-2 text-left hover:border-line-strong",
            narrow === true ? "h-8 flex-1" : "h-10 w-full",
            production ? "border-wait/40 bg-wait-soft" : "bg-surface shadow-low",
          )}
        >
          <span className="sr-only">Workspace and environment</span>
          <Dot scope={here} />
          <span className="min-w-0 flex-1 leading-4">
            {narrow === true ? null : <span className={clsx("block truncate text-tiny", production ? "text-wait" : "text-ink-faint")}>{here.workspace}</span>}
            <span className="block truncate font-semibold">{narrow === true ? textOf(here) : here.environment}</span>
          </span>
          {production ? <span className="text-tiny font-medium text-wait max-[360px]:sr-only">Production</span> : null}
          <ChevronsUpDown size={13} aria-hidden className="shrink-0 text-ink-faint" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="start" sideOffset={4} collisionPadding={8} aria-label="Change over" className="z-50 w-72 max-w-[calc(100vw-1rem)] rounded-base border bg-raised shadow-high outline-none">
          <List
            onNew={() => {
              onOpenChange(false);
              onNew();
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function List({ onNew }: { onNew: () => void }) {
  const scopes = useScopes();
  return (
    <Command label="Workspaces and environments">
      <Command.Input autoFocus placeholder="Workspace or environment" className="h-9 w-full border-b bg-transparent px-3 outline-none placeholder:text-ink-faint" />
      <Command.List className="max-h-80 overflow-y-auto p-1 [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-tiny [&_[cmdk-group-heading]]:text-ink-faint">
        {scopes.isPending ? <Skeleton lines={3} /> : null}
        {scopes.isError ? <div className="p-2"><ProblemText problem={problemOf(scopes.error)} /></div> : null}
        {scopes.data?.hereIsThere === false ? <p className="px-2 py-1.5 text-small text-bad">{textOf(here)} is not there, or not for you.</p> : null}
        <Command.Empty className="px-2 py-4 text-center text-ink-faint">None is called like that.</Command.Empty>
        {byWorkspace(scopes.data?.all ?? []).map(([workspace, ones]) => (
          <Command.Group key={workspace} heading={workspace}>
            {ones.map((scope) => (
              <Command.Item key={textOf(scope)} value={textOf(scope)} onSelect={() => { changeOver(scope); }} className={ITEM}>
                <Dot scope={scope} />
                <span className="min-w-0 flex-1 truncate">{scope.environment}</span>
                {isProduction(scope) ? <span className="text-tiny text-wait">Production</span> : null}
                {textOf(scope) === textOf(here) ? <Check size={14} aria-label="You are here" /> : null}
              </Command.Item>
            ))}
          </Command.Group>
        ))}
        <Command.Item value="new environment workspace" forceMount onSelect={onNew} className={clsx(ITEM, "mt-1 text-ink-soft")}>
          <Plus size={14} aria-hidden /> New environment…
        </Command.Item>
      </Command.List>
    </Command>
  );
}

/** Production by a shape too, not by colour alone. */
export function Dot({ scope }: { scope: Scope }) {
  return isProduction(scope) ? <ShieldAlert size={14} aria-hidden className="shrink-0 text-wait" /> : <span aria-hidden className="mx-[3px] size-2 shrink-0 rounded-full bg-busy" />;
}

import { Plus, X } from "lucide-react";
import { useId, useState } from "react";

import { Button, IconButton } from "@/kit/Button";
import { Checkbox, Input } from "@/kit/Field";
import { Badge } from "@/kit/Status";

import { eventChoice, isNamed } from "./eventChoice";
import type { KnownEvent } from "./subscribers";

/** More types than that are searched. */
const MANY = 8;

interface Props {
  types: readonly KnownEvent[];
  /** Names and patterns; `null` is all. */
  value: readonly string[] | null;
  onChange: (value: string[] | null) => void;
  error?: string | undefined;
  /** Names that are not among the types can be typed in. */
  free?: boolean;
  /** Opens what is known of a type. */
  onShow?: (name: string) => void;
}

/** Chooses what is heard of: everything, groups, or one event at a time. */
export function EventPicker({ types, value, onChange, error, free = false, onShow }: Props) {
  const name = useId();
  const [find, setFind] = useState("");
  const [typed, setTyped] = useState("");
  const chosen = value ?? [];
  const groups = eventChoice.groups(types, chosen);
  const others = eventChoice.others(groups, chosen);
  const words = find.trim().toLowerCase();
  const isFound = (type: KnownEvent): boolean => `${type.name} ${type.description ?? ""}`.toLowerCase().includes(words);
  const toggle = (event: string): void => { onChange(eventChoice.toggled(chosen, event)); };
  const fault = typed === "" ? undefined : eventChoice.fault(typed);
  const add = (): void => {
    if (typed === "" || fault !== undefined) return;
    if (!chosen.includes(typed)) toggle(typed);
    setTyped("");
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">Events</legend>
      <label className="flex cursor-pointer items-start gap-2">
        <input type="radio" name={name} checked={value === null} onChange={() => { onChange(null); }} className="mt-0.5 size-4 accent-(--accent)" />
        <span>All events<span className="block text-small text-ink-faint">Those that come later, too.</span></span>
      </label>
      <label className="flex cursor-pointer items-center gap-2">
        <input type="radio" name={name} checked={value !== null} onChange={() => { onChange([]); }} className="size-4 accent-(--accent)" />
        Only those that are chosen
      </label>
      {error === undefined ? null : <p role="alert" className="text-small text-bad">{error}</p>}
      {value === null ? null : (
        <div className="flex flex-col gap-2 rounded-base border p-3">
          {types.length > MANY ? <Input type="search" aria-label="Find events" placeholder="Find" value={find} onChange={(event) => { setFind(event.target.value); }} /> : null}
          <div className="flex max-h-72 flex-col gap-3 overflow-y-auto">
            {groups.map(({ prefix, pattern, events }) => {
              const found = events.filter(isFound);
              if (found.length === 0) return null;
              const all = pattern !== null && chosen.includes(pattern);
              return (
                <div key={prefix} className="flex flex-col gap-1">
                  {pattern === null ? null : <Checkbox label={<span><code className="font-mono text-small">{pattern}</code> <span className="text-small text-ink-faint">all that begin so, those that come later, too</span></span>} checked={all} onChange={() => { toggle(pattern); }} />}
                  {found.map((type) => (
                    <div key={type.name} className={`flex items-start gap-2 ${pattern === null ? "" : "pl-6"}`}>
                      <label className="flex min-w-0 flex-1 cursor-pointer items-start gap-2">
                        <input type="checkbox" className="mt-0.5 size-4 shrink-0 accent-(--accent)" disabled={all} checked={isNamed(chosen, type.name)} onChange={() => { toggle(type.name); }} />
                        <span className="min-w-0">
                          <code className="font-mono text-small break-all">{type.name}</code> {type.deprecated === true ? <Badge tone="wait">deprecated</Badge> : null}
                          {type.description === undefined || type.description === "" ? null : <span className="block text-small text-ink-soft">{type.description}</span>}
                        </span>
                      </label>
                      {onShow === undefined ? null : <Button look="quiet" aria-label={`What ${type.name} looks like`} onClick={() => { onShow(type.name); }}>Look</Button>}
                    </div>
                  ))}
                </div>
              );
            })}
            {types.length === 0 ? <p className="text-small text-ink-faint">There is no event type yet.</p> : null}
          </div>
          {others.length > 0 ? (
            <ul className="flex flex-wrap gap-1.5" aria-label="Other names and patterns">
              {others.map((other) => (
                <li key={other} className="flex items-center rounded-base bg-sunken pl-2">
                  <code className="font-mono text-small">{other}</code>
                  <IconButton name={`Take ${other} out`} icon={<X size={13} />} onClick={() => { toggle(other); }} />
                </li>
              ))}
            </ul>
          ) : null}
          {free ? (
            <div>
              <div className="flex gap-1.5">
                <Input
                  aria-label="Another name or pattern"
                  aria-invalid={fault === undefined ? undefined : true}
                  placeholder="invoice.*"
                  spellCheck={false}
                  className="font-mono text-small"
                  value={typed}
                  onChange={(event) => { setTyped(event.target.value); }}
                  onKeyDown={(event) => {
                    if (event.key !== "Enter") return;
                    event.preventDefault();
                    add();
                  }}
                />
                <Button className="h-8!" icon={<Plus size={13} />} refused={typed === "" ? "Type a name or a pattern first" : fault} onClick={add}>Add</Button>
              </div>
              {fault === undefined ? null : <p role="alert" className="mt-1 text-small text-bad">{fault}</p>}
            </div>
          ) : null}
        </div>
      )}
    </fieldset>
  );
}

import { ChevronRight } from "lucide-react";
import { useState } from "react";

import { Drawer } from "@/kit/Drawer";
import { Input } from "@/kit/Field";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { EventSheet } from "@/resource/EventSheet";
import type { KnownEvent } from "@/resource/subscribers";

import { Art } from "./Art";

/** More than that are searched. */
const MANY = 8;

/** Everything that can be heard of, with what comes then. */
export function Catalogue({ types }: { types: readonly KnownEvent[] }) {
  const [find, setFind] = useState("");
  const [open, setOpen] = useState<string | null>(null);
  const words = find.trim().toLowerCase();
  const found = [...types].sort((one, other) => one.name.localeCompare(other.name)).filter((type) => `${type.name} ${type.description ?? ""}`.toLowerCase().includes(words));
  const shown = types.find(({ name }) => name === open);
  if (types.length === 0) return <Empty art={<Art />} title="There is no event yet">What you can hear of is listed here.</Empty>;
  return (
    <div className="flex flex-col gap-3 py-4">
      {types.length > MANY ? <Input type="search" aria-label="Find events" placeholder="Find" value={find} onChange={(event) => { setFind(event.target.value); }} /> : null}
      <ul className="divide-y overflow-hidden rounded-large border bg-surface shadow-low">
        {found.map((type) => (
          <li key={type.name}>
            <button type="button" className="flex w-full items-center gap-3 px-4 py-2.5 text-left hover:bg-sunken" onClick={() => { setOpen(type.name); }}>
              <span className="min-w-0 flex-1">
                <span className="font-mono text-small font-medium break-all">{type.name}</span> {type.deprecated === true ? <Badge tone="wait">deprecated</Badge> : null}
                {type.description === undefined || type.description === "" ? null : <span className="block text-ink-soft">{type.description}</span>}
              </span>
              <ChevronRight size={15} aria-hidden className="shrink-0 text-ink-faint" />
            </button>
          </li>
        ))}
        {found.length === 0 ? <li className="px-4 py-6 text-center text-ink-faint">Nothing is called like that.</li> : null}
      </ul>
      {shown === undefined ? null : <Drawer title={shown.name} onClose={() => { setOpen(null); }}><EventSheet type={shown} /></Drawer>}
    </div>
  );
}

import { Fragment, useId, useState } from "react";

import { Input } from "@/kit/Field";
import { Unloaded } from "@/kit/Loaded";
import { Line } from "@/kit/Prose";

import { findWays, waysOf, type Way } from "./connectionKinds";
import { byCategory, findServices, useConnectors, type Connector } from "./connectors";
import { useKind } from "./kinds";
import { ServiceIcon } from "./ServiceIcon";

/** What a connection begins with: a service, or a way of showing an account on any other one. */
export type Chosen = { service: Connector } | { way: Way };

/** Options that a key for pages goes over. */
const PAGE = 8;

interface Shelf {
  title: string;
  options: { id: string; title: string; about: string; chosen: Chosen }[];
}

/** Services and ways to choose from: search as one types, arrows and Enter. */
export function ServiceList({ onChoose }: { onChoose: (chosen: Chosen) => void }) {
  const id = useId();
  const services = useConnectors();
  const kind = useKind("connection");
  const [wanted, setWanted] = useState("");
  const [active, setActive] = useState(0);
  const ways = kind.data === undefined ? [] : waysOf(kind.data);
  const found = findServices(services.data ?? [], wanted);
  const fitting = findWays(ways, wanted);
  const nothing = services.data !== undefined && kind.data !== undefined && found.length === 0 && fitting.length === 0;
  const shelves: Shelf[] = [
    ...(wanted.trim() === "" ? byCategory(found) : found.length === 0 ? [] : [{ category: "Services", services: found }]).map((group) => ({
      title: group.category,
      options: group.services.map((service) => ({ id: `service-${service.name}`, title: service.title, about: service.summary, chosen: { service } })),
    })),
    // Where nothing fits, these still do.
    { title: "Any other service", options: (nothing ? ways : fitting).map((way) => ({ id: `way-${way.kind}`, title: way.title, about: way.about, chosen: { way } })) },
  ].filter(({ options }) => options.length > 0);
  const all = shelves.flatMap(({ options }) => options);
  const at = Math.max(Math.min(active, all.length - 1), 0);
  const chosen = all[at];
  const move = (to: number) => { setActive(Math.max(Math.min(to, all.length - 1), 0)); };
  return (
    <div className="flex flex-col gap-3">
      <div className="sticky top-0 z-10 -mx-1 bg-raised px-1 pt-1 pb-1">
        <Input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={chosen === undefined ? undefined : `${id}-${chosen.id}`}
          aria-label="Search services"
          placeholder="Search: Slack, spreadsheet, payments…"
          value={wanted}
          onChange={(event) => { setWanted(event.target.value); setActive(0); }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") move(at + 1);
            else if (event.key === "ArrowUp") move(at - 1);
            else if (event.key === "PageDown") move(at + PAGE);
            else if (event.key === "PageUp") move(at - PAGE);
            else if (event.key === "Enter" && chosen !== undefined) onChoose(chosen.chosen);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      {nothing ? <p role="status" className="text-ink-soft">No service of that name is here. Choose how its accounts are shown, and call it with the node <b>HTTP request</b>.</p> : null}
      {services.data === undefined ? <Unloaded of={services} /> : null}
      {all.length === 0 ? null : (
        <ul id={`${id}-list`} role="listbox" aria-label="Services" className="flex flex-col">
          {shelves.map(({ title, options }) => (
            <Fragment key={title}>
              <li role="presentation" className="px-2 pt-3 pb-1 text-small font-semibold text-ink-faint">{title}</li>
              {options.map((option) => (
                // The keys are the search field's: it keeps the focus and says which option is meant.
                // eslint-disable-next-line jsx-a11y/click-events-have-key-events
                <li
                  key={option.id}
                  id={`${id}-${option.id}`}
                  role="option"
                  aria-selected={option === chosen}
                  ref={(element) => { if (option === chosen && active > 0) element?.scrollIntoView({ block: "nearest" }); }}
                  className="flex cursor-pointer scroll-mt-12 gap-3 rounded-base px-2 py-1.5 hover:bg-sunken aria-selected:bg-accent-soft"
                  onClick={() => { onChoose(option.chosen); }}
                >
                  {"service" in option.chosen ? <ServiceIcon connector={option.chosen.service.name} title={option.title} className="mt-0.5" /> : null}
                  <span className="min-w-0">
                    <span className="block font-medium">{option.title}</span>
                    <span className="line-clamp-2 text-small text-ink-soft"><Line text={option.about} /></span>
                  </span>
                </li>
              ))}
            </Fragment>
          ))}
        </ul>
      )}
      {kind.data === undefined ? <Unloaded of={kind} lines={3} /> : null}
    </div>
  );
}

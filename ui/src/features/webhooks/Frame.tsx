import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import type { ReactNode } from "react";

import { Page } from "@/kit/Page";
import { paths } from "@/paths";

const TABS = [
  { name: "Subscribers", to: paths.subscribers },
  { name: "Event types", to: paths.eventTypes },
  { name: "Deliveries", to: paths.deliveries },
  { name: "Came in", to: paths.cameIn },
  { name: "Endpoints", to: paths.endpoints },
  { name: "Portal", to: paths.portalLinks },
] as const;

const CURRENT = "border-plate! text-ink!";

/** A page of the webhooks, with the way to the others. One that is about a single thing is within one of them. */
export function Frame({ title, lead, actions, within, children }: { title: string; lead?: ReactNode; actions?: ReactNode; within?: (typeof TABS)[number]["name"]; children: ReactNode }) {
  return (
    <Page title={title} lead={lead} actions={actions}>
      <nav aria-label="Webhooks" className="mb-5 flex gap-4 overflow-x-auto border-b">
        {TABS.map(({ name, to }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: true, includeSearch: false }}
            className={clsx("-mb-px flex h-9 items-center border-b-2 border-transparent font-medium whitespace-nowrap text-ink-soft hover:text-ink", within === name && CURRENT)}
            activeProps={{ className: CURRENT, "aria-current": "page" }}
          >
            {name}
          </Link>
        ))}
      </nav>
      {children}
    </Page>
  );
}

import { Link, useRouterState } from "@tanstack/react-router";
import { CircleHelp } from "lucide-react";
import { useEffect, type ReactNode } from "react";

import { guideAt, type GuideName } from "./guides";
import { Tip } from "./Tip";

/** A page: its name, what it is for, its acts, and its content. */
export function Page({
  title,
  lead,
  actions,
  children,
  full,
  help,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** The content fills the window and scrolls by itself. */
  full?: boolean;
  /** The guide that explains it; without it, the one that belongs to the place in the address. */
  help?: GuideName;
}) {
  const here = useRouterState({ select: (state) => guideAt(state.location.pathname) });
  const guide = help ?? here;
  useEffect(() => {
    document.title = `${title} · Fishplate`;
  }, [title]);
  return (
    <div className={full === true ? "flex h-full min-h-0 flex-col" : "mx-auto w-full max-w-6xl pb-16"}>
      <header className="flex flex-wrap items-end justify-between gap-x-6 gap-y-2 px-6 pt-6 pb-4 max-sm:px-4">
        <div className="min-w-0">
          <div className="flex items-center gap-1.5">
            <h1 className="truncate text-title font-semibold tracking-tight">{title}</h1>
            {guide === undefined ? null : (
              <Tip text="Help for this page">
                <Link to="/help" search={{ at: guide }} aria-label="Help for this page" className="shrink-0 rounded-full p-1 text-ink-faint hover:bg-sunken hover:text-ink">
                  <CircleHelp size={15} aria-hidden />
                </Link>
              </Tip>
            )}
          </div>
          {lead === undefined ? null : <div className="mt-0.5 text-ink-soft">{lead}</div>}
        </div>
        {actions === undefined ? null : <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <div className={full === true ? "min-h-0 flex-1" : "px-6 max-sm:px-4"}>{children}</div>
    </div>
  );
}

/** A bordered part of a page. */
export function Panel({ title, actions, children, flush }: { title?: string; actions?: ReactNode; children: ReactNode; flush?: boolean }) {
  return (
    <section className="overflow-hidden rounded-large border bg-surface shadow-low">
      {title === undefined ? null : (
        <header className="flex h-10 items-center justify-between gap-2 border-b px-4">
          <h2 className="font-semibold">{title}</h2>
          {actions}
        </header>
      )}
      <div className={flush === true ? "" : "p-4"}>{children}</div>
    </section>
  );
}

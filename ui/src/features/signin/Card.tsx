import type { ReactNode } from "react";

import { Mark } from "@/app/Mark";

/** What stands before the door: one card in the middle of the window. */
export function Card({ title, lead, children, foot }: { title: string; lead?: ReactNode; children: ReactNode; foot?: ReactNode }) {
  return (
    <main className="flex min-h-full flex-col items-center justify-center gap-6 p-6">
      <div className="flex items-center gap-2.5">
        <Mark size={30} />
        <span className="text-display font-semibold tracking-tight">Fishplate</span>
      </div>
      <div className="flex w-full max-w-sm flex-col gap-4 rounded-large border bg-surface p-6 shadow-low">
        <div>
          <h1 className="text-large font-semibold">{title}</h1>
          {lead === undefined ? null : <div className="mt-1 text-ink-soft">{lead}</div>}
        </div>
        {children}
      </div>
      {foot === undefined ? null : <p className="max-w-sm text-center text-small text-ink-faint">{foot}</p>}
    </main>
  );
}

/** Parts ways of coming in. */
export function Or() {
  return (
    <div className="flex items-center gap-3 text-small text-ink-faint" aria-hidden>
      <span className="h-px flex-1 bg-line" />
      or
      <span className="h-px flex-1 bg-line" />
    </div>
  );
}

/** Says what went wrong, where it is read aloud. */
export function Trouble({ text }: { text: string | null }) {
  if (text === null) return null;
  return <p role="alert" className="rounded-base bg-bad-soft px-3 py-2 text-small text-bad">{text}</p>;
}

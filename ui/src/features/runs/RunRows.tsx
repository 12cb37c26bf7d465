import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { clsx } from "clsx";
import { memo, useRef } from "react";

import { Status, toneOf } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { between } from "@/kit/times";
import { faultOf } from "@/resource/runDetail";

import type { Summary } from "./runList";

const ROW = 40;
/** The columns of the table, for its head as well. */
export const COLUMNS = "grid grid-cols-[2rem_minmax(8rem,1.4fr)_7.5rem_6rem_5.5rem_6rem_minmax(6rem,2fr)] items-center gap-x-3 px-4 max-md:grid-cols-[2rem_1fr_7.5rem_6rem]";

/** The rows that are in sight. */
export function RunRows({ runs, chosen, onChoose, onEnd, more }: { runs: Summary[]; chosen: ReadonlySet<string>; onChoose: (run: string) => void; onEnd: () => void; more: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
    // Until the box is measured; to draw no row before would be one more round for all of them.
    initialRect: { width: 0, height: Math.max(globalThis.innerHeight - 170, 0) },
  });
  return (
    <div
      ref={scroller}
      role="rowgroup"
      tabIndex={0}
      aria-label="Rows"
      className="min-h-0 flex-1 overflow-y-auto"
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        if (scrollHeight - scrollTop - clientHeight < 20 * ROW) onEnd();
      }}
    >
      <div className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const run = runs[item.index];
          return run === undefined ? null : <Row key={run.id} run={run} top={item.start} chosen={chosen.has(run.id)} onChoose={onChoose} />;
        })}
      </div>
      <p className="py-3 text-center text-small text-ink-faint">{more}</p>
    </div>
  );
}

/** One run. It renders when it has changed, and not with each of its neighbours. */
const Row = memo(function Row({ run, top, chosen, onChoose }: { run: Summary; top: number; chosen: boolean; onChoose: (run: string) => void }) {
  return (
    <div role="row" className={clsx(COLUMNS, "absolute inset-x-0 border-b contain-strict hover:bg-sunken/60", chosen && "bg-accent-soft!")} style={{ height: ROW, top }}>
      <span role="cell">
        <input type="checkbox" aria-label={`Choose ${run.id}`} checked={chosen} onChange={() => { onChoose(run.id); }} className="size-4 align-middle accent-(--accent)" />
      </span>
      <span role="cell" className="min-w-0 truncate">
        <Link to="/runs/$run" params={{ run: run.id }} search={{}} className="font-medium hover:underline">{run.workflow}</Link>
      </span>
      <span role="cell"><Status state={run.status} /></span>
      <span role="cell" className="text-ink-soft"><Time at={run.createdAt} /></span>
      <span role="cell" className="text-ink-soft tabular-nums max-md:hidden">
        {run.endedAt != null && run.startedAt != null ? between(run.startedAt, run.endedAt) : "–"}
      </span>
      <span role="cell" className="truncate text-ink-soft max-md:hidden">{run.mode}</span>
      <span role="cell" className={clsx("truncate max-md:hidden", toneOf(run.status) === "bad" ? "text-bad" : "text-ink-soft")}>{faultOf(run.error)?.text ?? ""}</span>
    </div>
  );
});

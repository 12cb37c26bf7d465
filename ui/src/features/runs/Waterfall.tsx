import { useVirtualizer } from "@tanstack/react-virtual";
import { clsx } from "clsx";
import { useEffect, useMemo, useRef } from "react";

import { toneOf, type Tone } from "@/kit/Status";
import { duration } from "@/kit/times";
import { bars, type Step } from "@/resource/runDetail";

const FILL: Record<Tone, string> = { neutral: "bg-line-strong", good: "bg-good", busy: "bg-busy", wait: "bg-wait", bad: "bg-bad" };
const ROW = 30;

/** The steps one below the other, each where it began and as long as it took. Arrow keys go from one to the next. */
export function Waterfall({ steps, selected, onSelect, onEnd }: { steps: readonly Step[]; selected: number | null; onSelect: (step: number) => void; onEnd: () => void }) {
  const scroller = useRef<HTMLDivElement>(null);
  const last = steps.at(-1);
  const { bars: made, span } = useMemo(() => bars(steps, Math.max(Date.now(), last?.startedAt ?? 0)), [steps, last]);
  const rows = useVirtualizer({ count: steps.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10 });
  const at = steps.findIndex((step) => step.step === selected);
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at);
  }, [at, rows]);
  const move = (by: number): void => {
    const next = steps[Math.min(Math.max(at + by, 0), steps.length - 1)];
    if (next !== undefined) onSelect(next.step);
  };
  return (
    <div
      ref={scroller}
      role="listbox"
      aria-label="Steps"
      tabIndex={0}
      aria-activedescendant={at < 0 ? undefined : `step-${String(selected)}`}
      onKeyDown={(event) => {
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          event.preventDefault();
          move(event.key === "ArrowDown" ? 1 : -1);
        }
      }}
      onScroll={(event) => {
        const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
        if (scrollHeight - scrollTop - clientHeight < 20 * ROW) onEnd();
      }}
      className="min-h-0 flex-1 overflow-y-auto outline-offset-[-2px]"
    >
      <div className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const step = steps[item.index];
          const bar = made[item.index];
          if (step === undefined || bar === undefined) return null;
          const chosen = step.step === selected;
          return (
            // The list has the focus and hears the keys; a row only has to be hit.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <div
              key={step.step}
              id={`step-${String(step.step)}`}
              role="option"
              aria-selected={chosen}
              tabIndex={-1}
              onClick={() => { onSelect(step.step); }}
              className={clsx("absolute inset-x-0 grid cursor-pointer grid-cols-[11rem_1fr_4.5rem] items-center gap-3 px-4 hover:bg-sunken/70", chosen && "bg-accent-soft!")}
              style={{ height: ROW, transform: `translateY(${String(item.start)}px)` }}
            >
              <span className="flex min-w-0 items-center gap-2">
                <span aria-hidden className={clsx("size-2 shrink-0 rounded-full", FILL[toneOf(step.status)], step.status === "running" && "animate-pulse")} />
                <span className="truncate">{step.node}</span>
                {step.runIndex > 0 ? <span className="text-tiny text-ink-faint">{step.runIndex + 1}</span> : null}
                <span className="sr-only">{step.status}</span>
              </span>
              <span aria-hidden className="relative h-2.5 rounded-small bg-sunken">
                <span className={clsx("absolute inset-y-0 rounded-small", FILL[toneOf(step.status)])} style={{ left: `${String(bar.left)}%`, width: `${String(bar.width)}%` }} />
              </span>
              <span className="text-right text-small text-ink-soft tabular-nums">{step.durationMicros == null ? "" : duration(step.durationMicros)}</span>
            </div>
          );
        })}
      </div>
      <p className="px-4 py-1.5 text-right text-tiny text-ink-faint">{duration(span * 1000)} in all</p>
    </div>
  );
}

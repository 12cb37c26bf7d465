import { useVirtualizer } from "@tanstack/react-virtual";
import { clsx } from "clsx";
import { useEffect, useMemo, useRef } from "react";

import { toneOf, type Tone } from "@/kit/Status";
import { duration } from "@/kit/times";
import { barOf, scaleOf, type Step } from "@/resource/runDetail";

const FILL: Record<Tone, string> = { neutral: "bg-line-strong", good: "bg-good", busy: "bg-busy", wait: "bg-wait", bad: "bg-bad" };
const ROW = 30;

interface Props {
  /** One for each step that there is; what was not read is absent. */
  rows: readonly (Step | undefined)[];
  endedAt: number | null | undefined;
  selected: number | null;
  onSelect: (step: number) => void;
  /** These rows are in sight. */
  onSight: (from: number, to: number) => void;
}

/** The steps one below the other, each where it began and as long as it took. Arrow keys go from one to the next. */
export function Waterfall({ rows, endedAt, selected, onSelect, onSight }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(false);
  // Rows are new when something has changed, and that is when what runs has become longer.
  const { scale, now } = useMemo(() => {
    const now = Date.now();
    return { now, scale: scaleOf(rows, now, endedAt) };
  }, [rows, endedAt]);
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10 });
  const items = list.getVirtualItems();
  const from = items.at(0)?.index ?? 0;
  const to = (items.at(-1)?.index ?? -1) + 1;
  useEffect(() => {
    if (to > from) onSight(from, to);
  }, [from, to, rows, onSight]);
  // Steps are counted from 0, so a step's number is its place.
  const at = selected === null || selected >= rows.length ? -1 : selected;
  useEffect(() => {
    if (at >= 0) list.scrollToIndex(at);
  }, [at, list]);
  useEffect(() => {
    // Who looks at the end goes along with it; who has scrolled up stays where they are.
    if (atEnd.current) list.scrollToIndex(rows.length - 1);
  }, [rows.length, list]);
  const move = (to: number): void => {
    if (rows.length > 0) onSelect(Math.min(Math.max(to, 0), rows.length - 1));
  };
  return (
    <>
      <div
        ref={scroller}
        role="listbox"
        aria-label="Steps"
        tabIndex={0}
        aria-activedescendant={at < 0 ? undefined : `step-${String(at)}`}
        onKeyDown={(event) => {
          const page = Math.max(Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 1, 1);
          const next = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: rows.length - 1 }[event.key];
          if (next === undefined) return;
          event.preventDefault();
          move(next);
        }}
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          atEnd.current = scrollHeight > clientHeight && scrollHeight - scrollTop - clientHeight < ROW;
        }}
        className="min-h-0 flex-1 overflow-y-auto outline-offset-[-2px]"
      >
        <div className="relative" style={{ height: list.getTotalSize() }}>
          {items.map((item) => {
            const step = rows[item.index];
            const place = { height: ROW, transform: `translateY(${String(item.start)}px)` };
            if (step === undefined) {
              return (
                <div key={item.index} id={`step-${String(item.index)}`} role="option" aria-selected={item.index === at} aria-label={`Step ${String(item.index)}, not read yet`} tabIndex={-1} className="absolute inset-x-0 flex items-center px-4" style={place}>
                  <span aria-hidden className="h-2.5 w-40 animate-pulse rounded-small bg-line/70" />
                </div>
              );
            }
            const chosen = item.index === at;
            const bar = barOf(step, scale, now);
            return (
              // The list has the focus and hears the keys; a row only has to be hit.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={item.index}
                id={`step-${String(item.index)}`}
                role="option"
                aria-selected={chosen}
                tabIndex={-1}
                onClick={() => { onSelect(step.step); }}
                className={clsx("absolute inset-x-0 grid cursor-pointer grid-cols-[11rem_1fr_4.5rem] items-center gap-3 px-4 hover:bg-sunken/70 max-sm:grid-cols-[8rem_1fr_4rem]", chosen && "bg-accent-soft!")}
                style={place}
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
      </div>
      <p className="border-t px-4 py-1 text-right text-tiny text-ink-faint">{duration(scale.span * 1000)} in all</p>
    </>
  );
}

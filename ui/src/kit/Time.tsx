import { useSyncExternalStore } from "react";

import { relative } from "./times";

/** How often times on a page change. */
const TICK = 5_000;

/** One clock for all times on the page, so that they change together. */
const clock = {
  now: Date.now(),
  timer: 0 as ReturnType<typeof setInterval> | 0,
  listeners: new Set<() => void>(),
  subscribe(listener: () => void): () => void {
    clock.listeners.add(listener);
    if (clock.timer === 0) {
      // It stood still while nobody looked at it.
      clock.now = Date.now();
      clock.timer = setInterval(() => {
        clock.now = Date.now();
        clock.listeners.forEach((tell) => {
          tell();
        });
      }, TICK);
    }
    return () => {
      clock.listeners.delete(listener);
      if (clock.listeners.size === 0) {
        clearInterval(clock.timer);
        clock.timer = 0;
      }
    };
  },
  read: (): number => clock.now,
};

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A moment: how long ago, with the exact time on hover and for machines. */
export function Time({ at }: { at: number | string }) {
  const now = useSyncExternalStore(clock.subscribe, clock.read);
  const millis = typeof at === "number" ? at : Date.parse(at);
  if (Number.isNaN(millis)) return <span>{at}</span>;
  const date = new Date(millis);
  return (
    <time dateTime={date.toISOString()} title={exact.format(date)} className="whitespace-nowrap tabular-nums">
      {/* What happened since the last tick is new, and not to come. */}
      {relative(millis, millis > now && millis - now < TICK ? millis : now)}
    </time>
  );
}

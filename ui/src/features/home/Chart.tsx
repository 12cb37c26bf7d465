import "uplot/dist/uPlot.min.css";

import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import uPlot from "uplot";

import { theme } from "@/app/theme";
import { count, plural } from "@/kit/times";
import { stacked, type Bucket } from "@/resource/trend";

const HEIGHT = 132;

interface Props {
  buckets: readonly Bucket[];
  /** A part of the time was chosen. */
  onOpen: (bucket: Bucket) => void;
}

/**
 * Runs by outcome over time, as bars. It is one button: arrow keys choose a bar, Enter lists its runs. What each bar says
 * is in the line below it, and in a table for who does not see it.
 */
export function Chart({ buckets, onOpen }: Props) {
  const box = useRef<HTMLSpanElement>(null);
  const plot = useRef<uPlot>(null);
  const [at, setAt] = useState<number | null>(null);
  // Canvas knows no tokens, so it is drawn anew when they change.
  const look = useSyncExternalStore(theme.subscribe, () => document.documentElement.dataset["theme"]);
  useEffect(() => {
    const place = box.current;
    if (place === null) return undefined;
    const colour = (name: string): string => getComputedStyle(place).getPropertyValue(name).trim();
    const bars = uPlot.paths.bars?.({ size: [0.72, 36] });
    const layer = (name: string): uPlot.Series => ({ stroke: "transparent", width: 0, fill: colour(name), points: { show: false }, ...(bars === undefined ? {} : { paths: bars }) });
    const { x, failed, completed, other } = stacked(buckets);
    const half = ((buckets[0]?.until ?? 0) - (buckets[0]?.from ?? 0)) / 2_000;
    const axis = { stroke: colour("--ink-faint"), font: `11px ${colour("--font-sans") || "sans-serif"}`, ticks: { show: false } };
    const made = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        scales: { x: { range: [(x[0] ?? 0) - half, (x.at(-1) ?? 1) + half] }, y: { range: (_, __, most) => [0, Math.max(most, 4)] } },
        axes: [
          { ...axis, grid: { show: false }, size: 22, gap: 4, values: (_, splits) => splits.map((at) => tickOf(at * 1_000)) },
          { ...axis, grid: { stroke: colour("--line"), width: 1 }, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500], splits: (_, __, ___, most, step) => Array.from({ length: Math.floor(most / step) + 1 }, (____, index) => index * step) },
        ],
        // The tallest layer comes first, so that those in front of it are seen.
        series: [{}, layer("--line-strong"), layer("--good"), layer("--bad")],
        hooks: { setCursor: [(self) => { setAt(self.cursor.idx ?? null); }] },
      },
      [x, other, completed, failed],
      place,
    );
    plot.current = made;
    const sized = new ResizeObserver(() => { made.setSize({ width: place.clientWidth, height: HEIGHT }); });
    sized.observe(place);
    return () => {
      sized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [buckets, look]);
  const point = (index: number): void => {
    const next = Math.min(Math.max(index, 0), buckets.length - 1);
    const made = plot.current;
    const bucket = buckets[next];
    if (made === null || bucket === undefined) return;
    made.setCursor({ left: made.valToPos((bucket.from + bucket.until) / 2_000, "x"), top: 1 });
    setAt(next);
  };
  const shown = at === null ? undefined : buckets[at];
  return (
    <>
      <button
        type="button"
        aria-label="Runs by outcome over time. Arrow keys choose a time, Enter lists its runs."
        className="block w-full rounded-base"
        onClick={() => { if (shown !== undefined) onOpen(shown); }}
        onKeyDown={(event) => {
          const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          point(at === null ? buckets.length - 1 : at + step);
        }}
      >
        <span ref={box} aria-hidden className="block" style={{ height: HEIGHT }} />
      </button>
      <p aria-live="polite" className="flex min-h-5 flex-wrap gap-x-4 px-2 text-small text-ink-soft">
        {shown === undefined ? <Legend buckets={buckets} /> : <Said bucket={shown} />}
      </p>
      <table className="sr-only">
        <caption>Runs by outcome over time</caption>
        <thead><tr><th>From</th><th>Completed</th><th>Failed</th><th>Other</th></tr></thead>
        <tbody>
          {buckets.map((bucket) => <tr key={bucket.from}><td>{timeOf(bucket.from)}</td><td>{bucket.completed}</td><td>{bucket.failed}</td><td>{bucket.other}</td></tr>)}
        </tbody>
      </table>
    </>
  );
}

/** At midnight the day, else the hour. */
function tickOf(at: number): string {
  const date = new Date(at);
  return date.getHours() === 0 ? date.toLocaleDateString(undefined, { weekday: "short" }) : date.toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
}

function timeOf(at: number): string {
  return new Date(at).toLocaleString(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
}

function Said({ bucket }: { bucket: Bucket }) {
  return (
    <>
      <span className="font-medium text-ink">{timeOf(bucket.from)} – {new Date(bucket.until).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}</span>
      <span>{count(bucket.completed)} completed</span>
      <span className={bucket.failed > 0 ? "text-bad" : ""}>{count(bucket.failed)} failed</span>
      {bucket.other > 0 ? <span>{count(bucket.other)} under way or stopped</span> : null}
    </>
  );
}

function Legend({ buckets }: { buckets: readonly Bucket[] }) {
  const sum = (of: "completed" | "failed" | "other"): number => buckets.reduce((all, bucket) => all + bucket[of], 0);
  const parts = [["bg-good", `${count(sum("completed"))} completed`], ["bg-bad", `${count(sum("failed"))} failed`], ["bg-line-strong", `${plural(sum("other"), "run")} under way or stopped`]] as const;
  return parts.map(([colour, text]) => (
    <span key={colour} className="flex items-center gap-1.5"><span aria-hidden className={`size-2 rounded-small ${colour}`} />{text}</span>
  ));
}

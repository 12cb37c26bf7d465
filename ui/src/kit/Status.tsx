import { clsx } from "clsx";

export type Tone = "neutral" | "good" | "busy" | "wait" | "bad";

const TONES: Record<Tone, string> = {
  neutral: "bg-sunken text-ink-soft",
  good: "bg-good-soft text-good",
  busy: "bg-busy-soft text-busy",
  wait: "bg-wait-soft text-wait",
  bad: "bg-bad-soft text-bad",
};

/** A word on a coloured ground. The word carries the meaning, the colour only helps to find it. */
export function Badge({ tone = "neutral", children }: { tone?: Tone; children: React.ReactNode }) {
  return (
    <span className={clsx("inline-flex h-5 items-center justify-self-start gap-1 rounded-small px-1.5 text-small font-medium whitespace-nowrap", TONES[tone])}>
      {children}
    </span>
  );
}

/** Tones of runs and steps by state. */
const STATES: Record<string, { tone: Tone; word: string }> = {
  queued: { tone: "neutral", word: "Queued" },
  scheduled: { tone: "neutral", word: "Scheduled" },
  running: { tone: "busy", word: "Running" },
  waiting: { tone: "wait", word: "Waiting" },
  paused: { tone: "wait", word: "Paused" },
  held: { tone: "wait", word: "Held" },
  completed: { tone: "good", word: "Completed" },
  failed: { tone: "bad", word: "Failed" },
  canceled: { tone: "neutral", word: "Canceled" },
  superseded: { tone: "neutral", word: "Superseded" },
};

export function toneOf(state: string): Tone {
  return STATES[state]?.tone ?? "neutral";
}

/** The state of a run or step. */
export function Status({ state }: { state: string }) {
  const tone = toneOf(state);
  return (
    <Badge tone={tone}>
      <span aria-hidden className={clsx("size-1.5 rounded-full bg-current", state === "running" && "animate-pulse")} />
      {STATES[state]?.word ?? state}
    </Badge>
  );
}

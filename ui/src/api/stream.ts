import { EventReader, type ServerEvent } from "./events";
import { OFFLINE, Refusal } from "./problem";
import { send } from "./client";

/** Whether live news comes, for the line that says so. */
export type Liveness = "connecting" | "live" | "cut";

export interface StreamOptions {
  /** Address of the stream, without a position. */
  url: string;
  /** Position after which to begin; absent: from now on. */
  after?: string | null;
  onEvent: (event: ServerEvent) => void;
  onLiveness?: (liveness: Liveness) => void;
  /** The position is too old: what was missed must be read anew. */
  onGap: () => void;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 15_000;

/**
 * Follows a stream until it is stopped. After a cut it goes on behind the last event that came, so that nothing is
 * missed or shown twice.
 */
export function follow(options: StreamOptions): () => void {
  const stop = new AbortController();
  void run(options, stop.signal);
  return () => {
    stop.abort();
  };
}

async function run(options: StreamOptions, signal: AbortSignal): Promise<void> {
  let after = options.after ?? null;
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    options.onLiveness?.("connecting");
    try {
      const url = new URL(options.url, location.origin);
      if (after !== null) url.searchParams.set("after", after);
      const answer = await send(new Request(url, { signal, headers: { accept: "text/event-stream" } }));
      options.onLiveness?.("live");
      pause = FIRST_PAUSE;
      const reader = new EventReader();
      const body = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await body?.read(); piece !== undefined && !piece.done; piece = await body?.read()) {
        for (const event of reader.push(piece.value)) {
          after = event.id ?? after;
          options.onEvent(event);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.problem.status === 410) {
        after = null;
        options.onGap();
      } else if (error instanceof Refusal && error.problem.code !== OFFLINE && isFinal(error.problem.status ?? 500)) {
        // The server has understood and does not want to: asking again changes nothing.
        options.onLiveness?.("cut");
        return;
      }
    }
    if (signal.aborted) return;
    options.onLiveness?.("cut");
    await rest(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/** Refusals that another try will not change; too many requests and a slow request are no such ones. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Waits, but not longer than until the network is back or the stream is stopped. */
function rest(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    // A little chance keeps a thousand browsers from coming back in the same moment.
    const timer = setTimeout(done, millis * (0.75 + Math.random() / 2));
    addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}

import { EventReader, type ServerEvent } from "./events";
import { OFFLINE, Refusal, type Problem } from "./problem";

/** Whether live news comes. `refused`: the server was heard, and does not want to tell. */
export type Liveness = "connecting" | "live" | "cut" | "refused";

/** Opens a stream; what is not an answer of success is thrown as a {@link Refusal}. */
export type Open = (request: Request) => Promise<Response>;

export interface FollowOptions {
  /** Address of the stream, without a position. */
  url: string;
  /** Position after which to begin; absent: from now on. */
  after?: string | null;
  onEvent: (event: ServerEvent) => void;
  onLiveness?: (liveness: Liveness, problem?: Problem) => void;
  /** The position is too old, or there was none: what was missed must be read anew. */
  onGap: () => void;
}

export interface Following {
  /** The last position that was heard. */
  readonly after: string | null;
  stop: () => void;
  /** Ends a pause before the next try. */
  hurry: () => void;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 15_000;
/** The server is heard at least every quarter of a minute. A network that is gone closes nothing: only the silence tells. */
const SILENCE = 40_000;

/**
 * Follows a stream until it is stopped. After a cut it goes on behind the last event that came, so that nothing is
 * missed or shown twice.
 */
export function followWith(open: Open, options: FollowOptions): Following {
  const stop = new AbortController();
  const state: State = { after: options.after ?? null, wake: () => undefined };
  void run(open, options, state, stop.signal);
  return {
    get after() {
      return state.after;
    },
    stop: () => { stop.abort(); },
    hurry: () => { state.wake(); },
  };
}

interface State {
  after: string | null;
  wake: () => void;
}

async function run(open: Open, options: FollowOptions, state: State, signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE;
  let heard = false;
  while (!signal.aborted) {
    options.onLiveness?.("connecting");
    const line = new AbortController();
    const cut = (): void => { line.abort(); };
    signal.addEventListener("abort", cut);
    // A browser that leaves the network tries anew: at once, if the server is on the same machine.
    addEventListener("offline", cut);
    let silence = setTimeout(cut, SILENCE);
    try {
      const url = new URL(options.url, location.origin);
      if (state.after !== null) url.searchParams.set("after", state.after);
      const answer = await open(new Request(url, { signal: line.signal, headers: { accept: "text/event-stream" } }));
      // Without a position there is nothing to go on behind.
      if (heard && state.after === null) options.onGap();
      heard = true;
      options.onLiveness?.("live");
      pause = FIRST_PAUSE;
      const reader = new EventReader();
      const body = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await body?.read(); piece !== undefined && !piece.done; piece = await body?.read()) {
        clearTimeout(silence);
        silence = setTimeout(cut, SILENCE);
        for (const event of reader.push(piece.value)) {
          state.after = event.id ?? state.after;
          options.onEvent(event);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.problem.status === 410) {
        state.after = null;
        options.onGap();
      } else if (error instanceof Refusal && error.problem.code !== OFFLINE && isFinal(error.problem.status ?? 500)) {
        // The server has understood and does not want to: asking again changes nothing.
        options.onLiveness?.("refused", error.problem);
        return;
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", cut);
      removeEventListener("offline", cut);
    }
    if (signal.aborted) return;
    options.onLiveness?.("cut");
    await rest(pause, signal, state);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/** Refusals that another try will not change; too many requests and a slow request are no such ones. */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Waits, but not longer than until the network is back, somebody is in a hurry, or the stream is stopped. */
function rest(millis: number, signal: AbortSignal, state: State): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      state.wake = () => undefined;
      resolve();
    };
    // A little chance keeps a thousand browsers from coming back in the same moment.
    const timer = setTimeout(done, millis * (0.75 + Math.random() / 2));
    addEventListener("online", done);
    signal.addEventListener("abort", done);
    state.wake = done;
  });
}

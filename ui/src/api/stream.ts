import { send } from "./client";
import { followWith, type Following, type FollowOptions } from "./follow";

export type { Liveness } from "./follow";
export type StreamOptions = FollowOptions;

/** How long a page may be out of sight before its streams end. Who looks at another tab for a moment costs no new one. */
const PATIENCE = 10_000;

/**
 * Follows a stream for what this page shows. A browser opens six connections to a server at most, for all of its tabs:
 * so the stream ends while nobody can see the page, and goes on behind the last event when somebody looks again.
 */
export function follow(options: StreamOptions): () => void {
  let inner: Following | null = null;
  let after = options.after ?? null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = (): void => {
    inner ??= followWith(send, { ...options, after });
  };
  const end = (): void => {
    after = inner?.after ?? after;
    inner?.stop();
    inner = null;
  };
  const seen = (): void => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(end, PATIENCE);
    } else if (inner === null) {
      begin();
      // Without a position there is nothing to go on behind.
      if (after === null) options.onGap();
    }
  };
  document.addEventListener("visibilitychange", seen);
  // A page that is opened in the background waits until it is looked at.
  if (!document.hidden) begin();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    clearTimeout(timer);
    end();
  };
}

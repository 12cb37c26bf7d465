/** How long news are gathered before they are read: one frame, because who watches wants to see it happen. */
const BREATH = 16;
/** How long nothing is read after something was, at least. */
const LEAST = 150;
/** And at least this many times as long as reading took, so that a slow server is not kept busy by us alone. */
const SHARE = 2;

/**
 * Gathers keys and acts on each, again only once the act before has ended and a pause is over. However much news come,
 * the page reads no faster than the server answers, and nothing that was told is left unread.
 */
export function paced(act: (key: string) => Promise<void>, now: () => number = Date.now): (keys: readonly string[]) => void {
  const waiting = new Set<string>();
  const busy = new Set<string>();
  const run = (key: string): void => {
    waiting.delete(key);
    const begun = now();
    const rest = (): void => {
      setTimeout(() => {
        busy.delete(key);
        if (waiting.has(key)) begin(key);
      }, Math.max(LEAST, (now() - begun) * SHARE));
    };
    act(key).then(rest, rest);
  };
  const begin = (key: string): void => {
    busy.add(key);
    setTimeout(() => {
      run(key);
    }, BREATH);
  };
  return (keys) => {
    for (const key of keys) {
      waiting.add(key);
      if (!busy.has(key)) begin(key);
    }
  };
}

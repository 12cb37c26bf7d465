/** How much air is around things. */
export type Density = "comfortable" | "compact";

const KEY = "fishplate.density";
const listeners = new Set<() => void>();

function stored(): Density {
  return globalThis.localStorage?.getItem(KEY) === "compact" ? "compact" : "comfortable";
}

let chosen: Density = stored();

function show(): void {
  document.documentElement.dataset["density"] = chosen;
}

export const density = {
  read: (): Density => chosen,
  set(next: Density): void {
    chosen = next;
    if (next === "comfortable") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
    show();
    listeners.forEach((listener) => {
      listener();
    });
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** To be called once, before anything is drawn. */
  start: show,
};

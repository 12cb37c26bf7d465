/** Light, dark, or as the system has it. */
export type Theme = "system" | "light" | "dark";

const KEY = "fishplate.theme";
const dark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function stored(): Theme {
  const text = globalThis.localStorage?.getItem(KEY);
  return text === "light" || text === "dark" ? text : "system";
}

let chosen: Theme = stored();

function show(): void {
  const isDark = chosen === "dark" || (chosen === "system" && dark?.matches === true);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
}

export const theme = {
  read: (): Theme => chosen,
  set(next: Theme): void {
    chosen = next;
    if (next === "system") localStorage.removeItem(KEY);
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
  start(): void {
    show();
    dark?.addEventListener("change", show);
  },
};

import { keptIn } from "@/api/kept";

/** Something that a person has chosen for this browser. The first choice is what holds without one, and is not kept. */
export function preference<T extends string>(key: string, choices: readonly [T, ...T[]], show: (chosen: T) => void) {
  const listeners = new Set<() => void>();
  const storage = keptIn("localStorage");
  const kept = storage.read(key);
  let chosen: T = choices.find((choice) => choice === kept) ?? choices[0];
  return {
    read: (): T => chosen,
    set(next: T): void {
      chosen = next;
      if (next === choices[0]) storage.drop(key);
      else storage.write(key, next);
      show(chosen);
      listeners.forEach((listener) => {
        listener();
      });
    },
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** To be called once, before anything is drawn, and when what else it depends on has changed. */
    show(): void {
      show(chosen);
    },
  };
}

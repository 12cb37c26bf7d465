import { problemOf, type Problem } from "@/api/problem";

export interface Toast {
  id: number;
  tone: "good" | "bad";
  text: string;
  problem?: Problem;
  undo?: () => void;
}

let next = 1;
let shown: readonly Toast[] = [];
const listeners = new Set<() => void>();

function set(toasts: readonly Toast[]): void {
  shown = toasts;
  listeners.forEach((listener) => {
    listener();
  });
}

/** Short news at the edge of the page. What failed stays until it is read; the rest goes by itself. */
export const toasts = {
  done(text: string, undo?: () => void): void {
    const toast: Toast = { id: next++, tone: "good", text, ...(undo === undefined ? {} : { undo }) };
    set([...shown, toast].slice(-4));
    setTimeout(() => {
      toasts.dismiss(toast.id);
    }, 6_000);
  },
  failed(text: string, error: unknown): void {
    set([...shown, { id: next++, tone: "bad" as const, text, problem: problemOf(error) }].slice(-4));
  },
  dismiss(id: number): void {
    set(shown.filter((toast) => toast.id !== id));
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  read: (): readonly Toast[] => shown,
};

//! A page as the app shows it, in front of a server that a test makes up. For tests alone.

import "./document";

import { cleanup } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, vi } from "vitest";

import { toasts } from "@/kit/toasts";

import { serve, type Answers } from "./serve";
import { showPage } from "./show";

export { Refuses, type Answers, type Asked } from "./serve";

afterEach(() => {
  cleanup();
  toasts.read().forEach((toast) => { toasts.dismiss(toast.id); });
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Sizes, of which jsdom has no notion, and what follows from them. */
function giveSizes(): void {
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(800);
  // Long enough for every list, so that each of its rows can be scrolled to.
  vi.spyOn(Element.prototype, "scrollHeight", "get").mockReturnValue(1_000_000);
  Object.assign(Element.prototype, {
    scrollTo(this: Element, { top }: ScrollToOptions) {
      this.scrollTop = top ?? 0;
      // A browser tells of it later.
      setTimeout(() => this.dispatchEvent(new Event("scroll")));
    },
  });
}

interface Place {
  /** Path of the route, for example `/runs/$run`. */
  path: string;
  /** Address that is opened. */
  at: string;
  page: () => ReactNode;
  validateSearch?: (search: Record<string, unknown>) => object;
  /** Whether it stands in the shell; the sign-in does not. */
  inside?: boolean;
}

/** Opens a page with sizes. What the answers do not list is an empty list. */
export function openPage({ path, at, page, validateSearch, inside }: Place, answers: Answers) {
  giveSizes();
  const asked = serve(answers, { items: [] });
  const { client, router, user } = showPage(page, path, at, validateSearch, inside);
  return {
    asked,
    user,
    /** Bodies of what was asked in this way: `POST /api/v1/runs/…`. */
    sent: (what: string): unknown[] => asked.filter((one) => one.what === what).map((one) => one.body),
    address: (): string => router.state.location.href,
    /** News from the server: what begins with this key is read again. */
    news: (...key: string[]): Promise<void> => client.invalidateQueries({ queryKey: key }),
  };
}

//! A page as the app shows it, in front of a server that a test makes up. For tests alone.

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, Outlet, RouterProvider } from "@tanstack/react-router";
import { cleanup, configure, render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import { StrictMode, type ReactNode } from "react";
import { afterEach, vi } from "vitest";

import { Toasts } from "@/kit/Toasts";
import { toasts } from "@/kit/toasts";

// Only what never comes is waited for that long; a loaded machine takes its time.
configure({ asyncUtilTimeout: 20_000 });

/** What the page asked the server. */
export interface Asked {
  /** Method and path: `GET /api/v1/runs`. */
  what: string;
  query: URLSearchParams;
  body: unknown;
}

type Answer = unknown;
/** Answers by method and path. What is not listed is answered with an empty list. */
export type Answers = Record<string, (asked: Asked) => Answer>;

/** A refusal as the server words it. */
export class Refuses {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly hint?: string,
  ) {}
}

afterEach(() => {
  cleanup();
  toasts.read().forEach((toast) => { toasts.dismiss(toast.id); });
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function serve(answers: Answers): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const text = await request.text();
    const now: Asked = { what: `${request.method} ${url.pathname}`, query: url.searchParams, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
    asked.push(now);
    const answer = (answers[now.what] ?? (() => ({ items: [] })))(now);
    if (answer instanceof Refuses) {
      const { status, ...problem } = answer;
      return Response.json(problem, { status });
    }
    return typeof answer === "string" ? new Response(answer) : answer === null ? new Response(null, { status: 204 }) : Response.json(answer);
  });
  return asked;
}

/** What jsdom has no notion of: sizes, and what follows from them. */
function giveSizes(): void {
  vi.stubGlobal("ResizeObserver", class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  });
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(800);
  // Long enough for every list, so that each of its rows can be scrolled to.
  vi.spyOn(Element.prototype, "scrollHeight", "get").mockReturnValue(1_000_000);
  window.scrollTo = () => undefined;
  Object.assign(Element.prototype, {
    scrollTo(this: Element, { top }: ScrollToOptions) {
      this.scrollTop = top ?? 0;
      // A browser tells of it later.
      setTimeout(() => this.dispatchEvent(new Event("scroll")));
    },
    scrollIntoView: () => undefined,
    hasPointerCapture: () => false,
    releasePointerCapture: () => undefined,
  });
}

interface Place {
  /** Path of the route, for example `/runs/$run`. */
  path: string;
  /** Address that is opened. */
  at: string;
  page: () => ReactNode;
  validateSearch?: (search: Record<string, unknown>) => object;
}

/** Opens a page. Links lead to an empty one, whose address the test can read. */
export function openPage({ path, at, page, validateSearch }: Place, answers: Answers) {
  giveSizes();
  const asked = serve(answers);
  const root = createRootRoute();
  const shell = createRoute({ getParentRoute: () => root, id: "shell", component: () => <><Outlet /><Toasts /></> });
  const here = createRoute({ getParentRoute: () => shell, path, component: page, ...(validateSearch === undefined ? {} : { validateSearch }) });
  const elsewhere = createRoute({ getParentRoute: () => shell, path: "$", component: () => null });
  const router = createRouter({ routeTree: root.addChildren([shell.addChildren([here, elsewhere])]), history: createMemoryHistory({ initialEntries: [at] }) });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 5_000 } } });
  render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Tooltip.Provider>
          <RouterProvider router={router as never} />
        </Tooltip.Provider>
      </QueryClientProvider>
    </StrictMode>,
  );
  return {
    asked,
    user: userEvent.setup(),
    /** Bodies of what was asked in this way. */
    sent: (what: string): unknown[] => asked.filter((one) => one.what === what).map((one) => one.body),
    address: (): string => router.state.location.href,
    /** News from the server: what begins with this key is read again. */
    news: (...key: string[]): Promise<void> => client.invalidateQueries({ queryKey: key }),
  };
}

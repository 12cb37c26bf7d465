import { vi } from "vitest";

/** A refusal as the server words it. */
export class Refuses {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly hint?: string,
    readonly pointer?: string,
  ) {}
}

/** What is answered: JSON, a text as it is, nothing (`null`), or a refusal. */
export type Answer = unknown;

/** What the page asked the server. */
export interface Asked {
  /** Method and path: `GET /api/v1/runs`. */
  what: string;
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

/** Answers by method and path: `GET /api/v1/runs`. */
export type Answers = Record<string, (asked: Asked) => Answer>;

/**
 * Answers the requests of a page as the server would, by method and path, and writes them down. What nobody has thought
 * of is `otherwise`; without it, it is not there, so that a test that asks for more than it says fails.
 */
export function serve(answers: Record<string, Answer>, otherwise?: Answer): Asked[] {
  const log: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const text = await request.text();
    const what = `${request.method} ${url.pathname}`;
    const asked: Asked = { what, method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
    log.push(asked);
    const known = what in answers ? answers[what] : (otherwise ?? new Refuses(404, "FP0004", `nothing is served at ${what}`));
    // What is answered may be a promise: a server that takes its time.
    const answer: Answer = typeof known === "function" ? await (known as (asked: Asked) => Answer)(asked) : known;
    if (answer instanceof Refuses) {
      const { status, ...problem } = answer;
      return Response.json(problem, { status });
    }
    return typeof answer === "string" ? new Response(answer) : answer === null ? new Response(null, { status: 204 }) : Response.json(answer);
  });
  return log;
}

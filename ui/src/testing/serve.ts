import { vi } from "vitest";

/** What is answered: a body, or a problem with its status. */
export type Answer = object | { status: number; code: string; detail: string };
export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

/**
 * Answers the requests of a component as the server would, by method and path, and writes them down. What nobody has
 * thought of is not there: a test that asks for more than it says fails.
 */
export function serve(answers: Record<string, Answer | ((asked: Asked) => Answer)>): Asked[] {
  const log: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const url = new URL(request.url);
    const text = await request.text();
    const asked: Asked = { method: request.method, path: url.pathname, query: url.searchParams, headers: request.headers, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
    log.push(asked);
    const known = answers[`${asked.method} ${asked.path}`] ?? { status: 404, code: "FP0004", detail: `nothing is served at ${asked.method} ${asked.path}` };
    const answer = typeof known === "function" ? known(asked) : known;
    const status = "status" in answer && typeof answer.status === "number" && "code" in answer ? answer.status : 200;
    return new Response(JSON.stringify(status === 200 ? answer : { problems: [], ...answer }), { status, headers: { "content-type": "application/json" } });
  });
  return log;
}

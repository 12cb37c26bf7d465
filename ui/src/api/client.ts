import createClient from "openapi-fetch";

import { refusalOf, unanswered } from "./problem";
import type { paths } from "./schema";
import { scopeHeaders } from "./scope";
import { session } from "../app/session";

/**
 * The API, with types made from the server's own document. Whatever is not an answer of success is thrown as a
 * {@link Refusal}, so that a query or mutation has data or an error, and never both.
 */
export const api = createClient<paths>({ baseUrl: "", fetch: (request) => send(request) });

/** Code of what does not let anybody in. */
const SIGN_IN_REFUSED = "FP0013";

/** Sends a request with the session's credentials, to the scope of the page. */
export async function send(request: Request): Promise<Response> {
  const headers = { ...scopeHeaders(), ...session.headers() };
  Object.entries(headers).forEach(([name, value]) => {
    // Who names another scope means it.
    if (!request.headers.has(name)) request.headers.set(name, value);
  });
  // A file is sent as it is; what is JSON was made in memory and is measured there.
  const sent = request.method !== "GET" && request.headers.get("content-type") === "application/json" ? (await request.clone().blob()).size : 0;
  let answer: Response;
  try {
    answer = await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unanswered(error, sent);
  }
  if (answer.ok) return answer;
  const refusal = unanswered(refusalOf(answer.status, parsed(await answer.text())), sent);
  // Whoever is not let in by a password or a link keeps the session that they have.
  if (answer.status === 401 && refusal.problem.code !== SIGN_IN_REFUSED) session.expired();
  throw refusal;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The body of an answer that has one. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  return data as T;
}

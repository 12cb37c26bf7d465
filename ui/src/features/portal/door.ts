import createClient from "openapi-fetch";

import { refusalOf, unanswered } from "@/api/problem";
import type { paths } from "@/api/schema";

/** The part of the API that a pass opens; the types let nothing else be asked for. */
type Open = { [P in keyof paths as P extends "/api/v1/portal" | `/api/v1/portal/${string}` ? P : never]: paths[P] };

export type Door = ReturnType<typeof makeDoor>;

/** The portal's API with a pass. No session goes along, even where somebody of the company is signed in. */
export function makeDoor(pass: string) {
  return createClient<Open>({ baseUrl: "", headers: { "x-portal-pass": pass }, credentials: "omit", fetch: send });
}

async function send(request: Request): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unanswered(error, 0);
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy speaks for a server that is away.
  }
  throw refusalOf(answer.status, body);
}

/** The pass behind the hash of an address; what cannot be one is none. */
export function passOf(hash: string): string | null {
  const text = hash.replace(/^#/, "");
  return /^fpp_[\w.-]+$/.test(text) ? text : null;
}

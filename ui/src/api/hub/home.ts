import { followWith } from "../follow";
import { problemOf, Refusal, refusalOf } from "../problem";
import { Hub } from "./hub";

/** A hub in the real world. Its tabs give it their credentials; it has none of its own. */
export function makeHub(): Hub {
  return new Hub({
    follow: (options, headers) => followWith((request) => open(request, headers), options),
    now: () => performance.now(),
    later: (act, millis) => void setTimeout(act, millis),
  });
}

async function open(request: Request, headers: Record<string, string>): Promise<Response> {
  Object.entries(headers).forEach(([name, value]) => { request.headers.set(name, value); });
  let answer: Response;
  try {
    answer = await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal(problemOf(error));
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

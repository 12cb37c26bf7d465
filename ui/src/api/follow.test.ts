import { beforeEach, expect, test, vi } from "vitest";

import { followWith, type Liveness } from "./follow";
import { Refusal } from "./problem";

beforeEach(() => {
  vi.stubGlobal("location", { origin: "http://here.test" });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("removeEventListener", () => undefined);
});

type Answer = string[] | number;

/** Follows a stream of which each opening gives the next answer: the pieces of a body, or the status of a refusal. */
async function followed(answers: Answer[]): Promise<{ asked: (string | null)[]; heard: string[]; states: Liveness[]; gaps: number }> {
  const asked: (string | null)[] = [];
  const heard: string[] = [];
  const states: Liveness[] = [];
  let gaps = 0;
  await new Promise<void>((resolve) => {
    const following = followWith(
      async (request) => {
        asked.push(new URL(request.url).searchParams.get("after"));
        const answer = answers.shift();
        if (answer === undefined) {
          following.stop();
          resolve();
          throw new DOMException("stopped", "AbortError");
        }
        if (typeof answer === "number") throw new Refusal({ code: "FP0000", detail: "refused", problems: [], status: answer });
        return new Response(new Blob(answer).stream() as ReadableStream);
      },
      {
        url: "/api/v1/watch",
        onEvent: (event) => heard.push(event.data),
        onGap: () => { gaps += 1; },
        onLiveness: (liveness) => {
          states.push(liveness);
          // Nobody waits in a test: the pause ends as soon as it has begun.
          if (liveness === "cut") queueMicrotask(() => { following.hurry(); });
          if (liveness === "refused") resolve();
        },
      },
    );
  });
  return { asked, heard, states, gaps };
}

test("after a cut it goes on behind the last event, without a gap", async () => {
  const { asked, heard, gaps } = await followed([["id: 7\ndata: a\n\n", "id: 8\ndata: b\n\nid: 9\nda"], ["id: 9\ndata: c\n\n"]]);
  expect(asked).toEqual([null, "8", "9"]);
  expect(heard).toEqual(["a", "b", "c"]);
  expect(gaps).toBe(0);
});

test("what has no position cannot be gone on behind, and is read anew", async () => {
  expect((await followed([["data: a\n\n"], ["data: b\n\n"]])).gaps).toBe(1);
});

test("a position that is too old is given up", async () => {
  const { asked, gaps } = await followed([["id: 7\ndata: a\n\n"], 410, []]);
  expect(asked).toEqual([null, "7", null, null]);
  expect(gaps).toBeGreaterThan(0);
});

test("a server in trouble is asked again, one that refuses is not", async () => {
  const { asked, states } = await followed([503, 429, 404, []]);
  expect(asked).toHaveLength(3);
  expect(states.at(-1)).toBe("refused");
});

import { QueryObserver } from "@tanstack/react-query";
import { expect, test } from "vitest";

import { OFFLINE, Refusal } from "@/api/problem";

import { isAway, makeClient } from "./queries";

const refusal = (code: string, status?: number) => new Refusal({ code, detail: "no", problems: [], ...(status === undefined ? {} : { status }) });

/** What a page sees after its query was answered, or not, twice. */
async function seen(second: Error): Promise<{ data: unknown; isError: boolean }> {
  const client = makeClient();
  let times = 0;
  const observer = new QueryObserver(client, {
    queryKey: ["workflow"],
    queryFn: () => ((times += 1) === 1 ? Promise.resolve("as it was") : Promise.reject(second)),
    retry: false,
  });
  const stop = observer.subscribe(() => undefined);
  await observer.refetch();
  await observer.refetch();
  const { data, isError } = observer.getCurrentResult();
  stop();
  return { data, isError };
}

test("what was read stays on the page while the server is away", async () => {
  expect(await seen(refusal(OFFLINE))).toEqual({ data: "as it was", isError: false });
  expect(await seen(refusal("http-502", 502))).toEqual({ data: "as it was", isError: false });
});

test("what the server refuses is said, also when there was an answer before", async () => {
  expect(await seen(refusal("FP0004", 404))).toMatchObject({ isError: true });
});

test("a server that knows why it fails is not away", () => {
  expect([refusal(OFFLINE), refusal("http-504", 504), refusal("FP0001", 500), refusal("http-404", 404), new Error("x")].map(isAway)).toEqual([true, true, false, false, false]);
});

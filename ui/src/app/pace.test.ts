import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { paced } from "./pace";

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

test("what comes in one breath is read once, each thing by itself", async () => {
  const read: string[] = [];
  const tell = paced((key) => { read.push(key); return Promise.resolve(); });
  tell(["a"]);
  tell(["a", "b"]);
  await vi.advanceTimersByTimeAsync(200);
  expect(read).toEqual(["a", "b"]);
});

test("news that come while it is read are read after it, and never two at a time", async () => {
  const ends: (() => void)[] = [];
  const tell = paced(() => new Promise((resolve) => { ends.push(resolve); }));
  tell(["a"]);
  await vi.advanceTimersByTimeAsync(1_000);
  tell(["a"]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ends).toHaveLength(2);
});

test("the slower the server answers, the less often it is asked", async () => {
  const asked = async (takes: number): Promise<number> => {
    let times = 0;
    const tell = paced(() => { times += 1; return new Promise((resolve) => { setTimeout(resolve, takes); }); });
    for (let tick = 0; tick < 300; tick += 1) {
      tell(["a"]);
      await vi.advanceTimersByTimeAsync(100);
    }
    return times;
  };
  expect(await asked(10)).toBeGreaterThan(60);
  expect(await asked(2_000)).toBeLessThanOrEqual(5);
});

test("what failed to be read is read at the next news", async () => {
  let times = 0;
  const tell = paced(() => { times += 1; return Promise.reject(new Error("gone")); });
  tell(["a"]);
  await vi.advanceTimersByTimeAsync(1_000);
  tell(["a"]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(times).toBe(2);
});

import { expect, test } from "vitest";

import { holdOf, isFresh, isWatched, percent, standingOf, type Calls } from "./health";

const calls = (more: Partial<Calls> = {}): Calls => ({ callCount: 0, errorCount: 0, recentCallCount: 0, recentErrorCount: 0, errorShare: 0, waitingCount: 0, breaker: "closed", cachedCount: 0, hitCount: 0, ...more });
const word = (more: Partial<Calls>): string => standingOf(calls(more)).word;

test("what holds calls back is said before how they went", () => {
  expect(word({ breaker: "heldOpen", recentCallCount: 10, recentErrorCount: 10 })).toBe("Held back by hand");
  expect(word({ breaker: "open", quota: { remaining: 0, resetsAt: 1 } })).toBe("Held back");
  expect(word({ breaker: "heldClosed" })).toBe("Let through by hand");
});

test("one call that fails is no verdict on a service; every fifth of several is", () => {
  expect(standingOf(calls({ callCount: 1, recentCallCount: 1, recentErrorCount: 1 }))).toEqual({ tone: "wait", word: "The last call failed" });
  expect(word({ callCount: 4, recentCallCount: 4, recentErrorCount: 1 })).toBe("Well");
  expect(standingOf(calls({ callCount: 9, recentCallCount: 5, recentErrorCount: 1 }))).toEqual({ tone: "bad", word: "1 of 5 fail" });
  expect(word({ callCount: 9 })).toBe("Well");
});

test("a quota that is used up shows, and so does that nobody has called", () => {
  expect(word({ callCount: 3, quota: { remaining: 0, resetsAt: 1 } })).toBe("Quota used up");
  expect(word({ callCount: 3, pausedUntil: 5 })).toBe("Told to wait");
  expect(standingOf(calls())).toEqual({ tone: "neutral", word: "No call yet" });
});

test("a breaker that judges for itself is in nobody's hand, whatever it found", () => {
  expect((["closed", "open", "probing", "heldOpen", "heldClosed"] as const).map((breaker) => holdOf(calls({ breaker })))).toEqual(["auto", "auto", "auto", "open", "closed"]);
});

test("there is something to tell as soon as anything has happened", () => {
  expect(isFresh(calls())).toBe(true);
  expect(isFresh(calls({ breaker: "heldOpen" }))).toBe(true);
  for (const more of [{ callCount: 1 }, { hitCount: 1 }, { cachedCount: 1 }, { waitingCount: 1 }, { pausedUntil: 1 }, { quota: { remaining: 1, resetsAt: 1 } }]) expect(isFresh(calls(more))).toBe(false);
});

test("a small share is not nothing, and a large one is not all", () => {
  expect([0, 0.001, 0.166, 0.5, 0.996, 1].map(percent)).toEqual(["0 %", "< 1 %", "17 %", "50 %", "> 99 %", "100 %"]);
});

test("only calls over HTTP are watched", () => {
  expect([{ type: "bearer" }, { type: "login" }, { type: "webhook" }, undefined].map(isWatched)).toEqual([true, false, false, true]);
});

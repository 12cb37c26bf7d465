import { expect, test } from "vitest";

import { headersOf, outcomeOf, progressOf, type Delivery } from "./deliveries";
import { eventsText, stateOf } from "./subscribers";

const delivery: Delivery = { message: "msg_1", createdAt: 1, subscriber: "crm", event: "invoice.paid", customer: "", status: "delivered", attempts: 1 };

test("what waits after a failed try is told apart from what waits for its first", () => {
  expect(progressOf({ status: "waiting", attempts: 0 }).word).toBe("Waiting");
  expect(progressOf({ status: "waiting", attempts: 2, reason: "it answered 503" }).word).toBe("Trying again");
  expect(progressOf({ status: "failed", attempts: 9, reason: "it answered 503" }).word).toBe("Failed");
});

test("a try says what was answered, or that nothing was", () => {
  expect(outcomeOf({ answered: 204 })).toEqual({ good: true, text: "Answered 204" });
  expect(outcomeOf({ answered: 503, reason: "it answered 503" })).toEqual({ good: false, text: "Answered 503" });
  expect(outcomeOf({ reason: "no route" })).toEqual({ good: false, text: "No answer" });
});

test("headers are those of the last try, in seconds, with the subscriber's own behind them", () => {
  const detail = { delivery, attempts: [{ number: 2, at: 1_700_000_001_900, took: 3, answered: 204 }, { number: 1, at: 1_700_000_000_000, took: 3, answered: 503 }] };
  const headers = headersOf(detail, "ed25519", { "x-team": "billing" });
  expect(headers.map(({ name, value }) => [name, value])).toEqual([
    ["webhook-id", "msg_1"],
    ["webhook-timestamp", "1700000001"],
    ["webhook-signature", "v1a,…"],
    ["content-type", "application/json"],
    ["x-team", "billing"],
  ]);
});

test("a subscriber that is delivered to and takes nothing is failing", () => {
  expect(stateOf({ state: "delivering", failures: 0 })).toMatchObject({ word: "Delivering", tone: "good" });
  expect(stateOf({ state: "delivering", failures: 3, failingSince: 1 })).toMatchObject({ word: "Failing", tone: "bad" });
  expect(stateOf({ state: "paused", failures: 30, failingSince: 1 }).word).toBe("Paused");
  expect(stateOf({ state: "gone", failures: 1 }).word).toBe("Gone");
});

test("a long list of events is told in few words", () => {
  expect(eventsText([])).toBe("all");
  expect(eventsText(["a", "b", "c"])).toBe("a, b, c");
  expect(eventsText(["a", "b", "c", "d"])).toBe("a, b and 2 more");
});

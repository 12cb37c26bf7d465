import { expect, test } from "vitest";

import type { SubscriberSpec } from "@/resource/subscribers";

import { readJson, schemaOf } from "./jsonText";
import { hearers } from "./queries";
import { subscriberDraft } from "./subscriberDraft";

const FULL: SubscriberSpec = {
  url: "https://example.com/hooks",
  description: "CRM",
  customer: "acme",
  events: ["invoice.*"],
  filter: "{{ $json.data.amount > 100 }}",
  transform: { text: "={{ $json.type }}" },
  headers: { "x-team": "a" },
  signing: "ed25519",
  limit: { calls: 5, per: "1s" },
  timeout: "20s",
  retries: ["5s", "1h"],
};

test("what is stored comes out of its form as it went in", () => {
  expect(subscriberDraft.spec(subscriberDraft.of(FULL))).toEqual(FULL);
  expect(subscriberDraft.spec(subscriberDraft.of({ url: "https://a.example" }))).toEqual({ url: "https://a.example" });
  expect(subscriberDraft.spec(subscriberDraft.of({ url: "https://a.example", retries: [] }))).toEqual({ url: "https://a.example", retries: [] });
});

test("an empty choice of events is not sent, for it would mean all", () => {
  const draft = subscriberDraft.of({ url: "https://a.example" });
  expect(subscriberDraft.fault({ ...draft, events: [] })).toBe("Choose an event, or all of them");
  expect(subscriberDraft.fault({ ...draft, url: " " })).toBe("Say where messages go first");
  expect(subscriberDraft.fault({ ...draft, transform: "[1]" })).toBe("The transform is no JSON object yet");
  expect(subscriberDraft.fault(draft)).toBeUndefined();
});

test("only what is special unfolds the rest of the form", () => {
  expect(subscriberDraft.isSpecial(subscriberDraft.of({ url: "https://a.example", events: ["a"], customer: "acme" }))).toBe(false);
  expect(subscriberDraft.isSpecial(subscriberDraft.of({ url: "https://a.example", timeout: "3s" }))).toBe(true);
});

test("a schema is made of an example: fields, types, and that all of them are there", () => {
  expect(schemaOf({ id: 7, amount: 1.5, tags: ["a"], paid: true, note: null })).toEqual({
    type: "object",
    properties: { id: { type: "integer" }, amount: { type: "number" }, tags: { type: "array", items: { type: "string" } }, paid: { type: "boolean" }, note: {} },
    required: ["id", "amount", "tags", "paid", "note"],
  });
});

test("an empty text is no value, and half a text says why", () => {
  expect(readJson(" ")).toEqual({ value: undefined });
  expect(readJson("null")).toEqual({ value: null });
  expect(readJson("{")).toHaveProperty("fault");
});

test("who names no event hears of all", () => {
  const subscribers = [{ name: "all", spec: { url: "a" } }, { name: "invoices", spec: { url: "a", events: ["invoice.*"] } }, { name: "orders", spec: { url: "a", events: ["order.paid"] } }];
  expect(hearers(subscribers, "invoice.paid")).toEqual(["all", "invoices"]);
});

import { expect, test } from "vitest";

import { begin, act, rebase, undo, type History } from "../../../canvas/graph/history";
import { nodeById } from "../../../canvas/graph/document";
import { merge } from "../../../canvas/graph/merge";
import { counter, SHOP } from "../../../canvas/graph/samples";
import { below, placeOf, rowsOf, type Place } from "./place";
import type { JsonObject } from "../../../canvas/graph/json";

const DATA = { input: undefined, outputs: new Map(), upstream: [], variables: [] };

/** A form over a history, whose controls were rendered once and are used later. */
function form(params: JsonObject) {
  const setting = counter();
  let history: History = act(begin(SHOP), [{ type: "setParameter", id: "greet", pointer: "", value: params }], setting, { label: "begin", now: 0 });
  history = begin(history.document);
  let now = 10_000;
  const edit: Place["edit"] = (pointer, value) => {
    now += 5_000;
    history = act(history, [{ type: "setParameter", id: "greet", pointer: pointer.slice("/params".length), value }], setting, { label: "Edit", now, key: pointer });
  };
  const stored = () => nodeById(history.document, "greet")?.params;
  return {
    place: placeOf(params, edit, DATA, []),
    stored,
    /** Somebody else's work arrives. */
    arrive: (pointer: string, value: JsonObject | string) => {
      const before = history.document;
      const theirs = act(begin(before), [{ type: "setParameter", id: "greet", pointer, value }], setting, { label: "theirs", now: 0 }).document;
      history = rebase(history, merge(before, history.document, theirs).document);
    },
    undo: () => { history = undo(history); },
  };
}

test("a control that was drawn before another person's work arrived changes its own place alone", () => {
  const { place, stored, arrive } = form({ url: "a", method: "GET" });
  const url = below(place, place.value as JsonObject, "url");
  arrive("/method", "POST");
  url.onChange("b");
  expect(stored()).toEqual({ url: "b", method: "POST" });
});

test("undoing an edit of a field leaves what somebody else has put beside it", () => {
  const { place, stored, arrive, undo: back } = form({ url: "a", method: "GET" });
  below(place, place.value as JsonObject, "url").onChange("b");
  arrive("/method", "POST");
  back();
  expect(stored()).toEqual({ url: "a", method: "POST" });
});

test("a cell of a row changes that cell, also when another row was changed meanwhile", () => {
  const { place, stored, arrive } = form({ fields: [{ name: "a", value: "1" }, { name: "b", value: "2" }] });
  const rows = rowsOf(below(place, place.value as JsonObject, "fields"));
  const second = below(rows.at(1), rows.entries[1] ?? {}, "value");
  arrive("/fields/0/value", "theirs");
  second.onChange("mine");
  expect(stored()).toEqual({ fields: [{ name: "a", value: "theirs" }, { name: "b", value: "mine" }] });
});

test("a field of an object that is not there yet makes it, and a shown default is written whole", () => {
  const { place, stored } = form({ url: "a" });
  below(below(place, place.value as JsonObject, "retry"), {}, "tries").onChange(3);
  below(below(place, place.value as JsonObject, "body"), { as: "json", json: "" }, "json").onChange("{}");
  expect(stored()).toEqual({ url: "a", retry: { tries: 3 }, body: { as: "json", json: "{}" } });
});

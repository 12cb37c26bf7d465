import { expect, test } from "vitest";

import { age, wanted, type Secret } from "./secrets";

const secret = (connection: string, flags: Secret["flags"], ageDays = 1): Secret => ({ connection, title: "", field: "token", automatic: false, setAt: 0, ageDays, usedBy: [], flags });

test("what has ended stands first, then what is old", () => {
  const all = [secret("fine", []), secret("old", ["stale", "unused"], 400), secret("older", ["stale"], 900), secret("soon", ["expiring"]), secret("past", ["expired"]), secret("idle", ["unused"])];
  const names = (list: Secret[]): string[] => list.map(({ connection }) => connection);
  expect(names(wanted(all, {}))).toEqual(["past", "soon", "older", "old", "idle", "fine"]);
  expect(names(wanted(all, { show: "flagged" }))).toEqual(["past", "soon", "older", "old", "idle"]);
  expect(names(wanted(all, { show: "ending" }))).toEqual(["past", "soon"]);
  expect(names(wanted(all, { show: "unused" }))).toEqual(["old", "idle"]);
  expect(names(wanted(all, { find: "OLDER token" }))).toEqual(["older"]);
});

test("an age has the unit that tells most", () => {
  expect([age(0), age(1), age(59), age(61), age(729), age(731)]).toEqual(["today", "1 day", "59 days", "2 months", "23 months", "2 years"]);
});

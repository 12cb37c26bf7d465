import { expect, test } from "vitest";

import type { VendorEntry } from "@/resource/renewals";

import { addDays, daysBetween, isDay, today } from "./days";
import { mean, nameOf, timeline, wanted } from "./vendor";

test("days are counted over months and leap years, whatever the clock of the zone does", () => {
  expect(addDays("2028-02-28", 2)).toBe("2028-03-01");
  expect(addDays("2027-03-01", -1)).toBe("2027-02-28");
  expect(daysBetween("2027-03-27", "2027-03-29")).toBe(2);
  expect([isDay("2027-02-30"), isDay("2027-2-3"), isDay("soon"), isDay("2028-02-29")]).toEqual([false, false, false, true]);
  expect(today(new Date(2027, 0, 5, 23, 59))).toBe("2027-01-05");
});

test("a mean counts weights, and nothing that is not judged", () => {
  expect(mean([{ score: 2 }, { weight: 2, score: 5 }, { weight: 50 }])).toBe(4);
  expect(mean([{ score: 0 }])).toBe(0);
  expect(mean([{ weight: 3 }])).toBeNull();
});

test("a term is a line from its begin to its end, with the time for notice on it", () => {
  const line = timeline({ startsOn: "2027-01-01", noticeDays: 100, remindDays: 100 }, "2028-01-01", "2027-07-02");
  expect(line?.marks).toEqual([{ name: "Begins", on: "2027-01-01", at: 0 }, { name: "Notice by", on: "2027-09-23", at: 72.6 }, { name: "Ends", on: "2028-01-01", at: 100 }]);
  expect([line?.now, line?.reminder]).toEqual([49.9, { from: 45.2, to: 72.6 }]);
});

test("an old contract shows its last two years, and one that is over shows where we are", () => {
  const old = timeline({ startsOn: "2001-01-01" }, "2028-01-01", "2027-01-01");
  expect(old?.marks.map(({ name }) => name)).toEqual(["Ends"]);
  const over = timeline({ startsOn: "2027-01-01" }, "2027-12-31", "2028-12-30");
  expect([over?.now, over?.marks.at(-1)?.at]).toEqual([100, 49.9]);
  expect(timeline({}, "soon", "2027-01-01")).toBeNull();
});

test("a title becomes a name", () => {
  expect(nameOf("Ärzte & Söhne GmbH (EU)")).toBe("arzte-sohne-gmbh-eu");
  expect(nameOf("  --  ")).toBe("");
});

test("vendors are found, and those that are due or have gaps stand alone", () => {
  const vendor = (title: string, state: VendorEntry["renewal"]["state"], gaps: VendorEntry["gaps"] = []): VendorEntry => ({ name: title.toLowerCase(), title, category: "mail", owner: "Ada", connectors: ["sendgrid"], hosts: [], gaps, renewal: { state } });
  const all = [vendor("Acme", "due"), vendor("Other", "running", ["exitPlan"])];
  const titles = (list: VendorEntry[]): string[] => list.map(({ title }) => title);
  expect([titles(wanted(all, { show: "due" })), titles(wanted(all, { show: "gaps" })), titles(wanted(all, { find: "SENDgrid oth" }))]).toEqual([["Acme"], ["Other"], ["Other"]]);
});

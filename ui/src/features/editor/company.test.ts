import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Person } from "../../canvas/store";
import { calls, type Present, type Transport } from "./calls";
import { Company, initialsOf, nameOf, peopleOf } from "./company";

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

/** A room as the server keeps it, of which the test says what happens. */
class Room implements Transport {
  readonly entered: string[] = [];
  readonly told: unknown[] = [];
  tell: (event: string, data: unknown) => void = () => undefined;
  live_: (live: boolean) => void = () => undefined;
  left = 0;
  send: Transport["send"] = async (_method, _path, options) => {
    this.told.push(options?.body);
    return { status: 204, body: undefined };
  };
  stream = async () => {};
  live: Transport["live"] = (path, onEvent, onLive) => {
    this.entered.push(new URLSearchParams(path.split("?")[1]).get("client") ?? "");
    this.tell = onEvent;
    this.live_ = onLive;
    return () => (this.left += 1);
  };
}

function enter() {
  const room = new Room();
  let people: readonly Person[] = [];
  let begun = 0;
  let client = 0;
  const company = new Company("shop", calls(room), { onPeople: (now) => (people = now), onNews: () => {}, onBegin: () => (begun += 1) }, () => `page-${(client += 1)}`);
  company.start();
  return { room, company, people: () => people, begun: () => begun };
}

const me: Present = { client: "page-1", actor: "user:me" };

test("what one looks at is told once one is seated, and no more often than four times a second", () => {
  const { room, company } = enter();
  company.look("a");
  expect(room.told).toEqual([]);
  room.tell("present", [me]);
  expect(room.told).toEqual([{ client: "page-1", node: "a" }]);
  for (const node of ["b", "c", "d"]) company.look(node);
  expect(room.told).toHaveLength(1);
  vi.advanceTimersByTime(250);
  expect(room.told.slice(1)).toEqual([{ client: "page-1", node: "d" }]);
  vi.advanceTimersByTime(1_000);
  expect(room.told).toHaveLength(2);
});

test("what did not arrive is told again with the next list of those present", () => {
  const { room, company } = enter();
  room.tell("present", [me]);
  company.look("a");
  vi.advanceTimersByTime(250);
  room.tell("present", [me, { client: "x", actor: "user:ada" }]);
  expect(room.told).toEqual([{ client: "page-1", node: "a" }, { client: "page-1", node: "a" }]);
});

test("who leaves or is cut off sees nobody, and is told nothing any more", () => {
  const { room, company, people } = enter();
  room.tell("present", [me, { client: "x", actor: "user:ada", node: "a" }]);
  expect(people()).toMatchObject([{ name: "ada", node: "a", myself: false }]);
  room.live_(false);
  expect(people()).toEqual([]);
  company.look("b");
  company.stop();
  vi.advanceTimersByTime(1_000);
  expect([room.told, room.left]).toEqual([[], 1]);
});

test("a page that the server has lost comes in again under a new name", () => {
  const { room } = enter();
  room.tell("present", [me]);
  room.tell("present", []);
  expect(room.entered).toEqual(["page-1", "page-2"]);
  room.tell("present", []);
  expect(room.entered, "a full room is no reason to try for ever").toHaveLength(2);
});

test("everybody sees the same people in the same colours, each in their own", () => {
  const all: Present[] = ["ada", "ada", "grace", "tony"].map((name, index) => ({ client: `c${index}`, actor: `user:${name}` }));
  const coloursFor = (mine: number) => Object.fromEntries(peopleOf([...all].reverse(), all[mine]).map((person) => [person.client, person.colour]));
  expect(new Set(Object.values({ ...coloursFor(0), ...coloursFor(1) })).size).toBe(4);
  expect(coloursFor(0)["c3"]).toBe(coloursFor(2)["c3"]);
  expect(peopleOf(all, all[0]).map((person) => person.myself)).toEqual([true, false, false]);
});

test("names and initials are those that colleagues use", () => {
  expect(["user:ada", "token:owner", "someone"].map(nameOf)).toEqual(["ada", "owner", "someone"]);
  expect(["ada", "ada lovelace", "grace.hopper@example.com", "…", ""].map(initialsOf)).toEqual(["A", "AL", "GH", "…", "?"]);
});

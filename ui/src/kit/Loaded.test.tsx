// @vitest-environment jsdom

import { fireEvent, screen } from "@testing-library/react";
import { useQuery } from "@tanstack/react-query";
import { expect, test } from "vitest";

import { api, data } from "@/api/client";
import { usePages } from "@/resource/pages";
import { openPage, Refuses, type Answers } from "@/testing/page";

import { Loaded, More } from "./Loaded";

function Names() {
  const list = useQuery({ queryKey: ["variable", "list"], queryFn: () => data(api.GET("/api/v1/variables")) });
  return <Loaded of={list} empty={<p>None yet</p>}>{({ items }) => <ul>{items.map(({ name }) => <li key={name}>{name}</li>)}</ul>}</Loaded>;
}

function Entries() {
  const list = usePages(["audit"], (from) => data(api.GET("/api/v1/audit", { params: { query: from } })));
  return (
    <>
      <Loaded of={list} empty={<p>None yet</p>}>{(entries) => <ul>{entries.map(({ seq, action }) => <li key={seq}>{action}</li>)}</ul>}</Loaded>
      <More of={list} name="Older ones" />
    </>
  );
}

const open = (page: () => React.ReactNode, answers: Answers) => openPage({ path: "/names", at: "/names", page }, answers);
const named = (...names: string[]) => ({ items: names.map((name) => ({ name, spec: {} })) });

test("what has not come yet has a place that says so, and a list without entries says what it is for", async () => {
  open(Names, {});
  expect(await screen.findByRole("status", { name: "Loading" })).toBeTruthy();
  expect(await screen.findByText("None yet")).toBeTruthy();
});

test("what could not be read says why, and comes when it is asked for again", async () => {
  let refused = true;
  const { user } = open(Names, { "GET /api/v1/variables": () => (refused ? new Refuses(503, "FP0001", "the store is closed") : named("limit")) });
  expect(await screen.findByText("the store is closed")).toBeTruthy();
  refused = false;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("limit")).toBeTruthy();
});

test("what was read stays when it cannot be read anew, and the page says that it is old", async () => {
  let refused = false;
  const { user, news } = open(Names, { "GET /api/v1/variables": () => (refused ? new Refuses(503, "FP0001", "the store is closed") : named("limit")) });
  await screen.findByText("limit");
  refused = true;
  await news("variable");
  expect((await screen.findByRole("alert")).textContent).toContain("the store is closed");
  expect(screen.getByText("limit")).toBeTruthy();
  refused = false;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await expect.poll(() => screen.queryByRole("alert")).toBeNull();
});

test("what is gone meanwhile is no longer shown", async () => {
  let gone = false;
  const { news } = open(Names, { "GET /api/v1/variables": () => (gone ? new Refuses(404, "FP0004", "it is not there") : named("limit")) });
  await screen.findByText("limit");
  gone = true;
  await news("variable");
  expect(await screen.findByText("it is not there")).toBeTruthy();
  expect(screen.queryByText("limit")).toBeNull();
});

test("a further page that is refused leaves those that were read, and can be asked for again", async () => {
  let refused = true;
  open(Entries, {
    "GET /api/v1/audit": ({ query }) => (query.has("cursor") ? (refused ? new Refuses(503, "FP0001", "the store is closed") : { items: [{ seq: 1, action: "made" }] }) : { items: [{ seq: 2, action: "changed" }], nextCursor: "2" }),
  });
  await screen.findByText("changed");
  fireEvent.click(screen.getByRole("button", { name: "Older ones" }));
  await screen.findByRole("alert");
  expect(screen.getByText("changed")).toBeTruthy();
  refused = false;
  fireEvent.click(screen.getByRole("button", { name: "Older ones" }));
  expect(await screen.findByText("made")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Older ones" })).toBeNull();
});

// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import type { components } from "@/api/schema";
import { runFilter } from "@/resource/runFilter";
import { openPage, type Asked } from "@/testing/page";

import { RunsPage } from "./RunsPage";

type Summary = components["schemas"]["RunSummary"];

const LIST = "GET /api/v1/runs";
const run = (number: number, status: Summary["status"], workflow = "orders"): Summary => ({
  id: `run_${String(number)}`, workflow, revision: 1, status, mode: "webhook", startedBy: "ada", runsAs: "ada", createdAt: 1_000_000 - number, startedAt: 1_000_000 - number, endedAt: 1_000_001, stepCount: 1, handledErrorCount: 0, uncertainCount: 0, dead: "none",
});
const ALL = Array.from({ length: 90 }, (_, number) => run(number, number % 9 === 0 ? "failed" : "completed"));

/** A server whose filtered lists wait until they are let go. */
function slow(filtered: Summary[] = ALL.filter(({ status }) => status === "failed")) {
  const waiting: (() => void)[] = [];
  const answer = ({ query }: Asked): unknown =>
    query.has("status") || query.has("workflow") ? new Promise((resolve) => { waiting.push(() => { resolve({ items: filtered }); }); }) : { items: ALL, nextCursor: "more" };
  return { answers: { [LIST]: answer }, letGo: () => { waiting.splice(0).forEach((go) => { go(); }); } };
}
const open = (answers: Record<string, (asked: Asked) => unknown>, search = "") => openPage({ path: "/runs", at: `/runs${search}`, page: RunsPage, validateSearch: runFilter.read }, answers);
const rows = () => within(screen.getByRole("rowgroup", { name: "Rows" })).queryAllByRole("row").map((row) => row.textContent);

test("runs that are known to meet a filter are shown before the server has answered, and the answer after it", async () => {
  const server = slow([run(1_000, "failed", "news"), ...ALL.filter(({ status }) => status === "failed")]);
  const { user, address } = open(server.answers);
  await screen.findByRole("rowgroup", { name: "Rows" });
  await user.click(screen.getByRole("button", { name: "failed" }));
  expect(rows()).toHaveLength(10);
  expect(rows().every((row) => row?.includes("Failed"))).toBe(true);
  expect(screen.getByText("Reading older ones…")).toBeTruthy();
  server.letGo();
  await waitFor(() => { expect(rows()).toHaveLength(11); });
  expect(rows()[0]).toContain("news");
  expect(screen.getByText("That is all.")).toBeTruthy();
  expect(address()).toContain("failed");
});

test("the server is asked as soon as a state is pressed, and once", async () => {
  const server = slow();
  const { user, asked } = open(server.answers);
  await screen.findByRole("rowgroup", { name: "Rows" });
  const filtered = () => asked.filter(({ query }) => query.has("status")).length;
  await user.pointer({ keys: "[MouseLeft>]", target: screen.getByRole("button", { name: "failed" }) });
  await waitFor(() => { expect(filtered()).toBe(1); });
  await user.pointer({ keys: "[/MouseLeft]", target: screen.getByRole("button", { name: "failed" }) });
  server.letGo();
  await screen.findByText("That is all.");
  expect(filtered()).toBe(1);
});

test("from a narrower list nothing is taken for the beginning of a wider one", async () => {
  const server = slow();
  const { user } = open(server.answers, "?status=failed");
  await waitFor(() => { expect(screen.getByLabelText("Loading")).toBeTruthy(); });
  server.letGo();
  await screen.findByRole("rowgroup", { name: "Rows" });
  await user.click(screen.getByRole("button", { name: "canceled" }));
  expect(screen.queryByRole("rowgroup", { name: "Rows" })).toBeNull();
});

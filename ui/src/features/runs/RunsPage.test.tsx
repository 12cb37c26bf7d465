// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers, type Asked } from "@/testing/page";
import { runFilter } from "@/resource/runFilter";

import { RunsPage } from "./RunsPage";

const run = (id: string, workflow: string, more: object = {}): object => ({ id, workflow, status: "completed", mode: "webhook", createdAt: 1_000, startedAt: 1_000, endedAt: 2_000, ...more });
const KEPT = "GET /api/v1/me/preferences/runs.views";
const KEEP = "PUT /api/v1/me/preferences/runs.views";

/** A list, and a place where views are kept. */
function serve(kept: unknown[], answers: Answers = {}): Answers {
  let views: unknown = kept;
  return {
    "GET /api/v1/runs": ({ query }: Asked) => ({ items: query.getAll("status").includes("failed") ? [run("run_2", "refunds", { status: "failed", error: { problem: { code: "FP0203", detail: "no such order" }, category: "badData" } })] : [run("run_1", "orders"), run("run_2", "refunds")] }),
    [KEPT]: () => views,
    [KEEP]: ({ body }: Asked) => { views = body; return null; },
    ...answers,
  };
}

const open = (at: string, answers: Answers) => openPage({ path: "/runs", at, page: RunsPage, validateSearch: runFilter.readSearch }, answers);
const views = async () => within(await screen.findByRole("navigation", { name: "Views" }));
const current = async () => (await views()).getAllByRole("link").filter((link) => link.ariaCurrent === "page" || link.getAttribute("aria-current") === "page").map(({ textContent }) => textContent);

test("a view shows the runs that it names, and the one that is shown is marked", async () => {
  const { asked, user } = open("/runs", serve([{ name: "Late refunds", filter: { workflow: "refunds", status: ["failed"], within: "day" } }]));
  await screen.findByText("orders");
  expect(await current()).toEqual(["All"]);
  await user.click(await screen.findByRole("link", { name: "Late refunds" }));
  await screen.findByText("no such order");
  expect(await current()).toEqual(["Late refunds"]);
  const query = asked.filter(({ what }) => what === "GET /api/v1/runs").at(-1)?.query;
  expect(query?.get("workflow")).toBe("refunds");
  expect(Date.now() - Number(query?.get("since"))).toBeLessThan(86_400_000 + 60_000);
  expect(query?.has("named")).toBe(false);
});

test("what is shown is saved under a name, which nobody else's view has", async () => {
  const { user, sent } = open("/runs?workflow=orders", serve([{ name: "Mine", filter: { workflow: "a" } }]));
  await user.click(await screen.findByRole("button", { name: "Save as view…" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByRole("textbox", { name: "Name" }), "mine");
  expect(await dialog.findByText("A view is called like that already")).toBeTruthy();
  await user.clear(dialog.getByRole("textbox", { name: "Name" }));
  await user.type(dialog.getByRole("textbox", { name: "Name" }), "Orders{Enter}");
  await waitFor(() => { expect(sent(KEEP)).toEqual([[{ name: "Mine", filter: { workflow: "a" } }, { name: "Orders", filter: { workflow: "orders" } }]]); });
  await waitFor(async () => { expect(await current()).toEqual(["Orders"]); });
});

test("a view that was changed is updated to what is shown, and says so until then", async () => {
  const { user, sent } = open("/runs?workflow=orders&named=Mine", serve([{ name: "Mine", filter: { workflow: "orders" } }]));
  await user.click(await screen.findByRole("button", { name: "failed" }));
  expect(await screen.findByRole("link", { name: /^Mine.*changed/ })).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Acts on the view Mine" }));
  await user.click(await screen.findByRole("menuitem", { name: "Update to what is shown" }));
  await waitFor(() => { expect(sent(KEEP)).toEqual([[{ name: "Mine", filter: { workflow: "orders", status: ["failed"] } }]]); });
  expect(await screen.findByRole("link", { name: "Mine" })).toBeTruthy();
});

test("a view is renamed, and what it shows stays in sight", async () => {
  const { user, sent, address } = open("/runs?workflow=orders&named=Mine", serve([{ name: "Mine", filter: { workflow: "orders" } }]));
  await user.click(await screen.findByRole("button", { name: "Acts on the view Mine" }));
  await user.click(await screen.findByRole("menuitem", { name: "Rename…" }));
  const name = await screen.findByRole("textbox", { name: "Name" });
  await user.clear(name);
  await user.type(name, "Ours{Enter}");
  await waitFor(() => { expect(sent(KEEP)).toEqual([[{ name: "Ours", filter: { workflow: "orders" } }]]); });
  await waitFor(() => { expect(address()).toContain("named=Ours"); });
});

test("a deleted view comes back by undo", async () => {
  const { user, sent } = open("/runs?workflow=orders&named=Mine", serve([{ name: "Mine", filter: { workflow: "orders" } }]));
  await user.click(await screen.findByRole("button", { name: "Acts on the view Mine" }));
  await user.click(await screen.findByRole("menuitem", { name: "Delete" }));
  await waitFor(() => { expect(sent(KEEP)).toEqual([[]]); });
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await waitFor(() => { expect(sent(KEEP).at(-1)).toEqual([{ name: "Mine", filter: { workflow: "orders" } }]); });
  expect(await screen.findByRole("link", { name: "Mine" })).toBeTruthy();
});

test("a view that the server does not keep is told where it was named, and nothing typed is lost", async () => {
  const { user } = open("/runs?workflow=orders", serve([], { [KEEP]: () => new Refuses(403, "FP0012", "preferences are not for you", "sign in as a person") }));
  await user.click(await screen.findByRole("button", { name: "Save as view…" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByRole("textbox", { name: "Name" }), "Orders{Enter}");
  expect(await dialog.findByText("preferences are not for you")).toBeTruthy();
  expect(dialog.getByRole("textbox", { name: "Name" })).toHaveProperty("value", "Orders");
});

test("where views cannot be read those of everybody are there, and the reason is told", async () => {
  open("/runs?workflow=orders", serve([], { [KEPT]: () => new Refuses(503, "FP0001", "the store is closed") }));
  expect(await (await views()).findByRole("link", { name: "Failed" })).toBeTruthy();
  await waitFor(() => { expect(screen.getByRole("button", { name: "Save as view…" }).ariaDisabled ?? screen.getByRole("button", { name: "Save as view…" }).getAttribute("aria-disabled")).toBe("true"); });
});

test("brackets go from view to view, round at the ends, but not while somebody types", async () => {
  const { user } = open("/runs", serve([{ name: "Mine", filter: { workflow: "a" } }]));
  await screen.findByRole("link", { name: "Mine" });
  await user.keyboard("]");
  await waitFor(async () => { expect(await current()).toEqual(["Failed"]); });
  await user.keyboard("{[}{[}");
  await waitFor(async () => { expect(await current()).toEqual(["Mine"]); });
  await user.type(screen.getByRole("searchbox", { name: "Workflow" }), "]");
  expect(await current()).toEqual(["Mine"]);
});

test("the chosen runs are retried, and those that refuse are told", async () => {
  const { user, sent } = open("/runs", serve([], { "POST /api/v1/runs/run_1/retry": () => ({ run: "run_3" }), "POST /api/v1/runs/run_2/retry": () => new Refuses(409, "FP0311", "the run has not ended") }));
  await user.click(await screen.findByRole("checkbox", { name: "Choose run_1" }));
  await user.click(screen.getByRole("checkbox", { name: "Choose run_2" }));
  await user.click(screen.getByRole("button", { name: "Retry" }));
  expect(await screen.findByText("1 run run again")).toBeTruthy();
  expect(await screen.findByText("the run has not ended")).toBeTruthy();
  expect(sent("POST /api/v1/runs/run_1/retry")).toHaveLength(1);
});

test("a filter that no run meets is told apart from a list without runs", async () => {
  const { user } = open("/runs?workflow=nobody", serve([], { "GET /api/v1/runs": () => ({ items: [] }) }));
  await user.click(await screen.findByRole("button", { name: "Show all" }));
  expect(await screen.findByText("Nothing has run yet")).toBeTruthy();
});

// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers, type Asked } from "@/testing/page";

import { WaitingPage } from "./WaitingPage";

const bad = (amount: string, item: number): unknown => ({ problem: { code: "FP0304", detail: `'amount' expects a number but we got '${amount}' [item ${String(item)}]` } });
const run = (id: string, workflow: string, more: object = {}): object => ({ id, workflow, status: "failed", dead: "open", mode: "webhook", createdAt: 1_000, endedAt: 2_000, ...more });
const LETTERS = [run("run_1", "orders", { error: bad("few", 0) }), run("run_2", "refunds", { error: bad("many", 3) }), run("run_3", "orders", { error: "gone" })];

/** Dead letters by their shelf, and runs that wait. */
function serve({ open = LETTERS, discarded = [], waiting = [] }: { open?: object[]; discarded?: object[]; waiting?: object[] }, answers: Answers = {}): Answers {
  const list = ({ query }: Asked): object => ({ items: query.get("dead") === "open" ? open : query.get("dead") === "discarded" ? discarded : query.get("dead") === null ? waiting : [] });
  return { "GET /api/v1/runs": list, ...answers };
}

const openWaiting = (answers: Answers) => openPage({ path: "/waiting", at: "/waiting", page: WaitingPage }, answers);

test("dead letters stand together by workflow, and by fault whatever names and numbers are in it", async () => {
  const { user } = openWaiting(serve({}));
  const orders = await screen.findByRole("region", { name: "orders" });
  expect(within(orders).getByText("gone")).toBeTruthy();
  expect(within(orders).getByText("2 runs")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "By fault" }));
  const fault = await screen.findByRole("region", { name: /^'amount/ });
  expect(within(fault).getByText("2 runs of 2 workflows")).toBeTruthy();
});

test("the chosen ones are run again in the way that was chosen", async () => {
  const { user, sent } = openWaiting(serve({}, { "POST /api/v1/dead/redrive": () => ({ done: 2, refused: [] }) }));
  await user.click(await screen.findByRole("checkbox", { name: "Choose all of orders" }));
  await user.click(screen.getByRole("button", { name: "Run again…" }));
  await user.click(await screen.findByRole("radio", { name: /From the start, on the newest revision/ }));
  await user.click(screen.getByRole("button", { name: "Run again" }));
  expect(await screen.findByText("2 runs run again")).toBeTruthy();
  expect(sent("POST /api/v1/dead/redrive")).toEqual([{ runs: ["run_1", "run_3"], options: { fromStart: true, newest: true } }]);
});

test("all of a workflow are run again, those on other pages included", async () => {
  const { user, sent } = openWaiting(serve({}, { "POST /api/v1/dead/redrive": () => ({ done: 700, refused: [] }) }));
  const orders = await screen.findByRole("region", { name: "orders" });
  await user.click(within(orders).getByRole("button", { name: "Run all of them again…" }));
  await user.click(await screen.findByRole("button", { name: "Run again" }));
  await waitFor(() => { expect(sent("POST /api/v1/dead/redrive")).toEqual([{ workflow: "orders", options: {} }]); });
});

test("what is refused is told run by run", async () => {
  const problem = { code: "FP0311", detail: "the journal is not complete" };
  const { user } = openWaiting(serve({}, { "POST /api/v1/dead/redrive": () => ({ done: 0, refused: [["run_1", problem]] }) }));
  await user.click(await screen.findByRole("checkbox", { name: "Choose run_1" }));
  await user.click(screen.getByRole("button", { name: "Run again…" }));
  await user.click(await screen.findByRole("button", { name: "Run again" }));
  const dialog = await screen.findByRole("dialog", { name: "1 run refused" });
  expect(within(dialog).getByText("the journal is not complete")).toBeTruthy();
  expect(within(dialog).getByRole("link", { name: "run_1" })).toBeTruthy();
});

test("what was put aside by mistake is on its shelf, and can be run again from there", async () => {
  const { user, sent } = openWaiting(serve({ discarded: [run("run_9", "orders", { dead: "discarded" })] }, { "POST /api/v1/dead/redrive": () => ({ done: 1, refused: [] }) }));
  await user.click(await screen.findByRole("button", { name: "Put aside" }));
  await user.click(await screen.findByRole("checkbox", { name: "Choose run_9" }));
  await user.click(screen.getByRole("button", { name: "Run again…" }));
  await user.click(await screen.findByRole("button", { name: "Run again" }));
  await waitFor(() => { expect(sent("POST /api/v1/dead/redrive")).toEqual([{ runs: ["run_9"], options: {} }]); });
});

test("what was put aside can be taken back at once, without those that were refused", async () => {
  const problem = { code: "FP0311", detail: "the journal is not complete" };
  const { user, sent } = openWaiting(serve({ open: [run("run_1", "orders"), run("run_2", "orders")] }, {
    "POST /api/v1/dead/discard": () => ({ done: 1, refused: [["run_2", problem]] }),
    "POST /api/v1/dead/reopen": () => ({ done: 1, refused: [] }),
  }));
  await user.click(await screen.findByRole("checkbox", { name: "Choose all of orders" }));
  // The first one is the shelf.
  await user.click(screen.getAllByRole("button", { name: "Put aside" })[1] as HTMLElement);
  await user.keyboard("{Escape}");
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await waitFor(() => { expect(sent("POST /api/v1/dead/reopen")).toEqual([{ runs: ["run_1"] }]); });
  expect(await screen.findByText("1 run open again")).toBeTruthy();
});

test("what stands on the shelf of those put aside is opened again from there", async () => {
  const { user, sent } = openWaiting(serve({ discarded: [run("run_9", "orders", { dead: "discarded" })] }, { "POST /api/v1/dead/reopen": () => ({ done: 1, refused: [] }) }));
  await user.click(await screen.findByRole("button", { name: "Put aside" }));
  await user.click(await screen.findByRole("checkbox", { name: "Choose run_9" }));
  await user.click(screen.getByRole("button", { name: "Open again" }));
  await waitFor(() => { expect(sent("POST /api/v1/dead/reopen")).toEqual([{ runs: ["run_9"] }]); });
});

test("runs that wait are told apart by what makes them go on, and a resumed one can be paused again", async () => {
  const waiting = [run("run_5", "ask", { status: "waiting" }), run("run_6", "nightly", { status: "paused" }), run("run_7", "later", { status: "waiting", wakeAt: 5_000_000_000_000 })];
  const { user, sent } = openWaiting(serve({ waiting }, { "POST /api/v1/runs/run_6/resume": () => null, "POST /api/v1/runs/run_6/pause": () => null }));
  expect(within(await screen.findByRole("region", { name: "Wait for an answer" })).getByText("ask")).toBeTruthy();
  expect(within(screen.getByRole("region", { name: "Wait for a time" })).getByText("later")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Resume run_6" }));
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await waitFor(() => { expect(sent("POST /api/v1/runs/run_6/pause")).toHaveLength(1); });
});

test("where nothing waits the page says so", async () => {
  openWaiting(serve({ open: [] }));
  expect(await screen.findByText("Nothing waits for you")).toBeTruthy();
  expect(await screen.findByText("No run waits.")).toBeTruthy();
});

test("a list that cannot be read says why, and the other is there", async () => {
  openWaiting({ "GET /api/v1/runs": ({ query }) => (query.has("dead") ? new Refuses(503, "FP0001", "the store is closed") : { items: [] }) });
  expect(await screen.findByText("the store is closed")).toBeTruthy();
  expect(await screen.findByText("No run waits.")).toBeTruthy();
});

// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import type { Run, Step } from "@/resource/runDetail";
import { runPlace } from "@/resource/runPlace";
import { openPage, Refuses, type Answers, type Asked } from "@/testing/page";

import { RunPage } from "./RunPage";

const PATH = "/api/v1/runs/run_1";

function step(number: number, node: string, more: Partial<Step> = {}): Step {
  return { step: number, node, nodeType: "core.set", runIndex: 0, status: "completed", attempts: 1, startedAt: 1_000 + number, durationMicros: 20, inputs: [], outputCounts: [1], ...more };
}

/** Answers for a run with these steps, as the server pages them. */
function serve(steps: () => Step[], more: Partial<Run> = {}, answers: Answers = {}): Answers {
  const show = ({ query }: Asked): Run => {
    const [from, limit] = [Number(query.get("from") ?? 0), Number(query.get("limit") ?? 50)];
    const all = steps();
    return {
      id: "run_1", workflow: "orders", revision: 3, status: "completed", mode: "webhook", startedBy: "ada", runsAs: "ada", createdAt: 1_000, stepCount: all.length - 1, handledErrorCount: 0, uncertainCount: 0, dead: "none",
      steps: all.slice(from, from + limit),
      ...(from + limit < all.length ? { nextStep: from + limit } : {}),
      ...more,
    };
  };
  const items = Object.fromEntries(steps().map(({ step }) => [`GET ${PATH}/steps/${String(step)}/items`, () => ({ items: [{ json: { who: `item of ${String(step)}` } }], total: 1 })]));
  return { [`GET ${PATH}`]: show, ...items, ...answers };
}

const open = (answers: Answers, search = "") => openPage({ path: "/runs/$run", at: `/runs/run_1${search}`, page: RunPage, validateSearch: runPlace.read }, answers);
const windows = (asked: Asked[]): string[] => asked.filter(({ what }) => what === `GET ${PATH}`).map(({ query }) => `${query.get("from") ?? ""}+${query.get("limit") ?? ""}`);
const many = (count: number): Step[] => Array.from({ length: count }, (_, number) => step(number, number === 0 ? "Start" : "Set", { runIndex: Math.max(number - 1, 0) }));

test("a run that has ended shows its steps, and what the last one put out", async () => {
  const { user, address } = open(serve(() => [step(0, "Webhook"), step(1, "Amount")]));
  expect(await screen.findByRole("heading", { name: "Amount" })).toBeTruthy();
  expect(await screen.findByText("item of 1")).toBeTruthy();
  await user.click(screen.getByRole("option", { name: /Webhook/ }));
  expect(await screen.findByText("item of 0")).toBeTruthy();
  expect(address()).toContain("step=0");
});

test("a run that is held for an account leads to where it is connected again", async () => {
  open(serve(() => [step(0, "Webhook")], { status: "held", error: { code: "FP0511", detail: "connection `crm` is not taken any more", pointer: "/connections/crm" } }));
  expect((await screen.findByRole("link", { name: "Connect it again" })).getAttribute("href")).toBe("/connections/crm");
});

test("the list of steps is walked with the keys", async () => {
  const { user } = open(serve(() => [step(0, "Webhook"), step(1, "Amount"), step(2, "Tell")]));
  const list = await screen.findByRole("listbox", { name: "Steps" });
  list.focus();
  await user.keyboard("{Home}{ArrowDown}");
  expect(await screen.findByRole("heading", { name: "Amount" })).toBeTruthy();
  expect(list.getAttribute("aria-activedescendant")).toBe("step-1");
});

test("a step that failed far behind the first page is shown at once, and is found again from elsewhere", async () => {
  const steps = many(1_400);
  steps[1_399] = step(1_399, "Boom", { status: "failed", outputCounts: [], error: { problem: { code: "FP0403", detail: "the last mile is broken" }, category: "code" } });
  const { user, asked, address } = open(serve(() => steps, { status: "failed", error: { problem: { code: "FP0403", detail: "the last mile is broken" } } }));
  expect(await screen.findByRole("heading", { name: "Boom" })).toBeTruthy();
  // One page from the front, one from the end, and what is in sight of the list there.
  expect(windows(asked).slice(0, 2)).toEqual(["0+500", "500+900"]);
  const list = screen.getByRole("listbox", { name: "Steps" });
  list.focus();
  await user.keyboard("{Home}");
  expect(await screen.findByRole("heading", { name: "Start" })).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Go to the failed step" }));
  expect(await screen.findByRole("heading", { name: "Boom" })).toBeTruthy();
  expect(address()).toContain("step=1399");
});

test("news of a run make the page read what was open, and not what it has read", async () => {
  let steps = [step(0, "Start"), step(1, "Amount"), step(2, "Rest", { status: "waiting", outputCounts: [] })];
  const more: Partial<Run> = { status: "waiting", wakeAt: 5_000_000_000_000 };
  const { asked, news } = open(serve(() => steps, more));
  expect(await screen.findByRole("heading", { name: "Rest" })).toBeTruthy();
  const before = windows(asked).length;
  steps = [...steps.slice(0, 2), step(2, "Rest"), step(3, "Tell", { status: "running", outputCounts: [] })];
  await news("run", "run_1");
  expect(await screen.findByRole("option", { name: /Tell/ })).toBeTruthy();
  expect(windows(asked).slice(before)).toEqual(["2+1000"]);
  // What was looked at stays in sight.
  expect(screen.getByRole("heading", { name: "Rest" })).toBeTruthy();
});

test("a link to a step far down reads its page", async () => {
  const { asked } = open(serve(() => many(1_400)), "?step=1200");
  expect(await screen.findByText("item of 1200")).toBeTruthy();
  expect(windows(asked)).toContain("1000+500");
});

test("only a run that has failed is offered to be retried, and the others say why not", async () => {
  const { user } = open(serve(() => [step(0, "Webhook"), step(1, "Amount")]));
  await screen.findByRole("heading", { name: "Amount" });
  expect(screen.queryByRole("button", { name: "Retry" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "More" }));
  const item = await screen.findByRole("menuitem", { name: "Retry on the newest revision" });
  expect(item.getAttribute("aria-disabled")).toBe("true");
  expect(item.title).toContain("from the start");
});

test("what the server refuses is told in its own words", async () => {
  const failed = step(1, "Amount", { status: "failed", outputCounts: [], error: "gone" });
  const { user, sent } = open(serve(() => [step(0, "Webhook"), failed], { status: "failed", error: "gone" }, { [`POST ${PATH}/retry`]: () => new Refuses(409, "FP0311", "it is still being worked on", "try again") }));
  await user.click(await screen.findByRole("button", { name: "Retry" }));
  expect(await screen.findByText("it is still being worked on")).toBeTruthy();
  expect(screen.getByText("try again")).toBeTruthy();
  expect(sent(`POST ${PATH}/retry`)).toEqual([{}]);
});

test("a run that is begun anew is shown, and the trigger's own step leads to the start", async () => {
  const { user, sent, address } = open(serve(() => [step(0, "Webhook"), step(1, "Amount")], {}, { [`POST ${PATH}/retry`]: () => ({ run: "run_2" }) }), "?step=0");
  await user.click(await screen.findByRole("button", { name: "Run again from the start" }));
  await waitFor(() => { expect(address()).toContain("/runs/run_2"); });
  expect(sent(`POST ${PATH}/retry`)).toEqual([{ fromStart: true }]);
});

test("a step is done again with input that begins as what it had", async () => {
  const amount = step(1, "Amount", { inputs: [[{ node: "Webhook", step: 0, output: 0 }]] });
  const { user, sent } = open(serve(() => [step(0, "Webhook"), amount], {}, { [`POST ${PATH}/retry`]: () => ({ run: "run_2" }) }));
  await user.click(await screen.findByRole("button", { name: "With other input" }));
  const field = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Items" });
  expect(JSON.parse(field.value)).toEqual([{ who: "item of 0" }]);
  await user.clear(field);
  await user.paste("[{]");
  expect(await screen.findByText(/no JSON/)).toBeTruthy();
  await user.clear(field);
  await user.paste('[{"amount": 7}]');
  await user.click(screen.getByRole("button", { name: "Start" }));
  await waitFor(() => { expect(sent(`POST ${PATH}/retry`)).toEqual([{ from: "Amount", input: [{ json: { amount: 7 } }], newest: false }]); });
});

test("a step that waits is let go on with a signal", async () => {
  const ask = step(1, "Ask", { nodeType: "core.wait", status: "waiting", outputCounts: [] });
  const { user, sent } = open(serve(() => [step(0, "Start"), ask], { status: "waiting" }, { [`POST ${PATH}/signals`]: () => null }));
  await user.click(await screen.findByRole("button", { name: "Let it go on…" }));
  const content = await screen.findByLabelText("Content");
  await user.clear(content);
  await user.paste('{"json": {"yes": true}}');
  await user.click(screen.getByRole("button", { name: "Send" }));
  await waitFor(() => { expect(sent(`POST ${PATH}/signals`)).toEqual([{ name: "resume:1", payload: { json: { yes: true } } }]); });
});

test("a call of which nobody knows whether it took effect is decided in three ways", async () => {
  const call = step(1, "Pay", { nodeType: "http.request", status: "waiting", outputCounts: [], calls: [{ name: "request", epoch: 0, key: "k", status: "uncertain", uncertain: true }] });
  const { user, sent } = open(serve(() => [step(0, "Start"), call], { status: "waiting" }, { [`POST ${PATH}/steps/1/settle`]: () => null }));
  await user.click(await screen.findByRole("button", { name: "Make it again, same key" }));
  await user.click(screen.getByRole("button", { name: "It did not happen" }));
  await user.click(screen.getByRole("button", { name: "It took effect…" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Go on with it" }));
  await waitFor(() => { expect(sent(`POST ${PATH}/steps/1/settle`)).toHaveLength(3); });
  expect(sent(`POST ${PATH}/steps/1/settle`)).toMatchObject([{ as: "retry" }, { as: "failed" }, { as: "done", outcome: { status: 200, body: { text: '{"id": 1}' } } }]);
});

test("a run that is not there says so", async () => {
  open({ [`GET ${PATH}`]: () => new Refuses(404, "FP0301", "there is no run `run_1`") });
  expect(await screen.findByText(/there is no run/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
});

test("a run that waits for its turn has no step yet", async () => {
  open({ [`GET ${PATH}`]: () => ({ id: "run_1", workflow: "orders", status: "queued", mode: "manual", startedBy: "a", runsAs: "a", createdAt: 0, stepCount: 0, handledErrorCount: 0, uncertainCount: 0, dead: "none", steps: [] }) });
  expect(await screen.findByText("No step yet")).toBeTruthy();
});

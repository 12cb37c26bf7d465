// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import type { Step } from "@/resource/runDetail";
import { runPlace } from "@/resource/runPlace";
import { openPage, Refuses, type Answers, type Asked } from "@/testing/page";

import { RunPage } from "./RunPage";

const PATH = "/api/v1/runs/run_1";
const FILE = `GET ${PATH}/steps/0/files/0/0/data`;

/** A run of one step, whose first item is this one. */
function serve(step: Partial<Step>, item: object = { json: {} }, answers: Answers = {}): Answers {
  const whole: Step = { step: 0, node: "Make", nodeType: "core.code", runIndex: 0, status: "completed", attempts: 1, startedAt: 1_000, durationMicros: 20, inputs: [], outputCounts: [1], ...step };
  return {
    [`GET ${PATH}`]: () => ({ id: "run_1", workflow: "orders", revision: 3, status: "completed", mode: "webhook", startedBy: "ada", runsAs: "ada", createdAt: 1_000, stepCount: 0, handledErrorCount: 0, uncertainCount: 0, dead: "none", steps: [whole] }),
    [`GET ${PATH}/steps/0/items`]: () => ({ items: [item], total: 1 }),
    ...answers,
  };
}

const open = (answers: Answers) => openPage({ path: "/runs/$run", at: "/runs/run_1", page: RunPage, validateSearch: runPlace.read }, answers);
const file = (more: object): object => ({ json: {}, binary: { data: { mimeType: "text/plain", size: 5, blob: "sha256:ab", ...more } } });

async function files(answers: Answers) {
  const page = open(answers);
  await page.user.click(await screen.findByRole("button", { name: /^Files/ }));
  return { ...page, list: within(await screen.findByRole("list", { name: "Files" })) };
}

test("what a step has written is shown with how serious it is", async () => {
  const { user } = open(serve({ logs: [{ level: "info", text: "total 5" }, { level: "error", text: "<b>gone</b>" }] }));
  await user.click(await screen.findByRole("tab", { name: "Logs · 2" }));
  const lines = within(await screen.findByRole("list", { name: "Log lines" })).getAllByRole("listitem");
  expect(lines.map(({ textContent }) => textContent)).toEqual(["infototal 5", "error<b>gone</b>"]);
});

test("a code node that wrote nothing says how it would", async () => {
  const { user } = open(serve({}));
  await user.click(await screen.findByRole("tab", { name: "Logs · 0" }));
  expect(await screen.findByText(/console\.log\("total"/)).toBeTruthy();
});

test("a node that writes no lines has no page for them", async () => {
  open(serve({ nodeType: "core.set" }));
  await screen.findByRole("tab", { name: "Parameters" });
  expect(screen.queryByRole("tab", { name: /Logs/ })).toBeNull();
});

test("expressions are shown with what they came to, item by item", async () => {
  const { user, asked } = open(serve({}, undefined, {
    [`GET ${PATH}/steps/0/parameters`]: ({ query }: Asked) => ({
      item: Number(query.get("item")), items: 2,
      parameters: [
        { pointer: "/fields/0/value", expression: "={{ $json.total }}", value: Number(query.get("item")) + 40, notes: [] },
        { pointer: "/url", expression: "={{ $json.a.b }}", notes: ["cannot read property 'b' of undefined"] },
        { pointer: "/text", expression: "={{ ( }}", error: { detail: "unexpected end", hint: "close the bracket" }, notes: [] },
      ],
    }),
  }));
  await user.click(await screen.findByRole("tab", { name: "Parameters" }));
  const list = within(await screen.findByRole("list", { name: "Parameters" }));
  expect(list.getByRole("heading", { name: "fields[0].value" })).toBeTruthy();
  expect(list.getByText("40")).toBeTruthy();
  expect(list.getByText("cannot read property 'b' of undefined")).toBeTruthy();
  expect(list.getByText("close the bracket")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "The next item" }));
  expect(await screen.findByText("41")).toBeTruthy();
  expect(asked.filter(({ path }) => path.endsWith("/parameters")).map(({ query }) => query.get("item"))).toEqual(["0", "1"]);
});

test("a file whose bytes the server keeps is fetched, shown and saved", async () => {
  const { list, asked, user } = await files(serve({}, file({ fileName: "note.txt" }), { [FILE]: () => "hello" }));
  expect(await list.findByText("hello")).toBeTruthy();
  const fetched = asked.find(({ what }) => what === FILE);
  expect([fetched?.query.get("workspace"), fetched?.query.get("environment")]).toEqual(["main", "prod"]);
  const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) { expect(this.download).toBe("note.txt"); });
  await user.click(list.getByRole("button", { name: "Save note.txt" }));
  await waitFor(() => { expect(clicked).toHaveBeenCalledTimes(1); });
});

test("a file that the server no longer has says so, and keeps what is known of it", async () => {
  const { list } = await files(serve({}, file({ fileName: "note.txt" }), { [FILE]: () => new Refuses(404, "FP0004", "the content of this file is gone") }));
  expect(await list.findByText("the content of this file is gone")).toBeTruthy();
  expect(list.getByText("note.txt")).toBeTruthy();
});

test.each(["text/html", "image/svg+xml", "text/markdown"])("a file of %s is shown as its text, and nothing of it is drawn", async (mimeType) => {
  const evil = '<img src=x onerror="window.ran=1"><script>window.ran=1</script> [click](javascript:window.ran=1)';
  const { list } = await files(serve({}, file({ mimeType, fileName: `${evil}.html` }), { [FILE]: () => evil }));
  expect((await list.findByRole("region")).textContent).toBe(evil);
  for (const drawn of ["img", "script", "iframe", "embed", "object", 'a[href^="javascript:"]']) expect(document.querySelector(`[aria-label=Files] ${drawn}`), drawn).toBeNull();
  expect(window).not.toHaveProperty("ran");
});

test("a large file is not fetched before somebody asks for it", async () => {
  const { list, asked, user } = await files(serve({}, file({ size: 4_000_000 }), { [FILE]: () => "hello" }));
  expect(asked.some(({ what }) => what === FILE)).toBe(false);
  await user.click(list.getByRole("button", { name: "Show data" }));
  expect(await list.findByText("hello")).toBeTruthy();
});

test("films are played for people, and for tokens the page says why not", async () => {
  const { list } = await files(serve({}, file({ mimeType: "video/mp4" })));
  expect(await list.findByText(/Save it to play it/)).toBeTruthy();
});

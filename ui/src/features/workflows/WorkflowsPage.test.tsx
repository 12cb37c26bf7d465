// @vitest-environment jsdom
import "@/testing/document";

import { cleanup, screen, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { showPage } from "@/testing/show";
import { Refuses, serve, type Answer, type Asked } from "@/testing/serve";

import { WorkflowsPage } from "./WorkflowsPage";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const workflow = (name: string, labels: Record<string, string> = {}) => ({ kind: "workflow", name, scope: { workspace: "main", environment: "prod" }, specVersion: 1, revision: 7, labels, spec: { nodes: [] }, createdAt: "2026-01-01T00:00:00Z", updatedAt: "2026-01-01T00:00:00Z", updatedBy: "ada" });
const activation = (name: string, enabled: boolean) => ({ workflow: name, enabled, revision: 7, share: 100, updatedAt: "2026-01-01T00:00:00Z", updatedBy: "ada", addresses: [] });
const nothing: Answer = { items: [] };

function at(items: Answer[], more: Record<string, Answer | ((asked: Asked) => Answer)> = {}) {
  const log = serve({ "GET /api/v1/workflows": { items }, "GET /api/v1/runs": nothing, ...more });
  return { log, ...showPage(WorkflowsPage, "/workflows") };
}

test("where there is none, one is led to the first", async () => {
  const { user } = at([]);
  await screen.findByText("Draw your first workflow");
  await user.click(screen.getAllByRole("button", { name: "New workflow" })[0] as HTMLElement);
  await screen.findByRole("radio", { name: /An empty canvas/ });
  expect(await screen.findByRole("radio", { name: /Greeting/ })).toBeTruthy();
});

test("a refusal is told, with a way to try again", async () => {
  const { log, user } = at([], { "GET /api/v1/workflows": new Refuses(403, "FP0003", "you may not see workflows") });
  await screen.findByText("you may not see workflows");
  const before = log.length;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(log.length).toBeGreaterThan(before);
});

test("workflows lie in folders, with their state and last run", async () => {
  at([workflow("orders", { folder: "shop" }), workflow("alarm")], {
    "GET /api/v1/workflows/orders/activation": activation("orders", true),
    "GET /api/v1/workflows/alarm/activation": activation("alarm", false),
    "GET /api/v1/runs": { items: [{ id: "run_1", workflow: "orders", status: "failed", mode: "trigger", startedBy: "x", runsAs: "x", createdAt: Date.now(), stepCount: 1, handledErrorCount: 0, uncertainCount: 0, dead: "none" }] },
  });
  const shop = await screen.findByRole("region", { name: "shop" });
  expect(within(shop).getByRole("link", { name: "orders" })).toBeTruthy();
  expect(await within(shop).findByText("Failed")).toBeTruthy();
  expect(within(shop).queryByText("alarm")).toBeNull();
  expect((await screen.findByRole("switch", { name: "orders is live", checked: true })).tagName).toBe("BUTTON");
});

test("what is chosen by keyboard is taken out of service together, after a question in production, and can be brought back", async () => {
  const off = (name: string): Record<string, Answer> => ({
    [`GET /api/v1/workflows/${name}/activation`]: activation(name, true),
    [`POST /api/v1/workflows/${name}/deactivate`]: activation(name, false),
    [`POST /api/v1/workflows/${name}/activate`]: activation(name, true),
  });
  const { log, user } = at([workflow("a"), workflow("b"), workflow("c")], { ...off("a"), ...off("b"), ...off("c") });
  (await screen.findByLabelText("Choose a")).focus();
  await user.keyboard("[Space]{Shift>}{ArrowDown}{/Shift}");
  await screen.findByText("2 workflows chosen");
  await user.click(screen.getByRole("button", { name: "Take out of service" }));
  const question = await screen.findByRole("dialog");
  await user.click(within(question).getByRole("button", { name: "Take out of service" }));
  await screen.findByText("2 workflows taken out of service");
  const written = (): string[] => log.filter(({ method }) => method === "POST").map(({ path }) => path.replace("/api/v1/workflows/", ""));
  expect(written()).toEqual(["a/deactivate", "b/deactivate"]);
  await user.click(screen.getByRole("button", { name: "Undo" }));
  await screen.findByText("It is as it was");
  expect(written().slice(2)).toEqual(["a/activate", "b/activate"]);
  expect(log.findLast(({ method }) => method === "POST")?.body).toEqual({ revision: 7 });
});

test("one that is refused keeps no other from being done, and is named", async () => {
  const { user } = at([workflow("a"), workflow("b")], {
    "GET /api/v1/workflows/a": workflow("a"),
    "PUT /api/v1/workflows/a": new Refuses(409, "FP0100", "somebody else changed it"),
    "GET /api/v1/workflows/b": workflow("b"),
    "PUT /api/v1/workflows/b": { resource: workflow("b"), action: "updated" },
  });
  await user.click(await screen.findByLabelText("Choose all of Workflows"));
  await user.click(screen.getByRole("button", { name: "Label…" }));
  await user.type(screen.getByLabelText("Set"), "team=ops");
  await user.click(screen.getByRole("button", { name: "Label" }));
  await screen.findByText("1 workflow labelled");
  const refused = await screen.findByRole("dialog", { name: "1 workflow refused" });
  expect(within(refused).getByText("a")).toBeTruthy();
  expect(within(refused).getByText("somebody else changed it")).toBeTruthy();
});

test("every request names the scope of the page", async () => {
  const { log } = at([workflow("a")]);
  await screen.findByText("a");
  expect(log.every(({ headers }) => headers.get("fishplate-workspace") === "main" && headers.get("fishplate-environment") === "prod")).toBe(true);
});

// @vitest-environment jsdom
import "@/testing/document";

import { cleanup, screen, within } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { showPage } from "@/testing/show";
import { Refuses, serve } from "@/testing/serve";

import { ScopeSwitch } from "./ScopeSwitch";

const SCOPES = [["main", "prod"], ["main", "staging"], ["acme", "dev"]].map(([workspace, environment]) => ({ workspace, environment }));

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function shown(onNew = vi.fn()) {
  const { user } = showPage(() => <ScopeSwitch open onOpenChange={vi.fn()} onNew={onNew} />, "/");
  return { user, onNew };
}

test("it says where one is, and that it is production", async () => {
  serve({ "GET /api/v1/scopes": { items: SCOPES } });
  shown();
  expect((await screen.findByRole("button", { name: /^Workspace and environment\s*main\s*prod\s*Production$/, hidden: true })).textContent).toContain("Production");
});

test("all scopes are listed by workspace, stages in the order in which changes go through them", async () => {
  serve({ "GET /api/v1/scopes": { items: SCOPES } });
  shown();
  await screen.findByText("staging");
  expect(screen.getAllByRole("option").map((option) => option.getAttribute("data-value"))).toEqual(["acme/dev", "main/staging", "main/prod", "new environment workspace"]);
  expect(within(screen.getByRole("option", { name: /prod/ })).getByLabelText("You are here")).toBeTruthy();
});

test("typing narrows the list, and a new environment can always be made", async () => {
  serve({ "GET /api/v1/scopes": { items: SCOPES } });
  const { user, onNew } = shown();
  await screen.findByText("staging");
  await user.type(screen.getByPlaceholderText("Workspace or environment"), "acme");
  expect(screen.getAllByRole("option").map((option) => option.getAttribute("data-value"))).toEqual(["acme/dev", "new environment workspace"]);
  await user.click(screen.getByText("New environment…"));
  expect(onNew).toHaveBeenCalledOnce();
});

test("in a scope that is not there, the roles say where else one may go", async () => {
  serve({
    "GET /api/v1/scopes": new Refuses(404, "FP0004", "there is no scope `main/prod`"),
    "GET /api/v1/me": { actor: "ada", rules: [{ role: "viewer", workspace: "acme", environment: "dev" }] },
  });
  shown();
  await screen.findByText("main/prod is not there, or not for you.");
  expect(screen.getByRole("option", { name: /dev/ })).toBeTruthy();
});

test("a list that cannot be read says why", async () => {
  serve({ "GET /api/v1/scopes": new Refuses(500, "FP0001", "the store does not answer") });
  shown();
  await screen.findByText("the store does not answer");
});

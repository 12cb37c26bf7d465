// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { session } from "@/app/session";
import { openPage, Refuses, type Answers } from "@/testing/page";

import { AccountPage } from "./AccountPage";

const ME = { actor: "user:ada", user: { id: "usr_1", name: "Ada", email: "ada@example.com" }, rules: [{ role: "editor" }] };
const at = "2026-01-01T00:00:00Z";
const open = (answers: Answers = {}) => openPage({ path: "/account", at: "/account", page: AccountPage }, { "GET /api/v1/me": () => ME, "GET /api/v1/sign-in": () => ({ providers: [] }), ...answers });
const panel = async (title: string) => within((await screen.findByRole("heading", { name: title })).closest("section") as HTMLElement);

beforeEach(() => { session.begun("csrf"); });
afterEach(() => { session.expired(); });

test("who works with a token is told that it has no account", async () => {
  session.useToken("fp_1");
  open();
  expect(await screen.findByText("A token has no account")).toBeTruthy();
});

test("a password that is refused says why at its field, and nothing typed is lost", async () => {
  const { user } = open({ "POST /api/v1/me/password": () => new Refuses(422, "FP0015", "it is guessed too easily", "a few words do well", "/password") });
  const password = await panel("Password");
  await user.type(password.getByLabelText("The new one"), "password1234");
  await user.click(password.getByRole("button", { name: "Change the password" }));
  expect(await password.findByText("it is guessed too easily – a few words do well")).toBeTruthy();
  expect(password.getByLabelText("The new one")).toHaveProperty("value", "password1234");
});

test("a new password goes on under a new secret, and its fields are empty", async () => {
  const { user, sent } = open({ "POST /api/v1/me/password": () => ({ csrf: "next" }) });
  const password = await panel("Password");
  await user.type(password.getByLabelText("The one until now"), "old words");
  await user.type(password.getByLabelText("The new one"), "new green words");
  await user.click(password.getByRole("button", { name: "Change the password" }));
  expect(await screen.findByText(/all other sessions have ended/)).toBeTruthy();
  expect(sent("POST /api/v1/me/password")).toEqual([{ current: "old words", password: "new green words" }]);
  expect(session.headers()).toEqual({ "fishplate-csrf": "next" });
  expect(password.getByLabelText("The new one")).toHaveProperty("value", "");
});

test("other sessions are ended one by one or all at once, and one's own is none of them", async () => {
  const one = (id: string, device: string, current = false) => ({ id, device, address: "10.0.0.1", method: "password", createdAt: at, seenAt: at, current });
  const { user } = open({ "GET /api/v1/me/sessions": () => ({ items: [one("ses_1", "laptop", true), one("ses_2", "phone"), one("ses_3", "")] }), "DELETE /api/v1/me/sessions/ses_2": () => null, "DELETE /api/v1/me/sessions": () => ({ ended: 2 }) });
  const sessions = await panel("Sessions");
  await sessions.findByText("an unknown device");
  expect(sessions.getAllByRole("button", { name: "End" })).toHaveLength(2);
  await user.click(sessions.getAllByRole("button", { name: "End" })[0] as HTMLElement);
  expect(await screen.findByText("The session has ended")).toBeTruthy();
  await user.click(sessions.getByRole("button", { name: "End all others" }));
  expect(await screen.findByText("2 other sessions have ended")).toBeTruthy();
});

test("tokens that were revoked are not listed, and where all were the page says what they are for", async () => {
  open({ "GET /api/v1/me/tokens": () => ({ items: [{ id: "tok_1", name: "old", createdAt: at, revokedAt: at }] }) });
  const tokens = await panel("Personal tokens");
  expect(await tokens.findByText(/For the command line/)).toBeTruthy();
  expect(tokens.queryByText("old")).toBeNull();
});

test("a token that was not narrowed may do all that its owner may", async () => {
  open({ "GET /api/v1/me/tokens": () => ({ items: [{ id: "tok_1", name: "laptop", createdAt: at }, { id: "tok_2", name: "screen", createdAt: at, permissions: ["run:read"] }] }) });
  const tokens = await panel("Personal tokens");
  expect(within((await tokens.findByText("laptop")).closest("tr") as HTMLElement).getByText("all that you may do")).toBeTruthy();
  expect(within(tokens.getByText("screen").closest("tr") as HTMLElement).getByText("run:read")).toBeTruthy();
});

test("a token that only looks is asked for with the rights of looking", async () => {
  const { user, sent } = open({ "POST /api/v1/me/tokens": () => ({ id: "tok_2", token: "fp_new" }) });
  const tokens = await panel("Personal tokens");
  await user.click(tokens.getByRole("button", { name: "New token" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByRole("textbox", { name: "What it is for" }), "laptop");
  await user.selectOptions(dialog.getByRole("combobox", { name: "May do" }), "only read resources and runs");
  await user.click(dialog.getByRole("button", { name: "Make it" }));
  await waitFor(() => { expect(document.body.innerHTML).toContain("fp_new"); });
  expect(sent("POST /api/v1/me/tokens")[0]).toMatchObject({ name: "laptop", permissions: ["resource:read", "run:read", "server:read"] });
});

test("what needs a fresh session says to sign in again", async () => {
  vi.stubGlobal("confirm", () => true);
  const { user } = open({ "POST /api/v1/me/tokens": () => new Refuses(403, "FP0016", "this needs a session that is not older than 30 minutes", "sign in again, then repeat it") });
  await user.click((await panel("Personal tokens")).getByRole("button", { name: "New token" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByRole("textbox", { name: "What it is for" }), "laptop");
  await user.click(dialog.getByRole("button", { name: "Make it" }));
  expect(await dialog.findByText(/sign in again, then repeat it/)).toBeTruthy();
});

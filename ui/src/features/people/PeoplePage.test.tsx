// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, type Answers } from "@/testing/page";

import { PeoplePage } from "./PeoplePage";

const person = (id: string, name: string, more: object = {}) => ({ id, name, email: `${name.toLowerCase()}@example.com`, rules: [{ role: "editor" }], hasPassword: true, passkeys: 2, providers: ["keycloak"], ...more });
const me = (role: string) => ({ "GET /api/v1/me": () => ({ actor: "user:ada", rules: [{ role }] }) });
const open = (answers: Answers = {}, people: object[] = [person("usr_1", "Ada"), person("usr_2", "Bob", { disabledAt: "2026-01-02T00:00:00Z", hasPassword: false, passkeys: 0, providers: [] })]) =>
  openPage({ path: "/people", at: "/people", page: PeoplePage }, { "GET /api/v1/users": () => ({ items: people }), "GET /api/v1/users/links": () => ({ items: [] }), ...me("admin"), ...answers });

test("of each person it says by what they come in, and who is shut out", async () => {
  open();
  expect(within((await screen.findByText("Ada")).closest("tr") as HTMLElement).getByText("password, 2 passkeys, keycloak")).toBeTruthy();
  const bob = within(screen.getByText("Bob").closest("tr") as HTMLElement);
  expect(bob.getByText("nothing yet")).toBeTruthy();
  expect(bob.getByText("shut out")).toBeTruthy();
});

test("somebody who was shut out by mistake is let in again by undo", async () => {
  const { user, sent } = open({ "POST /api/v1/users/usr_1/disable": () => person("usr_1", "Ada", { disabledAt: "2026-01-02T00:00:00Z" }), "POST /api/v1/users/usr_1/enable": () => person("usr_1", "Ada") });
  await user.click(await screen.findByRole("button", { name: "Acts on Ada" }));
  await user.click(await screen.findByRole("menuitem", { name: "Shut out" }));
  await user.click(await screen.findByRole("button", { name: "Undo" }));
  await waitFor(() => { expect(sent("POST /api/v1/users/usr_1/enable")).toHaveLength(1); });
  expect(await screen.findByText("Ada may come in again")).toBeTruthy();
});

test("an invitation is a link that is shown once", async () => {
  const { user, sent } = open({ "POST /api/v1/users/invite": () => ({ url: "https://x.example/join#secret", link: {} }) });
  await user.click(await screen.findByRole("button", { name: "Invite" }));
  await user.type(screen.getByRole("textbox", { name: /address/i }), "eve@example.com");
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: /link|invite/i }));
  const dialog = await screen.findByRole("dialog", { name: "Send this link" });
  expect(within(dialog).getByText(/Lets eve@example.com in, once/)).toBeTruthy();
  expect(sent("POST /api/v1/users/invite")).toEqual([{ email: "eve@example.com", rules: [{ role: "editor" }] }]);
  await user.keyboard("{Escape}");
  await waitFor(() => { expect(document.body.innerHTML).not.toContain("join#secret"); });
});

test("only who owns the server is shown the services that people sign in with", async () => {
  const { asked } = open();
  await screen.findByText("Ada");
  expect(screen.queryByText("Add a provider")).toBeNull();
  expect(asked.some(({ path }) => path.endsWith("/providers"))).toBe(false);
});

test("an owner is shown them", async () => {
  open(me("owner"));
  expect(await screen.findByRole("button", { name: "Add a provider" })).toBeTruthy();
});

test("a server without accounts invites the first one", async () => {
  open({}, []);
  expect(await screen.findByRole("button", { name: "Invite the first one" })).toBeTruthy();
});

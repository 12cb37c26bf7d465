// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { AccessPage } from "./AccessPage";

const token = (id: string, name: string, more: object = {}) => ({ id, name, rules: [{ role: "operator" }], createdAt: "2026-01-01T00:00:00Z", createdBy: "user:ada", ...more });
const open = (answers: Answers = {}) =>
  openPage({ path: "/access", at: "/access", page: AccessPage }, {
    "GET /api/v1/tokens": () => ({ items: [token("tok_1", "deploy"), token("tok_2", "old", { revokedAt: "2026-01-02T00:00:00Z" })] }),
    "GET /api/v1/scopes": () => ({ items: [{ workspace: "main", environment: "prod" }] }),
    ...answers,
  });

test("a token that opens nothing any more is told apart, and cannot be revoked twice", async () => {
  open();
  const row = within((await screen.findByText("old")).closest("tr") as HTMLElement);
  expect(row.getByText("revoked")).toBeTruthy();
  expect(row.queryByRole("button")).toBeNull();
  expect(screen.getByRole("button", { name: "Revoke deploy" })).toBeTruthy();
});

test("a token is revoked only after one has said yes", async () => {
  const ask = vi.spyOn(window, "confirm").mockReturnValueOnce(false).mockReturnValueOnce(true);
  const { user, sent } = open({ "DELETE /api/v1/tokens/tok_1": () => null });
  await user.click(await screen.findByRole("button", { name: "Revoke deploy" }));
  expect(sent("DELETE /api/v1/tokens/tok_1")).toHaveLength(0);
  await user.click(screen.getByRole("button", { name: "Revoke deploy" }));
  expect(await screen.findByText("The token no longer opens anything")).toBeTruthy();
  expect(ask).toHaveBeenCalledTimes(2);
});

test("a new token is shown once, and is gone when the dialog is closed", async () => {
  const { user, sent } = open({ "POST /api/v1/tokens": () => ({ id: "tok_3", token: "fp_secret" }) });
  await user.click(await screen.findByRole("button", { name: "New token" }));
  await user.type(screen.getByRole("textbox", { name: "What it is for" }), "backup");
  await user.selectOptions(screen.getByRole("combobox", { name: "Ends" }), "never");
  await user.click(screen.getByRole("button", { name: "Make it" }));
  const dialog = await screen.findByRole("dialog", { name: "Your new token" });
  await waitFor(() => { expect(dialog.innerHTML).toContain("fp_secret"); });
  expect(sent("POST /api/v1/tokens")).toEqual([{ name: "backup", rules: [{ role: "operator" }] }]);
  await user.keyboard("{Escape}");
  await waitFor(() => { expect(document.body.innerHTML).not.toContain("fp_secret"); });
});

test("what may not be given away is refused in the dialog, with what to do, and the name stays", async () => {
  const { user } = open({ "POST /api/v1/tokens": () => new Refuses(403, "FP0003", "you cannot give what you do not have", "ask an owner") });
  await user.click(await screen.findByRole("button", { name: "New token" }));
  await user.type(screen.getByRole("textbox", { name: "What it is for" }), "backup");
  await user.click(screen.getByRole("button", { name: "Make it" }));
  expect(await screen.findByText("you cannot give what you do not have – ask an owner")).toBeTruthy();
  expect(screen.getByRole("textbox", { name: "What it is for" })).toHaveProperty("value", "backup");
});

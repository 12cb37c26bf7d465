// @vitest-environment jsdom
import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers, type Asked } from "@/testing/page";

import { AuditPage } from "./AuditPage";

const entry = (seq: number, action: string) => ({ seq, at: 1_000, actor: "user:ada", action, subject: "workflow/orders", detail: { revision: seq }, hash: `hash-${String(seq)}` });
const LOG: Answers = { "GET /api/v1/audit": ({ query }: Asked) => (query.has("cursor") ? { items: [entry(1, "workflow.create")] } : { items: [entry(2, "workflow.update")], nextCursor: "2" }) };
const open = (answers: Answers = LOG) => openPage({ path: "/audit", at: "/audit", page: AuditPage }, answers);

test("who did what is listed newest first, and older ones come when asked for", async () => {
  const { user } = open();
  await screen.findByText("workflow.update");
  await user.click(screen.getByRole("button", { name: "Show older ones" }));
  expect(await screen.findByText("workflow.create")).toBeTruthy();
  expect(screen.getByText("workflow.update")).toBeTruthy();
});

test("an entry opens to what it wrote down, with its hash", async () => {
  const { user } = open();
  await user.click(await screen.findByRole("button", { name: "Details" }));
  expect(await screen.findByText(/hash-2/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Details" }).getAttribute("aria-expanded")).toBe("true");
});

test("a log that is whole is told apart from one that was tampered with, and from one that could not be looked at", async () => {
  let found: unknown = { intact: true };
  const { user } = open({ ...LOG, "GET /api/v1/audit/verify": () => found });
  await user.click(await screen.findByRole("button", { name: "Verify" }));
  expect(await screen.findByText(/The chain is whole/)).toBeTruthy();
  found = { intact: false, brokenAt: 7 };
  await user.click(screen.getByRole("button", { name: "Verify" }));
  expect(await screen.findByText("the chain is broken at entry 7")).toBeTruthy();
  found = new Refuses(403, "FP0003", "you may not read the log");
  await user.click(screen.getByRole("button", { name: "Verify" }));
  expect(await screen.findByText("you may not read the log")).toBeTruthy();
});

// @vitest-environment jsdom
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { ReferencePage } from "./ReferencePage";

const answer = { 200: { description: "Done.", content: { "application/json": { schema: { type: "object", properties: { status: { type: "string", description: "How it is." } } } } } } };
const SPEC = {
  openapi: "3.1.0",
  paths: {
    "/api/v1/health": { get: { operationId: "health", summary: "Tells whether the server works.", tags: ["server"], responses: answer } },
    "/api/v1/runs/{run}/retry": { post: { operationId: "retryRun", summary: "Runs a failed run again.", tags: ["runs"], parameters: [{ name: "run", in: "path", required: true, schema: { type: "string" } }], responses: answer } },
  },
};
const open = (search = "", answers: Answers = {}) => openPage({ path: "/reference", at: `/reference${search}`, page: ReferencePage, validateSearch: (search) => search }, { "GET /api/v1/openapi.json": () => SPEC, ...answers });
const operations = async () => within(await screen.findByRole("navigation", { name: "Operations" }));

test("an operation is found by its words, whatever their order, and is read where it stands", async () => {
  const { user, address } = open();
  await user.type(await screen.findByRole("searchbox", { name: "Find operations" }), "again run");
  expect((await operations()).getAllByRole("link")).toHaveLength(1);
  await user.click((await operations()).getByRole("link", { name: /Runs a failed run again/ }));
  expect(await screen.findByRole("heading", { name: "Runs a failed run again." })).toBeTruthy();
  expect(address()).toContain("at=retryRun");
  expect(within(screen.getByRole("region", { name: "Parameters" })).getByText("path")).toBeTruthy();
});

test("words that no operation has are told, and what is open stays open", async () => {
  open("?at=health&find=zebra");
  expect((await operations()).getByRole("status").textContent).toBe("No operation has these words.");
  expect(screen.getByRole("heading", { name: "Tells whether the server works." })).toBeTruthy();
});

test("a link to an operation that another release had says so", async () => {
  open("?at=makeCoffee");
  expect(await screen.findByText("There is no operation makeCoffee")).toBeTruthy();
});

test("a document that cannot be had says why, and comes when asked for again", async () => {
  let refused = true;
  const { user } = open("", { "GET /api/v1/openapi.json": () => (refused ? new Refuses(503, "FP0009", "not ready yet") : SPEC) });
  expect(await screen.findByText("not ready yet")).toBeTruthy();
  refused = false;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("heading", { name: "Tells whether the server works." })).toBeTruthy();
});

// @vitest-environment jsdom
import { screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { expect, test } from "vitest";

import { openPage, type Answers } from "@/testing/page";

import type { Calls } from "./calls";
import { ConnectionPicker, offeredTo } from "./ConnectionPicker";
import { RunContext } from "./run";

const bearer = (name: string, more: object = {}) => ({ name, spec: { auth: { type: "bearer" }, ...more } });
const ALL = [bearer("shop", { connector: "stripe", title: "Shop" }), bearer("team", { connector: "slack", title: "Team" }), bearer("any")];

function Slot() {
  const [value, setValue] = useState("");
  return (
    <RunContext value={{ run: undefined, variables: [], calls: { connections: () => Promise.resolve(ALL) } as unknown as Calls, workflow: "w" }}>
      <ConnectionPicker slot="auth" kinds={["bearer"]} service="slack" value={value} onChange={(name) => { setValue(name ?? ""); }} />
      <output>{value}</output>
    </RunContext>
  );
}

const open = (answers: Answers = {}) => openPage({ path: "/", at: "/", page: Slot }, answers);

test("accounts on the node's service come first, and those on other services not at all", () => {
  const { own, others } = offeredTo(ALL, ["bearer"], "slack");
  expect([own.map(({ name }) => name), others.map(({ name }) => name)]).toEqual([["team"], ["any"]]);
  expect(offeredTo(ALL, ["bearer"], undefined).others.length).toBe(3);
  expect(offeredTo(ALL, ["basic"], "slack").own).toEqual([]);
});

test("the slot of a service's node lists its accounts before others", async () => {
  open();
  await screen.findByRole("option", { name: /Team/ });
  expect(screen.getAllByRole("option").map(({ textContent }) => textContent)).toEqual(["None", "Team (team) – bearer token", "any – bearer token"]);
  expect(screen.getByRole("group", { name: "On no service in particular" })).toBeTruthy();
});

test("a new account of a service's node is on that service, and is chosen once it is made", async () => {
  const account = { id: "token", title: "Bot token", help: "There.", spec: { title: "Slack", connector: "slack", auth: { type: "bearer" }, settings: {}, hosts: ["slack.com"] }, secrets: { token: "Bot token" }, fillIn: [], consent: false };
  const { user, sent } = open({
    "GET /api/v1/connectors": () => ({ items: [{ name: "slack", title: "Slack", summary: "Messages.", docs: "", categories: [], keywords: [], operations: 1, triggers: 0, settings: { type: "object", properties: {} }, accounts: [account] }] }),
    "POST /api/v1/connections": () => ({ kind: "connection", name: "slack", revision: 1, spec: {} }),
    "PUT /api/v1/connections/slack/secrets/token": () => null,
  });
  await user.click(await screen.findByRole("button", { name: "New connection" }));
  expect(await screen.findByRole("dialog", { name: "New connection: Slack" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Back to services" })).toBeNull();
  await user.type(await screen.findByLabelText("Bot token"), "xoxb-1");
  await user.click(screen.getByRole("button", { name: "Create" }));
  await waitFor(() => { expect(document.querySelector("output")?.textContent).toBe("slack"); });
  expect(sent("POST /api/v1/connections")).toMatchObject([{ spec: { connector: "slack" } }]);
  expect(screen.queryByRole("dialog")).toBeNull();
});

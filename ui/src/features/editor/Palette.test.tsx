// @vitest-environment jsdom
import { screen, within } from "@testing-library/react";
import axe from "axe-core";
import { expect, test, vi } from "vitest";

import { openPage } from "@/testing/page";

import type { NodeType } from "./calls";
import { Palette } from "./Palette";

const type = (id: string, title: string, more: Partial<NodeType> = {}): NodeType => ({ id, title, group: "action", version: 1, summary: `What ${title} does`, effect: "pure", keywords: [], params: {}, n8n: [], ...more });
const operation = (service: string, does: string) => type(`${service.toLowerCase()}.${does.toLowerCase().replaceAll(" ", "-")}`, `${service}: ${does}`, { provider: `connector:${service.toLowerCase()}` });
const TYPES = [type("core.code", "Code", { group: "transform" }), type("http.request", "HTTP request"), operation("Slack", "Post a message"), operation("Slack", "List channels"), operation("Discord", "Post a message"), ...Array.from({ length: 300 }, (_, index) => operation("Many", `Do thing ${String(index)}`))];

const chosen = vi.fn();
const closed = vi.fn();
function open(types = TYPES) {
  chosen.mockReset();
  closed.mockReset();
  return openPage({ path: "/", at: "/", page: () => <Palette types={types} first={false} onChoose={(one) => { chosen(one.id); }} onClose={closed} /> }, {});
}
const search = () => screen.findByRole("combobox", { name: "Search node types" });
const options = () => screen.getAllByRole("option").map((option) => within(option).getByText((_, element) => element?.tagName === "B").textContent);

test("a service is opened by keyboard, and left the same way", async () => {
  const { user } = open();
  const field = await search();
  expect(document.activeElement).toBe(field);
  expect(options()).toEqual(["Code", "HTTP request", "Discord", "Many", "Slack"]);
  await user.keyboard("{PageDown}");
  expect(field.getAttribute("aria-activedescendant")).toBe("ed-service-slack");
  await user.keyboard("{Enter}");
  expect(options()).toEqual(["List channels", "Post a message"]);
  expect(screen.getByRole("status").textContent).toBe("Slack: 2 nodes");
  await user.keyboard("{Escape}");
  expect(closed).not.toHaveBeenCalled();
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("Slack");
  await user.keyboard("{Enter}post{Enter}");
  expect(chosen).toHaveBeenCalledWith("slack.post-a-message");
  await user.clear(field);
  await user.keyboard("{Backspace}");
  expect(options()).toContain("Discord");
  await user.keyboard("{Escape}");
  expect(closed).toHaveBeenCalled();
});

test("what is typed finds operations of all services, and Enter takes the best", async () => {
  const { user } = open();
  await user.type(await search(), "slack post");
  expect(options()).toEqual(["Slack: Post a message"]);
  await user.keyboard("{Enter}");
  expect(chosen).toHaveBeenCalledWith("slack.post-a-message");
});

test("of many that fit some are shown, and the rest when it is asked for", async () => {
  const { user } = open();
  await user.type(await search(), "do thing");
  expect(screen.getAllByRole("option").length).toBe(41);
  await user.click(screen.getByText("Show 200 more"));
  expect(screen.getAllByRole("option").length).toBe(241);
  await user.click(screen.getByText("Show all"));
  expect(screen.getAllByRole("option").length).toBe(300);
});

test("by mouse a service is opened and left, and what is dragged is a type", async () => {
  const { user } = open();
  await user.click(await screen.findByRole("option", { name: /Slack/ }));
  expect(options()).toEqual(["List channels", "Post a message"]);
  expect(screen.getAllByRole("option").every((option) => option.draggable)).toBe(true);
  await user.click(screen.getByRole("button", { name: "Back to all nodes" }));
  expect(screen.getByRole("option", { name: /Slack/ }).draggable).toBe(false);
  await user.type(await search(), "pigeon");
  expect(screen.getByText(/No node does that/)).toBeTruthy();
});

test("the list can be read by those who do not see it", async () => {
  open();
  await search();
  expect((await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })).violations.map(({ id }) => id)).toEqual([]);
});

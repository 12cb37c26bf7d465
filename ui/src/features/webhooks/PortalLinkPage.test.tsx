// @vitest-environment jsdom
import { fireEvent, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { PortalLinkPage } from "./PortalLinkPage";

const open = (answers: Answers = {}) =>
  openPage({ path: "/webhooks/portal", at: "/webhooks/portal", page: PortalLinkPage }, { "POST /api/v1/portal-passes": () => ({ url: "https://fishplate.example/portal#fpp_x.y", pass: "fpp_x.y", until: Date.now() + 86_400_000 }), ...answers });

test("a link is made as it was wished for, with a frame for a page", async () => {
  const { user, sent } = open();
  await user.type(await screen.findByLabelText("Customer"), "acme");
  await user.selectOptions(screen.getByLabelText("Good for"), "8 hours");
  await user.click(screen.getByRole("checkbox", { name: "They may only look" }));
  await user.type(screen.getByLabelText("Title (optional)"), "Shop");
  await user.click(screen.getByRole("button", { name: "Make a link" }));
  expect(await screen.findByLabelText("Link to the portal")).toHaveProperty("value", "https://fishplate.example/portal#fpp_x.y");
  expect(screen.getByRole("region", { name: "Frame" }).textContent).toContain('src="https://fishplate.example/portal#fpp_x.y"');
  expect(sent("POST /api/v1/portal-passes")).toEqual([{ customer: "acme", seconds: 28_800, readOnly: true, theme: { title: "Shop" } }]);
});

test("a link that is there goes when something else is wished for: it would not be that", async () => {
  const { user } = open();
  await user.type(await screen.findByLabelText("Customer"), "acme");
  await user.click(screen.getByRole("button", { name: "Make a link" }));
  await screen.findByLabelText("Link to the portal");
  await user.type(screen.getByLabelText("Customer"), "2");
  expect(screen.queryByLabelText("Link to the portal")).toBeNull();
});

test("the preview follows, and says when the colour is not shown as it is", async () => {
  const { user } = open();
  const preview = within(await screen.findByRole("group", { name: "Preview of the portal" }));
  await user.type(screen.getByLabelText("Title (optional)"), "Shop");
  expect(preview.getByText("Shop")).toBeTruthy();
  await user.selectOptions(screen.getByLabelText("Light or dark"), "light");
  fireEvent.change(screen.getByLabelText("Accent"), { target: { value: "#7a3cff" } });
  expect(screen.getByRole("group", { name: "Preview of the portal" }).style.getPropertyValue("--accent")).toBe("#7a3cff");
  fireEvent.change(screen.getByLabelText("Accent"), { target: { value: "#ffdd00" } });
  expect(screen.getByText(/a little darker/)).toBeTruthy();
});

test("what the server refuses is said at its field", async () => {
  const { user } = open({ "POST /api/v1/portal-passes": () => new Refuses(422, "FP0101", "a colour is `#` and six hexadecimal digits", undefined, "/theme/accent") });
  await user.type(await screen.findByLabelText("Customer"), "acme");
  fireEvent.change(screen.getByLabelText("Accent"), { target: { value: "red" } });
  await user.click(screen.getByRole("button", { name: "Make a link" }));
  expect(await screen.findByText(/six hexadecimal digits/)).toBeTruthy();
});

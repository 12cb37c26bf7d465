// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { deliveryFilter } from "@/resource/deliveryFilter";
import { openPage, Refuses, type Answers } from "@/testing/page";

import { DeliveriesPage } from "./DeliveriesPage";

const delivery = (message: string, more: object = {}) => ({ message, createdAt: 1, subscriber: "crm", event: "invoice.paid", customer: "acme", status: "delivered", attempts: 1, answered: 204, ...more });
const FAILED = delivery("msg_2", { status: "failed", attempts: 2, answered: 503, reason: "it answered 503" });
const open = (answers: Answers = {}, search = "") =>
  openPage({ path: "/webhooks/deliveries", at: `/webhooks/deliveries${search}`, page: DeliveriesPage, validateSearch: (given) => deliveryFilter.read(given) }, {
    "GET /api/v1/deliveries": () => ({ items: [delivery("msg_1"), FAILED] }),
    "GET /api/v1/subscribers": () => ({ items: [{ name: "crm", spec: { url: "https://crm.example" } }] }),
    "GET /api/v1/subscribers/crm": () => ({ name: "crm", spec: { url: "https://crm.example", headers: { "x-team": "billing" } } }),
    "GET /api/v1/messages/msg_2": () => ({ message: "msg_2", source: "run_7", event: "invoice.paid", customer: "", createdAt: 1, data: {}, key: "paid-7" }),
    "GET /api/v1/deliveries/msg_2/crm": () => ({
      delivery: FAILED,
      attempts: [{ number: 2, at: 2_000, took: 12, answered: 503, reason: "it answered 503", answer: "the database is away" }, { number: 1, at: 1_000, took: 15_000, reason: "no answer in 15s" }],
      body: '{"type":"invoice.paid"}',
    }),
    ...answers,
  });

test("a filter stands in the address and is what the server is asked for", async () => {
  const { user, asked, address } = open({}, "?subscriber=crm");
  await screen.findByText("it answered 503");
  await user.selectOptions(screen.getByRole("combobox", { name: "State" }), "Failed");
  await user.type(screen.getByRole("searchbox", { name: "Customer" }), "acme{Enter}");
  await waitFor(() => { expect(address()).toContain("customer=acme"); });
  await waitFor(() => {
    const last = asked.filter(({ what }) => what === "GET /api/v1/deliveries").at(-1)?.query;
    expect([last?.get("subscriber"), last?.get("status"), last?.get("customer")]).toEqual(["crm", "failed", "acme"]);
  });
  await user.click(screen.getByRole("button", { name: "Clear" }));
  await waitFor(() => { expect(address()).not.toContain("customer"); });
});

test("nothing at all and nothing that is like that are told apart", async () => {
  open({ "GET /api/v1/deliveries": () => ({ items: [] }) }, "?status=failed");
  expect(await screen.findByText("No delivery is like that")).toBeTruthy();
});

test("a delivery opens with its tries, its body, its headers and the run that posted it, and goes back where one was", async () => {
  const { user, address } = open();
  const line = (await screen.findAllByRole("button", { name: "invoice.paid" }))[1] as HTMLElement;
  await user.click(line);
  const drawer = within(await screen.findByRole("dialog", { name: "invoice.paid" }));
  expect(await drawer.findByText("Answered 503")).toBeTruthy();
  expect(drawer.getByText("the database is away")).toBeTruthy();
  expect(drawer.getByText("No answer")).toBeTruthy();
  expect(drawer.getByRole("region", { name: "Body" }).textContent).toBe('{"type":"invoice.paid"}');
  expect(await drawer.findByText("billing", { exact: false })).toBeTruthy();
  expect((await drawer.findByRole("link", { name: "run_7" })).getAttribute("href")).toBe("/runs/run_7");
  expect(address()).toContain("open=");
  await user.keyboard("{Escape}");
  await waitFor(() => { expect(address()).not.toContain("open="); });
  expect(screen.queryByRole("dialog")).toBeNull();
});

test("a delivery is sent again, and a refusal is told", async () => {
  let refused = true;
  const { user } = open({ "POST /api/v1/deliveries/msg_2/crm/resend": () => (refused ? new Refuses(503, "FP0009", "not ready") : null) }, "?open=msg_2/crm");
  const again = await screen.findByRole("button", { name: "Send again" });
  await user.click(again);
  expect(await screen.findByText("It was not sent again")).toBeTruthy();
  refused = false;
  await user.click(again);
  expect(await screen.findByText("It is sent again")).toBeTruthy();
});

test("what goes to a subscriber that is gone cannot be sent again", async () => {
  open({ "GET /api/v1/subscribers/crm": () => new Refuses(404, "FP0004", "there is no such thing") }, "?open=msg_2/crm");
  await waitFor(() => { expect(screen.getByRole("button", { name: "Send again" }).getAttribute("aria-disabled")).toBe("true"); });
});

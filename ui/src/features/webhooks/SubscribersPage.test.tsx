// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { SubscriberPage } from "./SubscriberPage";
import { SubscribersPage } from "./SubscribersPage";

const subscriber = (name: string, spec: object = {}) => ({ kind: "subscriber", name, revision: 3, labels: {}, spec: { url: `https://${name}.example/hooks`, events: ["invoice.*"], ...spec }, updatedAt: "2026-01-01T00:00:00Z" });
const info = (name: string, more: object = {}) => ({ name, url: `https://${name}.example/hooks`, customer: "", state: "delivering", stateAt: 1, failures: 0, waiting: 0, failed: 0, ...more });
const type = (name: string, spec: object = {}) => ({ kind: "event-type", name, revision: 1, spec, updatedAt: "2026-01-01T00:00:00Z" });
const TYPES: Answers = { "GET /api/v1/event-types": () => ({ items: [type("invoice.paid", { description: "An invoice was paid.", example: { id: 7 } }), type("order.shipped")] }) };

const list = (items: object[], answers: Answers = {}) => openPage({ path: "/webhooks", at: "/webhooks", page: SubscribersPage }, { "GET /api/v1/subscribers": () => ({ items }), ...TYPES, ...answers });
const one = (spec: object = {}, answers: Answers = {}) =>
  openPage({ path: "/webhooks/subscribers/$name", at: "/webhooks/subscribers/crm", page: SubscriberPage }, { "GET /api/v1/subscribers/crm": () => subscriber("crm", spec), "GET /api/v1/subscribers/crm/state": () => info("crm"), ...TYPES, ...answers });

test("of each subscriber the list says how it is, what waits and what failed", async () => {
  list([subscriber("crm", { customer: "acme" }), subscriber("old")], {
    "GET /api/v1/subscriber-states": () => ({ items: [info("crm", { succeededAt: 1 }), info("old", { failingSince: 5, failures: 3, waiting: 12, failed: 10_000 })] }),
  });
  const row = async (name: string) => within((await screen.findByRole("link", { name })).closest("tr") as HTMLElement);
  expect(await (await row("crm")).findByText("Delivering")).toBeTruthy();
  expect((await row("crm")).getByText("acme")).toBeTruthy();
  expect((await row("old")).getByText("Failing")).toBeTruthy();
  expect((await row("old")).getByText("10,000+")).toBeTruthy();
  expect((await row("old")).getByText("never")).toBeTruthy();
});

test("where states cannot be read the list stays", async () => {
  list([subscriber("crm")], { "GET /api/v1/subscriber-states": () => new Refuses(403, "FP0003", "not for you") });
  expect(await screen.findByText("not known")).toBeTruthy();
  expect(screen.getByRole("link", { name: "crm" })).toBeTruthy();
});

test("without any, the steps to a first message are told, and what is done is marked", async () => {
  list([]);
  expect(await screen.findByText("Nobody hears of anything yet")).toBeTruthy();
  expect(await screen.findByLabelText("Step 1, done")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Make an event type" })).toBeTruthy();
});

test("a subscriber is added with a name from its address and the events that were chosen", async () => {
  const { user, sent, address } = list([subscriber("crm-example")], { "POST /api/v1/subscribers": () => subscriber("x") });
  await user.click(await screen.findByRole("button", { name: "Add a subscriber" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Add a subscriber" }));
  const add = () => dialog.getByRole("button", { name: "Add it" });
  expect(add().getAttribute("aria-disabled")).toBe("true");
  await user.type(dialog.getByLabelText("Address"), "https://crm.example/in");
  expect(dialog.getByLabelText("Name")).toHaveProperty("value", "crm-example-2");
  await user.click(dialog.getByRole("radio", { name: "Only those that are chosen" }));
  expect(add().getAttribute("aria-disabled")).toBe("true");
  await user.click(await dialog.findByRole("checkbox", { name: /^invoice\.paid/ }));
  await user.type(dialog.getByRole("textbox", { name: "Another name or pattern" }), "order.*{Enter}");
  await user.click(add());
  await waitFor(() => { expect(address()).toContain("/webhooks/subscribers/crm-example-2"); });
  expect(sent("POST /api/v1/subscribers")).toEqual([{ name: "crm-example-2", spec: { url: "https://crm.example/in", events: ["invoice.paid", "order.*"] } }]);
});

test("what the server refuses is said at its field, and what was typed stays", async () => {
  const { user } = list([], { "POST /api/v1/subscribers": () => new Refuses(422, "FP0101", "messages go to http and https", "begin with `https://`", "/spec/url") });
  await user.click((await screen.findAllByRole("button", { name: "Add a subscriber" }))[0] as HTMLElement);
  const dialog = within(await screen.findByRole("dialog"));
  const field = dialog.getByLabelText("Address");
  await user.type(field, "ftp://crm.example");
  await user.click(dialog.getByRole("button", { name: "Add it" }));
  expect(await dialog.findByText(/messages go to http and https/)).toBeTruthy();
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(field).toHaveProperty("value", "ftp://crm.example");
});

test("one that is stopped says so, and is resumed", async () => {
  let state = "stopped";
  const { user, sent } = one({}, { "GET /api/v1/subscribers/crm/state": () => info("crm", { state }), "POST /api/v1/subscribers/crm/resume": () => { state = "delivering"; return info("crm"); } });
  expect(await screen.findByText("Stopped")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Resume" }));
  expect(await screen.findByText("Delivering")).toBeTruthy();
  expect(sent("POST /api/v1/subscribers/crm/resume")).toHaveLength(1);
});

test("the reason of the last failure is told until something was taken after it", async () => {
  let succeededAt = 1;
  const { news } = one({}, { "GET /api/v1/subscribers/crm/state": () => info("crm", { failedAt: 5, reason: "it answered 503", succeededAt }) });
  expect(await screen.findByText(/it answered 503/)).toBeTruthy();
  succeededAt = 9;
  await news("subscriber");
  await waitFor(() => { expect(screen.queryByText(/it answered 503/)).toBeNull(); });
});

test("the key is shown only when it is asked for, hidden again, and rotated at once when somebody knows it", async () => {
  const { user, sent } = one({}, { "GET /api/v1/subscribers/crm/key": () => ({ key: "whsec_one" }), "POST /api/v1/subscribers/crm/rotate": () => ({ key: "whsec_two" }) });
  await user.click(await screen.findByRole("button", { name: "Show the key" }));
  expect(await screen.findByText("whsec_one")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Hide it" }));
  expect(document.body.innerHTML).not.toContain("whsec_one");
  await user.click(screen.getByRole("button", { name: "Make a new one…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "A new key" }));
  await user.click(dialog.getByRole("radio", { name: /at once/ }));
  await user.click(dialog.getByRole("button", { name: "Make a new key" }));
  expect(await screen.findByText("whsec_two")).toBeTruthy();
  expect(sent("POST /api/v1/subscribers/crm/rotate")).toEqual([{ atOnce: true }]);
});

test("a test of an event type shows the example that is sent", async () => {
  const { user, sent } = one({}, { "POST /api/v1/subscribers/crm/test": () => ({ message: "msg_1", known: false }) });
  await user.click(await screen.findByRole("button", { name: "Send a test…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Send a test to crm" }));
  await user.selectOptions(dialog.getByLabelText("Event"), await dialog.findByRole("option", { name: "invoice.paid" }));
  expect(dialog.getByRole("region", { name: "Data" }).textContent).toContain('"id": 7');
  await user.click(dialog.getByRole("button", { name: "Send it" }));
  expect(await screen.findByText("The test is on its way")).toBeTruthy();
  expect(sent("POST /api/v1/subscribers/crm/test")).toEqual([{ event: "invoice.paid" }]);
});

test("what failed is tried again from a time on, and how much that was is told", async () => {
  const { user, sent } = one({}, { "GET /api/v1/subscribers/crm/state": () => info("crm", { failed: 4 }), "POST /api/v1/subscribers/crm/recover": () => ({ count: 4 }) });
  await user.click(await screen.findByRole("button", { name: "Try again…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Try failed ones again" }));
  await user.selectOptions(dialog.getByLabelText("Messages of"), "the last 7 days");
  await user.click(dialog.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("4 deliveries are tried again")).toBeTruthy();
  const [body] = sent("POST /api/v1/subscribers/crm/recover") as { since: number }[];
  expect(Math.abs(Date.now() - 7 * 86_400_000 - (body?.since ?? 0))).toBeLessThan(60_000);
});

test("an edit is made over the revision that was read", async () => {
  const { user, asked } = one({ timeout: "20s" }, { "PUT /api/v1/subscribers/crm": () => new Refuses(412, "FP0104", "it was changed meanwhile") });
  await user.click(await screen.findByRole("button", { name: "Edit…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Edit crm" }));
  const field = dialog.getByLabelText("Timeout (optional)");
  await user.clear(field);
  await user.type(field, "30s");
  await user.click(dialog.getByRole("button", { name: "Save" }));
  expect(await dialog.findByText("it was changed meanwhile")).toBeTruthy();
  const put = asked.find(({ method }) => method === "PUT");
  expect(put?.headers.get("if-match")).toBe('"3"');
  expect(put?.body).toMatchObject({ spec: { timeout: "30s", events: ["invoice.*"] } });
});

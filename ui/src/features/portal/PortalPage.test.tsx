// @vitest-environment jsdom
import { act, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { session } from "@/app/session";
import { openPage, Refuses, type Answers, type Asked } from "@/testing/page";

import { passOf } from "./door";
import { PortalPage } from "./PortalPage";

const info = (more: object = {}) => ({ name: "acme-1", url: "https://acme.example/hooks", customer: "acme", state: "delivering", stateAt: 1, failures: 0, waiting: 0, failed: 0, ...more });
const subscriber = (more: object = {}) => ({ endpoint: { url: "https://acme.example/hooks", description: "CRM", events: ["invoice.paid"], signing: "hmac", headers: {} }, info: info(more) });
const portal = (more: object = {}) => ({
  customer: "acme",
  readOnly: false,
  until: Date.now() + 3_600_000,
  theme: { title: "Shop hooks", accent: "#7a3cff", radius: 12 },
  eventTypes: [{ name: "invoice.paid", description: "An invoice was paid.", schema: { type: "object" }, example: { id: 7 }, deprecated: false }],
  subscribers: [subscriber()],
  ...more,
});
const DELIVERY = { message: "msg_1", createdAt: 1, subscriber: "acme-1", event: "invoice.paid", customer: "acme", status: "failed", attempts: 2, answered: 503, reason: "it answered 503" };
const ONE = "/api/v1/portal/subscribers/acme-1";

const open = (answers: Answers = {}, hash = "#fpp_a.b") => {
  window.location.hash = hash;
  return openPage({ path: "/portal", at: "/portal", page: PortalPage, inside: false }, { "GET /api/v1/portal": () => portal(), ...answers });
};
const enter = async (user: { click: (on: Element) => Promise<void> }) => user.click(await screen.findByRole("button", { name: /acme\.example/ }));

afterEach(() => {
  session.expired();
  window.location.hash = "";
  document.documentElement.removeAttribute("style");
});

/** Nothing but the portal is asked, with the pass, and with nothing of a session. */
function expectOnlyThePass(asked: readonly Asked[]): void {
  expect(asked.length).toBeGreaterThan(0);
  asked.forEach(({ path, headers }) => {
    expect(path).toMatch(/^\/api\/v1\/portal(\/|$)/);
    expect(headers.get("x-portal-pass")).toBe("fpp_a.b");
    expect(headers.get("authorization")).toBeNull();
    expect(headers.get("fishplate-csrf")).toBeNull();
  });
}

test("a customer comes in by the pass alone, whoever is signed in here, and the page looks as it is wished", async () => {
  session.useToken("fp_owner");
  const { asked } = open();
  expect(await screen.findByRole("heading", { level: 1, name: "Shop hooks" })).toBeTruthy();
  expect(screen.getByText("CRM")).toBeTruthy();
  expect(document.title).toBe("Shop hooks");
  expect(document.documentElement.style.getPropertyValue("--accent")).toBe("#7a3cff");
  expect(document.documentElement.style.getPropertyValue("--corner-base")).toBe("12px");
  expectOnlyThePass(asked);
});

test("a pass that has ended says so and what to do, and signs nobody out", async () => {
  session.useToken("fp_owner");
  open({ "GET /api/v1/portal": () => new Refuses(401, "FP0002", "this pass has ended", "ask for a new link where this one came from") });
  expect(await screen.findByRole("heading", { name: "This link opens nothing" })).toBeTruthy();
  expect(screen.getByText("this pass has ended")).toBeTruthy();
  expect(session.signedIn).toBe(true);
});

test("an address without a whole pass asks nobody", () => {
  const { asked } = open({}, "#fpp_");
  return waitFor(() => { expect(screen.getByText("The link that you opened is not whole.")).toBeTruthy(); }).then(() => { expect(asked).toEqual([]); });
});

test("a pass that ends while one looks shuts the page", async () => {
  let ended = false;
  const { news } = open({ "GET /api/v1/portal": () => (ended ? new Refuses(401, "FP0002", "this pass has ended") : portal()) });
  await screen.findByText("CRM");
  ended = true;
  await act(() => news("portal"));
  expect(await screen.findByText("this pass has ended")).toBeTruthy();
  expect(screen.queryByText("CRM")).toBeNull();
});

test.each([["#fpp_a-b_c.d", "fpp_a-b_c.d"], ["#fp_a", null], ["", null], ["#fpp_a/../b", null], ["#fpp_%", null]])("of %s the pass is %s", (hash, pass) => {
  expect(passOf(hash)).toBe(pass);
});

test("an endpoint is added with chosen events, after one has seen what they look like", async () => {
  const { user, sent, asked } = open({ "GET /api/v1/portal": () => portal({ subscribers: [] }), "POST /api/v1/portal/subscribers": () => subscriber() });
  expect(await screen.findByText("No endpoint yet")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Add an endpoint" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Add an endpoint" }));
  await user.type(dialog.getByLabelText("Address"), "https://acme.example/in");
  await user.click(dialog.getByRole("radio", { name: "Only those that are chosen" }));
  await user.click(dialog.getByRole("button", { name: "What invoice.paid looks like" }));
  const sheet = within(await screen.findByRole("dialog", { name: "invoice.paid" }));
  expect(sheet.getByRole("region", { name: "Example" }).textContent).toContain('"id": 7');
  await user.keyboard("{Escape}");
  await user.click(dialog.getByRole("checkbox", { name: /^invoice\.paid/ }));
  await user.click(dialog.getByRole("button", { name: "Add it" }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  expect(sent("POST /api/v1/portal/subscribers")).toEqual([{ url: "https://acme.example/in", description: "", events: ["invoice.paid"], signing: "hmac", headers: {} }]);
  expectOnlyThePass(asked);
});

test("what the server refuses is said at its field, and its code leads nowhere: customers have no help page here", async () => {
  const { user } = open({ "GET /api/v1/portal": () => portal({ subscribers: [] }), "POST /api/v1/portal/subscribers": ({ body }) => ((body as { url: string }).url.startsWith("ftp") ? new Refuses(422, "FP0101", "messages go to http and https", undefined, "/spec/url") : new Refuses(413, "FP0005", "a customer has at most 50 subscribers")) });
  await user.click(await screen.findByRole("button", { name: "Add an endpoint" }));
  const dialog = within(await screen.findByRole("dialog"));
  const field = dialog.getByLabelText("Address");
  await user.type(field, "ftp://acme.example");
  await user.click(dialog.getByRole("button", { name: "Add it" }));
  expect(await dialog.findByText("messages go to http and https")).toBeTruthy();
  await user.clear(field);
  await user.type(field, "https://acme.example");
  await user.click(dialog.getByRole("button", { name: "Add it" }));
  expect(await dialog.findByText("a customer has at most 50 subscribers")).toBeTruthy();
  expect(dialog.getByText("FP0005")).toBeTruthy();
  expect(screen.queryByRole("link")).toBeNull();
});

test("an endpoint shows its log with every try, and sends again", async () => {
  const { user, sent, asked } = open({
    [`GET ${ONE}/deliveries`]: () => ({ items: [DELIVERY] }),
    [`GET ${ONE}/deliveries/msg_1`]: () => ({ delivery: DELIVERY, attempts: [{ number: 2, at: 1, took: 4, answered: 503, reason: "it answered 503", answer: "later" }], body: "{}" }),
    [`POST ${ONE}/deliveries/msg_1/resend`]: () => null,
  });
  await enter(user);
  const heading = await screen.findByRole("heading", { level: 2, name: "https://acme.example/hooks" });
  expect(document.activeElement).toBe(heading);
  await user.click(await screen.findByRole("button", { name: "invoice.paid" }));
  const drawer = within(await screen.findByRole("dialog", { name: "invoice.paid" }));
  expect(await drawer.findByText("later")).toBeTruthy();
  await user.click(drawer.getByRole("button", { name: "Send again" }));
  expect(await screen.findByText("It is sent again")).toBeTruthy();
  expect(sent(`POST ${ONE}/deliveries/msg_1/resend`)).toHaveLength(1);
  expectOnlyThePass(asked);
});

test("a key is shown, a test is sent, and an endpoint is removed, each for the customer's own endpoint", async () => {
  let there = true;
  const { user, sent, asked } = open({
    "GET /api/v1/portal": () => portal({ subscribers: there ? [subscriber()] : [] }),
    [`GET ${ONE}/key`]: () => ({ key: "whsec_mine" }),
    [`POST ${ONE}/test`]: () => ({ message: "msg_2", known: false }),
    [`DELETE ${ONE}`]: () => { there = false; return null; },
  });
  await enter(user);
  await user.click(await screen.findByRole("button", { name: "Show the key" }));
  expect(await screen.findByText("whsec_mine")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Send a test…" }));
  await user.click(within(await screen.findByRole("dialog", { name: "Send a test to acme.example" })).getByRole("button", { name: "Send it" }));
  expect(await screen.findByText("The test is on its way")).toBeTruthy();
  expect(sent(`POST ${ONE}/test`)).toEqual([{}]);
  await user.click(screen.getByRole("button", { name: "Remove…" }));
  await user.click(within(await screen.findByRole("dialog", { name: "Remove this endpoint?" })).getByRole("button", { name: "Remove it" }));
  expect(await screen.findByText("No endpoint yet")).toBeTruthy();
  expectOnlyThePass(asked);
});

test("who may only look sees everything and can change nothing, and is told why", async () => {
  const { user, asked } = open({ "GET /api/v1/portal": () => portal({ readOnly: true }) });
  expect(await screen.findByText("look only")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Add an endpoint" }).getAttribute("aria-disabled")).toBe("true");
  await enter(user);
  for (const name of ["Send a test…", "Edit…", "Stop", "Remove…", "Show the key", "Make a new one…"]) {
    const button = await screen.findByRole("button", { name });
    expect(button.getAttribute("aria-disabled"), name).toBe("true");
    await user.click(button);
  }
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(asked.every(({ method }) => method === "GET")).toBe(true);
});

test("the catalogue shows what each event looks like", async () => {
  const { user } = open();
  await user.click(await screen.findByRole("tab", { name: "Events" }));
  await user.click(screen.getByRole("button", { name: /invoice\.paid/ }));
  const sheet = within(await screen.findByRole("dialog", { name: "invoice.paid" }));
  expect(sheet.getByRole("region", { name: "Schema" }).textContent).toContain('"object"');
});

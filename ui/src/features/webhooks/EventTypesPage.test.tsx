// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { EventTypesPage } from "./EventTypesPage";

const type = (name: string, spec: object = {}) => ({ kind: "event-type", name, revision: 4, labels: { team: "a" }, spec, updatedAt: "2026-01-01T00:00:00Z" });
const open = (items: object[], answers: Answers = {}) => openPage({ path: "/webhooks/event-types", at: "/webhooks/event-types", page: EventTypesPage }, { "GET /api/v1/event-types": () => ({ items }), ...answers });
/** Braces mean keys to whoever types. */
const put = (field: HTMLElement, value: string): void => { fireEvent.change(field, { target: { value } }); };

test("of each type the list says how its data is checked, and who hears of it", async () => {
  open([type("invoice.paid", { schema: {}, description: "An invoice was paid." }), type("order.placed", { deprecated: true })], {
    "GET /api/v1/subscribers": () => ({ items: [{ name: "crm", spec: { url: "a", events: ["invoice.*"] } }] }),
  });
  const row = async (name: string) => within((await screen.findByRole("button", { name })).closest("tr") as HTMLElement);
  expect((await row("invoice.paid")).getByText("schema")).toBeTruthy();
  expect(await (await row("invoice.paid")).findByText("1 subscriber")).toBeTruthy();
  expect((await row("order.placed")).getByText("deprecated")).toBeTruthy();
  expect((await row("order.placed")).getByText("nobody")).toBeTruthy();
});

test("while one types the server says whether the example is as the schema says", async () => {
  const { user, sent, asked } = open([], {
    "PUT /api/v1/event-types/new-type": ({ body }) => {
      const { spec } = body as { spec: { example?: { id?: unknown } } };
      return typeof spec.example?.id === "string" ? new Refuses(422, "FP0101", "the example is not as the schema says", undefined, "/spec/example/id") : { resource: {}, action: "created" };
    },
    "POST /api/v1/event-types": () => type("invoice.paid"),
  });
  await user.click((await screen.findAllByRole("button", { name: "New event type" }))[0] as HTMLElement);
  const dialog = within(await screen.findByRole("dialog", { name: "New event type" }));
  await user.type(dialog.getByLabelText("Name"), "invoice.paid");
  const example = dialog.getByLabelText("Example (optional)");
  put(example, '{"id": 7}');
  await user.click(dialog.getByRole("button", { name: "From the example" }));
  expect(await dialog.findByText("The example is as the schema says.")).toBeTruthy();
  put(example, '{"id": "7"}');
  expect(await dialog.findByText("/id: the example is not as the schema says")).toBeTruthy();
  put(example, '{"id"');
  expect(await dialog.findByText(/this is no JSON yet/)).toBeTruthy();
  expect(dialog.getByRole("button", { name: "Save" }).getAttribute("aria-disabled")).toBe("true");
  put(example, '{"id": 8}');
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  expect(sent("POST /api/v1/event-types")).toEqual([{ name: "invoice.paid", spec: { example: { id: 8 }, schema: { type: "object", properties: { id: { type: "integer" } }, required: ["id"] } } }]);
  expect(asked.filter(({ method }) => method === "PUT").every(({ query }) => query.get("dryRun") === "true")).toBe(true);
});

test("a change keeps the labels, and is made over the revision that was read", async () => {
  const { user, asked } = open([type("invoice.paid", { description: "Paid." })], { "PUT /api/v1/event-types/invoice.paid": () => ({ resource: {}, action: "updated" }) });
  await user.click(await screen.findByRole("button", { name: "Edit invoice.paid" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Edit invoice.paid" }));
  await user.click(dialog.getByRole("checkbox", { name: /Deprecated/ }));
  await user.click(dialog.getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  const saved = asked.find(({ method, query }) => method === "PUT" && !query.has("dryRun"));
  expect(saved?.headers.get("if-match")).toBe('"4"');
  expect(saved?.body).toEqual({ spec: { description: "Paid.", deprecated: true }, labels: { team: "a" } });
});

test("an event is posted from its example, and what the schema refuses is said at the data", async () => {
  let refused = true;
  const { user, sent } = open([type("invoice.paid", { example: { id: 7 } })], {
    "POST /api/v1/events": () => (refused ? new Refuses(422, "FP0101", "is not of type integer", undefined, "/data/id") : { message: "msg_1", known: false }),
  });
  await user.click(await screen.findByRole("button", { name: "Post invoice.paid" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Post invoice.paid" }));
  await user.type(dialog.getByLabelText("Customer (optional)"), "acme");
  await user.click(dialog.getByRole("button", { name: "Post it" }));
  expect(await dialog.findByText("/id: is not of type integer")).toBeTruthy();
  refused = false;
  await user.click(dialog.getByRole("button", { name: "Post it" }));
  expect(await screen.findByRole("link", { name: "msg_1" })).toBeTruthy();
  expect(sent("POST /api/v1/events").at(-1)).toEqual({ event: "invoice.paid", data: { id: 7 }, customer: "acme" });
});

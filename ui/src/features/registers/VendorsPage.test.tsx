// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { vendorView } from "@/resource/registerViews";
import { openPage, Refuses, type Answers } from "@/testing/page";

import { VendorPage } from "./VendorPage";
import { VendorsPage } from "./VendorsPage";

const RUNNING = { state: "running", endsOn: "2027-12-31", endsInDays: 300, noticeBy: "2027-10-02", noticeInDays: 200 };
const DUE = { ...RUNNING, state: "due", noticeInDays: 12 };
const entry = (name: string, more: object = {}) => ({ name, title: name.toUpperCase(), category: "mail", owner: "Ada", connectors: [], hosts: [], gaps: [], renewal: RUNNING, ...more });
const register = (...items: object[]): Answers => ({ "GET /api/v1/vendor-register": () => ({ on: "2027-03-06", items, dueCount: 1, yearlyCosts: [{ amount: "1234567.50", currency: "EUR" }] }) });
const list = (search: string, answers: Answers) => openPage({ path: "/vendors", at: `/vendors${search}`, page: VendorsPage, validateSearch: vendorView.read as (search: Record<string, unknown>) => object }, answers);

const SCHEMA = { type: "object", properties: { title: { type: "string" }, exitPlan: { type: "string" }, contract: { type: "object", properties: { endsOn: { type: ["string", "null"], format: "date" } } } }, required: ["title"] };
const one = (spec: object, answers: Answers = {}, renewal: object = RUNNING) =>
  openPage({ path: "/vendors/$name", at: "/vendors/acme", page: VendorPage }, {
    "GET /api/v1/vendors/acme": () => ({ kind: "vendor", name: "acme", revision: 7, labels: { team: "it" }, spec: { title: "Acme", ...spec } }),
    "GET /api/v1/kinds": () => ({ items: [{ name: "vendor", schema: SCHEMA }] }),
    "GET /api/v1/me": () => ({ actor: "user:ada", user: { name: "Ada" } }),
    ...register(entry("acme", { renewal, gaps: ["exitPlan", "agreement"] })),
    ...answers,
  });
const saved = (asked: { what: string; body: unknown }[]) => (asked.find(({ what }) => what === "PUT /api/v1/vendors/acme")?.body as { spec: object } | undefined)?.spec;

test("what is due stands first, with what it costs and what is missing", async () => {
  list("", register(entry("calm", { score: 4.25, yearlyCost: { amount: "598.80", currency: "EUR" } }), entry("soon", { renewal: DUE, gaps: ["exitPlan", "owner"], owner: "" })));
  const rows = within(await screen.findByRole("region", { name: "Vendors" })).getAllByRole("row").slice(1);
  expect(rows[0]?.textContent).toContain("SOON");
  expect(within(rows[0] as HTMLElement).getByText("notice by 2027-10-02, in 12 days")).toBeTruthy();
  expect(within(rows[0] as HTMLElement).getByText(": no exit plan, nobody answers for it")).toBeTruthy();
  expect(within(rows[1] as HTMLElement).getByText("598.80 EUR")).toBeTruthy();
  expect(screen.getByText("1,234,567.50 EUR")).toBeTruthy();
});

test("a vendor that an integration lacks is written down with the service it stands for", async () => {
  const { user, sent, address } = list("?connector=stripe&title=Stripe", { ...register(entry("other")), "POST /api/v1/vendors": () => ({}) });
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByRole("textbox", { name: "Name" })).toHaveProperty("value", "stripe");
  await user.type(dialog.getByRole("textbox", { name: /Owner/ }), "Ada");
  await user.click(dialog.getByRole("button", { name: "Write it down" }));
  await waitFor(() => { expect(address()).toBe("/vendors/stripe"); });
  expect(sent("POST /api/v1/vendors")).toMatchObject([{ name: "stripe", spec: { title: "Stripe", owner: "Ada", connectors: ["stripe"] } }]);
});

test("a refusal of a new vendor stays with what was typed", async () => {
  const { user } = list("", { ...register(), "POST /api/v1/vendors": () => new Refuses(409, "FP0107", "`vendor/acme` stands for `stripe` already") });
  await user.click((await screen.findAllByRole("button", { name: "New vendor" }))[0] as HTMLElement);
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByRole("textbox", { name: "Title" }), "Twin");
  await user.click(dialog.getByRole("button", { name: "Write it down" }));
  expect(await dialog.findByText(/stands for/)).toBeTruthy();
  expect(dialog.getByRole("textbox", { name: "Title" })).toHaveProperty("value", "Twin");
});

test("without any the page says what a vendor is for", async () => {
  list("", register());
  expect(await screen.findByText("No vendor yet")).toBeTruthy();
});

test("a contract that is due is decided about with one press, by whom and when", async () => {
  const { user, asked } = one({ contract: { endsOn: "2027-12-31", noticeDays: 90 } }, { "PUT /api/v1/vendors/acme": () => ({}) }, DUE);
  await user.click(await screen.findByRole("button", { name: "We keep it" }));
  await waitFor(() => { expect(saved(asked)).toEqual({ title: "Acme", contract: { endsOn: "2027-12-31", noticeDays: 90, decision: { termEndsOn: "2027-12-31", outcome: "keep", on: "2027-03-06", by: "Ada" } } }); });
  expect(asked.find(({ method }) => method === "PUT")?.headers.get("if-match")).toBe('"7"');
  expect(screen.getByText("personal data without an agreement")).toBeTruthy();
});

test("who scores is written down, and the mean follows at once", async () => {
  const { user, asked } = one({ scorecard: [{ criterion: "Support", weight: 3 }, { criterion: "Price", score: 1 }] }, { "PUT /api/v1/vendors/acme": () => ({}) });
  await user.selectOptions(await screen.findByRole("combobox", { name: "Score of Support" }), "5");
  expect(screen.getByText("4.0")).toBeTruthy();
  await user.click(within(screen.getByRole("region", { name: "Changes" })).getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(saved(asked)).toEqual({ title: "Acme", scorecard: [{ criterion: "Support", weight: 3, score: 5, by: "Ada", on: "2027-03-06" }, { criterion: "Price", score: 1 }] }); });
});

test("what is wrong with a score stands at it, and nothing is lost", async () => {
  const { user } = one({ scorecard: [{ criterion: "Support" }] }, { "PUT /api/v1/vendors/acme": () => new Refuses(422, "FP0101", "a weight is 1 to 100", undefined, "/spec/scorecard/0/weight") });
  const weight = await screen.findByRole("spinbutton", { name: "Weight of Support" });
  await user.clear(weight);
  await user.type(weight, "500");
  await user.click(screen.getByRole("button", { name: "Save" }));
  expect(await within(screen.getByRole("region", { name: "Scorecard" })).findByText("a weight is 1 to 100")).toBeTruthy();
  expect(screen.getByRole("region", { name: "Changes" })).toBeTruthy();
});

test("connectors are chosen from those that there are", async () => {
  const { user, asked } = one({}, { "GET /api/v1/connectors": () => ({ items: [{ name: "stripe", title: "Stripe" }, { name: "slack", title: "Slack" }] }), "PUT /api/v1/vendors/acme": () => ({}) });
  const field = await screen.findByRole("combobox", { name: /Connectors/ });
  await user.type(field, "Nobody{Enter}");
  expect(await screen.findByText(/There is no connector of that name/)).toBeTruthy();
  await user.clear(field);
  await user.type(field, "stripe{Enter}slack{Enter}");
  await user.click(screen.getByRole("button", { name: "Take Stripe out" }));
  await user.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => { expect(saved(asked)).toEqual({ title: "Acme", connectors: ["slack"] }); });
});

test("an exit plan is written with help, and read as it is meant", async () => {
  const { user } = one({ exitPlan: "# Way out\n- [x] export\n- see [desk](https://desk.example)\n<b>no markup</b>" });
  expect(await screen.findByRole("heading", { name: "Way out" })).toBeTruthy();
  expect(screen.getByRole("link", { name: "desk" }).getAttribute("href")).toBe("https://desk.example");
  expect(screen.getByText("<b>no markup</b>")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Edit exit plan" }));
  expect(screen.getByRole("textbox", { name: "Exit plan" })).toHaveProperty("value", expect.stringContaining("# Way out"));
});

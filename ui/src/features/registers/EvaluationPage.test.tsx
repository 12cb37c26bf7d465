// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, type Answers } from "@/testing/page";

import { EvaluationPage } from "./EvaluationPage";
import { EvaluationsPage } from "./EvaluationsPage";

const SPEC = {
  title: "Who sends our mail",
  criteria: [{ name: "price", weight: 2 }, { name: "in the EU", mustHave: true }],
  candidates: [{ name: "Acme", scores: { price: { score: 2 } } }, { name: "Other", scores: { price: { score: 4 } } }],
};
const resource = (spec: object) => ({ kind: "evaluation", name: "mail", revision: 3, labels: {}, spec, updatedAt: "2026-01-01T00:00:00Z" });
const one = (spec: object = SPEC, answers: Answers = {}) =>
  openPage({ path: "/evaluations/$name", at: "/evaluations/mail", page: EvaluationPage }, {
    "GET /api/v1/evaluations/mail": () => resource(spec),
    "GET /api/v1/vendor-register": () => ({ on: "2027-03-06", items: [{ name: "acme", title: "Acme Ltd", category: "", owner: "", connectors: [], hosts: [], gaps: [], renewal: { state: "open" } }], dueCount: 0, yearlyCosts: [] }),
    "GET /api/v1/me": () => ({ actor: "user:ada", user: { name: "Ada" } }),
    "PUT /api/v1/evaluations/mail": () => ({}),
    ...answers,
  });
const cell = (name: string) => screen.findByRole("gridcell", { name: new RegExp(`^${name}`) });
const ranked = () => within(screen.getByRole("list", { name: "Ranking" })).getAllByRole("listitem").map(({ textContent }) => textContent);
const save = async (user: { click: (element: Element) => Promise<void> }): Promise<void> => { await user.click(within(screen.getByRole("region", { name: "Changes" })).getByRole("button", { name: "Save" })); };

test("the matrix is filled by keyboard alone, and the ranking follows", async () => {
  const { user, asked } = one();
  (await cell("Acme, price: 2")).focus();
  expect(ranked()[0]).toContain("Other");
  await user.keyboard("5");
  expect(await cell("Acme, price: 5")).toBe(document.activeElement);
  expect(ranked()[0]).toContain("Acme");
  await user.keyboard("{ArrowDown}4{ArrowRight}1{ArrowUp}{Delete}");
  expect(document.activeElement?.getAttribute("aria-label")).toBe("Other, price: not judged");
  expect(screen.getByRole("gridcell", { name: "Other, in the EU: 1, fails" })).toBeTruthy();
  expect(ranked()[1]).toContain("Lacks in the EU");
  await save(user);
  await waitFor(() => { expect(asked.find(({ method }) => method === "PUT")?.body).toEqual({ labels: {}, spec: { ...SPEC, candidates: [{ name: "Acme", scores: { "in the EU": { score: 4 }, price: { score: 5 } } }, { name: "Other", scores: { "in the EU": { score: 1 } } }] } }); });
});

test("one stop of the keyboard leads into the matrix, and Enter to why a score is what it is", async () => {
  const { user } = one();
  await cell("Acme, price");
  expect(screen.getAllByRole("gridcell").filter((one) => one.tabIndex === 0)).toHaveLength(1);
  (await cell("Other, price")).focus();
  await user.keyboard("{Enter}as listed");
  expect(screen.getByRole("textbox", { name: "Why" })).toHaveProperty("value", "as listed");
  expect(await cell("Other, price: 4, with a note")).toBeTruthy();
});

test("a weight changes the ranking, and a criterion takes its scores along", async () => {
  const { user } = one({ ...SPEC, criteria: [{ name: "price" }, { name: "support" }], candidates: [{ name: "Acme", scores: { price: { score: 5 }, support: { score: 1 } } }, { name: "Other", scores: { price: { score: 2 }, support: { score: 3 } } }] });
  await cell("Acme, price: 5");
  expect(ranked()[0]).toContain("Acme");
  const weight = screen.getByRole("spinbutton", { name: "Weight of support" });
  await user.clear(weight);
  await user.type(weight, "9");
  expect(ranked()[0]).toContain("Other");
  const name = screen.getByRole("textbox", { name: "Name of the criterion" });
  await user.clear(name);
  await user.type(name, "cost");
  expect(await cell("Acme, cost: 5")).toBeTruthy();
});

test("criteria are agreed on before, and a change of them takes that back", async () => {
  const { user, asked } = one();
  await screen.findByDisplayValue("Ada");
  await user.click(screen.getByRole("button", { name: "Criteria are agreed" }));
  expect(screen.getByText(/were agreed on by Ada on/)).toBeTruthy();
  await save(user);
  await waitFor(() => { expect(asked.find(({ method }) => method === "PUT")?.body).toMatchObject({ spec: { agreed: { by: "Ada" } } }); });
  await user.type(screen.getByRole("spinbutton", { name: "Weight of price" }), "1");
  expect(screen.getByText("not agreed")).toBeTruthy();
});

test("what was chosen against the ranking wants a reason", async () => {
  const { user, asked } = one({ ...SPEC, candidates: [{ name: "Acme", scores: { price: { score: 2 } } }, { name: "Other", scores: { price: { score: 4 } } }] });
  await user.selectOptions(await screen.findByRole("combobox", { name: "Chosen" }), "Acme");
  expect(screen.getByText(/It is not the first of the ranking/)).toBeTruthy();
  await user.type(screen.getByRole("textbox", { name: "Why (optional)" }), "we know them");
  await save(user);
  await waitFor(() => { expect(asked.find(({ method }) => method === "PUT")?.body).toMatchObject({ spec: { decision: { chosen: "Acme", by: "Ada", why: "we know them" } } }); });
});

test("an empty evaluation begins with criteria, and two of one name are not saved", async () => {
  const { user } = one({ title: "Mail" });
  await user.click(await screen.findByRole("button", { name: "Begin with usual criteria" }));
  await user.click(screen.getByRole("button", { name: "Add a candidate" }));
  expect(await cell("New candidate, Price: not judged")).toBeTruthy();
  const name = screen.getByRole("textbox", { name: "Name of the criterion" });
  await user.clear(name);
  await user.type(name, "Price");
  expect(screen.getByRole("button", { name: "Save" }).getAttribute("aria-disabled")).toBe("true");
  expect(screen.getAllByRole("gridcell", { name: /^New candidate, Price/ })).toHaveLength(2);
});

test("the list says who leads and what was decided, and a new one opens its page", async () => {
  const { user, sent, address } = openPage({ path: "/evaluations", at: "/evaluations", page: EvaluationsPage }, { "GET /api/v1/evaluations": () => ({ items: [resource(SPEC), { ...resource({ title: "CRM", decision: { chosen: "Acme" } }), name: "crm" }] }), "POST /api/v1/evaluations": () => ({}) });
  const row = within((await screen.findByRole("link", { name: "Who sends our mail" })).closest("tr") as HTMLElement);
  expect([row.getByText("Other (4.00)"), row.getByText("open"), row.getByText("2 candidates by 2 criteria")].length).toBe(3);
  await user.click(screen.getByRole("button", { name: "New evaluation" }));
  await user.type(screen.getByRole("textbox", { name: "Title" }), "Who hosts us?");
  await user.click(screen.getByRole("button", { name: "Make it" }));
  await waitFor(() => { expect(address()).toBe("/evaluations/who-hosts-us"); });
  expect(sent("POST /api/v1/evaluations")).toEqual([{ name: "who-hosts-us", spec: { title: "Who hosts us?" } }]);
});

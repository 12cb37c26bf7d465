// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers, type Asked } from "@/testing/page";

import { Versions } from "./Versions";
import { WorkflowPage } from "./WorkflowPage";

const BASE = "/api/v1/workflows/orders";
const revision = (number: number) => ({ revision: number, writtenAt: "2026-01-01T00:00:00Z", writtenBy: "ada", action: "put" });
const live = (number: number, enabled = true) => ({ workflow: "orders", enabled, revision: number, share: 100, addresses: [], updatedAt: "2026-01-01T00:00:00Z", updatedBy: "ada" });
const NO_DRAFT = new Refuses(404, "FP0004", "there is no draft");

const open = (answers: Answers = {}) =>
  openPage({ path: "/versions", at: "/versions", page: () => <Versions name="orders" /> }, {
    [`GET ${BASE}/history`]: () => ({ items: [revision(3), revision(2)] }),
    [`GET ${BASE}/activation`]: () => live(2),
    [`GET ${BASE}/draft`]: () => NO_DRAFT,
    ...answers,
  });
const row = async (number: number) => within((await screen.findByRole("button", { name: `Make revision ${String(number)} live` })).closest("tr") as HTMLElement);

test("which revision is live is told, and another one is made live and back by undo", async () => {
  const { user, sent } = open({ [`POST ${BASE}/activate`]: ({ body }: Asked) => live((body as { revision: number }).revision) });
  expect(await (await row(2)).findByText("Live")).toBeTruthy();
  await user.click((await row(3)).getByRole("button", { name: /^Make/ }));
  expect(await screen.findByText("Revision 3 is live")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Undo" }));
  await waitFor(() => { expect(sent(`POST ${BASE}/activate`)).toEqual([{ revision: 3 }, { revision: 2 }]); });
});

test("an earlier revision is brought back as the newest one, and what is live stays live", async () => {
  const { user, sent } = open({ [`POST ${BASE}/rollback`]: () => ({}) });
  await user.click((await row(2)).getByRole("button", { name: /^Bring/ }));
  expect(await screen.findByText(/Revision 2 is back as the newest one/)).toBeTruthy();
  expect(sent(`POST ${BASE}/rollback`)).toEqual([{ revision: 2 }]);
  expect(sent(`POST ${BASE}/activate`)).toEqual([]);
});

test("what could not be made live says why, and the list stays", async () => {
  const { user } = open({ [`POST ${BASE}/activate`]: () => new Refuses(422, "FP0203", "the connection `crm` has no secret") });
  await user.click((await row(3)).getByRole("button", { name: /^Make/ }));
  expect(await screen.findByText(/has no secret/)).toBeTruthy();
  expect(await row(3)).toBeTruthy();
});

test("a history without a revision says so", async () => {
  open({ [`GET ${BASE}/history`]: () => ({ items: [] }) });
  expect(await screen.findByText("Nothing was written yet")).toBeTruthy();
});

const page = (answers: Answers) =>
  openPage({ path: "/workflows/$name", at: "/workflows/orders", page: WorkflowPage }, {
    [`GET ${BASE}`]: () => ({ kind: "workflow", name: "orders", revision: 3, labels: {}, spec: { nodes: [], edges: [] }, updatedAt: "2026-01-01T00:00:00Z", updatedBy: "ada" }),
    [`GET ${BASE}/condition`]: () => ({ runnable: true, problems: [], refersTo: [], usedBy: [], activelyUsedBy: [] }),
    [`GET ${BASE}/activation`]: () => live(2),
    [`GET ${BASE}/draft`]: () => NO_DRAFT,
    ...answers,
  });

test("a workflow that has not run says so, and one whose runs cannot be read says why", async () => {
  let refused = false;
  const { news } = page({ "GET /api/v1/runs": () => (refused ? new Refuses(503, "FP0009", "the store is closed") : { items: [] }) });
  expect(await screen.findByText("It has not run yet.")).toBeTruthy();
  refused = true;
  await news("runs");
  expect((await screen.findByRole("alert")).textContent).toContain("The store is closed".slice(4));
});

test("a workflow that is not there says so", async () => {
  page({ [`GET ${BASE}`]: () => new Refuses(404, "FP0004", "there is no workflow `orders`") });
  expect(await screen.findByText(/there is no workflow/)).toBeTruthy();
});

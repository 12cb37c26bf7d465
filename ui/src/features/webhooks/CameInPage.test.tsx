// @vitest-environment jsdom
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { arrivalFilter } from "@/resource/arrivalFilter";
import { openPage, type Answers } from "@/testing/page";

import { CameInPage } from "./CameInPage";

const arrival = (id: string, more: object = {}) => ({ id, at: 1, workflow: "orders", node: "Webhook", method: "POST", target: "/hooks/main/prod/orders?a=1", sender: "10.0.0.7", verdict: "accepted", run: "run_1", hasBody: true, ...more });
const REFUSED = arrival("arr_2", { verdict: "refused", run: undefined, code: "FP0602", reason: "signature_mismatch: the signature is not that of this body" });
const open = (answers: Answers = {}, search = "") =>
  openPage({ path: "/webhooks/came-in", at: `/webhooks/came-in${search}`, page: CameInPage, validateSearch: (given) => arrivalFilter.read(given) }, {
    "GET /api/v1/arrivals": () => ({ items: [arrival("arr_1"), REFUSED] }),
    "GET /api/v1/workflows": () => ({ items: [{ name: "orders" }, { name: "greeting" }] }),
    "GET /api/v1/arrivals/arr_1": () => ({ arrival: arrival("arr_1"), headers: [["content-type", "application/json"]], body: '{"amount":7}' }),
    ...answers,
  });

test("what was refused says why and leads to what its code means, and what was accepted to its run", async () => {
  open();
  const refused = within((await screen.findByText(/signature_mismatch/)).closest("tr") as HTMLElement);
  expect(refused.getByRole("link", { name: "FP0602" }).getAttribute("href")).toContain("at=FP0602");
  expect(screen.getByRole("link", { name: "a run" }).getAttribute("href")).toBe("/runs/run_1");
});

test("workflow and verdict are asked for", async () => {
  const { user, asked } = open();
  await screen.findByText(/signature_mismatch/);
  await user.selectOptions(screen.getByRole("combobox", { name: "Workflow" }), "greeting");
  await user.selectOptions(screen.getByRole("combobox", { name: "Verdict" }), "Refused");
  await waitFor(() => {
    const last = asked.filter(({ what }) => what === "GET /api/v1/arrivals").at(-1)?.query;
    expect([last?.get("workflow"), last?.get("verdict")]).toEqual(["greeting", "refused"]);
  });
});

test("one happens again, live or in the draft, and leads to its run", async () => {
  const { user, sent } = open({ "POST /api/v1/arrivals/arr_1/again": () => ({ run: "run_9" }) }, "?open=arr_1");
  const drawer = within(await screen.findByRole("dialog", { name: /^POST/ }));
  expect(await drawer.findByText("application/json")).toBeTruthy();
  await user.click(drawer.getByRole("button", { name: "Again in the draft" }));
  expect((await drawer.findByRole("link", { name: "run_9" })).getAttribute("href")).toBe("/runs/run_9");
  await user.click(drawer.getByRole("button", { name: "Let it happen again" }));
  await waitFor(() => { expect(sent("POST /api/v1/arrivals/arr_1/again")).toEqual([{ draft: true }, { draft: false }]); });
});

test("what was kept without its body cannot happen again, and says so", async () => {
  open({ "GET /api/v1/arrivals/arr_1": () => ({ arrival: arrival("arr_1", { hasBody: false }), headers: [] }) }, "?open=arr_1");
  expect(await screen.findByText(/Its body was not kept/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Let it happen again" }).getAttribute("aria-disabled")).toBe("true");
});

test("many happen again only after one has seen how many they are", async () => {
  const { user, sent } = open({ "POST /api/v1/arrivals/again": () => ({ runs: ["run_2", "run_3"], withoutBody: 1, more: false }) });
  await user.click(await screen.findByRole("button", { name: "Let many happen again…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Let webhooks happen again" }));
  await user.selectOptions(dialog.getByLabelText("Workflow"), "orders");
  expect(await dialog.findByText("2 webhooks came.")).toBeTruthy();
  fireEvent.change(dialog.getByLabelText("Came from"), { target: { value: "2026-01-02T03:04" } });
  fireEvent.change(dialog.getByLabelText("Came before"), { target: { value: "2026-01-01T03:04" } });
  expect(await dialog.findByText("It ends before it begins")).toBeTruthy();
  fireEvent.change(dialog.getByLabelText("Came before"), { target: { value: "" } });
  await user.click(await dialog.findByRole("button", { name: "Let 2 happen again" }));
  expect(await screen.findByText("2 runs began")).toBeTruthy();
  expect(sent("POST /api/v1/arrivals/again")).toEqual([{ workflow: "orders", verdict: "accepted", since: Date.parse("2026-01-02T03:04"), draft: false }]);
});

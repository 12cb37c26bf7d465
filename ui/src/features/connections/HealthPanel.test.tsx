// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { HealthPanel } from "./HealthPanel";

const HEALTH = "/api/v1/connections/crm/health";
const BREAKER = "/api/v1/connections/crm/breaker";
const calls = (more: object = {}) => ({ callCount: 0, errorCount: 0, recentCallCount: 0, recentErrorCount: 0, errorShare: 0, waitingCount: 0, breaker: "closed", cachedCount: 0, hitCount: 0, ...more });
const busy = (more: object = {}) =>
  calls({ callCount: 240, errorCount: 3, recentCallCount: 12, recentErrorCount: 2, errorShare: 2 / 12, lastSuccessAt: Date.now() - 1_000, lastFailureAt: Date.now() - 60_000, lastFailure: "the service answered 503", medianMillis: 120, slowMillis: 812, quota: { limit: 10, remaining: 2, resetsAt: Date.now() + 45_500 }, waitingCount: 3, cachedCount: 12, hitCount: 60, ...more });

const panel = (answers: Answers) => openPage({ path: "/", at: "/", page: () => <HealthPanel name="crm" /> }, answers);
/** What stands at a name: the number, and what is said of it. */
const at = (name: string): string[] => {
  const found: string[] = [];
  for (let next = screen.getByText(name, { selector: "dt" }).nextElementSibling; next?.tagName === "DD"; next = next.nextElementSibling) found.push(next.textContent ?? "");
  return found;
};

test("before the first call there is nothing to count, but the breaker can be held", async () => {
  panel({ [`GET ${HEALTH}`]: () => calls() });
  expect(await screen.findByText(/^No call yet since/)).toBeTruthy();
  expect(screen.queryByText("Last success")).toBeNull();
  expect(screen.getByRole("button", { name: "Hold back" })).toBeTruthy();
});

test("the numbers are told with what they count", async () => {
  panel({ [`GET ${HEALTH}`]: () => busy() });
  await screen.findByText("Failed in the last 15 minutes");
  expect(at("Failed in the last 15 minutes")).toEqual(["17 %", "2 of 12 calls"]);
  expect(at("Answers begin within")).toEqual(["120 ms", "half of them; 19 of 20 within 812 ms"]);
  expect(at("Quota left")).toEqual(["2 of 10", "full again in 45 s"]);
  expect(at("Waiting")).toEqual(["3", "calls wait for a place"]);
  expect(at("Last failure")[1]).toBe("the service answered 503; 3 in all");
  expect(at("Answered from memory").slice(0, 2)).toEqual(["20 %", "60 calls; 12 answers keptForget answers"]);
  const meter = screen.getByRole("meter", { name: "Quota left" });
  expect([meter.getAttribute("aria-valuenow"), meter.getAttribute("aria-valuemax")]).toEqual(["2", "10"]);
});

test("calls are held back only when one has agreed, and what was before comes back", async () => {
  let breaker = "closed";
  const { user, sent } = panel({
    [`GET ${HEALTH}`]: () => busy({ breaker }),
    [`POST ${BREAKER}`]: ({ body }) => {
      breaker = { open: "heldOpen", closed: "heldClosed", auto: "closed" }[(body as { breaker: "open" | "closed" | "auto" }).breaker];
      return busy({ breaker });
    },
  });
  await user.click(await screen.findByRole("button", { name: "Hold back" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Cancel" }));
  expect(sent(`POST ${BREAKER}`)).toEqual([]);

  await user.click(screen.getByRole("button", { name: "Hold back" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Hold them back" }));
  expect(await screen.findByText("Calls are held back")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Hold back" }).getAttribute("aria-pressed")).toBe("true");
  expect(screen.getAllByText("Held back by hand")).toHaveLength(2);

  await user.click(screen.getByRole("button", { name: "Undo" }));
  await waitFor(() => { expect(screen.getByRole("button", { name: "By itself" }).getAttribute("aria-pressed")).toBe("true"); });
  expect(sent(`POST ${BREAKER}`)).toEqual([{ breaker: "open" }, { breaker: "auto" }]);
});

test("the breaker is left to itself without a question, and a refusal leaves it as it is", async () => {
  const { user, sent } = panel({ [`GET ${HEALTH}`]: () => busy({ breaker: "heldClosed" }), [`POST ${BREAKER}`]: () => new Refuses(403, "FP0003", "you may not do that") });
  await user.click(await screen.findByRole("button", { name: "By itself" }));
  expect(await screen.findByText("you may not do that")).toBeTruthy();
  expect(sent(`POST ${BREAKER}`)).toEqual([{ breaker: "auto" }]);
  expect(screen.getByRole("button", { name: "Let pass" }).getAttribute("aria-pressed")).toBe("true");
});

test("an open breaker says when the next call looks", async () => {
  panel({ [`GET ${HEALTH}`]: () => busy({ breaker: "open", probeAt: Date.now() + 30_500 }) });
  expect(await screen.findByText(/The next call looks whether it is back/)).toHaveProperty("textContent", "The next call looks whether it is back in 30 s.");
});

test("kept answers are forgotten, and the numbers are read anew", async () => {
  let kept = 12;
  const { user } = panel({
    [`GET ${HEALTH}`]: () => busy({ cachedCount: kept }),
    "POST /api/v1/connections/crm/forget-answers": () => {
      const count = kept;
      kept = 0;
      return { count };
    },
  });
  await user.click(await screen.findByRole("button", { name: "Forget answers" }));
  expect(await screen.findByText("12 answers are forgotten")).toBeTruthy();
  await waitFor(() => { expect(screen.getByText(/0 answers kept/)).toBeTruthy(); });
  expect(screen.getByRole("button", { name: "Forget answers" }).getAttribute("aria-disabled")).toBe("true");
});

import { expect, test } from "vitest";

import { OFFLINE, problemOf, problemsOf, Refusal, refusalOf } from "./problem";

test("a problem of the server is kept whole, with the status of its answer", () => {
  const refusal = refusalOf(412, { code: "FP0104", detail: "it was changed", pointer: "/spec", problems: [] });
  expect(refusal.problem).toMatchObject({ code: "FP0104", pointer: "/spec", status: 412 });
  expect(refusal.stale).toBe(true);
  expect(refusal.message).toBe("it was changed");
});

test("an answer of somebody between us and the server still says something useful", () => {
  const { problem } = refusalOf(502, "<html>Bad gateway</html>");
  expect(problem.code).toBe("http-502");
  expect(problem.detail).toContain("502");
  expect(problem.hint).toContain("proxy");
});

test("a request that got no answer is offline, and not a fault of the app", () => {
  const problem = problemOf(new TypeError("Failed to fetch"));
  expect(problem.code).toBe(OFFLINE);
  expect(new Refusal(problem).offline).toBe(true);
  expect(problemOf(new Error("oops")).code).toBe("app");
});

test("a form gets every problem that a refusal states", () => {
  const inner = { code: "FP0101", detail: "too long", pointer: "/spec/title" };
  const refusal = refusalOf(422, { code: "FP0100", detail: "two faults", problems: [inner] });
  expect(problemsOf(refusal).map((problem) => problem.code)).toEqual(["FP0100", "FP0101"]);
  expect(problemsOf(new Error("oops"))).toEqual([]);
});

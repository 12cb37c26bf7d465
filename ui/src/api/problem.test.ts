import { expect, test } from "vitest";

import { OFFLINE, problemOf, problemsOf, Refusal, refusalOf, unanswered } from "./problem";

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

test("a line that is lost while much was sent is told as what it most likely is", () => {
  expect(unanswered(new TypeError("failed to fetch"), 5_200_000).problem).toMatchObject({ code: "FP0005", detail: "the server hung up while 5.2 MB were sent to it" });
  expect(unanswered(refusalOf(502, "Bad Gateway"), 5_200_000).problem.code).toBe("FP0005");
  expect(unanswered(new TypeError("failed to fetch"), 300).problem.code).toBe(OFFLINE);
  expect(unanswered(refusalOf(502, "Bad Gateway"), 300).problem.code).toBe("http-502");
});

test("what the server says itself is never replaced", () => {
  const said = refusalOf(413, { code: "FP0005", detail: "the spec has 1100012 bytes as JSON, and at most 1048576 are kept", problems: [] });
  expect(unanswered(said, 5_200_000)).toBe(said);
});

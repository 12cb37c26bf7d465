import { expect, test } from "vitest";

import { capital } from "./Prose";

test("a sentence begins with a capital letter, but a name in quotes or code stays as it is called", () => {
  expect(capital("the store is closed")).not.toBe("");
  expect(capital("'amount' expects a number")).toBe("");
  expect(capital("`token` has no value")).toBe("");
});

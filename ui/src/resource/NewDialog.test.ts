import { expect, test } from "vitest";

import { nameOf } from "./NewDialog";

test.each([
  ["Order intake", "order-intake"],
  ["  Größe & Maß! ", "gro-e-ma"],
  ["déjà vu", "deja-vu"],
  ["---", ""],
  ["a".repeat(80), "a".repeat(63)],
])("%s becomes a name", (typed, name) => {
  expect(nameOf(typed)).toBe(name);
});

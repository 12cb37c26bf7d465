import { beforeEach, expect, test, vi } from "vitest";

import { preference } from "./preference";

const kept = new Map<string, string>();
beforeEach(() => {
  kept.clear();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

const made = () => {
  const shown: string[] = [];
  return { shown, size: preference("size", ["small", "large"], (chosen) => { shown.push(chosen); }) };
};

test("a choice is shown, told and kept, and the first one needs no keeping", () => {
  const { shown, size } = made();
  const told = vi.fn();
  size.subscribe(told);
  size.set("large");
  expect([size.read(), kept.get("size"), told.mock.calls.length]).toEqual(["large", "large", 1]);
  expect(made().size.read()).toBe("large");
  size.set("small");
  expect([size.read(), kept.has("size")]).toEqual(["small", false]);
  expect(shown).toEqual(["large", "small"]);
});

test("what was kept and is no choice any more is not taken", () => {
  kept.set("size", "huge");
  expect(made().size.read()).toBe("small");
});

import { expect, test } from "vitest";

import { baseOf, counterpart, isProduction, placeOf, scopeOf } from "./scope";

test("an address says in which scope it is", () => {
  expect(placeOf("/in/acme/dev/workflows/orders")).toEqual({ scope: { workspace: "acme", environment: "dev" }, path: "/workflows/orders" });
  expect(placeOf("/in/acme/dev")).toEqual({ scope: { workspace: "acme", environment: "dev" }, path: "/" });
  expect(placeOf(`${baseOf({ workspace: "a.b", environment: "x_1" })}/runs`).scope).toEqual({ workspace: "a.b", environment: "x_1" });
});

test("an address without a scope is a place anywhere", () => {
  for (const path of ["/", "/workflows", "/in", "/in/acme", "/in/Acme/dev/runs", "/in/%2e%2e/dev/runs", "/inbox/a/b"]) expect(placeOf(path)).toEqual({ scope: null, path });
});

test("only names that the server takes make a scope", () => {
  expect(scopeOf("main/prod")).toEqual({ workspace: "main", environment: "prod" });
  for (const text of [null, "", "main", "main/", "/prod", "a/b/c", "Main/prod", "main/-"]) expect(scopeOf(text)).toBeNull();
});

test("named things are looked for in the other scope, a run is not", () => {
  expect(counterpart("/workflows/orders/edit")).toBe("/workflows/orders/edit");
  expect(counterpart("/runs")).toBe("/runs");
  expect(counterpart("/runs/run_1")).toBe("/runs");
});

test("production is known by its name", () => {
  expect(["prod", "production", "live", "dev", "preprod", "prod-copy"].map((environment) => isProduction({ workspace: "main", environment }))).toEqual([true, true, true, false, false, false]);
});

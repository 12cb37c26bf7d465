import { expect, test } from "vitest";

import { mapped, tableOf } from "./tables";

test("columns get the field of their name, and what was there stays", () => {
  expect(mapped({ mail: "fixed" }, ["name", "mail", "since"], ["name", "id"])).toEqual({ mail: "fixed", name: "={{ $json.name }}", since: "" });
});

test("without known columns the fields of the item are taken", () => {
  expect(mapped(undefined, [], ["name", "odd name"])).toEqual({ name: "={{ $json.name }}", "odd name": "={{ $json[\"odd name\"] }}" });
});

test("a data table tells its columns, whatever else its document holds", () => {
  expect(tableOf({ name: "customers", spec: { description: "Who", columns: [{ name: "mail" }, { name: "orders", type: "number" }, 7] } })).toEqual({ name: "customers", about: "Who", columns: [{ name: "mail", type: "string" }, { name: "orders", type: "number" }] });
});

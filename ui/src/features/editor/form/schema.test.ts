import { expect, test } from "vitest";

import { counts, fieldsOf, initialParams, labelOf } from "./schema";

const SCHEMA = {
  required: ["rules"],
  properties: {
    mode: { $ref: "#/$defs/Mode", description: "How." },
    rules: { type: "array", items: { $ref: "#/$defs/Rule" } },
    limit: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }], description: "At most (`mode: some`).", default: 3 },
    free: {},
  },
  $defs: {
    Mode: { oneOf: [{ const: "all", description: "All." }, { const: "some", description: "Some." }] },
    Rule: { oneOf: [{ properties: { every: { const: "day" }, hour: { type: "integer" } } }, { properties: { every: { const: "cron" }, expression: { type: "string" } }, required: ["expression"] }] },
  },
};

test("a schema becomes fields with their shapes", () => {
  const fields = fieldsOf(SCHEMA);
  expect(fields.map((field) => [field.name, field.shape.is, field.required])).toEqual([["mode", "choice", false], ["rules", "list", true], ["limit", "number", false], ["free", "any", false]]);
  const rules = fields[1]?.shape;
  if (rules?.is !== "list" || rules.of.is !== "variant") throw new Error("not a list of variants");
  expect([rules.of.tag, rules.of.options.map((option) => [option.value, option.fields.map((field) => field.name)])]).toEqual(["every", [["day", ["hour"]], ["cron", ["expression"]]]]);
  expect(initialParams("other", SCHEMA, "")).toEqual({ rules: [] });
});

test("a field that counts only under another's value is told by the schema's words", () => {
  const limit = fieldsOf(SCHEMA)[2];
  if (!limit) throw new Error("no field");
  expect([counts("x", limit, { mode: "some" }), counts("x", limit, {})]).toEqual([true, false]);
  expect(labelOf("fieldToSplitOut")).toBe("Field to split out");
  expect(labelOf("url")).toBe("URL");
});

import { expect, test } from "vitest";

import type { JsonObject } from "../../../canvas/graph/json";
import { helpOf, repeats, sorted } from "./hints";
import { fieldsOf } from "./schema";

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    resource: { $ref: "#/$defs/Resource", default: "file" },
    operation: { anyOf: [{ $ref: "#/$defs/Operation" }, { type: "null" }], "x-form": { offered: { resource: { bucket: ["create", "list"], file: ["list", "copy"] } } } },
    key: { type: "string", title: "Key of the file", examples: ["a/b.pdf"], description: "Copying: the file.", "x-form": { when: { resource: "file", operation: [null, "copy"] } } },
    all: { type: "boolean", default: false, "x-form": { when: { operation: "list" } } },
    limit: { type: "integer", default: 50, "x-form": { when: { operation: "list", all: false }, unit: "rows" } },
    region: { type: "string", default: "", "x-form": { more: true } },
    bucket: { type: "string", "x-form": { when: [{ resource: "file", operation: "copy" }, { resource: "bucket", operation: "list" }] } },
    written: { type: "string", "x-form": { old: true } },
  },
  $defs: {
    Resource: { oneOf: [{ const: "bucket", type: "string" }, { const: "file", type: "string" }] },
    Operation: { type: "string", enum: ["create", "list", "copy"] },
  },
};
const FIELDS = fieldsOf(SCHEMA);
const shown = (params: JsonObject) => { const { front, more } = sorted(FIELDS, params); return [front.map((field) => field.name).join(" "), more.map((field) => field.name).join(" ")]; };
const offered = (params: JsonObject) => sorted(FIELDS, params).front.flatMap((field) => (field.name === "operation" && field.shape.is === "choice" ? field.shape.options.map((option) => option.value) : []));

test("fields show only while their siblings have the values that they count for", () => {
  expect(shown({})).toEqual(["resource operation key", "region"]);
  expect(shown({ operation: "list" })).toEqual(["resource operation all limit", "region"]);
  expect(shown({ operation: "list", all: true })).toEqual(["resource operation all", "region"]);
  expect(shown({ resource: "bucket", operation: "create" })).toEqual(["resource operation", "region"]);
});

test("one of several conditions is enough", () => {
  expect([shown({ operation: "copy" })[0], shown({ resource: "bucket", operation: "list", all: true })[0], shown({ resource: "bucket", operation: "create" })[0]]).toEqual(["resource operation key bucket", "resource operation all bucket", "resource operation"]);
});

test("under an expression nobody knows what counts, so nothing is hidden", () => {
  expect(shown({ operation: "={{ $json.what }}" })).toEqual(["resource operation key all limit bucket", "region"]);
});

test("what only imports write shows where it says something", () => {
  expect(shown({ written: "x" })[1]).toBe("region written");
});

test("choices follow the sibling, and what is chosen stays among them", () => {
  expect(offered({})).toEqual(["list", "copy"]);
  expect(offered({ resource: "bucket" })).toEqual(["create", "list"]);
  expect(offered({ resource: "bucket", operation: "copy" })).toEqual(["create", "list", "copy"]);
});

test("a field is called as its schema says, and its help begins where its place ends", () => {
  const key = FIELDS.find((field) => field.name === "key");
  expect(key && [key.label, key.example, helpOf(key)]).toEqual(["Key of the file", "a/b.pdf", "The file."]);
});

test("help that says what stands above it is left out", () => {
  expect([repeats("Name of the file in the item.", "Name of the file in the item"), repeats("Files.", "Works on File"), repeats("A file of the item; otherwise a text.", "A file of the item"), repeats("Reads rows.", "Operation Select")]).toEqual([true, true, false, false]);
});

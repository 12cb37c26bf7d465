import { expect, test } from "vitest";

import { branchValue, controlOf, initial, readable, rootOf, step, withField, type Schema } from "./schema";

const root: Schema = {
  type: "object",
  properties: {
    auth: { $ref: "#/$defs/Scheme", description: "How." },
    hosts: { type: "array", items: { type: "string" } },
    limit: { anyOf: [{ $ref: "#/$defs/Limit" }, { type: "null" }] },
    title: { type: ["string", "null"] },
    level: { oneOf: [{ const: "low", description: "a" }, { const: "high", description: "b" }] },
    open: { type: "boolean", default: true },
  },
  required: ["auth", "hosts"],
  $defs: {
    Limit: { type: "object", properties: { calls: { type: "integer", minimum: 1 } }, required: ["calls"] },
    Scheme: {
      oneOf: [
        { type: "object", properties: { type: { const: "basic" }, username: { type: "string" } }, required: ["type", "username"], description: "Basic." },
        { type: "object", properties: { type: { const: "header" }, name: { type: "string" }, username: { type: "string" } }, required: ["type", "name"] },
      ],
    },
  },
};
const control = (name: string) => controlOf(root.properties?.[name] ?? {}, root);

test("each schema finds its control, through references and nullables", () => {
  expect(control("auth")).toMatchObject({ form: "tagged", tag: "type" });
  expect(control("hosts")).toMatchObject({ form: "list" });
  expect(control("limit")).toMatchObject({ form: "object", optional: true });
  expect(control("title")).toMatchObject({ form: "text", optional: true });
  expect(control("level")).toMatchObject({ form: "choice", choices: [{ value: "low" }, { value: "high" }] });
  expect(controlOf({}, root).form).toBe("json");
});

test("a new value has what is required, and defaults", () => {
  expect(initial(root, root)).toEqual({ auth: { type: "basic", username: "" }, hosts: [] });
  expect(initial(root.properties?.["open"] ?? {}, root)).toBe(true);
});

test("another branch keeps what both have", () => {
  const auth = control("auth");
  if (auth.form !== "tagged") throw new Error("expected branches");
  const header = auth.branches[1];
  if (header === undefined) throw new Error("expected two");
  expect(branchValue(auth.tag, header, root, { type: "basic", username: "ada" })).toEqual({ type: "header", username: "ada", name: "" });
});

test("an optional field that is emptied is left out, a required one stays", () => {
  expect(withField({ a: 1, b: 2 }, "a", "", false)).toEqual({ b: 2 });
  expect(withField({ a: 1 }, "a", "", true)).toEqual({ a: "" });
  expect(withField({}, "a", false, false)).toEqual({ a: false });
});

test("names and pointers", () => {
  expect(readable("allowPrivate")).toBe("Allow private");
  expect(step("/spec", "a/b~c")).toBe("/spec/a~1b~0c");
});

test("a schema whose root only refers is taken as what it refers to, with its definitions", () => {
  const document: Schema = { $ref: "#/$defs/Rules", $defs: { Rules: { type: "object", properties: { allow: { type: "array", items: { $ref: "#/$defs/Host" } } } }, Host: { type: "string" } } };
  const root = rootOf(document);
  expect(Object.keys(root.properties ?? {})).toEqual(["allow"]);
  expect(controlOf({ $ref: "#/$defs/Host" }, root).form).toBe("text");
});

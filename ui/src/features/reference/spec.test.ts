import { expect, test } from "vitest";

import raw from "@/api/openapi.json";

import { addressOf, curlOf, operationsOf, resolve, sample, typeName, type Document } from "./spec";

const document = raw as unknown as Document;
const operations = operationsOf(document);
const get = (id: string) => {
  const found = operations.find((operation) => operation.id === id);
  if (found === undefined) throw new Error(`no operation ${id}`);
  return found;
};

test("every operation of the document is there once, with a summary", () => {
  expect(operations.length).toBe(Object.values(document.paths).flatMap((methods) => Object.keys(methods)).length);
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  expect(operations.filter(({ summary }) => summary === "")).toEqual([]);
});

test("every reference that an operation makes leads somewhere", () => {
  for (const { id, body, answers } of operations) {
    for (const schema of [body?.schema, ...answers.map((answer) => answer.schema)]) {
      if (schema?.$ref !== undefined) expect(Object.keys(resolve(document, schema)).length, `${id} ${schema.$ref}`).toBeGreaterThan(0);
    }
  }
});

test("values of the path are escaped, empty ones stay visible, and a query holds what was given only", () => {
  expect(addressOf(get("getWorkflow"), {})).toBe("/api/v1/workflows/{name}");
  expect(addressOf(get("getWorkflow"), { "path:name": "a/b?c" })).toBe("/api/v1/workflows/a%2Fb%3Fc");
  expect(addressOf(get("listRuns"), { "query:status": "failed", "query:mode": " " })).toBe("/api/v1/runs?status=failed");
});

test("a command names the token and never holds one, and a quote in a body cannot end the command", () => {
  const command = curlOf(get("applyResources"), "http://here", {}, `{"a":"it's"}`);
  expect(command).toContain('"authorization: Bearer $FISHPLATE_TOKEN"');
  expect(command).toContain(`'{"a":"it'\\''s"}'`);
});

test("a body to begin with has what must be there, also where schemas contain themselves", () => {
  for (const { body } of operations) expect(() => JSON.stringify(sample(document, body?.schema))).not.toThrow();
  expect(sample(document, { type: "object", required: ["a"], properties: { a: { type: "string" }, b: { type: "string" } } })).toEqual({ a: "" });
  expect(typeName({ type: "array", items: { $ref: "#/components/schemas/RunSummary" } })).toBe("list of RunSummary");
});

import { expect, test } from "vitest";

import { withKinds } from "./connectionKinds";
import type { Schema } from "./schema";

const branch = (type: string, more: Record<string, Schema> = {}): Schema => ({ type: "object", properties: { type: { const: type }, ...more } });
const SCHEMA: Schema = {
  properties: { auth: { $ref: "#/$defs/Scheme" } },
  $defs: { Scheme: { oneOf: [branch("basic"), branch("bearer"), branch("login", { protocol: { type: "string" } })] } },
};

const types = (schema: Schema) => schema.properties?.["auth"]?.oneOf?.map(({ properties }) => properties?.["type"]?.const);

test("a slot that takes some kinds of account offers those", () => {
  expect(types(withKinds(SCHEMA, ["bearer"]))).toEqual(["bearer"]);
  expect(withKinds(SCHEMA, undefined)).toBe(SCHEMA);
  expect(withKinds(SCHEMA, ["pigeon"])).toBe(SCHEMA);
});

test("a slot for logins of some protocols offers those protocols", () => {
  const schema = withKinds(SCHEMA, ["login:ftp", "login:sftp"]);
  expect(types(schema)).toEqual(["login"]);
  expect(schema.properties?.["auth"]?.oneOf?.[0]?.properties?.["protocol"]).toEqual({ type: "string", enum: ["ftp", "sftp"], default: "ftp" });
});

import { resolve, type Schema } from "./schema";

/** The schema of a connection, with only some kinds of account to choose from. */
export function withKinds(schema: Schema, kinds: readonly string[] | undefined): Schema {
  const auth = schema.properties?.["auth"];
  if (kinds === undefined || auth === undefined) return schema;
  const scheme = resolve(auth, schema).schema;
  const branches = scheme.oneOf?.filter((branch) => kinds.includes(String(branch.properties?.["type"]?.const)));
  if (branches === undefined || branches.length === 0) return schema;
  return { ...schema, properties: { ...schema.properties, auth: { ...scheme, oneOf: branches } } };
}

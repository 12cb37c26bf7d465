import { resolve, type Schema } from "./schema";

/** The schema of a connection, with only some kinds of account to choose from: `basic`, or `login:postgres` for a login of that protocol. */
export function withKinds(schema: Schema, kinds: readonly string[] | undefined): Schema {
  const auth = schema.properties?.["auth"];
  if (kinds === undefined || auth === undefined) return schema;
  const scheme = resolve(auth, schema).schema;
  const branches = scheme.oneOf?.flatMap((branch) => {
    const type = String(branch.properties?.["type"]?.const);
    if (kinds.includes(type)) return [branch];
    const protocols = kinds.flatMap((kind) => (kind.startsWith(`${type}:`) ? [kind.slice(type.length + 1)] : []));
    if (protocols.length === 0) return [];
    return [{ ...branch, properties: { ...branch.properties, protocol: { type: "string", enum: protocols, default: protocols[0] } } }];
  });
  if (branches === undefined || branches.length === 0) return schema;
  return { ...schema, properties: { ...schema.properties, auth: { ...scheme, oneOf: branches } } };
}

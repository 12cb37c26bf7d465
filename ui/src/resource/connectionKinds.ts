import { readable, resolve, type Schema } from "./schema";

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

/** A way to show an account that belongs to no service in particular. */
export interface Way {
  kind: string;
  title: string;
  about: string;
}

/** Kinds of account in words. */
const TITLES: Readonly<Record<string, string>> = {
  basic: "Name and password",
  digest: "Name and password, as a digest",
  header: "Header",
  bearer: "Bearer token",
  query: "Query parameter",
  jwt: "JWT",
  session: "Login with a session",
  oauth2: "OAuth 2.0",
  awsSigV4: "Signature of AWS",
  custom: "Several headers, parameters and fields",
  keys: "Keys",
  webhook: "Secret of a sender of webhooks",
  login: "Login to a database, a mail server or the like",
};

/** The ways that there are, as the server has them. */
export function waysOf(schema: Schema): Way[] {
  const auth = schema.properties?.["auth"];
  if (auth === undefined) return [];
  return (resolve(auth, schema).schema.oneOf ?? []).map((branch) => {
    const kind = String(branch.properties?.["type"]?.const);
    return { kind, title: TITLES[kind] ?? readable(kind), about: (branch.description ?? "").replace(/\n/g, " ") };
  });
}

/** The ways that every word fits. */
export function findWays(ways: readonly Way[], wanted: string): Way[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return ways.filter(({ kind, title, about }) => words.every((word) => `${kind} ${title} ${about}`.toLowerCase().includes(word)));
}

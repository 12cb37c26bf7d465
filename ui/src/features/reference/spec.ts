/** What the page needs of an OpenAPI 3.1 document. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  example?: unknown;
}

export interface Parameter {
  $ref?: string;
  name: string;
  in: "path" | "query" | "header";
  description?: string;
  required?: boolean;
  schema?: Schema;
}

interface Answer {
  $ref?: string;
  description?: string;
  content?: Record<string, { schema?: Schema }>;
}

export interface Document {
  info: { title: string; version: string };
  paths: Record<string, Record<string, RawOperation>>;
  components: { schemas: Record<string, Schema>; responses?: Record<string, Answer>; parameters?: Record<string, Parameter> };
}

interface RawOperation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, Answer>;
  "x-access"?: string;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  group: string;
  summary: string;
  description: string | undefined;
  access: string | undefined;
  parameters: Parameter[];
  body: { type: string; schema: Schema | undefined } | undefined;
  answers: { status: string; description: string; type: string | undefined; schema: Schema | undefined }[];
}

const METHODS = ["get", "post", "put", "patch", "delete"];

/** What a reference within the document means. */
export function resolve<T extends { $ref?: string }>(document: Document, value: T): T {
  let found: unknown = value;
  for (let hops = 0; hops < 8; hops += 1) {
    const pointer = (found as { $ref?: string } | undefined)?.$ref;
    if (pointer === undefined) break;
    found = pointer
      .replace(/^#\//, "")
      .split("/")
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key.replace(/~1/g, "/").replace(/~0/g, "~")], document);
  }
  return (found ?? {}) as T;
}

/** All operations in the order of the document. */
export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, raw]) => {
        const [type, content] = Object.entries(raw.requestBody?.content ?? {})[0] ?? [];
        return {
          id: raw.operationId,
          method: method.toUpperCase(),
          path,
          group: raw.tags?.[0] ?? "other",
          summary: raw.summary ?? raw.operationId,
          description: raw.description,
          access: raw["x-access"],
          parameters: (raw.parameters ?? []).map((parameter) => resolve(document, parameter)),
          body: type === undefined ? undefined : { type, schema: content?.schema },
          answers: Object.entries(raw.responses ?? {}).map(([status, answer]) => {
            const known = resolve(document, answer);
            const [kind, held] = Object.entries(known.content ?? {})[0] ?? [];
            return { status, description: known.description ?? "", type: kind, schema: held?.schema };
          }),
        };
      }),
  );
}

/** The name by which people speak of a schema's type. */
export function typeName(schema: Schema | undefined): string {
  if (schema === undefined) return "anything";
  if (schema.$ref !== undefined) return schema.$ref.replace(/^.*\//, "");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const either = schema.oneOf ?? schema.anyOf;
  if (either !== undefined) return either.map(typeName).join(" | ");
  if (schema.allOf !== undefined) return schema.allOf.map(typeName).join(" & ");
  const types = [schema.type ?? "anything"].flat();
  return types.map((type) => (type === "array" ? `list of ${typeName(schema.items)}` : type)).join(" | ");
}

/** A value that a schema allows, to begin writing a body with: what must be there, and no more. */
export function sample(document: Document, schema: Schema | undefined, depth = 0): unknown {
  if (schema === undefined || depth > 5) return {};
  const known = resolve(document, schema);
  if (known.example !== undefined) return known.example;
  if (known.const !== undefined) return known.const;
  if (known.default !== undefined && known.default !== null) return known.default;
  if (known.enum !== undefined) return known.enum[0];
  const first = (known.oneOf ?? known.anyOf ?? []).find((one) => one.type !== "null");
  if (first !== undefined) return sample(document, first, depth + 1);
  if (known.allOf !== undefined) {
    return Object.assign({}, ...known.allOf.map((part) => sample(document, part, depth + 1))) as unknown;
  }
  const type = [known.type ?? (known.properties === undefined ? "any" : "object")].flat().find((one) => one !== "null");
  if (type === "object" || type === "any") {
    return Object.fromEntries((known.required ?? []).map((name) => [name, sample(document, known.properties?.[name], depth + 1)]));
  }
  if (type === "array") return [];
  if (type === "string") return "";
  return type === "boolean" ? false : 0;
}

/** The address of a call with its parameters filled in; those of the path that are missing stay visible. */
export function addressOf(operation: Operation, values: Readonly<Record<string, string>>): string {
  const given = (parameter: Parameter): string => (values[`${parameter.in}:${parameter.name}`] ?? "").trim();
  const path = operation.parameters
    .filter((parameter) => parameter.in === "path" && given(parameter) !== "")
    .reduce((text, parameter) => text.replace(`{${parameter.name}}`, encodeURIComponent(given(parameter))), operation.path);
  const query = new URLSearchParams(operation.parameters.filter((parameter) => parameter.in === "query" && given(parameter) !== "").map((parameter) => [parameter.name, given(parameter)]));
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** The call as a command. The token is named, never shown. */
export function curlOf(operation: Operation, origin: string, values: Readonly<Record<string, string>>, body: string | undefined): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const parts = [`curl${operation.method === "GET" ? "" : ` -X ${operation.method}`} ${quoted(origin + addressOf(operation, values))}`, '-H "authorization: Bearer $FISHPLATE_TOKEN"'];
  for (const parameter of operation.parameters) {
    const value = values[`header:${parameter.name}`];
    if (parameter.in === "header" && value !== undefined && value !== "") parts.push(`-H ${quoted(`${parameter.name}: ${value}`)}`);
  }
  if (operation.body !== undefined) parts.push(`-H ${quoted(`content-type: ${operation.body.type}`)}`, `-d ${quoted(body ?? "")}`);
  return parts.join(" \\\n  ");
}

/** JSON Schema as our kinds use it. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  additionalProperties?: boolean | Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
}

/** How a value is edited. */
export type Control =
  | { form: "text"; schema: Schema; optional: boolean }
  | { form: "number"; schema: Schema; optional: boolean; whole: boolean }
  | { form: "boolean"; schema: Schema }
  | { form: "choice"; schema: Schema; optional: boolean; choices: { value: string; name: string; about: string }[] }
  | { form: "list"; schema: Schema; of: Schema }
  | { form: "object"; schema: Schema; optional: boolean; fields: { name: string; schema: Schema; required: boolean }[] }
  | { form: "tagged"; schema: Schema; tag: string; branches: { value: string; about: string; schema: Schema }[] }
  | { form: "json"; schema: Schema; optional: boolean };

/** Follows references, and takes a nullable schema apart. */
export function resolve(schema: Schema, root: Schema): { schema: Schema; optional: boolean } {
  let optional = false;
  let now = schema;
  for (let steps = 0; steps < 20; steps += 1) {
    if (now.$ref !== undefined) {
      const name = now.$ref.split("/").at(-1) ?? "";
      const target = root.$defs?.[name] ?? root.definitions?.[name];
      if (target === undefined) return { schema: {}, optional };
      now = { ...target, ...(now.description === undefined ? {} : { description: now.description }), ...("default" in now ? { default: now.default } : {}) };
      continue;
    }
    const others = now.anyOf?.filter((branch) => branch.type !== "null");
    if (now.anyOf !== undefined && others?.length === 1 && others[0] !== undefined) {
      optional = optional || others.length < now.anyOf.length;
      now = { ...others[0], ...(now.description === undefined ? {} : { description: now.description }) };
      continue;
    }
    if (Array.isArray(now.type)) {
      const types = now.type.filter((type) => type !== "null");
      optional = optional || types.length < now.type.length;
      now = { ...now, ...(types.length === 1 && types[0] !== undefined ? { type: types[0] } : {}) };
    }
    break;
  }
  return { schema: now, optional };
}

/** A document's own schema, when its root only refers to one of its definitions; the definitions stay with it. */
export function rootOf(document: Schema): Schema {
  const { $defs, definitions } = document;
  return { ...resolve(document, document).schema, ...($defs === undefined ? {} : { $defs }), ...(definitions === undefined ? {} : { definitions }) };
}

/** The control for a schema. */
export function controlOf(given: Schema, root: Schema): Control {
  const { schema, optional } = resolve(given, root);
  if (schema.oneOf !== undefined) {
    if (schema.oneOf.every((branch) => typeof branch.const === "string")) {
      return { form: "choice", schema, optional, choices: schema.oneOf.map((branch) => ({ value: String(branch.const), name: branch.title ?? String(branch.const), about: branch.description ?? "" })) };
    }
    const tag = tagOf(schema.oneOf);
    if (tag !== null) {
      const branches = schema.oneOf.map((branch) => ({ value: String(branch.properties?.[tag]?.const), about: branch.description ?? "", schema: branch }));
      return { form: "tagged", schema, tag, branches };
    }
  }
  if (schema.enum !== undefined && schema.enum.every((value) => typeof value === "string")) {
    return { form: "choice", schema, optional, choices: schema.enum.map((value) => ({ value: String(value), name: String(value), about: "" })) };
  }
  if (schema.type === "string") return { form: "text", schema, optional };
  if (schema.type === "integer" || schema.type === "number") return { form: "number", schema, optional, whole: schema.type === "integer" };
  if (schema.type === "boolean") return { form: "boolean", schema };
  if (schema.type === "array" && schema.items !== undefined) return { form: "list", schema, of: schema.items };
  if (schema.type === "object" && schema.properties !== undefined) {
    const fields = Object.entries(schema.properties).map(([name, field]) => ({ name, schema: field, required: schema.required?.includes(name) === true }));
    return { form: "object", schema, optional, fields };
  }
  return { form: "json", schema, optional };
}

/** The property whose constant tells the branches of a union apart. */
function tagOf(branches: Schema[]): string | null {
  const names = Object.keys(branches[0]?.properties ?? {});
  return names.find((name) => branches.every((branch) => typeof branch.properties?.[name]?.const === "string")) ?? null;
}

/** What a new value begins as: defaults, and what is required. */
export function initial(given: Schema, root: Schema): unknown {
  const control = controlOf(given, root);
  if ("default" in control.schema) return control.schema.default;
  switch (control.form) {
    case "text":
      return "";
    case "number":
      return control.schema.minimum ?? 0;
    case "boolean":
      return false;
    case "choice":
      return control.choices[0]?.value ?? "";
    case "list":
      return [];
    case "tagged": {
      const first = control.branches[0];
      return first === undefined ? {} : branchValue(control.tag, first, root, {});
    }
    case "object":
      return Object.fromEntries(control.fields.filter((field) => field.required).map((field) => [field.name, initial(field.schema, root)]));
    case "json":
      return null;
  }
}

/** The value of a branch, keeping what it has in common with another. */
export function branchValue(tag: string, branch: { value: string; schema: Schema }, root: Schema, before: Record<string, unknown>): Record<string, unknown> {
  const value: Record<string, unknown> = { [tag]: branch.value };
  for (const [name, field] of Object.entries(branch.schema.properties ?? {})) {
    if (name === tag) continue;
    if (name in before) value[name] = before[name];
    else if (branch.schema.required?.includes(name) === true) value[name] = initial(field, root);
  }
  return value;
}

/** An object with a field set; an optional field that is empty is left out. */
export function withField(value: Record<string, unknown>, name: string, field: unknown, required: boolean): Record<string, unknown> {
  const empty = field === undefined || field === "" || (Array.isArray(field) && field.length === 0);
  if (required || !empty) return { ...value, [name]: field };
  return Object.fromEntries(Object.entries(value).filter(([known]) => known !== name));
}

/** A name of the API as people read it: `allowPrivate` is "Allow private". */
export function readable(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** One step of a JSON pointer. */
export function step(pointer: string, part: string | number): string {
  return `${pointer}/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

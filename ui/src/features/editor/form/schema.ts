//! From a node type's JSON Schema to what a form shows: one entry for each parameter, and which of them count now.

import { isList, isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { hintsOf, holds, valueOf, type Hints } from "./hints";

export type Shape =
  | { readonly is: "text"; readonly long: boolean }
  | { readonly is: "number"; readonly whole: boolean; readonly least?: number; readonly most?: number }
  | { readonly is: "switch" }
  | { readonly is: "choice"; readonly options: readonly { readonly value: string; readonly about: string; readonly label?: string | undefined }[] }
  | { readonly is: "object"; readonly fields: readonly FieldSpec[] }
  | { readonly is: "list"; readonly of: Shape }
  /** One of several objects, told apart by the constant in `tag`. */
  | { readonly is: "variant"; readonly tag: string; readonly options: readonly { readonly value: string; readonly about: string; readonly label?: string; readonly fields: readonly FieldSpec[] }[] }
  | { readonly is: "any" };

export interface FieldSpec {
  readonly name: string;
  readonly label: string;
  readonly about: string;
  readonly required: boolean;
  readonly otherwise: Json | undefined;
  /** It can be absent, which is no value of its own choices. */
  readonly optional: boolean;
  readonly example: string | undefined;
  readonly hints: Hints | undefined;
  readonly shape: Shape;
}

/** Deep schemas refer to themselves; what lies deeper is edited as JSON. */
const DEEPEST = 5;

export function fieldsOf(schema: JsonObject): FieldSpec[] {
  const definitions = isObject(schema["$defs"]) ? schema["$defs"] : {};
  return fieldsIn(schema, definitions, 0);
}

function fieldsIn(schema: JsonObject, definitions: JsonObject, depth: number, except?: string): FieldSpec[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = isList(schema["required"]) ? schema["required"] : [];
  return Object.entries(properties).flatMap(([name, property]) => {
    if (name === except || !isObject(property)) return [];
    const about = typeof property["description"] === "string" ? property["description"] : "";
    const [example] = isList(property["examples"]) ? property["examples"] : [];
    return [{
      name,
      label: typeof property["title"] === "string" ? property["title"] : labelOf(name),
      about,
      required: required.includes(name),
      otherwise: property["default"],
      optional: isList(property["anyOf"]) && property["anyOf"].some((option) => isObject(option) && option["type"] === "null"),
      example: typeof example === "string" ? example : undefined,
      hints: hintsOf(property),
      shape: shapeOf(property, definitions, depth, name),
    }];
  });
}

/** `fieldToSplitOut` becomes `Field to split out`. */
export function labelOf(name: string): string {
  if (name === "iCal") return name;
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().replace(/\b(url|json|http|id|sql|jwt|ftp|sftp|html|csv|xml|pdf|ods|rtf|xls|xlsx|tls|dn|uuid|utc|bom|rss|tcp|cc|bcc|md5|sha1|sha224|sha256|sha384|sha512|hmac)\b/g, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function resolve(schema: JsonObject, definitions: JsonObject): JsonObject {
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const target = definitions[reference.split("/").at(-1) ?? ""];
    return isObject(target) ? target : {};
  }
  if (isList(schema["anyOf"])) {
    const real = schema["anyOf"].filter((option): option is JsonObject => isObject(option) && option["type"] !== "null");
    const [only] = real;
    if (only && real.length === 1) return resolve(only, definitions);
  }
  return schema;
}

function shapeOf(property: JsonObject, definitions: JsonObject, depth: number, name: string): Shape {
  const schema = resolve(property, definitions);
  if (depth > DEEPEST) return { is: "any" };
  const options = isList(schema["oneOf"]) ? schema["oneOf"].filter(isObject) : [];
  if (options.length > 0) {
    if (options.every((option) => typeof option["const"] === "string")) {
      return { is: "choice", options: options.map((option) => ({ value: String(option["const"]), about: String(option["description"] ?? "") })) };
    }
    const tag = tagOf(options);
    if (tag === undefined) return { is: "any" };
    return {
      is: "variant",
      tag,
      options: options.map((option) => {
        const properties = option["properties"] as JsonObject;
        return { value: String((properties[tag] as JsonObject)["const"]), about: String(option["description"] ?? ""), fields: fieldsIn(option, definitions, depth + 1, tag) };
      }),
    };
  }
  if (isList(schema["enum"])) return { is: "choice", options: schema["enum"].map((value) => ({ value: String(value), about: "" })) };
  const types = (isList(schema["type"]) ? schema["type"] : [schema["type"]]).filter((type) => type !== "null");
  switch (types.length === 1 ? types[0] : undefined) {
    case "string":
      return { is: "text", long: /^(content|code|text|query|body|message|html)$/i.test(name) };
    case "integer":
    case "number":
      return {
        is: "number",
        whole: types[0] === "integer",
        ...(typeof schema["minimum"] === "number" ? { least: schema["minimum"] } : {}),
        ...(typeof schema["maximum"] === "number" && schema["maximum"] < 65_535 ? { most: schema["maximum"] } : {}),
      };
    case "boolean":
      return { is: "switch" };
    case "array":
      return isObject(schema["items"]) && !isList(schema["prefixItems"]) ? { is: "list", of: shapeOf(schema["items"], definitions, depth + 1, name) } : { is: "any" };
    case "object": {
      const fields = fieldsIn(schema, definitions, depth + 1);
      return fields.length > 0 ? { is: "object", fields } : { is: "any" };
    }
    default:
      return types.length > 1 && types.includes("string") ? { is: "text", long: false } : { is: "any" };
  }
}

/** The field that is a constant in every option. */
function tagOf(options: readonly JsonObject[]): string | undefined {
  const [first] = options;
  if (!first || !isObject(first["properties"])) return undefined;
  return Object.keys(first["properties"]).find((key) =>
    options.every((option) => {
      const property = isObject(option["properties"]) ? option["properties"][key] : undefined;
      return isObject(property) && typeof property["const"] === "string";
    }),
  );
}

/**
 * Fields that count only under a value of another one. Schemas say so in words (`mode: combine`); the built-in types'
 * rules are told here, for every other type the words are read.
 */
const CONDITIONS: Readonly<Record<string, Readonly<Record<string, (params: JsonObject) => boolean>>>> = {
  "core.set": {
    fields: (params) => params["mode"] !== "json",
    json: (params) => params["mode"] === "json",
    includeFields: (params) => params["include"] === "selected",
    excludeFields: (params) => params["include"] === "except",
    duplicates: (params) => (params["duplicates"] ?? 0) !== 0,
    rules: () => false,
  },
  "core.switch": {
    rules: (params) => params["mode"] !== "expression",
    fallbackOutput: (params) => params["mode"] !== "expression",
    renameFallbackOutput: (params) => params["mode"] !== "expression" && params["fallbackOutput"] === "extra",
    allMatchingOutputs: (params) => params["mode"] !== "expression",
    outputs: (params) => params["mode"] === "expression",
    output: (params) => params["mode"] === "expression",
  },
  "core.merge": {
    combineBy: () => false,
    numberInputs: (params) => ["append", "chooseBranch", "combineBySql"].includes(String(params["mode"] ?? "append")) || params["combineBy"] === "combineByPosition",
    fieldsToMatch: (params) => byFields(params) && params["advanced"] !== true,
    advanced: byFields,
    pairs: (params) => byFields(params) && params["advanced"] === true,
    joinMode: byFields,
    outputDataFrom: byFields,
    multipleMatches: byFields,
    fuzzyCompare: byFields,
    disableDotNotation: byFields,
    clash: (params) => params["mode"] === "combine",
    includeUnpaired: (params) => params["mode"] === "combine" && params["combineBy"] === "combineByPosition",
    output: (params) => params["mode"] === "chooseBranch",
    useDataOfInput: (params) => params["mode"] === "chooseBranch" && params["output"] !== "empty",
    query: (params) => params["mode"] === "combineBySql",
    queryParameters: (params) => params["mode"] === "combineBySql",
    emptyQueryResult: (params) => params["mode"] === "combineBySql",
    propertyName1: (params) => /Key/.test(String(params["mode"])),
    propertyName2: (params) => /Key/.test(String(params["mode"])),
    overwrite: (params) => params["mode"] === "mergeByKey",
    join: (params) => params["mode"] === "mergeByIndex",
    rules: () => false,
  },
  "core.wait": {
    amount: (params) => (params["until"] ?? "interval") === "interval",
    unit: () => false,
    at: (params) => params["until"] === "time",
    method: (params) => params["until"] === "call",
    door: (params) => params["until"] === "call",
    form: (params) => params["until"] === "form",
    limit: (params) => params["until"] === "call" || params["until"] === "form",
  },
  "http.respond": {
    json: (params) => params["with"] === "json",
    text: (params) => params["with"] === "text",
    url: (params) => params["with"] === "redirect",
    claims: (params) => params["with"] === "jwt",
    key: (params) => params["with"] === "jwt",
    file: (params) => params["with"] === "file",
  },
  "core.aggregate": {
    include: wholeItems,
    fieldsToInclude: (params) => wholeItems(params) && params["include"] === "specifiedFields",
    fieldsToExclude: (params) => wholeItems(params) && params["include"] === "allFieldsExcept",
    keepOnlyUnique: (params) => params["includeBinaries"] === true,
    mergeLists: (params) => !wholeItems(params),
    keepMissing: (params) => !wholeItems(params),
  },
  "core.loop": { outputs: (params) => params["outputs"] !== undefined },
  "core.limit": { keep: () => false },
  "core.call": { convert: (params) => isList(params["fields"]) && params["fields"].length > 0 },
  "form.page": { form: (params) => params["show"] !== "end", json: (params) => params["show"] !== "end", limit: (params) => params["show"] !== "end", end: (params) => params["show"] === "end" },
  "http.webhook": {
    status: (params) => answers(params) !== "respondNode",
    body: (params) => answers(params) === "immediately",
    contentType: (params) => answers(params) === "immediately" || answers(params) === "lastNode",
    property: (params) => answers(params) === "lastNode" && answerData(params) === "firstEntryJson",
    responseFile: (params) => answers(params) === "lastNode" && answerData(params) === "firstEntryBinary",
    headers: (params) => answers(params) !== "respondNode",
  },
  "core.called": {
    fields: (params) => params["input"] === "fields",
    example: (params) => params["input"] === "example",
  },
  "http.request": { authentication: (params) => params["authentication"] === "predefined", credentialType: (params) => params["authentication"] === "predefined" },
};

function wholeItems(params: JsonObject): boolean {
  return params["aggregate"] === "aggregateAllItemData";
}

function answers(params: JsonObject): Json | undefined {
  const respond = params["respond"];
  return isObject(respond) ? respond["when"] : "immediately";
}

function answerData(params: JsonObject): Json | undefined {
  const respond = params["respond"];
  return isObject(respond) ? (respond["data"] ?? "allEntries") : undefined;
}

function byFields(params: JsonObject): boolean {
  return params["mode"] === "combine" && (params["combineBy"] ?? "combineByFields") === "combineByFields";
}

export function counts(type: string, field: FieldSpec, params: JsonObject, fields: readonly FieldSpec[] = []): boolean {
  const rule = CONDITIONS[type]?.[field.name];
  if (rule) return rule(params) || params[field.name] !== undefined && hasText(params[field.name]) && !DRAWN_TOGETHER.has(`${type}/${field.name}`) && type !== "core.set" && type !== "core.merge";
  if (field.hints !== undefined) return holds(field.hints, fields, params);
  const told = /\(`(\w+): (\w+)`\)/.exec(field.about);
  return told === null || valueOf(fields, params, told[1] ?? "") === told[2];
}

/** Fields that the editor of another one shows. */
const DRAWN_TOGETHER = new Set(["core.limit/keep", "core.wait/unit"]);

function hasText(value: Json | undefined): boolean {
  return typeof value === "string" && value !== "";
}

/** What a new entry of a list, or a field that was switched on, begins with. */
export function blank(shape: Shape): Json {
  switch (shape.is) {
    case "text":
      return "";
    case "number":
      return shape.least ?? 0;
    case "switch":
      return false;
    case "choice":
      return shape.options[0]?.value ?? "";
    case "list":
      return [];
    case "object":
      return Object.fromEntries(shape.fields.filter((field) => field.required).map((field) => [field.name, blank(field.shape)]));
    case "variant": {
      const [first] = shape.options;
      return first ? { [shape.tag]: first.value, ...Object.fromEntries(first.fields.filter((field) => field.required).map((field) => [field.name, blank(field.shape)])) } : {};
    }
    case "any":
      return null;
  }
}

/** Parameters that a node of the type begins with. */
export function initialParams(type: string, schema: JsonObject, free: string): JsonObject {
  switch (type) {
    case "http.webhook":
      return { methods: ["POST"], path: free, respond: { when: "immediately" } };
    case "form.trigger":
      return { path: free, form: { title: "", fields: [{ label: "Name", required: true }] } };
    case "core.schedule":
      return { rules: [{ every: "days", count: 1, hour: 9, minute: 0 }] };
    case "core.set":
      return { fields: [{ name: "", type: "string", value: "" }] };
    case "core.if":
    case "core.filter":
      return { conditions: { conditions: [{ leftValue: "", rightValue: "", operator: { type: "string", operation: "equals" } }], combinator: "and" } };
    case "core.switch":
      return { rules: [{ conditions: { conditions: [{ leftValue: "", rightValue: "", operator: { type: "string", operation: "equals" } }], combinator: "and" } }] };
    case "core.code":
      return { code: "// Items that came in: $input.all()\nreturn $input.all();\n" };
    case "http.request":
      return { method: "GET", url: "" };
    default: {
      const needed = fieldsOf(schema).filter((field) => field.required);
      return Object.fromEntries(needed.map((field) => [field.name, field.otherwise ?? blank(field.shape)]));
    }
  }
}

//! The fields of a form that visitors fill in: what kinds there are, and what each of them asks for.

import { isList, isObject, type Json, type JsonObject } from "../../../canvas/graph/json";

export interface FieldKind {
  readonly type: string;
  readonly label: string;
  /** What there is to set besides label and whether it is needed, in the order of the editor. */
  readonly asks: readonly ("placeholder" | "value" | "options" | "multiple" | "count" | "accept" | "html" | "format")[];
}

export const FIELD_KINDS: readonly FieldKind[] = [
  { type: "text", label: "Text", asks: ["placeholder", "value"] },
  { type: "textarea", label: "Long text", asks: ["placeholder", "value"] },
  { type: "number", label: "Number", asks: ["placeholder", "value"] },
  { type: "email", label: "Email address", asks: ["placeholder", "value"] },
  { type: "password", label: "Password", asks: ["placeholder"] },
  { type: "date", label: "Date", asks: ["value", "format"] },
  { type: "dropdown", label: "Dropdown", asks: ["options", "multiple", "value"] },
  { type: "radio", label: "One of several", asks: ["options", "value"] },
  { type: "checkbox", label: "Some of several", asks: ["options", "count", "value"] },
  { type: "file", label: "File", asks: ["accept", "multiple"] },
  { type: "hiddenField", label: "Hidden value", asks: ["value"] },
  { type: "html", label: "Own markup", asks: ["html"] },
];

const TEXT: FieldKind = { type: "text", label: "Text", asks: ["placeholder", "value"] };

export function kindOfField(field: JsonObject): FieldKind {
  const type = typeof field["type"] === "string" ? field["type"] : "text";
  return FIELD_KINDS.find((kind) => kind.type === type) ?? { ...TEXT, type, label: type };
}

export function fieldsOfForm(form: Json | undefined): JsonObject[] {
  const fields = isObject(form) ? form["fields"] : undefined;
  return isList(fields) ? fields.map((field) => (isObject(field) ? field : {})) : [];
}

/** A new field; what can be chosen begins with two choices, so that it is something at once. */
export function newField(type: string, taken: readonly JsonObject[]): JsonObject {
  const kind = kindOfField({ type });
  const free = (label: string): string => {
    const labels = new Set(taken.map((field) => field["label"]));
    if (!labels.has(label)) return label;
    for (let number = 2; ; number += 1) if (!labels.has(`${label} ${number}`)) return `${label} ${number}`;
  };
  if (type === "html") return { label: "", type, html: "<p>…</p>" };
  const options = kind.asks.includes("options") ? { options: ["First", "Second"] } : {};
  return { label: free(kind.label), ...(type === "text" ? {} : { type }), ...options };
}

/** The field as another kind: what the new kind does not ask for goes, so that nothing unseen stays in the document. */
export function retyped(field: JsonObject, type: string): JsonObject {
  const kind = kindOfField({ type });
  const kept: readonly string[] = ["label", "name", "required", ...kind.asks.flatMap((ask) => (ask === "count" ? ["least", "most"] : [ask]))];
  const rest = Object.fromEntries(Object.entries(field).filter(([key]) => kept.includes(key)));
  return { ...rest, type, ...(kind.asks.includes("options") && rest["options"] === undefined ? { options: ["First", "Second"] } : {}) };
}

/** The list with the element at another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const next = [...list];
  const [taken] = next.splice(from, 1);
  if (taken !== undefined) next.splice(Math.min(Math.max(to, 0), next.length), 0, taken);
  return next;
}

/** What keeps visitors from filling it in, or makes two values one. */
export function formFault(fields: readonly JsonObject[], index: number): string | undefined {
  const field = fields[index] ?? {};
  const kind = kindOfField(field);
  if (kind.type === "html") return undefined;
  const name = (one: JsonObject) => String(one["name"] ?? one["label"] ?? "");
  if (name(field) === "") return "it needs a label: its value would have no name";
  const twin = fields.findIndex((other, at) => at !== index && kindOfField(other).type !== "html" && name(other) === name(field));
  if (twin !== -1 && twin < index) return `field ${twin + 1} has the same name: only one of the values would be kept`;
  if (kind.asks.includes("options") && (!isList(field["options"]) || field["options"].length === 0)) return "there is nothing to choose from";
  return undefined;
}

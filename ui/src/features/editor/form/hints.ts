//! What a schema says of a field for its form (`x-form`), and which fields count under the values that hold now.

import { isList, isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import type { FieldSpec } from "./schema";

/** Controls that a field asks for where its type alone would give a plain one. */
const CONTROLS = ["text", "sql", "json", "html", "css", "shell", "graphql", "password", "moment", "names", "commas", "field", "fields", "columns", "column", "table", "workflow", "values", "form"] as const;
export type HintedControl = (typeof CONTROLS)[number];

export interface Hints {
  /** Values that siblings must have: all of one entry. Without an entry, the field always counts. */
  readonly when: readonly (readonly { readonly sibling: string; readonly values: readonly Json[] }[])[];
  /** Which choices there are under the values of a sibling. */
  readonly offered: readonly { readonly sibling: string; readonly under: Readonly<Record<string, readonly string[]>> }[];
  readonly as: HintedControl | undefined;
  /** Values are offered from a list of the service's: the node's parameters that it depends on, and whether the service searches it. */
  readonly choices: { readonly from: readonly string[]; readonly search: boolean } | undefined;
  /** What numbers mean. */
  readonly words: Readonly<Record<string, string>> | undefined;
  readonly unit: string | undefined;
  readonly more: boolean;
  /** Only imports write it. */
  readonly old: boolean;
}

export function hintsOf(property: JsonObject): Hints | undefined {
  const said = property["x-form"];
  if (!isObject(said)) return undefined;
  const entries = (name: string) => Object.entries(isObject(said[name]) ? said[name] : {});
  const texts = (value: JsonObject) => Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
  return {
    when: (isList(said["when"]) ? said["when"] : [said["when"]]).filter(isObject).map((all) => Object.entries(all).map(([sibling, values]) => ({ sibling, values: isList(values) ? values : [values ?? null] }))),
    offered: entries("offered").map(([sibling, under]) => ({ sibling, under: Object.fromEntries(Object.entries(isObject(under) ? under : {}).map(([value, choices]) => [value, isList(choices) ? choices.map(String) : []])) })),
    as: CONTROLS.find((control) => control === said["as"]),
    choices: isObject(said["choices"]) ? { from: isList(said["choices"]["from"]) ? said["choices"]["from"].map(String) : [], search: said["choices"]["search"] === true } : undefined,
    words: isObject(said["words"]) ? texts(said["words"]) : undefined,
    unit: typeof said["unit"] === "string" ? said["unit"] : undefined,
    more: said["more"] === true,
    old: said["old"] === true,
  };
}

/** What holds for a field: what is set, what the schema says, or the first choice, which is what a choice begins with. */
export function valueOf(fields: readonly FieldSpec[], params: JsonObject, name: string): Json {
  const field = fields.find((other) => other.name === name);
  return params[name] ?? field?.otherwise ?? (field?.shape.is === "choice" && !field.optional ? field.shape.options[0]?.value : undefined) ?? (field?.shape.is === "switch" ? false : null);
}

/** Whether the siblings have the values under which a field counts; nobody knows it of one that is an expression. */
export function holds(hints: Hints, fields: readonly FieldSpec[], params: JsonObject): boolean {
  const one = ({ sibling, values }: Hints["when"][number][number]) => {
    const value = valueOf(fields, params, sibling);
    return (typeof value === "string" && value.startsWith("=")) || values.includes(value);
  };
  return hints.when.length === 0 || hints.when.some((all) => all.every(one));
}

/** The field with the choices that there are now. What is chosen stays among them, whatever it is. */
export function narrowed(field: FieldSpec, fields: readonly FieldSpec[], params: JsonObject): FieldSpec {
  const { shape } = field;
  if (shape.is !== "choice" || field.hints === undefined || field.hints.offered.length === 0) return field;
  const lists = field.hints.offered.flatMap(({ sibling, under }) => under[String(valueOf(fields, params, sibling))] ?? []);
  if (lists.length === 0) return field;
  const kept = shape.options.filter((option) => lists.includes(option.value) || option.value === params[field.name]);
  return { ...field, shape: { ...shape, options: kept } };
}

export interface Sorted {
  readonly front: readonly FieldSpec[];
  readonly more: readonly FieldSpec[];
}

/** Fields that count, those for every day in front. What only imports write is shown where it says something. */
export function sorted(fields: readonly FieldSpec[], params: JsonObject): Sorted {
  const front: FieldSpec[] = [];
  const more: FieldSpec[] = [];
  for (const field of fields) {
    if (field.hints !== undefined && !holds(field.hints, fields, params)) continue;
    const set = params[field.name] !== undefined && params[field.name] !== field.otherwise;
    if (field.hints?.old === true && !set) continue;
    (field.hints?.more === true || field.hints?.old === true ? more : front).push(narrowed(field, fields, params));
  }
  return { front, more };
}

/** A field's description for who sees it already in its place: “Uploading: the text.” is “The text.”. */
export function helpOf({ about, hints }: FieldSpec): string {
  const said = hints !== undefined && hints.when.length > 0 ? about.replace(/^[^.:;(]{1,60}: /, "") : about;
  return said.charAt(0).toUpperCase() + said.slice(1);
}

const SMALL = new Set(["a", "an", "the", "its", "it", "is", "of", "to", "in", "with", "as", "that", "one", "by"]);
const wordsOf = (text: string) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "" && !SMALL.has(word)).map((word) => word.replace(/s$/, ""));

/** Help that says no more than what stands above it; nobody misses it. */
export function repeats(help: string, above: string): boolean {
  const known = new Set(wordsOf(above));
  return wordsOf(help).every((word) => known.has(word));
}

//! How the forms of the built-in types are laid out: what stands in front, what stands behind "More", and in which words.
//!
//! A type that is not listed is laid out by the hints in its schema. Without any, it shows its first fields, what it needs
//! and what is set.

import type { JsonObject } from "../../../canvas/graph/json";
import { sorted, type Sorted } from "./hints";
import type { FieldSpec } from "./schema";

interface Layout {
  /** What is always shown, in this order. */
  readonly front: readonly string[];
  /** What only imports set; shown when it is set. */
  readonly imported?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  "core.set": { front: ["mode", "fields", "json", "include", "includeFields", "excludeFields"], imported: ["rules", "duplicates"], labels: { mode: "Set", include: "Keep of the incoming fields", includeFields: "Fields to keep", excludeFields: "Fields to drop", dotNotation: "Dots in names lead into objects", stripBinary: "Drop files", json: "Object" } },
  "core.if": { front: ["conditions"] },
  "core.filter": { front: ["conditions"] },
  "core.switch": { front: ["mode", "rules", "output", "outputs", "fallbackOutput", "renameFallbackOutput"], labels: { mode: "Decided by", output: "Number of the output, from 0", outputs: "Number of outputs", renameFallbackOutput: "Name of that output", allMatchingOutputs: "Send to every rule that is met" } },
  "core.code": { front: ["mode", "code"], imported: ["language", "dialect"], labels: { mode: "Runs" } },
  "core.merge": { front: ["mode", "numberInputs", "fieldsToMatch", "pairs", "advanced", "joinMode", "outputDataFrom", "output", "useDataOfInput", "query"], imported: ["rules", "propertyName1", "propertyName2", "overwrite", "join"], labels: { numberInputs: "Number of inputs", fieldsToMatch: "Fields that must be equal", advanced: "The fields have other names on each side", pairs: "Fields that must be equal", joinMode: "Put out", outputDataFrom: "With the fields of", output: "Put out", useDataOfInput: "Input", includeUnpaired: "Also what has no counterpart", fuzzyCompare: "`3` matches `\"3\"`", clash: "When both have a field", queryParameters: "Values of the `?`", emptyQueryResult: "Without rows" } },
  "core.loop": { front: ["batchSize"], labels: { batchSize: "Items in each round", reset: "Begin again with what comes in" } },
  "core.limit": { front: ["maxItems"] },
  "core.sort": { front: ["type", "fields", "code"], labels: { type: "By" } },
  "core.split-out": { front: ["fieldToSplitOut", "include", "fieldsToInclude", "destinationFieldName"], labels: { fieldToSplitOut: "Fields with lists", include: "Other fields", fieldsToInclude: "Which of them", destinationFieldName: "Put the elements into", includeBinary: "Files go along" } },
  "core.aggregate": { front: ["aggregate", "fields", "destinationFieldName", "include", "fieldsToInclude", "fieldsToExclude", "groupByFields"], labels: { aggregate: "Make lists of", destinationFieldName: "Put the list into", include: "Fields of the items", fieldsToInclude: "Which of them", fieldsToExclude: "All but", groupByFields: "One item for each", mergeLists: "Join lists to one list", keepMissing: "A missing value leaves a null", includeBinaries: "Files go along", keepOnlyUnique: "Of equal files only one" } },
  "core.wait": { front: ["until", "amount", "at", "method", "form", "limit"], labels: { until: "Until", at: "Date and time", door: "Who may come in", limit: "At the longest" } },
  "core.call": { front: ["workflow", "mode", "inputs", "wait"], labels: { mode: "Runs", wait: "Wait until it is done and put out what it gives", inputs: "Fields to set before", fields: "Give only these fields", convert: "Change values to the types of the fields", definition: "Workflow given in place" }, imported: ["definition"] },
  "core.called": { front: ["input", "fields", "example"], labels: { input: "Takes", example: "Example item" } },
  "core.stop": { front: ["message"], labels: { object: "Error object instead of the message" } },
  "core.schedule": { front: ["rules", "catchUp"], labels: { catchUp: "Times that passed while no server ran" } },
  "http.request": { front: ["method", "url", "query", "headers", "body"], imported: ["credentialType", "authentication"], labels: { queryArrays: "Lists in the query", duplicates: "A name that is given twice", batch: "Calls in groups", idempotencyHeader: "Header for the idempotency key", uncompressed: "Ask for an answer that is not compressed", timeout: "Longest time to the answer", response: "Answer" } },
  "http.webhook": { front: ["methods", "path", "auth", "respond", "status", "body", "property", "responseFile"], labels: { auth: "Who may call it", respond: "Answers", body: "Body of the answer", property: "Only this field of the item", responseFile: "File to answer with", headers: "Headers of the answer", origins: "Origins that browsers may call it from", senders: "Addresses that may call it", ignoreBots: "Refuse crawlers and link previews", rawBody: "Keep the body as it came, as the file", fileField: "File that a binary body becomes", dedupe: "What tells that a call came before", deadline: "Longest time until it answers", bodyLimit: "Largest body (bytes)", rate: "Most calls of one sender", contentType: "Content type" } },
  "form.trigger": { front: ["path", "form", "auth", "respond"], labels: { auth: "Who may fill it in", respond: "The visitor is answered", senders: "Addresses that may open it", ignoreBots: "Refuse crawlers and link previews", bodyLimit: "Most that is sent at once (bytes)", rate: "Most times one sender may send it" } },
  "form.page": { front: ["show", "form", "end", "limit"], labels: { show: "Shows", json: "Fields as JSON instead", limit: "At the longest", end: "What the visitor sees" } },
  "http.respond": { front: ["with", "json", "text", "url", "claims", "file", "status", "headers"], labels: { with: "Answer with", json: "JSON", file: "Name of the file", key: "Put it into the field", stream: "Send it in parts while it is made", responseOutput: "A second output gives what was answered" } },
};

/** Words for choices whose names in the document say too little; the others are shown by their names. */
const CHOICES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "core.set/mode": { fields: "Single fields", json: "A whole object" },
  "core.set/include": { none: "None", all: "All", selected: "Only some", except: "All but some" },
  "core.switch/mode": { rules: "Rules", expression: "An expression" },
  "core.code/mode": { runOnceForAllItems: "Once, for all items", runOnceForEachItem: "Once for each item" },
  "core.call/mode": { once: "Once, with all items", each: "Once for each item" },
  "core.called/input": { passthrough: "Whatever the caller gives", fields: "The fields that are listed", example: "The fields of an example" },
  "core.sort/type": { simple: "Fields", random: "Chance", code: "Code" },
  "core.split-out/include": { noOtherFields: "Are left out", allOtherFields: "All go along", selectedOtherFields: "Some go along" },
  "core.aggregate/aggregate": { aggregateIndividualFields: "Single fields", aggregateAllItemData: "Whole items, in one list" },
  "core.aggregate/include": { allFields: "All", specifiedFields: "Only some", allFieldsExcept: "All but some" },
  "core.wait/until": { interval: "Some time has passed", time: "A date and time", call: "Its address is called", form: "Its form is filled in" },
  "core.merge/joinMode": { keepMatches: "What matches", keepNonMatches: "What matches nothing", keepEverything: "Everything", enrichInput1: "All of input 1, with what matches", enrichInput2: "All of input 2, with what matches" },
  "core.merge/outputDataFrom": { both: "Both inputs", input1: "Input 1", input2: "Input 2" },
  "core.merge/output": { specifiedInput: "The items of one input", empty: "One empty item" },
  "core.schedule/catchUp": { skip: "Are let go", once: "One run makes up for all", all: "Each gets its run" },
  "http.respond/with": { allItems: "All items", firstItem: "The first item", json: "JSON", text: "Text", file: "A file", jwt: "A signed token", redirect: "A redirect", noData: "No body" },
  "http.request/queryArrays": { brackets: "a[]=1&a[]=2", repeat: "a=1&a=2", indices: "a[0]=1&a[1]=2" },
  "http.request/duplicates": { all: "Becomes a list", last: "The last one counts" },
};

/** Sorts the fields that count into those in front and those behind "More". */
export function laidOutFields(type: string, fields: readonly FieldSpec[], params: JsonObject): Sorted {
  const layout = LAYOUTS[type];
  if (!layout && fields.some((field) => field.hints !== undefined)) return sorted(fields, params);
  if (!layout) {
    const first = (field: FieldSpec, index: number) => field.required || params[field.name] !== undefined || index < 6;
    return { front: fields.filter(first), more: fields.filter((field, index) => !first(field, index)) };
  }
  const worded = fields.map((field) => ({ ...field, label: layout.labels?.[field.name] ?? field.label, ...wordedShape(type, field) }));
  const front = layout.front.flatMap((name) => worded.filter((field) => field.name === name));
  const more = worded.filter((field) => !layout.front.includes(field.name) && !(layout.imported?.includes(field.name) && (params[field.name] === undefined || params[field.name] === field.otherwise)));
  return { front, more };
}

function wordedShape(type: string, field: FieldSpec): Pick<FieldSpec, "shape"> {
  const words = CHOICES[`${type}/${field.name}`];
  if (!words || field.shape.is !== "choice") return { shape: field.shape };
  return { shape: { is: "choice", options: field.shape.options.map((option) => ({ ...option, label: words[option.value] ?? option.label })) } };
}

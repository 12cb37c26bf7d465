//! Conditions of If and Filter, and the rules of a Switch.

import { ArrowUp, Plus, X } from "lucide-react";

import { isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { Cell } from "./Cell";
import { below, rowsOf, type Place } from "./place";
import { labelOf } from "./schema";

const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  string: ["equals", "notEquals", "contains", "notContains", "startsWith", "notStartsWith", "endsWith", "notEndsWith", "regex", "notRegex", "exists", "notExists", "empty", "notEmpty"],
  number: ["equals", "notEquals", "gt", "lt", "gte", "lte", "exists", "notExists", "empty", "notEmpty"],
  boolean: ["true", "false", "equals", "notEquals", "exists", "notExists", "empty", "notEmpty"],
  dateTime: ["equals", "notEquals", "after", "before", "afterOrEquals", "beforeOrEquals", "exists", "notExists", "empty", "notEmpty"],
  array: ["contains", "notContains", "lengthEquals", "lengthNotEquals", "lengthGt", "lengthLt", "lengthGte", "lengthLte", "exists", "notExists", "empty", "notEmpty"],
  object: ["exists", "notExists", "empty", "notEmpty"],
};
const KINDS: Readonly<Record<string, string>> = { string: "Text", number: "Number", boolean: "Yes or no", dateTime: "Date and time", array: "List", object: "Object", any: "Anything", binary: "File" };
const SINGLE = new Set(["exists", "notExists", "empty", "notEmpty", "true", "false"]);
const WORDS: Readonly<Record<string, string>> = {
  equals: "is", notEquals: "is not", contains: "contains", notContains: "does not contain", startsWith: "begins with", notStartsWith: "does not begin with", endsWith: "ends with", notEndsWith: "does not end with",
  regex: "matches the pattern", notRegex: "does not match the pattern", gt: "is greater than", lt: "is less than", gte: "is at least", lte: "is at most", true: "is true", false: "is false",
  empty: "is empty", notEmpty: "is not empty", exists: "exists", notExists: "does not exist", after: "is after", before: "is before", afterOrEquals: "is at or after", beforeOrEquals: "is at or before",
  lengthEquals: "has a length of", lengthNotEquals: "has not a length of", lengthGt: "is longer than", lengthLt: "is shorter than", lengthGte: "is at least as long as", lengthLte: "is at most as long as",
};

export const FIRST_CONDITION: JsonObject = { leftValue: "", rightValue: "", operator: { type: "string", operation: "equals" } };

/** A number is compared as one, so it is written as one. */
function typed(value: Json | undefined, type: string): Json | undefined {
  if (typeof value !== "string" || value.startsWith("=")) return value;
  if (type === "number" && value.trim() !== "" && String(Number(value)) === value.trim()) return Number(value);
  return value;
}

export function Conditions({ place, label = "Conditions" }: { readonly place: Place; readonly label?: string }) {
  const whole: JsonObject = isObject(place.value) ? place.value : {};
  const list = rowsOf(below(place, whole, "conditions"));
  const combinator = below(place, whole, "combinator");
  const options: JsonObject = isObject(whole["options"]) ? whole["options"] : {};
  const option = (name: string) => below(below(place, whole, "options"), options, name);
  return (
    <section className="ed-rows ed-tight" aria-label={label}>
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        const operator = isObject(entry["operator"]) ? entry["operator"] : {};
        const type = String(operator["type"] ?? "string");
        const operation = String(operator["operation"] ?? "equals");
        const choose = (chosen: string) => {
          const [nextType = "string", next = "equals"] = chosen.split("/");
          below(own, entry, "operator").onChange({ type: nextType, operation: next, ...(SINGLE.has(next) ? { singleValue: true } : {}) });
        };
        const known = OPERATIONS[type]?.includes(operation) === true;
        const right = below(own, entry, "rightValue");
        return (
          <div key={index} className="grid gap-2">
            {index > 0 && (
              <div className="flex items-center gap-2">
                <select className="ed-join" aria-label="How conditions are combined" value={String(combinator.value ?? "and")} onChange={(event) => combinator.onChange(event.target.value)}>
                  <option value="and">and</option>
                  <option value="or">or</option>
                </select>
                <span aria-hidden className="h-px flex-1 bg-line" />
              </div>
            )}
            <div className="ed-condition">
              <Cell label={`Value ${index + 1}`} placeholder="Value, or drag a field here" place={below(own, entry, "leftValue")} />
              <div className="flex items-center gap-1.5">
                <select aria-label={`Comparison ${index + 1}`} value={`${type}/${operation}`} onChange={(event) => choose(event.target.value)}>
                  {!known && <option value={`${type}/${operation}`}>{KINDS[type] ?? type}: {WORDS[operation] ?? labelOf(operation).toLowerCase()}</option>}
                  {Object.entries(OPERATIONS).map(([kind, names]) => (
                    <optgroup key={kind} label={KINDS[kind] ?? kind}>
                      {names.map((name) => <option key={name} value={`${kind}/${name}`}>{kind === "string" ? "" : `${KINDS[kind]}: `}{WORDS[name]}</option>)}
                    </optgroup>
                  ))}
                </select>
                <IconButton look="plain" name={`Remove condition ${index + 1}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
              </div>
              {!SINGLE.has(operation) && <Cell label={`Compared with ${index + 1}`} placeholder={type === "dateTime" ? "2026-12-31, or an expression" : type === "number" || operation.startsWith("length") ? "Number" : "Value"} place={{ ...right, onChange: (value) => right.onChange(typed(value, type)) }} />}
            </div>
          </div>
        );
      })}
      {list.entries.length === 0 && <p className="ed-about">Without conditions everything passes.</p>}
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <button type="button" className="inline-flex items-center gap-1" onClick={() => list.add(FIRST_CONDITION)}><Plus size={13} aria-hidden />Add condition</button>
        <label className="ed-check"><input type="checkbox" checked={options["caseSensitive"] === false} onChange={(event) => option("caseSensitive").onChange(event.target.checked ? false : undefined)} /> Ignore case</label>
        <label className="ed-check" title="`3` and `&quot;3&quot;` are equal; without it, a value of another type is an error"><input type="checkbox" checked={options["typeValidation"] === "loose" || options["typeValidation"] === "none"} onChange={(event) => option("typeValidation").onChange(event.target.checked ? "loose" : "strict")} /> Convert types</label>
      </div>
    </section>
  );
}

export function Rules({ place }: { readonly place: Place }) {
  const list = rowsOf(place);
  return (
    <section className="ed-rows" aria-label="Rules">
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        const name = String(entry["outputKey"] ?? "");
        return (
          <fieldset key={index} className="ed-set">
            <legend>{name === "" ? `Output ${index}` : `Output “${name}”`}</legend>
            <div className="flex items-center gap-1.5">
              <input aria-label={`Name of output ${index}`} placeholder={`Name of the output (${index})`} value={name}
                onChange={(event) => own.onChange({ ...entry, renameOutput: event.target.value !== "", outputKey: event.target.value })} />
              <IconButton look="plain" name={`Move rule ${index} up`} icon={<ArrowUp size={14} />} refused={index === 0 ? "It is the first" : undefined} onClick={() => list.move(index, -1)} />
              <IconButton look="plain" name={`Remove rule ${index}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
            </div>
            <Conditions label={`Conditions of output ${index}`} place={below(own, entry, "conditions")} />
          </fieldset>
        );
      })}
      <button type="button" className="inline-flex items-center gap-1 justify-self-start" onClick={() => list.add({ conditions: { conditions: [FIRST_CONDITION], combinator: "and" } })}><Plus size={13} aria-hidden />Add rule</button>
    </section>
  );
}

/** Where items go that meet no rule. */
export function Fallback({ place, outputs }: { readonly place: Place; readonly outputs: number }) {
  const value = place.value === undefined || place.value === null ? "none" : String(place.value);
  return (
    <div className="ed-row">
      <label className="ed-label">Items that meet no rule
        <select className="ed-inline" aria-label="Items that meet no rule" value={value} onChange={(event) => place.onChange(event.target.value === "none" ? undefined : event.target.value === "extra" ? "extra" : Number(event.target.value))}>
          <option value="none">Go nowhere</option>
          <option value="extra">Have an output of their own</option>
          {Array.from({ length: Math.max(outputs, /^\d+$/.test(value) ? Number(value) + 1 : 0) }, (_, index) => <option key={index} value={index}>Go to output {index}</option>)}
        </select>
      </label>
    </div>
  );
}

//! Editors for what people set daily: assignments, conditions, rules of a switch, code, pairs of a request, webhooks.

import { isList, isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { Expression, isExpression, Labelled } from "./Field";
import { ExpressionInput } from "./ExpressionInput";
import { below, rowsOf, type Place } from "./place";
import { Schedule } from "./Schedule";
import { labelOf } from "./schema";

/** A value in a row: text that may be an expression. */
function Cell({ label, place, placeholder }: { readonly label: string; readonly place: Place; readonly placeholder: string }) {
  return (
    <Labelled label={label} place={place}>
      {(id) => <input id={id} value={place.value === undefined || place.value === null ? "" : typeof place.value === "object" ? JSON.stringify(place.value) : String(place.value)} placeholder={placeholder} onChange={(event) => place.onChange(event.target.value)} />}
    </Labelled>
  );
}

const TYPES = ["string", "number", "boolean", "dateTime", "array", "object", "any"];

function typed(text: Json | undefined, type: string): Json | undefined {
  if (typeof text !== "string" || text.startsWith("=")) return text;
  if (type === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

export function Assignments({ place }: { readonly place: Place }) {
  const list = rowsOf(place);
  return (
    <section className="ed-rows" aria-label="Fields to set">
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        const type = String(entry["type"] ?? "string");
        return (
          <div key={index} className="ed-assign">
            <div className="ed-pair">
              <input aria-label={`Name of field ${index + 1}`} placeholder="name" value={String(entry["name"] ?? "")} onChange={(event) => own.onChange({ ...entry, name: event.target.value })} />
              <select aria-label={`Type of field ${index + 1}`} value={type} onChange={(event) => own.onChange({ ...entry, type: event.target.value, value: typed(entry["value"], event.target.value) ?? "" })}>
                {TYPES.map((option) => <option key={option}>{option}</option>)}
              </select>
              <button type="button" aria-label={`Move field ${index + 1} up`} disabled={index === 0} onClick={() => list.move(index, -1)}>↑</button>
              <button type="button" aria-label={`Remove field ${index + 1}`} onClick={() => list.remove(index)}>×</button>
            </div>
            <Cell label={`Value ${index + 1}`} placeholder="value" place={{ ...below(own, entry, "value"), onChange: (value) => own.onChange({ ...entry, value: typed(value, type) ?? "" }) }} />
          </div>
        );
      })}
      <button type="button" onClick={() => list.add({ name: "", type: "string", value: "" })}>Add field</button>
    </section>
  );
}

const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  string: ["equals", "notEquals", "contains", "notContains", "startsWith", "notStartsWith", "endsWith", "notEndsWith", "regex", "notRegex", "exists", "notExists", "empty", "notEmpty"],
  number: ["equals", "notEquals", "gt", "lt", "gte", "lte", "exists", "notExists", "empty", "notEmpty"],
  boolean: ["true", "false", "equals", "notEquals", "exists", "notExists", "empty", "notEmpty"],
  dateTime: ["equals", "notEquals", "after", "before", "afterOrEquals", "beforeOrEquals", "exists", "notExists", "empty", "notEmpty"],
  array: ["contains", "notContains", "lengthEquals", "lengthNotEquals", "lengthGt", "lengthLt", "lengthGte", "lengthLte", "exists", "notExists", "empty", "notEmpty"],
  object: ["exists", "notExists", "empty", "notEmpty"],
};
const SINGLE = new Set(["exists", "notExists", "empty", "notEmpty", "true", "false"]);
const WORDS: Readonly<Record<string, string>> = { gt: "is greater than", lt: "is less than", gte: "is at least", lte: "is at most", regex: "matches", notRegex: "does not match", true: "is true", false: "is false", empty: "is empty", notEmpty: "is not empty", exists: "exists", notExists: "does not exist" };

export function Conditions({ place, label = "Conditions" }: { readonly place: Place; readonly label?: string }) {
  const whole: JsonObject = isObject(place.value) ? place.value : {};
  const list = rowsOf(below(place, whole, "conditions"));
  const combinator = String(whole["combinator"] ?? "and");
  const options = isObject(whole["options"]) ? whole["options"] : {};
  return (
    <section className="ed-rows" aria-label={label}>
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        const operator = isObject(entry["operator"]) ? entry["operator"] : {};
        const type = String(operator["type"] ?? "string");
        const operation = String(operator["operation"] ?? "equals");
        const put = (next: string, nextType: string) =>
          own.onChange({ ...entry, operator: { type: nextType, operation: next, ...(SINGLE.has(next) ? { singleValue: true } : {}) } });
        return (
          <div key={index} className="ed-condition">
            {index > 0 && (
              <select className="ed-join" aria-label="How conditions are combined" value={combinator} onChange={(event) => place.onChange({ ...whole, combinator: event.target.value })}>
                <option value="and">and</option>
                <option value="or">or</option>
              </select>
            )}
            <Cell label={`Value ${index + 1}`} placeholder="value to look at" place={below(own, entry, "leftValue")} />
            <div className="ed-pair">
              <select aria-label={`Type of condition ${index + 1}`} value={type} onChange={(event) => put(OPERATIONS[event.target.value]?.includes(operation) ? operation : (OPERATIONS[event.target.value]?.[0] ?? "exists"), event.target.value)}>
                {Object.keys(OPERATIONS).map((option) => <option key={option} value={option}>{labelOf(option)}</option>)}
              </select>
              <select aria-label={`Comparison ${index + 1}`} value={operation} onChange={(event) => put(event.target.value, type)}>
                {(OPERATIONS[type] ?? [operation]).map((option) => <option key={option} value={option}>{WORDS[option] ?? labelOf(option).toLowerCase()}</option>)}
              </select>
              <button type="button" aria-label={`Remove condition ${index + 1}`} onClick={() => list.remove(index)}>×</button>
            </div>
            {!SINGLE.has(operation) && <Cell label={`Compared with ${index + 1}`} placeholder="value" place={{ ...below(own, entry, "rightValue"), onChange: (value) => own.onChange({ ...entry, rightValue: typed(value, type) ?? "" }) }} />}
          </div>
        );
      })}
      <div className="ed-pair">
        <button type="button" onClick={() => list.add({ leftValue: "", rightValue: "", operator: { type: "string", operation: "equals" } })}>Add condition</button>
        <label><input type="checkbox" checked={options["caseSensitive"] === false} onChange={(event) => place.onChange({ ...whole, options: { ...options, caseSensitive: !event.target.checked } })} /> Ignore case</label>
        <label><input type="checkbox" checked={options["typeValidation"] === "loose"} onChange={(event) => place.onChange({ ...whole, options: { ...options, typeValidation: event.target.checked ? "loose" : "strict" } })} /> Convert types</label>
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
        return (
          <fieldset key={index} className="ed-set">
            <legend>Output {index}</legend>
            <div className="ed-pair">
              <input aria-label={`Name of output ${index}`} placeholder={`name (${index})`} value={String(entry["outputKey"] ?? "")}
                onChange={(event) => own.onChange({ ...entry, renameOutput: event.target.value !== "", outputKey: event.target.value })} />
              <button type="button" aria-label={`Move rule ${index} up`} disabled={index === 0} onClick={() => list.move(index, -1)}>↑</button>
              <button type="button" aria-label={`Remove rule ${index}`} onClick={() => list.remove(index)}>×</button>
            </div>
            <Conditions label={`Conditions of output ${index}`} place={below(own, entry, "conditions")} />
          </fieldset>
        );
      })}
      <button type="button" onClick={() => list.add({ conditions: { conditions: [{ leftValue: "", rightValue: "", operator: { type: "string", operation: "equals" } }], combinator: "and" } })}>Add rule</button>
    </section>
  );
}

/** Names and values of a query or of headers: rows, or one expression for all. */
export function Pairs({ label, place }: { readonly label: string; readonly place: Place }) {
  const list = rowsOf(place);
  if (isExpression(place.value)) return <Labelled label={label} place={place}>{() => <Expression label={label} value={String(place.value)} onChange={place.onChange} data={place.data} />}</Labelled>;
  return (
    <section className="ed-rows" aria-label={label}>
      <h4>{label}</h4>
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        return (
          <div key={index} className="ed-assign">
            <div className="ed-pair">
              <input aria-label={`Name in ${label} ${index + 1}`} placeholder="name" value={String(entry["name"] ?? "")} onChange={(event) => own.onChange({ ...entry, name: event.target.value })} />
              <button type="button" aria-label={`Remove ${label} ${index + 1}`} onClick={() => list.remove(index)}>×</button>
            </div>
            <Cell label={`${label} ${index + 1}`} placeholder="value" place={below(own, entry, "value")} />
          </div>
        );
      })}
      <button type="button" onClick={() => list.add({ name: "", value: "" })}>Add to {label.toLowerCase()}</button>
    </section>
  );
}

export function CodeField({ place }: { readonly place: Place }) {
  return (
    <div className="ed-row" data-pointer={place.pointer}>
      <div className="ed-label"><span>JavaScript</span></div>
      <ExpressionInput label="Code" language="script" lines value={String(place.value ?? "")} onChange={place.onChange} data={place.data} />
    </div>
  );
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

export function Methods({ place }: { readonly place: Place }) {
  const chosen = isList(place.value) ? place.value.map(String) : [];
  return (
    <div className="ed-row" role="group" aria-label="Methods">
      <div className="ed-label"><span>Methods</span></div>
      <div className="ed-chips">
        {METHODS.map((method) => (
          <button key={method} type="button" aria-pressed={chosen.includes(method)} onClick={() => place.onChange(chosen.includes(method) ? chosen.filter((other) => other !== method) : [...chosen, method])}>
            {method}
          </button>
        ))}
      </div>
    </div>
  );
}

/** Parameters that have an editor of their own; the others are made from the schema. */
export function dailyEditor(type: string, name: string, place: Place): React.ReactNode | undefined {
  switch (`${type}/${name}`) {
    case "core.set/fields":
      return <Assignments place={place} />;
    case "core.if/conditions":
    case "core.filter/conditions":
      return <Conditions place={place} />;
    case "core.switch/rules":
      return <Rules place={place} />;
    case "core.schedule/rules":
      return <Schedule place={place} />;
    case "core.code/code":
      return <CodeField place={place} />;
    case "http.request/query":
      return <Pairs label="Query" place={place} />;
    case "http.request/headers":
      return <Pairs label="Headers" place={place} />;
    case "http.webhook/methods":
      return <Methods place={place} />;
    default:
      return undefined;
  }
}


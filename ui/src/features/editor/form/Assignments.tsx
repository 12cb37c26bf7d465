//! Fields that a node sets: name, type and value in a row each.

import { ArrowUp, Plus, X } from "lucide-react";

import type { Json } from "../../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { Cell } from "./Cell";
import { isExpression } from "./Field";
import { JsonText } from "./JsonText";
import { below, rowsOf, type Place } from "./place";

const TYPES: Readonly<Record<string, string>> = { string: "Text", number: "Number", boolean: "Yes or no", dateTime: "Date and time", array: "List", object: "Object", any: "Anything" };

/** What a text in a row means as a value of the type; what is no value of it stays as it was typed. */
export function typed(text: Json | undefined, type: string): Json | undefined {
  if (typeof text !== "string" || text.startsWith("=")) return text;
  if (type === "number" && text.trim() !== "" && String(Number(text)) === text.trim()) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

export function Assignments({ place }: { readonly place: Place }) {
  const list = rowsOf(place);
  return (
    <section className="ed-rows ed-tight" aria-label="Fields to set">
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        const type = String(entry["type"] ?? "string");
        const value = below(own, entry, "value");
        return (
          <div key={index} className="ed-assign">
            <div className="flex items-center gap-1.5">
              <input aria-label={`Name of field ${index + 1}`} placeholder="Name" value={String(entry["name"] ?? "")} onChange={(event) => below(own, entry, "name").onChange(event.target.value)} />
              <select className="ed-kind" aria-label={`Type of field ${index + 1}`} value={type} onChange={(event) => own.onChange({ ...entry, type: event.target.value, value: typed(entry["value"], event.target.value) ?? "" })}>
                {Object.entries(TYPES).map(([option, label]) => <option key={option} value={option}>{label}</option>)}
                {TYPES[type] === undefined && <option value={type}>{type}</option>}
              </select>
              <IconButton look="plain" name={`Move field ${index + 1} up`} icon={<ArrowUp size={14} />} refused={index === 0 ? "It is the first" : undefined} onClick={() => list.move(index, -1)} />
              <IconButton look="plain" name={`Remove field ${index + 1}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
            </div>
            <Value number={index + 1} type={type} place={{ ...value, onChange: (next) => value.onChange(typed(next, type) ?? "") }} />
          </div>
        );
      })}
      <button type="button" className="inline-flex items-center gap-1 justify-self-start" onClick={() => list.add({ name: "", type: "string", value: "" })}><Plus size={13} aria-hidden />Add field</button>
    </section>
  );
}

function Value({ number, type, place }: { readonly number: number; readonly type: string; readonly place: Place }) {
  if ((type === "object" || type === "array") && !isExpression(place.value)) {
    return <Cell label={`Value ${number}`} placeholder="" place={place} control={() => <JsonText label={`Value ${number}`} value={place.value === "" ? undefined : place.value} onChange={(value) => place.onChange(value ?? "")} data={place.data} orText placeholder={type === "array" ? "[ … ]" : "{ … }"} />} />;
  }
  if (type === "boolean" && !isExpression(place.value)) {
    return (
      <Cell label={`Value ${number}`} placeholder="" place={place} control={(id) => (
        <select id={id} value={String(place.value)} onChange={(event) => place.onChange(event.target.value)}>
          {place.value !== true && place.value !== false && <option value={String(place.value)}>choose</option>}
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      )} />
    );
  }
  return <Cell label={`Value ${number}`} placeholder={type === "dateTime" ? "2026-12-31T09:00, or an expression" : "Value, or drag a field here"} place={place} />;
}

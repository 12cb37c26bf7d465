//! Names and values: of a query, of headers, of a form, of fields to give along. Rows, JSON, or one expression for all.

import { Braces, Plus, Rows3, SquareFunction, X } from "lucide-react";

import { isList, isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { Cell } from "./Cell";
import { Expression, isExpression } from "./Field";
import { JsonText } from "./JsonText";
import { below, rowsOf, type Place } from "./place";

interface Props {
  readonly label: string;
  readonly place: Place;
  /** Names that are offered. */
  readonly names?: readonly string[];
  /** The document holds an object here, and not a list of names and values. */
  readonly asObject?: boolean;
}

/** An object's fields, or a list's entries, as rows. */
export function pairsOf(value: Json | undefined): JsonObject[] {
  if (isList(value)) return value.map((entry) => (isObject(entry) ? entry : {}));
  if (isObject(value)) return Object.entries(value).map(([name, inner]) => ({ name, value: inner ?? null }));
  return [];
}

/** Rows as an object. A name that is there twice is told apart, so that nothing is lost while it is typed. */
export function objectOf(rows: readonly JsonObject[]): JsonObject {
  const whole: Record<string, Json> = {};
  for (const row of rows) {
    let name = String(row["name"] ?? "");
    while (Object.hasOwn(whole, name)) name += " ";
    Object.defineProperty(whole, name, { value: row["value"] ?? "", enumerable: true, configurable: true, writable: true });
  }
  return whole;
}

export function Pairs({ label, place, names = [], asObject = false }: Props) {
  const { value } = place;
  const text = typeof value === "string";
  const list = `${place.pointer}-names`;
  const entries = pairsOf(value);
  const whole: Place = asObject || isObject(value)
    ? { ...place, value: entries, edit: (pointer, next) => {
        // An object has no places for its rows: each edit writes it whole.
        const [index = "", field] = pointer.slice(place.pointer.length + 1).split("/");
        const rows = entries.map((entry, at) => (String(at) !== index ? entry : field === undefined ? (next as JsonObject) : { ...entry, [field]: next }));
        place.onChange(asObject ? objectOf(rows) : rows);
      }, onChange: (next) => place.onChange(asObject ? objectOf(pairsOf(next)) : next) }
    : { ...place, value: entries };
  const rows = rowsOf(whole);
  return (
    <section className="ed-rows ed-tight" aria-label={label} data-pointer={place.pointer}>
      <div className="ed-label">
        <h4>{label}</h4>
        <span className="flex gap-0.5">
          {text && <IconButton look="plain" name={`${label} as rows`} icon={<Rows3 size={14} />} onClick={() => place.onChange(readPairs(value, asObject))} />}
          {!text && !asObject && <IconButton look="plain" name={`${label} as JSON`} icon={<Braces size={14} />} onClick={() => place.onChange(JSON.stringify(objectOf(entries), null, 2))} />}
          {!text && <IconButton look="plain" name={`${label} as expression`} icon={<SquareFunction size={14} />} onClick={() => place.onChange(`={{ ${JSON.stringify(objectOf(entries))} }}`)} />}
        </span>
      </div>
      {isExpression(value) ? <Expression label={label} value={value} onChange={place.onChange} data={place.data} />
        : text ? <JsonText label={label} value={value} orText lines onChange={(next) => place.onChange(typeof next === "string" ? next : next === undefined ? "" : JSON.stringify(next, null, 2))} />
        : rows.entries.map((entry, index) => {
          const own = rows.at(index);
          return (
            <div key={index} className="ed-namevalue">
              <input aria-label={`Name in ${label} ${index + 1}`} placeholder="Name" list={names.length > 0 ? list : undefined} value={String(entry["name"] ?? "")} onChange={(event) => below(own, entry, "name").onChange(event.target.value)} />
              <Cell label={`${label} ${index + 1}`} placeholder="Value" place={below(own, entry, "value")} />
              <IconButton look="plain" name={`Remove ${label} ${index + 1}`} icon={<X size={14} />} onClick={() => rows.remove(index)} />
            </div>
          );
        })}
      {names.length > 0 && <datalist id={list}>{names.map((name) => <option key={name} value={name} />)}</datalist>}
      {!text && <button type="button" className="inline-flex items-center gap-1 justify-self-start" aria-label={`Add to ${label.toLowerCase()}`} onClick={() => rows.add({ name: "", value: "" })}><Plus size={13} aria-hidden />Add</button>}
    </section>
  );
}

/** What of a text can be rows; a text that is no object gives none. */
function readPairs(text: string, asObject: boolean): Json {
  try {
    const inner = /^=\{\{([^]*)\}\}$/.exec(text)?.[1] ?? text;
    const rows = pairsOf(JSON.parse(inner) as Json);
    return asObject ? objectOf(rows) : rows;
  } catch {
    return asObject ? {} : [];
  }
}

//! Controls that stand in rows: a value that may be an expression, and names of fields.

import { useId, type ReactNode } from "react";

import { isObject, type Json } from "../../../canvas/graph/json";
import { Labelled } from "./Field";
import type { Place } from "./place";

/** A value in a row: text that may be an expression. Its label is for readers; what it is shows from where it stands. */
export function Cell({ label, place, placeholder, control }: { readonly label: string; readonly place: Place; readonly placeholder: string; readonly control?: (id: string) => ReactNode }) {
  return (
    <Labelled label={label} place={place} bare placeholder={placeholder}>
      {control ?? ((id) => <input id={id} value={textOf(place.value)} placeholder={placeholder} onChange={(event) => place.onChange(event.target.value)} />)}
    </Labelled>
  );
}

export function textOf(value: Json | undefined): string {
  return value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Names of fields that came in, nested ones behind dots. */
export function knownFields(place: Place): string[] {
  const found = new Set<string>();
  const visit = (value: Json | undefined, path: string, depth: number) => {
    if (!isObject(value) || depth > 2) return;
    for (const [key, inner] of Object.entries(value)) {
      const here = path === "" ? key : `${path}.${key}`;
      found.add(here);
      visit(inner, here, depth + 1);
    }
  };
  for (const item of (place.data.input ?? []).slice(0, 20)) visit(isObject(item) && isObject(item["json"]) ? item["json"] : item, "", 0);
  return [...found].slice(0, 200);
}

/** The name of one field, with those that came in to choose from. */
export function FieldName({ label, place, placeholder = "Name of a field" }: { readonly label: string; readonly place: Place; readonly placeholder?: string }) {
  const list = useId();
  return (
    <Labelled label={label} place={place} bare placeholder={placeholder}>
      {(id) => (
        <>
          <input id={id} list={list} value={textOf(place.value)} placeholder={placeholder} onChange={(event) => place.onChange(event.target.value)} />
          <datalist id={list}>{knownFields(place).map((name) => <option key={name} value={name} />)}</datalist>
        </>
      )}
    </Labelled>
  );
}

/** Names of fields, separated by commas, with those that came in to click together. */
export function FieldNames({ label, place }: { readonly label: string; readonly place: Place }) {
  const names = textOf(place.value).split(",").map((name) => name.trim()).filter(Boolean);
  const known = knownFields(place).filter((name) => !name.includes(".")).slice(0, 24);
  return (
    <Labelled label={label} place={place}>
      {(id) => (
        <>
          <input id={id} value={textOf(place.value)} placeholder="one, another" onChange={(event) => place.onChange(event.target.value === "" ? undefined : event.target.value)} />
          {known.length > 0 && (
            <div className="ed-chips" role="group" aria-label={`Fields for ${label.toLowerCase()}`}>
              {known.map((name) => (
                <button key={name} type="button" aria-pressed={names.includes(name)} onClick={() => { const next = names.includes(name) ? names.filter((other) => other !== name) : [...names, name]; place.onChange(next.length === 0 ? undefined : next.join(", ")); }}>{name}</button>
              ))}
            </div>
          )}
        </>
      )}
    </Labelled>
  );
}

//! Lists: texts with commas between them, choices to tick, rows of a few fields, and cards of many.

import { ArrowUp, Plus, X } from "lucide-react";

import { isList, type Json, type JsonObject } from "../../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { Cell, FieldName, textOf } from "./Cell";
import { Control } from "./Control";
import { Fields } from "./Field";
import { sorted } from "./hints";
import { Offered } from "./Offered";
import { below, entryOf, rowsOf, type Place } from "./place";
import { blank, labelOf, type FieldSpec, type Shape } from "./schema";
import { ColumnName } from "./tables";

interface Props {
  readonly id: string;
  readonly label: string;
  readonly of: Shape;
  readonly place: Place;
  readonly example?: string | undefined;
}

export function List({ id, label, of, place, example }: Props) {
  if (of.is === "text") return <Commas id={id} place={place} example={example} />;
  if (of.is === "choice") return <Ticks label={label} options={of.options} place={place} />;
  if (of.is === "object") return <Objects label={label} fields={of.fields} place={place} />;
  const entries = isList(place.value) ? place.value : [];
  return (
    <div className="ed-list" id={id}>
      {entries.map((entry, index) => (
        <div key={index} className="ed-entry">
          <div><Control id={`${id}-${index}`} shape={of} label={`${label} ${index + 1}`} otherwise={undefined} place={{ ...entryOf(place, index), value: entry }} /></div>
          <IconButton look="plain" name={`Remove ${label} ${index + 1}`} icon={<X size={14} />} onClick={() => place.onChange(entries.filter((_, at) => at !== index))} />
        </div>
      ))}
      <Add label={label} onClick={() => place.onChange([...entries, blank(of)])} />
    </div>
  );
}

/** A list of texts in one line. A document that holds one text keeps one. */
export function Commas({ id, place, example = "one, another" }: { readonly id: string; readonly place: Place; readonly example?: string | undefined }) {
  const { value } = place;
  const text = isList(value) ? value.map(textOf).join(", ") : textOf(value);
  return <input id={id} value={text} placeholder={example} onChange={(event) => place.onChange(typeof value === "string" ? event.target.value : event.target.value === "" ? [] : event.target.value.split(/,\s*/))} />;
}

function Ticks({ label, options, place }: { readonly label: string; readonly options: readonly { readonly value: string; readonly about: string; readonly label?: string | undefined }[]; readonly place: Place }) {
  const chosen = isList(place.value) ? place.value.map(textOf) : [];
  const set = (value: string, on: boolean) => place.onChange(options.map((option) => option.value).filter((one) => (one === value ? on : chosen.includes(one))));
  return (
    <div role="group" aria-label={label} className="ed-ticks">
      {options.map((option) => (
        <label key={option.value} className="ed-check"><input type="checkbox" checked={chosen.includes(option.value)} onChange={(event) => set(option.value, event.target.checked)} /> {option.label ?? (option.about === "" ? labelOf(option.value) : option.about.replace(/\.$/, ""))}</label>
      ))}
    </div>
  );
}

/** As many fields as stand in one line side by side. */
const IN_LINE = 3;

const isPlain = ({ shape }: FieldSpec) => shape.is === "text" || shape.is === "any" || shape.is === "choice" || shape.is === "number";

/** A new entry with what must be there, and with a place for what is written most. */
function fresh(fields: readonly FieldSpec[]): JsonObject {
  return Object.fromEntries(fields.filter((field) => field.required).map((field) => [field.name, field.otherwise ?? blank(field.shape)]));
}

function Objects({ label, fields, place }: { readonly label: string; readonly fields: readonly FieldSpec[]; readonly place: Place }) {
  const list = rowsOf(place);
  const usual = fields.filter((field) => field.hints?.old !== true && field.hints?.more !== true);
  const line = usual.length <= IN_LINE && fields.length === usual.length + fields.filter((field) => field.hints?.old === true).length && usual.every(isPlain);
  const acts = (index: number) => (
    <>
      {list.entries.length > 1 && <IconButton look="plain" name={`Move ${label} ${index + 1} up`} icon={<ArrowUp size={14} />} refused={index === 0 ? "It is the first" : undefined} onClick={() => list.move(index, -1)} />}
      <IconButton look="plain" name={`Remove ${label} ${index + 1}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
    </>
  );
  return (
    <div className="ed-rows ed-tight" role="group" aria-label={label}>
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        return line ? (
          <div key={index} className="ed-line ed-close">
            {sorted(fields, entry).front.map((field) => <InLine key={field.name} spec={field} label={`${field.label} of ${label.toLowerCase()} ${index + 1}`} place={below(own, entry, field.name)} />)}
            {acts(index)}
          </div>
        ) : (
          <section key={index} className="ed-sheet" aria-label={`${label} ${index + 1}`}>
            <header><span>{index + 1}</span><span className="ed-gap" />{acts(index)}</header>
            <Fields fields={fields} place={own} whole={entry} />
          </section>
        );
      })}
      <Add label={label} onClick={() => list.add(fresh(fields))} />
    </div>
  );
}

/** A field among others in one line; what it is says its placeholder. */
function InLine({ spec, label, place }: { readonly spec: FieldSpec; readonly label: string; readonly place: Place }) {
  if (spec.hints?.as === "field") return <FieldName label={label} place={place} placeholder={spec.label} />;
  if (spec.hints?.as === "column") return <ColumnName label={label} place={place} placeholder={spec.label} />;
  if (spec.hints?.choices !== undefined) return <Offered spec={spec} label={label} place={place} bare />;
  const { shape } = spec;
  if (shape.is === "choice") {
    const value = textOf(place.value ?? spec.otherwise ?? shape.options[0]?.value);
    return (
      <select className="ed-inline" aria-label={label} value={value} onChange={(event) => place.onChange(event.target.value)}>
        {!shape.options.some((option) => option.value === value) && <option value={value}>{value}</option>}
        {shape.options.map((option) => <option key={option.value} value={option.value} title={option.about}>{option.label ?? signOf(option.value)}</option>)}
      </select>
    );
  }
  if (shape.is === "number") {
    return <Cell label={label} place={place} placeholder={spec.label} control={(id) => <Control id={id} shape={shape} label={label} otherwise={spec.otherwise} place={place} spec={spec} />} />;
  }
  return <Cell label={label} place={place} placeholder={spec.example ?? (textOf(spec.otherwise as Json | undefined) || spec.label)} />;
}

const SIGNS: Readonly<Record<string, string>> = { eq: "=", neq: "≠", gt: ">", gte: "≥", lt: "<", lte: "≤", equal: "=", "!=": "≠", ">=": "≥", "<=": "≤", ASC: "ascending", DESC: "descending", LIKE: "like", ilike: "like, any case", "IS NULL": "is null", "IS NOT NULL": "is not null" };

/** Comparisons as they are written elsewhere. */
function signOf(value: string): string {
  return SIGNS[value] ?? labelOf(value).toLowerCase();
}

function Add({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return <button type="button" className="inline-flex items-center gap-1 justify-self-start" aria-label={`Add to ${label.toLowerCase()}`} onClick={onClick}><Plus size={13} aria-hidden />Add</button>;
}


//! Controls that a schema asks for by name (`x-form`), because the type alone would give a plain one.

import { Eye, EyeOff } from "lucide-react";
import { useId, useState, type ReactNode } from "react";

import { isList, type Json } from "../../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { WorkflowName } from "./Call";
import { knownFields, textOf } from "./Cell";
import { Duration } from "./Duration";
import { ExpressionInput } from "./ExpressionInput";
import { JsonText } from "./JsonText";
import { Commas } from "./lists";
import type { Place } from "./place";
import type { FieldSpec } from "./schema";
import { ColumnInput, TableName } from "./tables";
import { Values } from "./Values";

/** The control that the hints ask for; absent where the one of the type will do. */
export function hintedControl(id: string, spec: FieldSpec, place: Place): ReactNode | undefined {
  const { hints, example } = spec;
  if (hints === undefined) return undefined;
  const placeholder = example === undefined ? {} : { placeholder: example };
  switch (hints.as) {
    case "text":
      return <textarea id={id} className="ed-grows" rows={3} value={textOf(place.value)} placeholder={example} onChange={(event) => place.onChange(event.target.value)} />;
    case "sql":
    case "html":
    case "css":
    case "shell":
    case "graphql":
      return <ExpressionInput label={spec.label} language={hints.as} lines value={textOf(place.value)} onChange={place.onChange} {...placeholder} />;
    case "json":
      if (spec.shape.is === "text") return <ExpressionInput label={spec.label} language="json" lines value={textOf(place.value)} onChange={place.onChange} {...placeholder} />;
      return <JsonText label={spec.label} value={place.value} onChange={place.onChange} orText lines data={place.data} {...placeholder} />;
    case "password":
      return <Masked id={id} label={spec.label} place={place} />;
    case "moment":
      return <Moment id={id} place={place} />;
    case "names":
    case "commas":
      return <Commas id={id} place={place} example={example} />;
    case "field":
      return <Known id={id} place={place} placeholder={example ?? "Name of a field"} />;
    case "fields":
      return <KnownList id={id} label={spec.label} place={place} example={example} />;
    case "column":
      return <ColumnInput id={id} place={place} placeholder={example ?? "Name of a column"} />;
    case "table":
      return <TableName id={id} place={place} />;
    case "workflow":
      return <WorkflowName id={id} place={place} />;
    case "values":
      return <Values label={spec.label} place={place} />;
    default:
      if (hints.words !== undefined) return <Words id={id} words={hints.words} otherwise={spec.otherwise} place={place} />;
      return hints.unit === "ms" ? <Duration id={id} label={spec.label} otherwise={spec.otherwise} place={place} /> : undefined;
  }
}

/** What should not be read over a shoulder. It is in the document all the same, so a connection is the better place. */
function Masked({ id, label, place }: { readonly id: string; readonly label: string; readonly place: Place }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="ed-pair">
      <input id={id} type={open ? "text" : "password"} autoComplete="off" value={textOf(place.value)} onChange={(event) => place.onChange(event.target.value)} />
      <IconButton look="plain" name={open ? `Hide ${label.toLowerCase()}` : `Show ${label.toLowerCase()}`} icon={open ? <EyeOff size={14} /> : <Eye size={14} />} onClick={() => setOpen(!open)} />
    </div>
  );
}

/** A day and a time; whatever else was written is left as the text that it is. */
function Moment({ id, place }: { readonly id: string; readonly place: Place }) {
  const text = textOf(place.value);
  const plain = text === "" || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text);
  return <input id={id} type={plain ? "datetime-local" : "text"} value={text} onChange={(event) => place.onChange(event.target.value === "" ? undefined : event.target.value)} />;
}

function Known({ id, place, placeholder }: { readonly id: string; readonly place: Place; readonly placeholder: string }) {
  const list = useId();
  return (
    <>
      <input id={id} list={list} value={textOf(place.value)} placeholder={placeholder} onChange={(event) => place.onChange(event.target.value)} />
      <datalist id={list}>{knownFields(place).map((name) => <option key={name} value={name} />)}</datalist>
    </>
  );
}

/** Names of fields, with those that came in to click together. */
function KnownList({ id, label, place, example }: { readonly id: string; readonly label: string; readonly place: Place; readonly example: string | undefined }) {
  const { value } = place;
  const names = isList(value) ? value.map(textOf) : textOf(value).split(",").map((name) => name.trim()).filter(Boolean);
  const known = knownFields(place).filter((name) => !name.includes(".")).slice(0, 24);
  const put = (next: readonly string[]) => place.onChange(typeof value === "string" ? next.join(", ") : [...next]);
  return (
    <>
      <Commas id={id} place={place} example={example} />
      {known.length > 0 && (
        <div className="ed-chips" role="group" aria-label={`Fields for ${label.toLowerCase()}`}>
          {known.map((name) => <button key={name} type="button" aria-pressed={names.includes(name)} onClick={() => put(names.includes(name) ? names.filter((other) => other !== name) : [...names, name])}>{name}</button>)}
        </div>
      )}
    </>
  );
}

/** A number by what it means, in the order in which the schema has the words. */
function Words({ id, words, otherwise, place }: { readonly id: string; readonly words: Readonly<Record<string, string>>; readonly otherwise: Json | undefined; readonly place: Place }) {
  const value = textOf(place.value ?? otherwise);
  return (
    <select id={id} value={value} onChange={(event) => place.onChange(Number(event.target.value))}>
      {words[value] === undefined && <option value={value}>{value}</option>}
      {Object.entries(words).map(([number, word]) => <option key={number} value={number}>{word}</option>)}
    </select>
  );
}

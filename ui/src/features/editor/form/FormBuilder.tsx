//! The form that visitors fill in: its words, and its fields in their order.

import { ChevronDown, ChevronRight, Copy, GripVertical, Plus, X } from "lucide-react";
import { useEffect, useId, useRef, useState, type DragEvent, type KeyboardEvent } from "react";

import { isList, isObject, type JsonObject } from "../../../canvas/graph/json";
import { Button, IconButton } from "@/kit/Button";
import { Menu } from "@/kit/Menu";
import { textOf } from "./Cell";
import { ExpressionInput } from "./ExpressionInput";
import { Labelled } from "./Field";
import { FIELD_KINDS, fieldsOfForm, formFault, kindOfField, moved, newField, retyped } from "./formFields";
import { below, entryOf, type Place } from "./place";

/** What is dragged is a field of this form, and nothing from elsewhere. */
const FIELD_MIME = "application/x-fishplate-form-field";

export function FormBuilder({ place }: { readonly place: Place }) {
  const whole: JsonObject = isObject(place.value) ? place.value : {};
  const list = below(place, whole, "fields");
  const fields = fieldsOfForm(whole);
  const [open, setOpen] = useState<number>();
  const [said, setSaid] = useState("");
  const handles = useRef(new Map<number, HTMLButtonElement>());
  const [focus, setFocus] = useState<{ readonly at: number }>();
  // A field that was moved by the keyboard keeps it.
  useEffect(() => { if (focus) handles.current.get(focus.at)?.focus(); }, [focus]);
  const move = (from: number, to: number, byKeys = false) => {
    if (to < 0 || to >= fields.length || from === to) return;
    list.onChange(moved(fields, from, to));
    setOpen(open === from ? to : undefined);
    setSaid(`${nameOf(fields[from] ?? {}, from)} is now field ${to + 1} of ${fields.length}.`);
    if (byKeys) setFocus({ at: to });
  };
  const add = (type: string) => {
    list.onChange([...fields, newField(type, fields)]);
    setOpen(fields.length);
  };
  return (
    <section className="ed-rows" aria-label="Form" data-pointer={place.pointer}>
      <Line label="Heading" place={below(place, whole, "title")} placeholder="Tell us about your order" />
      <Line label="Text below it" place={below(place, whole, "description")} long />
      <div className="ed-rows ed-tight">
        <div className="ed-label"><h4>Fields</h4></div>
        <ol className="ed-fields">
          {fields.map((field, index) => (
            <FieldCard key={index} field={field} index={index} count={fields.length} open={open === index} fault={formFault(fields, index)} place={entryOf({ ...list, value: fields }, index)}
              handle={(element) => { if (element) handles.current.set(index, element); else handles.current.delete(index); }}
              onOpen={() => setOpen(open === index ? undefined : index)}
              onMove={move}
              onCopy={() => { list.onChange([...fields.slice(0, index + 1), { ...field, label: `${textOf(field["label"])} copy` }, ...fields.slice(index + 1)]); setOpen(index + 1); }}
              onRemove={() => { list.onChange(fields.filter((_, at) => at !== index)); setOpen(undefined); }} />
          ))}
        </ol>
        {fields.length === 0 && <p className="ed-hint">No fields yet. A form without any is a button.</p>}
        <div><Menu trigger={<Button icon={<Plus size={14} />}>Add field</Button>} acts={FIELD_KINDS.map((kind) => ({ name: kind.label, do: () => add(kind.type) }))} /></div>
        <p className="sr-only" role="status">{said}</p>
      </div>
      <More place={place} whole={whole} />
    </section>
  );
}

function nameOf(field: JsonObject, index: number): string {
  return textOf(field["label"]) || textOf(field["name"]) || `Field ${index + 1}`;
}

interface CardProps {
  readonly field: JsonObject;
  readonly index: number;
  readonly count: number;
  readonly open: boolean;
  readonly fault: string | undefined;
  readonly place: Place;
  readonly handle: (element: HTMLButtonElement | null) => void;
  readonly onOpen: () => void;
  readonly onMove: (from: number, to: number, byKeys?: boolean) => void;
  readonly onCopy: () => void;
  readonly onRemove: () => void;
}

function FieldCard({ field, index, count, open, fault, place, handle, onOpen, onMove, onCopy, onRemove }: CardProps) {
  const [over, setOver] = useState(false);
  const name = nameOf(field, index);
  const kind = kindOfField(field);
  const drop = (event: DragEvent) => {
    const from = event.dataTransfer.getData(FIELD_MIME);
    setOver(false);
    if (from === "") return;
    event.preventDefault();
    onMove(Number(from), index);
  };
  const keys = (event: KeyboardEvent) => {
    const to = event.key === "ArrowUp" ? index - 1 : event.key === "ArrowDown" ? index + 1 : event.key === "Home" ? 0 : event.key === "End" ? count - 1 : undefined;
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onMove(index, to, true);
  };
  return (
    <li data-over={over} data-open={open} onDrop={drop} onDragLeave={() => setOver(false)} onDragOver={(event) => { if (event.dataTransfer.types.includes(FIELD_MIME)) { event.preventDefault(); setOver(true); } }}>
      <header>
        <button type="button" className="ed-grip flex" ref={handle} draggable aria-label={`Move ${name}: arrow keys, or drag`} title="Drag, or move with the arrow keys" onKeyDown={keys} onDragStart={(event) => event.dataTransfer.setData(FIELD_MIME, String(index))}><GripVertical size={14} aria-hidden /></button>
        <button type="button" className="ed-fold flex" aria-expanded={open} onClick={onOpen}>
          {open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
          <span>{name}{field["required"] === true && <span title="required"> *</span>}</span>
          <small>{kind.label}</small>
        </button>
        <IconButton look="plain" name={`Duplicate ${name}`} icon={<Copy size={13} />} onClick={onCopy} />
        <IconButton look="plain" name={`Remove ${name}`} icon={<X size={14} />} onClick={onRemove} />
      </header>
      {fault !== undefined && <p className="ed-fault" role="alert">{fault}</p>}
      {open && <FieldForm field={field} place={place} />}
    </li>
  );
}

function FieldForm({ field, place }: { readonly field: JsonObject; readonly place: Place }) {
  const at = (name: string) => below({ ...place, value: field }, field, name);
  const kind = kindOfField(field);
  const id = useId();
  const asks = new Set(kind.asks);
  return (
    <div className="ed-rows ed-tight">
      <div className="ed-row">
        <div className="ed-label"><label htmlFor={id}>Kind</label></div>
        <select id={id} value={kind.type} onChange={(event) => place.onChange(retyped(field, event.target.value))}>
          {!FIELD_KINDS.some((one) => one.type === kind.type) && <option value={kind.type}>{kind.label}</option>}
          {FIELD_KINDS.map((one) => <option key={one.type} value={one.type}>{one.label}</option>)}
        </select>
      </div>
      {kind.type !== "html" && <Line label="Label" place={at("label")} placeholder="What the visitor reads" />}
      {asks.has("html") && (
        <div className="ed-row">
          <div className="ed-label"><span>Markup</span></div>
          <ExpressionInput label="Markup" language="html" lines value={textOf(field["html"])} onChange={at("html").onChange} />
        </div>
      )}
      {asks.has("options") && <Options place={at("options")} />}
      {asks.has("placeholder") && <Line label="Example that is shown" place={at("placeholder")} />}
      {asks.has("value") && <Line label={kind.type === "hiddenField" ? "Value" : "Entered at first"} place={at("value")} />}
      {asks.has("accept") && <Line label="Files may be" place={at("accept")} placeholder=".pdf, image/*" />}
      {asks.has("format") && <Line label="Days are put out as" place={at("format")} placeholder="2026-01-31, or dd.mm.yyyy" />}
      {asks.has("count") && (
        <div className="ed-pair">
          <Count label="At least" place={at("least")} />
          <Count label="At most" place={at("most")} />
        </div>
      )}
      {asks.has("multiple") && <Check label={kind.type === "file" ? "Several files" : "Several choices"} place={at("multiple")} />}
      {kind.type !== "html" && kind.type !== "hiddenField" && <Check label="Required" place={at("required")} />}
      {kind.type !== "html" && <Line label="Name of the value" place={at("name")} placeholder={textOf(field["label"]) || "as the label"} />}
    </div>
  );
}

/** Choices, one in each line. */
function Options({ place }: { readonly place: Place }) {
  const id = useId();
  const options = isList(place.value) ? place.value.map(textOf) : [];
  return (
    <div className="ed-row" data-pointer={place.pointer}>
      <div className="ed-label"><label htmlFor={id}>Choices, one in each line</label></div>
      <textarea id={id} className="ed-grows" rows={3} value={options.join("\n")} onChange={(event) => place.onChange(event.target.value.split("\n"))} onBlur={() => { const kept = options.map((option) => option.trim()).filter((option) => option !== ""); if (kept.length !== options.length) place.onChange(kept); }} />
    </div>
  );
}

function Line({ label, place, placeholder, long = false }: { readonly label: string; readonly place: Place; readonly placeholder?: string; readonly long?: boolean }) {
  const put = (text: string) => place.onChange(text === "" ? undefined : text);
  return (
    <Labelled label={label} place={place} lines={long}>
      {(id) => long ? <textarea id={id} className="ed-grows" rows={2} value={textOf(place.value)} placeholder={placeholder} onChange={(event) => put(event.target.value)} /> : <input id={id} value={textOf(place.value)} placeholder={placeholder} onChange={(event) => put(event.target.value)} />}
    </Labelled>
  );
}

function Count({ label, place }: { readonly label: string; readonly place: Place }) {
  return <label>{label} <input type="number" className="ed-narrow" min={0} step={1} value={typeof place.value === "number" ? place.value : ""} onChange={(event) => place.onChange(event.target.value === "" ? undefined : Number(event.target.value))} /></label>;
}

function Check({ label, place }: { readonly label: string; readonly place: Place }) {
  return <label className="ed-check"><input type="checkbox" checked={place.value === true} onChange={(event) => place.onChange(event.target.checked ? true : undefined)} /> {label}</label>;
}

/** What is rarely changed: the button, what follows, looks, and what comes along. */
function More({ place, whole }: { readonly place: Place; readonly whole: JsonObject }) {
  const [open, setOpen] = useState(false);
  const at = (name: string) => below(place, whole, name);
  const set = ["button", "completion", "redirect", "css", "attribution", "utc", "headers"].filter((name) => whole[name] !== undefined && whole[name] !== null).length;
  return (
    <details className="ed-more" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Button, answer and looks{set > 0 ? ` (${set} set)` : ""}</summary>
      {open && (
        <div className="ed-rows ed-tight">
          <Line label="Text on the button" place={at("button")} placeholder="Submit" />
          <Line label="Text when it was sent" place={at("completion")} placeholder="Your response has been recorded" />
          <Line label="Address to go to instead" place={at("redirect")} placeholder="https://example.com/thanks" />
          <div className="ed-row">
            <div className="ed-label"><span>Rules of style (CSS)</span></div>
            <ExpressionInput label="Rules of style (CSS)" language="css" lines value={textOf(whole["css"])} onChange={(text) => at("css").onChange(text === "" ? undefined : text)} />
          </div>
          <Check label="Say what serves the form" place={at("attribution")} />
          <Check label="Time of sending in UTC" place={at("utc")} />
          <Check label="Headers of the request come along" place={at("headers")} />
        </div>
      )}
    </details>
  );
}

//! One parameter: its label, whether it is fixed or an expression, the control, its value and what is wrong with it.

import { SquareFunction } from "lucide-react";
import { useId, useState, type DragEvent, type ReactNode } from "react";

import { preview, type RunData } from "../../../canvas/graph/completion";
import { isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { Control } from "./Control";
import { ExpressionInput, PATH_MIME } from "./ExpressionInput";
import { FormBuilder } from "./FormBuilder";
import { helpOf, repeats, sorted } from "./hints";
import { Offered } from "./Offered";
import { Said } from "./Said";
import { Columns } from "./tables";
import { useTried } from "./tried";
import { below, type Place } from "./place";
import { labelOf, type FieldSpec } from "./schema";

export function isExpression(value: Json | undefined): value is string {
  return typeof value === "string" && value.startsWith("=");
}

export function Labelled({ label, about, required = false, place, children, expressive = true, bare = false, asJson = false, lines = asJson, placeholder, hint, aside }: {
  readonly label: string;
  readonly about?: string;
  readonly required?: boolean;
  readonly place: Place;
  readonly children: (id: string) => ReactNode;
  readonly expressive?: boolean;
  /** In a row of its own kind, where the label would say nothing to who sees it. */
  readonly bare?: boolean;
  /** The expression is a JSON text with `{{ }}` inside. */
  readonly asJson?: boolean;
  /** The expression may need several lines. */
  readonly lines?: boolean;
  readonly placeholder?: string;
  readonly hint?: string | undefined;
  /** What stands beside the button that makes an expression of it, while it is none. */
  readonly aside?: ReactNode;
}) {
  const id = useId();
  const { value, onChange, data } = place;
  const expression = isExpression(value);
  const own = place.problems.filter((problem) => (problem.pointer ?? "").endsWith(place.pointer));
  // Who comes from n8n writes `{{ }}` and expects it to be filled in.
  const meant = expressive && !expression && typeof value === "string" && /\{\{[^}]*\}\}/.test(value);
  const toggle = () => {
    if (!expression && asJson && typeof value === "object" && value !== null) onChange(`=${JSON.stringify(value, null, 2)}`);
    else if (!expression) onChange(`=${typeof value === "string" ? value : value === undefined || value === null ? "" : `{{ ${JSON.stringify(value)} }}`}`);
    else {
      const shown = preview(value, data);
      onChange(shown.is === "value" ? shown.value : value.slice(1));
    }
  };
  const drop = (event: DragEvent) => {
    const path = event.dataTransfer.getData(PATH_MIME);
    if (path === "" || !expressive || expression) return;
    event.preventDefault();
    event.stopPropagation();
    onChange(`=${typeof value === "string" ? value : ""}{{ ${path} }}`);
  };
  const toggler = expressive && (
    <button type="button" className="ed-fx" aria-pressed={expression} aria-label={`${label} as expression`} title={expression ? "Make it a fixed value" : "Write an expression"} onClick={toggle}>
      <SquareFunction size={14} aria-hidden />
    </button>
  );
  const control = expression && expressive ? <Expression label={label} value={value} onChange={onChange} data={data} lines={lines} {...(placeholder === undefined ? {} : { placeholder })} /> : children(id);
  return (
    <div className="ed-row" data-pointer={place.pointer} onDrop={drop} onDragOver={(event) => { if (expressive && event.dataTransfer.types.includes(PATH_MIME)) event.preventDefault(); }}>
      {bare ? (
        <div className="ed-cell">
          {!expression && <label htmlFor={id} className="sr-only">{label}</label>}
          <div>{control}</div>
          {!expression && aside}
          {toggler}
        </div>
      ) : (
        <>
          <div className="ed-label">
            <label htmlFor={id} title={about}>{label}{required && <span aria-hidden> *</span>}</label>
            {!expression && aside !== undefined && <span className="ed-gap" />}
            {!expression && aside}
            {toggler}
          </div>
          {control}
        </>
      )}
      {hint !== undefined && hint !== "" && <p className="ed-hint"><Said text={hint} /></p>}
      {meant && <p className="ed-hint"><Said text="`{{ }}` is taken as it stands here. " /><button type="button" className="ed-link" onClick={() => onChange(`=${value}`)}>Make {label} an expression</button></p>}
      {own.map((problem) => <p key={problem.detail} role="alert" className="ed-fault"><Said text={`${problem.detail}${problem.hint ? ` – ${problem.hint}` : ""}`} /></p>)}
    </div>
  );
}

export function Expression({ label, value, onChange, data, lines = false, placeholder = "{{ $json.field }}" }: { readonly lines?: boolean; readonly label: string; readonly value: string; readonly onChange: (value: string) => void; readonly data: RunData; readonly placeholder?: string }) {
  const shown = useTried(value, data);
  return (
    <>
      <ExpressionInput label={label} language="template" lines={lines} value={value.slice(1)} onChange={(text) => onChange(`=${text}`)} data={data} placeholder={placeholder} faults={shown.faults} />
      <output className="ed-preview" data-is={shown.is} aria-label={`Value of ${label}`}><Said text={shown.text} /></output>
    </>
  );
}

/** The fields of an object as they count now, those that are rarely needed behind “More”. */
export function Fields({ fields, place, whole }: { readonly fields: readonly FieldSpec[]; readonly place: Place; readonly whole: JsonObject }) {
  const [open, setOpen] = useState(false);
  const { front, more } = sorted(fields, whole);
  return (
    <>
      {front.map((field) => <Field key={field.name} spec={field} place={below(place, whole, field.name)} />)}
      {more.length > 0 && (
        <details className="ed-more" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>More</summary>
          {open && more.map((field) => <div key={field.name}><Field spec={field} place={below(place, whole, field.name)} /></div>)}
        </details>
      )}
    </>
  );
}

export function Field({ spec, place }: { readonly spec: FieldSpec; readonly place: Place }) {
  const { shape, hints } = spec;
  if (hints?.as === "form") return <FormBuilder place={place} />;
  if (hints?.as === "columns") return <Columns label={spec.label} place={place} hint={helpOf(spec)} />;
  if (shape.is === "object" && !isExpression(place.value)) {
    const inner = isObject(place.value) ? place.value : {};
    return (
      <fieldset className="ed-set">
        <legend title={spec.about}>{spec.label}</legend>
        <Fields fields={shape.fields} place={place} whole={inner} />
      </fieldset>
    );
  }
  if (shape.is === "switch" && !isExpression(place.value)) return <Toggle spec={spec} place={place} />;
  if (hints?.choices !== undefined) return <Offered spec={spec} place={place} hint={hintOf(spec, place.value)} />;
  const code = hints?.as !== undefined && CODE.has(hints.as);
  return (
    <Labelled label={spec.label} about={spec.about} required={spec.required} place={place} hint={hintOf(spec, place.value)} lines={code} asJson={hints?.as === "json"} {...(spec.example?.startsWith("=") ? { placeholder: spec.example.slice(1) } : {})}>
      {(id) => <Control id={id} shape={shape} label={spec.label} otherwise={spec.otherwise} place={place} spec={spec} />}
    </Labelled>
  );
}

/** Controls of several lines, which an expression in their place needs as well. */
const CODE: ReadonlySet<string> = new Set(["text", "sql", "json", "html", "css", "shell", "graphql"]);

/** What the choice means, where its name alone might not say it; what the field is for, where its schema speaks to forms. */
function hintOf(spec: FieldSpec, value: Json | undefined): string | undefined {
  const { shape, otherwise, label } = spec;
  const chosen = value ?? otherwise ?? (shape.is === "choice" && !spec.optional ? shape.options[0]?.value : undefined);
  if (shape.is === "choice" && chosen !== undefined && chosen !== null) {
    const about = shape.options.find((option) => option.value === chosen && option.label === undefined)?.about;
    return about === undefined || repeats(about, `${label} ${labelOf(String(chosen))}`) ? undefined : about;
  }
  if (spec.hints === undefined) return undefined;
  const help = helpOf(spec);
  return repeats(help, label) ? undefined : help;
}

/** On or off, with what it does beside it. */
function Toggle({ spec, place }: { readonly spec: FieldSpec; readonly place: Place }) {
  const own = place.problems.filter((problem) => (problem.pointer ?? "").endsWith(place.pointer));
  const help = spec.hints === undefined || repeats(helpOf(spec), spec.label) ? "" : helpOf(spec);
  return (
    <div className="ed-row" data-pointer={place.pointer}>
      <div className="ed-label">
        <label className="ed-check" title={spec.about}><input type="checkbox" role="switch" checked={(place.value ?? spec.otherwise) === true} onChange={(event) => place.onChange(event.target.checked)} /> {spec.label}</label>
        <button type="button" className="ed-fx" aria-pressed={false} aria-label={`${spec.label} as expression`} title="Write an expression" onClick={() => place.onChange(`={{ ${String((place.value ?? spec.otherwise) === true)} }}`)}><SquareFunction size={14} aria-hidden /></button>
      </div>
      {help !== "" && <p className="ed-hint"><Said text={help} /></p>}
      {own.map((problem) => <p key={problem.detail} role="alert" className="ed-fault">{problem.detail}</p>)}
    </div>
  );
}

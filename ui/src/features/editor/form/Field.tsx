//! One parameter: its label, whether it is fixed or an expression, the control, its value and what is wrong with it.

import { SquareFunction } from "lucide-react";
import { useId, type DragEvent, type ReactNode } from "react";

import { preview, type RunData } from "../../../canvas/graph/completion";
import { isList, isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { ExpressionInput, PATH_MIME } from "./ExpressionInput";
import { JsonText } from "./JsonText";
import { Said } from "./Said";
import { useTried } from "./tried";
import { below, entryOf, type Place } from "./place";
import { blank, labelOf, type FieldSpec, type Shape } from "./schema";

export function isExpression(value: Json | undefined): value is string {
  return typeof value === "string" && value.startsWith("=");
}

export function Labelled({ label, about, required = false, place, children, expressive = true, bare = false, asJson = false, placeholder, hint }: {
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
  readonly placeholder?: string;
  readonly hint?: string | undefined;
}) {
  const id = useId();
  const { value, onChange, data } = place;
  const expression = isExpression(value);
  const own = place.problems.filter((problem) => (problem.pointer ?? "").endsWith(place.pointer));
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
  const control = expression && expressive ? <Expression label={label} value={value} onChange={onChange} data={data} lines={asJson} {...(placeholder === undefined ? {} : { placeholder })} /> : children(id);
  return (
    <div className="ed-row" data-pointer={place.pointer} onDrop={drop} onDragOver={(event) => { if (expressive && event.dataTransfer.types.includes(PATH_MIME)) event.preventDefault(); }}>
      {bare ? (
        <div className="ed-cell">
          {!expression && <label htmlFor={id} className="sr-only">{label}</label>}
          <div>{control}</div>
          {toggler}
        </div>
      ) : (
        <>
          <div className="ed-label">
            <label htmlFor={id} title={about}>{label}{required && <span aria-hidden> *</span>}</label>
            {toggler}
          </div>
          {control}
        </>
      )}
      {hint !== undefined && hint !== "" && <p className="ed-hint"><Said text={hint} /></p>}
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

export function Field({ spec, place }: { readonly spec: FieldSpec; readonly place: Place }) {
  const { shape } = spec;
  if (shape.is === "object" && !isExpression(place.value)) {
    const inner = isObject(place.value) ? place.value : {};
    return (
      <fieldset className="ed-set">
        <legend title={spec.about}>{spec.label}</legend>
        {shape.fields.map((field) => <Field key={field.name} spec={field} place={below(place, inner, field.name)} />)}
      </fieldset>
    );
  }
  if (shape.is === "switch" && !isExpression(place.value)) return <Toggle spec={spec} place={place} />;
  return (
    <Labelled label={spec.label} about={spec.about} required={spec.required} place={place} hint={hintOf(spec, place.value)}>
      {(id) => <Control id={id} shape={shape} label={spec.label} otherwise={spec.otherwise} place={place} />}
    </Labelled>
  );
}

/** What the choice means, where its name alone might not say it. */
function hintOf({ shape, otherwise }: FieldSpec, value: Json | undefined): string | undefined {
  if (shape.is !== "choice") return undefined;
  const chosen = value ?? otherwise ?? shape.options[0]?.value;
  return shape.options.find((option) => option.value === chosen && option.label === undefined)?.about;
}

/** On or off, with what it does beside it. */
function Toggle({ spec, place }: { readonly spec: FieldSpec; readonly place: Place }) {
  const own = place.problems.filter((problem) => (problem.pointer ?? "").endsWith(place.pointer));
  return (
    <div className="ed-row" data-pointer={place.pointer}>
      <div className="ed-label">
        <label className="ed-check" title={spec.about}><input type="checkbox" role="switch" checked={(place.value ?? spec.otherwise) === true} onChange={(event) => place.onChange(event.target.checked)} /> {spec.label}</label>
        <button type="button" className="ed-fx" aria-pressed={false} aria-label={`${spec.label} as expression`} title="Write an expression" onClick={() => place.onChange(`={{ ${String((place.value ?? spec.otherwise) === true)} }}`)}><SquareFunction size={14} aria-hidden /></button>
      </div>
      {own.map((problem) => <p key={problem.detail} role="alert" className="ed-fault">{problem.detail}</p>)}
    </div>
  );
}

export function Control({ id, shape, label, otherwise, place }: { readonly id: string; readonly shape: Shape; readonly label: string; readonly otherwise: Json | undefined; readonly place: Place }) {
  const { value, onChange } = place;
  switch (shape.is) {
    case "text":
      return shape.long ? (
        <textarea id={id} rows={4} value={String(value ?? "")} placeholder={String(otherwise ?? "")} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input id={id} value={value === undefined || value === null ? "" : String(value)} placeholder={String(otherwise ?? "")} onChange={(event) => onChange(event.target.value)} />
      );
    case "number":
      return (
        <input id={id} type="number" min={shape.least} max={shape.most} value={typeof value === "number" ? value : ""} placeholder={String(otherwise ?? "")}
          onChange={(event) => onChange(event.target.value === "" ? undefined : Number(event.target.value))} />
      );
    case "switch":
      return <input id={id} type="checkbox" role="switch" checked={(value ?? otherwise) === true} onChange={(event) => onChange(event.target.checked)} />;
    case "choice": {
      // A choice begins with the first one, where the schema says nothing else.
      const [first] = shape.options;
      return (
        <select id={id} value={String(value ?? otherwise ?? "")} onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}>
          {value === undefined && (otherwise === undefined || otherwise === null) && <option value="">{first === undefined ? "default" : first.label ?? labelOf(first.value)}</option>}
          {shape.options.filter((option) => option !== first || value !== undefined || (otherwise !== undefined && otherwise !== null)).map((option) => <option key={option.value} value={option.value} title={option.about}>{option.label ?? labelOf(option.value)}</option>)}
        </select>
      );
    }
    case "list":
      return <List id={id} label={label} of={shape.of} place={place} />;
    case "object":
      return <>{shape.fields.map((field) => <Field key={field.name} spec={field} place={below(place, isObject(value) ? value : {}, field.name)} />)}</>;
    case "variant": {
      const whole = isObject(value) ? value : isObject(otherwise) ? otherwise : {};
      const tag = String(whole[shape.tag] ?? "");
      const chosen = shape.options.find((option) => option.value === tag);
      return (
        <div className="ed-variant">
          <select id={id} value={tag} onChange={(event) => onChange({ ...(blank({ ...shape, options: shape.options.filter((option) => option.value === event.target.value) }) as JsonObject) })}>
            {!chosen && <option value="">default</option>}
            {shape.options.map((option) => <option key={option.value} value={option.value} title={option.about}>{option.label ?? labelOf(option.value)}</option>)}
          </select>
          {chosen?.fields.map((field) => <Field key={field.name} spec={field} place={below({ ...place, value: whole }, whole, field.name)} />)}
        </div>
      );
    }
    case "any":
      return <JsonText label={label} value={value} onChange={onChange} orText data={place.data} />;
  }
}

function List({ id, label, of, place }: { readonly id: string; readonly label: string; readonly of: Shape; readonly place: Place }) {
  const entries = isList(place.value) ? place.value : [];
  if (of.is === "text") {
    return (
      <input id={id} value={entries.map(String).join(", ")} placeholder="one, another"
        onChange={(event) => place.onChange(event.target.value === "" ? [] : event.target.value.split(/,\s*/))} />
    );
  }
  return (
    <div className="ed-list" id={id}>
      {entries.map((entry, index) => (
        <div key={index} className="ed-entry">
          <div>
            <Control id={`${id}-${index}`} shape={of} label={`${label} ${index + 1}`} otherwise={undefined}
              place={{ ...entryOf(place, index), value: entry }} />
          </div>
          <button type="button" aria-label={`Remove ${label} ${index + 1}`} onClick={() => place.onChange(entries.filter((_, at) => at !== index))}>×</button>
        </div>
      ))}
      <button type="button" onClick={() => place.onChange([...entries, blank(of)])}>Add to {label.toLowerCase()}</button>
    </div>
  );
}

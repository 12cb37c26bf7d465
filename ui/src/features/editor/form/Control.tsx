//! The control of one value, by what its schema says of it.

import { isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { Fields } from "./Field";
import { hintedControl } from "./hinted";
import { JsonText } from "./JsonText";
import { List } from "./lists";
import type { Place } from "./place";
import { blank, labelOf, type FieldSpec, type Shape } from "./schema";

interface Props {
  readonly id: string;
  readonly shape: Shape;
  readonly label: string;
  readonly otherwise: Json | undefined;
  readonly place: Place;
  /** The field that it is the value of; absent for an element of a list. */
  readonly spec?: FieldSpec;
}

export function Control({ id, shape, label, otherwise, place, spec }: Props) {
  const { value, onChange } = place;
  const hinted = spec && hintedControl(id, spec, place);
  if (hinted !== undefined) return hinted;
  // A field has a label before its control; an element of a list has none.
  const named = spec === undefined ? { "aria-label": label } : {};
  const example = spec?.example ?? (otherwise === undefined || otherwise === null ? "" : String(otherwise));
  switch (shape.is) {
    case "text":
      return shape.long ? (
        <textarea id={id} {...named} rows={4} value={String(value ?? "")} placeholder={example} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input id={id} {...named} value={value === undefined || value === null ? "" : String(value)} placeholder={otherwise === "" || otherwise === undefined || otherwise === null ? example : String(otherwise)} onChange={(event) => onChange(event.target.value)} />
      );
    case "number": {
      const input = (
        <input id={id} {...named} type="number" min={shape.least} max={shape.most} step={shape.whole ? 1 : "any"} value={typeof value === "number" ? value : ""} placeholder={String(otherwise ?? "")}
          onChange={(event) => onChange(event.target.value === "" ? undefined : Number(event.target.value))} />
      );
      return spec?.hints?.unit === undefined ? input : <div className="ed-pair">{input}<span>{spec.hints.unit}</span></div>;
    }
    case "switch":
      return <input id={id} {...named} type="checkbox" role="switch" checked={(value ?? otherwise) === true} onChange={(event) => onChange(event.target.checked)} />;
    case "choice": {
      // A choice begins with the first one, where the schema says nothing else; one that may be absent begins so.
      const [first] = spec?.optional === true ? [undefined] : shape.options;
      const words = (option: (typeof shape.options)[number]) => option.label ?? (option.value === "" ? "As usual" : labelOf(option.value));
      return (
        <select id={id} {...named} value={String(value ?? otherwise ?? "")} onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}>
          {value === undefined && (otherwise === undefined || otherwise === null) && <option value="">{first === undefined ? "As usual" : words(first)}</option>}
          {shape.options.filter((option) => option !== first || value !== undefined || (otherwise !== undefined && otherwise !== null)).map((option) => <option key={option.value} value={option.value} title={option.about}>{words(option)}</option>)}
        </select>
      );
    }
    case "list":
      return <List id={id} label={label} of={shape.of} place={place} example={spec?.example} />;
    case "object":
      return <Fields fields={shape.fields} place={place} whole={isObject(value) ? value : {}} />;
    case "variant": {
      const whole = isObject(value) ? value : isObject(otherwise) ? otherwise : {};
      const tag = String(whole[shape.tag] ?? "");
      const chosen = shape.options.find((option) => option.value === tag);
      return (
        <div className="ed-variant">
          <select id={id} {...named} value={tag} onChange={(event) => onChange(event.target.value === "" ? undefined : { ...(blank({ ...shape, options: shape.options.filter((option) => option.value === event.target.value) }) as JsonObject) })}>
            {(!chosen || spec?.optional === true) && <option value="">{spec?.optional === true ? "Not set" : "As usual"}</option>}
            {shape.options.map((option) => <option key={option.value} value={option.value} title={option.about}>{option.label ?? labelOf(option.value)}</option>)}
          </select>
          {chosen && <Fields fields={chosen.fields} place={{ ...place, value: whole }} whole={whole} />}
        </div>
      );
    }
    case "any":
      return <JsonText label={label} value={value} onChange={onChange} orText data={place.data} {...(example === "" ? {} : { placeholder: example })} />;
  }
}

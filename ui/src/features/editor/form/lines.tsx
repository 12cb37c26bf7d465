//! Editors of one line: limits, waits, orders, lists of fields, types of what a workflow takes.

import { ArrowUp, Plus, X } from "lucide-react";

import type { JsonObject } from "../../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { FieldName, textOf } from "./Cell";
import { isExpression, Labelled } from "./Field";
import { below, rowsOf, type Place } from "./place";

interface Whole {
  readonly whole: Place;
  readonly params: JsonObject;
}

/** A number that may be an expression, and words around it. */
function Amount({ id, label, place, least, otherwise }: { readonly id: string; readonly label?: string; readonly place: Place; readonly least: number; readonly otherwise: number }) {
  return <input id={id} aria-label={label} type="number" className="ed-narrow" min={least} step="any" value={typeof place.value === "number" ? place.value : ""} placeholder={String(otherwise)} onChange={(event) => place.onChange(event.target.value === "" ? undefined : Number(event.target.value))} />;
}

export function LimitLine({ whole, params }: Whole) {
  const most = below(whole, params, "maxItems");
  const keep = below(whole, params, "keep");
  return (
    <Labelled label="Keep" place={most}>
      {(id) => (
        <div className="ed-pair">
          <select className="ed-inline" aria-label="Which items" value={textOf(keep.value ?? "firstItems")} onChange={(event) => keep.onChange(event.target.value === "firstItems" ? undefined : event.target.value)}>
            <option value="firstItems">the first</option>
            <option value="lastItems">the last</option>
          </select>
          <Amount id={id} place={most} least={0} otherwise={1} />
          <span>{most.value === undefined || most.value === 1 ? "item" : "items"}</span>
        </div>
      )}
    </Labelled>
  );
}

const UNITS = ["seconds", "minutes", "hours", "days"];

export function WaitLine({ whole, params }: Whole) {
  const amount = below(whole, params, "amount");
  const unit = below(whole, params, "unit");
  return (
    <Labelled label="For" place={amount}>
      {(id) => (
        <div className="ed-pair">
          <Amount id={id} place={amount} least={0} otherwise={1} />
          <select className="ed-inline" aria-label="Unit" value={textOf(unit.value ?? "hours")} onChange={(event) => unit.onChange(event.target.value)}>
            {UNITS.map((one) => <option key={one}>{one}</option>)}
          </select>
        </div>
      )}
    </Labelled>
  );
}

/** A day and a time, in the workflow's time zone; whatever else was written is left as it is. */
export function TimeLine({ label, place }: { readonly label: string; readonly place: Place }) {
  const text = textOf(place.value);
  const plain = text === "" || /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text);
  return (
    <Labelled label={label} place={place} hint={plain ? "In the workflow's time zone." : undefined}>
      {(id) => <input id={id} type={plain ? "datetime-local" : "text"} value={text} onChange={(event) => place.onChange(event.target.value === "" ? undefined : event.target.value)} />}
    </Labelled>
  );
}

export function SortFields({ place }: { readonly place: Place }) {
  const list = rowsOf(place);
  return (
    <section className="ed-rows ed-tight" aria-label="Fields to sort by" data-pointer={place.pointer}>
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        const order = below(own, entry, "order");
        return (
          <div key={index} className="ed-line">
            <FieldName label={`Field to sort by ${index + 1}`} place={below(own, entry, "fieldName")} />
            <select className="ed-inline" aria-label={`Order of field ${index + 1}`} value={textOf(order.value ?? "ascending")} onChange={(event) => order.onChange(event.target.value)}>
              <option value="ascending">smallest first</option>
              <option value="descending">largest first</option>
            </select>
            <IconButton look="plain" name={`Move field ${index + 1} up`} icon={<ArrowUp size={14} />} refused={index === 0 ? "It is the first" : undefined} onClick={() => list.move(index, -1)} />
            <IconButton look="plain" name={`Remove field ${index + 1}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
          </div>
        );
      })}
      <Add label="Add field" onClick={() => list.add({ fieldName: "", order: "ascending" })} />
    </section>
  );
}

export function AggregateFields({ place }: { readonly place: Place }) {
  const list = rowsOf(place);
  return (
    <section className="ed-rows ed-tight" aria-label="Fields whose values become lists" data-pointer={place.pointer}>
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        const name = textOf(entry["outputFieldName"]);
        return (
          <div key={index} className="ed-line">
            <FieldName label={`Field ${index + 1}`} place={below(own, entry, "fieldToAggregate")} />
            <input aria-label={`Name of the list of field ${index + 1}`} placeholder="as the same name" value={name} onChange={(event) => own.onChange({ ...entry, renameField: event.target.value !== "", outputFieldName: event.target.value })} />
            <IconButton look="plain" name={`Remove field ${index + 1}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
          </div>
        );
      })}
      <Add label="Add field" onClick={() => list.add({ fieldToAggregate: "", renameField: false })} />
    </section>
  );
}

export function MatchPairs({ place }: { readonly place: Place }) {
  const list = rowsOf(place);
  return (
    <section className="ed-rows ed-tight" aria-label="Fields that must be equal" data-pointer={place.pointer}>
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        return (
          <div key={index} className="ed-line">
            <FieldName label={`Field of input 1, ${index + 1}`} placeholder="Field of input 1" place={below(own, entry, "field1")} />
            <span aria-hidden>=</span>
            <FieldName label={`Field of input 2, ${index + 1}`} placeholder="Field of input 2" place={below(own, entry, "field2")} />
            <IconButton look="plain" name={`Remove pair ${index + 1}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
          </div>
        );
      })}
      <Add label="Add pair" onClick={() => list.add({ field1: "", field2: "" })} />
    </section>
  );
}

const TYPES = ["any", "string", "number", "boolean", "array", "object"];

export function DeclaredFields({ label, place }: { readonly label: string; readonly place: Place }) {
  const list = rowsOf(place);
  return (
    <section className="ed-rows ed-tight" aria-label={label} data-pointer={place.pointer}>
      <div className="ed-label"><h4>{label}</h4></div>
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        return (
          <div key={index} className="ed-line">
            <input aria-label={`Name of field ${index + 1}`} placeholder="Name" value={textOf(entry["name"])} onChange={(event) => below(own, entry, "name").onChange(event.target.value)} />
            <select className="ed-inline" aria-label={`Type of field ${index + 1}`} value={textOf(entry["type"] ?? "any")} onChange={(event) => below(own, entry, "type").onChange(event.target.value)}>
              {TYPES.map((one) => <option key={one}>{one}</option>)}
            </select>
            <IconButton look="plain" name={`Remove field ${index + 1}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
          </div>
        );
      })}
      <Add label="Add field" onClick={() => list.add({ name: "", type: "any" })} />
    </section>
  );
}

/** The run ends with a message, or with an object that says more. */
export function StopWith({ whole, params }: Whole) {
  const message = below(whole, params, "message");
  return (
    <Labelled label="Message" place={message} placeholder="Order {{ $json.id }} has no address">
      {(id) => <input id={id} value={textOf(message.value)} placeholder="What went wrong, for who reads the run" onChange={(event) => message.onChange(event.target.value)} disabled={params["object"] !== undefined && params["object"] !== null && !isExpression(message.value)} />}
    </Labelled>
  );
}

function Add({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return <button type="button" className="inline-flex items-center gap-1 justify-self-start" onClick={onClick}><Plus size={13} aria-hidden />{label}</button>;
}

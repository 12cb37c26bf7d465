//! An HTTP request as one writes it down: method and address in a line, then what is sent.

import { FileUp, Plus, X } from "lucide-react";
import { useId } from "react";

import { isList, isObject, type JsonObject } from "../../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { Cell, textOf } from "./Cell";
import { isExpression, Labelled } from "./Field";
import { JsonText } from "./JsonText";
import { Pairs } from "./Pairs";
import { below, rowsOf, type Place } from "./place";

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
export const HEADERS = ["Accept", "Accept-Language", "Authorization", "Cache-Control", "Content-Type", "If-Match", "If-None-Match", "Prefer", "User-Agent", "X-Request-Id"];

export function RequestLine({ whole, params }: { readonly whole: Place; readonly params: JsonObject }) {
  const method = below(whole, params, "method");
  const url = below(whole, params, "url");
  const chosen = textOf(method.value ?? "GET");
  const strange = !METHODS.includes(chosen) && !isExpression(method.value);
  const fault = typeof url.value === "string" && url.value !== "" && !isExpression(url.value) && !/^https?:\/\/[^\s/]/i.test(url.value) ? "it begins with http:// or https://" : undefined;
  return (
    <Labelled label="URL" place={url} required placeholder="https://api.example.com/orders/{{ $json.id }}" hint={fault}>
      {(id) => (
        <div className="ed-request">
          {isExpression(method.value) ? <input aria-label="Method" value={method.value} onChange={(event) => method.onChange(event.target.value)} /> : (
            <select aria-label="Method" value={chosen} onChange={(event) => method.onChange(event.target.value)}>
              {METHODS.map((one) => <option key={one}>{one}</option>)}
              {strange && <option>{chosen}</option>}
            </select>
          )}
          <input id={id} value={textOf(url.value)} placeholder="https://api.example.com/orders" inputMode="url" aria-invalid={fault !== undefined} onChange={(event) => url.onChange(event.target.value)} />
        </div>
      )}
    </Labelled>
  );
}

const BODIES = [
  { type: "none", label: "Nothing" },
  { type: "json", label: "JSON" },
  { type: "form", label: "Form (x-www-form-urlencoded)" },
  { type: "multipart", label: "Form with files (multipart)" },
  { type: "raw", label: "Text" },
  { type: "file", label: "A file of the item" },
];

function blankBody(type: string): JsonObject {
  switch (type) {
    case "json":
      return { type, value: {} };
    case "form":
      return { type, fields: [] };
    case "multipart":
      return { type, parts: [] };
    case "raw":
      return { type, contentType: "text/plain", text: "" };
    case "file":
      return { type, field: "data" };
    default:
      return { type };
  }
}

export function Body({ place }: { readonly place: Place }) {
  const whole: JsonObject = isObject(place.value) ? place.value : { type: "none" };
  const type = String(whole["type"] ?? "none");
  const at = (name: string) => below(place, whole, name);
  const types = useId();
  return (
    <section className="ed-rows ed-tight" aria-label="Body" data-pointer={place.pointer}>
      <label className="ed-label">Body
        <select className="ed-inline" aria-label="Body" value={type} onChange={(event) => place.onChange(event.target.value === "none" ? undefined : blankBody(event.target.value))}>
          {BODIES.map((one) => <option key={one.type} value={one.type}>{one.label}</option>)}
        </select>
      </label>
      {type === "json" && <JsonValue label="JSON body" place={at("value")} />}
      {type === "form" && <Pairs label="Form fields" place={at("fields")} />}
      {type === "multipart" && <Parts place={at("parts")} />}
      {type === "raw" && (
        <>
          <Labelled label="Content type" place={at("contentType")}>{(id) => <input id={id} list={types} value={textOf(whole["contentType"])} placeholder="text/plain" onChange={(event) => at("contentType").onChange(event.target.value)} />}</Labelled>
          <datalist id={types}>{["text/plain", "application/xml", "text/csv", "text/html", "application/x-ndjson"].map((one) => <option key={one} value={one} />)}</datalist>
          <Labelled label="Text" place={at("text")}>{(id) => <textarea id={id} rows={6} value={textOf(whole["text"])} onChange={(event) => at("text").onChange(event.target.value)} />}</Labelled>
        </>
      )}
      {type === "file" && <Labelled label="Name of the file" place={at("field")}>{(id) => <input id={id} value={textOf(whole["field"])} placeholder="data" onChange={(event) => at("field").onChange(event.target.value)} />}</Labelled>}
    </section>
  );
}

/** A value that is JSON: as a value, as its text with expressions inside, or all of it from one expression. */
export function JsonValue({ label, place }: { readonly label: string; readonly place: Place }) {
  return (
    <Labelled label={label} place={place} placeholder={'{ "id": {{ $json.id }} }'} asJson>
      {() => <JsonText label={label} lines value={place.value} onChange={place.onChange} data={place.data} placeholder={'{ "name": "value" }'} />}
    </Labelled>
  );
}

function Parts({ place }: { readonly place: Place }) {
  const list = rowsOf(place);
  return (
    <section className="ed-rows ed-tight" aria-label="Parts of the form">
      {list.entries.map((entry, index) => {
        const own = list.at(index);
        const file = typeof entry["file"] === "string";
        return (
          <div key={index} className="ed-namevalue">
            <input aria-label={`Name of part ${index + 1}`} placeholder="Name" value={String(entry["name"] ?? "")} onChange={(event) => below(own, entry, "name").onChange(event.target.value)} />
            {file ? <Cell label={`File of part ${index + 1}`} placeholder="Name of a file in the item" place={below(own, entry, "file")} /> : <Cell label={`Value of part ${index + 1}`} placeholder="Value" place={below(own, entry, "value")} />}
            <IconButton look="plain" name={`Remove part ${index + 1}`} icon={<X size={14} />} onClick={() => list.remove(index)} />
          </div>
        );
      })}
      {!isList(place.value) || list.entries.length === 0 ? <p className="ed-about">The form has no fields yet.</p> : null}
      <div className="flex gap-2">
        <button type="button" className="inline-flex items-center gap-1" onClick={() => list.add({ name: "", value: "" })}><Plus size={13} aria-hidden />Add value</button>
        <button type="button" className="inline-flex items-center gap-1" onClick={() => list.add({ name: "", file: "data" })}><FileUp size={13} aria-hidden />Add file</button>
      </div>
    </section>
  );
}

import { ChevronRight } from "lucide-react";
import { useState } from "react";

import { Line } from "@/kit/Prose";

import { resolve, typeName, type Document, type Schema } from "./spec";

/** A schema as a tree. A branch is made when it is opened, so that schemas that contain themselves do no harm. */
export function SchemaTree({ document, schema }: { document: Document; schema: Schema | undefined }) {
  return (
    <div className="text-small leading-5">
      <Branch document={document} schema={schema ?? {}} initially />
    </div>
  );
}

function Branch({ document, schema, name, required, initially = false }: { document: Document; schema: Schema; name?: string; required?: boolean; initially?: boolean }) {
  const [open, setOpen] = useState(initially);
  const inner = childrenOf(document, schema);
  const description = schema.description ?? resolve(document, schema).description;
  const label = (
    <span className="min-w-0">
      {name === undefined ? null : <span className="font-mono text-ink">{name}</span>}
      {name === undefined ? null : " "}
      <span className="font-mono break-words text-accent">{typeName(schema)}</span>
      {required === true ? <span className="ml-1.5 text-wait">required</span> : null}
    </span>
  );
  return (
    <div className="py-0.5">
      {inner.length === 0 ? (
        <div className="pl-4.5">{label}</div>
      ) : (
        <button type="button" aria-expanded={open} onClick={() => { setOpen(!open); }} className="flex w-full items-start gap-0.5 rounded-small text-left hover:bg-sunken">
          <ChevronRight size={14} aria-hidden className={`mt-0.75 shrink-0 text-ink-faint transition-transform duration-100 ${open ? "rotate-90" : ""}`} />
          {label}
        </button>
      )}
      {description === undefined ? null : <p className="pl-4.5 text-ink-soft"><Line text={description} /></p>}
      {open && inner.length > 0 ? (
        <div className="ml-1.5 border-l pl-2">
          {inner.map((child) => <Branch key={child.name} document={document} {...child} />)}
        </div>
      ) : null}
    </div>
  );
}

interface Child {
  name: string;
  schema: Schema;
  required?: boolean;
}

/** What can be found one step below a schema. */
function childrenOf(document: Document, schema: Schema): Child[] {
  const known = resolve(document, schema);
  const own: Child[] = Object.entries(known.properties ?? {}).map(([name, inner]) => ({ name, schema: inner, required: known.required?.includes(name) === true }));
  if (typeof known.additionalProperties === "object") own.push({ name: "(any name)", schema: known.additionalProperties });
  if (known.items !== undefined && childrenOf(document, known.items).length > 0) own.push({ name: "(each)", schema: known.items });
  (known.allOf ?? []).forEach((part) => own.push(...childrenOf(document, part)));
  (known.oneOf ?? known.anyOf ?? []).forEach((part, index) => {
    if (part.type !== "null") own.push({ name: `(${String(index + 1)})`, schema: part });
  });
  return own;
}

//! Values in their order, each fixed or an expression: what stands for `$1`, `$2` … in a statement.

import { ArrowUp, Plus, X } from "lucide-react";

import { isList, type Json } from "../../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { Cell } from "./Cell";
import { entryOf, type Place } from "./place";

export function Values({ label, place }: { readonly label: string; readonly place: Place }) {
  const values = isList(place.value) ? place.value : [];
  const up = (index: number) => {
    const next: Json[] = [...values];
    next.splice(index - 1, 2, values[index] ?? null, values[index - 1] ?? null);
    place.onChange(next);
  };
  return (
    <div className="ed-rows ed-tight" role="group" aria-label={label}>
      {values.map((value, index) => (
        <div key={index} className="ed-line">
          <code>${index + 1}</code>
          <Cell label={`Value of $${index + 1}`} placeholder="Value, or drag a field here" place={{ ...entryOf(place, index), value, onChange: (next) => place.edit(`${place.pointer}/${index}`, next ?? "") }} />
          <IconButton look="plain" name={`Move value ${index + 1} up`} icon={<ArrowUp size={14} />} refused={index === 0 ? "It is the first" : undefined} onClick={() => up(index)} />
          <IconButton look="plain" name={`Remove value ${index + 1}`} icon={<X size={14} />} onClick={() => place.onChange(values.filter((_, at) => at !== index))} />
        </div>
      ))}
      <button type="button" className="inline-flex items-center gap-1 justify-self-start" aria-label={`Add $${values.length + 1} to the values`} onClick={() => place.onChange([...values, ""])}><Plus size={13} aria-hidden />Add ${values.length + 1}</button>
    </div>
  );
}

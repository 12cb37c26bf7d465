//! A length of time: how much, and of what.

import { useState } from "react";

import type { Json } from "../../../canvas/graph/json";
import { textOf } from "./Cell";
import { millisOf, unitOf, UNITS, type UnitName } from "./durations";
import type { Place } from "./place";

export function Duration({ id, label, otherwise, place }: { readonly id: string; readonly label: string; readonly otherwise: Json | undefined; readonly place: Place }) {
  const [chosen, setChosen] = useState<UnitName>();
  const millis = millisOf(place.value);
  const usual = millisOf(otherwise) ?? 0;
  // What is no length of time can only be mended as the text that it is.
  if (place.value !== undefined && place.value !== null && millis === undefined) return <input id={id} value={textOf(place.value)} onChange={(event) => place.onChange(event.target.value)} />;
  const unit = UNITS.find((one) => one.name === chosen) ?? unitOf(millis ?? usual);
  const put = (amount: number, of: number) => place.onChange(Math.round(amount * of));
  return (
    <div className="ed-pair">
      <input id={id} type="number" min={0} step="any" value={millis === undefined ? "" : millis / unit.ms} placeholder={String(usual / unit.ms)} onChange={(event) => (event.target.value === "" ? place.onChange(undefined) : put(Number(event.target.value), unit.ms))} />
      <select className="ed-inline" aria-label={`Unit of ${label.toLowerCase()}`} value={unit.name} onChange={(event) => { const next = UNITS.find((one) => one.name === event.target.value); if (next) { setChosen(next.name); if (millis !== undefined) put(millis / unit.ms, next.ms); } }}>
        {UNITS.map((one) => <option key={one.name}>{one.name}</option>)}
      </select>
    </div>
  );
}

import { Select } from "@/kit/Field";
import type { Period as Name } from "@/resource/runFilter";

const WITHIN: [Name, string][] = [["hour", "Last hour"], ["day", "Last day"], ["week", "Last week"]];

/** How far back a list goes. */
export function Period({ value, onChange }: { value: Name | undefined; onChange: (value: string) => void }) {
  return (
    <Select aria-label="Period" className="w-auto!" value={value ?? ""} onChange={(event) => { onChange(event.target.value); }}>
      <option value="">All times</option>
      {WITHIN.map(([period, name]) => <option key={period} value={period}>{name}</option>)}
    </Select>
  );
}

import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";

import { Button, IconButton } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";

import { columnFault, freeId, renamed, TYPES, type Column, type ColumnType } from "./cells";

/** Columns of a table, to be named, typed, ordered, put in and taken out. */
export function Columns({ columns, onChange, fresh }: { columns: readonly Column[]; onChange: (columns: Column[]) => void; /** None of them has cells yet. */ fresh?: boolean }) {
  const set = (at: number, column: Column): void => { onChange(columns.map((old, index) => (index === at ? column : old))); };
  const move = (at: number, by: number): void => {
    const next = [...columns];
    const [moved] = next.splice(at, 1);
    if (moved !== undefined) next.splice(at + by, 0, moved);
    onChange(next);
  };
  const add = (): void => { onChange([...columns, { name: "", type: "string" }]); };
  return (
    <div className="flex flex-col gap-1.5">
      <ul className="flex flex-col gap-1.5" aria-label="Columns">
        {columns.map((column, at) => {
          const others = columns.filter((_, other) => other !== at);
          const fault = column.name === "" && fresh === true ? undefined : columnFault(column.name, others.map(({ name }) => name));
          const label = `column ${String(at + 1)}`;
          return (
            // A column has no lasting name while it is being typed.
            <li key={at} className="flex flex-wrap items-start gap-1.5">
              <div className="min-w-40 flex-1">
                <Input
                  aria-label={`Name of ${label}`}
                  aria-invalid={fault === undefined ? undefined : true}
                  placeholder="name"
                  value={column.name}
                  onChange={(event) => {
                    const name = event.target.value;
                    // One that was never stored takes an id of its own only where its name is another's.
                    const born = fresh === true || column.id === undefined && column.name === "";
                    const id = born ? freeId(name, others) : undefined;
                    set(at, born ? { name, type: column.type ?? "string", ...(id === undefined ? {} : { id }) } : renamed(column, name));
                  }}
                />
                {fault === undefined ? null : <p role="alert" className="mt-0.5 text-small text-bad">{fault}</p>}
              </div>
              <Select aria-label={`Type of ${label}`} className="w-32!" value={column.type ?? "string"} onChange={(event) => { set(at, { ...column, type: event.target.value as ColumnType }); }}>
                {Object.entries(TYPES).map(([type, name]) => <option key={type} value={type}>{name}</option>)}
              </Select>
              <span className="flex h-8 items-center">
                <IconButton name={`Move ${label} up`} icon={<ArrowUp size={14} />} refused={at === 0 ? "It is the first one" : undefined} onClick={() => { move(at, -1); }} />
                <IconButton name={`Move ${label} down`} icon={<ArrowDown size={14} />} refused={at === columns.length - 1 ? "It is the last one" : undefined} onClick={() => { move(at, 1); }} />
                <IconButton name={`Take ${label} out`} icon={<Trash2 size={14} />} onClick={() => { onChange(columns.filter((_, other) => other !== at)); }} />
              </span>
            </li>
          );
        })}
      </ul>
      <div><Button icon={<Plus size={14} />} onClick={add}>Add a column</Button></div>
    </div>
  );
}

import { Plus, X } from "lucide-react";

import { Button, IconButton } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";
import { BARE, type Condition, type TableView, type Test } from "@/resource/tableView";

import type { Column, ColumnType } from "./cells";

const NAMES: Record<Condition, string> = {
  eq: "is", neq: "is not", gt: "is greater than", gte: "is at least", lt: "is less than", lte: "is at most",
  like: "contains", ilike: "contains, in any case", isEmpty: "is empty", isNotEmpty: "is not empty", isTrue: "is yes", isFalse: "is no",
};

/** What can be asked of a column of a type. */
const ASKED: Record<ColumnType, readonly Condition[]> = {
  string: ["ilike", "eq", "neq", "like", "gt", "gte", "lt", "lte", "isEmpty", "isNotEmpty"],
  number: ["eq", "neq", "gt", "gte", "lt", "lte", "isEmpty", "isNotEmpty"],
  boolean: ["isTrue", "isFalse", "isEmpty", "isNotEmpty"],
  date: ["gte", "lt", "eq", "neq", "gt", "lte", "isEmpty", "isNotEmpty"],
};

/** The conditions that rows have to meet. */
export function FilterBar({ columns, view, onChange }: { columns: readonly Column[]; view: TableView; onChange: (view: TableView) => void }) {
  const tests = view.tests ?? [];
  const all: Column[] = [...columns, { name: "id", type: "number" }, { name: "createdAt", type: "date" }, { name: "updatedAt", type: "date" }];
  const typeOf = (name: string): ColumnType => all.find((column) => column.name === name)?.type ?? "string";
  const put = (next: readonly Test[]): void => {
    const { tests: _, any, ...rest } = view;
    onChange({ ...rest, ...(any === true && next.length > 1 ? { any } : {}), ...(next.length > 0 ? { tests: [...next] } : {}) });
  };
  const set = (at: number, test: Test): void => { put(tests.map((old, index) => (index === at ? test : old))); };
  const on = (column: string): Test => ({ column, condition: ASKED[typeOf(column)][0] ?? "eq" });
  const first = all[0]?.name ?? "id";
  return (
    <div role="group" aria-label="Filter" className="flex flex-wrap items-center gap-2 border-b px-4 py-2">
      {tests.map((test, at) => (
        // Conditions have no names; their place is what they are.
        <span key={at} className="flex flex-wrap items-center gap-1 rounded-base bg-sunken p-1">
          <Select aria-label="Column" className="w-auto!" value={test.column} onChange={(event) => { set(at, on(event.target.value)); }}>
            {all.map(({ name }) => <option key={name}>{name}</option>)}
          </Select>
          <Select aria-label="Condition" className="w-auto!" value={test.condition} onChange={(event) => { set(at, { ...test, condition: event.target.value as Condition }); }}>
            {ASKED[typeOf(test.column)].map((condition) => <option key={condition} value={condition}>{NAMES[condition]}</option>)}
          </Select>
          {BARE.has(test.condition) ? null : <Input aria-label="Value" className="w-40!" type={typeOf(test.column) === "date" ? "date" : "text"} value={test.value ?? ""} onChange={(event) => { set(at, { ...test, value: event.target.value }); }} />}
          <IconButton name="Take the condition out" icon={<X size={13} />} onClick={() => { put(tests.filter((_, other) => other !== at)); }} />
        </span>
      ))}
      {tests.length > 1 ? (
        <Select aria-label="How many conditions must hold" className="w-auto!" value={view.any === true ? "any" : "all"} onChange={(event) => { const { any: _, ...rest } = view; onChange(event.target.value === "any" ? { ...rest, any: true } : rest); }}>
          <option value="all">all of them</option>
          <option value="any">one is enough</option>
        </Select>
      ) : null}
      <Button look="quiet" icon={<Plus size={13} />} onClick={() => { put([...tests, on(first)]); }}>{tests.length === 0 ? "Filter" : "Add a condition"}</Button>
    </div>
  );
}

//! Data tables and their columns, chosen from those that there are; and a mapper of values to columns of any table.

import { useQuery } from "@tanstack/react-query";
import { ListPlus } from "lucide-react";
import { createContext, use, useId } from "react";

import { isList, isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { Button } from "@/kit/Button";
import { RunContext } from "../run";
import { knownFields, textOf } from "./Cell";
import { isExpression, Labelled } from "./Field";
import { objectOf, Pairs, pairsOf } from "./Pairs";
import type { Place } from "./place";
import { Said } from "./Said";

/** All parameters of the node, for a control that depends on what another one holds. */
export const ParamsContext = createContext<JsonObject>({});

export interface Table {
  readonly name: string;
  readonly about: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** What every row of a data table has besides its own columns. */
const OWN = ["id", "createdAt", "updatedAt"];

export function tableOf({ name, spec }: { readonly name: string; readonly spec: JsonObject }): Table {
  const columns = isList(spec["columns"]) ? spec["columns"].filter(isObject) : [];
  return { name, about: textOf(spec["description"]), columns: columns.map((column) => ({ name: textOf(column["name"]), type: textOf(column["type"] ?? "string") })) };
}

function useTables() {
  const { calls } = use(RunContext);
  // The key begins with the kind, so the watch refreshes the list.
  return useQuery({ queryKey: ["data-table", "editor"], queryFn: async () => ((await calls?.dataTables()) ?? []).map(tableOf), enabled: calls !== undefined });
}

/** The data table that the node works on, when it is one of those that there are. */
function useTable(): Table | undefined {
  const params = use(ParamsContext);
  const tables = useTables();
  return tables.data?.find((table) => table.name === params["table"]);
}

export function TableName({ id, place }: { readonly id: string; readonly place: Place }) {
  const tables = useTables();
  const list = useId();
  const name = textOf(place.value);
  const found = tables.data?.find((table) => table.name === name);
  const makes = use(ParamsContext)["operation"] === "createTable";
  return (
    <>
      <input id={id} list={list} value={name} placeholder={tables.data?.length === 0 ? "There is no data table yet" : "Name of a data table"} onChange={(event) => place.onChange(event.target.value)} />
      <datalist id={list}>{tables.data?.map((table) => <option key={table.name} value={table.name}>{table.about}</option>)}</datalist>
      {found && <p className="ed-hint">Columns: {found.columns.map((column) => `${column.name} (${column.type})`).join(", ") || "none of its own"}.</p>}
      {tables.data && !found && name !== "" && !makes && <p className="ed-hint"><Said text={`There is no data table \`${name}\` here yet: “Create table” makes one, or the page “Data” does.`} /></p>}
    </>
  );
}

export function ColumnInput({ id, place, placeholder }: { readonly id: string; readonly place: Place; readonly placeholder: string }) {
  const table = useTable();
  const list = useId();
  return (
    <>
      <input id={id} list={list} value={textOf(place.value)} placeholder={placeholder} onChange={(event) => place.onChange(event.target.value)} />
      {table && <datalist id={list}>{[...table.columns.map((column) => column.name), ...OWN].map((name) => <option key={name} value={name} />)}</datalist>}
    </>
  );
}

/** The column of a row in a list of conditions. */
export function ColumnName({ label, place, placeholder }: { readonly label: string; readonly place: Place; readonly placeholder: string }) {
  return <Labelled label={label} place={place} bare placeholder={placeholder}>{(id) => <ColumnInput id={id} place={place} placeholder={placeholder} />}</Labelled>;
}

/** The expression that reads a field of the item. */
function reads(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `={{ $json.${name} }}` : `={{ $json[${JSON.stringify(name)}] }}`;
}

/** Values for columns that have none yet: from the field of the same name where one came in, else empty. */
export function mapped(value: Json | undefined, columns: readonly string[], fields: readonly string[]): JsonObject {
  const whole = objectOf(pairsOf(value).filter((row) => textOf(row["name"]) !== ""));
  const missing = (columns.length > 0 ? columns : fields).filter((name) => !Object.hasOwn(whole, name));
  return { ...whole, ...Object.fromEntries(missing.map((name) => [name, fields.includes(name) ? reads(name) : ""])) };
}

/** Values by column. The columns are those of the data table, or as the fields that came in are called. */
export function Columns({ label, place, hint }: { readonly label: string; readonly place: Place; readonly hint: string }) {
  const table = useTable();
  const fields = knownFields(place).filter((name) => !name.includes("."));
  const columns = table?.columns.map((column) => column.name) ?? [];
  const next = mapped(place.value, columns, fields);
  const fuller = Object.keys(next).length > pairsOf(place.value).length;
  return (
    <div className="ed-row">
      <Pairs label={label} place={place} names={columns.length > 0 ? columns : fields} asObject />
      {fuller && !isExpression(place.value) && <div><Button icon={<ListPlus size={14} />} onClick={() => place.onChange(next)}>{columns.length > 0 ? "All columns of the table" : "All fields of the item"}</Button></div>}
      {hint !== "" && <p className="ed-hint"><Said text={hint} /></p>}
    </div>
  );
}

/** Cells of a data table: what is shown of them, and what was typed into them. */

export type ColumnType = "string" | "number" | "boolean" | "date";

export interface Column {
  name: string;
  type?: ColumnType;
  id?: string;
}

export type Row = Record<string, unknown> & { id: number };

export const TYPES: Record<ColumnType, string> = { string: "Text", number: "Number", boolean: "Yes or no", date: "Date" };

/** The text that stands in a cell and in its editor. */
export function textOf(value: unknown, type: ColumnType = "string"): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  // The rest of a time says nothing where there is none.
  return type === "date" ? text.replace("T00:00:00.000Z", "").replace(/\.000Z$/, "Z") : text;
}

/** What was typed, as the API takes it; `fault` says why it is none. Nothing typed empties the cell. */
export function valueOf(text: string, type: ColumnType = "string"): { value: unknown } | { fault: string } {
  if (type === "string") return { value: text === "" ? null : text };
  const typed = text.trim();
  if (typed === "") return { value: null };
  switch (type) {
    case "number": {
      // People of many countries write a comma where the others write a point.
      const number = Number(/^[+-]?\d+,\d+$/.test(typed) ? typed.replace(",", ".") : typed);
      return Number.isFinite(number) ? { value: number } : { fault: `${typed} is no number` };
    }
    case "boolean":
      if (/^(yes|y|true|1)$/i.test(typed)) return { value: true };
      return /^(no|n|false|0)$/i.test(typed) ? { value: false } : { fault: "Type yes or no" };
    case "date":
      return /^\d{4}-\d{2}-\d{2}/.test(typed) && !Number.isNaN(Date.parse(typed.replace(" ", "T"))) ? { value: typed } : { fault: "Type a date such as 2026-05-01, with or without a time" };
  }
}

/** An id for a new column under which no other keeps its cells. */
export function freeId(name: string, taken: readonly Column[]): string | undefined {
  const ids = new Set(taken.map((column) => column.id ?? column.name));
  if (!ids.has(name)) return undefined;
  for (let number = 2; ; number++) if (!ids.has(`${name}_${String(number)}`)) return `${name}_${String(number)}`;
}

/** A column under another name, with its cells: it keeps the id that it had. */
export function renamed(column: Column, name: string): Column {
  const id = column.id ?? column.name;
  const { id: _, ...rest } = column;
  return { ...rest, name, ...(id === name ? {} : { id }) };
}

/** Why a text is no name for a column; nothing when it is one. */
export function columnFault(name: string, others: readonly string[]): string | undefined {
  if (name === "") return "Give it a name";
  if (["id", "createdAt", "updatedAt"].includes(name)) return "Every table has this column";
  if (!/^[A-Za-z][A-Za-z0-9_]{0,62}$/.test(name)) return "Letters, digits and _, a letter first";
  return others.includes(name) ? "This name is taken" : undefined;
}

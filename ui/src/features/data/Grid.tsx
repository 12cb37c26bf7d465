import { useVirtualizer } from "@tanstack/react-virtual";
import { clsx } from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";

import { textOf, valueOf, type Column, type Row } from "./cells";

const ROW = 34;

interface Props {
  columns: readonly Column[];
  rows: readonly Row[];
  sort: string | undefined;
  onSort: (column: string) => void;
  chosen: ReadonlySet<number>;
  onChoose: (chosen: Set<number>) => void;
  /** A cell has another value. */
  onEdit: (row: Row, column: Column, value: unknown) => void;
  /** The chosen rows are to go. */
  onDelete: () => void;
  /** The end of what was read is in sight. */
  onEnd: () => void;
}

interface Place {
  row: number;
  column: number;
}

/** Rows and columns that cost what is in sight of them. Arrows go from cell to cell, Enter or a letter edits, Escape takes back. */
export function Grid({ columns, rows, sort, onSort, chosen, onChoose, onEdit, onDelete, onEnd }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<Place>({ row: 0, column: 0 });
  const [editing, setEditing] = useState<{ text: string; fault?: string } | null>(null);
  const moved = useRef(false);
  const list = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  const shown = list.getVirtualItems();
  const last = shown.at(-1)?.index ?? -1;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 1) onEnd();
  }, [last, rows.length, onEnd]);
  useEffect(() => {
    // The focus follows the keys, and never jumps into the grid by itself.
    if (!moved.current || editing !== null) return;
    // A cell that is far away is there only after the list has scrolled to it.
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-cell="${String(at.row)}:${String(at.column)}"]`);
    if (cell == null) return;
    moved.current = false;
    cell.focus();
  });

  const go = (row: number, column: number): void => {
    const next = { row: Math.max(0, Math.min(rows.length - 1, row)), column: Math.max(0, Math.min(columns.length - 1, column)) };
    moved.current = true;
    setAt(next);
    list.scrollToIndex(next.row);
  };
  const edit = (row: number, column: number, text?: string): void => {
    const value = rows[row]?.[columns[column]?.name ?? ""];
    setAt({ row, column });
    setEditing({ text: text ?? textOf(value, columns[column]?.type) });
  };
  const keep = (then: () => void): void => {
    const [row, column] = [rows[at.row], columns[at.column]];
    if (editing === null || row === undefined || column === undefined) return;
    const typed = valueOf(editing.text, column.type);
    if ("fault" in typed) {
      setEditing({ ...editing, fault: typed.fault });
      return;
    }
    setEditing(null);
    moved.current = true;
    if (editing.text !== textOf(row[column.name], column.type)) onEdit(row, column, typed.value);
    then();
  };
  const pressed = (event: KeyboardEvent): void => {
    if (editing !== null || !(event.target as HTMLElement).hasAttribute("data-cell")) return;
    const steps: Record<string, [number, number]> = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageDown: [15, 0], PageUp: [-15, 0] };
    const step = steps[event.key];
    const [row, column] = [rows[at.row], columns[at.column]];
    if (step !== undefined) go(at.row + step[0], at.column + step[1]);
    else if (event.key === "Home") go(event.ctrlKey ? 0 : at.row, 0);
    else if (event.key === "End") go(event.ctrlKey ? rows.length - 1 : at.row, columns.length - 1);
    else if (event.key === "Enter" || event.key === "F2") edit(at.row, at.column);
    else if (event.key === " " && event.shiftKey && row !== undefined) pick(row.id);
    else if (event.key === "Delete" && event.shiftKey) onDelete();
    else if ((event.key === "Delete" || event.key === "Backspace") && row !== undefined && column !== undefined) onEdit(row, column, null);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) edit(at.row, at.column, event.key);
    else return;
    event.preventDefault();
  };
  const pick = (id: number): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  const before = shown[0]?.start ?? 0;
  const after = list.getTotalSize() - (shown.at(-1)?.end ?? 0);
  const head: Column[] = [{ name: "id" }, ...columns];
  return (
    <div ref={scroller} role="region" aria-label="Rows" className="min-h-0 flex-1 overflow-auto">
      {/* The keys work on the cells; the grid only hears them. */}
      { }
      <table role="grid" aria-label="Rows" aria-rowcount={rows.length + 1} aria-multiselectable className="w-full table-fixed border-collapse text-left" style={{ minWidth: `${String(6 + columns.length * 10)}rem` }} onKeyDown={pressed}>
        <thead className="sticky top-0 z-10 bg-surface text-small text-ink-soft shadow-low">
          <tr>
            <th scope="col" className="h-8 w-10 pl-4"><span className="sr-only">Chosen</span></th>
            {head.map((column) => {
              const way = sort === column.name ? "ascending" : sort === `-${column.name}` ? "descending" : undefined;
              return (
                <th key={column.name} scope="col" aria-sort={way ?? "none"} className={clsx("px-1 font-medium", column.name === "id" && "w-16")}>
                  <button type="button" className={clsx("flex h-7 w-full min-w-0 items-center gap-1 rounded-small px-2 hover:bg-sunken hover:text-ink", column.type === "number" && "justify-end")} onClick={() => { onSort(column.name); }}>
                    <span className="truncate">{column.name}</span>
                    {way === undefined ? null : way === "ascending" ? <ArrowUp size={12} aria-hidden className="shrink-0" /> : <ArrowDown size={12} aria-hidden className="shrink-0" />}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <tr aria-hidden style={{ height: before }} /> : null}
          {shown.map(({ index, key }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <tr key={key} aria-rowindex={index + 2} aria-selected={chosen.has(row.id)} className={clsx("border-b", chosen.has(row.id) ? "bg-accent-soft" : "hover:bg-sunken/60")} style={{ height: ROW }}>
                <td className="pl-4"><input type="checkbox" aria-label={`Choose row ${String(row.id)}`} className="size-4 align-middle accent-(--accent)" checked={chosen.has(row.id)} onChange={() => { pick(row.id); }} /></td>
                <td className="px-3 text-small text-ink-faint tabular-nums">{row.id}</td>
                {columns.map((column, number) => {
                  const here = at.row === index && at.column === number;
                  const text = textOf(row[column.name], column.type);
                  if (here && editing !== null) {
                    return (
                      <td key={column.name} role="gridcell" className="relative px-1">
                        <input
                          // The cell was asked to be edited, so the focus belongs here.
                           
                          autoFocus
                          aria-label={`${column.name} of row ${String(row.id)}`}
                          aria-invalid={editing.fault === undefined ? undefined : true}
                          className="h-7 w-full rounded-small border border-accent bg-surface px-2 font-mono text-small text-ink outline-none aria-invalid:border-bad"
                          value={editing.text}
                          onChange={(event) => { setEditing({ text: event.target.value }); }}
                          onBlur={() => { keep(() => { moved.current = false; }); }}
                          onKeyDown={(event) => {
                            if (event.key === "Escape") {
                              moved.current = true;
                              setEditing(null);
                            } else if (event.key === "Enter") keep(() => { go(index + 1, number); });
                            else if (event.key === "Tab") keep(() => { go(index, number + (event.shiftKey ? -1 : 1)); });
                            else return;
                            event.preventDefault();
                          }}
                        />
                        {editing.fault === undefined ? null : <p role="alert" className="absolute top-full left-1 z-20 rounded-small border bg-raised px-2 py-1 text-small text-bad shadow-high">{editing.fault}</p>}
                      </td>
                    );
                  }
                  return (
                    <td
                      key={column.name}
                      role="gridcell"
                      data-cell={`${String(index)}:${String(number)}`}
                      tabIndex={here ? 0 : -1}
                      title={text}
                      className={clsx("truncate px-3 text-small outline-offset-[-2px]", column.type === "number" ? "text-right font-mono tabular-nums" : "font-mono")}
                      onFocus={() => { setAt({ row: index, column: number }); }}
                      onDoubleClick={() => { edit(index, number); }}
                    >
                      {text}
                    </td>
                  );
                })}
              </tr>
            );
          })}
          {after > 0 ? <tr aria-hidden style={{ height: after }} /> : null}
        </tbody>
      </table>
    </div>
  );
}

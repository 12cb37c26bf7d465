//! Lists of items that cost what is in sight of them, however many there are.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, type ReactNode } from "react";

import { JsonTree } from "@/kit/JsonTree";
import { columnsOf } from "@/resource/shape";

const ROW = 32;
const COLUMNS = 24;

interface Props {
  items: readonly unknown[];
  /** The end of what was read is in sight. */
  onEnd: () => void;
  /** Stands below the last one. */
  foot: ReactNode;
}

function useRows(count: number, size: number, onEnd: () => void) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => size, overscan: 12 });
  const last = rows.getVirtualItems().at(-1)?.index ?? -1;
  useEffect(() => {
    // A list that is short enough to be seen whole was not scrolled to its end.
    if (last >= count - 1 && (scroller.current?.scrollTop ?? 0) > 0) onEnd();
  }, [last, count, onEnd]);
  return { scroller, rows };
}

/** A table with a column for each field. Rows are of one height, so that any of them is found at once. */
export function ItemTable({ items, onEnd, foot }: Props) {
  const { scroller, rows } = useRows(items.length, ROW, onEnd);
  const columns = useMemo(() => {
    // What the first items have stays in its place when further ones bring other fields.
    const first = columnsOf(items.slice(0, 50), COLUMNS);
    return [...first, ...columnsOf(items, COLUMNS).filter((column) => !first.includes(column))].slice(0, COLUMNS);
  }, [items]);
  const shown = rows.getVirtualItems();
  const before = shown[0]?.start ?? 0;
  const after = rows.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <div ref={scroller} role="region" aria-label="Items" tabIndex={0} className="min-h-0 flex-1 overflow-auto">
      <table className="w-full table-fixed border-collapse text-left" style={{ minWidth: `${String(3.5 + columns.length * 9)}rem` }} aria-rowcount={items.length + 1}>
        <thead className="sticky top-0 z-10 bg-surface text-small text-ink-soft shadow-low">
          <tr>
            <th scope="col" className="h-8 w-14 px-3 pl-4 font-medium">#</th>
            {columns.length === 0 ? <th scope="col" className="px-3 font-medium">Value</th> : columns.map((column) => <th key={column} scope="col" className="truncate px-3 font-medium" title={column}>{column}</th>)}
          </tr>
        </thead>
        <tbody>
          {before > 0 ? <tr aria-hidden style={{ height: before }} /> : null}
          {shown.map((row) => {
            const item = items[row.index];
            return (
              <tr key={row.key} aria-rowindex={row.index + 2} className="border-b hover:bg-sunken/60" style={{ height: ROW }}>
                <td className="px-3 pl-4 text-small text-ink-faint tabular-nums">{row.index}</td>
                {columns.length === 0 ? <Cell value={item} /> : columns.map((column) => <Cell key={column} value={(item as Record<string, unknown> | null)?.[column]} />)}
              </tr>
            );
          })}
          {after > 0 ? <tr aria-hidden style={{ height: after }} /> : null}
        </tbody>
      </table>
      {foot}
    </div>
  );
}

function Cell({ value }: { value: unknown }) {
  const text = value === undefined ? "" : typeof value === "string" ? value.slice(0, 400) : JSON.stringify(value).slice(0, 400);
  return <td className="truncate px-3 font-mono text-small" title={text}>{text}</td>;
}

/** Each item as a tree. What is opened in one stays open while it is out of sight. */
export function ItemTrees({ items, onEnd, foot }: Props) {
  const { scroller, rows } = useRows(items.length, items.length < 20 ? 120 : 22, onEnd);
  return (
    <div ref={scroller} role="region" aria-label="Items" tabIndex={0} className="min-h-0 flex-1 overflow-auto px-4 pb-3">
      <div className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => (
          <div key={row.key} ref={rows.measureElement} data-index={row.index} className="absolute inset-x-0" style={{ transform: `translateY(${String(row.start)}px)` }}>
            <JsonTree name={String(row.index)} value={items[row.index]} open={items.length < 20} />
          </div>
        ))}
      </div>
      {foot}
    </div>
  );
}

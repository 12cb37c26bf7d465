//! Items beside the parameters: as a table, as JSON, or as the shape that they have. A field can be dragged into a
//! parameter, or put at the place that is written in with the button of its name.

import { ChevronLeft, ChevronRight } from "lucide-react";
import { use, useState, type DragEvent } from "react";

import { brief, pathExpression, typeOf } from "../../canvas/graph/completion";
import { isList, isObject, type Json, type JsonObject } from "../../canvas/graph/json";
import { IconButton } from "@/kit/Button";
import { Failure, Skeleton } from "@/kit/States";
import { PATH_MIME } from "./form/ExpressionInput";
import { PAGE, usePage, type Source } from "./items";
import { RunContext } from "./run";

const COLUMNS = 24;
/** Letters of JSON that are shown at once; more would hold up the page. */
const LETTERS = 100_000;

type View = "table" | "json" | "schema";

export function jsonOf(item: Json): JsonObject {
  if (!isObject(item)) return { value: item };
  return isObject(item["json"]) ? item["json"] : item;
}

interface Props {
  readonly title: string;
  readonly source: Source | undefined;
  /** The node that the items come from, when it is not the one right before. */
  readonly from?: string | undefined;
  readonly empty: string;
  readonly draggable?: boolean;
}

function drag(path: string) {
  return (event: DragEvent) => {
    event.dataTransfer.setData(PATH_MIME, path);
    event.dataTransfer.setData("text/plain", `{{ ${path} }}`);
    event.dataTransfer.effectAllowed = "copy";
  };
}

const VIEWS = [
  { view: "table", name: "Table" },
  { view: "json", name: "JSON" },
  { view: "schema", name: "Schema" },
] as const;

export function Items({ title, source, from, empty, draggable = false }: Props) {
  const { calls } = use(RunContext);
  const [view, setView] = useState<View>("table");
  const [page, setPage] = useState(0);
  const count = source?.count ?? 0;
  const pages = Math.max(Math.ceil(count / PAGE), 1);
  const at = Math.min(page, pages - 1);
  const { items, loading, error } = usePage(calls, source, at);
  return (
    <section className="ed-items" aria-label={title} aria-busy={loading}>
      <header>
        <h3 className="font-semibold">{title}</h3>
        {source && <span className="ed-count">{count === 1 ? "1 item" : `${count.toLocaleString()} items`}</span>}
        <span role="group" aria-label={`View of ${title}`} className="flex rounded-base bg-sunken p-0.5">
          {VIEWS.map((one) => (
            <button key={one.view} type="button" aria-pressed={view === one.view} onClick={() => setView(one.view)} className={`flex h-6 items-center rounded-small px-2 ${view === one.view ? "bg-surface font-medium text-ink shadow-low" : "text-ink-soft hover:text-ink"}`}>{one.name}</button>
          ))}
        </span>
      </header>
      {pages > 1 && (
        <footer>
          <IconButton name="Earlier items" icon={<ChevronLeft size={15} />} refused={at === 0 ? "These are the first" : undefined} onClick={() => setPage(at - 1)} />
          <span className="text-ink-soft">{(at * PAGE + 1).toLocaleString()}–{Math.min((at + 1) * PAGE, count).toLocaleString()} of {count.toLocaleString()}</span>
          <IconButton name="Later items" icon={<ChevronRight size={15} />} refused={at === pages - 1 ? "These are the last" : undefined} onClick={() => setPage(at + 1)} />
        </footer>
      )}
      {error !== undefined && error !== null ? <Failure error={error} />
        : count === 0 ? <p className="ed-empty">{source ? "No items" : empty}</p>
        : items.length === 0 ? <Skeleton lines={4} />
        : view === "table" ? <Table title={title} first={at * PAGE} items={items} from={from} draggable={draggable} />
        : view === "json" ? <div className="ed-scroll" role="region" aria-label={`${title} as JSON`} tabIndex={0}><pre>{JSON.stringify(items.map(jsonOf), null, 2).slice(0, LETTERS)}</pre></div>
        : <Schema value={jsonOf(items[0] ?? null)} path={[]} from={from} draggable={draggable} />}
    </section>
  );
}

function Table({ title, first, items, from, draggable }: { readonly title: string; readonly first: number; readonly items: readonly Json[]; readonly from: string | undefined; readonly draggable: boolean }) {
  const columns = [...new Set(items.flatMap((item) => Object.keys(jsonOf(item))))];
  const shown = columns.slice(0, COLUMNS);
  return (
    <div className="ed-scroll" tabIndex={0} role="region" aria-label={`${title} as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">#</th>
            {shown.map((column) => (
              <th key={column} scope="col" draggable={draggable} onDragStart={drag(pathExpression(from, [column]))} title={draggable ? `Drag ${column} into a parameter` : column}>{column}</th>
            ))}
            {columns.length > COLUMNS && <th scope="col">{columns.length - COLUMNS} more</th>}
          </tr>
        </thead>
        <tbody>
          {items.map((item, index) => {
            const json = jsonOf(item);
            return (
              <tr key={index}>
                <td>{first + index + 1}</td>
                {shown.map((column) => {
                  const value = json[column];
                  return <td key={column} draggable={draggable} onDragStart={drag(pathExpression(from, [column]))} data-type={value === undefined ? "" : typeOf(value)} title={typeof value === "string" ? value.slice(0, 500) : undefined}>{value === undefined ? "" : typeof value === "string" ? value.slice(0, 120) : brief(value)}</td>;
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Schema({ value, path, from, draggable }: { readonly value: Json; readonly path: readonly string[]; readonly from: string | undefined; readonly draggable: boolean }) {
  const entries: [string, Json][] = isObject(value) ? Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined) : isList(value) && value[0] !== undefined ? [["0", value[0]]] : [];
  return (
    <ul className="ed-schema">
      {entries.map(([key, inner]) => {
        const here = [...path, key];
        const expression = pathExpression(from, here);
        const deep = isObject(inner) || (isList(inner) && inner.length > 0);
        const name = (
          <span className="ed-field" draggable={draggable} onDragStart={(event) => { event.stopPropagation(); drag(expression)(event); }}>
            <b>{isList(value) ? "[0]" : key}</b> <i>{typeOf(inner)}</i> <small>{deep ? "" : brief(inner)}</small>
            {draggable && <button type="button" aria-label={`Copy ${expression}`} title={`Copy ${expression}`} onClick={() => void navigator.clipboard.writeText(`{{ ${expression} }}`)}>⧉</button>}
          </span>
        );
        return <li key={key}>{deep ? <details open={path.length < 2}><summary>{name}</summary><Schema value={inner} path={here} from={from} draggable={draggable} /></details> : name}</li>;
      })}
    </ul>
  );
}

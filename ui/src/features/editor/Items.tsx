//! Items beside the parameters: as a table, as JSON, or as the shape that they have. A field can be dragged into a
//! parameter, or put at the place that is written in with the button of its name.

import { useState, type DragEvent } from "react";

import { brief, pathExpression, typeOf } from "../../canvas/graph/completion";
import { isList, isObject, type Json, type JsonObject } from "../../canvas/graph/json";
import { PATH_MIME } from "./form/ExpressionInput";

const PAGE = 50;
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
  readonly items: readonly Json[] | undefined;
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

export function Items({ title, items, from, empty, draggable = false }: Props) {
  const [view, setView] = useState<View>("table");
  const [page, setPage] = useState(0);
  const count = items?.length ?? 0;
  const first = Math.min(page, Math.max(Math.ceil(count / PAGE) - 1, 0)) * PAGE;
  const shown = items?.slice(first, first + PAGE) ?? [];
  return (
    <section className="ed-items" aria-label={title}>
      <header>
        <h3>{title}</h3>
        {items && <span className="ed-count">{count === 1 ? "1 item" : `${count} items`}</span>}
        <span role="group" aria-label={`View of ${title}`} className="ed-tabs">
          {(["table", "json", "schema"] as const).map((one) => (
            <button key={one} type="button" aria-pressed={view === one} onClick={() => setView(one)}>{one === "json" ? "JSON" : one === "table" ? "Table" : "Schema"}</button>
          ))}
        </span>
      </header>
      {!items || count === 0 ? <p className="ed-empty">{items ? "No items" : empty}</p> : view === "table" ? <Table title={title} items={shown} from={from} draggable={draggable} /> : view === "json" ? <div className="ed-scroll" role="region" aria-label={`${title} as JSON`} tabIndex={0}><pre>{JSON.stringify(shown.map(jsonOf), null, 2).slice(0, LETTERS)}</pre></div> : <Schema value={jsonOf(items[0] ?? null)} path={[]} from={from} draggable={draggable} />}
      {count > PAGE && (
        <footer>
          <button type="button" disabled={first === 0} onClick={() => setPage(first / PAGE - 1)}>Earlier</button>
          <span>{first + 1}–{Math.min(first + PAGE, count)} of {count}</span>
          <button type="button" disabled={first + PAGE >= count} onClick={() => setPage(first / PAGE + 1)}>Later</button>
        </footer>
      )}
    </section>
  );
}

function Table({ title, items, from, draggable }: { readonly title: string; readonly items: readonly Json[]; readonly from: string | undefined; readonly draggable: boolean }) {
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
                <td>{index + 1}</td>
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

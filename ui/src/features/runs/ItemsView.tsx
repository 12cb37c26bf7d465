import { Copy, Download } from "lucide-react";
import { useCallback, useMemo, useState } from "react";

import { Button, IconButton } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { download } from "@/kit/download";
import { Unloaded } from "@/kit/Loaded";
import { Empty } from "@/kit/States";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { count, plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { attachmentsOf } from "@/resource/attachments";
import { contentOf, shapeOf } from "@/resource/shape";

import { Attachments } from "./Attachments";
import { ItemTable, ItemTrees } from "./ItemRows";
import { allItems, useItems } from "./useItems";

type View = "table" | "json" | "schema" | "text" | "files";
const VIEWS: { value: View; name: string }[] = [
  { value: "table", name: "Table" },
  { value: "json", name: "JSON" },
  { value: "schema", name: "Schema" },
  { value: "text", name: "Text" },
];
/** A longer text is for a file, and not for a page. */
const LETTERS = 200_000;

/** The items that a step put out at a port. `made` is how many it put out, of which the server may show the first ones. */
export function ItemsView({ run, step, port, made }: { run: string; step: number; port: number; made: number }) {
  const [wanted, setView] = useState<View>("table");
  const pages = useItems(run, step, port);
  const raw = useMemo(() => pages.data?.pages.flatMap((page) => page.items) ?? [], [pages.data]);
  const items = useMemo(() => raw.map(contentOf), [raw]);
  const files = useMemo(() => raw.flatMap(attachmentsOf), [raw]);
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = pages;
  const more = useCallback(() => {
    // One that was refused is asked for again by hand alone.
    if (hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isError, fetchNextPage]);
  if (pages.data === undefined) return <Unloaded of={pages} lines={5} />;
  const total = pages.data.pages[0]?.total ?? 0;
  if (total === 0) return <Empty title="No items came out here" />;
  const view = wanted === "files" && files.length === 0 ? "table" : wanted;
  const foot = hasNextPage ? (
    <div className="flex justify-center p-3">
      <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show more</Button>
    </div>
  ) : total < made ? (
    <p className="p-3 text-center text-small text-ink-soft">The server shows the first {count(total)} of {count(made)}.</p>
  ) : null;
  // Trees and places in a list belong to the items of this output, and not to those that are shown next.
  const place = `${String(step)}/${String(port)}`;
  return (
    <div className="flex h-full min-h-60 flex-col">
      <div className="flex flex-wrap items-center gap-2 px-4 py-2">
        <Choice label="View" value={view} onChange={setView} of={files.length > 0 ? [...VIEWS, { value: "files", name: `Files · ${count(files.length)}` }] : VIEWS} />
        <span className="flex-1 text-small whitespace-nowrap text-ink-soft">{items.length < total ? `${count(items.length)} of ${plural(total, "item")}` : plural(total, "item")}</span>
        <IconButton
          name={items.length < total ? `Copy the first ${count(items.length)} items as JSON` : "Copy the items as JSON, for tests and pins"}
          icon={<Copy size={14} />}
          onClick={() => {
            void navigator.clipboard.writeText(JSON.stringify(items, null, 2)).then(
              () => { toasts.done(`${plural(items.length, "item")} copied`); },
              (error: unknown) => { toasts.failed("The browser does not let the app copy", error); },
            );
          }}
        />
        <IconButton
          name="Save all items as a file"
          icon={<Download size={14} />}
          onClick={() => {
            allItems(run, step, port).then(
              (all) => { download(new Blob([JSON.stringify(all, null, 2)], { type: "application/json" }), `${run}-${String(step)}-${String(port)}.json`); },
              (error: unknown) => { toasts.failed("The items could not be read", error); },
            );
          }}
        />
      </div>
      {view === "table" ? <ItemTable key={place} items={items} onEnd={more} foot={foot} /> : null}
      {view === "json" ? <ItemTrees key={place} items={items} onEnd={more} foot={foot} /> : null}
      {view === "schema" ? <div className="min-h-0 flex-1 overflow-auto"><SchemaTable items={items} />{foot}</div> : null}
      {view === "text" ? <ItemText items={items} /> : null}
      {view === "files" ? <Attachments key={place} of={{ run, step, port }} files={files} /> : null}
    </div>
  );
}

function ItemText({ items }: { items: readonly unknown[] }) {
  const text = useMemo(() => JSON.stringify(items, null, 2), [items]);
  return (
    <div role="region" aria-label="Items as text" tabIndex={0} className="min-h-0 flex-1 overflow-auto px-4 pb-3">
      <pre className="font-mono text-small whitespace-pre-wrap">{text.length > LETTERS ? `${text.slice(0, LETTERS)}…` : text}</pre>
      {text.length > LETTERS ? <p className="py-2 text-small text-ink-soft">The rest is in the file that can be saved.</p> : null}
    </div>
  );
}

function SchemaTable({ items }: { items: readonly unknown[] }) {
  const shapes = useMemo(() => shapeOf(items), [items]);
  return (
    <Table label="Fields" head={<><Th>Field</Th><Th>Kind</Th><Th>In</Th><Th>Example</Th></>}>
      {shapes.map((shape) => (
        <Tr key={shape.path}>
          <Td className="font-mono text-small">{shape.path}</Td>
          <Td className="text-ink-soft">{shape.kinds.join(" or ")}</Td>
          <Td className="tabular-nums">{Math.round(shape.share * 100)} %</Td>
          <Td className="max-w-60 truncate font-mono text-small text-ink-soft">{shape.example}</Td>
        </Tr>
      ))}
    </Table>
  );
}

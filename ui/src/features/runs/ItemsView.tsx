import { useInfiniteQuery } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { useMemo, useState } from "react";

import { api, data } from "@/api/client";
import { Button, IconButton } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { JsonTree } from "@/kit/JsonTree";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { count, plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { columnsOf, contentOf, shapeOf } from "@/resource/shape";

type View = "table" | "json" | "schema" | "text";
const VIEWS: { value: View; name: string }[] = [
  { value: "table", name: "Table" },
  { value: "json", name: "JSON" },
  { value: "schema", name: "Schema" },
  { value: "text", name: "Text" },
];
const PAGE = 50;

/** The items that a step put out at a port, a page at a time. */
export function ItemsView({ run, step, port }: { run: string; step: number; port: number }) {
  const [view, setView] = useState<View>("table");
  const pages = useInfiniteQuery({
    // What a step has put out never changes, so news of its run are no reason to read it again.
    queryKey: ["items", run, step, port],
    staleTime: Infinity,
    queryFn: ({ pageParam }) =>
      data(api.GET("/api/v1/runs/{run}/steps/{step}/items", { params: { path: { run, step: String(step) }, query: { port, offset: pageParam, limit: PAGE } } })),
    initialPageParam: 0,
    getNextPageParam: (last, all) => {
      const seen = all.reduce((sum, page) => sum + page.items.length, 0);
      return seen < last.total && last.items.length > 0 ? seen : undefined;
    },
  });
  const items = useMemo(() => pages.data?.pages.flatMap((page) => page.items.map(contentOf)) ?? [], [pages.data]);
  if (pages.isPending) return <Skeleton lines={5} />;
  if (pages.isError) return <Failure error={pages.error} retry={() => void pages.refetch()} />;
  const total = pages.data.pages[0]?.total ?? 0;
  if (total === 0) return <Empty title="No items came out here" />;
  return (
    <div className="flex flex-col">
      <div className="flex items-center gap-2 px-4 py-2">
        <Choice label="View" value={view} onChange={setView} of={VIEWS} />
        <span className="flex-1 text-small text-ink-soft">
          {items.length < total ? `${count(items.length)} of ${plural(total, "item")}` : plural(total, "item")}
        </span>
        <IconButton
          name="Copy the items as JSON, for tests and pins"
          icon={<Copy size={14} />}
          onClick={() => {
            void navigator.clipboard.writeText(JSON.stringify(items, null, 2)).then(
              () => { toasts.done(`${plural(items.length, "item")} copied`); },
              (error: unknown) => { toasts.failed("The browser does not let the app copy", error); },
            );
          }}
        />
      </div>
      {view === "table" ? <ItemTable items={items} /> : null}
      {view === "json" ? <div className="px-4 pb-3">{items.map((item, index) => <JsonTree key={index} name={String(index)} value={item} open={items.length < 20} />)}</div> : null}
      {view === "schema" ? <SchemaTable items={items} /> : null}
      {view === "text" ? <pre className="overflow-x-auto px-4 pb-3 font-mono text-small whitespace-pre-wrap">{JSON.stringify(items, null, 2)}</pre> : null}
      {pages.hasNextPage ? (
        <div className="flex justify-center p-3">
          <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            Show more
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function ItemTable({ items }: { items: readonly unknown[] }) {
  const columns = useMemo(() => columnsOf(items), [items]);
  if (columns.length === 0) return <div className="px-4 pb-3"><JsonTree value={items} /></div>;
  return (
    <Table label="Items" head={<><Th>#</Th>{columns.map((column) => <Th key={column}>{column}</Th>)}</>}>
      {items.map((item, index) => (
        <Tr key={index}>
          <Td className="text-ink-faint tabular-nums">{index}</Td>
          {columns.map((column) => <Td key={column} className="max-w-72 truncate font-mono text-small">{cell((item as Record<string, unknown> | null)?.[column])}</Td>)}
        </Tr>
      ))}
    </Table>
  );
}

function cell(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value).slice(0, 400);
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

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Columns3, Download, Ellipsis, Plus, Trash2, Upload } from "lucide-react";
import { useCallback, useMemo, useRef, useState, type DragEvent } from "react";

import { api, data, send } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { download } from "@/kit/download";
import { Loaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Page } from "@/kit/Page";
import { Empty, ProblemText } from "@/kit/States";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { RenameDialog } from "@/resource/RenameDialog";
import { tableView, type TableView } from "@/resource/tableView";

import { Columns } from "./Columns";
import { columnFault, type Column, type Row } from "./cells";
import { FilterBar } from "./FilterBar";
import { Grid } from "./Grid";

const PAGE = 200;

interface Spec {
  title?: string;
  description?: string;
  columns?: Column[];
}

/** The rows of a data table. */
export function TablePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const view = tableView.read(useSearch({ strict: false }));
  const navigate = useNavigate();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<Set<number>>(new Set());
  const [dialog, setDialog] = useState<"columns" | "rename" | "delete" | "clear" | null>(null);
  const [over, setOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const query = tableView.query(view);
  const table = useQuery({ queryKey: ["data-table", name], queryFn: () => data(api.GET("/api/v1/data-tables/{name}", { params: { path: { name } } })) });
  const fill = useQuery({ queryKey: ["rows", name, "fill", query.filter ?? ""], queryFn: () => data(api.GET("/api/v1/data-tables/{name}/fill", { params: { path: { name }, query: query.filter === undefined ? {} : { filter: query.filter } } })) });
  const pages = useInfiniteQuery({
    queryKey: ["rows", name, "list", query],
    queryFn: ({ pageParam }) => data(api.GET("/api/v1/data-tables/{name}/rows", { params: { path: { name }, query: { ...query, limit: PAGE, ...(pageParam === "" ? {} : { cursor: pageParam }) } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const spec = (table.data?.spec ?? {}) as Spec;
  const columns = useMemo(() => spec.columns ?? [], [spec.columns]);
  const rows = useMemo(() => (pages.data?.pages ?? []).flatMap((page) => page.items as Row[]), [pages.data]);
  const look = (next: TableView): void => {
    void navigate({ to: "/data/$name", params: { name }, search: next, replace: true });
  };
  const again = (): void => void client.invalidateQueries({ queryKey: ["rows", name] });
  const path = { params: { path: { name } } };
  const insert = useMutation({
    mutationFn: () => data(api.POST("/api/v1/data-tables/{name}/rows", { ...path, body: { rows: [{}] } })),
    onSuccess: (done) => {
      toasts.done(`Row ${String(done.rows?.[0]?.after?.["id"] ?? "")} is there: fill it in`);
    },
    onError: (error) => { toasts.failed("No row was put in", error); },
    onSettled: again,
  });
  const edit = useMutation({
    mutationFn: ({ row, column, value }: { row: Row; column: Column; value: unknown }) => data(api.POST("/api/v1/data-tables/{name}/rows/update", { ...path, body: { filter: byId([row.id]), set: { [column.name]: value } } })),
    onSuccess: (done, { row }) => {
      if (done.updated === 0) toasts.failed(`Row ${String(row.id)} is gone`, new Error("somebody has taken it out meanwhile"));
    },
    onError: (error, { column }) => { toasts.failed(`${column.name} was not changed`, error); },
    onSettled: again,
  });
  const putBack = useMutation({
    mutationFn: (gone: Record<string, unknown>[]) => data(api.POST("/api/v1/data-tables/{name}/rows", { ...path, body: { rows: gone, putBack: true } })),
    onSuccess: (done) => { toasts.done(`${plural(done.inserted, "row")} back`); },
    onError: (error) => { toasts.failed("The rows did not come back", error); },
    onSettled: again,
  });
  const remove = useMutation({
    mutationFn: (ids: number[]) => data(api.POST("/api/v1/data-tables/{name}/rows/delete", { ...path, body: { filter: byId(ids), giveRows: true } })),
    onSuccess: (done) => {
      const gone = (done.rows ?? []).flatMap(({ before }) => (before === undefined || before === null ? [] : [before]));
      setChosen(new Set());
      toasts.done(`${plural(done.deleted, "row")} taken out`, () => { putBack.mutate(gone); });
    },
    onError: (error) => { toasts.failed("The rows were not taken out", error); },
    onSettled: again,
  });
  const upload = useMutation({
    mutationFn: async (file: File) => {
      const answer = await send(new Request(new URL(`/api/v1/data-tables/${encodeURIComponent(name)}/import`, location.origin), { method: "POST", headers: { "content-type": "text/csv" }, body: file }));
      return (await answer.json()) as { rows: number };
    },
    onSuccess: ({ rows }) => { toasts.done(`${plural(rows, "row")} put in`); },
    onError: (error, file) => { toasts.failed(`${file.name} was not read to its end`, error); },
    onSettled: again,
  });
  const save = async (): Promise<void> => {
    const url = new URL(`/api/v1/data-tables/${encodeURIComponent(name)}/export`, location.origin);
    Object.entries(query).forEach(([key, value]) => { url.searchParams.set(key, value); });
    try {
      download(await (await send(new Request(url))).blob(), `${name}.csv`);
    } catch (error) {
      toasts.failed("The rows were not exported", error);
    }
  };
  const dropped = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file !== undefined) upload.mutate(file);
  };
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = pages;
  const end = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const gone = [...chosen].slice(0, MOST);
  const filtered = query.filter !== undefined;
  return (
    <Page
      full
      title={spec.title === undefined || spec.title === "" ? name : spec.title}
      lead={<>{spec.description === undefined ? null : <span className="mr-3">{spec.description}</span>}{fill.data === undefined ? null : <span className="tabular-nums">{filtered ? `${fill.data.count.toLocaleString()} of ${plural(fill.data.rows, "row")}` : plural(fill.data.rows, "row")}</span>}</>}
      actions={
        <>
          {chosen.size === 0 ? null : <Button look="danger" icon={<Trash2 size={14} />} busy={remove.isPending} onClick={() => { remove.mutate(gone); }}>Take {plural(gone.length, "row")} out</Button>}
          <Button icon={<Upload size={14} />} busy={upload.isPending} onClick={() => picker.current?.click()}>Import</Button>
          <Button icon={<Download size={14} />} onClick={() => void save()}>Export</Button>
          <Button look="primary" icon={<Plus size={14} />} busy={insert.isPending} refused={columns.length === 0 ? "Give the table columns first" : undefined} onClick={() => { insert.mutate(); }}>New row</Button>
          <Menu
            trigger={<IconButton name="More acts" icon={<Ellipsis size={15} />} />}
            acts={[
              { name: "Columns", icon: <Columns3 size={14} />, do: () => { setDialog("columns"); } },
              { name: "Rename", do: () => { setDialog("rename"); } },
              "line",
              { name: "Take all rows out", danger: true, refused: fill.data?.rows === 0 ? "There are none" : undefined, do: () => { setDialog("clear"); } },
              { name: "Delete the table", danger: true, do: () => { setDialog("delete"); } },
            ]}
          />
        </>
      }
    >
      <input ref={picker} type="file" accept=".csv,text/csv" aria-label="CSV file" className="hidden" onChange={(event) => { const file = event.target.files?.[0]; if (file !== undefined) upload.mutate(file); event.target.value = ""; }} />
      {/* A file can be dropped here; the button Import does the same by keyboard. */}
      { }
      <div className="flex h-full min-h-0 flex-col border-t bg-surface" onDragOver={(event) => { event.preventDefault(); setOver(true); }} onDragLeave={() => { setOver(false); }} onDrop={dropped}>
        {over ? <p role="status" className="border-b bg-accent-soft px-4 py-2 font-medium">Drop a CSV file: its first line names the columns</p> : null}
        <FilterBar columns={columns} view={view} onChange={look} />
        <Loaded
          of={pages}
          isEmpty={rows.length === 0}
          empty={
            filtered ? (
              <Empty title="No row meets the conditions" action={<Button onClick={() => { look({ ...(view.sort === undefined ? {} : { sort: view.sort }) }); }}>Take the conditions out</Button>} />
            ) : columns.length === 0 ? (
              <Empty title="No columns yet" action={<Button look="primary" onClick={() => { setDialog("columns"); }}>Add columns</Button>}>A row needs columns to be filled in.</Empty>
            ) : (
              <Empty title="No row yet" action={<Button look="primary" onClick={() => { insert.mutate(); }}>New row</Button>}>Workflows put rows in with the node Data table. Or drop a CSV file here: its first line names the columns.</Empty>
            )
          }
        >
          {() => (
            <Grid
              columns={columns}
              rows={rows}
              sort={view.sort}
              onSort={(column) => { look(tableView.sorted(view, column)); }}
              chosen={chosen}
              onChoose={setChosen}
              onEdit={(row, column, value) => { edit.mutate({ row, column, value }); }}
              onDelete={() => { if (gone.length > 0) remove.mutate(gone); }}
              onEnd={end}
            />
          )}
        </Loaded>
      </div>
      {dialog === "columns" ? <ColumnsDialog name={name} spec={spec} revision={table.data?.revision} labels={table.data?.labels ?? {}} onClose={() => { setDialog(null); }} /> : null}
      {dialog === "rename" ? <RenameDialog kind="data-table" name={name} onClose={() => { setDialog(null); }} onDone={(to) => navigate({ to: "/data/$name", params: { name: to } })} /> : null}
      {dialog === "delete" ? <DeleteDialog kind="data-table" name={name} onClose={() => { setDialog(null); }} onDone={() => navigate({ to: "/data" })} /> : null}
      {dialog === "clear" ? <ClearDialog name={name} rows={fill.data?.rows ?? 0} onClose={() => { setDialog(null); }} /> : null}
    </Page>
  );
}

/** Rows that one filter can name. */
const MOST = 100;

function byId(ids: readonly number[]) {
  return { match: "any" as const, conditions: ids.map((id) => ({ column: "id", condition: "eq" as const, value: id })) };
}

function ColumnsDialog({ name, spec, revision, labels, onClose }: { name: string; spec: Spec; revision: number | undefined; labels: Record<string, string>; onClose: () => void }) {
  const client = useQueryClient();
  const [columns, setColumns] = useState<Column[]>(spec.columns ?? []);
  const save = useMutation({
    mutationFn: () => data(api.PUT("/api/v1/data-tables/{name}", { params: { path: { name }, header: { "If-Match": `"${String(revision ?? 0)}"` } }, body: { spec: { ...spec, columns } as unknown as Record<string, never>, labels } })),
    onSuccess: () => {
      toasts.done("The columns are saved");
      onClose();
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ["data-table"] }), client.invalidateQueries({ queryKey: ["rows", name] })]),
  });
  const fault = columns.map((column, at) => columnFault(column.name, columns.filter((_, other) => other !== at).map((other) => other.name))).find((found) => found !== undefined);
  return (
    <Dialog title="Columns" description="A column keeps its cells when it is renamed, and when it is taken out and put in again." open wide onOpenChange={onClose} footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={save.isPending} refused={fault} onClick={() => { save.mutate(); }}>Save</Button></>}>
      <div className="flex flex-col gap-3">
        <Columns columns={columns} onChange={setColumns} />
        {save.isError ? <ProblemText problem={problemOf(save.error)} /> : null}
      </div>
    </Dialog>
  );
}

function ClearDialog({ name, rows, onClose }: { name: string; rows: number; onClose: () => void }) {
  const client = useQueryClient();
  const clear = useMutation({
    mutationFn: () => data(api.POST("/api/v1/data-tables/{name}/rows/clear", { params: { path: { name } } })),
    onSuccess: (done) => {
      toasts.done(`${plural(done.deleted, "row")} taken out`);
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["rows", name] }),
  });
  return (
    <Dialog title={`Take all rows out of ${name}?`} description={`${plural(rows, "row")} will be gone for good. The columns stay.`} open onOpenChange={onClose} footer={<><Button onClick={onClose}>Cancel</Button><Button look="danger" busy={clear.isPending} onClick={() => { clear.mutate(); }}>Take them out</Button></>}>
      {clear.isError ? <ProblemText problem={problemOf(clear.error)} /> : null}
    </Dialog>
  );
}

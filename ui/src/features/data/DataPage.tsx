import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Empty, ProblemText } from "@/kit/States";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { plural } from "@/kit/times";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { nameFault } from "@/resource/places";
import { RenameDialog } from "@/resource/RenameDialog";

import { Columns } from "./Columns";
import { columnFault, type Column } from "./cells";

/** Tables of rows that workflows and people keep. */
export function DataPage() {
  const list = useQuery({ queryKey: ["data-table", "list"], queryFn: () => data(api.GET("/api/v1/data-tables", { params: { query: { limit: 1000 } } })) });
  const [making, setMaking] = useState(false);
  const [asked, setAsked] = useState<{ what: "rename" | "delete"; name: string } | null>(null);
  const make = <Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New table</Button>;
  return (
    <Page title="Data" lead="Rows that workflows keep from one run to the next." actions={make}>
      <Panel flush>
        <Loaded of={list} empty={<Empty title="No data table yet" action={make}>Who has ordered before, what was sent already, a list to work through: a workflow puts rows in with the node Data table, and finds them again in its next run.</Empty>}>
          {({ items }) => (
            <Table label="Data tables" head={<><Th>Name</Th><Th>Columns</Th><Th>Rows</Th><Th>Changed</Th><Th><span className="sr-only">Acts</span></Th></>}>
              {items.map((table) => {
                const spec = table.spec as { columns?: Column[]; title?: string; description?: string };
                return (
                  <Tr key={table.name}>
                    <Td className="font-medium">
                      <Link to="/data/$name" params={{ name: table.name }} className="hover:underline">{spec.title === undefined || spec.title === "" ? table.name : spec.title}</Link>
                      {spec.description === undefined ? null : <div className="max-w-80 truncate font-normal text-ink-soft">{spec.description}</div>}
                    </Td>
                    <Td className="max-w-80 truncate text-ink-soft">{spec.columns?.map(({ name }) => name).join(", ")}</Td>
                    <Td className="tabular-nums"><Rows name={table.name} /></Td>
                    <Td className="text-ink-soft"><Time at={table.updatedAt} /></Td>
                    <Td>
                      <span className="flex justify-end">
                        <IconButton name={`Rename ${table.name}`} icon={<TextCursorInput size={14} />} onClick={() => { setAsked({ what: "rename", name: table.name }); }} />
                        <IconButton name={`Delete ${table.name}`} icon={<Trash2 size={14} />} onClick={() => { setAsked({ what: "delete", name: table.name }); }} />
                      </span>
                    </Td>
                  </Tr>
                );
              })}
            </Table>
          )}
        </Loaded>
      </Panel>
      {making ? <NewTable taken={list.data?.items.map(({ name }) => name) ?? []} onClose={() => { setMaking(false); }} /> : null}
      {asked?.what === "rename" ? <RenameDialog kind="data-table" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
      {asked?.what === "delete" ? <DeleteDialog kind="data-table" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
    </Page>
  );
}

function Rows({ name }: { name: string }) {
  const fill = useQuery({ queryKey: ["rows", name, "fill", {}], queryFn: () => data(api.GET("/api/v1/data-tables/{name}/fill", { params: { path: { name } } })) });
  return fill.data === undefined ? <span className="text-ink-faint">…</span> : <>{fill.data.rows.toLocaleString()}</>;
}

function NewTable({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [columns, setColumns] = useState<Column[]>([{ name: "", type: "string" }]);
  const used = columns.filter((column) => column.name !== "");
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/data-tables", { body: { name, spec: { columns: used } as unknown as Record<string, never> } })),
    onSuccess: async () => {
      onClose();
      await navigate({ to: "/data/$name", params: { name } });
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["data-table"] }),
  });
  const fault = used.map((column, at) => columnFault(column.name, used.filter((_, other) => other !== at).map((other) => other.name))).find((found) => found !== undefined);
  const refused = nameFault(name, taken) ?? (fault === undefined ? undefined : `A column cannot be called so: ${fault}`);
  return (
    <Dialog title="New table" open wide onOpenChange={onClose} footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={make.isPending} refused={refused} onClick={() => { make.mutate(); }}>Make it</Button></>}>
      <div className="flex flex-col gap-4">
        <Field label="Name" error={name === "" ? undefined : nameFault(name, taken)} hint="As workflows know it: small letters, digits and dashes.">{(ids) => <Input {...ids} autoFocus value={name} onChange={(event) => { setName(event.target.value); }} />}</Field>
        <div className="flex flex-col gap-1">
          <h3 className="font-medium">Columns</h3>
          <p className="text-small text-ink-faint">{`Every row also has an id and two times. ${plural(used.length, "column")} of yours; more can come later.`}</p>
          <Columns columns={columns} onChange={setColumns} fresh />
        </div>
        {make.isError ? <ProblemText problem={problemOf(make.error)} /> : null}
      </div>
    </Dialog>
  );
}

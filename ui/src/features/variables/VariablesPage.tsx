import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { History as HistoryIcon, Pencil, Plus, TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf, sentenceOf } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input, TextArea } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Empty, ProblemText } from "@/kit/States";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { History } from "@/resource/History";
import { RenameDialog } from "@/resource/RenameDialog";

interface Edited {
  name: string;
  value: string;
  description: string;
  key: string;
  /** What is stored; absent: a new one. */
  revision?: number;
  labels?: Record<string, string>;
}

/** Values that workflows of this environment read. */
export function VariablesPage() {
  const [edited, setEdited] = useState<Edited | null>(null);
  const [past, setPast] = useState<string | null>(null);
  const list = useQuery({ queryKey: ["variable", "list"], queryFn: () => data(api.GET("/api/v1/variables", { params: { query: { limit: 1000 } } })) });
  const [asked, setAsked] = useState<{ what: "rename" | "delete"; name: string } | null>(null);
  const fresh = (): void => { setEdited({ name: "", value: "", description: "", key: "" }); };
  return (
    <Page
      title="Variables"
      lead={<>Values that expressions read as <code className="font-mono">{"{{ $vars.name }}"}</code>. Secrets belong into connections.</>}
      actions={<Button look="primary" icon={<Plus size={14} />} onClick={fresh}>New variable</Button>}
    >
      <Panel flush>
        <Loaded of={list} empty={<Empty title="No variable yet" action={<Button look="primary" onClick={fresh}>New variable</Button>}>What several workflows share, or what differs between environments: addresses, limits, names.</Empty>}>
          {({ items }) => (
            <Table label="Variables" head={<><Th>Name</Th><Th>Value</Th><Th>What it is for</Th><Th>Changed</Th><Th><span className="sr-only">Acts</span></Th></>}>
              {items.map((variable) => {
                const spec = variable.spec as { value?: unknown; description?: string; key?: string };
                return (
                  <Tr key={variable.name}>
                    <Td className="font-medium">{variable.name}{spec.key === undefined ? null : <code className="ml-2 font-normal text-ink-faint">$vars.{spec.key}</code>}</Td>
                    <Td className="max-w-72 truncate font-mono text-small">{JSON.stringify(spec.value)}</Td>
                    <Td className="max-w-72 truncate text-ink-soft">{spec.description ?? ""}</Td>
                    <Td className="text-ink-soft"><Time at={variable.updatedAt} /></Td>
                    <Td>
                      <span className="flex justify-end">
                        <IconButton name={`Edit ${variable.name}`} icon={<Pencil size={14} />} onClick={() => { setEdited({ name: variable.name, value: shown(spec.value), description: spec.description ?? "", key: spec.key ?? "", revision: variable.revision, labels: variable.labels ?? {} }); }} />
                        <IconButton name={`History of ${variable.name}`} icon={<HistoryIcon size={14} />} onClick={() => { setPast(variable.name); }} />
                        <IconButton name={`Rename ${variable.name}`} icon={<TextCursorInput size={14} />} onClick={() => { setAsked({ what: "rename", name: variable.name }); }} />
                        <IconButton name={`Delete ${variable.name}`} icon={<Trash2 size={14} />} onClick={() => { setAsked({ what: "delete", name: variable.name }); }} />
                      </span>
                    </Td>
                  </Tr>
                );
              })}
            </Table>
          )}
        </Loaded>
      </Panel>
      {edited === null ? null : <Editor edited={edited} onClose={() => { setEdited(null); }} />}
      {asked?.what === "rename" ? <RenameDialog kind="variable" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
      {asked?.what === "delete" ? <DeleteDialog kind="variable" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
      <Dialog title={`History of ${past ?? ""}`} open={past !== null} wide onOpenChange={() => { setPast(null); }}>
        {past === null ? null : <History kind="variable" name={past} />}
      </Dialog>
    </Page>
  );
}

function Editor({ edited, onClose }: { edited: Edited; onClose: () => void }) {
  const client = useQueryClient();
  const [form, setForm] = useState(edited);
  const save = useMutation({
    mutationFn: () => {
      const spec = { value: valueOf(form.value), ...(form.description === "" ? {} : { description: form.description }), ...(form.key === "" ? {} : { key: form.key }) };
      return edited.revision === undefined
        ? data(api.POST("/api/v1/variables", { body: { name: form.name, spec } }))
        : data(api.PUT("/api/v1/variables/{name}", { params: { path: { name: form.name }, header: { "If-Match": `"${String(edited.revision)}"` } }, body: { spec, labels: edited.labels ?? {} } }));
    },
    onSuccess: () => {
      toasts.done(`${form.name} is saved`);
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["variable"] }),
  });
  const problem = save.isError ? problemOf(save.error) : null;
  /** What is wrong with a field stands at the field, and what is wrong with the whole below them. */
  const at = (pointer: string): string | undefined => (problem?.pointer === pointer ? sentenceOf(problem) : undefined);
  return (
    <Dialog
      title={edited.revision === undefined ? "New variable" : `Edit ${edited.name}`}
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={save.isPending} refused={form.name === "" ? "Give it a name first" : undefined} onClick={() => { save.mutate(); }}>Save</Button></>}
    >
      <div className="flex flex-col gap-4">
        {edited.revision === undefined ? <Field label="Name" error={at("/name")}>{(ids) => <Input {...ids} autoFocus value={form.name} onChange={(event) => { setForm({ ...form, name: event.target.value }); }} />}</Field> : null}
        <Field label="Value" error={at("/spec/value")} hint={`Text, or any JSON. This is ${kindOf(form.value)}.`}>
          {(ids) => <TextArea {...ids} rows={4} spellCheck={false} className="font-mono text-small" value={form.value} onChange={(event) => { setForm({ ...form, value: event.target.value }); }} />}
        </Field>
        <Field label="What it is for (optional)">{(ids) => <Input {...ids} value={form.description} onChange={(event) => { setForm({ ...form, description: event.target.value }); }} />}</Field>
        <Field label="Key (optional)" error={at("/spec/key")} hint="Under which expressions find it, when that is not its name. Keys may have capital letters.">{(ids) => <Input {...ids} value={form.key} onChange={(event) => { setForm({ ...form, key: event.target.value }); }} />}</Field>
        {problem === null || ["/name", "/spec/value", "/spec/key"].includes(problem.pointer ?? "") ? null : <ProblemText problem={problem} />}
      </div>
    </Dialog>
  );
}

function shown(value: unknown): string {
  return typeof value === "string" && valueOf(value) === value ? value : JSON.stringify(value, null, 2);
}

/** JSON where it is JSON, and text otherwise. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function kindOf(text: string): string {
  const value = valueOf(text);
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : typeof value === "string" ? "text" : `a ${typeof value}`;
}

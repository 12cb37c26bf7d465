import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { isGone, problemsOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Field, Input } from "@/kit/Field";
import { Unloaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Badge } from "@/kit/Status";
import { toasts } from "@/kit/toasts";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { useEdited } from "@/resource/edited";
import { History } from "@/resource/History";
import { useKind } from "@/resource/kinds";
import { Overtaken } from "@/resource/Overtaken";
import { RenameDialog } from "@/resource/RenameDialog";
import { SchemaForm } from "@/resource/SchemaForm";
import { Uses } from "@/resource/Uses";

/** Secret fields of an account, as the server names them. */
function secretFields(auth: Record<string, unknown>): string[] {
  switch (auth["type"]) {
    case "basic":
    case "digest":
      return ["password"];
    case "header":
    case "query":
      return ["value"];
    case "bearer":
      return ["token"];
    case "jwt":
      return ["key"];
    case "custom":
      return Object.entries({ header: auth["secretHeaders"], query: auth["secretQuery"], body: auth["secretBody"] }).flatMap(([place, names]) =>
        Array.isArray(names) ? names.map((name) => `${place}.${String(name)}`) : [],
      );
    default:
      return [];
  }
}

/** An account: how it is shown, its secrets, who uses it. */
export function ConnectionPage() {
  const { name } = useParams({ from: "/shell/connections/$name" });
  const navigate = useNavigate();
  const path = { params: { path: { name } } };
  const resource = useQuery({ queryKey: ["connection", name], queryFn: () => data(api.GET("/api/v1/connections/{name}", path)) });
  const [asked, setAsked] = useState<"rename" | "delete" | null>(null);
  if (resource.data === undefined || isGone(resource.error)) return <Page title={name}><Unloaded of={resource} /></Page>;
  const spec = resource.data.spec as Record<string, unknown>;
  return (
    <Page title={name} actions={
        <>
          <Button icon={<TextCursorInput size={14} />} onClick={() => { setAsked("rename"); }}>Rename…</Button>
          <Button look="danger" icon={<Trash2 size={14} />} onClick={() => { setAsked("delete"); }}>Delete…</Button>
        </>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-2">
        <Panel title="Account"><Form name={name} spec={spec} labels={resource.data.labels ?? {}} revision={resource.data.revision} /></Panel>
        <div className="flex flex-col gap-6">
          <Panel title="Secrets"><Secrets name={name} auth={(spec["auth"] ?? {}) as Record<string, unknown>} set={(spec["secrets"] ?? []) as string[]} /></Panel>
          <Panel title="Condition"><Uses kind="connection" name={name} /></Panel>
        </div>
        <div className="lg:col-span-2"><Panel flush title="History"><History kind="connection" name={name} /></Panel></div>
      </div>
      {asked === "rename" ? <RenameDialog kind="connection" name={name} onClose={() => { setAsked(null); }} onDone={(to) => navigate({ to: "/connections/$name", params: { name: to } })} /> : null}
      {asked === "delete" ? <DeleteDialog kind="connection" name={name} onClose={() => { setAsked(null); }} onDone={() => navigate({ to: "/connections" })} /> : null}
    </Page>
  );
}

function Form({ name, spec, labels, revision }: { name: string; spec: Record<string, unknown>; labels: Record<string, string>; revision: number }) {
  const client = useQueryClient();
  const kind = useKind("connection");
  const edited = useEdited(spec, revision);
  const { value } = edited;
  const save = useMutation({
    mutationFn: () => data(api.PUT("/api/v1/connections/{name}", { params: { path: { name }, header: { "If-Match": `"${String(revision)}"` } }, body: { spec: value, labels } })),
    onSuccess: () => {
      edited.discard();
      toasts.done("Saved");
    },
    onError: (error) => { toasts.failed("It was not saved", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["connection"] }),
  });
  const problems = problemsOf(save.error);
  if (kind.data === undefined) return <Unloaded of={kind} />;
  return (
    <form className="flex flex-col gap-4" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      <Overtaken fields={edited.both} onDiscard={edited.discard} />
      <SchemaForm schema={kind.data} value={value} onChange={edited.set} problems={problems} hide={["secrets"]} />
      <div><Button type="submit" look="primary" busy={save.isPending} refused={edited.dirty ? undefined : "Nothing has changed"}>Save</Button></div>
    </form>
  );
}

/** Secrets go in, and never come out. */
function Secrets({ name, auth, set }: { name: string; auth: Record<string, unknown>; set: string[] }) {
  const fields = [...new Set([...secretFields(auth), ...set])];
  return (
    <div className="flex flex-col gap-4">
      {fields.map((field) => <SecretField key={field} name={name} field={field} isSet={set.includes(field)} />)}
      {fields.length === 0 ? <p className="text-ink-soft">This kind of account has none.</p> : null}
    </div>
  );
}

function SecretField({ name, field, isSet }: { name: string; field: string; isSet: boolean }) {
  const client = useQueryClient();
  const [text, setText] = useState("");
  const path = { params: { path: { name, field } } };
  const done = (said: string) => ({
    onSuccess: () => {
      setText("");
      toasts.done(said);
    },
    onError: (error: unknown) => { toasts.failed("The secret stays as it was", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["connection"] }),
  });
  const put = useMutation({ mutationFn: () => data(api.PUT("/api/v1/connections/{name}/secrets/{field}", { ...path, body: { value: text } })), ...done(`${field} is set`) });
  const drop = useMutation({ mutationFn: () => data(api.DELETE("/api/v1/connections/{name}/secrets/{field}", path)), ...done(`${field} is gone`) });
  return (
    <Field label={field} action={isSet ? <Badge tone="good">set</Badge> : <Badge tone="wait">not set</Badge>} hint="It is never shown again.">
      {(ids) => (
        <span className="flex gap-1.5">
          <Input {...ids} type="password" autoComplete="off" value={text} placeholder={isSet ? "Type to replace it" : ""} onChange={(event) => { setText(event.target.value); }} />
          <Button className="h-8!" busy={put.isPending} refused={text === "" ? "Type a value first" : undefined} onClick={() => { put.mutate(); }}>Set</Button>
          {isSet ? <Button className="h-8!" look="danger" busy={drop.isPending} onClick={() => { drop.mutate(); }}>Drop</Button> : null}
        </span>
      )}
    </Field>
  );
}

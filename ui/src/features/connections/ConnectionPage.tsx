import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { isGone, problemsOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Unloaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { toasts } from "@/kit/toasts";
import { ConnectPanel } from "@/resource/ConnectPanel";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { useEdited } from "@/resource/edited";
import { History } from "@/resource/History";
import { useKind } from "@/resource/kinds";
import { Overtaken } from "@/resource/Overtaken";
import { RenameDialog } from "@/resource/RenameDialog";
import { SchemaForm } from "@/resource/SchemaForm";
import { Secrets } from "@/resource/Secrets";
import { Uses } from "@/resource/Uses";

import { isWatched } from "./health";
import { HealthPanel } from "./HealthPanel";

/** An account: how it is shown, its secrets, who uses it. */
export function ConnectionPage() {
  const { name } = useParams({ from: "/shell/connections/$name" });
  const navigate = useNavigate();
  const path = { params: { path: { name } } };
  const resource = useQuery({ queryKey: ["connection", name], queryFn: () => data(api.GET("/api/v1/connections/{name}", path)) });
  const [asked, setAsked] = useState<"rename" | "delete" | null>(null);
  if (resource.data === undefined || isGone(resource.error)) return <Page title={name}><Unloaded of={resource} /></Page>;
  const spec = resource.data.spec as Record<string, unknown>;
  const auth = (spec["auth"] ?? {}) as Record<string, unknown>;
  return (
    <Page title={name} actions={
        <>
          <Button icon={<TextCursorInput size={14} />} onClick={() => { setAsked("rename"); }}>Rename…</Button>
          <Button look="danger" icon={<Trash2 size={14} />} onClick={() => { setAsked("delete"); }}>Delete…</Button>
        </>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-2">
        {isWatched(auth) ? <div className="lg:col-span-2"><HealthPanel name={name} /></div> : null}
        <Panel title="Account"><Form name={name} spec={spec} labels={resource.data.labels ?? {}} revision={resource.data.revision} /></Panel>
        <div className="flex flex-col gap-6">
          <ConnectPanel name={name} auth={auth} />
          <Panel title="Secrets"><Secrets name={name} auth={auth} /></Panel>
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

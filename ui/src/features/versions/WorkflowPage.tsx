import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Copy, CopyPlus, Download, Ellipsis, Pencil, Play, Power, TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { isGone, problemOf, problemsOf } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Input } from "@/kit/Field";
import { Loaded, Unloaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Page, Panel } from "@/kit/Page";
import { Failure } from "@/kit/States";
import { Badge, Status } from "@/kit/Status";
import { Tabs } from "@/kit/Tabs";
import { Time } from "@/kit/Time";
import { between } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { useEdited } from "@/resource/edited";
import { exportFile, type Format } from "@/resource/exportFile";
import { useKind } from "@/resource/kinds";
import { Overtaken } from "@/resource/Overtaken";
import { RenameDialog } from "@/resource/RenameDialog";
import { resolve, type Schema } from "@/resource/schema";
import { SchemaForm } from "@/resource/SchemaForm";
import { Uses } from "@/resource/Uses";

import { DuplicateDialog } from "./DuplicateDialog";
import { Versions } from "./Versions";

/** A workflow from outside: whether it is live, what it came to lately, how it became what it is. */
export function WorkflowPage() {
  const { name } = useParams({ from: "/shell/workflows/$name" });
  const navigate = useNavigate();
  const [tab, setTab] = useState("overview");
  const [asked, setAsked] = useState<"rename" | "duplicate" | "delete" | null>(null);
  const close = (): void => { setAsked(null); };
  const keep = (format: Format, closure: boolean): void => {
    exportFile(name, format, [`workflows/${name}`], closure).catch((error: unknown) => { toasts.failed(`${name} was not exported`, error); });
  };
  const path = { params: { path: { name } } };
  const resource = useQuery({ queryKey: ["workflow", name], queryFn: () => data(api.GET("/api/v1/workflows/{name}", path)) });
  const start = useMutation({
    mutationFn: () => data(api.POST("/api/v1/workflows/{name}/run", { ...path, body: {} })),
    onSuccess: ({ run }) => void navigate({ to: "/runs/$run", params: { run }, search: {} }),
    onError: (error) => { toasts.failed("It was not started", error); },
  });
  if (resource.data === undefined || isGone(resource.error)) return <Page title={name}><Unloaded of={resource} /></Page>;
  return (
    <Page
      title={name}
      lead={<>Revision {resource.data.revision}, written <Time at={resource.data.updatedAt} /> by {resource.data.updatedBy}</>}
      actions={
        <>
          <Menu
            trigger={<IconButton look="plain" name="More" icon={<Ellipsis size={15} />} />}
            acts={[
              { name: "Rename…", icon: <TextCursorInput size={13} />, do: () => { setAsked("rename"); } },
              { name: "Duplicate…", icon: <CopyPlus size={13} />, do: () => { setAsked("duplicate"); } },
              "line",
              { name: "Export as YAML", icon: <Download size={13} />, do: () => { keep("yaml", false); } },
              { name: "Export with all it uses (ZIP)", icon: <Download size={13} />, do: () => { keep("zip", true); } },
              { name: "Export for n8n", icon: <Download size={13} />, do: () => { keep("n8n", false); } },
              "line",
              { name: "Delete…", icon: <Trash2 size={13} />, danger: true, do: () => { setAsked("delete"); } },
            ]}
          />
          <Button icon={<Play size={14} />} busy={start.isPending} onClick={() => { start.mutate(); }}>Run now</Button>
          <Button look="primary" icon={<Pencil size={14} />} onClick={() => void navigate({ to: "/workflows/$name/edit", params: { name } })}>Open the editor</Button>
        </>
      }
    >
      <Panel flush>
        <Tabs
          label="Parts of the workflow"
          value={tab}
          onChange={setTab}
          tabs={[
            { value: "overview", name: "Overview", content: <Overview name={name} revision={resource.data.revision} /> },
            { value: "versions", name: "Versions", content: <Versions name={name} /> },
            { value: "settings", name: "Settings", content: <SettingsForm name={name} spec={resource.data.spec as Record<string, unknown>} revision={resource.data.revision} labels={resource.data.labels ?? {}} /> },
          ]}
        />
      </Panel>
      {asked === "rename" ? <RenameDialog kind="workflow" name={name} onClose={close} onDone={(to) => navigate({ to: "/workflows/$name", params: { name: to } })} /> : null}
      {asked === "duplicate" ? <DuplicateDialog name={name} spec={resource.data.spec} labels={resource.data.labels ?? {}} onClose={close} /> : null}
      {asked === "delete" ? <DeleteDialog kind="workflow" name={name} onClose={close} onDone={() => navigate({ to: "/workflows", search: {} })} /> : null}
    </Page>
  );
}

function Overview({ name, revision }: { name: string; revision: number }) {
  const client = useQueryClient();
  const path = { params: { path: { name } } };
  const [share, setShare] = useState("100");
  const activation = useQuery({ queryKey: ["workflow", name, "activation"], queryFn: () => data(api.GET("/api/v1/workflows/{name}/activation", path)), retry: false });
  const runs = useQuery({ queryKey: ["runs", "of", name], queryFn: () => data(api.GET("/api/v1/runs", { params: { query: { workflow: name, limit: 10 } } })) });
  const change = useMutation({
    mutationFn: (body: { revision?: number; share?: number } | null) =>
      body === null ? data(api.POST("/api/v1/workflows/{name}/deactivate", path)) : data(api.POST("/api/v1/workflows/{name}/activate", { ...path, body })),
    onSuccess: (now) => { toasts.done(now.enabled ? `Revision ${String(now.revision)} gets ${String(now.share)} % of new events` : "It is out of service"); },
    onError: (error) => { toasts.failed("Nothing was changed", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["workflow"] }),
  });
  const live = activation.data?.enabled === true ? activation.data : null;
  // Not to know is another thing than not to be live: one that was never activated is not found.
  if (activation.isError && problemOf(activation.error).status !== 404) return <Failure error={activation.error} retry={() => void activation.refetch()} />;
  const percent = Math.min(Math.max(Number(share) || 0, 1), 100);
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-6 p-4 lg:grid-cols-2">
      <section className="flex flex-col gap-3">
        <h2 className="font-semibold">Live</h2>
        <p className="flex flex-wrap items-center gap-2">
          {live === null ? <Badge>Not live</Badge> : <Badge tone="good">Revision {live.revision}</Badge>}
          {live !== null && live.share < 100 ? <span>gets {live.share} % of new events, revision {live.previous} the rest</span> : null}
          {live !== null ? <span className="text-ink-soft">since <Time at={live.updatedAt} />, by {live.updatedBy}</span> : null}
        </p>
        {(live?.addresses ?? []).length > 0 ? (
          <ul className="flex flex-col gap-1">
            {live?.addresses?.map((address) => (
              <li key={address} className="flex items-center gap-1">
                <code className="min-w-0 truncate rounded-small bg-sunken px-1.5 py-0.5 text-small">{address}</code>
                <IconButton name="Copy the address" icon={<Copy size={13} />} onClick={() => { void navigator.clipboard.writeText(address.split(" ").at(-1) ?? address).then(() => { toasts.done("Copied"); }); }} />
              </li>
            ))}
          </ul>
        ) : null}
        <div className="flex flex-wrap items-center gap-2">
          <Button
            look={live?.revision === revision && live.share === 100 ? "plain" : "primary"}
            icon={<Power size={13} />}
            busy={change.isPending}
            refused={live?.revision === revision && live.share === percent ? "It is live already" : undefined}
            onClick={() => { change.mutate({ revision, share: percent }); }}
          >
            Make revision {revision} live
          </Button>
          <label className="flex items-center gap-1.5 text-ink-soft">
            for
            <Input aria-label="Percent of new events" type="number" min={1} max={100} className="w-16!" value={share} onChange={(event) => { setShare(event.target.value); }} />
            % of new events
          </label>
          {live === null ? null : <Button look="danger" onClick={() => { change.mutate(null); }}>Take out of service</Button>}
        </div>
        <h2 className="mt-3 font-semibold">Condition</h2>
        <Uses kind="workflow" name={name} />
      </section>
      <section className="flex flex-col gap-3">
        <div className="flex items-baseline justify-between">
          <h2 className="font-semibold">Last runs</h2>
          <Link to="/runs" search={{ workflow: name }} className="text-accent hover:underline">All of them</Link>
        </div>
        <div className="rounded-base border">
          <Loaded of={runs} lines={4} empty={<p className="px-3 py-6 text-center text-ink-soft">It has not run yet.</p>}>
            {({ items }) => (
              <ul className="flex flex-col divide-y">
                {items.map((run) => (
                  <li key={run.id}>
                    <Link to="/runs/$run" params={{ run: run.id }} search={{}} className="flex items-center gap-3 px-3 py-2 hover:bg-sunken">
                      <Status state={run.status} />
                      <span className="flex-1 text-ink-soft"><Time at={run.createdAt} /></span>
                      {run.endedAt != null && run.startedAt != null ? <span className="text-small text-ink-soft">{between(run.startedAt, run.endedAt)}</span> : null}
                    </Link>
                  </li>
                ))}
              </ul>
            )}
          </Loaded>
        </div>
      </section>
    </div>
  );
}

/** The workflow's own settings; they are part of its text, and so of its history. */
function SettingsForm({ name, spec, revision, labels }: { name: string; spec: Record<string, unknown>; revision: number; labels: Record<string, string> }) {
  const client = useQueryClient();
  const kind = useKind("workflow");
  // The labels are text while they are typed, and go with the settings: one form, one revision.
  const written = Object.entries(labels).map(([key, value]) => (value === "" ? key : `${key}=${value}`)).join(", ");
  const edited = useEdited({ settings: spec["settings"] ?? {}, labels: written }, revision);
  const settings = edited.value["settings"] as Record<string, unknown>;
  const text = edited.value["labels"] as string;
  const setSettings = (next: Record<string, unknown>): void => { edited.set({ ...edited.value, settings: next }); };
  const setText = (next: string): void => { edited.set({ ...edited.value, labels: next }); };
  const save = useMutation({
    mutationFn: () =>
      data(
        api.PUT("/api/v1/workflows/{name}", {
          params: { path: { name }, header: { "If-Match": `"${String(revision)}"` } },
          body: { spec: { ...spec, settings }, labels: labelsOf(text) },
        }),
      ),
    onSuccess: () => {
      edited.discard();
      toasts.done("Saved as a new revision; make it live in the overview");
    },
    onError: (error) => { toasts.failed("It was not saved", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["workflow"] }),
  });
  const root = kind.data ?? {};
  const schema = resolve(root.properties?.["settings"] ?? {}, root).schema;
  const whole: Schema = { ...schema, ...(root.$defs === undefined ? {} : { $defs: root.$defs }) };
  return (
    <form className="flex max-w-2xl flex-col gap-4 p-4" onSubmit={(event) => { event.preventDefault(); if (edited.dirty && !save.isPending) save.mutate(); }}>
      <Overtaken fields={edited.both} onDiscard={edited.discard} />
      <label className="flex flex-col gap-1">
        <span className="font-medium">Labels</span>
        <Input value={text} placeholder="team=sales, tier=1" onChange={(event) => { setText(event.target.value); }} />
        <span className="text-small text-ink-faint">Pairs, parted by commas; the list of workflows can be narrowed by them.</span>
      </label>
      {kind.data === undefined ? <Unloaded of={kind} /> : <SchemaForm schema={whole} value={settings} onChange={setSettings} pointer="/spec/settings" problems={problemsOf(save.error)} />}
      <div><Button type="submit" look="primary" busy={save.isPending} refused={edited.dirty ? undefined : "Nothing has changed"}>Save</Button></div>
    </form>
  );
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return Object.fromEntries(pairs.map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, ""] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  }));
}

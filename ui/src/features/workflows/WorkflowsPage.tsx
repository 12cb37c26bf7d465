import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Download, Ellipsis, Pencil, Play, Plus, Search, Trash2, Upload } from "lucide-react";
import { useMemo, useState } from "react";

import { api, data } from "@/api/client";
import { Badge } from "@/kit/Status";
import { Button, IconButton } from "@/kit/Button";
import { download } from "@/kit/download";
import { Input } from "@/kit/Field";
import { Menu } from "@/kit/Menu";
import { Page, Panel } from "@/kit/Page";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { Switch } from "@/kit/Switch";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { ImportDialog } from "@/resource/ImportDialog";

import { NewDialog } from "./NewDialog";

/** All workflows: what is live, what could not be, and what to do with each. */
export function WorkflowsPage() {
  const { find, label } = useSearch({ from: "/shell/workflows" });
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  const [importing, setImporting] = useState<FileList | true | null>(null);
  const [over, setOver] = useState(false);
  const list = useQuery({
    queryKey: ["workflow", "list"],
    queryFn: () => data(api.GET("/api/v1/workflows", { params: { query: { limit: 1000 } } })),
    placeholderData: keepPreviousData,
  });
  const items = useMemo(() => {
    const words = (find ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    return (list.data?.items ?? []).filter((workflow) => {
      const labels = Object.entries(workflow.labels ?? {}).map(([key, value]) => `${key}=${value}`);
      const text = `${workflow.name} ${labels.join(" ")}`.toLowerCase();
      return words.every((word) => text.includes(word)) && (label === undefined || labels.includes(label));
    });
  }, [list.data, find, label]);
  return (
    <div
      className="relative min-h-full"
      onDragOver={(event) => {
        if (event.dataTransfer.types.includes("Files")) {
          event.preventDefault();
          setOver(true);
        }
      }}
      onDragLeave={(event) => {
        if (event.currentTarget === event.target) setOver(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer.files.length > 0) setImporting(event.dataTransfer.files);
      }}
    >
      <Page
        title="Workflows"
        lead="Drop a file here to import workflows of n8n or of another Fishplate."
        actions={
          <>
            <Button icon={<Upload size={14} />} onClick={() => { setImporting(true); }}>
              Import
            </Button>
            <Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>
              New workflow
            </Button>
          </>
        }
      >
        <div className="mb-3 flex items-center gap-2">
          <div className="relative w-72 max-w-full">
            <Search size={14} aria-hidden className="absolute top-2.25 left-2.5 text-ink-faint" />
            <Input
              type="search"
              aria-label="Find workflows"
              placeholder="Find by name or label"
              className="pl-8"
              value={find ?? ""}
              onChange={(event) => void navigate({ to: "/workflows", search: (old) => ({ ...old, find: event.target.value }), replace: true })}
            />
          </div>
          {label === undefined ? null : (
            <Button look="quiet" onClick={() => void navigate({ to: "/workflows", search: ({ label: _, ...rest }) => rest })}>
              {label} ×
            </Button>
          )}
        </div>
        <Panel flush>
          {list.isPending ? (
            <Skeleton />
          ) : list.isError ? (
            <Failure error={list.error} retry={() => void list.refetch()} />
          ) : items.length > 0 ? (
            <Table label="Workflows" head={<><Th>Name</Th><Th>Labels</Th><Th>Changed</Th><Th>Live</Th><Th><span className="sr-only">Acts</span></Th></>}>
              {items.map((workflow) => (
                <Row key={workflow.name} name={workflow.name} labels={workflow.labels ?? {}} updatedAt={workflow.updatedAt} updatedBy={workflow.updatedBy} />
              ))}
            </Table>
          ) : find !== undefined || label !== undefined ? (
            <Empty title="No workflow is called like that" action={<Button onClick={() => void navigate({ to: "/workflows", search: {} })}>Show all</Button>} />
          ) : (
            <Empty
              title="Draw your first workflow"
              action={
                <>
                  <Button look="primary" onClick={() => { setMaking(true); }}>New workflow</Button>
                  <Button onClick={() => { setImporting(true); }}>Import from n8n</Button>
                </>
              }
            >
              A workflow begins with an event – a webhook, a schedule, a form – and does its steps so that none is lost or done twice.
            </Empty>
          )}
        </Panel>
      </Page>
      {over ? (
        <div className="pointer-events-none absolute inset-3 flex items-center justify-center rounded-large border-2 border-dashed border-plate bg-ground/85 text-title font-semibold">
          Drop to import
        </div>
      ) : null}
      {making ? <NewDialog onClose={() => { setMaking(false); }} taken={(list.data?.items ?? []).map((known) => known.name)} /> : null}
      {importing === null ? null : <ImportDialog files={importing === true ? null : importing} onClose={() => { setImporting(null); }} />}
    </div>
  );
}

function Row({ name, labels, updatedAt, updatedBy }: { name: string; labels: Record<string, string>; updatedAt: string; updatedBy: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const activation = useQuery({
    queryKey: ["workflow", name, "activation"],
    queryFn: () => data(api.GET("/api/v1/workflows/{name}/activation", { params: { path: { name } } })),
  });
  const live = activation.data?.enabled === true;
  const changed = (): void => void client.invalidateQueries({ queryKey: ["workflow"] });
  const toggle = useMutation({
    mutationFn: (on: boolean) =>
      on
        ? data(api.POST("/api/v1/workflows/{name}/activate", { params: { path: { name } }, body: {} }))
        : data(api.POST("/api/v1/workflows/{name}/deactivate", { params: { path: { name } } })),
    onSuccess: (_, on) => { toasts.done(on ? `${name} is live` : `${name} is out of service`); },
    onError: (error) => { toasts.failed(`${name} stays as it was`, error); },
    onSettled: changed,
  });
  const remove = useMutation({
    mutationFn: () => data(api.DELETE("/api/v1/workflows/{name}", { params: { path: { name } } })),
    onSuccess: () => { toasts.done(`${name} was deleted`); },
    onError: (error) => { toasts.failed(`${name} was not deleted`, error); },
    onSettled: changed,
  });
  const start = useMutation({
    mutationFn: () => data(api.POST("/api/v1/workflows/{name}/run", { params: { path: { name } }, body: {} })),
    onSuccess: (started) => void navigate({ to: "/runs/$run", params: { run: started.run } }),
    onError: (error) => { toasts.failed(`${name} was not started`, error); },
  });
  return (
    <Tr>
      <Td>
        <Link to="/workflows/$name" params={{ name }} className="font-medium hover:underline">
          {name}
        </Link>
      </Td>
      <Td>
        <span className="flex flex-wrap gap-1">
          {Object.entries(labels).map(([key, value]) => (
            <Link key={key} to="/workflows" search={{ label: `${key}=${value}` }}>
              <Badge>{value === "" ? key : `${key}: ${value}`}</Badge>
            </Link>
          ))}
        </span>
      </Td>
      <Td className="text-ink-soft">
        <Time at={updatedAt} /> <span className="text-ink-faint">by {updatedBy}</span>
      </Td>
      <Td>
        <Switch name={`${name} is live`} checked={live} disabled={activation.isPending || toggle.isPending} onChange={(on) => { toggle.mutate(on); }} />
      </Td>
      <Td className="w-px">
        <span className="flex justify-end gap-0.5">
          <IconButton name={`Edit ${name}`} icon={<Pencil size={14} />} onClick={() => void navigate({ to: "/workflows/$name/edit", params: { name } })} />
          <Menu
            trigger={<IconButton name={`More for ${name}`} icon={<Ellipsis size={15} />} />}
            acts={[
              { name: "Run now", icon: <Play size={13} />, do: () => { start.mutate(); } },
              { name: "Export", icon: <Download size={13} />, do: () => void exportOne(name) },
              "line",
              {
                name: "Delete",
                icon: <Trash2 size={13} />,
                danger: true,
                refused: live ? "It is live; take it out of service first" : undefined,
                do: () => { if (confirm(`Delete ${name}? Its history stays in the audit log; runs that have begun go on.`)) remove.mutate(); },
              },
            ]}
          />
        </span>
      </Td>
    </Tr>
  );
}

/** Saves a workflow as a file. */
async function exportOne(name: string): Promise<void> {
  try {
    const resource = await data(api.GET("/api/v1/workflows/{name}", { params: { path: { name } } }));
    const { stringify } = await import("yaml");
    const text = stringify({ kind: "workflow", name, labels: resource.labels, spec: resource.spec });
    download(new Blob([text], { type: "application/yaml" }), `${name}.yaml`);
  } catch (error) {
    toasts.failed(`${name} was not exported`, error);
  }
}

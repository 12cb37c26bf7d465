import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Folder, Plus, Search, Upload } from "lucide-react";
import { useMemo, useState } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { ImportDialog } from "@/resource/ImportDialog";
import { NewDialog } from "@/resource/NewDialog";

import { BulkBar } from "./BulkBar";
import type { Workflow } from "./bulk";
import { found, FOLDER, grouped, keysOf } from "./list";
import { WorkflowTable } from "./WorkflowTable";

/** Heading of what bears no label. */
const NOWHERE = "Everything else";

const titleOf = (workflow: Workflow): string => (workflow.spec as { title?: string }).title ?? "";

/** Every page of the list: who searches wants to find what is on the last one, too. */
async function loadAll(): Promise<Workflow[]> {
  const all: Workflow[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await data(api.GET("/api/v1/workflows", { params: { query: { limit: 1000, ...(cursor == null ? {} : { cursor }) } } }));
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor != null);
  return all;
}

function foldersOf(all: readonly Workflow[]): string[] {
  return [...new Set(all.flatMap(({ labels }) => labels?.[FOLDER] ?? []))].sort();
}

/** All workflows: what is live, what could not be, and what to do with each. */
export function WorkflowsPage() {
  const { find, label, group } = useSearch({ from: "/shell/workflows" });
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  const [importing, setImporting] = useState<FileList | true | null>(null);
  const [over, setOver] = useState(false);
  const list = useQuery({
    queryKey: ["workflow", "all"],
    queryFn: loadAll,
    placeholderData: keepPreviousData,
  });
  const all = useMemo(() => list.data ?? [], [list.data]);
  const items = useMemo(() => found(all, find ?? "", label, titleOf), [all, find, label]);
  const keys = keysOf(all);
  const by = group ?? (keys.includes(FOLDER) ? FOLDER : "");
  const groups = grouped(items, by === "" ? undefined : by);
  const [wanted, setSelected] = useState<ReadonlySet<string>>(new Set());
  // What is out of sight is not acted on.
  const selected = new Set(items.map(({ name }) => name).filter((name) => wanted.has(name)));
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
        <div className="mb-3 flex flex-wrap items-center gap-2">
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
          {keys.length > 0 ? (
            <Select aria-label="Group by" className="w-auto!" value={by} onChange={(event) => void navigate({ to: "/workflows", search: (old) => ({ ...old, group: event.target.value }), replace: true })}>
              <option value="">Not grouped</option>
              {[...new Set([FOLDER, ...keys])].map((key) => <option key={key} value={key}>By {key}</option>)}
            </Select>
          ) : null}
          {label === undefined ? null : (
            <Button look="quiet" onClick={() => void navigate({ to: "/workflows", search: ({ label: _, ...rest }) => rest })}>
              {label} ×
            </Button>
          )}
        </div>
        <Panel flush>
          <Loaded
            of={list}
            isEmpty={items.length === 0}
            empty={find !== undefined || label !== undefined ? (
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
          >
            {() =>
              groups.map(({ value, ones }) => (
                <section key={value ?? ""} aria-label={by === "" ? "Workflows" : (value ?? NOWHERE)} className="border-b last:border-0">
                  {by === "" ? null : <h2 className="flex items-center gap-2 bg-sunken px-4 py-1.5 font-medium text-ink-soft"><Folder size={14} aria-hidden /> {value ?? NOWHERE} <span className="text-small font-normal text-ink-faint">{ones.length}</span></h2>}
                  <WorkflowTable label={by === "" ? "Workflows" : `Workflows in ${value ?? "no group"}`} workflows={ones} selected={selected} onSelect={setSelected} />
                </section>
              ))
            }
          </Loaded>
        </Panel>
        {selected.size > 0 ? <BulkBar names={[...selected]} folders={foldersOf(all)} onClear={() => { setSelected(new Set()); }} /> : null}
      </Page>
      {over ? (
        <div className="pointer-events-none absolute inset-3 flex items-center justify-center rounded-large border-2 border-dashed border-plate bg-ground/85 text-title font-semibold">
          Drop to import
        </div>
      ) : null}
      {making ? <NewDialog onClose={() => { setMaking(false); }} taken={all.map((known) => known.name)} /> : null}
      {importing === null ? null : <ImportDialog files={importing === true ? null : importing} onClose={() => { setImporting(null); }} />}
    </div>
  );
}

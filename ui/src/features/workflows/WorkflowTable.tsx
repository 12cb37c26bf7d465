import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Download, Ellipsis, Pencil, Play, TextCursorInput, Trash2 } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Button, IconButton } from "@/kit/Button";
import { Menu } from "@/kit/Menu";
import { Badge, Status } from "@/kit/Status";
import { Switch } from "@/kit/Switch";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { exportFile } from "@/resource/exportFile";
import { RenameDialog } from "@/resource/RenameDialog";

import type { Workflow } from "./bulk";
import { chosen, FOLDER } from "./list";

/** Rows that are drawn at a time: each asks which revision of its workflow is live. */
const STEP = 50;

type Run = components["schemas"]["RunSummary"];

/** A list of workflows of which some can be chosen: by click, by key, with Shift a range. */
export function WorkflowTable({ label, workflows, selected, onSelect }: { label: string; workflows: readonly Workflow[]; selected: ReadonlySet<string>; onSelect: (selected: Set<string>) => void }) {
  const navigate = useNavigate();
  const [most, setMost] = useState(STEP);
  const [anchor, setAnchor] = useState<string | null>(null);
  const [asked, setAsked] = useState<{ what: "rename" | "delete"; name: string } | null>(null);
  const body = useRef<HTMLDivElement>(null);
  // The newest runs of all workflows, in one question.
  const runs = useQuery({ queryKey: ["runs", "newest", 200], queryFn: () => data(api.GET("/api/v1/runs", { params: { query: { limit: 200 } } })) });
  const last = new Map<string, Run>();
  runs.data?.items.forEach((run) => { if (!last.has(run.workflow)) last.set(run.workflow, run); });
  const complete = runs.data !== undefined && runs.data.nextCursor == null;
  const shown = workflows.slice(0, most);
  const order = shown.map(({ name }) => name);
  const count = order.filter((name) => selected.has(name)).length;
  const pick = (name: string, range: boolean): void => {
    onSelect(chosen(selected, order, name, anchor, range));
    setAnchor(name);
  };
  const pressed = (event: KeyboardEvent): void => {
    const box = (event.target as HTMLElement).closest<HTMLInputElement>("input[data-row]");
    const name = box?.dataset["row"];
    if (box === null || name === undefined) return;
    const at = order.indexOf(name);
    const way = event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
    if (way !== 0) {
      event.preventDefault();
      const next = order[at + way];
      if (next === undefined) return;
      body.current?.querySelector<HTMLInputElement>(`input[data-row="${CSS.escape(next)}"]`)?.focus();
      if (event.shiftKey) {
        onSelect(new Set([...selected, name, next]));
        setAnchor(next);
      }
    } else if (event.key === "Enter") void navigate({ to: "/workflows/$name", params: { name } });
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onSelect(new Set([...selected, ...order]));
    } else if (event.key === "Escape") onSelect(new Set());
  };
  return (
    // The keys work on the rows' own checkboxes; the frame only hears them.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div ref={body} onKeyDown={pressed}>
      <Table
        label={label}
        head={
          <>
            <Th className="w-px pr-0!"><All name={label} count={count} of={order.length} onChange={(on) => { onSelect(new Set(on ? [...selected, ...order] : [...selected].filter((name) => !order.includes(name)))); }} /></Th>
            <Th>Name</Th><Th>Labels</Th><Th>Changed</Th><Th>Last run</Th><Th>Live</Th><Th><span className="sr-only">Acts</span></Th>
          </>
        }
      >
        {shown.map((workflow) => (
          <Row
            key={workflow.name}
            workflow={workflow}
            selected={selected.has(workflow.name)}
            onPick={(range) => { pick(workflow.name, range); }}
            onAsk={(what) => { setAsked({ what, name: workflow.name }); }}
            newest={last.get(workflow.name) ?? (complete ? null : undefined)}
            known={!runs.isPending}
          />
        ))}
      </Table>
      {workflows.length > most ? <div className="border-t p-3 text-center"><Button onClick={() => { setMost(most + STEP); }}>Show {plural(Math.min(STEP, workflows.length - most), "more workflow")}</Button></div> : null}
      {asked?.what === "rename" ? <RenameDialog kind="workflow" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
      {asked?.what === "delete" ? <DeleteDialog kind="workflow" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
    </div>
  );
}

function All({ name, count, of, onChange }: { name: string; count: number; of: number; onChange: (on: boolean) => void }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = count > 0 && count < of;
  }, [count, of]);
  return <input ref={box} type="checkbox" aria-label={`Choose all of ${name}`} className="size-4 align-middle accent-(--accent)" checked={of > 0 && count === of} onChange={(event) => { onChange(event.target.checked); }} />;
}

function Row({ workflow, selected, onPick, onAsk, newest, known }: { workflow: Workflow; selected: boolean; onPick: (range: boolean) => void; onAsk: (what: "rename" | "delete") => void; newest: Run | null | undefined; known: boolean }) {
  const { name, labels = {}, updatedAt, updatedBy } = workflow;
  const client = useQueryClient();
  const navigate = useNavigate();
  const title = (workflow.spec as { title?: string }).title;
  const range = useRef(false);
  const activation = useQuery({
    queryKey: ["workflow", name, "activation"],
    queryFn: () => data(api.GET("/api/v1/workflows/{name}/activation", { params: { path: { name } } })),
  });
  const seldom = useQuery({
    // Not below "runs": it is asked for those that ran long ago, and not anew with every run of others.
    queryKey: ["workflow", name, "last run"],
    queryFn: async () => (await data(api.GET("/api/v1/runs", { params: { query: { workflow: name, limit: 1 } } }))).items[0] ?? null,
    enabled: known && newest === undefined,
    staleTime: 60_000,
  });
  const run = newest ?? seldom.data ?? null;
  const live = activation.data?.enabled === true;
  const toggle = useMutation({
    mutationFn: (on: boolean) =>
      on
        ? data(api.POST("/api/v1/workflows/{name}/activate", { params: { path: { name } }, body: {} }))
        : data(api.POST("/api/v1/workflows/{name}/deactivate", { params: { path: { name } } })),
    onSuccess: (_, on) => { toasts.done(on ? `${name} is live` : `${name} is out of service`, () => { toggle.mutate(!on); }); },
    onError: (error) => { toasts.failed(`${name} stays as it was`, error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["workflow"] }),
  });
  const start = useMutation({
    mutationFn: () => data(api.POST("/api/v1/workflows/{name}/run", { params: { path: { name } }, body: {} })),
    onSuccess: (started) => void navigate({ to: "/runs/$run", params: { run: started.run }, search: {} }),
    onError: (error) => { toasts.failed(`${name} was not started`, error); },
  });
  return (
    <Tr className={selected ? "bg-accent-soft hover:bg-accent-soft" : undefined}>
      <Td className="w-px pr-0!">
        <input
          type="checkbox"
          data-row={name}
          aria-label={`Choose ${name}`}
          className="size-4 align-middle accent-(--accent)"
          checked={selected}
          onClick={(event) => { range.current = event.shiftKey; }}
          onChange={() => { onPick(range.current); range.current = false; }}
        />
      </Td>
      <Td>
        <Link to="/workflows/$name" params={{ name }} className="font-medium whitespace-nowrap hover:underline">{name}</Link>
        {title === undefined || title === "" || title === name ? null : <span className="block max-w-64 truncate text-small text-ink-faint">{title}</span>}
      </Td>
      <Td>
        <span className="flex flex-wrap gap-1">
          {Object.entries(labels).filter(([key]) => key !== FOLDER).map(([key, value]) => (
            <Link key={key} to="/workflows" search={(old) => ({ ...old, label: value === "" ? key : `${key}=${value}` })}>
              <Badge>{value === "" ? key : `${key}: ${value}`}</Badge>
            </Link>
          ))}
        </span>
      </Td>
      <Td className="whitespace-nowrap text-ink-soft">
        <Time at={updatedAt} /> <span className="text-ink-faint">by {updatedBy}</span>
      </Td>
      <Td className="whitespace-nowrap">
        {run === null ? <span className="text-ink-faint">{known && !seldom.isFetching ? "never" : "…"}</span> : (
          <Link to="/runs/$run" params={{ run: run.id }} search={{}} className="inline-flex items-center gap-2 hover:underline">
            <Status state={run.status} /> <span className="text-ink-soft"><Time at={run.createdAt} /></span>
          </Link>
        )}
      </Td>
      <Td>
        <span className="flex items-center gap-2">
          <Switch name={`${name} is live`} checked={live} disabled={activation.isPending || toggle.isPending} onChange={(on) => { toggle.mutate(on); }} />
          {activation.data?.enabled === true && activation.data.revision !== workflow.revision ? <Badge tone="wait">newer not live</Badge> : null}
        </span>
      </Td>
      <Td className="w-px">
        <span className="flex justify-end gap-0.5">
          <IconButton name={`Edit ${name}`} icon={<Pencil size={14} />} onClick={() => void navigate({ to: "/workflows/$name/edit", params: { name } })} />
          <Menu
            trigger={<IconButton name={`More for ${name}`} icon={<Ellipsis size={15} />} />}
            acts={[
              { name: "Run now", icon: <Play size={13} />, do: () => { start.mutate(); } },
              { name: "Rename…", icon: <TextCursorInput size={13} />, do: () => { onAsk("rename"); } },
              { name: "Export as YAML", icon: <Download size={13} />, do: () => { exportFile(name, "yaml", [`workflows/${name}`]).catch((error: unknown) => { toasts.failed(`${name} was not exported`, error); }); } },
              "line",
              { name: "Delete…", icon: <Trash2 size={13} />, danger: true, do: () => { onAsk("delete"); } },
            ]}
          />
        </span>
      </Td>
    </Tr>
  );
}

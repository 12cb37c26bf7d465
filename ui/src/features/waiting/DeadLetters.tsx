import { Link } from "@tanstack/react-router";
import { Archive, CircleCheck, RotateCcw, Undo2 } from "lucide-react";
import { useMemo, useState } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { Dialog } from "@/kit/Dialog";
import { Loaded, More } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Empty, ProblemText } from "@/kit/States";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { count, plural } from "@/kit/times";
import { usePages } from "@/resource/pages";
import { faultOf } from "@/resource/runDetail";
import { grouped, type Group, type Grouping } from "@/resource/runGroups";

import { RedriveDialog } from "./RedriveDialog";
import { useDead, type Refused } from "./useDead";

type Shelf = "open" | "discarded" | "resolved";
const SHELVES = [{ value: "open" as const, name: "Open" }, { value: "discarded" as const, name: "Put aside" }, { value: "resolved" as const, name: "Dealt with" }];
const GROUPINGS = [{ value: "workflow" as const, name: "By workflow" }, { value: "fault" as const, name: "By fault" }];
const PAGE = 200;
/** Runs of a group that are shown at first: the newest tell what it is about. */
const FEW = 5;

const NOTHING: Record<Shelf, { title: string; about: string }> = {
  open: { title: "Nothing waits for you", about: "A run that fails for good comes here, until somebody runs it again, puts it aside, or says that it was dealt with." },
  discarded: { title: "Nothing was put aside", about: "What is put aside stays here, and can be opened again or run again." },
  resolved: { title: "Nothing was marked as dealt with", about: "What somebody dealt with outside of Fishplate stays here, and can be opened again or run again." },
};

/** Runs that failed for good. What was put aside by mistake is on its shelf, and is opened again or run again from there. */
export function DeadLetters() {
  const [shelf, setShelf] = useState<Shelf>("open");
  const [by, setBy] = useState<Grouping>("workflow");
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [redrive, setRedrive] = useState<{ runs: string[] } | { workflow: string } | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const list = usePages(["dead", "list", shelf], (from) => data(api.GET("/api/v1/runs", { params: { query: { dead: shelf, limit: PAGE, ...from } } })));
  const letters = useMemo(() => list.data ?? [], [list.data]);
  const groups = useMemo(() => grouped(letters, by), [letters, by]);
  const act = useDead(
    () => {
      setChosen(new Set());
      setRedrive(null);
    },
    setRefused,
  );
  const toggle = (runs: string[]): void => {
    const next = new Set(chosen);
    if (runs.every((run) => next.has(run))) runs.forEach((run) => next.delete(run));
    else runs.forEach((run) => next.add(run));
    setChosen(next);
  };
  // What has been dealt with by somebody else meanwhile is no longer chosen.
  const marked = letters.filter((run) => chosen.has(run.id)).map((run) => run.id);
  return (
    <Panel flush title={`Dead letters${shelf === "open" && letters.length > 0 ? ` · ${count(letters.length)}${list.hasNextPage ? "+" : ""}` : ""}`}>
      <div className="flex flex-wrap items-center gap-2 border-b px-4 py-2">
        <Choice label="Shelf" value={shelf} onChange={(next) => { setShelf(next); setChosen(new Set()); }} of={SHELVES} />
        <Choice label="Grouping" value={by} onChange={setBy} of={GROUPINGS} />
        {marked.length > 0 ? (
          <span className="ml-auto flex flex-wrap items-center gap-1.5">
            <span className="mr-1 text-small text-ink-soft">{plural(marked.length, "run")} chosen</span>
            <Button look="primary" icon={<RotateCcw size={13} />} onClick={() => { setRedrive({ runs: marked }); }}>Run again…</Button>
            {shelf === "open" ? null : <Button icon={<Undo2 size={13} />} busy={act.isPending} onClick={() => { act.mutate({ verb: "reopen", choice: { runs: marked } }); }}>Open again</Button>}
            {shelf === "resolved" ? null : <Button icon={<CircleCheck size={13} />} busy={act.isPending} onClick={() => { act.mutate({ verb: "resolve", choice: { runs: marked } }); }}>Dealt with</Button>}
            {shelf === "discarded" ? null : <Button icon={<Archive size={13} />} busy={act.isPending} onClick={() => { act.mutate({ verb: "discard", choice: { runs: marked } }); }}>Put aside</Button>}
          </span>
        ) : null}
      </div>
      <Loaded of={list} empty={<Empty title={NOTHING[shelf].title}>{NOTHING[shelf].about}</Empty>}>
        {() =>
          groups.map((group) => <LetterGroup key={group.key} group={group} by={by} chosen={chosen} onToggle={toggle} onAll={shelf === "open" && by === "workflow" ? () => { setRedrive({ workflow: group.key }); } : undefined} />)
        }
      </Loaded>
      <More of={list} />
      {redrive === null ? null : <RedriveDialog of={redrive} busy={act.isPending} onClose={() => { setRedrive(null); }} onStart={(choice) => { act.mutate({ verb: "redrive", choice }); }} />}
      <Dialog title={`${plural(refused?.runs.length ?? 0, "run")} refused`} description="The others were done. Nothing was changed in these." open={refused !== null} onOpenChange={() => { setRefused(null); }} wide>
        <ul className="flex flex-col gap-3">
          {(refused?.runs ?? []).map(({ run, problem }) => (
            <li key={run}>
              <Link to="/runs/$run" params={{ run }} search={{}} className="font-mono text-small text-accent hover:underline">{run}</Link>
              <ProblemText problem={problem} />
            </li>
          ))}
        </ul>
      </Dialog>
    </Panel>
  );
}

function LetterGroup({ group, by, chosen, onToggle, onAll }: { group: Group; by: Grouping; chosen: ReadonlySet<string>; onToggle: (runs: string[]) => void; onAll: (() => void) | undefined }) {
  const [all, setAll] = useState(false);
  const shown = all ? group.runs : group.runs.slice(0, FEW);
  const some = group.runs.some((run) => chosen.has(run.id));
  const every = group.runs.every((run) => chosen.has(run.id));
  return (
    <section aria-label={group.title} className="border-b last:border-0">
      <header className="flex items-center gap-3 bg-sunken/60 px-4 py-1.5">
        <input
          type="checkbox"
          aria-label={`Choose all of ${group.title}`}
          className="size-4 shrink-0 accent-(--accent)"
          checked={every}
          ref={(box) => { if (box !== null) box.indeterminate = some && !every; }}
          onChange={() => { onToggle(group.runs.map((run) => run.id)); }}
        />
        {by === "workflow" ? (
          <Link to="/workflows/$name" params={{ name: group.key }} className="truncate font-semibold hover:underline">{group.title}</Link>
        ) : (
          <span className="line-clamp-2 min-w-0 font-semibold">{group.title}</span>
        )}
        <span className="shrink-0 text-small text-ink-soft">{plural(group.runs.length, "run")}{by === "fault" && group.workflows.length > 1 ? ` of ${plural(group.workflows.length, "workflow")}` : ""}</span>
        {onAll === undefined ? null : <Button className="ml-auto" look="quiet" onClick={onAll}>Run all of them again…</Button>}
      </header>
      <Table label={`Dead letters of ${group.title}`} head={<><Th><span className="sr-only">Choose</span></Th><Th>Failed</Th>{by === "fault" ? <Th>Workflow</Th> : null}<Th>Why</Th></>}>
        {shown.map((run) => {
          const why = faultOf(run.error)?.text ?? "It failed without saying why";
          return (
            <Tr key={run.id}>
              <Td className="w-8"><input type="checkbox" aria-label={`Choose ${run.id}`} className="size-4 accent-(--accent)" checked={chosen.has(run.id)} onChange={() => { onToggle([run.id]); }} /></Td>
              <Td className="w-32 text-ink-soft"><Time at={run.endedAt ?? run.createdAt} /></Td>
              {by === "fault" ? <Td className="font-medium whitespace-nowrap">{run.workflow}</Td> : null}
              <Td><Link to="/runs/$run" params={{ run: run.id }} search={{}} className="hover:underline">{why}</Link></Td>
            </Tr>
          );
        })}
      </Table>
      {group.runs.length > FEW ? (
        <div className="px-4 py-1.5"><Button look="quiet" aria-expanded={all} onClick={() => { setAll(!all); }}>{all ? "Show fewer" : `Show all ${count(group.runs.length)}`}</Button></div>
      ) : null}
    </section>
  );
}

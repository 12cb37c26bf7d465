import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { clsx } from "clsx";
import { Ban, ChartGantt, Ellipsis, FileSearch, LocateFixed, Pause, Pencil, Play, RotateCcw, Send, Workflow } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";

import { api, data } from "@/api/client";
import { Button, IconButton } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { Dialog } from "@/kit/Dialog";
import { Menu } from "@/kit/Menu";
import { Page } from "@/kit/Page";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { Status } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { duration, plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { faultOf, nextAct, type Step } from "@/resource/runDetail";
import { lapOf } from "@/resource/runGraph";
import { failedIn, findFailed, hasEnded, missing, missingFromEnd, type RunHead } from "@/resource/runSteps";

import { ForkDialog } from "./ForkDialog";
import { StepPanel } from "./StepPanel";
import { useSteps } from "./useSteps";
import { Waterfall } from "./Waterfall";

/** The canvas is large, and many a run is looked at without it. */
const Graph = lazy(() => import("./Graph").then(({ Graph }) => ({ default: Graph })));

const VIEWS = [
  { value: "steps" as const, name: <><ChartGantt size={13} aria-hidden />Steps</> },
  { value: "graph" as const, name: <><Workflow size={13} aria-hidden />Graph</> },
];

/** A run: what happened in which order, with which data, and what can be done about it. */
export function RunPage() {
  const { run } = useParams({ from: "/shell/runs/$run" });
  const { step: chosen, view } = useSearch({ from: "/shell/runs/$run" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const [fork, setFork] = useState<string | null>(null);
  const [replay, setReplay] = useState<{ steps: number; differences: { step: number; node: string; recorded: string; replayed: string }[] } | null>(null);
  const { query, load } = useSteps(run);
  const [resting, setResting] = useState<{ stage: string; step: number | undefined }>();
  const known = query.data;
  const inSight = useCallback(
    (from: number, to: number): void => {
      const window = known === undefined ? null : missing(known, from, to);
      // What could not be read is asked for again at the next news.
      if (window !== null) load(window).catch(() => undefined);
    },
    [known, load],
  );
  // A link may lead to a step that is far down the list.
  useEffect(() => {
    if (chosen !== undefined) inSight(chosen, chosen + 1);
  }, [chosen, inSight]);

  // A run that failed is opened at the step that failed, and that may be far from the first.
  const sought = known !== undefined && known.head.status === "failed" && chosen === undefined && failedIn(known) === undefined && missingFromEnd(known) !== null;
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (sought && known !== undefined) findFailed(known, load).then((found) => { setLost(found === undefined); }, () => { setLost(true); });
  }, [sought, known, load]);

  const select = (step: number): void => void navigate({ to: "/runs/$run", params: { run }, search: (before) => ({ ...before, step }), replace: true, resetScroll: false });
  const show = (next: "steps" | "graph"): void => {
    void navigate({ to: "/runs/$run", params: { run }, search: { ...(chosen === undefined ? {} : { step: chosen }), ...(next === "graph" ? { view: next } : {}) }, replace: true, resetScroll: false });
  };
  const path = { params: { path: { run } } };
  const act = useMutation({
    mutationFn: (what: { name: string; call: () => Promise<unknown> }) => what.call(),
    onSuccess: (answer, what) => {
      const started = typeof answer === "object" && answer !== null && "run" in answer ? String(answer.run) : run;
      toasts.done(what.name);
      if (started !== run) void navigate({ to: "/runs/$run", params: { run: started }, search: {} });
    },
    onError: (error, what) => { toasts.failed(`Not done: ${what.name.toLowerCase()}`, error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["run", run] }),
  });
  const retry = (name: string, body: { from?: string; fromStart?: boolean; newest?: boolean; fork?: boolean; input?: unknown[] }): void => {
    act.mutate({ name, call: () => data(api.POST("/api/v1/runs/{run}/retry", { ...path, body })) });
  };
  if (query.isPending) return <Page title="Run"><Skeleton lines={10} /></Page>;
  if (known === undefined) return <Page title="Run"><Failure error={query.error} retry={() => void query.refetch()} /></Page>;

  const { head: detail, rows } = known;
  const open = !hasEnded(detail);
  // While it goes on, the step that is shown stays though others come; another one is shown when the run has ended, or
  // waits for somebody.
  const stage = open ? (detail.status === "waiting" && detail.wakeAt == null ? "asks" : "goes on") : detail.status;
  if (resting?.stage !== stage) setResting({ stage, step: restingOn(detail.status, rows)?.step });
  const failed = detail.status === "failed" ? failedIn(known) : undefined;
  const shown = chosen ?? failed?.step ?? (sought && !lost ? undefined : resting?.step);
  const selected = shown === undefined ? undefined : rows[shown];
  const acts = {
    select,
    retryFrom: (node: string) => { retry(`Runs again from ${node}`, { from: node, fork: detail.status !== "failed" }); },
    forkFrom: (node: string) => { setFork(node); },
    settle: (step: number, as: "retry" | "failed") => {
      act.mutate({ name: "The call is decided", call: () => data(api.POST("/api/v1/runs/{run}/steps/{step}/settle", { params: { path: { run, step: String(step) } }, body: { as } })) });
    },
  };
  const simple = (name: string, verb: "cancel" | "pause" | "resume"): void => {
    const paths = { cancel: "/api/v1/runs/{run}/cancel", pause: "/api/v1/runs/{run}/pause", resume: "/api/v1/runs/{run}/resume" } as const;
    act.mutate({ name, call: () => data(api.POST(paths[verb], path)) });
  };
  return (
    <Page
      full
      title={detail.workflow}
      lead={<Lead detail={detail} />}
      actions={
        <>
          {detail.status === "failed" ? (
            <Button look="primary" icon={<RotateCcw size={14} />} busy={act.isPending} onClick={() => { retry("Runs again from the failed step", {}); }}>Retry</Button>
          ) : null}
          {detail.status === "paused" || detail.status === "held" ? <Button icon={<Play size={14} />} onClick={() => { simple("It goes on", "resume"); }}>Resume</Button> : null}
          {detail.status === "running" || detail.status === "waiting" ? <Button icon={<Pause size={14} />} onClick={() => { simple("It pauses", "pause"); }}>Pause</Button> : null}
          {open ? <Button look="danger" icon={<Ban size={14} />} onClick={() => { simple("It was asked to stop", "cancel"); }}>Cancel</Button> : null}
          <Button icon={<Pencil size={14} />} onClick={() => void navigate({ to: "/workflows/$name/edit", params: { name: detail.workflow } })}>Edit workflow</Button>
          <Menu
            trigger={<IconButton name="More" icon={<Ellipsis size={16} />} />}
            acts={[
              { name: "Retry on the newest revision", icon: <RotateCcw size={13} />, do: () => { retry("Runs again on the newest revision", { newest: true }); }, refused: open ? "It has not ended" : undefined },
              { name: "Run again from the start", icon: <Play size={13} />, do: () => { retry("Runs again from the start", { fromStart: true }); } },
              {
                name: "Replay with the network off",
                icon: <FileSearch size={13} />,
                refused: open ? "It has not ended" : undefined,
                do: () => {
                  data(api.POST("/api/v1/runs/{run}/replay", path)).then(setReplay, (error: unknown) => { toasts.failed("It could not be replayed", error); });
                },
              },
              "line",
              { name: "Copy its id", icon: <Send size={13} />, do: () => void navigator.clipboard.writeText(run) },
            ]}
          />
        </>
      }
    >
      <div className="flex h-full min-h-0 flex-col border-t">
        <FaultLine
          detail={detail}
          onFind={failed !== undefined && failed.step === selected?.step ? undefined : () => {
            findFailed(known, load).then(
              (found) => { if (found === undefined) toasts.failed("No step is marked as failed", new Error("the run failed as a whole")); else select(found.step); },
              (error: unknown) => { toasts.failed("The failed step could not be read", error); },
            );
          }}
        />
        <div className="flex min-h-0 flex-1 max-lg:flex-col">
          <div className={clsx("flex min-h-0 min-w-80 flex-col border-r bg-surface max-lg:h-1/2 max-lg:w-full max-lg:border-r-0 max-lg:border-b", view === "graph" ? "w-[56%]" : "w-[44%]")}>
            <div className="flex items-center border-b px-4 py-1.5">
              <Choice label="View of the run" value={view ?? "steps"} onChange={show} of={VIEWS} />
            </div>
            {view === "graph" ? (
              <Suspense fallback={<Skeleton />}>
                <Graph known={known} picked={selected?.node} load={load} onSelect={select} />
              </Suspense>
            ) : rows.length === 0 ? (
              <Empty title="No step yet">It waits for its turn.</Empty>
            ) : (
              <Waterfall rows={rows} endedAt={detail.endedAt} selected={shown ?? null} onSelect={select} onSight={inSight} />
            )}
          </div>
          <div className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
            {selected === undefined ? (rows.length === 0 ? null : <Skeleton />) : <StepPanel run={run} step={selected} lap={lapOf(rows, selected)} acts={acts} />}
          </div>
        </div>
      </div>
      {fork === null ? null : (
        <ForkDialog
          node={fork}
          onClose={() => { setFork(null); }}
          onStart={(input, newest) => {
            retry(`Runs again from ${fork}`, { from: fork, fork: true, input, newest });
            setFork(null);
          }}
        />
      )}
      <Dialog
        title="Replay"
        open={replay !== null}
        onOpenChange={() => { setReplay(null); }}
        wide
        description={replay === null ? "" : replay.differences.length === 0 ? `${plural(replay.steps, "execution")} gave the same again.` : `${plural(replay.differences.length, "step")} answered differently.`}
      >
        <ul className="flex flex-col gap-3">
          {(replay?.differences ?? []).map((difference) => (
            <li key={difference.step}>
              <p className="font-medium">{difference.node}</p>
              <pre className="overflow-x-auto rounded-base bg-bad-soft p-2 font-mono text-small">{difference.recorded}</pre>
              <pre className="mt-1 overflow-x-auto rounded-base bg-good-soft p-2 font-mono text-small">{difference.replayed}</pre>
            </li>
          ))}
        </ul>
      </Dialog>
    </Page>
  );
}

/** The step that is shown while nobody has chosen one. */
function restingOn(status: string, rows: readonly (Step | undefined)[]): Step | undefined {
  const doing = rows.find((step) => step !== undefined && step.status === status);
  return doing ?? rows.findLast((step) => step?.error != null) ?? rows.findLast((step) => step !== undefined);
}

/** Where it came from, and how it stands. */
function Lead({ detail }: { detail: RunHead }) {
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <Status state={detail.status} />
      <span><Time at={detail.createdAt} /></span>
      {detail.endedAt != null && detail.startedAt != null ? <span>took {duration((detail.endedAt - detail.startedAt) * 1000)}</span> : null}
      {detail.wakeAt != null ? <span>goes on <Time at={detail.wakeAt} /></span> : null}
      <span>{plural(detail.stepCount, "step")}</span>
      <span>by {detail.startedBy}</span>
      {detail.revision != null ? <span>revision {detail.revision}</span> : <span>of the draft</span>}
      {detail.handledErrorCount > 0 ? <span className="text-wait">{plural(detail.handledErrorCount, "handled error")}</span> : null}
      {detail.uncertainCount > 0 ? <span className="text-wait">{plural(detail.uncertainCount, "uncertain call")}</span> : null}
      {detail.parent != null ? <Link to="/runs/$run" params={{ run: detail.parent }} search={{}} className="text-accent hover:underline">its parent</Link> : null}
      {detail.origin != null && detail.origin !== detail.parent ? <Link to="/runs/$run" params={{ run: detail.origin }} search={{}} className="text-accent hover:underline">the run that it repeats</Link> : null}
      <code className="text-tiny text-ink-faint">{detail.id}</code>
    </span>
  );
}

/** What a run failed with. */
function FaultLine({ detail, onFind }: { detail: RunHead; onFind: (() => void) | undefined }) {
  const fault = faultOf(detail.error);
  if (fault === null) return null;
  const advice = nextAct(fault.category) ?? fault.hint;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-bad/40 bg-bad-soft px-6 py-2 max-sm:px-4">
      <p className="min-w-0 flex-1 basis-60">
        <span className="font-medium break-words">{fault.text}</span>
        {advice === undefined ? null : <span className="text-ink-soft"> {advice}</span>}
      </p>
      {onFind === undefined || detail.status !== "failed" ? null : <Button icon={<LocateFixed size={13} />} onClick={onFind}>Go to the failed step</Button>}
    </div>
  );
}

import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { clsx } from "clsx";
import { ChartGantt, LocateFixed, Workflow } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";

import { Button } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { Unloaded } from "@/kit/Loaded";
import { Page } from "@/kit/Page";
import { capital, Line } from "@/kit/Prose";
import { Empty, Skeleton } from "@/kit/States";
import { Status } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { between, plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { outcomeSample } from "@/resource/repeats";
import { faultOf, nextAct, type Step } from "@/resource/runDetail";
import { lapOf } from "@/resource/runGraph";
import { failedIn, findFailed, hasEnded, missing, missingFromEnd, type RunHead } from "@/resource/runSteps";

import { again, type Asked } from "./asked";
import { ForkDialog } from "./ForkDialog";
import { JsonDialog } from "./JsonDialog";
import { RunActs } from "./RunActs";
import { SignalDialog } from "./SignalDialog";
import { StepPanel } from "./StepPanel";
import { useActs } from "./useActs";
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
  const acts = useActs(run);
  const [asked, setAsked] = useState<Asked | null>(null);
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
  if (known === undefined) return <Page title="Run"><Unloaded of={query} lines={10} /></Page>;

  const { head: detail, rows } = known;
  const open = !hasEnded(detail);
  // While it goes on, the step that is shown stays though others come; another one is shown when the run has ended, or
  // waits for somebody.
  const stage = open ? (detail.status === "waiting" && detail.wakeAt == null ? "asks" : "goes on") : detail.status;
  if (resting?.stage !== stage) setResting({ stage, step: restingOn(detail.status, rows)?.step });
  const failed = detail.status === "failed" ? failedIn(known) : undefined;
  const shown = chosen ?? failed?.step ?? (sought && !lost ? undefined : resting?.step);
  const selected = shown === undefined ? undefined : rows[shown];
  return (
    <Page
      full
      title={detail.workflow}
      lead={<Lead detail={detail} />}
      actions={<RunActs head={detail} acts={acts} onSignal={() => { setAsked({ signal: rows.find((step) => step?.status === "waiting") }); }} />}
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
            {selected === undefined ? (rows.length === 0 ? null : <Skeleton />) : <StepPanel run={run} step={selected} lap={lapOf(rows, selected)} wakeAt={detail.wakeAt} onSelect={select} onAsk={setAsked} acts={acts} />}
          </div>
        </div>
      </div>
      {asked !== null && "signal" in asked ? (
        <SignalDialog
          step={asked.signal}
          onClose={() => { setAsked(null); }}
          onSend={(name, payload) => {
            acts.signal(name, payload);
            setAsked(null);
          }}
        />
      ) : null}
      {asked !== null && "settle" in asked ? (
        <JsonDialog
          title={`${asked.settle.node} took effect`}
          description="The step goes on as if this answer had come."
          label="Answer"
          hint={asked.settle.nodeType === "http.request" ? "Status, headers and body as the service would have answered; `body.text` is the body as text." : `The outcome as \`${asked.settle.nodeType}\` writes it down.`}
          begin={outcomeSample(asked.settle.nodeType)}
          act="Go on with it"
          onClose={() => { setAsked(null); }}
          onSend={(outcome) => {
            acts.settle(asked.settle.step, { as: "done", outcome });
            setAsked(null);
          }}
        />
      ) : null}
      {asked !== null && "fork" in asked ? (
        <ForkDialog
          run={run}
          step={asked.fork}
          place={asked.from.name}
          onClose={() => { setAsked(null); }}
          onStart={(input, newest) => {
            acts.retry(`${asked.from.name.replace("Run", "Runs")} with other input`, { ...again(asked.from), input, newest });
            setAsked(null);
          }}
        />
      ) : null}
    </Page>
  );
}

/** The step that is shown while nobody has chosen one. */
function restingOn(status: string, rows: readonly (Step | undefined)[]): Step | undefined {
  const doing = status === "running" || status === "waiting" ? rows.find((step) => step?.status === status) : undefined;
  return doing ?? rows.findLast((step) => step?.error != null) ?? rows.findLast((step) => step !== undefined);
}

/** Where it came from, and how it stands. */
function Lead({ detail }: { detail: RunHead }) {
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <Status state={detail.status} />
      <span><Time at={detail.createdAt} /></span>
      {detail.endedAt != null && detail.startedAt != null ? <span>took {between(detail.startedAt, detail.endedAt)}</span> : null}
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
        <span className={clsx("inline-block font-medium break-words", capital(fault.text))}><Line text={fault.text} /></span>
        {advice === undefined ? null : <span className="text-ink-soft"> <Line text={advice} /></span>}
      </p>
      {fault.connection === undefined ? null : <Link to="/connections/$name" params={{ name: fault.connection }} className="font-medium text-accent hover:underline">Connect it again</Link>}
      {onFind === undefined || detail.status !== "failed" ? null : <Button icon={<LocateFixed size={13} />} onClick={onFind}>Go to the failed step</Button>}
    </div>
  );
}

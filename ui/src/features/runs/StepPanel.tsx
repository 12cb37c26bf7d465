import { clsx } from "clsx";
import { ChevronLeft, ChevronRight, GitFork, RadioTower, RotateCcw } from "lucide-react";
import { useState } from "react";

import { Button, IconButton } from "@/kit/Button";
import { capital, Line } from "@/kit/Prose";
import { Status } from "@/kit/Status";
import { Tabs } from "@/kit/Tabs";
import { Time } from "@/kit/Time";
import { count, duration, plural } from "@/kit/times";
import { asksPerson, fromStep } from "@/resource/repeats";
import { faultOf, nextAct, type Step } from "@/resource/runDetail";
import type { Lap } from "@/resource/runGraph";

import { again, type Asked } from "./asked";
import { ItemsView } from "./ItemsView";
import { Logs } from "./Logs";
import { Parameters } from "./Parameters";
import type { Acts } from "./useActs";

interface Props {
  run: string;
  step: Step;
  lap: Lap;
  /** When the run goes on by itself. */
  wakeAt: number | null | undefined;
  acts: Acts;
  onSelect: (step: number) => void;
  /** A dialog is wanted. */
  onAsk: (asked: Asked) => void;
}

/** One step: what came in and out, what went wrong, which calls it made. */
export function StepPanel({ run, step, lap, wakeAt, acts, onSelect, onAsk }: Props) {
  const [tab, setTab] = useState("");
  const fault = faultOf(step.error);
  const advice = nextAct(fault?.category);
  const calls = step.calls ?? [];
  const logs = step.logs ?? [];
  const unsure = asksPerson(step);
  const from = fromStep(step, lap);
  const ports = step.outputCounts.map((items, port) => ({
    value: `out-${String(port)}`,
    name: step.outputCounts.length === 1 ? `Output · ${String(items)}` : `Output ${String(port + 1)} · ${String(items)}`,
    content: <ItemsView run={run} step={step.step} port={port} made={items} />,
  }));
  const tabs = [
    ...ports,
    {
      value: "in",
      name: "Input",
      content: (
        <ul className="flex flex-col gap-1 p-4">
          {step.inputs.flatMap((sources, port) =>
            sources.map((source) => (
              <li key={`${String(port)}-${String(source.step)}-${String(source.output)}`}>
                {step.inputs.length > 1 ? <span className="text-ink-faint">Input {port + 1}: </span> : null}
                <button type="button" className="text-accent hover:underline" onClick={() => { onSelect(source.step); }}>
                  {source.node}, output {source.output + 1}
                </button>
              </li>
            )),
          )}
          {step.inputs.every((sources) => sources.length === 0) ? <li className="text-ink-soft">It began with the event.</li> : null}
        </ul>
      ),
    },
    { value: "parameters", name: "Parameters", content: <Parameters key={step.step} run={run} step={step.step} /> },
    // Others than code nodes seldom write anything, and their empty page would tell nobody anything.
    ...(logs.length > 0 || step.nodeType === "core.code" ? [{ value: "logs", name: `Logs · ${String(logs.length)}`, content: <Logs lines={logs} /> }] : []),
    ...(calls.length > 0
      ? [
          {
            value: "calls",
            name: `Calls · ${String(calls.length)}`,
            content: (
              <ul className="flex flex-col divide-y">
                {calls.map((call) => (
                  <li key={call.key + call.name} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2">
                    <span className="font-medium">{call.name}</span>
                    {call.item == null ? null : <span className="text-ink-soft">item {call.item}</span>}
                    <Status state={call.status} />
                    {call.uncertain ? <span className="text-wait">its outcome was lost once</span> : null}
                    <code className="ml-auto truncate text-tiny text-ink-faint">{call.key}</code>
                  </li>
                ))}
              </ul>
            ),
          },
        ]
      : []),
  ];
  const shown = tabs.some((known) => known.value === tab) ? tab : (tabs[0]?.value ?? "in");
  return (
    <section aria-label={`Step ${step.node}`} className="flex min-h-0 flex-1 flex-col">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3">
        <h2 className="text-large font-semibold">{step.node}</h2>
        <Status state={step.status} />
        <span className="text-small text-ink-soft">
          <code>{step.nodeType}</code> · <Time at={step.startedAt} />
          {step.durationMicros == null ? "" : ` · ${duration(step.durationMicros)}`}
          {step.attempts > 1 ? ` · ${plural(step.attempts, "attempt")}` : ""}
        </span>
        {lap.of > 1 ? <Laps lap={lap} onSelect={onSelect} /> : null}
        <span className="ml-auto flex gap-1.5">
          <Button icon={<RotateCcw size={13} />} refused={from.refused} onClick={() => { acts.retry(from.name.replace("Run", "Runs"), again(from)); }}>{from.name}</Button>
          <Button icon={<GitFork size={13} />} refused={from.refused} onClick={() => { onAsk({ fork: step, from }); }}>With other input</Button>
        </span>
      </header>
      {fault === null ? null : (
        <div className="mx-4 mb-3 rounded-base border border-bad/40 bg-bad-soft px-3 py-2">
          <p className={clsx("font-medium break-words", capital(fault.text))}><Line text={fault.text} /></p>
          {fault.hint === undefined ? null : <p className={clsx("text-ink-soft", capital(fault.hint))}><Line text={fault.hint} /></p>}
          {advice === null ? null : <p className="text-ink-soft">{advice}</p>}
        </div>
      )}
      {unsure ? (
        <div className="mx-4 mb-3 flex flex-wrap items-center gap-2 rounded-base border border-wait/40 bg-wait-soft px-3 py-2">
          <p className="min-w-60 flex-1">Nobody knows whether a call took effect. Look at the other side, then decide.</p>
          <Button onClick={() => { acts.settle(step.step, { as: "retry" }); }}>Make it again, same key</Button>
          <Button onClick={() => { onAsk({ settle: step }); }}>It took effect…</Button>
          <Button onClick={() => { acts.settle(step.step, { as: "failed" }); }}>It did not happen</Button>
        </div>
      ) : null}
      {step.status === "waiting" && !unsure && step.nodeType === "core.wait" ? (
        <div className="mx-4 mb-3 flex flex-wrap items-center gap-2 rounded-base border border-wait/40 bg-wait-soft px-3 py-2">
          <p className="min-w-60 flex-1">It waits{wakeAt == null ? " for a call, a form or a signal" : <> until <Time at={wakeAt} /></>}.</p>
          <Button icon={<RadioTower size={13} />} onClick={() => { onAsk({ signal: step }); }}>Let it go on…</Button>
        </div>
      ) : null}
      <Tabs label="What the step holds" value={shown} onChange={setTab} tabs={tabs} />
    </section>
  );
}

/** From one step of a node to the one before or after it. */
function Laps({ lap, onSelect }: { lap: Lap; onSelect: (step: number) => void }) {
  const to = (step: number | undefined): void => {
    if (step !== undefined) onSelect(step);
  };
  return (
    <span role="group" aria-label="Laps of this node" className="flex items-center gap-0.5 text-small text-ink-soft tabular-nums">
      <IconButton name="The lap before" icon={<ChevronLeft size={14} />} refused={lap.previous === undefined ? "There is none before it" : undefined} onClick={() => { to(lap.previous); }} />
      lap {count(lap.number)} of {count(lap.of)}
      <IconButton name="The lap after" icon={<ChevronRight size={14} />} refused={lap.next === undefined ? "There is none after it" : undefined} onClick={() => { to(lap.next); }} />
    </span>
  );
}

import { useState, type ReactNode } from "react";

import { Button } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { Dialog } from "@/kit/Dialog";
import { Loaded } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Badge, type Tone } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { count, plural } from "@/kit/times";

import { BREAKERS, hitShare, holdOf, HOLDS, isFresh, latency, percent, standingOf, type Calls, type Hold } from "./health";
import { useBreaker, useForget, useHealth } from "./useHealth";

/** How often is looked while somebody has the page open. */
const OFTEN = 5_000;

/** How the calls with a connection go, and what a person can do about it by hand. */
export function HealthPanel({ name }: { name: string }) {
  const health = useHealth(name, OFTEN);
  const standing = health.data === undefined ? null : standingOf(health.data);
  return (
    <Panel title="Health" actions={standing === null ? null : <Badge tone={standing.tone}>{standing.word}</Badge>}>
      <Loaded of={health} lines={4}>
        {(calls) => (
          <div className="flex flex-col gap-4">
            {isFresh(calls) ? <p className="text-ink-soft">No call yet since this server began. How calls go, how long answers take and which quota the service states is shown here from the first one on.</p> : <Numbers name={name} calls={calls} />}
            <BreakerRow name={name} calls={calls} />
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

function Numbers({ name, calls }: { name: string; calls: Calls }) {
  const { recentCallCount: recent, recentErrorCount: failed, medianMillis, slowMillis, quota, pausedUntil } = calls;
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-4 lg:grid-cols-4">
      <Figure name="Failed in the last 15 minutes" tone={recent > 0 && failed * 5 >= recent ? "bad" : undefined} value={recent === 0 ? "–" : percent(calls.errorShare)}>
        {recent === 0 ? "no call" : `${count(failed)} of ${plural(recent, "call")}`}
      </Figure>
      <Figure name="Answers begin within" value={medianMillis == null ? "–" : latency(medianMillis)}>
        {medianMillis == null ? "no answer of late" : `half of them; 19 of 20 within ${latency(slowMillis ?? medianMillis)}`}
      </Figure>
      <Figure name="Quota left" tone={quota?.remaining === 0 ? "wait" : undefined} value={quota == null ? "–" : quota.limit == null ? count(quota.remaining) : `${count(quota.remaining)} of ${count(quota.limit)}`}>
        {quota == null ? "the service states none" : <>full again <Time at={quota.resetsAt} /></>}
        {quota?.limit == null ? null : <Meter left={quota.remaining} of={quota.limit} />}
      </Figure>
      <Figure name="Waiting" tone={calls.waitingCount > 0 ? "wait" : undefined} value={count(calls.waitingCount)}>
        {pausedUntil == null ? (calls.waitingCount === 1 ? "call waits for a place" : "calls wait for a place") : <>the service wants to be left alone; calls go on <Time at={pausedUntil} /></>}
      </Figure>
      <Figure name="Last success" value={calls.lastSuccessAt == null ? "–" : <Time at={calls.lastSuccessAt} />}>
        {`${plural(calls.callCount, "call")} since this server began`}
      </Figure>
      <Figure name="Last failure" value={calls.lastFailureAt == null ? "–" : <Time at={calls.lastFailureAt} />}>
        {calls.lastFailureAt == null ? "none since this server began" : <span className="break-words">{calls.lastFailure ?? "it did not say why"}; {count(calls.errorCount)} in all</span>}
      </Figure>
      <Figure name="Answered from memory" value={percent(hitShare(calls) ?? 0)}>
        {`${plural(calls.hitCount, "call")}; ${plural(calls.cachedCount, "answer")} kept`}
        <Forget name={name} kept={calls.cachedCount} />
      </Figure>
    </dl>
  );
}

const TONES: Partial<Record<Tone, string>> = { bad: "text-bad", wait: "text-wait" };

/** A number, what it counts, and what stands behind it. */
function Figure({ name, value, tone, children }: { name: string; value: ReactNode; tone?: Tone | undefined; children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col">
      <dt className="text-small text-ink-soft">{name}</dt>
      <dd className={`text-large font-semibold tabular-nums ${tone === undefined ? "" : (TONES[tone] ?? "")}`}>{value}</dd>
      <dd className="text-small text-ink-soft">{children}</dd>
    </div>
  );
}

/** How much of a quota is left, as a bar; the number stands above it. */
function Meter({ left, of }: { left: number; of: number }) {
  const share = of === 0 ? 0 : Math.min(left / of, 1);
  return (
    <span role="meter" aria-label="Quota left" aria-valuemin={0} aria-valuemax={of} aria-valuenow={Math.min(left, of)} className="mt-1 block h-1 max-w-48 overflow-hidden rounded-full bg-line">
      <span className={`block h-full ${share < 0.1 ? "bg-bad" : share < 0.25 ? "bg-wait" : "bg-good"}`} style={{ width: `${String(share * 100)}%` }} />
    </span>
  );
}

/** Forgets kept answers: the next call asks the service. */
function Forget({ name, kept }: { name: string; kept: number }) {
  const forget = useForget(name);
  return (
    <span className="mt-1 block">
      <Button className="h-6!" busy={forget.isPending} refused={kept === 0 ? "No answer is kept" : undefined} onClick={() => { forget.mutate(); }}>Forget answers</Button>
    </span>
  );
}

/** The circuit breaker, and a person's hand on it. */
function BreakerRow({ name, calls }: { name: string; calls: Calls }) {
  const [asked, setAsked] = useState<"open" | "closed" | null>(null);
  const set = useBreaker(name);
  const now = holdOf(calls);
  const { word, about, tone } = BREAKERS[calls.breaker];
  const choose = (to: Hold): void => {
    if (to === now || set.isPending) return;
    if (to === "auto") set.mutate({ to, before: now });
    else setAsked(to);
  };
  return (
    <section aria-label="Circuit breaker" className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-t pt-4">
      <div className="min-w-0 flex-1 basis-72">
        <h3 className="text-small text-ink-soft">Circuit breaker</h3>
        <p role="status" className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
          <Badge tone={tone}>{word}</Badge>
          <span className="min-w-0 text-ink-soft">{about}</span>
        </p>
        {calls.probeAt == null || calls.breaker !== "open" ? null : <p className="mt-1 text-small text-ink-soft">The next call looks whether it is back <Time at={calls.probeAt} />.</p>}
      </div>
      <Choice label="Calls" of={HOLDS} value={now} onChange={choose} />
      {asked === null ? null : <HoldDialog name={name} to={asked} onClose={() => { setAsked(null); }} onAgreed={() => { setAsked(null); set.mutate({ to: asked, before: now }); }} />}
    </section>
  );
}

/** Asks before calls are held back, or let through whatever comes of it. */
function HoldDialog({ name, to, onClose, onAgreed }: { name: string; to: "open" | "closed"; onClose: () => void; onAgreed: () => void }) {
  const isOpen = to === "open";
  return (
    <Dialog
      title={isOpen ? `Hold back all calls with ${name}?` : `Let all calls with ${name} pass?`}
      open
      onOpenChange={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" onClick={onAgreed}>{isOpen ? "Hold them back" : "Let them pass"}</Button>
        </>
      }
    >
      <p>{isOpen ? "Nothing is sent to the service. Steps that call it wait, and look again about every two minutes; that counts as no try." : "The service is called however often it fails. What fails is not held back any more, and uses up the tries of its steps."}</p>
      <p className="mt-2 text-ink-soft">It stays so until somebody changes it, or this server begins anew. It is written into the audit log.</p>
    </Dialog>
  );
}

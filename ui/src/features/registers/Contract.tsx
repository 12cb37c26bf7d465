import { Button } from "@/kit/Button";
import { Badge } from "@/kit/Status";
import { renewalText, renewalWord, type Renewal } from "@/resource/renewals";

import { timeline, type Contract } from "./vendor";

interface Props {
  contract: Contract | undefined;
  renewal: Renewal | undefined;
  today: string;
  /** Why nothing can be decided now. */
  refused?: string | undefined;
  onDecide: (outcome: "keep" | "end" | null) => void;
}

/** How the contract stands: its term as a line, and what is decided about its end. */
export function ContractPanel({ contract, renewal, today, refused, onDecide }: Props) {
  if (contract === undefined || renewal?.endsOn == null) {
    return <p className="text-ink-soft">No end is written down. Give the contract its last day and its days of notice below, and you are reminded in time.</p>;
  }
  const { tone, word } = renewalWord(renewal);
  const line = timeline(contract, renewal.endsOn, today);
  const term = contract.renewsAutomatically === true ? (contract.renewsForMonths === undefined ? "It goes on by itself." : `It goes on by itself, for ${String(contract.renewsForMonths)} months each time.`) : "It ends by itself.";
  return (
    <div className="flex flex-col gap-4">
      <p className="flex flex-wrap items-baseline gap-x-3 gap-y-1"><Badge tone={tone}>{word}</Badge><span>{renewalText(renewal)}</span></p>
      {line === null ? null : (
        <div>
          <div aria-hidden className="relative mx-2 mt-1 mb-2 h-10">
            <div className="absolute top-4 right-0 left-0 h-1.5 rounded-full bg-line" />
            <div className="absolute top-4 h-1.5 rounded-full bg-plate" style={{ left: `${String(line.reminder.from)}%`, width: `${String(Math.max(0, line.reminder.to - line.reminder.from))}%` }} />
            {line.marks.map(({ name, at }) => <div key={name} className="absolute top-2.5 h-4.5 w-0.5 -translate-x-1/2 bg-ink-soft" style={{ left: `${String(at)}%` }} />)}
            <div className="absolute top-2 size-5.5 -translate-x-1/2 rounded-full border-4 border-surface bg-accent" style={{ left: `${String(line.now)}%` }} />
          </div>
          <dl className="flex flex-wrap gap-x-6 gap-y-1 text-small">
            {[...line.marks, { name: "Today", on: today }].map(({ name, on }) => <div key={name} className="flex gap-1.5"><dt className="text-ink-faint">{name}</dt><dd className="tabular-nums">{on}</dd></div>)}
          </dl>
        </div>
      )}
      <p className="text-ink-soft">
        {term}
        {contract.reference === undefined ? "" : ` Reference ${contract.reference}.`}
        {contract.document === undefined ? null : <> <a href={contract.document} target="_blank" rel="noreferrer" className="text-accent underline underline-offset-2">Open the document</a></>}
      </p>
      {renewal.decided == null ? (
        <div className="flex flex-wrap gap-2">
          <Button refused={refused} onClick={() => { onDecide("keep"); }}>We keep it</Button>
          <Button refused={refused} onClick={() => { onDecide("end"); }}>We have given notice</Button>
        </div>
      ) : (
        <div className="flex flex-wrap items-center gap-2">
          <span>
            {renewal.decided === "end" ? "Notice was given" : "It was decided to keep it"}
            {contract.decision?.by === undefined ? "" : ` by ${contract.decision.by}`}
            {contract.decision?.on === undefined ? "" : ` on ${contract.decision.on}`}.
          </span>
          <Button look="quiet" refused={refused} onClick={() => { onDecide(null); }}>Take it back</Button>
        </div>
      )}
    </div>
  );
}

import { useId, useState } from "react";

import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input } from "@/kit/Field";
import { plural } from "@/kit/times";

import type { Choice } from "./useDead";

const WAYS = [
  { way: "failed", name: "From the failed step", about: "Each run goes on where it stopped. What was done is not done again.", options: {} },
  { way: "newest", name: "From the failed step, on the newest revision", about: "A new run begins with what was done, on the workflow as it is live now.", options: { newest: true } },
  { way: "start", name: "From the start", about: "A new run of the same event, on the revision that it had. All is done again.", options: { fromStart: true } },
  { way: "startNewest", name: "From the start, on the newest revision", about: "A new run of the same event, on the workflow as it is live now. All is done again.", options: { fromStart: true, newest: true } },
] as const;

/** How dead letters are run again: the chosen ones, or all of a workflow. */
export function RedriveDialog({ of, busy, onClose, onStart }: { of: { runs: string[] } | { workflow: string }; busy: boolean; onClose: () => void; onStart: (choice: Choice) => void }) {
  const [way, setWay] = useState<(typeof WAYS)[number]["way"]>("failed");
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const name = useId();
  const start = (): void => {
    const options = WAYS.find((known) => known.way === way)?.options ?? {};
    if ("runs" in of) onStart({ runs: of.runs, options });
    else onStart({ workflow: of.workflow, options, ...(since === "" ? {} : { since: Date.parse(since) }), ...(until === "" ? {} : { until: Date.parse(until) }) });
  };
  return (
    <Dialog
      title="Run again"
      description={"runs" in of ? plural(of.runs.length, "chosen run") : `Every dead letter of ${of.workflow}, those that are not on this page included.`}
      open
      onOpenChange={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={busy} onClick={start}>Run again</Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <fieldset className="flex flex-col gap-1">
          <legend className="pb-1 font-medium">How</legend>
          {WAYS.map((known) => (
            <label key={known.way} className="flex cursor-pointer gap-2.5 rounded-base px-2 py-1.5 hover:bg-sunken has-checked:bg-accent-soft">
              <input type="radio" name={name} checked={way === known.way} onChange={() => { setWay(known.way); }} className="mt-0.5 size-4 accent-(--accent)" />
              <span>
                <span className="block font-medium">{known.name}</span>
                <span className="block text-small text-ink-soft">{known.about}</span>
              </span>
            </label>
          ))}
        </fieldset>
        {"workflow" in of ? (
          <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
            <Field label="Begun from" hint="Empty: from the first one on.">{(ids) => <Input {...ids} type="datetime-local" value={since} onChange={(event) => { setSince(event.target.value); }} />}</Field>
            <Field label="Begun before" hint="Empty: to the last one.">{(ids) => <Input {...ids} type="datetime-local" value={until} onChange={(event) => { setUntil(event.target.value); }} />}</Field>
          </div>
        ) : null}
      </div>
    </Dialog>
  );
}

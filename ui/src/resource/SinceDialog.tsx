import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { problemOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input, Select } from "@/kit/Field";
import { ProblemText } from "@/kit/States";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";

const HOUR = 3_600_000;
const SPANS = [["the last hour", HOUR], ["the last day", 24 * HOUR], ["the last 7 days", 7 * 24 * HOUR], ["the last 30 days, which is all that is kept", 30 * 24 * HOUR]] as const;
const OWN = "own";

interface Props {
  title: string;
  description: string;
  act: string;
  /** What is counted: "delivery is tried again". */
  one: string;
  many: string;
  /** There was none. */
  none: string;
  run: (since: number) => Promise<{ count: number }>;
  onClose: () => void;
  onDone: () => void;
}

/** Does something to all messages since a time. */
export function SinceDialog({ title, description, act, one, many, none, run, onClose, onDone }: Props) {
  const [span, setSpan] = useState(String(24 * HOUR));
  const [own, setOwn] = useState("");
  const since = (): number => (span === OWN ? Date.parse(own) : Date.now() - Number(span));
  const work = useMutation({
    mutationFn: () => run(since()),
    onSuccess: ({ count }) => {
      toasts.done(count === 0 ? none : plural(count, one, many));
      onDone();
      onClose();
    },
  });
  return (
    <Dialog
      title={title}
      description={description}
      open
      onOpenChange={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={work.isPending} refused={span === OWN && Number.isNaN(Date.parse(own)) ? "Say since when first" : undefined} onClick={() => { work.mutate(); }}>{act}</Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Field label="Messages of">
          {(ids) => (
            <Select {...ids} value={span} onChange={(event) => { setSpan(event.target.value); }}>
              {SPANS.map(([name, length]) => <option key={length} value={length}>{name}</option>)}
              <option value={OWN}>the time since…</option>
            </Select>
          )}
        </Field>
        {span === OWN ? <Field label="Since">{(ids) => <Input {...ids} type="datetime-local" value={own} onChange={(event) => { setOwn(event.target.value); }} />}</Field> : null}
        {work.isError ? <div role="alert"><ProblemText problem={problemOf(work.error)} /></div> : null}
      </div>
    </Dialog>
  );
}

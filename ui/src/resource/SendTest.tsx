import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { problemOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { CodeBlock } from "@/kit/CodeBlock";
import { Dialog } from "@/kit/Dialog";
import { Field, Select } from "@/kit/Field";
import { ProblemText } from "@/kit/States";
import { toasts } from "@/kit/toasts";

import type { KnownEvent } from "./subscribers";

interface Props {
  name: string;
  types: readonly KnownEvent[];
  send: (event: string | undefined) => Promise<unknown>;
  onClose: () => void;
  onSent: () => void;
}

/** Sends a subscriber the example of an event type. */
export function SendTest({ name, types, send, onClose, onSent }: Props) {
  const [event, setEvent] = useState("");
  const act = useMutation({
    mutationFn: () => send(event === "" ? undefined : event),
    onSuccess: () => {
      toasts.done("The test is on its way");
      onSent();
      onClose();
    },
  });
  const example = event === "" ? { test: true } : (types.find((type) => type.name === event)?.example ?? {});
  return (
    <Dialog
      title={`Send a test to ${name}`}
      description="It is signed and tried like any other, whatever it wants to hear."
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={act.isPending} onClick={() => { act.mutate(); }}>Send it</Button></>}
    >
      <div className="flex flex-col gap-4">
        <Field label="Event">
          {(ids) => (
            <Select {...ids} value={event} onChange={(change) => { setEvent(change.target.value); }}>
              <option value="">test, which needs no event type</option>
              {types.map((type) => <option key={type.name} value={type.name}>{type.name}</option>)}
            </Select>
          )}
        </Field>
        <div className="flex flex-col gap-1">
          <p className="font-medium">Data</p>
          <CodeBlock text={JSON.stringify(example, null, 2)} label="Data" />
        </div>
        {act.isError ? <div role="alert"><ProblemText problem={problemOf(act.error)} /></div> : null}
      </div>
    </Dialog>
  );
}

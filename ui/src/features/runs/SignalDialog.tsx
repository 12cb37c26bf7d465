import { useState } from "react";

import { Field, Input } from "@/kit/Field";
import type { Step } from "@/resource/runDetail";

import { JsonDialog } from "./JsonDialog";

/** What a step that waits is sent, so that it goes on. */
export function SignalDialog({ step, onClose, onSend }: { step: Step | undefined; onClose: () => void; onSend: (name: string, payload: unknown) => void }) {
  const [name, setName] = useState(step === undefined ? "" : `resume:${String(step.step)}`);
  return (
    <JsonDialog
      title={step === undefined ? "Send a signal" : `Let ${step.node} go on`}
      description="The step that waits for it goes on with what is sent. The server keeps a signal that comes too early; one that no step ever waits for does nothing."
      label="Content"
      hint="A step that waits for a call or a form goes on with what stands under `json`."
      begin={{ json: {} }}
      act="Send"
      refused={name.trim() === "" ? "A signal has a name" : undefined}
      onClose={onClose}
      onSend={(payload) => { onSend(name.trim(), payload); }}
    >
      <Field label="Name" hint="`resume:` and the number of the step that waits.">
        {(ids) => <Input {...ids} spellCheck={false} className="font-mono" value={name} onChange={(event) => { setName(event.target.value); }} />}
      </Field>
    </JsonDialog>
  );
}

import { useState } from "react";

import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Checkbox, Field, TextArea } from "@/kit/Field";

/** Items for a repeated step, as JSON. */
export function ForkDialog({ node, onClose, onStart }: { node: string; onClose: () => void; onStart: (input: unknown[], newest: boolean) => void }) {
  const [text, setText] = useState('[\n  {}\n]');
  const [newest, setNewest] = useState(false);
  const read = itemsOf(text);
  return (
    <Dialog
      title={`Run again from ${node} with other input`}
      description="A new run begins at this step with these items. The old run stays as it is."
      open
      wide
      onOpenChange={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" refused={typeof read === "string" ? read : undefined} onClick={() => { if (typeof read !== "string") onStart(read, newest); }}>
            Start
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <Field label="Items" error={typeof read === "string" ? read : undefined} hint="A list of objects; each is one item's content.">
          {(ids) => <TextArea {...ids} spellCheck={false} rows={12} className="font-mono text-small" value={text} onChange={(event) => { setText(event.target.value); }} />}
        </Field>
        <Checkbox label="On the newest live revision instead of the one that the run began on" checked={newest} onChange={(event) => { setNewest(event.target.checked); }} />
      </div>
    </Dialog>
  );
}

/** The items that a text states, in the API's form; or what is wrong with it. */
export function itemsOf(text: string): unknown[] | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `this is no JSON: ${error instanceof Error ? error.message : "it cannot be read"}`;
  }
  if (!Array.isArray(value)) return "expected a list of objects";
  const odd = value.findIndex((entry) => typeof entry !== "object" || entry === null || Array.isArray(entry));
  if (odd >= 0) return `entry ${String(odd)} is no object`;
  return value.map((entry: object) => ("json" in entry ? entry : { json: entry }));
}

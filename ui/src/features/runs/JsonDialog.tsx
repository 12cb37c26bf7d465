import { useState, type ReactNode } from "react";

import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, TextArea } from "@/kit/Field";

interface Props {
  title: string;
  description: string;
  /** Name of the field that holds the text. */
  label: string;
  hint: string;
  begin: unknown;
  act: string;
  /** Why it cannot be sent, beside the text itself. */
  refused?: string | undefined;
  /** What is wrong with a value that is JSON. */
  judge?: (value: unknown) => string | undefined;
  onClose: () => void;
  onSend: (value: unknown) => void;
  children?: ReactNode;
}

/** A value for the server, written as JSON. */
export function JsonDialog({ title, description, label, hint, begin, act, refused, judge, onClose, onSend, children }: Props) {
  const [text, setText] = useState(() => JSON.stringify(begin, null, 2));
  const read = jsonOf(text);
  const fault = "fault" in read ? read.fault : judge?.(read.value);
  return (
    <Dialog
      title={title}
      description={description}
      open
      wide
      onOpenChange={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" refused={fault ?? refused} onClick={() => { if ("value" in read) onSend(read.value); }}>{act}</Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {children}
        <Field label={label} error={fault} hint={hint}>
          {(ids) => <TextArea {...ids} spellCheck={false} rows={12} className="font-mono text-small" value={text} onChange={(event) => { setText(event.target.value); }} />}
        </Field>
      </div>
    </Dialog>
  );
}

/** The value that a text states, or what is wrong with it. Nothing at all is `null`. */
export function jsonOf(text: string): { value: unknown } | { fault: string } {
  if (text.trim() === "") return { value: null };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { fault: `this is no JSON: ${error instanceof Error ? error.message : "it cannot be read"}` };
  }
}

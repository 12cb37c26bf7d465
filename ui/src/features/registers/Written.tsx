import { Pencil } from "lucide-react";
import { useState, type ReactNode } from "react";

import { Button } from "@/kit/Button";
import { TextArea } from "@/kit/Field";
import { Markdown } from "@/kit/Markdown";

/** A text in Markdown that is read, and written when somebody wants to. */
export function Written({ name, text, empty, start, onChange }: { name: string; text: string; empty: ReactNode; start?: string; onChange: (text: string) => void }) {
  const [editing, setEditing] = useState(false);
  if (editing) {
    return (
      <div className="flex flex-col gap-2">
        <TextArea autoFocus aria-label={name} rows={14} className="font-mono text-small" value={text} onChange={(event) => { onChange(event.target.value); }} />
        <div className="flex items-center justify-between gap-2"><span className="text-small text-ink-faint">Markdown: # heading, - list, - [ ] to do, **strong**, [name](https://…)</span><Button onClick={() => { setEditing(false); }}>Look at it</Button></div>
      </div>
    );
  }
  const edit = (
    <Button
      icon={<Pencil size={13} />}
      onClick={() => {
        if (text === "" && start !== undefined) onChange(start);
        setEditing(true);
      }}
    >
      {text === "" ? `Write ${name.toLowerCase()}` : `Edit ${name.toLowerCase()}`}
    </Button>
  );
  return (
    <div className="flex flex-col items-start gap-3">
      {text === "" ? <div className="text-ink-soft">{empty}</div> : <Markdown text={text} />}
      {edit}
    </div>
  );
}

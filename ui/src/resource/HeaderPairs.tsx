import { Plus, Trash2 } from "lucide-react";

import { Button, IconButton } from "@/kit/Button";
import { Input } from "@/kit/Field";

export type Pair = [name: string, value: string];

/** Headers as an object; lines without a name are nothing yet. */
export function headersFrom(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.map(([name, value]) => [name.trim(), value] as const).filter(([name]) => name !== ""));
}

/** Headers that go with every message. */
export function HeaderPairs({ pairs, onChange, error }: { pairs: readonly Pair[]; onChange: (pairs: Pair[]) => void; error: (name: string) => string | undefined }) {
  const set = (at: number, pair: Pair): void => { onChange(pairs.map((known, index) => (index === at ? pair : known))); };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">Headers (optional)</legend>
      <p className="text-small text-ink-faint">They go with every message. No secrets here: whoever sees the subscriber sees them.</p>
      {pairs.map(([name, value], at) => {
        const number = String(at + 1);
        const fault = error(name);
        return (
          // Lines have no names of their own, and none of them is moved.
          <div key={`header-${number}`}>
            <div className="flex items-center gap-1.5">
              <Input aria-label={`Name of header ${number}`} aria-invalid={fault === undefined ? undefined : true} placeholder="x-team" spellCheck={false} className="font-mono text-small" value={name} onChange={(event) => { set(at, [event.target.value, value]); }} />
              <Input aria-label={`Value of header ${number}`} spellCheck={false} className="font-mono text-small" value={value} onChange={(event) => { set(at, [name, event.target.value]); }} />
              <IconButton name={`Take header ${number} out`} icon={<Trash2 size={14} />} onClick={() => { onChange(pairs.filter((_, index) => index !== at)); }} />
            </div>
            {fault === undefined ? null : <p role="alert" className="mt-1 text-small text-bad">{fault}</p>}
          </div>
        );
      })}
      <div><Button icon={<Plus size={13} />} onClick={() => { onChange([...pairs, ["", ""]]); }}>Add a header</Button></div>
    </fieldset>
  );
}

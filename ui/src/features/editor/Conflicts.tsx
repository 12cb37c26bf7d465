//! What two people changed at once, in the same place: each is decided by a person, and nothing is lost before.

import { CircleCheck } from "lucide-react";

import { nodeById, type Workflow } from "../../canvas/graph/document";
import type { Json } from "../../canvas/graph/json";
import type { Conflict } from "../../canvas/graph/merge";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";

interface Props {
  readonly conflicts: readonly Conflict[];
  readonly document: Workflow;
  readonly onMine: (conflicts: readonly Conflict[]) => void;
  readonly onTheirs: (conflicts: readonly Conflict[]) => void;
}

/** Longest text of one side; more is read at the node. */
const LETTERS = 1_000;

export function Conflicts({ conflicts, document, onMine, onTheirs }: Props) {
  return (
    <Dialog
      title={conflicts.length === 1 ? "You both changed one place" : `You both changed ${conflicts.length} places`}
      description="Somebody else saved this workflow while you were at it. Everything else is merged; choose what stays here. Until then yours stays."
      open={conflicts.length > 0}
      onOpenChange={(open) => { if (!open) onMine(conflicts); }}
      wide
      footer={<><Button onClick={() => onTheirs(conflicts)}>Take all of theirs</Button><Button look="primary" onClick={() => onMine(conflicts)}>Keep all of mine</Button></>}
    >
      <ul className="flex flex-col gap-3" aria-label="Conflicts">
        {conflicts.map((one, index) => (
          <li key={`${one.node ?? ""}${one.pointer}${index}`} className="rounded-base border">
            <p className="border-b bg-sunken px-3 py-1.5">
              <span className="font-medium">{one.node === undefined ? "Workflow" : (nodeById(document, one.node)?.name ?? one.node)}</span>
              <span className="ml-2 font-mono text-tiny text-ink-faint">{one.pointer}</span>
            </p>
            <div className="grid gap-px bg-line sm:grid-cols-2">
              <Side title="Yours" value={one.mine} act="Keep mine" onTake={() => onMine([one])} />
              <Side title="Theirs" value={one.theirs} act="Take theirs" onTake={() => onTheirs([one])} />
            </div>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Side({ title, value, act, onTake }: { readonly title: string; readonly value: Json | undefined; readonly act: string; readonly onTake: () => void }) {
  return (
    <div className="flex flex-col gap-2 bg-raised p-3">
      <span className="text-small font-medium text-ink-faint">{title}</span>
      <pre className="max-h-40 flex-1 overflow-auto font-mono text-small break-words whitespace-pre-wrap">{value === undefined ? "(removed)" : (typeof value === "string" ? value : JSON.stringify(value, null, 2)).slice(0, LETTERS)}</pre>
      <Button className="self-start" icon={<CircleCheck size={13} />} onClick={onTake}>{act}</Button>
    </div>
  );
}

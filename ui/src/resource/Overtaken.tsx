import { Button } from "@/kit/Button";

import { readable } from "./schema";

/** Says that somebody else changed the same fields meanwhile. */
export function Overtaken({ fields, onDiscard }: { fields: readonly string[]; onDiscard: () => void }) {
  if (fields.length === 0) return null;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 rounded-base border border-wait/40 bg-wait-soft px-3 py-2 text-wait">
      <span className="flex-1">Somebody changed {fields.map(readable).join(", ")} while you did. Yours is kept here, and takes the place of theirs when you save.</span>
      <Button look="quiet" onClick={onDiscard}>Take theirs</Button>
    </div>
  );
}

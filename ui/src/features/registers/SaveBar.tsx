import { Button } from "@/kit/Button";

/** What was changed on a page and is not stored yet. It stays in sight however far one scrolls. */
export function SaveBar({ dirty, busy, refused, onSave, onDiscard }: { dirty: boolean; busy: boolean; refused?: string | undefined; onSave: () => void; onDiscard: () => void }) {
  if (!dirty) return null;
  return (
    <div role="region" aria-label="Changes" className="sticky bottom-4 z-10 mt-6 flex items-center justify-end gap-2 rounded-large border bg-raised px-4 py-2.5 shadow-high">
      <span className="flex-1 font-medium">Not saved yet</span>
      <Button look="quiet" onClick={onDiscard}>Discard</Button>
      <Button look="primary" busy={busy} refused={refused} onClick={onSave}>Save</Button>
    </div>
  );
}

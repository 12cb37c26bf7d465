import { problemsOf, sentenceOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Line } from "@/kit/Prose";

interface Props {
  dirty: boolean;
  busy: boolean;
  /** Why it was not saved the last time. */
  error: unknown;
  refused?: string | undefined;
  onSave: () => void;
  onDiscard: () => void;
}

/** What was changed on a page and is not stored yet. It stays in sight however far one scrolls, and says itself why it was not saved. */
export function SaveBar({ dirty, busy, error, refused, onSave, onDiscard }: Props) {
  if (!dirty) return null;
  const problems = error == null ? [] : problemsOf(error);
  return (
    <div role="region" aria-label="Changes" className="sticky bottom-4 z-10 mt-6 flex flex-wrap items-center gap-2 rounded-large border bg-raised px-4 py-2.5 shadow-high">
      <Button look="primary" busy={busy} refused={refused} onClick={onSave}>Save</Button>
      <Button look="quiet" onClick={onDiscard}>Discard</Button>
      {problems.length === 0 ? <span className="font-medium">Not saved yet</span> : (
        <div role="alert" className="min-w-0 flex-1 basis-60 text-bad">
          <span className="font-medium">It was not saved.</span>
          <ul>{problems.map((problem, index) => <li key={index} className="break-words"><Line text={sentenceOf(problem)} />{problem.pointer == null || problem.pointer === "" ? null : <code className="ml-1.5 font-mono text-tiny">{problem.pointer.replace(/^\/spec/, "")}</code>}</li>)}</ul>
        </div>
      )}
    </div>
  );
}

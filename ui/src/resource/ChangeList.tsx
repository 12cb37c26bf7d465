import type { components } from "@/api/schema";
import { plural } from "@/kit/times";

/** What is shown; beyond it a list helps nobody. */
const MOST = 200;

/** What changed, place by place. */
export function ChangeList({ changes }: { changes: readonly components["schemas"]["Change"][] }) {
  if (changes.length === 0) return <p className="text-ink-soft">Nothing that counts changed.</p>;
  return (
    <div className="flex flex-col gap-2">
      <p className="text-small text-ink-soft">{plural(changes.length, "change")}{changes.length > MOST ? `, of which these are the first ${String(MOST)}` : ""}</p>
      <ul className="flex flex-col gap-2">
        {changes.slice(0, MOST).map((change) => (
          <li key={change.pointer} className="grid grid-cols-[minmax(8rem,16rem)_1fr] gap-x-4 max-md:grid-cols-1">
            <code className="truncate text-small text-ink-soft" title={change.pointer}>{change.pointer === "" ? "everything" : change.pointer}</code>
            <span className="flex min-w-0 flex-col gap-0.5 font-mono text-small">
              {change.before === undefined ? null : <del className="truncate rounded-small bg-bad-soft px-1 text-bad no-underline">− {JSON.stringify(change.before)}</del>}
              {change.after === undefined ? null : <ins className="truncate rounded-small bg-good-soft px-1 text-good no-underline">+ {JSON.stringify(change.after)}</ins>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

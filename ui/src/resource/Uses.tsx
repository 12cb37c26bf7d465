import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck } from "lucide-react";

import { api, data } from "@/api/client";
import { Unloaded } from "@/kit/Loaded";
import { ProblemText } from "@/kit/States";

import { placeOf, type Kind } from "./places";

/** Whether it could work, what it uses, and who uses it. */
export function Uses({ kind, name }: { kind: Kind; name: string }) {
  const condition = useQuery({
    queryKey: [kind, name, "condition"],
    queryFn: () => data(api.GET(`${placeOf(kind)}/condition`, { params: { path: { name } } })),
  });
  if (condition.data === undefined) return <Unloaded of={condition} lines={3} />;
  const { runnable, problems, refersTo, usedBy, activelyUsedBy } = condition.data;
  const names = (refs: { kind: string; name: string }[]): string => refs.map((ref) => `${ref.kind} ${ref.name}`).join(", ");
  return (
    <div className="flex flex-col gap-3">
      <p className={`flex items-center gap-2 font-medium ${runnable ? "text-good" : "text-wait"}`}>
        {runnable ? <CircleCheck size={15} /> : <CircleAlert size={15} />}
        {runnable ? "Nothing keeps it from working." : "It cannot work as it is."}
      </p>
      {problems.length > 0 ? <ul className="flex list-disc flex-col gap-2 pl-5">{problems.map((problem, index) => <li key={index}><ProblemText problem={problem} /></li>)}</ul> : null}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-ink-soft">
        <dt>Uses</dt>
        <dd className="text-ink">{refersTo.length === 0 ? "nothing else" : names(refersTo)}</dd>
        <dt>Used by</dt>
        <dd className="text-ink">{usedBy.length === 0 ? "nobody" : names(usedBy)}</dd>
        {activelyUsedBy.length > 0 ? (<><dt>Live in</dt><dd className="text-ink">{names(activelyUsedBy)}</dd></>) : null}
      </dl>
    </div>
  );
}

//! What came, or would come, of one workflow: what runs, what stands for later, and what is left to do.

import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, Clock3, KeyRound, MessageSquareText, Plus } from "lucide-react";
import { useState, type ReactNode } from "react";

import { Button } from "@/kit/Button";
import { ProblemText } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { plural } from "@/kit/times";
import { paths } from "@/paths";

import { reading, verdict, type FileReport, type TheirNode, type WantedConnection } from "./importReport";
import { NewConnection } from "./NewConnection";

interface Props {
  readonly report: FileReport;
  readonly nodes: readonly TheirNode[];
  /** It has been written, so there is something to go to. */
  readonly written: boolean;
}

export function ImportReport({ report, nodes, written }: Props) {
  const read = reading(report, nodes);
  const judged = verdict(report, read);
  const workflow = written ? report.workflow ?? undefined : undefined;
  const share = report.nodes === 0 ? 100 : Math.round((report.supported / report.nodes) * 100);
  return (
    <article className="flex flex-col gap-2" aria-label={`Report of ${report.workflow ?? report.file}`}>
      <header className="flex flex-wrap items-center gap-2">
        {judged.tone === "good" ? <CircleCheck size={16} className="shrink-0 text-good" aria-hidden /> : <CircleAlert size={16} className={judged.tone === "bad" ? "shrink-0 text-bad" : "shrink-0 text-wait"} aria-hidden />}
        <h3 className="min-w-0 font-medium wrap-anywhere">{workflow === undefined ? report.workflow ?? report.file : <Link to={paths.editor} params={{ name: workflow }} className="text-accent underline-offset-2 hover:underline">{workflow}</Link>}</h3>
        <Badge tone={judged.tone}>{judged.word}</Badge>
      </header>
      {report.workflow == null ? null : <div className="h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden><div className={share === 100 ? "h-full bg-good" : "h-full bg-wait"} style={{ width: `${String(share)}%` }} /></div>}
      <p className="text-ink-soft">{judged.about}</p>
      {read.placeholders.length === 0 ? null : (
        <Part icon={<Clock3 size={14} aria-hidden />} title={`Placeholders: ${plural(read.placeholders.flatMap((group) => group.types).reduce((sum, type) => sum + type.count, 0), "node")}`} open>
          {read.placeholders.map((group) => (
            <div key={group.comes}>
              <p className="text-ink-soft">{group.comes}.</p>
              <ul className="mt-1 flex flex-col gap-1">
                {group.types.map((type) => (
                  <li key={type.type + type.nodes.join()} className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
                    <span className="font-medium">{type.later.name}</span>
                    <span className="font-mono text-small text-ink-soft">{type.type}</span>
                    {type.nodes.length > 0 ? <Nodes names={type.nodes} workflow={workflow} /> : <span className="text-ink-soft">{plural(type.count, "node")}</span>}
                  </li>
                ))}
              </ul>
            </div>
          ))}
          <p className="text-ink-soft">Open a placeholder to see what does its work meanwhile{workflow === undefined ? ", once it is imported" : ""}.</p>
        </Part>
      )}
      {read.connections.length === 0 ? null : (
        <Part icon={<KeyRound size={14} aria-hidden />} title={`Connections to make: ${String(read.connections.filter((connection) => !connection.idle).length)}`} open={read.connections.some((connection) => !connection.idle)}>
          <ul className="flex flex-col gap-1.5">
            {read.connections.map((connection) => <Wanted key={connection.name} connection={connection} workflow={workflow} />)}
          </ul>
        </Part>
      )}
      {read.remarks.length === 0 ? null : (
        <Part icon={<MessageSquareText size={14} aria-hidden />} title={`Kept, and not done as n8n does it: ${String(report.problems.length)}`} open={report.workflow == null || report.problems.length <= 5}>
          <ul className="flex flex-col gap-1.5">
            {read.remarks.slice(0, 50).map((group) => (
              <li key={group.node ?? ""}>
                <p className="font-medium">{group.node === undefined ? "The workflow" : <Nodes names={[group.node]} workflow={workflow} />}</p>
                <ul className="mt-0.5 flex list-disc flex-col gap-1 pl-5">
                  {group.problems.map((problem, index) => <li key={index}><ProblemText problem={problem} /></li>)}
                </ul>
              </li>
            ))}
          </ul>
        </Part>
      )}
    </article>
  );
}

function Part({ icon, title, open, children }: { readonly icon: ReactNode; readonly title: string; readonly open: boolean; readonly children: ReactNode }) {
  return (
    <details open={open} className="rounded-base bg-sunken px-3 py-2">
      <summary className="flex cursor-pointer items-center gap-2 font-medium">{icon}{title}</summary>
      <div className="mt-2 flex flex-col gap-2">{children}</div>
    </details>
  );
}

/** As many names as are shown of one kind; the rest is counted. */
const NAMES = 12;

/** Names of nodes; they lead to the nodes once those are there. */
function Nodes({ names, workflow }: { readonly names: readonly string[]; readonly workflow: string | undefined }) {
  return (
    <span className="inline-flex flex-wrap gap-1">
      {names.slice(0, NAMES).map((name, index) => workflow === undefined
        ? <span key={index} className="rounded-small bg-surface px-1.5 text-small">{name}</span>
        : <Link key={index} to={paths.editor} params={{ name: workflow }} search={{ node: name }} className="rounded-small bg-surface px-1.5 text-small text-accent underline-offset-2 hover:underline">{name}</Link>)}
      {names.length > NAMES ? <span className="text-small text-ink-soft">and {names.length - NAMES} more</span> : null}
    </span>
  );
}

function Wanted({ connection, workflow }: { readonly connection: WantedConnection; readonly workflow: string | undefined }) {
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState(false);
  return (
    <li className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
      <span className="font-mono text-small">{connection.name}</span>
      <span className="text-ink-soft">{connection.title}</span>
      <Nodes names={connection.nodes} workflow={workflow} />
      {connection.idle ? <span className="text-small text-ink-soft">Only placeholders use it: it can wait.</span> : null}
      {made ? <Badge tone="good">Made</Badge> : workflow !== undefined && !connection.idle ? <Button icon={<Plus size={13} />} onClick={() => { setMaking(true); }}>Make it</Button> : null}
      {making ? <NewConnection called={connection.name} kinds={connection.kinds} withSecrets onClose={() => { setMaking(false); }} onMade={() => { setMade(true); }} /> : null}
    </li>
  );
}

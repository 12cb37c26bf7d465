//! A workflow that a node calls, looked into from where it is called: nothing can be changed, and one finds the way back.

import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, Eye, SquarePen, X } from "lucide-react";
import { use, useEffect, useMemo, useRef, useState } from "react";

import { briefOf } from "../../canvas/brief";
import { nodeByName, open, type NodeSpec } from "../../canvas/graph/document";
import { laidOut } from "../../canvas/graph/layout";
import type { GroupOf } from "../../canvas/graph/ports";
import { Picture } from "../../canvas/Picture";
import { Button, IconButton } from "@/kit/Button";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { RunContext } from "./run";
import type { Peek as Look } from "./peek";

interface Props {
  /** The workflow on the page, then those that were looked into one after the other. */
  readonly home: { readonly name: string; readonly title: string };
  readonly path: readonly string[];
  readonly groupOf: GroupOf;
  readonly onPeek: Look;
  readonly onOpen: (name: string) => void;
}

const NO_STATES = new Map<string, never>();

/** The workflow that a node calls, when its name is written there and not worked out. */
export function calledBy(node: NodeSpec | undefined): string | undefined {
  const name = node?.type === "core.call" ? node.params?.["workflow"] : undefined;
  return typeof name === "string" && name !== "" && !name.startsWith("=") ? name : undefined;
}

export function Peek({ home, path, groupOf, onPeek, onOpen }: Props) {
  const { calls } = use(RunContext);
  const [picked, setPicked] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  const name = path.at(-1) ?? "";
  // The key begins with the kind, so the watch refreshes it when somebody publishes.
  const asked = useQuery({
    queryKey: ["workflow", name, "peek"],
    queryFn: async () => {
      const draft = await calls?.draft(name);
      return draft ?? (await calls?.stored(name)) ?? null;
    },
    enabled: calls !== undefined && name !== "",
  });
  const document = useMemo(() => (asked.data ? laidOut(open(asked.data.spec)) : undefined), [asked.data]);
  useEffect(() => box.current?.focus(), [name]);
  const node = picked === undefined || !document ? undefined : nodeByName(document, picked);
  const deeper = calledBy(node);
  const go = (next: readonly string[]) => { setPicked(undefined); onPeek(next); };
  return (
    <div ref={box} className="ed-peek" role="dialog" aria-label={`Workflow ${name}`} tabIndex={-1}>
      <header className="ed-head">
        <IconButton look="plain" name="Back" icon={<ArrowLeft size={16} />} keys="Escape" onClick={() => go(path.slice(0, -1))} />
        <nav aria-label="Where one is" className="min-w-0 flex-1">
          <ol className="flex min-w-0 flex-wrap items-center gap-x-1.5">
            <li><button type="button" className="inline-flex hover:underline" onClick={() => go([])}>{home.title || home.name}</button></li>
            {path.map((one, index) => (
              <li key={`${one}/${index}`} className="flex items-center gap-x-1.5">
                <span aria-hidden className="text-ink-faint">›</span>
                {index === path.length - 1 ? <strong aria-current="page">{document?.title ?? one}</strong> : <button type="button" className="inline-flex hover:underline" onClick={() => go(path.slice(0, index + 1))}>{one}</button>}
              </li>
            ))}
          </ol>
        </nav>
        <small className="max-sm:hidden">Nothing is changed here</small>
        <Button icon={<SquarePen size={14} />} refused={asked.data ? undefined : "There is no such workflow"} onClick={() => onOpen(name)}>Open to edit</Button>
        <IconButton name="Close" icon={<X size={16} />} onClick={() => go([])} />
      </header>
      <div className="relative min-h-0 flex-1" onDoubleClick={() => { if (deeper !== undefined) go([...path, deeper]); }}>
        {asked.isPending ? <Skeleton lines={6} />
          : asked.isError ? <Failure error={asked.error} retry={() => void asked.refetch()} />
          : !document ? <div className="absolute inset-0 m-auto h-fit w-fit"><Empty title={`There is no workflow ${name}`}>It may have been renamed or deleted, or you may not see it.</Empty></div>
          : <Picture key={name} document={document} groupOf={groupOf} states={NO_STATES} picked={picked} onPick={setPicked} />}
        {node && (
          <div className="absolute inset-x-0 bottom-4 z-10 mx-auto max-sm:bottom-16 flex w-fit max-w-[calc(100%-1.5rem)] items-center gap-3 rounded-large border bg-raised px-3 py-1.5 shadow-high" role="status">
            <strong>{node.name}</strong>
            <small className="truncate">{briefOf(node) || node.type}</small>
            {deeper !== undefined && <Button icon={<Eye size={14} />} onClick={() => go([...path, deeper])}>Look into {deeper}</Button>}
          </div>
        )}
      </div>
    </div>
  );
}

import { useQuery } from "@tanstack/react-query";
import { ArrowLeftRight } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { stringify } from "yaml";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { compare } from "@/canvas/graph/compare";
import { open, type NodeSpec, type Workflow } from "@/canvas/graph/document";
import type { JsonObject } from "@/canvas/graph/json";
import { laidOut } from "@/canvas/graph/layout";
import { toText } from "@/canvas/graph/text";
import { IconButton } from "@/kit/Button";
import { Field, Select } from "@/kit/Field";
import { Failure, Skeleton } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { plural } from "@/kit/times";

const DiffText = lazy(async () => ({ default: (await import("./DiffText")).DiffText }));
const DiffCanvas = lazy(async () => ({ default: (await import("./DiffCanvas")).DiffCanvas }));

/** What is compared: a revision, or the draft. */
export type Version = number | "draft";
type View = "picture" | "beside" | "unified";

const VIEWS: [View, string][] = [["picture", "Picture"], ["beside", "Text, side by side"], ["unified", "Text, in one"]];
const named = (version: Version): string => (version === "draft" ? "the draft" : `revision ${String(version)}`);

/** Any two versions of a workflow, as a picture or as text. */
export function Compare({
  name,
  revisions,
  draft,
  from,
  to,
  onChange,
}: {
  name: string;
  revisions: readonly components["schemas"]["Revision"][];
  draft: boolean;
  from: Version;
  to: Version;
  onChange: (from: Version, to: Version) => void;
}) {
  const [view, setView] = useState<View>("picture");
  const choices: [Version, string][] = [
    ...(draft ? [["draft", "Draft"] as [Version, string]] : []),
    ...revisions.filter(({ action }) => action !== "delete").map(({ revision, writtenAt, writtenBy }): [Version, string] => [revision, `${String(revision)} – ${new Date(writtenAt).toLocaleString()}, ${writtenBy}`]),
  ];
  const pick = (text: string): Version => (text === "draft" ? "draft" : Number(text));
  return (
    <section aria-label="Compare" className="flex flex-col gap-3">
      <div className="flex flex-wrap items-end gap-2">
        <div className="min-w-48 flex-1">
          <Field label="Before">{(ids) => <Select {...ids} value={String(from)} onChange={(event) => { onChange(pick(event.target.value), to); }}>{choices.map(([version, text]) => <option key={version} value={String(version)}>{text}</option>)}</Select>}</Field>
        </div>
        <IconButton name="Swap before and after" icon={<ArrowLeftRight size={14} />} onClick={() => { onChange(to, from); }} />
        <div className="min-w-48 flex-1">
          <Field label="After">{(ids) => <Select {...ids} value={String(to)} onChange={(event) => { onChange(from, pick(event.target.value)); }}>{choices.map(([version, text]) => <option key={version} value={String(version)}>{text}</option>)}</Select>}</Field>
        </div>
        <Field label="Shown as">{(ids) => <Select {...ids} value={view} onChange={(event) => { setView(event.target.value as View); }}>{VIEWS.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</Select>}</Field>
      </div>
      {from === to ? <p className="text-ink-soft">Choose two that differ.</p> : <Differences key={`${String(from)} ${String(to)}`} name={name} from={from} to={to} view={view} />}
    </section>
  );
}

function useVersion(name: string, version: Version) {
  return useQuery({
    // What is read of a revision never changes, so news of the workflow do not concern it.
    queryKey: version === "draft" ? ["workflow", name, "text", version] : ["text", "workflow", name, version],
    queryFn: async () =>
      version === "draft"
        ? ((await data(api.GET("/api/v1/workflows/{name}/draft", { params: { path: { name } } }))).spec as unknown as JsonObject)
        : ((await data(api.GET("/api/v1/workflows/{name}", { params: { path: { name }, query: { revision: version } } }))).spec as JsonObject),
    staleTime: version === "draft" ? 0 : Infinity,
  });
}

function Differences({ name, from, to, view }: { name: string; from: Version; to: Version; view: View }) {
  const [picked, setPicked] = useState<string | null>(null);
  const [first, second] = [useVersion(name, from), useVersion(name, to)];
  const types = useQuery({ queryKey: ["node-types"], queryFn: () => data(api.GET("/api/v1/node-types")), staleTime: Infinity });
  const groupOf = useMemo(() => {
    const groups = new Map((types.data?.items ?? []).map((type) => [type.id, type.group as string]));
    return (type: string) => groups.get(type);
  }, [types.data]);
  const made = useMemo(() => {
    if (first.data === undefined || second.data === undefined) return null;
    const [before, after] = [open(first.data), open(second.data)];
    return { before, after, texts: [toText(before, name), toText(after, name)] as const, comparison: compare(before, after) };
  }, [first.data, second.data, name]);
  const error = first.error ?? second.error;
  if (error !== null) return <Failure error={error} retry={() => { void first.refetch(); void second.refetch(); }} />;
  if (made === null || types.isPending) return <Skeleton />;
  if (made.texts[0] === made.texts[1]) return <p className="text-ink-soft">Both say the same.</p>;
  const count = (is: string): number => made.comparison.nodes.filter((node) => node.is === is).length;
  const node = made.comparison.nodes.find((one) => one.node.name === picked);
  return (
    <div className="flex flex-col gap-3">
      <p className="flex flex-wrap gap-1.5" role="status">
        {count("added") > 0 ? <Badge tone="good">+ {plural(count("added"), "node")}</Badge> : null}
        {count("removed") > 0 ? <Badge tone="bad">− {plural(count("removed"), "node")}</Badge> : null}
        {count("changed") > 0 ? <Badge tone="wait">~ {plural(count("changed"), "node")} changed</Badge> : null}
        {count("moved") > 0 ? <Badge tone="busy">↔ {plural(count("moved"), "node")} moved</Badge> : null}
        {made.comparison.nodes.every(({ is }) => is === "same") ? <span className="text-ink-soft">No node changed; edges or settings did. The text shows all.</span> : null}
      </p>
      <Suspense fallback={<Skeleton />}>
        {view === "picture" ? (
          <>
            <DiffCanvas before={placed(made.before)} after={placed(made.after)} groupOf={groupOf} picked={picked} onPick={setPicked} />
            {node === undefined || node.is === "same" ? (
              <p className="text-small text-ink-faint">Choose a node to see what changed in it.</p>
            ) : (
              <DiffText
                before={textOf(node.before)}
                after={node.is === "removed" ? "" : textOf(node.node)}
                names={[`${node.node.name} in ${named(from)}`, `${node.node.name} in ${named(to)}`]}
                beside={false}
              />
            )}
          </>
        ) : (
          <DiffText before={made.texts[0]} after={made.texts[1]} names={[named(from), named(to)]} beside={view === "beside"} />
        )}
      </Suspense>
    </div>
  );
}

/** With places for its nodes, where it has none. Places that are there are not touched: that a node was moved is a difference too. */
function placed(document: Workflow): Workflow {
  return document.nodes.some(({ position }) => position !== undefined) ? document : laidOut(document);
}

function textOf(node: NodeSpec | undefined): string {
  if (node === undefined) return "";
  const { id: _id, ...rest } = node;
  return stringify(rest);
}

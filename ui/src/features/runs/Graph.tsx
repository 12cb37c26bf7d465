import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { api, data } from "@/api/client";
import { Picture } from "@/canvas/Picture";
import { edgesOf, faults, open } from "@/canvas/graph/document";
import type { JsonObject } from "@/canvas/graph/json";
import { tidy } from "@/canvas/graph/layout";
import { Button } from "@/kit/Button";
import { Unloaded } from "@/kit/Loaded";
import { Empty } from "@/kit/States";
import { count } from "@/kit/times";
import { nodeStates, stepOfNode } from "@/resource/runGraph";
import { hasEnded, missing, type Steps, type Window } from "@/resource/runSteps";

/** Steps that are counted without being asked to; reading them takes the server a while. */
const COUNTED = 20_000;

interface Props {
  known: Steps;
  picked: string | undefined;
  load: (window: Window) => Promise<unknown>;
  onSelect: (step: number) => void;
}

/** The workflow as the run found it, with what each node has come to. A node leads to its steps. */
export function Graph({ known, picked, load, onSelect }: Props) {
  const { head, rows } = known;
  const { workflow, revision } = head;
  const text = useQuery({
    queryKey: ["workflow", workflow, "ran", revision ?? "draft"],
    queryFn: async () => {
      const path = { params: { path: { name: workflow } } };
      // Of a run of the draft the text is not kept for us to read: the draft as it is now is the nearest to it.
      const spec = revision == null ? (await data(api.GET("/api/v1/workflows/{name}/draft", path))).spec : (await data(api.GET("/api/v1/workflows/{name}", { params: { path: { name: workflow }, query: { revision } } }))).spec;
      return spec as unknown as JsonObject;
    },
    // A revision never changes.
    staleTime: revision == null ? 0 : Infinity,
    retry: false,
  });
  const types = useQuery({ queryKey: ["node-types"], queryFn: () => data(api.GET("/api/v1/node-types")), staleTime: Infinity });
  const groupOf = useMemo(() => {
    const groups = new Map(types.data?.items.map((type) => [type.id, type.group as string]));
    return (type: string) => groups.get(type);
  }, [types.data]);
  const document = useMemo(() => {
    if (text.data === undefined || faults(text.data).length > 0) return undefined;
    const document = open(text.data);
    if (document.nodes.some((node) => node.position !== undefined)) return document;
    // A text that nobody has drawn has no positions.
    const places = tidy(document);
    return { ...document, nodes: document.nodes.map((node) => ({ ...node, position: places[node.id] ?? ([0, 0] as const) })) };
  }, [text.data]);
  const states = useMemo(() => nodeStates(rows, document?.nodes.filter((node) => node.type !== "core.note").map((node) => node.name) ?? [], hasEnded(head)), [rows, document, head]);

  const [all, setAll] = useState(false);
  const rest = missing(known, 0, rows.length);
  const next = rest !== null && (all || rest.from < COUNTED) ? rest.from : null;
  useEffect(() => {
    // One after the other, so that the page stays free for what one does on it.
    if (next !== null) load({ from: next, limit: 1_000 }).catch(() => undefined);
  }, [next, load]);

  if (text.data === undefined || types.isPending) return <Unloaded of={text} />;
  if (document === undefined) return <Empty title="This workflow cannot be drawn" />;
  const read = rows.reduce((sum, row) => sum + (row === undefined ? 0 : 1), 0);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {revision == null ? <p className="border-b bg-wait-soft px-4 py-1.5 text-small">It ran on a draft. This is the draft as it is now, which may be another one.</p> : null}
      {read < rows.length ? (
        <p className="flex items-center gap-2 border-b px-4 py-1.5 text-small text-ink-soft">
          {count(read)} of {count(rows.length)} steps are counted.
          {next === null ? <Button look="quiet" onClick={() => { setAll(true); }}>Count the rest</Button> : null}
        </p>
      ) : null}
      <div className="min-h-0 flex-1">
        <Picture
          document={document}
          groupOf={groupOf}
          states={states}
          picked={picked}
          onPick={(name) => {
            const step = stepOfNode(rows, name);
            if (step !== undefined) onSelect(step.step);
          }}
        />
      </div>
      <p className="sr-only">{`${String(document.nodes.length)} nodes, ${String(edgesOf(document).length)} edges`}</p>
    </div>
  );
}

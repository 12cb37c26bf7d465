import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { GitCompare, Power, Undo2 } from "lucide-react";
import { useRef, useState } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { More, Unloaded } from "@/kit/Loaded";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { usePages } from "@/resource/pages";

import { Compare, type Version } from "./Compare";

/** Every revision: which is live, what changed with each, and the way back. */
export function Versions({ name }: { name: string }) {
  const client = useQueryClient();
  const path = { params: { path: { name } } };
  const [compared, setCompared] = useState<{ from: Version; to: Version } | null>(null);
  const top = useRef<HTMLDivElement>(null);
  const list = usePages(["workflow", name, "history", "pages"], (from) => data(api.GET("/api/v1/workflows/{name}/history", { params: { path: { name }, query: { limit: 100, ...from } } })));
  const activation = useQuery({ queryKey: ["workflow", name, "activation"], queryFn: () => data(api.GET("/api/v1/workflows/{name}/activation", path)), retry: false });
  const draft = useQuery({
    queryKey: ["workflow", name, "draft"],
    queryFn: async () => {
      try {
        return await data(api.GET("/api/v1/workflows/{name}/draft", path));
      } catch (error) {
        if (problemOf(error).status === 404) return null;
        throw error;
      }
    },
  });
  const settled = (): void => void client.invalidateQueries({ queryKey: ["workflow"] });
  const live = activation.data?.enabled === true ? activation.data : null;
  const activate = useMutation({
    mutationFn: (body: { revision: number } | null) => (body === null ? data(api.POST("/api/v1/workflows/{name}/deactivate", path)) : data(api.POST("/api/v1/workflows/{name}/activate", { ...path, body }))),
    onSuccess: (now) => {
      const before = live;
      toasts.done(now.enabled ? `Revision ${String(now.revision)} is live` : "It is out of service", before === null ? undefined : () => { activate.mutate({ revision: before.revision }); });
    },
    onError: (error) => { toasts.failed("What is live stays live", error); },
    onSettled: settled,
  });
  const revisions = list.data ?? [];
  const newest = revisions[0]?.revision;
  const back = useMutation({
    mutationFn: (revision: number) => data(api.POST("/api/v1/workflows/{name}/rollback", { ...path, body: { revision } })),
    onSuccess: (_, revision) => { toasts.done(`Revision ${String(revision)} is back as the newest one; make it live when it is right`, newest === undefined ? undefined : () => { back.mutate(newest); }); },
    onError: (error) => { toasts.failed("It stays as it is", error); },
    onSettled: settled,
  });
  if (list.data === undefined) return <Unloaded of={list} />;
  if (revisions.length === 0 || newest === undefined) return <Empty title="Nothing was written yet" />;
  const show = (from: Version, to: Version): void => {
    setCompared({ from, to });
    top.current?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
      <div ref={top} className="flex flex-col gap-3 p-4 empty:hidden">
        {compared === null ? (
          <div className="flex flex-wrap gap-2">
            <Button icon={<GitCompare size={14} />} refused={revisions.length < 2 && draft.data == null ? "There is only one version" : undefined} onClick={() => { show(revisions[1]?.revision ?? newest, newest); }}>Compare two revisions</Button>
            {draft.data == null ? null : <Button onClick={() => { show(newest, "draft"); }}>Compare the draft</Button>}
          </div>
        ) : (
          <>
            <Compare name={name} revisions={revisions} draft={draft.data != null} from={compared.from} to={compared.to} onChange={(from, to) => { setCompared({ from, to }); }} />
            <div><Button look="quiet" onClick={() => { setCompared(null); }}>Close the comparison</Button></div>
          </>
        )}
      </div>
      <Table label="Revisions" head={<><Th>Revision</Th><Th>Written</Th><Th>By</Th><Th><span className="sr-only">Acts</span></Th></>}>
        {revisions.map((revision, index) => {
          const before = revisions[index + 1]?.revision;
          const number = revision.revision;
          const isLive = live?.revision === number;
          const gone = revision.action === "delete" ? "It was deleted with this revision" : undefined;
          return (
            <Tr key={number}>
              <Td className="font-medium tabular-nums">
                <span className="flex items-center gap-2">
                  {number}
                  {index === 0 ? <span className="text-small font-normal text-ink-faint">newest</span> : null}
                  {isLive ? <Badge tone="good">Live{live.share < 100 ? ` ${String(live.share)} %` : ""}</Badge> : live?.share !== 100 && live?.previous === number ? <Badge tone="good">Live {100 - live.share} %</Badge> : null}
                </span>
              </Td>
              <Td className="text-ink-soft whitespace-nowrap"><Time at={revision.writtenAt} /></Td>
              <Td className="text-ink-soft">{revision.writtenBy}{revision.action === "put" ? "" : ` · ${revision.action}`}</Td>
              <Td>
                <span className="flex justify-end gap-1.5">
                  <Button look="quiet" aria-label={`What changed in revision ${String(number)}`} refused={before === undefined ? "It is the first one" : undefined} onClick={() => { if (before !== undefined) show(before, number); }}>What changed</Button>
                  <Button icon={<Power size={13} />} aria-label={`Make revision ${String(number)} live`} refused={isLive && live.share === 100 ? "It is live already" : gone} busy={activate.isPending && activate.variables?.revision === number} onClick={() => { activate.mutate({ revision: number }); }}>Make live</Button>
                  <Button icon={<Undo2 size={13} />} aria-label={`Bring revision ${String(number)} back`} refused={index === 0 ? "It is the newest one" : gone} busy={back.isPending && back.variables === number} onClick={() => { back.mutate(number); }}>Bring back</Button>
                </span>
              </Td>
            </Tr>
          );
        })}
      </Table>
      <More of={list} name="Show older ones" />
    </>
  );
}

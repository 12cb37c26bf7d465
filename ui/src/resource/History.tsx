import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Unloaded } from "@/kit/Loaded";
import { Empty } from "@/kit/States";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";

import { ChangeList } from "./ChangeList";
import { placeOf, type Kind } from "./places";


/** What was written when and by whom, what changed with it, and the way back. */
export function History({ kind, name }: { kind: Kind; name: string }) {
  const client = useQueryClient();
  const [seen, setSeen] = useState<number | null>(null);
  const base = placeOf(kind);
  const list = useQuery({ queryKey: [kind, name, "history"], queryFn: () => data(api.GET(`${base}/history`, { params: { path: { name }, query: { limit: 200 } } })) });
  const revisions = list.data?.items ?? [];
  const newest = revisions[0]?.revision;
  const back = useMutation({
    mutationFn: (revision: number) => data(api.POST(`${base}/rollback`, { params: { path: { name } }, body: { revision } })),
    onSuccess: (_, revision) => {
      toasts.done(`Revision ${String(revision)} is back`, newest === undefined ? undefined : () => { back.mutate(newest); });
    },
    onError: (error) => { toasts.failed("It stays as it is", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: [kind] }),
  });
  if (list.data === undefined) return <Unloaded of={list} />;
  if (revisions.length === 0) return <Empty title="Nothing was written yet" />;
  return (
    <Table label="Revisions" head={<><Th>Revision</Th><Th>Written</Th><Th>By</Th><Th><span className="sr-only">Acts</span></Th></>}>
      {revisions.map((revision, index) => {
        const before = revisions[index + 1]?.revision;
        const open = seen === revision.revision;
        return [
          <Tr key={revision.revision}>
            <Td className="font-medium tabular-nums">{revision.revision}{index === 0 ? <span className="ml-2 text-small font-normal text-ink-faint">now</span> : null}</Td>
            <Td className="text-ink-soft"><Time at={revision.writtenAt} /></Td>
            <Td className="text-ink-soft">{revision.writtenBy}{revision.action === "put" ? "" : ` · ${revision.action}`}</Td>
            <Td>
              <span className="flex justify-end gap-1.5">
                <Button look="quiet" aria-expanded={open} refused={before === undefined ? "It is the first one" : undefined} onClick={() => { setSeen(open ? null : revision.revision); }}>What changed</Button>
                <Button icon={<Undo2 size={13} />} refused={index === 0 ? "It is what there is now" : undefined} busy={back.isPending && back.variables === revision.revision} onClick={() => { back.mutate(revision.revision); }}>Bring back</Button>
              </span>
            </Td>
          </Tr>,
          open && before !== undefined ? (
            <tr key={`${String(revision.revision)}-changes`} className="border-b bg-sunken/50">
              <td colSpan={4} className="px-4 py-3"><Changes base={base} kind={kind} name={name} from={before} to={revision.revision} /></td>
            </tr>
          ) : null,
        ];
      })}
    </Table>
  );
}

function Changes({ base, kind, name, from, to }: { base: "/api/v1/workflows/{name}"; kind: Kind; name: string; from: number; to: number }) {
  const compared = useQuery({
    queryKey: [kind, name, "diff", from, to],
    queryFn: () => data(api.GET(`${base}/diff`, { params: { path: { name }, query: { from, to } } })),
    staleTime: Infinity,
  });
  if (compared.data === undefined) return <Unloaded of={compared} lines={2} />;
  const { changes } = compared.data;
  return <ChangeList changes={changes} />;
}

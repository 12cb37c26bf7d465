import { useMutation } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { JsonTree } from "@/kit/JsonTree";
import { Loaded, More } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { usePages } from "@/resource/pages";

/** What people and configuration changed, newest first. */
export function AuditPage() {
  const [open, setOpen] = useState<number | null>(null);
  const list = usePages(["audit"], (from) => data(api.GET("/api/v1/audit", { params: { query: { limit: 100, ...from } } })));
  const verify = useMutation({
    mutationFn: () => data(api.GET("/api/v1/audit/verify")),
    onSuccess: (found) => {
      if (found.intact) toasts.done("The chain is whole: no entry was changed or taken out");
      else toasts.failed("The log was tampered with", new Error(`the chain is broken at entry ${String(found.brokenAt)}`));
    },
    onError: (error) => { toasts.failed("The chain could not be looked at", error); },
  });
  return (
    <Page title="Audit" lead="Each entry carries a hash over itself and the one before, so that none can be changed unseen." actions={<Button icon={<ShieldCheck size={14} />} busy={verify.isPending} onClick={() => { verify.mutate(); }}>Verify</Button>}>
      <Panel flush>
        <Loaded of={list} empty={<Empty title="Nobody has changed anything yet" />}>
          {(entries) => (
            <Table label="Audit entries" head={<><Th>When</Th><Th>Who</Th><Th>What</Th><Th>To what</Th><Th><span className="sr-only">More</span></Th></>}>
              {entries.map((entry) => [
                <Tr key={entry.seq}>
                  <Td className="text-ink-soft"><Time at={entry.at} /></Td>
                  <Td>{entry.actor}</Td>
                  <Td className="font-medium">{entry.action}</Td>
                  <Td className="font-mono text-small">{entry.subject}</Td>
                  <Td className="text-right"><Button look="quiet" aria-expanded={open === entry.seq} onClick={() => { setOpen(open === entry.seq ? null : entry.seq); }}>Details</Button></Td>
                </Tr>,
                open === entry.seq ? (
                  <tr key={`${String(entry.seq)}-more`} className="border-b bg-sunken/50">
                    <td colSpan={5} className="px-4 py-3">
                      <JsonTree value={entry.detail} />
                      <p className="mt-2 truncate font-mono text-tiny text-ink-faint">entry {entry.seq} · {entry.hash}</p>
                    </td>
                  </tr>
                ) : null,
              ])}
            </Table>
          )}
        </Loaded>
        <More of={list} name="Show older ones" />
      </Panel>
    </Page>
  );
}

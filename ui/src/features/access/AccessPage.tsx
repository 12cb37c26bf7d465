import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf, sentenceOf } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input, Select } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { Once, Rules, RulesField, type Rule } from "@/resource/rules";

const ENDS: [string, number | null][] = [["in 30 days", 30], ["in 90 days", 90], ["in a year", 365], ["never", null]];

/** Who may do what: tokens of programs, and the places where they count. */
export function AccessPage() {
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const [text, setText] = useState<string | null>(null);
  const tokens = useQuery({ queryKey: ["token"], queryFn: () => data(api.GET("/api/v1/tokens", { params: { query: { limit: 500 } } })) });
  const scopes = useQuery({ queryKey: ["scope"], queryFn: () => data(api.GET("/api/v1/scopes", { params: { query: { limit: 500 } } })) });
  const revoke = useMutation({
    mutationFn: (id: string) => data(api.DELETE("/api/v1/tokens/{id}", { params: { path: { id } } })),
    onSuccess: () => { toasts.done("The token no longer opens anything"); },
    onError: (error) => { toasts.failed("The token still works", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["token"] }),
  });
  return (
    <Page title="Access" lead="Tokens for programs and for people who use the command line." actions={<Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New token</Button>}>
      <div className="flex flex-col gap-6">
        <Panel flush title="Tokens">
          <Loaded of={tokens}>
            {({ items }) => (
              <Table label="Tokens" head={<><Th>Name</Th><Th>May</Th><Th>Made</Th><Th>Ends</Th><Th><span className="sr-only">Acts</span></Th></>}>
                {items.map((token) => (
                  <Tr key={token.id} className={token.revokedAt == null ? "" : "opacity-60"}>
                    <Td className="font-medium">{token.name}</Td>
                    <Td>
                      <Rules rules={token.rules} />
                    </Td>
                    <Td className="text-ink-soft"><Time at={token.createdAt} /> by {token.createdBy}</Td>
                    <Td className="text-ink-soft">{token.revokedAt != null ? <Badge tone="bad">revoked</Badge> : token.expiresAt == null ? "never" : <Time at={token.expiresAt} />}</Td>
                    <Td className="text-right">
                      {token.revokedAt == null ? <IconButton name={`Revoke ${token.name}`} icon={<Trash2 size={14} />} onClick={() => { if (confirm(`Revoke ${token.name}? Whoever uses it is shut out at once.`)) revoke.mutate(token.id); }} /> : null}
                    </Td>
                  </Tr>
                ))}
              </Table>
            )}
          </Loaded>
        </Panel>
        <Panel flush title="Workspaces and environments">
          <Loaded of={scopes} lines={2}>
            {({ items }) => (
              <Table label="Scopes" head={<><Th>Workspace</Th><Th>Environment</Th></>}>
                {items.map((scope) => <Tr key={`${scope.workspace}/${scope.environment}`}><Td>{scope.workspace}</Td><Td>{scope.environment}</Td></Tr>)}
              </Table>
            )}
          </Loaded>
        </Panel>
      </div>
      {making ? <NewToken onClose={() => { setMaking(false); }} onMade={(made) => { setMaking(false); setText(made); }} /> : null}
      <Dialog title="Your new token" description="This is the only time that it is shown." open={text !== null} onOpenChange={() => { setText(null); }}>
        <Once text={text ?? ""} onCopied={() => { toasts.done("Copied"); }} />
      </Dialog>
    </Page>
  );
}

function NewToken({ onClose, onMade }: { onClose: () => void; onMade: (text: string) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const scopes = useQuery({ queryKey: ["scope"], queryFn: () => data(api.GET("/api/v1/scopes", { params: { query: { limit: 500 } } })) });
  const [rules, setRules] = useState<Rule[]>([{ role: "operator" }]);
  const [days, setDays] = useState<number | null>(90);
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/tokens", { body: { name, rules, ...(days === null ? {} : { expiresAt: Date.now() + days * 86_400_000 }) } })),
    onSuccess: (made) => { onMade(made.token); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["token"] }),
  });
  return (
    <Dialog
      title="New token"
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={make.isPending} refused={name === "" ? "Say what it is for first" : undefined} onClick={() => { make.mutate(); }}>Make it</Button></>}
    >
      <div className="flex flex-col gap-4">
        <Field label="What it is for" error={make.isError ? sentenceOf(problemOf(make.error)) : undefined}>{(ids) => <Input {...ids} autoFocus value={name} placeholder="deploy script" onChange={(event) => { setName(event.target.value); }} />}</Field>
        <RulesField rules={rules} scopes={scopes.data?.items ?? []} onChange={setRules} />
        <Field label="Ends">
          {(ids) => <Select {...ids} value={String(days)} onChange={(event) => { setDays(event.target.value === "null" ? null : Number(event.target.value)); }}>{ENDS.map(([said, span]) => <option key={said} value={String(span)}>{said}</option>)}</Select>}
        </Field>
      </div>
    </Dialog>
  );
}

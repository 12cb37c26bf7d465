import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Ellipsis, Plus, TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Field, Input } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { Loaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { plural } from "@/kit/times";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { nameFault } from "@/resource/places";
import { RenameDialog } from "@/resource/RenameDialog";

import { ranking, type Evaluation } from "./evaluation";
import { nameOf } from "./vendor";

/** Choices between services that were made, and those that are being made. */
export function EvaluationsPage() {
  const list = useQuery({ queryKey: ["evaluation", "list"], queryFn: () => data(api.GET("/api/v1/evaluations", { params: { query: { limit: 1000 } } })) });
  const [making, setMaking] = useState(false);
  const [asked, setAsked] = useState<{ what: "rename" | "delete"; name: string } | null>(null);
  const make = <Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New evaluation</Button>;
  return (
    <Page title="Evaluations" lead="Which of several services to take, judged by criteria that were agreed on before." actions={make}>
      <Panel flush>
        <Loaded of={list} empty={<Empty title="No evaluation yet" action={make}>Before you bind yourself to a service: say what it is wanted for, weigh what matters, score each candidate, and keep why you decided as you did.</Empty>}>
          {({ items }) => (
            <Table label="Evaluations" head={<><Th>Evaluation</Th><Th>Compares</Th><Th>Leads</Th><Th>Decision</Th><Th>Changed</Th><Th><span className="sr-only">Acts</span></Th></>}>
              {items.map((one) => {
                const spec = one.spec as Evaluation;
                const leads = ranking(spec).filter(({ place }) => place === 1);
                return (
                  <Tr key={one.name}>
                    <Td className="font-medium"><Link to="/evaluations/$name" params={{ name: one.name }} className="hover:underline">{spec.title ?? one.name}</Link></Td>
                    <Td className="text-ink-soft">{`${plural(spec.candidates?.length ?? 0, "candidate")} by ${plural(spec.criteria?.length ?? 0, "criterion", "criteria")}`}</Td>
                    <Td>{leads.length === 0 ? <span className="text-ink-faint">nobody yet</span> : leads.map(({ name, score }) => `${name} (${(score ?? 0).toFixed(2)})`).join(", ")}</Td>
                    <Td>{spec.decision === undefined ? <Badge tone="wait">open</Badge> : <Badge tone="good">{spec.decision.chosen}</Badge>}</Td>
                    <Td className="whitespace-nowrap text-ink-soft"><Time at={one.updatedAt} /></Td>
                    <Td className="w-px">
                      <Menu
                        trigger={<IconButton name={`More for ${spec.title ?? one.name}`} icon={<Ellipsis size={15} />} />}
                        acts={[
                          { name: "Rename…", icon: <TextCursorInput size={13} />, do: () => { setAsked({ what: "rename", name: one.name }); } },
                          "line",
                          { name: "Delete…", icon: <Trash2 size={13} />, danger: true, do: () => { setAsked({ what: "delete", name: one.name }); } },
                        ]}
                      />
                    </Td>
                  </Tr>
                );
              })}
            </Table>
          )}
        </Loaded>
      </Panel>
      {making ? <NewEvaluation taken={list.data?.items.map(({ name }) => name) ?? []} onClose={() => { setMaking(false); }} /> : null}
      {asked?.what === "rename" ? <RenameDialog kind="evaluation" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
      {asked?.what === "delete" ? <DeleteDialog kind="evaluation" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
    </Page>
  );
}

function NewEvaluation({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [title, setTitle] = useState("");
  const [typed, setTyped] = useState<string | null>(null);
  const name = typed ?? nameOf(title);
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/evaluations", { body: { name, spec: { title: title.trim() } as unknown as Record<string, never> } })),
    onSuccess: async () => {
      onClose();
      await navigate({ to: "/evaluations/$name", params: { name } });
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["evaluation"] }),
  });
  const refused = title.trim() === "" ? "Say what it is about first" : nameFault(name, taken);
  return (
    <FormDialog
      title="New evaluation"
      description="Criteria and candidates come on its page."
      act="Make it"
      refused={refused}
      busy={make.isPending}
      problems={make.isError ? [problemOf(make.error)] : []}
      onSend={() => { make.mutate(); }}
      onClose={onClose}
    >
      <Field label="Title" hint="The choice in a few words, such as: who sends our mail.">{(ids) => <Input {...ids} autoFocus value={title} onChange={(event) => { setTitle(event.target.value); }} />}</Field>
      <Field label="Name" error={name === "" ? undefined : nameFault(name, taken)} hint="In addresses and files: small letters, digits and dashes.">{(ids) => <Input {...ids} spellCheck={false} value={name} onChange={(event) => { setTyped(event.target.value); }} />}</Field>
    </FormDialog>
  );
}

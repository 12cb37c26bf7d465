import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf, sentenceOf } from "@/api/problem";
import { Field, Input } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { nameFault } from "@/resource/places";

import { CRITERIA, nameOf } from "./vendor";

interface Props {
  /** What is known of it already. */
  title?: string | undefined;
  connector?: string | undefined;
  host?: string | undefined;
  taken: readonly string[];
  onClose: () => void;
  onMade: (name: string) => void;
}

/** Writes a vendor down: what it is called and who answers for it. The rest is done on its page. */
export function NewVendor({ title: known = "", connector, host, taken, onClose, onMade }: Props) {
  const client = useQueryClient();
  const [title, setTitle] = useState(known);
  const [typed, setTyped] = useState<string | null>(null);
  const [category, setCategory] = useState("");
  const [owner, setOwner] = useState("");
  const name = typed ?? nameOf(title);
  const make = useMutation({
    mutationFn: () => {
      const spec = {
        title: title.trim(),
        ...(category === "" ? {} : { category }),
        ...(owner === "" ? {} : { owner }),
        ...(connector === undefined ? {} : { connectors: [connector] }),
        ...(host === undefined ? {} : { hosts: [host] }),
        scorecard: CRITERIA.map((criterion) => ({ criterion })),
      };
      return data(api.POST("/api/v1/vendors", { body: { name, spec: spec as unknown as Record<string, never> } }));
    },
    onSuccess: () => { onMade(name); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["vendor"] }),
  });
  const problem = make.isError ? problemOf(make.error) : null;
  const at = (pointer: string): string | undefined => (problem?.pointer === pointer ? sentenceOf(problem) : undefined);
  const stands = connector ?? host;
  const refused = title.trim() === "" ? "Say what it is called first" : nameFault(name, taken);
  return (
    <FormDialog
      title="New vendor"
      description={stands === undefined ? "Contract, cost, contacts and exit plan come on its page." : `It stands for ${stands}. Contract, cost, contacts and exit plan come on its page.`}
      act="Write it down"
      refused={refused}
      busy={make.isPending}
      problems={problem === null || ["/name", "/spec/title"].includes(problem.pointer ?? "") ? [] : [problem]}
      onSend={() => { make.mutate(); }}
      onClose={onClose}
    >
      <Field label="Title" error={at("/spec/title")} hint="The vendor's name as it writes it itself.">{(ids) => <Input {...ids} autoFocus value={title} onChange={(event) => { setTitle(event.target.value); }} />}</Field>
      <Field label="Name" error={at("/name") ?? (name === "" ? undefined : nameFault(name, taken))} hint="In addresses and files: small letters, digits and dashes.">{(ids) => <Input {...ids} spellCheck={false} value={name} onChange={(event) => { setTyped(event.target.value); }} />}</Field>
      <Field label="Category (optional)" hint="What it is bought for, such as payments.">{(ids) => <Input {...ids} value={category} onChange={(event) => { setCategory(event.target.value); }} />}</Field>
      <Field label="Owner (optional)" hint="Who of you answers for it: a person or a team.">{(ids) => <Input {...ids} value={owner} onChange={(event) => { setOwner(event.target.value); }} />}</Field>
    </FormDialog>
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Field, Input } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { toasts } from "@/kit/toasts";

import { nameFault, placeOf, type Kind } from "./places";

/** Gives a resource another name, and everything that refers to it too, in one step. */
export function RenameDialog({ kind, name, onClose, onDone }: { kind: Kind; name: string; onClose: () => void; onDone?: (to: string) => void | Promise<void> }) {
  const client = useQueryClient();
  const [to, setTo] = useState(name);
  const rename = useMutation({
    mutationFn: (step: { from: string; to: string }) => data(api.POST(`${placeOf(kind)}/rename`, { params: { path: { name: step.from } }, body: { to: step.to } })),
    onSuccess: async (_, step) => {
      toasts.done(`${step.from} is called ${step.to} now, wherever it is used`, step.from === name ? () => { rename.mutate({ from: step.to, to: step.from }); } : undefined);
      onClose();
      // The page of what is not there any more is left before anything is read anew.
      await onDone?.(step.to);
    },
    onError: (error, step) => {
      if (step.from !== name) toasts.failed("It keeps its new name", error);
    },
    onSettled: () => void client.invalidateQueries(),
  });
  const wanted = to.trim();
  const fault = wanted === name ? "It is called so already" : nameFault(wanted);
  return (
    <FormDialog
      title={`Rename ${name}`}
      description="What refers to it is rewritten in the same step; its history stays with it."
      act="Rename"
      refused={fault}
      busy={rename.isPending}
      problems={rename.isError ? [problemOf(rename.error)] : []}
      onSend={() => { rename.mutate({ from: name, to: wanted }); }}
      onClose={onClose}
    >
      <Field label="New name" error={wanted === name || wanted === "" ? undefined : fault} {...(kind === "workflow" ? { hint: "Addresses of its webhooks stay: they come from its nodes." } : {})}>
        {(ids) => <Input {...ids} autoFocus spellCheck={false} value={to} onFocus={(event) => { event.target.select(); }} onChange={(event) => { setTo(event.target.value); rename.reset(); }} />}
      </Field>
    </FormDialog>
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Field, Input } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { nameFault } from "@/resource/places";

/** Makes a second workflow of one. It is not live, so paths that both have quarrel only when a person lets them. */
export function DuplicateDialog({ name, spec, labels, onClose }: { name: string; spec: unknown; labels: Record<string, string>; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [to, setTo] = useState(`${name}-copy`);
  const fault = nameFault(to.trim());
  const make = useMutation({
    // Refused by the server when the name is taken.
    mutationFn: () => data(api.POST("/api/v1/workflows", { body: { name: to.trim(), labels, spec: spec as Record<string, never> } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["workflow"] });
      await navigate({ to: "/workflows/$name/edit", params: { name: to.trim() } });
    },
  });
  return (
    <FormDialog
      title={`Duplicate ${name}`}
      description="The copy is not live. Give its webhooks other paths before you make it so."
      act="Duplicate and open"
      refused={fault}
      busy={make.isPending}
      problems={make.isError ? [problemOf(make.error)] : []}
      onSend={() => { make.mutate(); }}
      onClose={onClose}
    >
      <Field label="Name of the copy" error={to.trim() === "" ? undefined : fault}>
        {(ids) => <Input {...ids} autoFocus spellCheck={false} value={to} onFocus={(event) => { event.target.select(); }} onChange={(event) => { setTo(event.target.value); make.reset(); }} />}
      </Field>
    </FormDialog>
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input } from "@/kit/Field";

/** A name made of what somebody typed: lower case, words joined by dashes. */
export function nameOf(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
}

/** Asks for a name, and opens the editor on an empty draft. */
export function NewDialog({ taken, onClose }: { taken: string[]; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [title, setTitle] = useState("");
  const name = nameOf(title);
  const make = useMutation({
    mutationFn: () =>
      data(api.PUT("/api/v1/workflows/{name}", { params: { path: { name } }, body: { spec: { nodes: [], edges: [] } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["workflow"] });
      await navigate({ to: "/workflows/$name/edit", params: { name } });
    },
  });
  const error = make.isError ? problemOf(make.error).detail : taken.includes(name) ? "a workflow has this name already" : undefined;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name !== "" && error === undefined) make.mutate();
  };
  return (
    <Dialog
      title="New workflow"
      open
      onOpenChange={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button form="new-workflow" type="submit" look="primary" busy={make.isPending} refused={name === "" ? "Give it a name first" : error}>
            Create and draw
          </Button>
        </>
      }
    >
      <form id="new-workflow" onSubmit={submit}>
        <Field label="Name" error={error} hint={name === "" || name === title ? "Letters, digits and dashes; it is part of addresses." : `It will be called ${name}.`}>
          {(ids) => <Input {...ids} autoFocus value={title} onChange={(event) => { setTitle(event.target.value); make.reset(); }} placeholder="order-intake" />}
        </Field>
      </form>
    </Dialog>
  );
}

import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";

import { api, data, send } from "@/api/client";
import { problemOf } from "@/api/problem";
import { changeOver, here, scopeOf, textOf, type Scope } from "@/api/scope";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Checkbox, Field, Input } from "@/kit/Field";
import { ProblemText } from "@/kit/States";

import { useScopes } from "./scopes";

/** Makes an environment, in this workspace or in a new one, and goes there. */
export function NewScope({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog title="New environment" description="A stage of its own: its workflows, connections and runs are apart from those of the others." open={open} onOpenChange={onOpenChange}>
      {open ? <Form onCancel={() => { onOpenChange(false); }} /> : null}
    </Dialog>
  );
}

function Form({ onCancel }: { onCancel: () => void }) {
  const scopes = useScopes();
  const known = useId();
  const [workspace, setWorkspace] = useState<string>(here.workspace);
  const [environment, setEnvironment] = useState("");
  const [filled, setFilled] = useState(false);
  const wanted = scopeOf(`${workspace.trim()}/${environment.trim()}`);
  const isThere = wanted !== null && scopes.data?.all.some((one) => textOf(one) === textOf(wanted)) === true;
  const make = useMutation({
    mutationFn: async (scope: Scope) => {
      await data(api.POST("/api/v1/scopes", { body: scope }));
      if (filled) await copyInto(scope);
      return scope;
    },
    onSuccess: changeOver,
  });
  const wrong =
    environment.trim() === ""
      ? "Name the environment first"
      : wanted === null
        ? "Names have small letters, digits, - _ and . and begin with a letter or digit"
        : isThere
          ? `${textOf(wanted)} is there already`
          : undefined;
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong === undefined && wanted !== null && !make.isPending) make.mutate(wanted);
      }}
    >
      <Field label="Workspace" hint="A name that is not there yet makes a new workspace, for example for a client.">
        {(ids) => <Input {...ids} list={known} value={workspace} spellCheck={false} autoComplete="off" onChange={(event) => { setWorkspace(event.target.value); }} />}
      </Field>
      <datalist id={known}>{[...new Set((scopes.data?.all ?? []).map((one) => one.workspace))].map((name) => <option key={name} value={name} />)}</datalist>
      <Field label="Environment" error={environment.trim() === "" ? undefined : wrong} hint="dev, staging, prod or another stage.">
        {(ids) => <Input {...ids} autoFocus value={environment} spellCheck={false} autoComplete="off" onChange={(event) => { setEnvironment(event.target.value); }} />}
      </Field>
      <Checkbox checked={filled} onChange={(event) => { setFilled(event.target.checked); }} label={`Begin with a copy of what ${textOf(here)} has; nothing is live there, and secrets are not copied`} />
      {make.isError ? <ProblemText problem={problemOf(make.error)} /> : null}
      <div className="flex justify-end gap-2">
        <Button look="quiet" onClick={onCancel}>Cancel</Button>
        <Button type="submit" look="primary" busy={make.isPending} refused={wrong}>Make and go there</Button>
      </div>
    </form>
  );
}

/** Carries all resources over; an archive is how the server moves them, references and all. */
async function copyInto(scope: Scope): Promise<void> {
  const archive = await (await send(new Request("/api/v1/export?format=zip"))).blob();
  await send(
    new Request("/api/v1/import?name=environment.zip", {
      method: "POST",
      body: archive,
      headers: { "content-type": "application/zip", "fishplate-workspace": scope.workspace, "fishplate-environment": scope.environment },
    }),
  );
}

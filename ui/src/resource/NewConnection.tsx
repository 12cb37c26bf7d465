import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemsOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input } from "@/kit/Field";
import { Unloaded } from "@/kit/Loaded";
import { Failure } from "@/kit/States";

import { withKinds } from "./connectionKinds";
import { useKind } from "./kinds";
import { initial } from "./schema";
import { SchemaForm } from "./SchemaForm";
import { Secrets } from "./Secrets";

/** Makes an account: of certain kinds where only those will do, and with its secrets where one stays on the page. */
export function NewConnection({ called = "", kinds, withSecrets = false, onClose, onMade }: { /** A name that nodes refer to already. */ called?: string; kinds?: readonly string[] | undefined; withSecrets?: boolean; onClose: () => void; onMade: (name: string) => void }) {
  const client = useQueryClient();
  const kind = useKind("connection");
  const schema = kind.data === undefined ? undefined : withKinds(kind.data, kinds);
  const [name, setName] = useState(called);
  const [spec, setSpec] = useState<Record<string, unknown> | null>(null);
  const [made, setMade] = useState(false);
  const value = spec ?? (schema === undefined ? null : { ...(initial(schema, schema) as Record<string, unknown>), hosts: [""] });
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/connections", { body: { name, spec: { ...value, hosts: ((value?.["hosts"] ?? []) as string[]).filter((host) => host !== "") } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["connection"] });
      if (withSecrets) setMade(true);
      onMade(name);
    },
  });
  const problems = problemsOf(make.error);
  if (made) {
    return (
      <Dialog title={`Secrets of ${name}`} description="They are sealed: they can be set, and never be read again." open onOpenChange={onClose} footer={<Button look="primary" onClick={onClose}>Done</Button>}>
        <Secrets name={name} auth={(value?.["auth"] ?? {}) as Record<string, unknown>} />
      </Dialog>
    );
  }
  return (
    <Dialog
      title="New connection"
      description={withSecrets ? "Its secrets are asked for next." : "Its secrets are set on its page, once it is there."}
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={make.isPending} refused={name === "" ? "Give it a name first" : undefined} onClick={() => { make.mutate(); }}>Create</Button></>}
    >
      <div className="flex flex-col gap-4">
        <Field label="Name" hint="Nodes refer to it by this name." error={problems.find((problem) => problem.pointer === "/name")?.detail}>
          {(ids) => <Input {...ids} autoFocus value={name} onChange={(event) => { setName(event.target.value); }} placeholder="shop-api" />}
        </Field>
        {schema === undefined || value === null ? <Unloaded of={kind} /> : <SchemaForm schema={schema} value={value} onChange={setSpec} problems={problems} hide={["secrets"]} />}
        {make.isError && problems.every((problem) => problem.pointer == null) ? <Failure error={make.error} /> : null}
      </div>
    </Dialog>
  );
}

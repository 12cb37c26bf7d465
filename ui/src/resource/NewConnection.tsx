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
import { useConnectors } from "./connectors";
import { ConnectPanel } from "./ConnectPanel";
import { useKind } from "./kinds";
import { DialogFooter, NewAccount, type Made } from "./NewAccount";
import { initial } from "./schema";
import { SchemaForm } from "./SchemaForm";
import { Secrets } from "./Secrets";
import { ServiceList, type Chosen } from "./ServiceList";

interface Props {
  /** A name that nodes refer to already. */
  called?: string;
  /** Kinds of account, where only those will do: no service is asked for. */
  kinds?: readonly string[] | undefined;
  /** Name of the connector, where only an account on its service will do. */
  service?: string | undefined;
  /** One stays on the page: what is left to do is done here. */
  withSecrets?: boolean;
  onClose: () => void;
  onMade: (name: string) => void;
}

/** What is left to do once the connection is there. */
type Left = { secrets: string; auth: Record<string, unknown> } | { connect: Made };

/** Makes an account: first on which service, then what it asks for. */
export function NewConnection({ called = "", kinds, service, withSecrets = false, onClose, onMade }: Props) {
  const connectors = useConnectors(service !== undefined);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [left, setLeft] = useState<Left | null>(null);
  const wanted = service === undefined ? undefined : connectors.data?.find(({ name }) => name === service);
  const connector = chosen !== null && "service" in chosen ? chosen.service : chosen === null ? wanted : undefined;
  const back = chosen === null ? undefined : () => { setChosen(null); };
  // Of a service that the server does not have, an account can be made by hand.
  const strange = service !== undefined && connectors.data !== undefined && wanted === undefined;
  const byHand = chosen !== null && "way" in chosen ? [chosen.way.kind] : chosen === null && (service === undefined || strange) ? kinds : undefined;
  const close = () => {
    onClose();
    // A page that one leaves is left when everything is done.
    if (left !== null && "connect" in left && !withSecrets) onMade(left.connect.name);
  };
  if (left !== null && "secrets" in left) {
    return (
      <Dialog title={`Secrets of ${left.secrets}`} description="They are sealed: they can be set, and never be read again." open onOpenChange={onClose} footer={<Button look="primary" onClick={onClose}>Done</Button>}>
        <Secrets name={left.secrets} auth={left.auth} />
      </Dialog>
    );
  }
  if (left !== null) {
    return (
      <Dialog title={`Connect ${left.connect.name}`} description="It is made. Consent at the service, and it works." open onOpenChange={close} footer={<Button look="primary" onClick={close}>Done</Button>}>
        <ConnectPanel name={left.connect.name} auth={left.connect.auth} begun={left.connect.began} />
      </Dialog>
    );
  }
  return (
    <Dialog
      title={connector === undefined ? "New connection" : `New connection: ${connector.title}`}
      description={connector !== undefined ? connector.summary : byHand === undefined ? "Choose the service that the account is on." : withSecrets ? "Its secrets are asked for next." : "Its secrets are set on its page, once it is there."}
      open
      onOpenChange={onClose}
    >
      {connector !== undefined ? (
        <NewAccount
          key={connector.name}
          connector={connector}
          called={called}
          onBack={back}
          onClose={onClose}
          onMade={(made) => {
            if (made.consent) setLeft({ connect: made });
            if (withSecrets || !made.consent) onMade(made.name);
            if (!made.consent) onClose();
          }}
        />
      ) : byHand !== undefined ? (
        <ByHand
          called={called}
          kinds={byHand}
          onBack={back}
          onClose={onClose}
          onMade={(name, auth) => {
            if (withSecrets) setLeft({ secrets: name, auth });
            onMade(name);
          }}
        />
      ) : service !== undefined && connectors.data === undefined ? (
        <Unloaded of={connectors} />
      ) : (
        <ServiceList onChoose={setChosen} />
      )}
    </Dialog>
  );
}

/** The form of an account that belongs to no service in particular. */
function ByHand({ called, kinds, onBack, onClose, onMade }: { called: string; kinds: readonly string[]; onBack: (() => void) | undefined; onClose: () => void; onMade: (name: string, auth: Record<string, unknown>) => void }) {
  const client = useQueryClient();
  const kind = useKind("connection");
  const schema = kind.data === undefined ? undefined : withKinds(kind.data, kinds);
  const [name, setName] = useState(called);
  const [spec, setSpec] = useState<Record<string, unknown> | null>(null);
  const value = spec ?? (schema === undefined ? null : { ...(initial(schema, schema) as Record<string, unknown>), hosts: [""] });
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/connections", { body: { name, spec: { ...value, hosts: ((value?.["hosts"] ?? []) as string[]).filter((host) => host !== "") } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["connection"] });
      onMade(name, (value?.["auth"] ?? {}) as Record<string, unknown>);
    },
  });
  const problems = problemsOf(make.error);
  return (
    <div className="flex flex-col gap-4">
      <Field label="Name" hint="Nodes refer to it by this name." error={problems.find((problem) => problem.pointer === "/name")?.detail}>
        {(ids) => <Input {...ids} autoFocus value={name} onChange={(event) => { setName(event.target.value); }} placeholder="shop-api" />}
      </Field>
      {schema === undefined || value === null ? <Unloaded of={kind} /> : <SchemaForm schema={schema} value={value} onChange={setSpec} problems={problems} hide={["secrets", "connector", "settings"]} />}
      {make.isError && problems.every((problem) => problem.pointer == null) ? <Failure error={make.error} /> : null}
      <DialogFooter>
        {onBack === undefined ? null : <Button className="mr-auto" onClick={onBack}>Back to services</Button>}
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" busy={make.isPending} refused={name === "" ? "Give it a name first" : undefined} onClick={() => { make.mutate(); }}>Create</Button>
      </DialogFooter>
    </div>
  );
}

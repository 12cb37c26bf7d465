import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemsOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input } from "@/kit/Field";
import { Page, Panel } from "@/kit/Page";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { useKind } from "@/resource/kinds";
import { initial } from "@/resource/schema";
import { SchemaForm } from "@/resource/SchemaForm";

interface Spec {
  title?: string;
  auth?: { type?: string };
  hosts?: string[];
  secrets?: string[];
}

/** Accounts on other services. */
export function ConnectionsPage() {
  const [making, setMaking] = useState(false);
  const list = useQuery({ queryKey: ["connection", "list"], queryFn: () => data(api.GET("/api/v1/connections", { params: { query: { limit: 1000 } } })) });
  return (
    <Page
      title="Connections"
      lead="Accounts on other services. Their secrets are sealed: they can be set, and never be read again."
      actions={<Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New connection</Button>}
    >
      <Panel flush>
        {list.isPending ? (
          <Skeleton />
        ) : list.isError ? (
          <Failure error={list.error} retry={() => void list.refetch()} />
        ) : list.data.items.length === 0 ? (
          <Empty title="No account yet" action={<Button look="primary" onClick={() => { setMaking(true); }}>New connection</Button>}>
            A connection says how requests show who sends them, and which hosts its secret may go to.
          </Empty>
        ) : (
          <Table label="Connections" head={<><Th>Name</Th><Th>Kind</Th><Th>Hosts</Th><Th>Secrets</Th><Th>Changed</Th></>}>
            {list.data.items.map((connection) => {
              const spec = connection.spec as Spec;
              return (
                <Tr key={connection.name}>
                  <Td>
                    <Link to="/connections/$name" params={{ name: connection.name }} className="font-medium hover:underline">{connection.name}</Link>
                    {spec.title === undefined ? null : <span className="ml-2 text-ink-soft">{spec.title}</span>}
                  </Td>
                  <Td><Badge>{spec.auth?.type ?? "?"}</Badge></Td>
                  <Td className="max-w-64 truncate text-ink-soft">{(spec.hosts ?? []).join(", ") || "none"}</Td>
                  <Td>{(spec.secrets ?? []).length > 0 ? <Badge tone="good">{spec.secrets?.join(", ")}</Badge> : <Badge tone="wait">not set</Badge>}</Td>
                  <Td className="text-ink-soft"><Time at={connection.updatedAt} /></Td>
                </Tr>
              );
            })}
          </Table>
        )}
      </Panel>
      {making ? <NewConnection onClose={() => { setMaking(false); }} /> : null}
    </Page>
  );
}

function NewConnection({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const kind = useKind("connection");
  const [name, setName] = useState("");
  const [spec, setSpec] = useState<Record<string, unknown> | null>(null);
  const value = spec ?? (kind.data === undefined ? null : { ...(initial(kind.data, kind.data) as Record<string, unknown>), hosts: [""] });
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/connections", { body: { name, spec: { ...value, hosts: ((value?.["hosts"] ?? []) as string[]).filter((host) => host !== "") } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["connection"] });
      await navigate({ to: "/connections/$name", params: { name } });
    },
  });
  const problems = problemsOf(make.error);
  return (
    <Dialog
      title="New connection"
      description="Its secrets are set on its page, once it is there."
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={make.isPending} refused={name === "" ? "Give it a name first" : undefined} onClick={() => { make.mutate(); }}>Create</Button></>}
    >
      <div className="flex flex-col gap-4">
        <Field label="Name" hint="Nodes refer to it by this name." error={problems.find((problem) => problem.pointer === "/name")?.detail}>
          {(ids) => <Input {...ids} autoFocus value={name} onChange={(event) => { setName(event.target.value); }} placeholder="shop-api" />}
        </Field>
        {kind.data === undefined || value === null ? <Skeleton /> : <SchemaForm schema={kind.data} value={value} onChange={setSpec} problems={problems} hide={["secrets"]} />}
        {make.isError && problems.every((problem) => problem.pointer == null) ? <Failure error={make.error} /> : null}
      </div>
    </Dialog>
  );
}

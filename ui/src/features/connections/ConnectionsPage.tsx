import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Ellipsis, Plus, TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Button, IconButton } from "@/kit/Button";
import { Loaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { plural } from "@/kit/times";
import { Tip } from "@/kit/Tip";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { NewConnection } from "@/resource/NewConnection";
import { RenameDialog } from "@/resource/RenameDialog";
import { ServiceIcon } from "@/resource/ServiceIcon";

import { isWatched, standingOf } from "./health";
import { useHealth } from "./useHealth";

/** How often is looked again how calls go. */
const SELDOM = 30_000;

interface Spec {
  title?: string;
  connector?: string;
  auth?: { type?: string; protocol?: string; host?: string };
  hosts?: string[];
  secrets?: string[];
}

/** Accounts on other services. */
export function ConnectionsPage() {
  const [making, setMaking] = useState(false);
  const navigate = useNavigate();
  const [asked, setAsked] = useState<{ what: "rename" | "delete"; name: string } | null>(null);
  const list = useQuery({ queryKey: ["connection", "list"], queryFn: () => data(api.GET("/api/v1/connections", { params: { query: { limit: 1000 } } })) });
  return (
    <Page
      title="Connections"
      lead="Accounts on other services. Their secrets are sealed: they can be set, and never be read again."
      actions={<Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New connection</Button>}
    >
      <Panel flush>
        <Loaded
          of={list}
          empty={
            <Empty title="No account yet" action={<Button look="primary" onClick={() => { setMaking(true); }}>New connection</Button>}>
              A connection says how requests show who sends them, and which hosts its secret may go to.
            </Empty>
          }
        >
          {({ items }) => (
            <Table label="Connections" head={<><Th>Name</Th><Th>Condition</Th><Th>Calls</Th><Th>Kind</Th><Th>Hosts</Th><Th>Secrets</Th><Th>Changed</Th><Th><span className="sr-only">Acts</span></Th></>}>
              {items.map((connection) => {
                const spec = connection.spec as Spec;
                return (
                  <Tr key={connection.name}>
                    <Td>
                      <span className="flex items-center gap-2.5">
                        <ServiceIcon connector={spec.connector} title={spec.title ?? connection.name} />
                        <span>
                          <Link to="/connections/$name" params={{ name: connection.name }} className="font-medium hover:underline">{connection.name}</Link>
                          {spec.title === undefined ? null : <span className="ml-2 text-ink-soft">{spec.title}</span>}
                        </span>
                      </span>
                    </Td>
                    <Td><Condition name={connection.name} /></Td>
                    <Td>{isWatched(spec.auth) ? <Standing name={connection.name} /> : <span className="text-ink-faint">not watched</span>}</Td>
                    <Td><Badge>{spec.auth?.protocol ?? spec.auth?.type ?? "?"}</Badge></Td>
                    <Td className="max-w-64 truncate text-ink-soft">{[...(spec.auth?.host === undefined ? [] : [spec.auth.host]), ...(spec.hosts ?? [])].join(", ") || "none"}</Td>
                    <Td>{(spec.secrets ?? []).length > 0 ? <Badge tone="good">{spec.secrets?.join(", ")}</Badge> : <Badge tone={spec.auth?.type === "login" ? "neutral" : "wait"}>not set</Badge>}</Td>
                    <Td className="whitespace-nowrap text-ink-soft"><Time at={connection.updatedAt} /></Td>
                    <Td className="w-px">
                      <Menu
                        trigger={<IconButton name={`More for ${connection.name}`} icon={<Ellipsis size={15} />} />}
                        acts={[
                          { name: "Rename…", icon: <TextCursorInput size={13} />, do: () => { setAsked({ what: "rename", name: connection.name }); } },
                          "line",
                          { name: "Delete…", icon: <Trash2 size={13} />, danger: true, do: () => { setAsked({ what: "delete", name: connection.name }); } },
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
      {asked?.what === "rename" ? <RenameDialog kind="connection" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
      {asked?.what === "delete" ? <DeleteDialog kind="connection" name={asked.name} onClose={() => { setAsked(null); }} /> : null}
      {making ? <NewConnection onClose={() => { setMaking(false); }} onMade={(name) => void navigate({ to: "/connections/$name", params: { name } })} /> : null}
    </Page>
  );
}

/** Whether it could work, in a word; the connection's page says the rest. */
function Condition({ name }: { name: string }) {
  const condition = useQuery({ queryKey: ["connection", name, "condition"], queryFn: () => data(api.GET("/api/v1/connections/{name}/condition", { params: { path: { name } } })) });
  if (condition.isPending) return <span className="text-ink-faint">…</span>;
  if (condition.isError) return <span className="text-ink-faint">not known</span>;
  const { runnable, problems, activelyUsedBy } = condition.data;
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      {runnable ? <Badge tone="good">could work</Badge> : <Tip text={problems.map(({ detail }) => detail).join("; ")}><Link to="/connections/$name" params={{ name }}><Badge tone="wait">cannot work</Badge></Link></Tip>}
      {activelyUsedBy.length > 0 ? <span className="text-small whitespace-nowrap text-ink-soft">live in {plural(activelyUsedBy.length, "workflow")}</span> : null}
    </span>
  );
}

/** How its calls go, in a word; the connection's page has the numbers. */
function Standing({ name }: { name: string }) {
  const health = useHealth(name, SELDOM);
  if (health.isPending) return <span className="text-ink-faint">…</span>;
  if (health.data === undefined) return <span className="text-ink-faint">not known</span>;
  const { tone, word } = standingOf(health.data);
  const { lastFailure } = health.data;
  const badge = <Badge tone={tone}>{word}</Badge>;
  return tone === "good" || tone === "neutral" || lastFailure == null ? badge : <Tip text={`The last failure: ${lastFailure}`}><Link to="/connections/$name" params={{ name }}>{badge}</Link></Tip>;
}

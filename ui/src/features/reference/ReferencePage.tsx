import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useMemo, useState } from "react";

import { send } from "@/api/client";
import { Input } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Line } from "@/kit/Prose";
import { Empty } from "@/kit/States";
import { Badge, type Tone } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Tabs } from "@/kit/Tabs";

import { SchemaTree } from "./SchemaTree";
import { operationsOf, typeName, type Document, type Operation } from "./spec";
import { TryIt } from "./TryIt";

const TONES: Record<string, Tone> = { GET: "busy", POST: "good", PUT: "wait", DELETE: "bad" };

/** The API as the server that runs describes it, to read and to try. */
export function ReferencePage() {
  const { at, find } = useSearch({ from: "/shell/reference" });
  const navigate = useNavigate();
  const spec = useQuery({
    queryKey: ["openapi"],
    queryFn: async () => (await (await send(new Request(new URL("/api/v1/openapi.json", location.origin)))).json()) as Document,
    staleTime: Infinity,
  });
  const operations = useMemo(() => (spec.data === undefined ? [] : operationsOf(spec.data)), [spec.data]);
  const words = (find ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = operations.filter((operation) => {
    const text = `${operation.method} ${operation.path} ${operation.id} ${operation.summary} ${operation.group}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const groups = [...new Set(found.map(({ group }) => group))].map((group) => ({ group, operations: found.filter((one) => one.group === group) }));
  const open = at === undefined ? operations[0] : operations.find(({ id }) => id === at);
  return (
    <Page title="API" lead="All that this app does goes through these operations. The document is at /api/v1/openapi.json.">
      <Loaded of={spec} lines={10}>
        {(document) => (
          <div className="grid grid-cols-[19rem_minmax(0,1fr)] items-start gap-6 max-lg:grid-cols-1">
            <div className="flex flex-col gap-3 lg:sticky lg:top-4">
              <div className="relative">
                <Search size={14} aria-hidden className="absolute top-2.25 left-2.5 text-ink-faint" />
                <Input
                  type="search"
                  aria-label="Find operations"
                  placeholder="Find by path, name or words"
                  className="pl-8"
                  value={find ?? ""}
                  onChange={(event) => void navigate({ to: "/reference", search: (old) => ({ ...old, find: event.target.value }), replace: true })}
                />
              </div>
              <nav aria-label="Operations" className="flex max-h-[75vh] flex-col gap-3 overflow-y-auto max-lg:max-h-64">
                {groups.map(({ group, operations: all }) => (
                  <div key={group}>
                    <h2 className="px-2 pb-1 text-tiny font-medium text-ink-faint first-letter:uppercase">{group}</h2>
                    {all.map((operation) => (
                      <Link
                        key={operation.id}
                        to="/reference"
                        search={{ at: operation.id, ...(find === undefined ? {} : { find }) }}
                        aria-current={open?.id === operation.id ? "page" : undefined}
                        className="flex items-center gap-2 rounded-base px-2 py-1 text-ink-soft hover:bg-line/50 hover:text-ink aria-[current=page]:bg-surface aria-[current=page]:text-ink aria-[current=page]:shadow-low"
                      >
                        <Method of={operation.method} />
                        <span className="min-w-0 truncate" title={operation.summary}>{operation.summary}</span>
                      </Link>
                    ))}
                  </div>
                ))}
                {groups.length === 0 ? <p role="status" className="px-2 text-ink-soft">No operation has these words.</p> : null}
              </nav>
            </div>
            {open === undefined ? (
              <Empty title={`There is no operation ${at ?? ""}`}>Another release may have it, or it was renamed.</Empty>
            ) : (
              <Shown key={open.id} document={document} operation={open} />
            )}
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Method({ of }: { of: string }) {
  return (
    <span className="inline-flex w-15 shrink-0 justify-start">
      <Badge tone={TONES[of] ?? "neutral"}>{of}</Badge>
    </span>
  );
}

/** One operation: what it does, what goes in and comes out, and a place to try it. */
function Shown({ document, operation }: { document: Document; operation: Operation }) {
  const [tab, setTab] = useState("read");
  return (
    <article className="min-w-0 rounded-large border bg-surface shadow-low">
      <header className="flex flex-col gap-2 p-5 pb-3">
        <h2 className="text-large font-semibold">{operation.summary}</h2>
        <p className="flex flex-wrap items-center gap-2 font-mono text-small break-all">
          <Badge tone={TONES[operation.method] ?? "neutral"}>{operation.method}</Badge> {operation.path}
        </p>
        {operation.description === undefined ? null : <p className="text-ink-soft"><Line text={operation.description} /></p>}
        <p className="text-small text-ink-soft">
          {operation.access === undefined ? null : operation.access === "public" ? "Needs no token · " : <>Needs <code className="font-mono">{operation.access}</code> · </>}
          Name <code className="font-mono">{operation.id}</code>
        </p>
      </header>
      <Tabs
        label="Operation"
        value={tab}
        onChange={setTab}
        tabs={[
          { value: "read", name: "Read", content: <div className="p-5"><Contract document={document} operation={operation} /></div> },
          { value: "try", name: "Try it", content: <div className="p-5"><TryIt document={document} operation={operation} /></div> },
        ]}
      />
    </article>
  );
}

function Contract({ document, operation }: { document: Document; operation: Operation }) {
  return (
    <div className="flex flex-col gap-5">
      {operation.parameters.length === 0 ? null : (
        <Panel title="Parameters" flush>
          <Table label="Parameters" head={<><Th>Name</Th><Th>In</Th><Th>Type</Th><Th>What it is</Th></>}>
            {operation.parameters.map((parameter) => (
              <Tr key={parameter.in + parameter.name}>
                <Td className="font-mono text-small whitespace-nowrap">{parameter.name}{parameter.required === true ? <span className="text-wait"> *</span> : null}</Td>
                <Td className="text-ink-soft">{parameter.in}</Td>
                <Td className="font-mono text-small text-accent">{typeName(parameter.schema)}</Td>
                <Td className="text-ink-soft">{parameter.description === undefined ? "" : <Line text={parameter.description} />}</Td>
              </Tr>
            ))}
          </Table>
        </Panel>
      )}
      {operation.body === undefined ? null : (
        <Panel title={`Body: ${operation.body.type}`}>
          <SchemaTree document={document} schema={operation.body.schema} />
        </Panel>
      )}
      {operation.answers.map((answer) => (
        <Panel key={answer.status} title={answer.status === "default" ? "Refusals" : `Answer ${answer.status}`}>
          {answer.description === "" ? null : <p className="mb-2 text-ink-soft">{answer.description}</p>}
          {answer.type === undefined ? <p className="text-ink-faint">No body.</p> : answer.schema === undefined ? <p className="font-mono text-small">{answer.type}</p> : <SchemaTree document={document} schema={answer.schema} />}
        </Panel>
      ))}
    </div>
  );
}

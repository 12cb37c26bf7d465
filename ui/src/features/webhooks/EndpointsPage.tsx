import { Ellipsis, History as HistoryIcon, Link2, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";

import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Loaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { History } from "@/resource/History";
import { Uses } from "@/resource/Uses";

import { EndpointDialog } from "./EndpointDialog";
import { callersOf, takersOf, useEndpoints, type EndpointSpec } from "./endpoints";
import { Frame } from "./Frame";

type Asked = "edit" | "delete" | "history" | "uses";

/** Addresses of their own, and which workflows get what comes to them. */
export function EndpointsPage() {
  const [making, setMaking] = useState(false);
  const [asked, setAsked] = useState<{ what: Asked; name: string } | null>(null);
  const list = useEndpoints();
  const make = <Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New endpoint</Button>;
  const of = list.data?.items.find(({ name }) => name === asked?.name);
  const close = (): void => { setAsked(null); };
  return (
    <Frame title="Endpoints" lead="Addresses that give what comes to several workflows, by type and content." actions={make}>
      <Panel flush>
        <Loaded of={list} empty={<Empty title="No endpoint yet" action={make}>One address for all that a service sends: each kind of event goes to the workflow that wants it, and events of one key keep their order.</Empty>}>
          {({ items }) => (
            <Table label="Endpoints" head={<><Th>Name</Th><Th>Address</Th><Th>Who may call</Th><Th>Goes to</Th><Th>Changed</Th><Th><span className="sr-only">Acts</span></Th></>}>
              {items.map((endpoint) => {
                const spec = endpoint.spec as unknown as EndpointSpec;
                const ask = (what: Asked) => () => { setAsked({ what, name: endpoint.name }); };
                return (
                  <Tr key={endpoint.name}>
                    <Td><button type="button" className="font-mono text-small font-medium hover:underline" onClick={ask("edit")}>{endpoint.name}</button>{spec.disabled === true ? <span className="ml-2"><Badge>off</Badge></span> : null}</Td>
                    <Td className="font-mono text-small">{(spec.methods ?? ["POST"]).join(", ")} {spec.path}</Td>
                    <Td className="text-ink-soft">{callersOf(spec)}</Td>
                    <Td className="max-w-80 truncate">{takersOf(spec).join(", ")}</Td>
                    <Td className="text-ink-soft"><Time at={endpoint.updatedAt} /></Td>
                    <Td className="w-px">
                      <span className="flex justify-end">
                        <IconButton name={`Edit ${endpoint.name}`} icon={<Pencil size={14} />} onClick={ask("edit")} />
                        <Menu
                          trigger={<IconButton name={`More for ${endpoint.name}`} icon={<Ellipsis size={15} />} />}
                          acts={[
                            { name: "What it uses", icon: <Link2 size={13} />, do: ask("uses") },
                            { name: "History", icon: <HistoryIcon size={13} />, do: ask("history") },
                            "line",
                            { name: "Delete…", icon: <Trash2 size={13} />, danger: true, do: ask("delete") },
                          ]}
                        />
                      </span>
                    </Td>
                  </Tr>
                );
              })}
            </Table>
          )}
        </Loaded>
      </Panel>
      {making ? <EndpointDialog taken={list.data?.items.map(({ name }) => name) ?? []} onClose={() => { setMaking(false); }} /> : null}
      {asked?.what === "edit" && of !== undefined ? <EndpointDialog stored={{ name: of.name, spec: of.spec as unknown as EndpointSpec, revision: of.revision, labels: of.labels ?? {} }} onClose={close} /> : null}
      {asked?.what === "delete" ? <DeleteDialog kind="endpoint" name={asked.name} onClose={close} /> : null}
      <Dialog title={`History of ${asked?.name ?? ""}`} open={asked?.what === "history"} wide onOpenChange={close}>
        {asked?.what === "history" ? <History kind="endpoint" name={asked.name} /> : null}
      </Dialog>
      <Dialog title={`What ${asked?.name ?? ""} uses`} open={asked?.what === "uses"} onOpenChange={close}>
        {asked?.what === "uses" ? <Uses kind="endpoint" name={asked.name} /> : null}
      </Dialog>
    </Frame>
  );
}

import { Ellipsis, FileText, History as HistoryIcon, Pencil, Plus, Send, Trash2 } from "lucide-react";
import { useState } from "react";

import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Drawer } from "@/kit/Drawer";
import { Loaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { Tip } from "@/kit/Tip";
import { plural } from "@/kit/times";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { EventSheet } from "@/resource/EventSheet";
import { History } from "@/resource/History";
import type { EventTypeSpec } from "@/resource/subscribers";

import { EventTypeDialog } from "./EventTypeDialog";
import { Frame } from "./Frame";
import { PostDialog } from "./PostDialog";
import { hearers, useEventTypes, useSubscribers } from "./queries";

type Asked = "edit" | "post" | "delete" | "history" | "look";

/** What can happen, and of which others can hear. */
export function EventTypesPage() {
  const [making, setMaking] = useState(false);
  const [asked, setAsked] = useState<{ what: Asked; name: string } | null>(null);
  const list = useEventTypes();
  const subscribers = useSubscribers();
  const make = <Button look="primary" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New event type</Button>;
  const of = list.data?.items.find(({ name }) => name === asked?.name);
  const close = (): void => { setAsked(null); };
  const spec = of?.spec as EventTypeSpec | undefined;
  return (
    <Frame title="Event types" lead="What can happen, and of which others can hear." actions={make}>
      <Panel flush>
        <Loaded of={list} empty={<Empty title="No event type yet" action={make}>Name what happens in your product as those see it who subscribe: <code className="font-mono text-small">invoice.paid</code>, <code className="font-mono text-small">order.shipped</code>. Only what has a type can be posted, so that nothing goes out by a slip of the pen.</Empty>}>
          {({ items }) => (
            <Table label="Event types" head={<><Th>Name</Th><Th>What happened then</Th><Th>Data</Th><Th>Heard by</Th><Th>Changed</Th><Th><span className="sr-only">Acts</span></Th></>}>
              {items.map((type) => {
                const { description, schema, example, deprecated } = type.spec as EventTypeSpec;
                const heard = subscribers.data === undefined ? null : hearers(subscribers.data.items, type.name);
                const ask = (what: Asked) => () => { setAsked({ what, name: type.name }); };
                return (
                  <Tr key={type.name}>
                    <Td><button type="button" className="font-mono text-small font-medium hover:underline" onClick={ask("look")}>{type.name}</button>{deprecated === true ? <span className="ml-2"><Badge tone="wait">deprecated</Badge></span> : null}</Td>
                    <Td className="max-w-80 truncate text-ink-soft">{description}</Td>
                    <Td><span className="flex gap-1">{schema === undefined ? <Badge>anything</Badge> : <Badge tone="good">schema</Badge>}{example === undefined ? null : <Badge>example</Badge>}</span></Td>
                    <Td className="whitespace-nowrap text-ink-soft">{heard === null ? "…" : heard.length === 0 ? "nobody" : <Tip text={heard.join(", ")}><button type="button" className="cursor-default">{plural(heard.length, "subscriber")}</button></Tip>}</Td>
                    <Td className="text-ink-soft"><Time at={type.updatedAt} /></Td>
                    <Td className="w-px">
                      <span className="flex justify-end">
                        <IconButton name={`Post ${type.name}`} icon={<Send size={14} />} onClick={ask("post")} />
                        <IconButton name={`Edit ${type.name}`} icon={<Pencil size={14} />} onClick={ask("edit")} />
                        <Menu
                          trigger={<IconButton name={`More for ${type.name}`} icon={<Ellipsis size={15} />} />}
                          acts={[
                            { name: "Look at it", icon: <FileText size={13} />, do: ask("look") },
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
      {making ? <EventTypeDialog taken={list.data?.items.map(({ name }) => name) ?? []} onClose={() => { setMaking(false); }} /> : null}
      {asked?.what === "edit" && of !== undefined && spec !== undefined ? <EventTypeDialog stored={{ name: of.name, spec, revision: of.revision, labels: of.labels ?? {} }} onClose={close} /> : null}
      {asked?.what === "post" && of !== undefined && spec !== undefined ? <PostDialog type={{ ...spec, name: of.name }} onClose={close} /> : null}
      {asked?.what === "delete" ? <DeleteDialog kind="event-type" name={asked.name} onClose={close} /> : null}
      {asked?.what === "look" && of !== undefined && spec !== undefined ? (
        <Drawer title={of.name} onClose={close} footer={<><Button icon={<Pencil size={14} />} onClick={() => { setAsked({ what: "edit", name: of.name }); }}>Edit…</Button><Button look="primary" icon={<Send size={14} />} onClick={() => { setAsked({ what: "post", name: of.name }); }}>Post one…</Button></>}>
          <EventSheet type={{ ...spec, name: of.name }} />
        </Drawer>
      ) : null}
      <Dialog title={`History of ${asked?.name ?? ""}`} open={asked?.what === "history"} wide onOpenChange={close}>
        {asked?.what === "history" ? <History kind="event-type" name={asked.name} /> : null}
      </Dialog>
    </Frame>
  );
}

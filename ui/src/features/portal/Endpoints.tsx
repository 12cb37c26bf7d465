import { ChevronRight, Plus } from "lucide-react";
import { useState } from "react";

import { Button } from "@/kit/Button";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { counted, eventsText, stateOf } from "@/resource/subscribers";

import { Art } from "./Art";
import { EndpointDialog } from "./EndpointDialog";
import { useVisit, type Portal } from "./portal";

/** The customer's addresses, and how each of them is. */
export function Endpoints({ portal, onOpen, onEvents }: { portal: Portal; onOpen: (name: string) => void; onEvents: () => void }) {
  const { refused } = useVisit();
  const [adding, setAdding] = useState(false);
  const add = <Button look="primary" icon={<Plus size={14} />} refused={refused} onClick={() => { setAdding(true); }}>Add an endpoint</Button>;
  return (
    <div className="py-4">
      {portal.subscribers.length === 0 ? (
        <div className="rounded-large border bg-surface shadow-low">
          <Empty art={<Art />} title="No endpoint yet" action={<>{add}<Button onClick={onEvents}>See the events</Button></>}>
            Add the address of your server. You get a signed message there whenever something happens, tried again until you take it.
          </Empty>
        </div>
      ) : (
        <div className="flex flex-col gap-3">
          <div className="flex justify-end">{add}</div>
          <ul className="flex flex-col gap-3">
            {portal.subscribers.map(({ endpoint, info }) => {
              const { tone, word } = stateOf(info);
              return (
                <li key={info.name}>
                  <button type="button" className="flex w-full items-center gap-3 rounded-large border bg-surface px-4 py-3 text-left shadow-low hover:border-line-strong" onClick={() => { onOpen(info.name); }}>
                    <span className="min-w-0 flex-1">
                      <span className="flex flex-wrap items-center gap-x-2 gap-y-1"><span className="font-mono text-small font-medium break-all">{endpoint.url}</span><Badge tone={tone}>{word}</Badge></span>
                      {endpoint.description === undefined || endpoint.description === "" ? null : <span className="block break-words">{endpoint.description}</span>}
                      <span className="block text-small break-words text-ink-soft">
                        {eventsText(endpoint.events) === "all" ? "all events" : eventsText(endpoint.events)} · {info.succeededAt == null ? "nothing taken yet" : <>last taken <Time at={info.succeededAt} /></>}
                        {info.waiting > 0 ? ` · ${counted(info.waiting)} waiting` : ""}
                        {info.failed > 0 ? <span className="text-bad"> · {counted(info.failed)} failed</span> : null}
                      </span>
                    </span>
                    <ChevronRight size={15} aria-hidden className="shrink-0 text-ink-faint" />
                  </button>
                </li>
              );
            })}
          </ul>
        </div>
      )}
      {adding ? <EndpointDialog types={portal.eventTypes} onClose={() => { setAdding(false); }} onDone={onOpen} /> : null}
    </div>
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, Pause, Pencil, Play, RotateCcw, Send, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Panel } from "@/kit/Page";
import { ProblemText } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { ReceiverKey } from "@/resource/ReceiverKey";
import { SendTest } from "@/resource/SendTest";
import { SinceDialog } from "@/resource/SinceDialog";
import { counted, eventsText, stateOf, type KnownEvent } from "@/resource/subscribers";
import { VerifyCode } from "@/resource/VerifyCode";

import { EndpointDialog } from "./EndpointDialog";
import { EndpointLog } from "./EndpointLog";
import { useVisit, type PortalSubscriber } from "./portal";

type Asked = "edit" | "test" | "recover" | "remove";

/** One endpoint: how it is, its key, and what became of its messages. */
export function EndpointPage({ endpoint: { endpoint, info }, types, onBack }: { endpoint: PortalSubscriber; types: readonly KnownEvent[]; onBack: () => void }) {
  const { door, refused } = useVisit();
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  // What was pressed to come here is gone.
  useEffect(() => { heading.current?.focus(); }, []);
  const path = { params: { path: { name: info.name } } };
  const again = (): void => void client.invalidateQueries({ queryKey: ["portal"] });
  const close = (): void => { setAsked(null); };
  const turn = useMutation({
    mutationFn: (act: "stop" | "resume") => data(act === "stop" ? door.POST("/api/v1/portal/subscribers/{name}/stop", path) : door.POST("/api/v1/portal/subscribers/{name}/resume", path)),
    onSuccess: (_, act) => { toasts.done(act === "stop" ? "It is stopped; what comes waits" : "Messages are sent again"); },
    onError: (error) => { toasts.failed("It stays as it is", error); },
    onSettled: again,
  });
  const { tone, word, about } = stateOf(info);
  const signing = endpoint.signing ?? "hmac";
  const failed = info.reason != null && info.failedAt != null && (info.succeededAt ?? 0) <= info.failedAt;
  return (
    <div className="flex flex-col gap-5">
      <div>
        <Button look="quiet" icon={<ArrowLeft size={14} />} className="-ml-2.5" onClick={onBack}>All endpoints</Button>
        <h2 ref={heading} tabIndex={-1} className="mt-1 font-mono text-large font-semibold break-all outline-none">{endpoint.url}</h2>
        {endpoint.description === undefined || endpoint.description === "" ? null : <p className="break-words text-ink-soft">{endpoint.description}</p>}
        <p className="mt-1 text-small break-words text-ink-soft">Hears of {eventsText(endpoint.events) === "all" ? "all events" : (endpoint.events ?? []).join(", ")}</p>
      </div>
      <div className="flex flex-wrap gap-2">
        <Button look="primary" icon={<Send size={14} />} refused={refused} onClick={() => { setAsked("test"); }}>Send a test…</Button>
        <Button icon={<Pencil size={14} />} refused={refused} onClick={() => { setAsked("edit"); }}>Edit…</Button>
        {info.state === "delivering" ? (
          <Button icon={<Pause size={14} />} busy={turn.isPending} refused={refused} onClick={() => { turn.mutate("stop"); }}>Stop</Button>
        ) : (
          <Button icon={<Play size={14} />} busy={turn.isPending} refused={refused} onClick={() => { turn.mutate("resume"); }}>Resume</Button>
        )}
        <Button icon={<RotateCcw size={14} />} refused={refused ?? (info.failed === 0 ? "Nothing has failed" : undefined)} onClick={() => { setAsked("recover"); }}>Try failed ones again…</Button>
        <Button look="danger" icon={<Trash2 size={14} />} refused={refused} onClick={() => { setAsked("remove"); }}>Remove…</Button>
      </div>
      <Panel title="State">
        <p><Badge tone={tone}>{word}</Badge> <span className="text-ink-soft">{about}</span></p>
        {failed ? <p className="mt-3 rounded-base bg-bad-soft px-3 py-2 break-words"><span className="font-medium">The last failure</span>: {info.reason}</p> : null}
        <p className="mt-2 text-ink-soft">So since <Time at={info.failingSince ?? info.stateAt} /> · {counted(info.waiting)} waiting · {counted(info.failed)} failed for good · {info.succeededAt == null ? "nothing taken yet" : <>last taken <Time at={info.succeededAt} /></>}</p>
      </Panel>
      <EndpointLog name={info.name} types={types} signing={signing} headers={endpoint.headers} />
      <Panel title="Key">
        <ReceiverKey
          key={signing}
          signing={signing}
          refused={refused}
          show={() => data(door.GET("/api/v1/portal/subscribers/{name}/key", path))}
          rotate={(atOnce) => data(door.POST("/api/v1/portal/subscribers/{name}/rotate", { ...path, body: { atOnce } }))}
          previousUntil={info.previousKeyUntil}
          onRotated={again}
        />
      </Panel>
      <Panel title="How you check a message"><VerifyCode signing={signing} /></Panel>
      {asked === "edit" ? <EndpointDialog stored={{ name: info.name, endpoint }} types={types} onClose={close} /> : null}
      {asked === "test" ? <SendTest name={hostOf(endpoint.url)} types={types} send={(event) => data(door.POST("/api/v1/portal/subscribers/{name}/test", { ...path, body: event === undefined ? {} : { event } }))} onClose={close} onSent={again} /> : null}
      {asked === "recover" ? (
        <SinceDialog
          title="Try failed ones again"
          description="Messages that failed for good are tried again, now."
          act="Try again"
          one="message is tried again"
          many="messages are tried again"
          none="None had failed since then"
          run={(since) => data(door.POST("/api/v1/portal/subscribers/{name}/recover", { ...path, body: { since } }))}
          onClose={close}
          onDone={again}
        />
      ) : null}
      {asked === "remove" ? <Remove name={info.name} url={endpoint.url} onClose={close} onDone={onBack} /> : null}
    </div>
  );
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

function Remove({ name, url, onClose, onDone }: { name: string; url: string; onClose: () => void; onDone: () => void }) {
  const { door } = useVisit();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => data(door.DELETE("/api/v1/portal/subscribers/{name}", { params: { path: { name } } })),
    onSuccess: () => {
      toasts.done("The endpoint is gone");
      onClose();
      onDone();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["portal"] }),
  });
  return (
    <Dialog
      title="Remove this endpoint?"
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="danger" icon={<Trash2 size={13} />} busy={remove.isPending} onClick={() => { remove.mutate(); }}>Remove it</Button></>}
    >
      <p className="break-words"><span className="font-mono text-small break-all">{url}</span> gets nothing any more, not even what waits for it. Added again, it has another key.</p>
      {remove.isError ? <div role="alert" className="mt-3"><ProblemText problem={problemOf(remove.error)} /></div> : null}
    </Dialog>
  );
}

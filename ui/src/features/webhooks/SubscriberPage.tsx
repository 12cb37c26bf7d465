import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Ellipsis, History as HistoryIcon, Pause, Pencil, Play, RotateCcw, Send, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";

import { api, data } from "@/api/client";
import { isGone } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { CodeBlock } from "@/kit/CodeBlock";
import { Select } from "@/kit/Field";
import { Loaded, More, Unloaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { PROGRESS, progressOf, type Progress } from "@/resource/deliveries";
import { DeliveryRows } from "@/resource/DeliveryRows";
import { History } from "@/resource/History";
import { ReceiverKey } from "@/resource/ReceiverKey";
import { SendTest } from "@/resource/SendTest";
import { SinceDialog } from "@/resource/SinceDialog";
import { counted, stateOf, type SubscriberInfo, type SubscriberSpec } from "@/resource/subscribers";
import { VerifyCode } from "@/resource/VerifyCode";

import { DeliveryDrawer } from "./DeliveryDrawer";
import { Frame } from "./Frame";
import { AGAIN, knownEvents, useEventTypes } from "./queries";
import { SubscriberDialog } from "./SubscriberDialog";
import { useDeliveries } from "./useDeliveries";

type Asked = "edit" | "test" | "recover" | "replay" | "delete";

/** A subscriber: how it is, what it gets, its key, and what became of its messages. */
export function SubscriberPage() {
  const { name } = useParams({ from: "/shell/webhooks/subscribers/$name" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const path = { params: { path: { name } } };
  const resource = useQuery({ queryKey: ["subscriber", name], queryFn: () => data(api.GET("/api/v1/subscribers/{name}", path)) });
  const info = useQuery({ queryKey: ["subscriber", name, "state"], queryFn: () => data(api.GET("/api/v1/subscribers/{name}/state", path)), refetchInterval: AGAIN });
  const types = useEventTypes();
  const [asked, setAsked] = useState<Asked | null>(null);
  const again = (): void => {
    void client.invalidateQueries({ queryKey: ["subscriber"] });
    void client.invalidateQueries({ queryKey: ["delivery"] });
  };
  const turn = useMutation({
    mutationFn: (act: "stop" | "resume") => data(act === "stop" ? api.POST("/api/v1/subscribers/{name}/stop", path) : api.POST("/api/v1/subscribers/{name}/resume", path)),
    onSuccess: (_, act) => { toasts.done(act === "stop" ? "It is stopped; what comes waits" : "It is delivered to again"); },
    onError: (error) => { toasts.failed("It stays as it is", error); },
    onSettled: again,
  });
  if (resource.data === undefined || isGone(resource.error)) return <Frame title={name} within="Subscribers"><Unloaded of={resource} /></Frame>;
  const spec = resource.data.spec as SubscriberSpec;
  const signing = spec.signing ?? "hmac";
  const isOn = info.data === undefined || info.data.state === "delivering";
  const close = (): void => { setAsked(null); };
  return (
    <Frame
      title={name}
      within="Subscribers"
      lead={spec.description}
      actions={
        <>
          <Button look="primary" icon={<Send size={14} />} onClick={() => { setAsked("test"); }}>Send a test…</Button>
          {isOn ? (
            <Button icon={<Pause size={14} />} busy={turn.isPending} refused={info.data === undefined ? "It is being looked how it is" : undefined} onClick={() => { turn.mutate("stop"); }}>Stop</Button>
          ) : (
            <Button icon={<Play size={14} />} busy={turn.isPending} onClick={() => { turn.mutate("resume"); }}>Resume</Button>
          )}
          <Button icon={<Pencil size={14} />} onClick={() => { setAsked("edit"); }}>Edit…</Button>
          <Menu
            trigger={<IconButton name="More" look="plain" icon={<Ellipsis size={15} />} />}
            acts={[
              { name: "Try failed ones again…", icon: <RotateCcw size={13} />, do: () => { setAsked("recover"); } },
              { name: "Send what it missed…", icon: <HistoryIcon size={13} />, do: () => { setAsked("replay"); } },
              "line",
              { name: "Delete…", icon: <Trash2 size={13} />, danger: true, do: () => { setAsked("delete"); } },
            ]}
          />
        </>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-2">
        <div className="flex flex-col gap-6">
          <Panel title="State"><Loaded of={info} lines={3}>{(known) => <State info={known} onRecover={() => { setAsked("recover"); }} />}</Loaded></Panel>
          <Panel title="What it gets"><Settings spec={spec} /></Panel>
        </div>
        <div className="flex flex-col gap-6">
          <Panel title="Key">
            <ReceiverKey
              key={signing}
              signing={signing}
              show={() => data(api.GET("/api/v1/subscribers/{name}/key", path))}
              rotate={(atOnce) => data(api.POST("/api/v1/subscribers/{name}/rotate", { ...path, body: { atOnce } }))}
              previousUntil={info.data?.previousKeyUntil}
              onRotated={again}
            />
          </Panel>
          <Panel title="How the receiver checks it"><VerifyCode signing={signing} /></Panel>
        </div>
        <div className="flex flex-col gap-6 lg:col-span-2">
          <Log name={name} onTest={() => { setAsked("test"); }} />
          <Panel flush title="History"><History kind="subscriber" name={name} /></Panel>
        </div>
      </div>
      {asked === "edit" ? <SubscriberDialog stored={{ name, spec, revision: resource.data.revision, labels: resource.data.labels ?? {} }} onClose={close} /> : null}
      {asked === "test" ? (
        <SendTest name={name} types={knownEvents(types.data?.items)} send={(event) => data(api.POST("/api/v1/subscribers/{name}/test", { ...path, body: event === undefined ? {} : { event } }))} onClose={close} onSent={again} />
      ) : null}
      {asked === "recover" ? (
        <SinceDialog
          title="Try failed ones again"
          description={`Deliveries to ${name} that failed for good are tried again, now.`}
          act="Try again"
          one="delivery is tried again"
          many="deliveries are tried again"
          none="None had failed since then"
          run={(since) => data(api.POST("/api/v1/subscribers/{name}/recover", { ...path, body: { since } }))}
          onClose={close}
          onDone={again}
        />
      ) : null}
      {asked === "replay" ? (
        <SinceDialog
          title="Send what it missed"
          description={`Messages that ${name} wants and never got, because it came later or wanted others then.`}
          act="Send them"
          one="message is on its way"
          many="messages are on their way"
          none="It has missed none since then"
          run={(since) => data(api.POST("/api/v1/subscribers/{name}/replay", { ...path, body: { since } }))}
          onClose={close}
          onDone={again}
        />
      ) : null}
      {asked === "delete" ? <DeleteDialog kind="subscriber" name={name} onClose={close} onDone={() => navigate({ to: "/webhooks" })} /> : null}
    </Frame>
  );
}

function State({ info, onRecover }: { info: SubscriberInfo; onRecover: () => void }) {
  const { tone, word, about } = stateOf(info);
  return (
    <div className="flex flex-col gap-3">
      <p><Badge tone={tone}>{word}</Badge> <span className="text-ink-soft">{about}</span></p>
      {info.reason == null || info.failedAt == null || (info.succeededAt ?? 0) > info.failedAt ? null : <p className="rounded-base bg-bad-soft px-3 py-2 break-words"><span className="font-medium">The last failure</span> <span className="text-ink-soft">(<Time at={info.failedAt} />)</span>: {info.reason}</p>}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        <Fact name="So since"><Time at={info.failingSince ?? info.stateAt} /></Fact>
        <Fact name="Waiting">{counted(info.waiting)}</Fact>
        <Fact name="Failed for good">{counted(info.failed)}{info.failed > 0 ? <Button look="quiet" className="ml-2 h-5!" onClick={onRecover}>Try again…</Button> : null}</Fact>
        <Fact name="Last success">{info.succeededAt == null ? "never" : <Time at={info.succeededAt} />}</Fact>
        {info.probeAt == null ? null : <Fact name="Next probe"><Time at={info.probeAt} /></Fact>}
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <><dt className="text-ink-soft">{name}</dt><dd className="min-w-0 break-words">{children}</dd></>;
}

function Settings({ spec }: { spec: SubscriberSpec }) {
  const headers = Object.entries(spec.headers ?? {});
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
      <Fact name="Address"><code className="font-mono text-small break-all">{spec.url}</code></Fact>
      <Fact name="Customer">{spec.customer ?? "everybody's events"}</Fact>
      <Fact name="Events">{(spec.events ?? []).length === 0 ? "all" : <span className="flex flex-wrap gap-1">{spec.events?.map((event) => <Badge key={event}>{event}</Badge>)}</span>}</Fact>
      {spec.filter == null ? null : <Fact name="Filter"><code className="font-mono text-small break-all">{spec.filter}</code></Fact>}
      {spec.transform == null ? null : <Fact name="Transform"><CodeBlock text={JSON.stringify(spec.transform, null, 2)} label="Transform" /></Fact>}
      {headers.length === 0 ? null : <Fact name="Headers"><span className="flex flex-col font-mono text-small">{headers.map(([name, value]) => <span key={name} className="break-all">{name}: {value}</span>)}</span></Fact>}
      {spec.limit == null ? null : <Fact name="At most">{spec.limit.calls} in {spec.limit.per}</Fact>}
      <Fact name="Timeout">{spec.timeout ?? "15s"}</Fact>
      <Fact name="Next tries after">{spec.retries == null ? "5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h" : spec.retries.length === 0 ? "none: there is a single try" : spec.retries.join(", ")}</Fact>
    </dl>
  );
}

/** What became of its messages. */
function Log({ name, onTest }: { name: string; onTest: () => void }) {
  const [status, setStatus] = useState<Progress | "">("");
  const [open, setOpen] = useState<string | null>(null);
  const list = useDeliveries({ subscriber: name, ...(status === "" ? {} : { status }) });
  return (
    <Panel
      flush
      title="Deliveries"
      actions={
        <Select aria-label="State of deliveries" className="h-7! w-auto!" value={status} onChange={(event) => { setStatus(PROGRESS.find((known) => known === event.target.value) ?? ""); }}>
          <option value="">All states</option>
          {PROGRESS.map((known) => <option key={known} value={known}>{progressOf({ status: known, attempts: 0 }).word}</option>)}
        </Select>
      }
    >
      <Loaded of={list} lines={4} empty={status === "" ? <Empty title="Nothing was sent to it yet" action={<Button onClick={onTest}>Send a test…</Button>} /> : <Empty title="No delivery is like that" />}>
        {(deliveries) => <DeliveryRows deliveries={deliveries} onOpen={({ message }) => { setOpen(message); }} />}
      </Loaded>
      <More of={list} />
      {open === null ? null : <DeliveryDrawer message={open} subscriber={name} onClose={() => { setOpen(null); }} />}
    </Panel>
  );
}

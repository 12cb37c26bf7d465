import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useState } from "react";

import { data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Drawer } from "@/kit/Drawer";
import { Select } from "@/kit/Field";
import { Loaded, More } from "@/kit/Loaded";
import { Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { toasts } from "@/kit/toasts";
import { PROGRESS, progressOf, type Delivery, type Progress, type Signing } from "@/resource/deliveries";
import { DeliveryRows } from "@/resource/DeliveryRows";
import { DeliveryView } from "@/resource/DeliveryView";
import { pagesOf } from "@/resource/pages";
import type { KnownEvent } from "@/resource/subscribers";

import { Art } from "./Art";
import { AGAIN, useVisit } from "./portal";

const PAGE = 25;
const LIVE_PAGES = 2;

/** What was sent to an endpoint, and what became of it. */
export function EndpointLog({ name, types, signing, headers }: { name: string; types: readonly KnownEvent[]; signing: Signing; headers: Record<string, string> | undefined }) {
  const { door } = useVisit();
  const [status, setStatus] = useState<Progress | "">("");
  const [event, setEvent] = useState("");
  const [open, setOpen] = useState<string | null>(null);
  const filter = { ...(status === "" ? {} : { status }), ...(event === "" ? {} : { event }) };
  const list = useInfiniteQuery({
    ...pagesOf<Delivery>(["portal", "deliveries", name, filter], (from) => data(door.GET("/api/v1/portal/subscribers/{name}/deliveries", { params: { path: { name }, query: { ...filter, limit: PAGE, ...from } } }))),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= LIVE_PAGES ? AGAIN : false),
  });
  return (
    <Panel flush title="Deliveries">
      <div role="group" aria-label="Filter" className="flex flex-wrap gap-2 border-b px-4 py-2">
        <Select aria-label="State of deliveries" className="w-auto!" value={status} onChange={(change) => { setStatus(PROGRESS.find((known) => known === change.target.value) ?? ""); }}>
          <option value="">All states</option>
          {PROGRESS.map((known) => <option key={known} value={known}>{progressOf({ status: known, attempts: 0 }).word}</option>)}
        </Select>
        <Select aria-label="Event" className="w-auto! max-w-52" value={event} onChange={(change) => { setEvent(change.target.value); }}>
          <option value="">All events</option>
          {[...types.map((type) => type.name), "test"].map((known) => <option key={known} value={known}>{known}</option>)}
        </Select>
      </div>
      <Loaded of={list} lines={4} empty={status === "" && event === "" ? <Empty art={<Art />} title="Nothing was sent yet">Send a test: it is here at once.</Empty> : <Empty art={<Art />} title="Nothing is like that" />}>
        {(deliveries) => <DeliveryRows deliveries={deliveries} onOpen={({ message }) => { setOpen(message); }} />}
      </Loaded>
      <More of={list} />
      {open === null ? null : <Sent name={name} message={open} signing={signing} headers={headers} onClose={() => { setOpen(null); }} />}
    </Panel>
  );
}

function Sent({ name, message, signing, headers, onClose }: { name: string; message: string; signing: Signing; headers: Record<string, string> | undefined; onClose: () => void }) {
  const { door, refused } = useVisit();
  const client = useQueryClient();
  const path = { params: { path: { name, message } } };
  const detail = useQuery({
    queryKey: ["portal", "delivery", name, message],
    queryFn: () => data(door.GET("/api/v1/portal/subscribers/{name}/deliveries/{message}", path)),
    refetchInterval: (query) => (query.state.data?.delivery.status === "waiting" ? AGAIN : false),
  });
  const resend = useMutation({
    mutationFn: () => data(door.POST("/api/v1/portal/subscribers/{name}/deliveries/{message}/resend", path)),
    onSuccess: () => { toasts.done("It is sent again"); },
    onError: (error) => { toasts.failed("It was not sent again", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["portal"] }),
  });
  return (
    <Drawer title={detail.data?.delivery.event ?? "Delivery"} onClose={onClose} footer={<Button look="primary" icon={<RotateCcw size={14} />} busy={resend.isPending} refused={refused} onClick={() => { resend.mutate(); }}>Send again</Button>}>
      <Loaded of={detail}>{(known) => <DeliveryView detail={known} signing={signing} headers={headers} />}</Loaded>
    </Drawer>
  );
}

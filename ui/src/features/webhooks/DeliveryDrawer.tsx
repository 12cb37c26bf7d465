import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RotateCcw } from "lucide-react";

import { api, data } from "@/api/client";
import { isGone } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Drawer } from "@/kit/Drawer";
import { Loaded } from "@/kit/Loaded";
import { toasts } from "@/kit/toasts";
import { DeliveryView } from "@/resource/DeliveryView";
import type { SubscriberSpec } from "@/resource/subscribers";

import { AGAIN } from "./queries";

/** A delivery in full, and the way to send it again. */
export function DeliveryDrawer({ message, subscriber, onClose }: { message: string; subscriber: string; onClose: () => void }) {
  const client = useQueryClient();
  const path = { params: { path: { message, subscriber } } };
  const detail = useQuery({
    queryKey: ["delivery", message, subscriber],
    queryFn: () => data(api.GET("/api/v1/deliveries/{message}/{subscriber}", path)),
    refetchInterval: (query) => (query.state.data?.delivery.status === "waiting" ? AGAIN : false),
  });
  const posted = useQuery({ queryKey: ["message", message], queryFn: () => data(api.GET("/api/v1/messages/{message}", { params: { path: { message } } })), staleTime: Infinity });
  const target = useQuery({ queryKey: ["subscriber", subscriber], queryFn: () => data(api.GET("/api/v1/subscribers/{name}", { params: { path: { name: subscriber } } })) });
  const spec = target.data?.spec as SubscriberSpec | undefined;
  const resend = useMutation({
    mutationFn: () => data(api.POST("/api/v1/deliveries/{message}/{subscriber}/resend", path)),
    onSuccess: () => { toasts.done("It is sent again"); },
    onError: (error) => { toasts.failed("It was not sent again", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["delivery"] }),
  });
  return (
    <Drawer
      title={detail.data?.delivery.event ?? "Delivery"}
      description={<>to <Link to="/webhooks/subscribers/$name" params={{ name: subscriber }} className="text-accent underline">{subscriber}</Link>{spec === undefined ? null : <> at {spec.url}</>}</>}
      onClose={onClose}
      footer={<Button look="primary" icon={<RotateCcw size={14} />} busy={resend.isPending} refused={isGone(target.error) ? "The subscriber is gone" : undefined} onClick={() => { resend.mutate(); }}>Send again</Button>}
    >
      <Loaded of={detail}>
        {(known) => (
          <DeliveryView
            detail={known}
            signing={spec?.signing}
            headers={spec?.headers}
            more={
              <>
                <dt className="text-ink-soft">Customer</dt>
                <dd>{known.delivery.customer === "" ? "everybody" : known.delivery.customer}</dd>
                <dt className="text-ink-soft">Posted by</dt>
                <dd className="min-w-0 break-all">{posted.data === undefined ? (posted.isError ? "not kept any more" : "…") : <Source source={posted.data.source} />}</dd>
                {posted.data?.key == null ? null : (<><dt className="text-ink-soft">Key</dt><dd className="font-mono text-small break-all">{posted.data.key}</dd></>)}
              </>
            }
          />
        )}
      </Loaded>
    </Drawer>
  );
}

/** Who posted a message: a run, a program or a person. */
function Source({ source }: { source: string }) {
  if (!source.startsWith("run_")) return source;
  return <Link to="/runs/$run" params={{ run: source }} search={{}} className="font-mono text-small text-accent underline">{source}</Link>;
}

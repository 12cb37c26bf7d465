import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf, problemsOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input, TextArea } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import type { KnownEvent } from "@/resource/subscribers";

import { readJson, written } from "./jsonText";

/** Posts an event by hand, as a program would. */
export function PostDialog({ type, onClose }: { type: KnownEvent; onClose: () => void }) {
  const client = useQueryClient();
  const [text, setText] = useState(() => written(type.example ?? {}));
  const [customer, setCustomer] = useState("");
  const [key, setKey] = useState("");
  const read = readJson(text);
  const post = useMutation({
    mutationFn: () =>
      data(api.POST("/api/v1/events", { body: { event: type.name, data: "value" in read ? (read.value ?? null) : null, ...(customer.trim() === "" ? {} : { customer: customer.trim() }), ...(key.trim() === "" ? {} : { key: key.trim() }) } })),
    onSettled: () => void client.invalidateQueries({ queryKey: ["delivery"] }),
  });
  const inData = problemsOf(post.error).find((problem) => problem.pointer === "/data" || problem.pointer?.startsWith("/data/") === true);
  const place = inData?.pointer?.slice("/data".length) ?? "";
  const fault = "fault" in read ? read.fault : inData === undefined ? undefined : place === "" ? inData.detail : `${place}: ${inData.detail}`;
  if (post.isSuccess) {
    const { message, known } = post.data;
    return (
      <Dialog title={known ? "It was posted before" : "It is posted"} open onOpenChange={onClose} footer={<><Button onClick={() => { post.reset(); }}>Post another one</Button><Button look="primary" onClick={onClose}>Done</Button></>}>
        <p className="mb-2 text-ink-soft">{known ? "An event of this key was there already, and nothing is sent again." : "Those who hear of it get it now."}</p>
        <p><Link to="/webhooks/deliveries" search={{ message }} className="font-mono text-small break-all text-accent underline">{message}</Link></p>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={`Post ${type.name}`}
      description="Everybody who hears of it gets it, as if it had happened."
      wide
      act="Post it"
      refused={"fault" in read ? read.fault : undefined}
      busy={post.isPending}
      problems={post.isError && inData === undefined ? [problemOf(post.error)] : []}
      onSend={() => { post.mutate(); }}
      onClose={onClose}
    >
      <Field label="Data" error={fault} hint={type.schema === undefined ? "Any JSON." : "Any JSON that is as the schema says."}>
        {(ids) => <TextArea {...ids} autoFocus rows={10} spellCheck={false} className="font-mono text-small" value={text} onChange={(event) => { setText(event.target.value); post.reset(); }} />}
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Customer (optional)" hint="Whose event it is. Without one it is everybody's.">{(ids) => <Input {...ids} spellCheck={false} value={customer} onChange={(event) => { setCustomer(event.target.value); }} />}</Field>
        <Field label="Key (optional)" hint="A second event of the same key is the same event.">{(ids) => <Input {...ids} spellCheck={false} value={key} onChange={(event) => { setKey(event.target.value); }} />}</Field>
      </div>
    </FormDialog>
  );
}

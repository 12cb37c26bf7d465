import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemsOf } from "@/api/problem";
import { Field, Input, Select, TextArea } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { Line } from "@/kit/Prose";
import { toasts } from "@/kit/toasts";
import { OWN_EVENTS } from "@/resource/eventChoice";
import { EventPicker } from "@/resource/EventPicker";
import { HeaderPairs } from "@/resource/HeaderPairs";
import { nameOf } from "@/resource/NewDialog";
import { faultAt, faultsElsewhere } from "@/resource/placed";
import { nameFault } from "@/resource/places";
import { step } from "@/resource/schema";
import type { SubscriberSpec } from "@/resource/subscribers";

import { knownEvents, useEventTypes } from "./queries";
import { subscriberDraft, type SubscriberDraft } from "./subscriberDraft";

export interface Stored {
  name: string;
  spec: SubscriberSpec;
  revision: number;
  labels: Record<string, string>;
}

const FIELDS = ["/name", ...["url", "description", "customer", "events", "filter", "transform", "headers", "signing", "limit/calls", "limit/per", "timeout", "retries"].map((field) => `/spec/${field}`)];

/** Adds a subscriber, or changes one. What most do not need is folded away. */
export function SubscriberDialog({ stored, taken = [], onClose, onDone }: { stored?: Stored; taken?: readonly string[]; onClose: () => void; onDone?: (name: string) => void }) {
  const client = useQueryClient();
  const types = useEventTypes();
  const [typedName, setName] = useState<string | null>(stored?.name ?? null);
  const [draft, setDraft] = useState<SubscriberDraft>(() => subscriberDraft.of(stored?.spec));
  const [special] = useState(() => subscriberDraft.isSpecial(draft));
  const name = typedName ?? nameFrom(draft.url, taken);
  const put = (part: Partial<SubscriberDraft>): void => { setDraft({ ...draft, ...part }); };
  const save = useMutation({
    mutationFn: async () => {
      const spec = subscriberDraft.spec(draft);
      if (stored === undefined) await data(api.POST("/api/v1/subscribers", { body: { name, spec } }));
      else await data(api.PUT("/api/v1/subscribers/{name}", { params: { path: { name }, header: { "If-Match": `"${String(stored.revision)}"` } }, body: { spec, labels: stored.labels } }));
    },
    onSuccess: () => {
      toasts.done(stored === undefined ? `${name} is added` : `${name} is saved`);
      onClose();
      onDone?.(name);
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["subscriber"] }),
  });
  const problems = problemsOf(save.error);
  /** What is wrong with a field stands at the field. */
  const at = (pointer: string): string | undefined => faultAt(problems, pointer);
  const fault = (stored === undefined ? nameFault(name, taken) : undefined) ?? subscriberDraft.fault(draft);
  const fields = (
    <>
      <Field label="Address" error={at("/spec/url")} hint="Messages come there as POST.">
        {(ids) => <Input {...ids} autoFocus type="url" spellCheck={false} placeholder="https://crm.example.com/hooks" value={draft.url} onChange={(event) => { put({ url: event.target.value }); }} />}
      </Field>
      {stored === undefined ? <Field label="Name" error={at("/name") ?? (typedName === null || typedName === "" ? undefined : nameFault(name, taken))} hint="It cannot be changed later: the key belongs to it.">{(ids) => <Input {...ids} spellCheck={false} value={name} onChange={(event) => { setName(event.target.value); }} />}</Field> : null}
      <Field label="What it is for (optional)" error={at("/spec/description")}>{(ids) => <Input {...ids} value={draft.description} onChange={(event) => { put({ description: event.target.value }); }} />}</Field>
      <Field label="Customer (optional)" error={at("/spec/customer")} hint="It hears of this customer's events and of everybody's. Without one it hears of all.">
        {(ids) => <Input {...ids} spellCheck={false} value={draft.customer} onChange={(event) => { put({ customer: event.target.value }); }} />}
      </Field>
      <EventPicker types={[...knownEvents(types.data?.items), ...OWN_EVENTS]} value={draft.events} onChange={(events) => { put({ events }); }} error={at("/spec/events")} free />
    </>
  );
  const specials = (
    <div className="flex flex-col gap-4 pt-4">
      <Field label="Filter (optional)" error={at("/spec/filter")} hint={<Line text="An expression over `$json.type`, `$json.timestamp` and `$json.data`. What it says no to is not sent." />}>
        {(ids) => <Input {...ids} spellCheck={false} className="font-mono text-small" placeholder="{{ $json.data.amount > 100 }}" value={draft.filter} onChange={(event) => { put({ filter: event.target.value }); }} />}
      </Field>
      <Field label="Transform (optional)" error={subscriberDraft.transformFault(draft.transform) ?? at("/spec/transform")} hint="JSON with expressions that is sent in place of type, timestamp and data.">
        {(ids) => <TextArea {...ids} rows={4} spellCheck={false} className="font-mono text-small" placeholder={'{ "text": "={{ $json.type }} for {{ $json.data.amount }}" }'} value={draft.transform} onChange={(event) => { put({ transform: event.target.value }); }} />}
      </Field>
      <HeaderPairs pairs={draft.headers} onChange={(headers) => { put({ headers }); }} error={(header) => at(step("/spec/headers", header))} />
      <Field label="Signing" error={at("/spec/signing")} hint={draft.signing === "hmac" ? "A secret that both sides know. Every library takes it." : "The receiver has a public key and can forge nothing. Not every library takes it."}>
        {(ids) => (
          <Select {...ids} value={draft.signing} onChange={(event) => { put({ signing: event.target.value as SubscriberDraft["signing"] }); }}>
            <option value="hmac">HMAC-SHA256</option>
            <option value="ed25519">Ed25519</option>
          </Select>
        )}
      </Field>
      <div className="grid grid-cols-2 gap-4 max-sm:grid-cols-1">
        <Field label="Most messages (optional)" error={at("/spec/limit/calls")}>{(ids) => <Input {...ids} type="number" min={1} placeholder="no limit" value={draft.calls} onChange={(event) => { put({ calls: event.target.value }); }} />}</Field>
        <Field label="in each" error={at("/spec/limit/per")}>{(ids) => <Input {...ids} placeholder="1s" disabled={draft.calls === ""} value={draft.per} onChange={(event) => { put({ per: event.target.value }); }} />}</Field>
      </div>
      <Field label="Timeout (optional)" error={at("/spec/timeout")} hint="How long it may take to answer, at most 60s.">{(ids) => <Input {...ids} placeholder="15s" value={draft.timeout} onChange={(event) => { put({ timeout: event.target.value }); }} />}</Field>
      <Field label="Pauses before each next try (optional)" error={at("/spec/retries")} hint={<Line text="At most 20, each at most 7d. `none` is a single try." />}>
        {(ids) => <Input {...ids} spellCheck={false} placeholder="5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h" value={draft.retries} onChange={(event) => { put({ retries: event.target.value }); }} />}
      </Field>
    </div>
  );
  return (
    <FormDialog
      title={stored === undefined ? "Add a subscriber" : `Edit ${stored.name}`}
      description={stored === undefined ? "An address that hears of events. Its key is shown on its page." : undefined}
      wide
      act={stored === undefined ? "Add it" : "Save"}
      refused={fault}
      busy={save.isPending}
      problems={faultsElsewhere(problems, FIELDS)}
      onSend={() => { save.mutate(); }}
      onClose={onClose}
    >
      {fields}
      <details open={special || problems.length > 0} className="rounded-base border px-3 py-2">
        <summary className="cursor-pointer font-medium">Filter, form, signing and pace</summary>
        {specials}
      </details>
    </FormDialog>
  );
}

/** A name made of an address, as long as nobody has typed one. */
function nameFrom(url: string, taken: readonly string[]): string {
  let host = "";
  try {
    host = nameOf(new URL(url).hostname);
  } catch {
    return "";
  }
  const free = (text: string): boolean => !taken.includes(text);
  if (host === "" || free(host)) return host;
  for (let number = 2; ; number += 1) if (free(`${host}-${String(number)}`)) return `${host}-${String(number)}`;
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { data } from "@/api/client";
import { problemsOf } from "@/api/problem";
import { Drawer } from "@/kit/Drawer";
import { Field, Input, Select } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { toasts } from "@/kit/toasts";
import { EventPicker } from "@/resource/EventPicker";
import { EventSheet } from "@/resource/EventSheet";
import { HeaderPairs, headersFrom, type Pair } from "@/resource/HeaderPairs";
import { faultAt, faultsElsewhere } from "@/resource/placed";
import { step } from "@/resource/schema";
import type { Endpoint, KnownEvent } from "@/resource/subscribers";

import { useVisit } from "./portal";

const FIELDS = ["url", "description", "events", "signing", "headers"].flatMap((field) => [`/${field}`, `/spec/${field}`]);

/** Adds an endpoint, or changes one. */
export function EndpointDialog({ stored, types, onClose, onDone }: { stored?: { name: string; endpoint: Endpoint }; types: readonly KnownEvent[]; onClose: () => void; onDone?: (name: string) => void }) {
  const { door } = useVisit();
  const client = useQueryClient();
  const before = stored?.endpoint;
  const [url, setUrl] = useState(before?.url ?? "");
  const [description, setDescription] = useState(before?.description ?? "");
  const [events, setEvents] = useState<string[] | null>(before?.events === undefined || before.events.length === 0 ? null : before.events);
  const [signing, setSigning] = useState<NonNullable<Endpoint["signing"]>>(before?.signing ?? "hmac");
  const [headers, setHeaders] = useState<Pair[]>(Object.entries(before?.headers ?? {}));
  const [sheet, setSheet] = useState<string | null>(null);
  const body = { url: url.trim(), description: description.trim(), events: events ?? [], signing, headers: headersFrom(headers) };
  const save = useMutation({
    mutationFn: () => (stored === undefined ? data(door.POST("/api/v1/portal/subscribers", { body })) : data(door.PUT("/api/v1/portal/subscribers/{name}", { params: { path: { name: stored.name } }, body }))),
    onSuccess: ({ info }) => {
      toasts.done(stored === undefined ? "The endpoint is added" : "The endpoint is saved");
      onClose();
      onDone?.(info.name);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["portal"] }),
  });
  const problems = problemsOf(save.error);
  // The whole is checked as a resource, whose fields are in its spec.
  const at = (field: string): string | undefined => faultAt(problems, field, `/spec${field}`);
  const fault = url.trim() === "" ? "Say where messages go first" : events?.length === 0 ? "Choose an event, or all of them" : undefined;
  const type = types.find(({ name }) => name === sheet);
  const fields = (
    <>
      <Field label="Address" error={at("/url")} hint="Messages come there as POST. Any answer of 2xx takes them.">
        {(ids) => <Input {...ids} autoFocus type="url" spellCheck={false} placeholder="https://example.com/hooks" value={url} onChange={(event) => { setUrl(event.target.value); }} />}
      </Field>
      <Field label="What it is for (optional)" error={at("/description")}>{(ids) => <Input {...ids} value={description} onChange={(event) => { setDescription(event.target.value); }} />}</Field>
      <EventPicker types={types} value={events} onChange={setEvents} error={at("/events")} onShow={setSheet} />
      <details open={signing !== "hmac" || headers.length > 0} className="rounded-base border px-3 py-2">
        <summary className="cursor-pointer font-medium">Signing and headers</summary>
        <div className="flex flex-col gap-4 pt-4">
          <Field label="Signing" error={at("/signing")} hint={signing === "hmac" ? "A secret that both sides know. Every library takes it." : "You have a public key. Not every library takes it."}>
            {(ids) => (
              <Select {...ids} value={signing} onChange={(event) => { setSigning(event.target.value as "hmac" | "ed25519"); }}>
                <option value="hmac">HMAC-SHA256</option>
                <option value="ed25519">Ed25519</option>
              </Select>
            )}
          </Field>
          <HeaderPairs pairs={headers} onChange={setHeaders} error={(name) => at(step("/headers", name))} />
        </div>
      </details>
    </>
  );
  return (
    <FormDialog
      title={stored === undefined ? "Add an endpoint" : "Edit the endpoint"}
      wide
      act={stored === undefined ? "Add it" : "Save"}
      refused={fault}
      busy={save.isPending}
      problems={faultsElsewhere(problems, FIELDS)}
      onSend={() => { save.mutate(); }}
      onClose={onClose}
    >
      {fields}
      {type === undefined ? null : <Drawer title={type.name} onClose={() => { setSheet(null); }}><EventSheet type={type} /></Drawer>}
    </FormDialog>
  );
}

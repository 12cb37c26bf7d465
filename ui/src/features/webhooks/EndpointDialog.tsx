import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, data } from "@/api/client";
import { problemsOf, type Problem } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input, TextArea } from "@/kit/Field";
import { ProblemText } from "@/kit/States";
import { toasts } from "@/kit/toasts";
import { nameFault } from "@/resource/places";

import { ALL, EXAMPLE, ONE, type EndpointSpec, type StoredEndpoint } from "./endpoints";
import { readJson, written } from "./jsonText";

/** Nobody types as fast as that: what stands there then is asked about. */
const STILL = 400;
/** A name to check by, while there is none that could be one. */
const NO_NAME = "new-endpoint";

/** Makes an endpoint, or changes one. While one types, the server says what it would refuse, and what is missing. */
export function EndpointDialog({ stored, taken = [], onClose }: { stored?: StoredEndpoint; taken?: readonly string[]; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(stored?.name ?? "");
  const [text, setText] = useState(() => written(stored?.spec ?? EXAMPLE));
  const [still, setStill] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => { setStill(text); }, STILL);
    return () => { clearTimeout(timer); };
  }, [text]);
  const read = readJson(text);
  const unread = "fault" in read ? read.fault : read.value === undefined ? "say something first" : undefined;
  const asked = readJson(still);
  const check = useQuery({
    queryKey: ["endpoint-check", still],
    queryFn: () => data(api.PUT(ONE, { params: { path: { name: stored?.name ?? NO_NAME }, query: { dryRun: true } }, body: { spec: ("value" in asked ? asked.value : {}) as Record<string, never> } })),
    enabled: unread === undefined && "value" in asked && asked.value !== undefined,
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const save = useMutation({
    mutationFn: async () => {
      const spec = ("value" in read ? read.value : {}) as EndpointSpec as unknown as Record<string, never>;
      if (stored === undefined) await data(api.POST(ALL, { body: { name, spec } }));
      else await data(api.PUT(ONE, { params: { path: { name }, header: { "If-Match": `"${String(stored.revision)}"` } }, body: { spec, labels: stored.labels } }));
    },
    onSuccess: () => {
      toasts.done(`${name} is saved`);
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["endpoint"] }),
  });
  const fault = (stored === undefined ? nameFault(name, taken) : undefined) ?? (unread === undefined ? undefined : "It cannot be read yet");
  const refused = problemsOf(save.error ?? check.error);
  const missing = check.data?.problems ?? [];
  return (
    <Dialog
      title={stored === undefined ? "New endpoint" : `Edit ${stored.name}`}
      {...(stored === undefined ? { description: "An address of its own that gives what comes to workflows, by type and content." } : {})}
      open
      wide
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button form="endpoint" type="submit" look="primary" busy={save.isPending} refused={fault}>Save</Button></>}
    >
      <form
        id="endpoint"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (fault === undefined && !save.isPending) save.mutate();
        }}
      >
        {stored === undefined ? (
          <Field label="Name" error={name === "" ? undefined : nameFault(name, taken)}>
            {(ids) => <Input {...ids} autoFocus spellCheck={false} placeholder="shop" className="font-mono text-small" value={name} onChange={(event) => { setName(event.target.value); }} />}
          </Field>
        ) : null}
        <Field label="What it does" error={unread} hint="As JSON: path, methods, auth, key, mode, routes, else. Routes say which workflow gets what, looked at in their order.">
          {(ids) => <TextArea {...ids} rows={20} spellCheck={false} className="font-mono text-small" value={text} onChange={(event) => { setText(event.target.value); }} />}
        </Field>
        {unread === undefined && refused.length > 0 ? <ul role="alert" className="flex flex-col gap-2">{refused.map((problem, index) => <li key={index}><ProblemText problem={problem} /></li>)}</ul> : null}
        {missing.length > 0 && refused.length === 0 ? (
          <section aria-label="What is missing" className="flex flex-col gap-2">
            <p className="text-ink-soft">It can be saved, and does not work before this is mended:</p>
            <ul className="flex flex-col gap-2">{missing.map((problem, index) => <li key={index}><ProblemText problem={problem as Problem} /></li>)}</ul>
          </section>
        ) : null}
      </form>
    </Dialog>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Field, Input } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { Loaded } from "@/kit/Loaded";
import { toasts } from "@/kit/toasts";

import { placeOf, type Kind } from "./places";

/** Asks before something is deleted: shows who needs it, and wants its name typed. It can be undone for a moment after. */
export function DeleteDialog({ kind, name, onClose, onDone }: { kind: Kind; name: string; onClose: () => void; onDone?: () => void | Promise<void> }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const place = placeOf(kind);
  const path = { params: { path: { name } } };
  const resource = useQuery({ queryKey: [kind, name], queryFn: () => data(api.GET(place, path)) });
  const condition = useQuery({ queryKey: [kind, name, "condition"], queryFn: () => data(api.GET(`${place}/condition`, path)) });
  const restore = useMutation({
    mutationFn: (kept: { spec: unknown; labels?: Record<string, string> }) => data(api.PUT(place, { ...path, body: { spec: kept.spec as Record<string, never>, labels: kept.labels ?? {} } })),
    onSuccess: () => { toasts.done(kind === "workflow" ? `${name} is back; it is not live` : `${name} is back${kind === "connection" ? "; its secrets must be set again" : kind === "subscriber" ? "; its receiver needs the new key" : ""}`); },
    onError: (error) => { toasts.failed(`${name} did not come back`, error); },
    onSettled: () => void client.invalidateQueries({ queryKey: [kind] }),
  });
  // A live workflow is its own active user.
  const itself = (ref: { kind: string; name: string }): boolean => ref.kind === kind && ref.name === name;
  const isLive = condition.data?.activelyUsedBy.some(itself) === true;
  const needed = condition.data?.activelyUsedBy.filter((ref) => !itself(ref)) ?? [];
  const mentioned = condition.data?.usedBy.filter((ref) => !itself(ref)) ?? [];
  const remove = useMutation({
    mutationFn: async () => {
      if (isLive) await data(api.POST("/api/v1/workflows/{name}/deactivate", path));
      return data(api.DELETE(place, path));
    },
    onSuccess: async () => {
      const kept = resource.data;
      toasts.done(`${name} was deleted`, kept === undefined ? undefined : () => { restore.mutate({ spec: kept.spec, ...(kept.labels === undefined ? {} : { labels: kept.labels }) }); });
      onClose();
      // The page of what is not there any more is left before anything is read anew.
      await onDone?.();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: [kind] }),
  });
  const refused =
    needed.length > 0 ? "Something live uses it" : condition.isPending ? "It is being looked who uses it" : typed.trim() !== name ? `Type ${name} first` : undefined;
  const names = (refs: { kind: string; name: string }[]): string => refs.map((ref) => `${ref.kind} ${ref.name}`).join(", ");
  return (
    <FormDialog
      title={`Delete ${name}?`}
      act={isLive ? "Take out of service and delete" : "Delete"}
      look="danger"
      icon={<Trash2 size={13} />}
      refused={refused}
      busy={remove.isPending}
      problems={remove.isError ? [problemOf(remove.error)] : []}
      onSend={() => { remove.mutate(); }}
      onClose={onClose}
    >
      <Loaded of={condition} lines={2}>
        {() => (
          <ul className="flex list-disc flex-col gap-1 pl-5">
              {kind === "workflow" ? <li>{isLive ? "It is live: its triggers stop now." : "It is not live."} Runs that have begun go on.</li> : null}
              {needed.length > 0 ? <li className="text-bad">Live and in need of it: {names(needed)}. Take them out of service or change them first.</li> : null}
              {needed.length === 0 && mentioned.length > 0 ? <li className="text-wait">Mentioned by {names(mentioned)}, which will not work without it.</li> : null}
              {mentioned.length === 0 ? <li>Nothing else uses it.</li> : null}
              {kind === "connection" ? <li>Its secrets are gone for good; undo does not bring them back.</li> : null}
              {kind === "subscriber" ? <li>What waits for it is not delivered any more. Brought back, it has another key.</li> : null}
              {kind === "event-type" ? <li>Nobody can post it any more; subscribers that name it hear nothing of it.</li> : null}
          </ul>
        )}
      </Loaded>
      <Field label={`Type ${name} to confirm`}>
        {(ids) => <Input {...ids} autoFocus autoComplete="off" spellCheck={false} value={typed} onChange={(event) => { setTyped(event.target.value); }} />}
      </Field>
    </FormDialog>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Checkbox, Field, Input, Select } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { count, plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";

import { VERDICTS, WORDS, type Verdict } from "@/resource/arrivalFilter";

/** Most that the server lets happen again at once, and counts here. */
const MOST = 1000;

/** Moments as the browser's own field writes them: in local time, without a zone. */
function local(millis: number): string {
  const date = new Date(millis);
  return new Date(millis - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Lets all webhooks of a time happen again, after one has seen how many that are. */
export function AgainDialog({ workflow, workflows, onClose }: { workflow: string | undefined; workflows: readonly string[]; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(workflow ?? workflows[0] ?? "");
  const [since, setSince] = useState(() => local(Date.now() - 3_600_000));
  const [until, setUntil] = useState("");
  const [verdict, setVerdict] = useState<Verdict>("accepted");
  const [draft, setDraft] = useState(false);
  const from = Date.parse(since);
  const to = until === "" ? undefined : Date.parse(until);
  const fault = name === "" ? "Choose a workflow first" : Number.isNaN(from) ? "Say from when first" : to !== undefined && to <= from ? "It ends before it begins" : undefined;
  const range = { workflow: name, verdict, since: from, ...(to === undefined ? {} : { until: to }) };
  const found = useQuery({
    queryKey: ["arrival", "count", range],
    queryFn: () => data(api.GET("/api/v1/arrivals", { params: { query: { ...range, limit: MOST } } })),
    enabled: fault === undefined,
    select: ({ items, nextCursor }) => ({ all: items.length, kept: items.filter(({ hasBody }) => hasBody).length, more: nextCursor != null }),
  });
  const act = useMutation({
    mutationFn: () => data(api.POST("/api/v1/arrivals/again", { body: { ...range, draft } })),
    onSuccess: ({ runs, more }) => {
      toasts.done(`${plural(runs.length, "run")} began${more ? "; there are more, which did not" : ""}`);
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["runs"] }),
  });
  const kept = found.data?.kept ?? 0;
  const refused = fault ?? (found.isPending ? "They are being counted" : kept === 0 ? "There is none that could happen again" : undefined);
  return (
    <FormDialog
      title="Let webhooks happen again"
      description="Each as an event of its own, in the order in which they came."
      act={kept === 0 ? "Let them happen again" : `Let ${count(kept)} happen again`}
      refused={refused}
      busy={act.isPending}
      problems={act.isError ? [problemOf(act.error)] : []}
      onSend={() => { act.mutate(); }}
      onClose={onClose}
    >
      <Field label="Workflow">
        {(ids) => (
          <Select {...ids} value={name} onChange={(event) => { setName(event.target.value); }}>
            {name === "" ? <option value="">Choose one</option> : null}
            {[...new Set([...workflows, ...(name === "" ? [] : [name])])].map((known) => <option key={known} value={known}>{known}</option>)}
          </Select>
        )}
      </Field>
      <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
        <Field label="Came from">{(ids) => <Input {...ids} type="datetime-local" value={since} onChange={(event) => { setSince(event.target.value); }} />}</Field>
        <Field label="Came before" hint="Empty: until now.">{(ids) => <Input {...ids} type="datetime-local" value={until} onChange={(event) => { setUntil(event.target.value); }} />}</Field>
      </div>
      <Field label="Of those that were" hint={verdict === "refused" ? "What they were refused for is not asked again: let only happen what you trust." : WORDS[verdict].about}>
        {(ids) => (
          <Select {...ids} value={verdict} onChange={(event) => { setVerdict(VERDICTS.find((known) => known === event.target.value) ?? "accepted"); }}>
            {VERDICTS.map((known) => <option key={known} value={known}>{WORDS[known].word.toLowerCase()}</option>)}
          </Select>
        )}
      </Field>
      <Checkbox label="In the draft of the workflow, instead of what is live" checked={draft} onChange={(event) => { setDraft(event.target.checked); }} />
      <p role="status" className="text-ink-soft">
        {fault ?? (found.data === undefined ? (found.isError ? "They could not be counted." : "Counting…") : found.data.more ? `More than ${count(MOST)} came. The first ${count(MOST)} happen again; ask again for the rest.` : `${plural(found.data.all, "webhook")} came${found.data.kept < found.data.all ? `, of which ${count(found.data.all - found.data.kept)} cannot happen again: their bodies were not kept` : ""}.`)}
      </p>
    </FormDialog>
  );
}

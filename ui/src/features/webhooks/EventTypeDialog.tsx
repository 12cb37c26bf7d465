import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, Wand2 } from "lucide-react";
import { useEffect, useState } from "react";

import { api, data } from "@/api/client";
import { problemOf, problemsOf, type Problem } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Checkbox, Field, Input, TextArea } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { toasts } from "@/kit/toasts";
import { nameFault } from "@/resource/places";
import type { EventTypeSpec } from "@/resource/subscribers";

import { readJson, schemaOf, written } from "./jsonText";

export interface StoredType {
  name: string;
  spec: EventTypeSpec;
  revision: number;
  labels: Record<string, string>;
}

/** Nobody types as fast as that: what stands there then is asked about. */
const STILL = 400;
/** A name to check by, while there is none that could be one. */
const NO_NAME = "new-type";

/** A text as it was when it last stood still. */
function useStill(text: string): string {
  const [still, setStill] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => { setStill(text); }, STILL);
    return () => { clearTimeout(timer); };
  }, [text]);
  return still;
}

/** Makes an event type, or changes one. While one types, the server says whether the example is as the schema says. */
export function EventTypeDialog({ stored, taken = [], onClose }: { stored?: StoredType; taken?: readonly string[]; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(stored?.name ?? "");
  const [description, setDescription] = useState(stored?.spec.description ?? "");
  const [schema, setSchema] = useState(() => written(stored?.spec.schema));
  const [example, setExample] = useState(() => written(stored?.spec.example));
  const [deprecated, setDeprecated] = useState(stored?.spec.deprecated === true);
  const read = { schema: readJson(schema), example: readJson(example) };
  const faults = { schema: "fault" in read.schema ? read.schema.fault : undefined, example: "fault" in read.example ? read.example.fault : undefined };
  const spec: EventTypeSpec = {
    ...(description.trim() === "" ? {} : { description: description.trim() }),
    ...("value" in read.schema && read.schema.value !== undefined ? { schema: read.schema.value } : {}),
    ...("value" in read.example && read.example.value !== undefined ? { example: read.example.value } : {}),
    ...(deprecated ? { deprecated } : {}),
  };
  const asked = useStill(JSON.stringify({ schema: spec.schema, example: spec.example }));
  const isReadable = faults.schema === undefined && faults.example === undefined;
  const check = useQuery({
    queryKey: ["event-type-check", asked],
    queryFn: () => data(api.PUT("/api/v1/event-types/{name}", { params: { path: { name: stored?.name ?? NO_NAME }, query: { dryRun: true } }, body: { spec: JSON.parse(asked) as Record<string, never> } })),
    enabled: isReadable && asked !== "{}",
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const save = useMutation({
    mutationFn: async () => {
      if (stored === undefined) await data(api.POST("/api/v1/event-types", { body: { name, spec } }));
      else await data(api.PUT("/api/v1/event-types/{name}", { params: { path: { name }, header: { "If-Match": `"${String(stored.revision)}"` } }, body: { spec, labels: stored.labels } }));
    },
    onSuccess: () => {
      toasts.done(`${name} is saved`);
      onClose();
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["event-type"] }),
  });
  const fault = (stored === undefined ? nameFault(name, taken) : undefined) ?? (isReadable ? undefined : "Its JSON cannot be read yet");
  const said = [...problemsOf(save.error), ...(isReadable ? problemsOf(check.error) : [])];
  const at = (field: "schema" | "example"): string | undefined => faults[field] ?? placed(said, `/spec/${field}`);
  const problem = save.isError ? problemOf(save.error) : null;
  const isPlaced = problem !== null && /^\/spec\/(schema|example)/.test(problem.pointer ?? "");
  return (
    <FormDialog
      title={stored === undefined ? "New event type" : `Edit ${stored.name}`}
      description={stored === undefined ? "Something that can happen, and of which others can hear." : undefined}
      wide
      act="Save"
      refused={fault}
      busy={save.isPending}
      problems={problem === null || isPlaced ? [] : [problem]}
      onSend={() => { save.mutate(); }}
      onClose={onClose}
    >
      {stored === undefined ? (
        <Field label="Name" error={name === "" ? undefined : nameFault(name, taken)} hint="What stands in messages. Names that begin alike, up to a dot, can be chosen at once.">
          {(ids) => <Input {...ids} autoFocus spellCheck={false} placeholder="invoice.paid" className="font-mono text-small" value={name} onChange={(event) => { setName(event.target.value); }} />}
        </Field>
      ) : null}
      <Field label="What happened then" hint="A sentence for those who subscribe.">{(ids) => <Input {...ids} placeholder="An invoice was paid in full." value={description} onChange={(event) => { setDescription(event.target.value); }} />}</Field>
      <div className="grid gap-4 md:grid-cols-2">
        <Field label="Example (optional)" error={at("example")} hint="Shown to those who subscribe, and sent as a test.">
          {(ids) => <TextArea {...ids} rows={12} spellCheck={false} className="font-mono text-small" placeholder={'{\n  "id": 7,\n  "amount": 120\n}'} value={example} onChange={(event) => { setExample(event.target.value); }} />}
        </Field>
        <Field
          label="JSON Schema (optional)"
          error={at("schema")}
          hint="Events that are not like that are refused. Without one, any data is taken."
          action={
            <Button look="quiet" className="h-5! text-small" icon={<Wand2 size={12} />} refused={"value" in read.example && read.example.value !== undefined ? (schema.trim() === "" ? undefined : "There is a schema already") : "Write an example first"} onClick={() => { if ("value" in read.example) setSchema(written(schemaOf(read.example.value))); }}>
              From the example
            </Button>
          }
        >
          {(ids) => <TextArea {...ids} rows={12} spellCheck={false} className="font-mono text-small" placeholder={'{\n  "type": "object",\n  "required": ["id"],\n  "properties": { "id": { "type": "integer" } }\n}'} value={schema} onChange={(event) => { setSchema(event.target.value); }} />}
        </Field>
      </div>
      <Check isReadable={isReadable} spec={spec} isPending={check.isFetching} problem={check.isError ? problemOf(check.error) : null} isGood={check.isSuccess} />
      <Checkbox label={<span>Deprecated <span className="text-ink-soft">– not to be chosen any more; those who did still hear of it</span></span>} checked={deprecated} onChange={(event) => { setDeprecated(event.target.checked); }} />
    </FormDialog>
  );
}

/** What is wrong at a field or inside of it, with the place inside. */
function placed(problems: readonly Problem[], pointer: string): string | undefined {
  const found = problems.find((problem) => problem.pointer === pointer || problem.pointer?.startsWith(`${pointer}/`) === true);
  if (found === undefined) return undefined;
  const within = found.pointer?.slice(pointer.length) ?? "";
  return within === "" ? found.detail : `${within}: ${found.detail}`;
}

/** The server's word on what stands there now. */
function Check({ isReadable, spec, isPending, problem, isGood }: { isReadable: boolean; spec: EventTypeSpec; isPending: boolean; problem: Problem | null; isGood: boolean }) {
  const nothing = spec.schema === undefined && spec.example === undefined;
  const words = !isReadable || nothing ? null : isPending ? "Being checked…" : problem !== null ? "The server would refuse this." : !isGood ? null : spec.schema === undefined ? "The example can be sent. Nothing checks data without a schema." : spec.example === undefined ? "This is a schema." : "The example is as the schema says.";
  return (
    <p role="status" className={`flex min-h-5 items-center gap-1.5 text-small ${problem === null ? "text-ink-soft" : "text-bad"}`}>
      {words === null ? null : problem !== null && !isPending ? <CircleAlert size={14} aria-hidden /> : isGood && !isPending ? <CircleCheck size={14} aria-hidden className="text-good" /> : null}
      {words}
    </p>
  );
}

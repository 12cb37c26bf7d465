import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";

import type { Problem } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Checkbox, Field, Input, Select, TextArea } from "@/kit/Field";
import { Line } from "@/kit/Prose";

import { branchValue, controlOf, initial, readable, step, withField, type Schema } from "./schema";

interface Shared {
  root: Schema;
  /** What the server says is wrong, by JSON pointer. */
  problems: readonly Problem[];
  /** Fields that are not shown. */
  hidden: ReadonlySet<string>;
}

interface Part {
  shared: Shared;
  schema: Schema;
  name: string;
  pointer: string;
  value: unknown;
  required: boolean;
  onChange: (value: unknown) => void;
}

/** A form for whatever a schema describes. */
export function SchemaForm({
  schema,
  value,
  onChange,
  problems = [],
  hide = [],
  pointer = "/spec",
}: {
  schema: Schema;
  value: Record<string, unknown>;
  onChange: (value: Record<string, unknown>) => void;
  problems?: readonly Problem[];
  hide?: readonly string[];
  pointer?: string;
}) {
  const shared: Shared = { root: schema, problems, hidden: new Set([...hide, "foreign"]) };
  return (
    <div className="flex flex-col gap-4">
      <Fields shared={shared} schema={schema} pointer={pointer} value={value} onChange={onChange} />
    </div>
  );
}

function Fields({ shared, schema, pointer, value, onChange, skip }: { shared: Shared; schema: Schema; pointer: string; value: Record<string, unknown>; onChange: (value: Record<string, unknown>) => void; skip?: string }) {
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== skip && !shared.hidden.has(name))
    .map(([name, field]) => {
      const required = schema.required?.includes(name) === true;
      return (
        <FormPart
          key={name}
          shared={shared}
          schema={field}
          name={name}
          pointer={step(pointer, name)}
          value={value[name]}
          required={required}
          onChange={(next) => { onChange(withField(value, name, next, required)); }}
        />
      );
    });
}

const record = (value: unknown): Record<string, unknown> => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {});

function FormPart({ shared, schema, name, pointer, value, required, onChange }: Part) {
  const control = controlOf(schema, shared.root);
  const called = schema.title ?? readable(name);
  const label = required ? called : `${called} (optional)`;
  const hint = control.schema.description;
  const error = shared.problems.find((problem) => problem.pointer === pointer)?.detail;
  const example = control.schema.examples?.[0];
  switch (control.form) {
    case "boolean":
      return (
        <div>
          <Checkbox label={called} checked={value === true || (value === undefined && control.schema.default === true)} onChange={(event) => { onChange(event.target.checked); }} />
          {hint === undefined ? null : <p className="mt-0.5 pl-6 text-small text-ink-faint"><Line text={hint} /></p>}
        </div>
      );
    case "text":
      return (
        <Field label={label} hint={lined(hint)} error={error}>
          {(ids) =>
            control.schema.format === "pem" ? (
              <TextArea {...ids} rows={4} spellCheck={false} placeholder="-----BEGIN CERTIFICATE-----" value={typeof value === "string" ? value : ""} onChange={(event) => { onChange(event.target.value); }} />
            ) : (
              <Input {...ids} type={control.schema.format === "date" ? "date" : undefined} placeholder={typeof example === "string" ? example : undefined} value={typeof value === "string" ? value : ""} onChange={(event) => { onChange(event.target.value); }} />
            )
          }
        </Field>
      );
    case "number":
      return (
        <Field label={label} hint={lined(hint)} error={error}>
          {(ids) => (
            <Input
              {...ids}
              type="number"
              step={control.whole ? 1 : "any"}
              min={control.schema.minimum}
              max={control.schema.maximum}
              value={typeof value === "number" ? value : ""}
              onChange={(event) => { onChange(event.target.value === "" ? undefined : Number(event.target.value)); }}
            />
          )}
        </Field>
      );
    case "choice":
      return (
        <Field label={label} error={error} hint={lined(control.choices.find((choice) => choice.value === value)?.about ?? hint)}>
          {(ids) => (
            <Select {...ids} value={typeof value === "string" ? value : ""} onChange={(event) => { onChange(event.target.value); }}>
              {required ? null : <option value="">As usual</option>}
              {control.choices.map((choice) => <option key={choice.value} value={choice.value}>{choice.name}</option>)}
            </Select>
          )}
        </Field>
      );
    case "list":
      return <ListPart shared={shared} schema={schema} of={control.of} name={name} pointer={pointer} value={value} required={required} onChange={onChange} hint={hint} />;
    case "tagged": {
      const now = record(value);
      const branch = control.branches.find((known) => known.value === now[control.tag]) ?? control.branches[0];
      return (
        <fieldset className="flex flex-col gap-4 rounded-base border p-3">
          <legend className="px-1 font-medium">{label}</legend>
          <Field label="Kind" hint={lined(branch?.about)} error={error}>
            {(ids) => (
              <Select
                {...ids}
                value={branch?.value ?? ""}
                onChange={(event) => {
                  const next = control.branches.find((known) => known.value === event.target.value);
                  if (next !== undefined) onChange(branchValue(control.tag, next, shared.root, now));
                }}
              >
                {control.branches.map((known) => <option key={known.value} value={known.value}>{known.value}</option>)}
              </Select>
            )}
          </Field>
          {branch === undefined ? null : <Fields shared={shared} schema={branch.schema} pointer={pointer} value={now} onChange={onChange} skip={control.tag} />}
        </fieldset>
      );
    }
    case "object":
      if (!required && value == null) {
        return (
          <div>
            <Button icon={<Plus size={13} />} onClick={() => { onChange(initial(schema, shared.root)); }}>{called}</Button>
            {hint === undefined ? null : <p className="mt-1 text-small text-ink-faint"><Line text={hint} /></p>}
          </div>
        );
      }
      return (
        <fieldset className="flex flex-col gap-4 rounded-base border p-3">
          <legend className="flex items-center gap-1 px-1 font-medium">
            {called}
            {required ? null : <IconButton name={`Remove ${called.toLowerCase()}`} icon={<Trash2 size={13} />} onClick={() => { onChange(undefined); }} />}
          </legend>
          {error === undefined ? null : <p role="alert" className="text-small text-bad">{error}</p>}
          <Fields shared={shared} schema={control.schema} pointer={pointer} value={record(value)} onChange={onChange} />
        </fieldset>
      );
    case "json":
      return <JsonPart label={label} hint={hint} error={error} value={value} onChange={onChange} />;
  }
}

/** A description as it stands in a schema, with its code marked; none where there is none. */
function lined(text: string | undefined) {
  return text === undefined ? undefined : <Line text={text} />;
}

function ListPart({ shared, of, name, pointer, value, onChange, hint }: Part & { of: Schema; hint: string | undefined }) {
  const entries: unknown[] = Array.isArray(value) ? value : [];
  const { keys, remove } = useKeys(entries.length);
  const problemAt = (at: string): string | undefined => shared.problems.find((problem) => problem.pointer === at)?.detail;
  const own = problemAt(pointer);
  const control = controlOf(of, shared.root);
  const set = (index: number, next: unknown): void => { onChange(entries.map((known, at) => (at === index ? next : known))); };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">{readable(name)}</legend>
      {hint === undefined ? null : <p className="text-small text-ink-faint"><Line text={hint} /></p>}
      {control.form === "text" && entries.length > 0 && control.schema.description !== undefined ? <p className="text-small text-ink-faint"><Line text={control.schema.description} /></p> : null}
      {own === undefined ? null : <p role="alert" className="text-small text-bad">{own}</p>}
      {entries.map((entry, index) => (
        <div key={keys[index]} className="flex items-start gap-1.5">
          <div className="min-w-0 flex-1">
            {control.form === "text" ? (
              <Entry name={`${readable(name)}, entry ${String(index + 1)}`} value={typeof entry === "string" ? entry : ""} error={problemAt(step(pointer, index))} example={control.schema.examples?.[0]} onChange={(next) => { set(index, next); }} />
            ) : (
              <FormPart shared={shared} schema={of} name={String(index + 1)} pointer={step(pointer, index)} value={entry} required onChange={(next) => { set(index, next); }} />
            )}
          </div>
          <IconButton name={`Remove entry ${String(index + 1)}`} icon={<Trash2 size={14} />} onClick={() => {
              remove(index);
              onChange(entries.filter((_, at) => at !== index));
            }} />
        </div>
      ))}
      <div>
        <Button icon={<Plus size={13} />} onClick={() => { onChange([...entries, initial(of, shared.root)]); }}>Add</Button>
      </div>
    </fieldset>
  );
}

/** One text of a list: what it is for stands once above all of them. */
function Entry({ name, value, error, example, onChange }: { name: string; value: string; error: string | undefined; example: unknown; onChange: (value: string) => void }) {
  return (
    <>
      <Input aria-label={name} aria-invalid={error === undefined ? undefined : true} placeholder={typeof example === "string" ? example : undefined} value={value} onChange={(event) => { onChange(event.target.value); }} />
      {error === undefined ? null : <p role="alert" className="mt-1 text-small text-bad">{error}</p>}
    </>
  );
}

/** Keys for the entries of a list that go with them, so that what is half typed in one does not slip into its neighbour. */
function useKeys(count: number): { keys: readonly number[]; remove: (index: number) => void } {
  const [known, setKnown] = useState<{ keys: readonly number[]; next: number }>({ keys: [], next: 0 });
  let now = known;
  if (known.keys.length !== count) {
    // Entries come at the end; a list that was put in place of another one keeps the keys that it can.
    const more = Math.max(0, count - known.keys.length);
    now = { keys: [...known.keys.slice(0, count), ...Array.from({ length: more }, (_, index) => known.next + index)], next: known.next + more };
    setKnown(now);
  }
  return { keys: now.keys, remove: (index) => { setKnown({ ...now, keys: now.keys.filter((_, at) => at !== index) }); } };
}

/** Any JSON. What cannot be read stays as it was typed, and changes nothing. */
function JsonPart({ label, hint, error, value, onChange }: { label: string; hint: string | undefined; error: string | undefined; value: unknown; onChange: (value: unknown) => void }) {
  const written = (of: unknown): string => (of === undefined ? "" : JSON.stringify(of, null, 2));
  const [text, setText] = useState(() => written(value));
  const [wrong, setWrong] = useState<string>();
  const [heard, setHeard] = useState(() => JSON.stringify(value));
  const now = JSON.stringify(value);
  if (now !== heard) {
    // The value came from elsewhere: it was discarded, undone or read anew.
    setHeard(now);
    setText(written(value));
    setWrong(undefined);
  }
  return (
    <Field label={label} hint={lined(hint ?? "Any JSON; text needs quotes.")} error={wrong ?? error}>
      {(ids) => (
        <TextArea
          {...ids}
          rows={4}
          spellCheck={false}
          className="font-mono text-small"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            try {
              const parsed: unknown = event.target.value.trim() === "" ? undefined : JSON.parse(event.target.value);
              setHeard(JSON.stringify(parsed));
              onChange(parsed);
              setWrong(undefined);
            } catch {
              setWrong("this is no JSON yet");
            }
          }}
        />
      )}
    </Field>
  );
}

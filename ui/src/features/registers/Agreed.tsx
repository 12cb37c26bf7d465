import { X } from "lucide-react";
import { useState, type ReactNode } from "react";

import type { Problem } from "@/api/problem";
import { IconButton } from "@/kit/Button";
import { Field, Input } from "@/kit/Field";
import { Panel } from "@/kit/Page";
import { useConnectors } from "@/resource/connectors";
import type { Schema } from "@/resource/schema";
import { SchemaForm } from "@/resource/SchemaForm";

type Spec = Record<string, unknown>;

interface Props {
  schema: Schema;
  value: Spec;
  problems: readonly Problem[];
  onChange: (value: Spec) => void;
}

/** Fields of a vendor by what they are about. What a later version of the server adds comes with the first of them. */
const PARTS = [
  { title: "Whom to turn to", fields: ["contacts"] },
  { title: "Contract and term", fields: ["contract"] },
  { title: "What is promised", fields: ["sla"] },
  { title: "What it costs", fields: ["cost"] },
  { title: "Our data there", fields: ["data"] },
] as const;
/** What has a place of its own on the page. */
const ELSEWHERE = ["scorecard", "exitPlan", "notes", "decision"];

/** What was agreed with a vendor, to be written down. */
export function Agreed({ schema, value, problems, onChange }: Props) {
  const named = new Set<string>([...PARTS.flatMap(({ fields }) => fields), ...ELSEWHERE, "connectors"]);
  const form = (fields: readonly string[]): ReactNode => <SchemaForm schema={only(schema, fields)} value={value} onChange={onChange} problems={problems} hide={ELSEWHERE} />;
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-2">
      <Panel title="The vendor">
        <div className="flex flex-col gap-4">
          {form(Object.keys(schema.properties ?? {}).filter((name) => !named.has(name)))}
          <Connectors value={texts(value["connectors"])} error={problems.find(({ pointer }) => pointer?.startsWith("/spec/connectors") === true)?.detail} onChange={(connectors) => { onChange(withList(value, connectors)); }} />
        </div>
      </Panel>
      {PARTS.map(({ title, fields }) => <Panel key={title} title={title}>{form(fields)}</Panel>)}
    </div>
  );
}

/** A schema with some of its fields. */
function only(schema: Schema, fields: readonly string[]): Schema {
  return { ...schema, properties: Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => fields.includes(name))) };
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : []);

function withList(value: Spec, connectors: readonly string[]): Spec {
  const { connectors: _before, ...rest } = value;
  return connectors.length === 0 ? rest : { ...rest, connectors };
}

/** The connectors whose service the vendor provides, chosen from those that there are. */
function Connectors({ value, error, onChange }: { value: readonly string[]; error: string | undefined; onChange: (value: string[]) => void }) {
  const known = useConnectors();
  const [text, setText] = useState("");
  const titleOf = (name: string): string => known.data?.find((one) => one.name === name)?.title ?? name;
  const found = known.data?.find((one) => [one.name, one.title.toLowerCase()].includes(text.trim().toLowerCase()));
  const strange = text.trim() !== "" && known.data !== undefined && found === undefined;
  const add = (): void => {
    if (found === undefined) return;
    if (!value.includes(found.name)) onChange([...value, found.name].sort());
    setText("");
  };
  return (
    <Field label="Connectors (optional)" error={error} hint={strange ? "There is no connector of that name; name its hosts instead." : "Services with a connector that it provides. Choose one and press Enter."}>
      {(ids) => (
        <span className="flex flex-col gap-2">
          {value.length === 0 ? null : (
            <ul aria-label="Connectors that it stands for" className="flex flex-wrap gap-1.5">
              {value.map((name) => (
                <li key={name} className="flex h-7 items-center rounded-base bg-sunken pl-2">
                  {titleOf(name)}
                  <IconButton name={`Take ${titleOf(name)} out`} icon={<X size={12} />} onClick={() => { onChange(value.filter((one) => one !== name)); }} />
                </li>
              ))}
            </ul>
          )}
          <Input
            {...ids}
            list={`${ids.id}-known`}
            placeholder="Stripe, Slack…"
            value={text}
            onChange={(event) => { setText(event.target.value); }}
            onBlur={add}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              add();
            }}
          />
          <datalist id={`${ids.id}-known`}>{(known.data ?? []).filter(({ name }) => !value.includes(name)).map(({ name, title }) => <option key={name} value={title} />)}</datalist>
        </span>
      )}
    </Field>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Field, Input } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { Skeleton } from "@/kit/States";

import type { Manifest, Template } from "./templates";

/** A name made of what somebody typed: lower case, words joined by dashes. */
export function nameOf(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
}

/** Asks for a name and what to begin with, and opens the editor on it. */
export function NewDialog({ taken, onClose }: { taken: string[]; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [title, setTitle] = useState("");
  const [template, setTemplate] = useState<Template | null>(null);
  // They are read when somebody begins something new, and not before.
  const templates = useQuery({ queryKey: ["templates"], queryFn: async () => (await import("./templates")).TEMPLATES, staleTime: Infinity });
  const typed = nameOf(title);
  const name = typed === "" && template !== null ? free(template.name, taken) : typed;
  const make = useMutation({
    mutationFn: async () => {
      if (template === null) {
        await data(api.PUT("/api/v1/workflows/{name}", { params: { path: { name } }, body: { spec: { nodes: [], edges: [] } } }));
        return;
      }
      const { instantiate } = await import("./templates");
      const { main, more } = instantiate(template, name);
      await data(api.POST("/api/v1/apply", { body: { resources: [...(await missing(more)), main] as never } }));
    },
    onSuccess: async () => {
      await client.invalidateQueries();
      await navigate({ to: "/workflows/$name/edit", params: { name } });
    },
  });
  const error = taken.includes(name) ? "a workflow has this name already" : undefined;
  const refused = name === "" ? "Give it a name first" : error;
  return (
    <FormDialog
      title="New workflow"
      wide
      act={template === null ? "Create and draw" : "Create and open"}
      refused={refused}
      busy={make.isPending}
      problems={make.isError ? [problemOf(make.error)] : []}
      onSend={() => { make.mutate(); }}
      onClose={onClose}
    >
      <Field label="Name" error={error} hint={name === "" || name === title ? "Letters, digits and dashes; it is part of addresses." : `It will be called ${name}.`}>
        {(ids) => <Input {...ids} autoFocus value={title} onChange={(event) => { setTitle(event.target.value); make.reset(); }} placeholder={template === null ? "order-intake" : name} />}
      </Field>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 font-medium">Begin with</legend>
        <div className="grid grid-cols-2 gap-2 max-sm:grid-cols-1">
          <Choice chosen={template === null} onChoose={() => { setTemplate(null); }} title="An empty canvas" about="Draw it from the first node on." />
          {(templates.data ?? []).map((one) => (
            <Choice
              key={one.name}
              chosen={template === one}
              onChoose={() => { setTemplate(one); make.reset(); }}
              title={one.title}
              about={one.about}
              more={one.more.map((needed) => `${needed.kind} ${needed.name}`)}
            />
          ))}
        </div>
        {templates.isPending ? <Skeleton lines={3} /> : null}
      </fieldset>
    </FormDialog>
  );
}

function Choice({ chosen, onChoose, title, about, more = [] }: { chosen: boolean; onChoose: () => void; title: string; about: string; more?: string[] }) {
  return (
    <label className="flex cursor-pointer gap-2.5 rounded-base border p-2.5 hover:border-line-strong has-checked:border-accent has-checked:bg-accent-soft">
      <input type="radio" name="template" className="mt-0.5 size-4 shrink-0 accent-(--accent)" checked={chosen} onChange={onChoose} />
      <span className="min-w-0">
        <span className="block font-medium">{title}</span>
        <span className="block text-small text-ink-soft">{about}</span>
        {more.length > 0 ? <span className="block text-small text-ink-faint">Brings {more.join(", ")} with it.</span> : null}
      </span>
    </label>
  );
}

/** A name near to the wanted one that nobody has. */
export function free(wanted: string, taken: readonly string[]): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${String(count)}`;
    if (!taken.includes(name)) return name;
  }
}

/** Of what a template brings, that which is not there yet: what somebody has made stays as it is. */
async function missing(manifests: readonly Manifest[]): Promise<Manifest[]> {
  if (manifests.length === 0) return [];
  const would = await data(api.POST("/api/v1/apply", { params: { query: { dryRun: true } }, body: { resources: manifests as never } }));
  return manifests.filter((one) => would.items.some(({ action, resource }) => action === "created" && resource.kind === one.kind && resource.name === one.name));
}

//! Which workflow a node calls, chosen from those that there are, and what it is given.

import { useQuery } from "@tanstack/react-query";
import { use, useId } from "react";

import { isList, isObject, type Json, type JsonObject } from "../../../canvas/graph/json";
import { RunContext } from "../run";
import { textOf } from "./Cell";
import { Labelled } from "./Field";
import { Pairs } from "./Pairs";
import type { Place } from "./place";

/** Workflows that can be called, as far as they are known. */
export function useWorkflows() {
  const { calls } = use(RunContext);
  // The key begins with the kind, so the watch refreshes the list.
  return useQuery({ queryKey: ["workflow", "editor"], queryFn: () => calls?.workflows() ?? [], enabled: calls !== undefined });
}

function startsByCall(spec: JsonObject): boolean {
  return isList(spec["nodes"]) && spec["nodes"].some((node) => isObject(node) && node["type"] === "core.called");
}

export function CalledWorkflow({ place }: { readonly place: Place }) {
  const known = useWorkflows();
  const list = useId();
  const name = textOf(place.value);
  const found = known.data?.find((one) => one.name === name);
  const fault = name === "" ? undefined : known.data && !found ? `there is no workflow \`${name}\` here` : found && !startsByCall(found.spec) ? "it has no trigger “When called by another workflow”" : undefined;
  const sorted = [...(known.data ?? [])].sort((one, other) => Number(startsByCall(other.spec)) - Number(startsByCall(one.spec)) || (one.name < other.name ? -1 : 1));
  return (
      <Labelled label="Workflow" place={place} required hint={fault ?? (typeof found?.spec["title"] === "string" ? found.spec["title"] : undefined)}>
        {(id) => (
          <>
            <input id={id} list={list} value={name} placeholder={known.data?.length === 0 ? "There is no other workflow yet" : "Name of a workflow"} aria-invalid={fault !== undefined} onChange={(event) => place.onChange(event.target.value)} />
            <datalist id={list}>{sorted.map((one) => <option key={one.name} value={one.name}>{`${textOf(one.spec["title"] ?? one.name)}${startsByCall(one.spec) ? "" : " (cannot be called yet)"}`}</option>)}</datalist>
          </>
        )}
      </Labelled>
  );
}

/** Any workflow that there is, by its name. */
export function WorkflowName({ id, place }: { readonly id: string; readonly place: Place }) {
  const known = useWorkflows();
  const list = useId();
  const name = textOf(place.value);
  const found = known.data?.find((one) => one.name === name);
  return (
    <>
      <input id={id} list={list} value={name} placeholder="Name of a workflow" onChange={(event) => place.onChange(event.target.value)} />
      <datalist id={list}>{known.data?.map((one) => <option key={one.name} value={one.name}>{textOf(one.spec["title"] ?? one.name)}</option>)}</datalist>
      {known.data && !found && name !== "" && <p className="ed-hint">There is no workflow “{name}” here.</p>}
    </>
  );
}

/** The fields that the called workflow declares are offered by name. */
export function CalledInputs({ place, workflow }: { readonly place: Place; readonly workflow: Json | undefined }) {
  const known = useWorkflows();
  const spec = known.data?.find((one) => one.name === workflow)?.spec;
  const trigger = isList(spec?.["nodes"]) ? spec["nodes"].find((node) => isObject(node) && node["type"] === "core.called") : undefined;
  const params = isObject(trigger) && isObject(trigger["params"]) ? trigger["params"] : {};
  const names = isList(params["fields"]) ? params["fields"].flatMap((field) => (isObject(field) && typeof field["name"] === "string" ? [field["name"]] : [])) : [];
  return <Pairs label="Fields to set before" place={place} names={names} asObject />;
}

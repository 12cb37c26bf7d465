import { api, data } from "@/api/client";
import { problemOf, type Problem } from "@/api/problem";
import type { components } from "@/api/schema";

export type Workflow = components["schemas"]["Resource"];

export interface Outcome<T> {
  done: { name: string; before: T }[];
  failed: { name: string; problem: Problem }[];
}

/** Does something with each, one after the other, and goes on when one is refused. */
export async function each<T>(names: readonly string[], act: (name: string) => Promise<T>, onStep: (count: number) => void = () => undefined): Promise<Outcome<T>> {
  const outcome: Outcome<T> = { done: [], failed: [] };
  for (const [index, name] of names.entries()) {
    onStep(index);
    try {
      outcome.done.push({ name, before: await act(name) });
    } catch (error) {
      outcome.failed.push({ name, problem: problemOf(error) });
    }
  }
  return outcome;
}

/** Brings what was done back, all of it that can be, and then says what could not. */
export async function undo<T>(outcome: Outcome<T>, back: (name: string, before: T) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const { name, before } of outcome.done) {
    try {
      await back(name, before);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

const at = (name: string) => ({ params: { path: { name } } });

/** Which revision is live, if one is. */
async function liveRevision(name: string): Promise<number | null> {
  try {
    const now = await data(api.GET("/api/v1/workflows/{name}/activation", at(name)));
    return now.enabled ? now.revision : null;
  } catch (error) {
    if (problemOf(error).status === 404) return null;
    throw error;
  }
}

/** Makes the newest revision, or the given one, live; null takes it out of service. Gives what was live before. */
export async function setLive(name: string, revision: number | null | "newest"): Promise<number | null> {
  const before = await liveRevision(name);
  if (revision === null) {
    if (before !== null) await data(api.POST("/api/v1/workflows/{name}/deactivate", at(name)));
  } else await data(api.POST("/api/v1/workflows/{name}/activate", { ...at(name), body: revision === "newest" ? {} : { revision } }));
  return before;
}

/** Sets labels, and drops those that are null. Gives the labels from before. */
export async function setLabels(name: string, change: Readonly<Record<string, string | null>>): Promise<Record<string, string>> {
  const now = await data(api.GET("/api/v1/workflows/{name}", at(name)));
  const labels = { ...now.labels };
  Object.entries(change).forEach(([key, value]) => {
    if (value === null) Reflect.deleteProperty(labels, key);
    else labels[key] = value;
  });
  await data(api.PUT("/api/v1/workflows/{name}", { params: { path: { name }, header: { "If-Match": `"${String(now.revision)}"` } }, body: { spec: now.spec, labels } }));
  return now.labels ?? {};
}

/** Puts all labels in the place of those that are there. */
export async function putLabels(name: string, labels: Record<string, string>): Promise<void> {
  const now = await data(api.GET("/api/v1/workflows/{name}", at(name)));
  await data(api.PUT("/api/v1/workflows/{name}", { params: { path: { name }, header: { "If-Match": `"${String(now.revision)}"` } }, body: { spec: now.spec, labels } }));
}

/** Takes it out of service if need be, and deletes it. Gives what was there. */
export async function remove(name: string): Promise<Workflow> {
  const before = await data(api.GET("/api/v1/workflows/{name}", at(name)));
  await setLive(name, null);
  await data(api.DELETE("/api/v1/workflows/{name}", at(name)));
  return before;
}

export async function restore(workflow: Workflow): Promise<void> {
  await data(api.PUT("/api/v1/workflows/{name}", { ...at(workflow.name), body: { spec: workflow.spec, labels: workflow.labels ?? {} } }));
}

import { parseAllDocuments } from "yaml";

/** The examples of the repository, as they were when the app was built. */
const TEXTS = import.meta.glob<string>("../../../examples/*.yaml", { query: "?raw", import: "default", eager: true });

export interface Manifest {
  kind: string;
  name: string;
  labels?: Record<string, string>;
  spec: Record<string, unknown>;
}

export interface Template {
  name: string;
  title: string;
  /** The comment at its head: what it does, in a sentence. */
  about: string;
  /** The workflow that is opened first. */
  main: Manifest;
  /** What it needs beside. */
  more: Manifest[];
}

/** All templates, by title. */
export const TEMPLATES: readonly Template[] = Object.values(TEXTS)
  .flatMap((text) => templateOf(text) ?? [])
  .sort((a, b) => a.title.localeCompare(b.title));

/** A file of resources as a template; nothing when there is no workflow in it. */
export function templateOf(text: string): Template | null {
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
  const manifests = documents.filter((one): one is Manifest => one !== null);
  const main = manifests.find(({ kind }) => kind === "workflow");
  if (main === undefined) return null;
  const about = (/^# (.+)/m.exec(text)?.[1] ?? "").replace(/:$/, ".");
  return { name: main.name, title: typeof main.spec["title"] === "string" ? main.spec["title"] : main.name, about, main, more: manifests.filter((one) => one !== main) };
}

/** The resources of a template under another name; what calls its workflow calls it by that name. */
export function instantiate({ main, more }: Template, name: string): { main: Manifest; more: Manifest[] } {
  const called = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(called);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, /^(workflow|errorWorkflow)$/.test(key) && inner === main.name ? name : called(inner)]));
  };
  const renamed = ({ labels: { example: _example, ...labels } = {}, ...rest }: Manifest): Manifest => ({ ...rest, labels, spec: called(rest.spec) as Record<string, unknown> });
  const first = renamed(main);
  return { main: { ...first, name, spec: withPath(first.spec, main.name, name) }, more: more.map(renamed) };
}

/** Two workflows cannot be live at one path: a webhook that is reached by the template's name is reached by the new one. */
function withPath(spec: Record<string, unknown>, before: string, after: string): Record<string, unknown> {
  const nodes = Array.isArray(spec["nodes"]) ? (spec["nodes"] as { type?: string; params?: { path?: unknown } }[]) : [];
  return { ...spec, nodes: nodes.map((node) => ((node.type === "http.webhook" || node.type === "form.trigger") && node.params?.path === before ? { ...node, params: { ...node.params, path: after } } : node)) };
}

//! Outside services in the list of node types: each operation of a connector is a node type, titled "Slack: Post a message".

import type { NodeType } from "./calls";

const PROVIDER = "connector:";

/** The connector that a type is an operation of; its name is the first part of the type's. */
export function connectorOf(type: NodeType | undefined): string | undefined {
  return type?.provider?.startsWith(PROVIDER) === true ? type.provider.slice(PROVIDER.length) : undefined;
}

/** The title in two: the service's, and the operation's. */
export function titlesOf({ title }: NodeType): { service: string; operation: string } {
  const at = title.indexOf(": ");
  return at < 0 ? { service: title, operation: title } : { service: title.slice(0, at), operation: title.slice(at + 2) };
}

/** A service with its operations and triggers. */
export interface Service {
  readonly name: string;
  readonly title: string;
  readonly types: readonly NodeType[];
}

/** The services that types belong to, by title; their types stay in their order. */
export function servicesOf(types: readonly NodeType[]): Service[] {
  const services = new Map<string, { name: string; title: string; types: NodeType[] }>();
  for (const type of types) {
    const name = connectorOf(type);
    if (name === undefined) continue;
    const known = services.get(name);
    if (known === undefined) services.set(name, { name, title: titlesOf(type).service, types: [type] });
    else known.types.push(type);
  }
  return [...services.values()].sort((one, other) => one.title.localeCompare(other.title));
}

/** Kinds that have pages of their own. */
export type Kind = "workflow" | "connection" | "variable" | "egress" | "data-table" | "event-type" | "subscriber" | "endpoint" | "vendor" | "evaluation";

/** Where the resources of a kind are; one shape serves all, so the types of one stand for those of all. */
const PLACES: Record<Kind, string> = { workflow: "/api/v1/workflows/{name}", connection: "/api/v1/connections/{name}", variable: "/api/v1/variables/{name}", egress: "/api/v1/egress/{name}", "data-table": "/api/v1/data-tables/{name}", "event-type": "/api/v1/event-types/{name}", subscriber: "/api/v1/subscribers/{name}", endpoint: "/api/v1/endpoints/{name}", vendor: "/api/v1/vendors/{name}", evaluation: "/api/v1/evaluations/{name}" };
const PLURALS: Record<Kind, string> = { workflow: "workflows", connection: "connections", variable: "variables", egress: "egress", "data-table": "data-tables", "event-type": "event-types", subscriber: "subscribers", endpoint: "endpoints", vendor: "vendors", evaluation: "evaluations" };

export function placeOf(kind: Kind): "/api/v1/workflows/{name}" {
  return PLACES[kind] as "/api/v1/workflows/{name}";
}

export function pluralOf(kind: Kind): string {
  return PLURALS[kind];
}

/** What the server takes for a name. */
export const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/;

/** Why a text is no name for a new resource; nothing when it is one. */
export function nameFault(text: string, taken: readonly string[] = []): string | undefined {
  if (text === "") return "Give it a name first";
  if (!NAME.test(text)) return "Names have small letters, digits, - _ and . and begin with a letter or digit";
  return taken.includes(text) ? "This name is taken" : undefined;
}

import { useQuery } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { placeOf } from "@/resource/places";

/** What the app shows of an endpoint's spec; whatever else stands in it stays as it is. */
export interface EndpointSpec {
  description?: string;
  path: string;
  methods?: string[];
  auth?: { kind: string; connection?: string | null };
  key?: string;
  mode?: "first" | "all";
  routes?: { name: string; workflow: string }[];
  else?: "drop" | "refuse" | { workflow: string };
  disabled?: boolean;
}

export interface StoredEndpoint {
  name: string;
  spec: EndpointSpec;
  revision: number;
  labels: Record<string, string>;
}

export const ALL = "/api/v1/endpoints";
export const ONE = placeOf("endpoint");

/** What one begins with. */
export const EXAMPLE: EndpointSpec = {
  path: "shop",
  auth: { kind: "none" },
  key: "{{ $json.body.customer }}",
  mode: "first",
  routes: [{ name: "orders", when: { type: ["order.*"] }, workflow: "orders" } as { name: string; workflow: string }],
  else: "drop",
};

export function useEndpoints() {
  return useQuery({ queryKey: ["endpoint", "list"], queryFn: () => data(api.GET(ALL, { params: { query: { limit: 1000 } } })) });
}

/** Workflows that an endpoint gives something to, each once. */
export function takersOf({ routes = [], else: rest }: EndpointSpec): string[] {
  const last = typeof rest === "object" ? [rest.workflow] : [];
  return [...new Set([...routes.map(({ workflow }) => workflow), ...last])];
}

/** Who may call it, in words. */
export function callersOf({ auth }: EndpointSpec): string {
  if (auth === undefined || auth.kind === "none") return "anybody";
  return `${auth.kind} by ${auth.connection ?? "a connection that is not chosen yet"}`;
}

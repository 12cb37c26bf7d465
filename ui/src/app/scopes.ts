import { useQuery } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { here, textOf, type Scope } from "@/api/scope";

/** What one may see; and whether the scope of the page is among it. */
export interface Scopes {
  all: Scope[];
  hereIsThere: boolean;
}

/** All scopes in which one has a role, by name. */
export async function loadScopes(): Promise<Scopes> {
  const all = await listed().catch(async (error: unknown) => {
    const status = problemOf(error).status;
    if (status !== 403 && status !== 404) throw error;
    // The list is asked for in a scope, and this page is in one that is not there or not ours. What the roles name is.
    return fromRoles();
  });
  all.sort((a, b) => a.workspace.localeCompare(b.workspace) || order(a) - order(b) || a.environment.localeCompare(b.environment));
  return { all, hereIsThere: all.some((one) => textOf(one) === textOf(here)) };
}

async function listed(): Promise<Scope[]> {
  const all: Scope[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await data(api.GET("/api/v1/scopes", { params: { query: { limit: 1000, ...(cursor == null ? {} : { cursor }) } } }));
    all.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor != null);
  return all;
}

async function fromRoles(): Promise<Scope[]> {
  const me = await data(api.GET("/api/v1/me"));
  return me.rules.flatMap(({ workspace, environment }) => (workspace == null || environment == null ? [] : [{ workspace, environment }]));
}

/** Stages go in the order in which changes go through them. */
function order({ environment }: Scope): number {
  const stage = ["dev", "development", "test", "staging", "stage", "prod", "production", "live"].indexOf(environment);
  return stage < 0 ? 3.5 : stage;
}

export function useScopes(enabled = true) {
  return useQuery({ queryKey: ["scopes"], queryFn: loadScopes, staleTime: 60_000, enabled });
}

/** Scopes by workspace, in the order of the list. */
export function byWorkspace(all: readonly Scope[]): [string, Scope[]][] {
  const groups = new Map<string, Scope[]>();
  all.forEach((scope) => groups.set(scope.workspace, [...(groups.get(scope.workspace) ?? []), scope]));
  return [...groups];
}

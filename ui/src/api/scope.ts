import type { components } from "./schema";

/** A workspace and one of its environments. */
export type Scope = components["schemas"]["Scope"];

const KEY = "fishplate.scope";
const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/;
/** What the server takes when a request names none. */
const FIRST: Scope = { workspace: "main", environment: "prod" };

/** The scope as people write it. */
export function textOf(scope: Scope): string {
  return `${scope.workspace}/${scope.environment}`;
}

/** The scope that a text names, if it names one. */
export function scopeOf(text: string | null | undefined): Scope | null {
  const [workspace, environment, ...more] = (text ?? "").split("/");
  return more.length === 0 && NAME.test(workspace ?? "") && NAME.test(environment ?? "") ? ({ workspace, environment } as Scope) : null;
}

/** An address of the app taken apart: `/in/acme/dev/runs` is `/runs` in `acme/dev`; without a scope it is a place anywhere. */
export function placeOf(pathname: string): { scope: Scope | null; path: string } {
  const [, workspace, environment, rest] = /^\/in\/([^/]+)\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
  const scope = workspace === undefined ? null : scopeOf(`${workspace}/${environment ?? ""}`);
  return scope === null ? { scope: null, path: pathname } : { scope, path: rest ?? "/" };
}

/** Before every path of the app in this scope. */
export function baseOf(scope: Scope): string {
  return `/in/${textOf(scope)}`;
}

/**
 * Where a page of this scope has its counterpart in another one. Named things may be there too, and to compare them is
 * why people change over; a run is in one scope only.
 */
export function counterpart(path: string): string {
  return path.startsWith("/runs/") ? "/runs" : path;
}

/** Whether people must take care: what happens here happens to customers. */
export function isProduction(scope: Scope): boolean {
  return /^(prod|production|live)$/.test(scope.environment);
}

function sought(): Scope {
  return placeOf(globalThis.location?.pathname ?? "").scope ?? scopeOf(remembered()) ?? FIRST;
}

function remembered(): string | null {
  try {
    return globalThis.localStorage?.getItem(KEY) ?? null;
  } catch {
    return null;
  }
}

/**
 * The scope of this page. It stays the same as long as the page lives: to change over is to go to another address and to
 * begin anew there, so that nothing half done in one environment can end in another.
 */
export const here: Scope = sought();

/** Where customers look after their webhooks. It is in no scope: the pass behind the hash says whose it is. */
export const PORTAL = "/portal";

/** Whether an address is the portal's, which has nothing to do with who is signed in here and where they were last. */
export function isPortal(pathname: string): boolean {
  return pathname === PORTAL;
}

/** What a request carries to be meant for the scope of this page. */
export function scopeHeaders(): Record<string, string> {
  return { "fishplate-workspace": here.workspace, "fishplate-environment": here.environment };
}

/** A name for what the browser keeps of this scope. The first scope has none before it, so that what was kept before there were others is found. */
export function keptAs(key: string, name: string): string {
  return textOf(here) === textOf(FIRST) ? `${key}.${name}` : `${key}.${textOf(here)}/${name}`;
}

/** Where the webhooks of the scope are reached; their paths follow. */
export function hooksOf(scope: Scope): string {
  return `${globalThis.location?.origin ?? ""}/hooks/${textOf(scope)}`;
}

/** Gives an address without a scope the one where one was last, so that it can be sent to others, and remembers it. */
export function settle(): void {
  if (isPortal(location.pathname)) return;
  const { scope, path } = placeOf(location.pathname);
  if (scope === null) history.replaceState(history.state, "", baseOf(here) + path + location.search + location.hash);
  try {
    localStorage.setItem(KEY, textOf(here));
  } catch {
    // A browser that keeps nothing begins at the first scope again.
  }
}

/** Goes to the same place in another scope. */
export function changeOver(scope: Scope): void {
  const { path } = placeOf(location.pathname);
  location.assign(baseOf(scope) + counterpart(path) + (counterpart(path) === path ? location.search : ""));
}

//! Outside services that there are connectors for: finding one, and what a connection on it is made of.

import { useQuery } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Problem } from "@/api/problem";
import type { components } from "@/api/schema";

import { readable, type Schema } from "./schema";

type View = components["schemas"]["ConnectorView"];
export type Account = Omit<components["schemas"]["AccountView"], "spec"> & { spec: Record<string, unknown> };
/** A service, with what the document leaves open said. */
export type Connector = Omit<View, "accounts" | "settings"> & { settings: Schema; accounts: Account[] };

/** The services, as the server has them. */
export function useConnectors(enabled = true) {
  return useQuery({
    enabled,
    queryKey: ["connectors"],
    queryFn: () => data(api.GET("/api/v1/connectors")),
    staleTime: Infinity,
    select: ({ items }) => items as unknown as Connector[],
  });
}

/** Categories whose names are no words. */
const CATEGORIES: Readonly<Record<string, string>> = { ai: "AI", crm: "CRM" };

/** The category that a service stands under, as people write it. */
export function categoryOf({ categories }: Connector): string {
  const first = categories[0] ?? "others";
  return CATEGORIES[first] ?? readable(first);
}

/** How well a word fits a service; none where it does not. */
function rankOf(service: Connector, word: string): number | undefined {
  const title = service.title.toLowerCase();
  if (title.startsWith(word)) return 0;
  if (title.split(/[\s-]/).some((part) => part.startsWith(word)) || service.name.startsWith(word)) return 1;
  if (service.keywords.some((keyword) => keyword.toLowerCase().startsWith(word)) || service.categories.some((category) => category.startsWith(word))) return 3;
  if (title.replaceAll(" ", "").includes(word)) return 4;
  return service.summary.toLowerCase().includes(word) ? 5 : undefined;
}

/** The services that fit every word, best first. */
export function findServices(services: readonly Connector[], wanted: string): Connector[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return services
    .flatMap((service) => {
      const ranks = words.map((word) => rankOf(service, word));
      return ranks.includes(undefined) ? [] : [{ service, rank: ranks.reduce<number>((sum, rank) => sum + (rank ?? 0), 0) }];
    })
    .sort((one, other) => one.rank - other.rank || one.service.title.localeCompare(other.service.title))
    .map(({ service }) => service);
}

/** The services under their categories, both in the order of their names. */
export function byCategory(services: readonly Connector[]): { category: string; services: Connector[] }[] {
  const groups = new Map<string, Connector[]>();
  for (const service of services) groups.set(categoryOf(service), [...(groups.get(categoryOf(service)) ?? []), service]);
  return [...groups].map(([category, of]) => ({ category, services: of })).sort((one, other) => one.category.localeCompare(other.category));
}

/** What somebody has typed about an account. */
export interface Draft {
  name: string;
  title: string;
  settings: Record<string, unknown>;
  /** Places of the spec, by JSON pointer. */
  places: Readonly<Record<string, string>>;
  secrets: Readonly<Record<string, string>>;
  /** The service lies in a network of one's own. */
  allowPrivate: boolean;
}

const SETTING = "/settings/";

const object = (value: unknown): Record<string, unknown> => (typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {});
const text = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");

/** The settings that a way of showing an account has at first. */
export function firstSettings(account: Account): Record<string, unknown> {
  return object(account.spec["settings"]);
}

/** Whether the account's own words name a setting, as in `{tenant}`: it cannot do without. */
function names(account: Account, setting: string): boolean {
  return JSON.stringify(account.spec["auth"] ?? {}).includes(`{${setting}}`);
}

/** The form of a service's settings for a way of showing an account: what is asked for, and what only some ask for. */
export function settingsOf({ settings, accounts }: Connector, account: Account): { asked: Schema; more: Schema } {
  const fields = Object.entries(settings.properties ?? {});
  const required = fields.flatMap(([name, field]) =>
    settings.required?.includes(name) === true || account.fillIn.includes(SETTING + name) || (names(account, name) && field.default === undefined) ? [name] : [],
  );
  const isMore = (name: string, field: Schema): boolean => {
    if (required.includes(name) || names(account, name)) return false;
    return (field as { "x-form"?: { more?: boolean } })["x-form"]?.more === true || accounts.some((other) => names(other, name));
  };
  const form = (keep: (name: string, field: Schema) => boolean): Schema => ({ ...settings, required, properties: Object.fromEntries(fields.filter(([name, field]) => keep(name, field))) });
  return { asked: form((name, field) => !isMore(name, field)), more: form(isMore) };
}

/** A place of the spec that somebody fills in. */
export interface Place {
  pointer: string;
  label: string;
}

const PLACES: Readonly<Record<string, string>> = { clientId: "Client id", username: "User name" };

/** Places that are filled in beside settings. */
export function placesOf(account: Account): Place[] {
  const auth = object(account.spec["auth"]);
  const issuer = text(object(auth["claims"])["iss"]);
  // A service account that says by itself who it is has no client id.
  const isUnknown = (pointer: string) => pointer === "/auth/clientId" && auth["flow"] === "jwtBearer" && issuer !== "" && !issuer.includes("{clientId}");
  return account.fillIn
    .filter((pointer) => !pointer.startsWith(SETTING) && !isUnknown(pointer))
    .map((pointer) => {
      const last = pointer.slice(pointer.lastIndexOf("/") + 1);
      return { pointer, label: PLACES[last] ?? readable(last) };
    });
}

/** What an account's secrets are called, in the service's own words. */
export function secretsOf(account: Account): { field: string; title: string; optional: boolean }[] {
  const auth = object(account.spec["auth"]);
  // An application that proves itself by PKCE may have no secret.
  const isOptional = (field: string) => field === "clientSecret" && auth["flow"] === "authorizationCode" && auth["pkce"] !== false;
  return Object.entries(account.secrets).map(([field, title]) => ({ field, title, optional: isOptional(field) }));
}

/** Scopes that are asked for when somebody consents. */
export function scopesOf(account: Account): string[] {
  const scopes = object(account.spec["auth"])["scopes"];
  return Array.isArray(scopes) ? scopes.map(String) : [];
}

/** How a person consents: in the browser, or on another device; none where nobody does. */
export function flowOf(account: Account): string | null {
  if (!account.consent) return null;
  const flow = text(object(account.spec["auth"])["flow"]);
  return flow === "" ? "authorizationCode" : flow;
}

/** The host of an address; none where a text is no address. */
function hostOf(address: string): string | undefined {
  return /^https?:\/\/([^/?:#\s]+)/.exec(address)?.[1]?.toLowerCase();
}

/** Whether a setting is the address of a server, as its example or default says. */
export function isAddress(field: Schema): boolean {
  return field.oneOf === undefined && [field.default, field.examples?.[0]].some((said) => hostOf(text(said)) !== undefined);
}

/**
 * The hosts that the secrets may be sent to: those that the service's own words tell, with what settings make of them put in.
 * A star that no setting stands for stays.
 */
export function hostsOf(account: Account, settings: Record<string, unknown>): string[] {
  const before = firstSettings(account);
  const offered = Array.isArray(account.spec["hosts"]) ? account.spec["hosts"].map(String) : [];
  const filled = account.fillIn.filter((pointer) => pointer.startsWith(SETTING)).map((pointer) => pointer.slice(SETTING.length));
  // A star stands for one setting; where several are asked for, it cannot be told which.
  const label = filled.length === 1 ? text(settings[filled[0] ?? ""]).trim().toLowerCase() : "";
  const hosts = offered.map((host) => {
    for (const [name, usual] of Object.entries(before)) {
      const [was, now] = [text(usual), text(settings[name]).trim()];
      if (was === "" || now === "" || was === now) continue;
      if (host === (hostOf(was) ?? was)) return hostOf(now) ?? now;
      if (host.startsWith(`${was}.`)) return now + host.slice(was.length);
    }
    return host.startsWith("*.") && /^[a-z0-9-]+$/.test(label) ? label + host.slice(1) : host;
  });
  // A setting that is a whole address names its own host.
  const own = Object.entries(settings).flatMap(([name, value]) => (name in before ? [] : [hostOf(text(value).trim())])).filter((host) => host !== undefined);
  return [...new Set([...hosts, ...own])];
}

/** The value with a place set that is there or not; it is copied along the way. */
function withPlace(value: Record<string, unknown>, pointer: string, to: string): Record<string, unknown> {
  const [first = "", ...rest] = pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return { ...value, [first]: rest.length === 0 ? to : withPlace(object(value[first]), `/${rest.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`, to) };
}

/** The spec of the connection. */
export function specOf(account: Account, draft: Draft): Record<string, unknown> {
  const settings = Object.fromEntries(Object.entries(draft.settings).map(([name, value]) => [name, typeof value === "string" ? value.trim() : value]));
  const spec = { ...account.spec, title: draft.title.trim(), settings, hosts: hostsOf(account, settings), ...(draft.allowPrivate ? { allowPrivate: true } : {}) };
  return placesOf(account).reduce<Record<string, unknown>>((now, { pointer }) => withPlace(now, pointer, (draft.places[pointer] ?? "").trim()), spec);
}

/** What is still missing, at its field. */
export function missingIn(connector: Connector, account: Account, draft: Draft): Problem[] {
  const problem = (pointer: string, detail: string): Problem => ({ code: "app", detail, pointer, problems: [] });
  const { asked, more } = settingsOf(connector, account);
  const settings = Object.entries({ ...asked.properties, ...more.properties }).flatMap(([name, field]) => {
    const value = text(draft.settings[name]).trim();
    if (value === "") return asked.required?.includes(name) === true && !(name in draft.settings && typeof draft.settings[name] === "boolean") ? [problem(`/spec/settings/${name}`, "the service cannot be reached without it")] : [];
    if (!isAddress(field) || hostOf(value) !== undefined) return [];
    const example = text(field.examples?.[0] ?? field.default);
    return [problem(`/spec/settings/${name}`, `an address is expected, such as \`${example}\``)];
  });
  const places = placesOf(account).flatMap(({ pointer }) => ((draft.places[pointer] ?? "").trim() === "" ? [problem(`/spec${pointer}`, "the service knows the account by it")] : []));
  const secrets = secretsOf(account).flatMap(({ field, optional }) => (!optional && (draft.secrets[field] ?? "") === "" ? [problem(`/secrets/${field}`, "without it the service lets nobody in")] : []));
  return [...(draft.name === "" ? [problem("/name", "nodes refer to it by a name")] : []), ...settings, ...places, ...secrets];
}

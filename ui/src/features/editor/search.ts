//! Which node types fit what somebody typed: by title, by n8n's names, by what people call it, by what it does.

import { FAMILIES, familyOf, type Family } from "../../canvas/families";
import type { NodeType } from "./calls";
import { connectorOf, servicesOf, titlesOf, type Service } from "./services";

/** n8n's name of a type, in words: `n8n-nodes-base.splitInBatches` is `split in batches`. */
export function inWords(n8n: string): string {
  return n8n.slice(n8n.lastIndexOf(".") + 1).replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

/** What is looked into, made once for each type: with 2,000 of them, nothing is made anew for a keystroke. */
interface Entry {
  readonly type: NodeType;
  readonly names: readonly string[];
  readonly parts: readonly string[];
  readonly squeezed: readonly string[];
  readonly keywords: readonly string[];
  readonly keywordParts: readonly string[];
  readonly summary: string;
  /** All of it: a word that is not in here fits nowhere. */
  readonly all: string;
  readonly operation: Operation | undefined;
  readonly family: number;
}

/** An operation of a service: the service's name, what it does, and both. */
interface Operation {
  readonly service: string;
  readonly does: string;
  readonly whole: string;
  readonly parts: readonly string[];
}

/** Text without what somebody who searches leaves out: "post message" is "Post a message"; and an email is a mail. */
const plain = (text: string): string => text.toLowerCase().replace(/\be-?mail/g, "mail").split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "" && word !== "a" && word !== "an" && word !== "the").join(" ");

function operationOf(type: NodeType): Operation | undefined {
  if (connectorOf(type) === undefined) return undefined;
  const titles = titlesOf(type);
  const [service, does] = [plain(titles.service), plain(titles.operation)];
  return { service, does, whole: `${service} ${does}`, parts: does.split(" ") };
}

const entries = new WeakMap<NodeType, Entry>();

function entryOf(type: NodeType): Entry {
  const known = entries.get(type);
  if (known !== undefined) return known;
  const operation = operationOf(type);
  // n8n has one type for all operations of a service: its name is the service's, and does not tell them apart.
  const names = operation === undefined ? [type.title.toLowerCase(), ...type.n8n.map(inWords)] : [operation.whole, ...new Set(type.n8n.map(inWords))];
  const squeezed = names.map((name) => name.replaceAll(" ", ""));
  const summary = type.summary.toLowerCase();
  const keywordParts = type.keywords.flatMap((keyword) => [keyword, ...keyword.split(" ")].map((part) => part.toLowerCase()));
  const entry: Entry = {
    type,
    names,
    parts: names.flatMap((name) => name.split(/\s/)),
    squeezed,
    keywords: type.keywords,
    keywordParts,
    summary,
    all: [...names, ...squeezed, ...keywordParts, type.id, summary].join("\n"),
    operation,
    family: FAMILIES.indexOf(familyOf(type)),
  };
  entries.set(type, entry);
  return entry;
}

const byTitle = new Intl.Collator().compare;
const sorted = new WeakMap<readonly NodeType[], readonly Entry[]>();

/** Entries by title. */
function entriesOf(types: readonly NodeType[]): readonly Entry[] {
  const known = sorted.get(types);
  if (known !== undefined) return known;
  const made = [...types].sort((one, other) => byTitle(one.title, other.title)).map(entryOf);
  sorted.set(types, made);
  return made;
}

/** Types that are made ready at once; more would be felt. */
const SLICE = 250;

/** Makes ready what the first keystroke would wait for, a slice at a time. */
export function* prepare(types: readonly NodeType[]): Generator<undefined> {
  for (let at = 0; at < types.length; at += SLICE) {
    types.slice(at, at + SLICE).forEach(entryOf);
    yield;
  }
  entriesOf(types);
}

function rankOf(entry: Entry, whole: string, words: readonly string[]): number {
  const { names } = entry;
  if (names.includes(whole)) return 0;
  if (entry.keywords.includes(whole)) return 2;
  if (names.some((name) => name.startsWith(whole))) return 1;
  return sumOf(words, (word) => {
    if (!entry.all.includes(word)) return undefined;
    if (entry.parts.some((part) => part.startsWith(word))) return 2;
    if (entry.keywordParts.some((part) => part.startsWith(word)) || entry.type.id.includes(word)) return 3;
    if (entry.squeezed.some((name) => name.includes(word))) return 4;
    return entry.summary.includes(word) ? 5 : undefined;
  });
}

/** Operations come after what is built in, and the shorter ones first: "Post a message" before "Post a message later". */
function rankOfOperation(entry: Entry, { service, does, whole, parts }: Operation, wanted: string, words: readonly string[]): number {
  const after = 0.5 + Math.min(does.length, 40) / 1_000;
  if (wanted === whole) return 0.1;
  if (wanted === does) return 1 + after;
  // What a service is called is called so by all of its operations: it stands before them itself.
  if (whole.startsWith(wanted)) return (wanted.length > service.length ? 1 : 2.1) + after;
  if (does.startsWith(wanted)) return 1.2 + after;
  return after + sumOf(words, (word) => {
    if (!entry.all.includes(word)) return undefined;
    if (word === service || parts.some((part) => part.startsWith(word))) return 2;
    if (entry.parts.some((part) => part.startsWith(word))) return 2.5;
    if (entry.type.id.includes(word)) return 3;
    if (entry.squeezed.some((name) => name.includes(word))) return 4;
    return entry.summary.includes(word) ? 5 : 6;
  });
}

function sumOf(words: readonly string[], rank: (word: string) => number | undefined): number {
  let sum = 2;
  for (const word of words) {
    const one = rank(word);
    if (one === undefined) return Number.POSITIVE_INFINITY;
    sum += one;
  }
  return sum;
}

/** Whether a type is called by what was typed, so that it is what was looked for. */
export function isCalled(types: readonly NodeType[], wanted: string): boolean {
  const whole = wanted.toLowerCase().trim();
  if (whole === "") return false;
  // "slack channel" is about Slack, whatever of it is not called so.
  const text = plain(whole).replaceAll(" ", "");
  if (partsOf(types).services.some(({ title }) => { const name = plain(title).replaceAll(" ", ""); return name.length > 2 && text.startsWith(name); })) return true;
  return entriesOf(types).some(({ names, squeezed }) => names.some((name) => name.startsWith(whole)) || squeezed.some((name) => name.startsWith(whole)));
}

interface Found {
  readonly type: NodeType;
  readonly rank: number;
}

function ranked(types: readonly NodeType[], wanted: string, first: boolean): Found[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const whole = words.join(" ");
  const said = plain(whole);
  const saidWords = said.split(" ");
  const rank = (entry: Entry): number => {
    if (words.length === 0) return 0;
    if (entry.operation === undefined) return rankOf(entry, whole, words);
    return said === "" ? Number.POSITIVE_INFINITY : rankOfOperation(entry, entry.operation, said, saidWords);
  };
  const place = ({ type, family }: Entry) => (type.group !== "trigger" ? family : first ? 0 : FAMILIES.length);
  return entriesOf(types)
    .map((entry) => ({ entry, rank: rank(entry) }))
    .filter(({ rank }) => rank < Number.POSITIVE_INFINITY)
    // What is as good stays in the order of titles.
    .sort((one, other) => one.rank - other.rank || place(one.entry) - place(other.entry))
    .map(({ entry, rank }) => ({ type: entry.type, rank }));
}

/** Types in the order in which they fit what was typed; triggers come first where there is no node yet, else last. */
export function search(types: readonly NodeType[], wanted: string, first = false): NodeType[] {
  return ranked(types, wanted, first).map(({ type }) => type);
}

/** What can be chosen: a type, a service to look into, or more of what fits. */
export type Option =
  | { readonly kind: "type"; readonly id: string; readonly type: NodeType }
  | { readonly kind: "service"; readonly id: string; readonly service: Service }
  | { readonly kind: "more"; readonly id: string; readonly left: number };

export interface Shelf {
  /** Absent: what fits a search, in one list. */
  readonly family: Family | undefined;
  readonly options: readonly Option[];
}

interface Asked {
  readonly wanted: string;
  /** There is no node yet. */
  readonly first: boolean;
  /** Name of the service that is looked into. */
  readonly service: string | undefined;
  /** Most types that are shown of those that fit. */
  readonly limit: number;
  /** Types that do the work of what is not here. */
  readonly instead?: readonly string[];
}

const typeOption = (type: NodeType): Option => ({ kind: "type", id: `type-${type.id}`, type });
const serviceOption = (service: Service): Option => ({ kind: "service", id: `service-${service.name}`, service });

interface Parts {
  readonly services: readonly Service[];
  /** Types that belong to no service. */
  readonly builtIn: readonly NodeType[];
}

const partsMade = new WeakMap<readonly NodeType[], Parts>();

/** The services among types and the rest, told apart once. */
function partsOf(types: readonly NodeType[]): Parts {
  const known = partsMade.get(types);
  if (known !== undefined) return known;
  const parts = { services: servicesOf(types), builtIn: types.filter((type) => connectorOf(type) === undefined) };
  partsMade.set(types, parts);
  return parts;
}

/** How well a service is called by what was typed; it stands before its operations, and after what is built in and called so. */
function rankOfService({ title }: Service, wanted: string): number | undefined {
  const name = plain(title);
  if (wanted === "") return undefined;
  if (name === wanted) return 0.2;
  if (name.startsWith(wanted) || name.replaceAll(" ", "").startsWith(wanted.replaceAll(" ", ""))) return 2.05;
  return wanted.split(" ").every((word) => name.split(" ").some((part) => part.startsWith(word))) ? 2.1 : undefined;
}

/** What is shown: families and services until somebody searches, then what fits, best first. */
export function shelves(types: readonly NodeType[], { wanted, first, service, limit, instead = [] }: Asked): Shelf[] {
  const { services, builtIn } = partsOf(types);
  const opened = services.find(({ name }) => name === service);
  const said = plain(wanted);
  if (opened === undefined && wanted.trim() === "") return byFamily(builtIn, services, first);
  const found = ranked(opened?.types ?? types, wanted, first);
  const meanwhile = instead.flatMap((id) => types.filter((type) => type.id === id && !found.some((one) => one.type === type)));
  const called = opened !== undefined ? [] : services.flatMap((one) => { const rank = rankOfService(one, said); return rank === undefined ? [] : [{ rank, option: serviceOption(one) }]; });
  const fit = [...found.slice(0, limit).map(({ type, rank }) => ({ rank, option: typeOption(type) })), ...called].sort((one, other) => one.rank - other.rank).map(({ option }) => option);
  const left = found.length - limit;
  const options = [...fit, ...meanwhile.map(typeOption), ...(left > 0 ? [{ kind: "more", id: "more", left } as const] : [])];
  return options.length === 0 ? [] : [{ family: undefined, options }];
}

function byFamily(types: readonly NodeType[], services: readonly Service[], first: boolean): Shelf[] {
  const all = new Map<Family, Option[]>();
  for (const type of search(types, "", first)) {
    const family = familyOf(type);
    all.set(family, [...(all.get(family) ?? []), typeOption(type)]);
  }
  // Triggers come last where there are nodes already, and services before them.
  const shelved = [...all].map(([family, options]) => ({ family, options }));
  if (services.length === 0) return shelved;
  const place = (family: Family) => FAMILIES.indexOf(family);
  const at = shelved.findIndex(({ family }) => place(family) > place("Services") || (family === "Triggers" && !first));
  const shelf: Shelf = { family: "Services", options: services.map(serviceOption) };
  return at < 0 ? [...shelved, shelf] : [...shelved.slice(0, at), shelf, ...shelved.slice(at)];
}

//! Which node types fit what somebody typed: by title, by n8n's names, by what people call it, by what it does.

import { FAMILIES, familyOf, type Family } from "../../canvas/families";
import type { NodeType } from "./calls";

/** n8n's name of a type, in words: `n8n-nodes-base.splitInBatches` is `split in batches`. */
export function inWords(n8n: string): string {
  return n8n.slice(n8n.lastIndexOf(".") + 1).replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

function rankOf(type: NodeType, whole: string, words: readonly string[]): number {
  const names = [type.title.toLowerCase(), ...type.n8n.map(inWords)];
  if (names.includes(whole)) return 0;
  if (type.keywords.includes(whole)) return 2;
  if (names.some((name) => name.startsWith(whole))) return 1;
  let sum = 2;
  for (const word of words) {
    if (names.some((name) => name.split(/\s/).some((part) => part.startsWith(word)))) sum += 2;
    else if (type.keywords.some((keyword) => keyword.startsWith(word) || keyword.split(" ").some((part) => part.startsWith(word))) || type.id.includes(word)) sum += 3;
    else if (names.some((name) => name.replaceAll(" ", "").includes(word))) sum += 4;
    else if (type.summary.toLowerCase().includes(word)) sum += 5;
    else return Number.POSITIVE_INFINITY;
  }
  return sum;
}

/** Whether a type is called by what was typed, so that it is what was looked for. */
export function isCalled(types: readonly NodeType[], wanted: string): boolean {
  const whole = wanted.toLowerCase().trim();
  return whole !== "" && types.some((type) => [type.title.toLowerCase(), ...type.n8n.map(inWords)].some((name) => name.startsWith(whole) || name.replaceAll(" ", "").startsWith(whole)));
}

/** Types in the order in which they fit what was typed; triggers come first where there is no node yet, else last. */
export function search(types: readonly NodeType[], wanted: string, first = false): NodeType[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const whole = words.join(" ");
  const place = (type: NodeType) => (type.group === "trigger" && !first ? FAMILIES.length : FAMILIES.indexOf(familyOf(type)));
  return types
    .map((type) => ({ type, rank: words.length === 0 ? 0 : rankOf(type, whole, words) }))
    .filter((entry) => entry.rank < Number.POSITIVE_INFINITY)
    .sort((one, other) => one.rank - other.rank || place(one.type) - place(other.type) || one.type.title.localeCompare(other.type.title))
    .map((entry) => entry.type);
}

export interface Shelf {
  /** Absent: what fits a search, in one list. */
  readonly family: Family | undefined;
  readonly types: readonly NodeType[];
}

/** The types as they are shown: by families, or, once somebody searches, by how well they fit. */
export function shelves(found: readonly NodeType[], wanted: string): Shelf[] {
  if (wanted.trim() !== "") return found.length === 0 ? [] : [{ family: undefined, types: found }];
  const all: Shelf[] = [];
  for (const type of found) {
    const family = familyOf(type);
    const last = all.at(-1);
    if (last?.family === family) all[all.length - 1] = { family, types: [...last.types, type] };
    else all.push({ family, types: [type] });
  }
  return all;
}

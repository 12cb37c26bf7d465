import type { Block } from "@/kit/Prose";

import { GUIDES, type GuideName } from "@/kit/guides";

import { TEXTS } from "./guides";

export interface Code {
  code: string;
  title: string;
  status: string;
  sections: { name: string; blocks: Block[] }[];
}

const holds = (words: string[], text: string): boolean => words.every((word) => text.includes(word));
const wordsOf = (search: string): string[] => search.toLowerCase().split(/\s+/).filter(Boolean);

/** Guides that have all words somewhere, those with all of them in the title first. */
export function findGuides(search: string): GuideName[] {
  const words = wordsOf(search);
  const found = GUIDES.filter((name) => {
    const { title, lead, sections } = TEXTS[name];
    return holds(words, [title, lead, ...sections.flatMap((part) => [part.title, ...part.blocks.map((block) => block.text)])].join("\n").toLowerCase());
  });
  const first = (name: GuideName): number => (holds(words, TEXTS[name].title.toLowerCase()) ? 0 : 1);
  return found.sort((a, b) => first(a) - first(b));
}

/** Problem codes that have all words in their number, title or text. */
export function findCodes(codes: readonly Code[], search: string): Code[] {
  const words = wordsOf(search);
  return codes.filter(({ code, title, sections }) =>
    holds(words, [code, title, ...sections.flatMap((part) => part.blocks.map((block) => block.text))].join("\n").toLowerCase()),
  );
}

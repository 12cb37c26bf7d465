//! Markdown as people write it in plans and notes, taken apart. What is not known here stays the text that it is.

/** A piece of a line. */
export type Span = { kind: "text" | "code" | "strong" | "em"; text: string } | { kind: "link"; text: string; to: string };

/** A block of a text. */
export type Block =
  | { kind: "heading"; level: 1 | 2 | 3 | 4; spans: Span[] }
  | { kind: "text"; spans: Span[] }
  | { kind: "list"; ordered: boolean; items: { done: boolean | null; spans: Span[] }[] }
  | { kind: "quote"; spans: Span[] }
  | { kind: "code"; text: string }
  | { kind: "line" };

const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;

/** The blocks of a text. */
export function blocksOf(text: string): Block[] {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks: Block[] = [];
  let words: string[] = [];
  const close = (): void => {
    if (words.length > 0) blocks.push({ kind: "text", spans: spansOf(words.join(" ")) });
    words = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    const item = ITEM.exec(line);
    if (line.startsWith("```")) {
      close();
      const code: string[] = [];
      for (at += 1; at < lines.length && lines[at]?.startsWith("```") !== true; at += 1) code.push(lines[at] ?? "");
      blocks.push({ kind: "code", text: code.join("\n") });
    } else if (heading !== null) {
      close();
      blocks.push({ kind: "heading", level: Math.min(heading[1]?.length ?? 1, 4) as 1 | 2 | 3 | 4, spans: spansOf(heading[2] ?? "") });
    } else if (/^\s*(-{3,}|\*{3,}|_{3,})\s*$/.test(line)) {
      close();
      blocks.push({ kind: "line" });
    } else if (item !== null) {
      close();
      const ordered = item[1] !== undefined;
      const entry = { done: item[2] === undefined ? null : item[2] !== " ", spans: spansOf(item[3] ?? "") };
      const last = blocks.at(-1);
      // A line between two lists parts them.
      if (last?.kind === "list" && last.ordered === ordered && lines[at - 1]?.trim() !== "") last.items.push(entry);
      else blocks.push({ kind: "list", ordered, items: [entry] });
    } else if (line.startsWith(">")) {
      close();
      blocks.push({ kind: "quote", spans: spansOf(line.replace(/^>\s?/, "")) });
    } else if (line.trim() === "") close();
    else words.push(line.trim());
  }
  close();
  return blocks;
}

/** The pieces of a line. Only addresses of the web and of mail become links. */
export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let rest = text;
  const plain = (words: string): void => {
    if (words !== "") spans.push({ kind: "text", text: words });
  };
  while (rest !== "") {
    const found = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(((?:https?:\/\/|mailto:)[^\s)]+)\)|(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)])/.exec(rest);
    if (found === null) break;
    plain(rest.slice(0, found.index));
    const [whole, code, strong, em, name, to, bare] = found;
    if (code !== undefined) spans.push({ kind: "code", text: code });
    else if (strong !== undefined) spans.push({ kind: "strong", text: strong });
    else if (em !== undefined) spans.push({ kind: "em", text: em });
    else if (to !== undefined) spans.push({ kind: "link", text: name ?? to, to });
    else spans.push({ kind: "link", text: bare ?? whole, to: bare ?? whole });
    rest = rest.slice(found.index + whole.length);
  }
  plain(rest);
  return spans;
}

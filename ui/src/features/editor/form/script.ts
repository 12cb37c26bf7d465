//! JavaScript inside of a text: where it stands between `{{ }}`, how it is coloured, and where it cannot be read.

import { javascriptLanguage } from "@codemirror/lang-javascript";
import type { Extension, Range } from "@codemirror/state";
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from "@codemirror/view";
import { highlightTree, type Highlighter } from "@lezer/highlight";

export interface Part {
  /** Where the script begins and ends, the braces left out. */
  readonly from: number;
  readonly to: number;
  readonly script: string;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

export function partsOf(text: string): Part[] {
  return [...text.matchAll(/\{\{([^]*?)\}\}/g)].map((match) => ({ from: match.index + 2, to: match.index + 2 + (match[1] ?? "").length, script: match[1] ?? "" }));
}

/** An expression is read between brackets: at the begin of a script, `{` would be a block. */
function parse(script: string) {
  return javascriptLanguage.parser.parse(`(${script})`);
}

/** Where a text cannot be read: braces that are not closed, and what is no expression between them. */
export function faultsOf(text: string): Span[] {
  const faults: Span[] = [];
  for (const part of partsOf(text)) {
    if (part.script.trim() === "") continue;
    const fault = firstFault(part);
    if (fault) faults.push(fault);
  }
  const last = text.lastIndexOf("{{");
  if (last >= 0 && !text.includes("}}", last)) faults.push({ from: last, to: text.length });
  return faults;
}

function firstFault({ from, to, script }: Part): Span | undefined {
  let found: Span | undefined;
  parse(script).iterate({
    enter: (node) => {
      if (found || !node.type.isError) return;
      // What is missing has no width: the letter before it is shown.
      const start = Math.min(Math.max(node.from - 1, 0), script.length);
      const end = Math.min(Math.max(node.to - 1, 0), script.length);
      found = end > start ? { from: from + start, to: from + end } : { from: Math.max(from + start - 1, from), to: Math.max(from + start, Math.min(from + 1, to)) };
    },
  });
  return found;
}

/** Where to show a fault of which only its words are known. */
export function placeOfWords(text: string, words: string): Span | undefined {
  const [name] = /(?:reading|property) '([^']+)'/.exec(words)?.slice(1) ?? /^(?:'|`)?([\w$]+)(?:'|`)? is not (?:defined|a function)/.exec(words)?.slice(1) ?? [];
  const parts = partsOf(text);
  for (const part of parts) {
    const at = name === undefined ? -1 : part.script.lastIndexOf(name);
    if (at >= 0 && name !== undefined) return { from: part.from + at, to: part.from + at + name.length };
  }
  const [first] = parts;
  return first && parts.length === 1 ? { from: first.from, to: first.to } : undefined;
}

const BRACES = Decoration.mark({ class: "ed-braces" });
const SCRIPT = Decoration.mark({ class: "ed-script" });

/** Colours the scripts of a template as JavaScript. */
export function templateColours(highlighter: Highlighter): Extension {
  const marks = (view: EditorView): DecorationSet => {
    const found: Range<Decoration>[] = [];
    for (const part of partsOf(view.state.doc.toString())) {
      found.push(BRACES.range(part.from - 2, part.from), BRACES.range(part.to, part.to + 2));
      if (part.to > part.from) found.push(SCRIPT.range(part.from, part.to));
      highlightTree(parse(part.script), highlighter, (from, to, classes) => {
        const [start, end] = [Math.max(part.from + from - 1, part.from), Math.min(part.from + to - 1, part.to)];
        if (end > start) found.push(Decoration.mark({ class: classes }).range(start, end));
      });
    }
    return Decoration.set(found, true);
  };
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = marks(view);
      }
      update(update: ViewUpdate): void {
        if (update.docChanged) this.decorations = marks(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

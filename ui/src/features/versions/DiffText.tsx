import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";

// In the words of the tokens, so that both themes hold.
const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: "var(--busy)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ink)" },
  { tag: [tags.number, tags.literal], color: "var(--wait)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.comment, tags.meta], color: "var(--ink-faint)" },
]);

const changed = (colour: string) => ({ background: `color-mix(in oklch, var(--${colour}) 26%, transparent)`, textDecoration: "none" });
const LOOK = EditorView.theme({
  "&": { fontSize: "12.5px", color: "var(--ink)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-content": { fontFamily: "var(--font-mono, ui-monospace, monospace)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-faint)", border: "none" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--bad-soft)" },
  "&.cm-merge-b .cm-changedLine, .cm-inlineChangedLine, .cm-insertedLine": { backgroundColor: "var(--good-soft)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText, &.cm-merge-b .cm-deletedText": changed("bad"),
  "&.cm-merge-b .cm-changedText": changed("good"),
  ".cm-collapsedLines": { color: "var(--ink-soft)", background: "var(--sunken)", borderBlock: "1px solid var(--line)", cursor: "pointer" },
  // The signs of the library are in no font of ours.
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '"⋯"' },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)" },
});

const READ: Extension = [lineNumbers(), yaml(), syntaxHighlighting(COLOURS), LOOK, EditorView.lineWrapping, EditorState.readOnly.of(true), search(), keymap.of(searchKeymap)];
const named = (name: string): Extension => EditorView.contentAttributes.of({ "aria-label": name });

/** Two texts, beside each other or in one, with what they have in common folded away. */
export function DiffText({ before, after, names, beside }: { before: string; after: string; names: readonly [string, string]; beside: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [first, second] = names;
  useEffect(() => {
    const parent = box.current;
    if (parent === null) return undefined;
    const collapseUnchanged = { margin: 3, minSize: 4 };
    if (beside) {
      const view = new MergeView({ parent, a: { doc: before, extensions: [READ, named(first)] }, b: { doc: after, extensions: [READ, named(second)] }, collapseUnchanged, gutter: true });
      return () => { view.destroy(); };
    }
    const view = new EditorView({
      parent,
      doc: after,
      extensions: [READ, named(`${first} and ${second}`), unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged, gutter: true })],
    });
    return () => { view.destroy(); };
  }, [before, after, first, second, beside]);
  return <div ref={box} className="max-h-[65vh] overflow-auto rounded-base border" />;
}

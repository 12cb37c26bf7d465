//! The code editor of expressions, code, YAML and JSON, with completion from the last run's data.

import { autocompletion, closeBrackets, completionKeymap, startCompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { css } from "@codemirror/lang-css";
import { html } from "@codemirror/lang-html";
import { yaml } from "@codemirror/lang-yaml";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";
import { linter, lintGutter, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder as placeholderText } from "@codemirror/view";
import { useEffect, useEffectEvent, useRef } from "react";

import { complete, scriptAt, type RunData } from "../../../canvas/graph/completion";
import { difference } from "./difference";
import { PATH_MIME, type CodeProps } from "./ExpressionInput";
import { simple } from "./simple";
import { faultsOf, placeOfWords, templateColours } from "./script";
import type { Fault } from "./tried";

function source(data: () => RunData | undefined, template: boolean) {
  return (context: CompletionContext): CompletionResult | null => {
    const known = data();
    if (!known) return null;
    const text = context.state.doc.toString();
    const place = template ? scriptAt(text, context.pos) : { script: text.slice(0, context.pos), offset: 0 };
    if (!place) return null;
    const found = complete(place.script, known);
    if (!found || found.options.length === 0 || (!context.explicit && found.from === place.script.length && !/[.'"`$]$/.test(place.script))) return null;
    return {
      from: place.offset + found.from,
      filter: false,
      options: found.options.slice(0, 100).map((option) => ({
        label: option.label,
        type: { field: "property", method: "method", function: "function", node: "class", variable: "variable", keyword: "keyword" }[option.kind],
        ...(option.detail === undefined ? {} : { detail: option.detail }),
        apply: (view: EditorView, _: unknown, from: number, to: number) => {
          const insert = option.insert ?? option.label;
          // `["odd name"]` takes the place of the dot before it.
          const start = insert.startsWith("[") && view.state.sliceDoc(from - 1, from) === "." ? from - 1 : from;
          view.dispatch({ changes: { from: start, to, insert }, selection: { anchor: start + insert.length } });
          if (insert.endsWith("'")) startCompletion(view);
        },
      })),
    };
  };
}

const LANGUAGES: Readonly<Partial<Record<CodeProps["language"], () => Extension>>> = { yaml, json, script: javascript, html, css, sql: () => simple("sql"), shell: () => simple("shell"), graphql: () => simple("graphql") };

const findJsonFaults = jsonParseLinter();

const NO_FAULTS: readonly Fault[] = [];

/** What is wrong with a template: the places as far as they are told, else those that can be found. */
function diagnose(text: string, faults: readonly Fault[]): Diagnostic[] {
  const unread = faultsOf(text);
  const clip = (place: number) => Math.min(Math.max(place, 0), text.length);
  const told = faults.flatMap((fault): Diagnostic[] => {
    const severity = fault.stops ? "error" : "warning";
    const span = fault.from === undefined ? (fault.stops ? unread[0] : undefined) ?? placeOfWords(text, fault.detail) : { from: clip(fault.from - 1), to: clip((fault.to ?? fault.from + 1) - 1) };
    return span ? [{ ...span, severity, message: fault.detail }] : [];
  });
  const known = new Set(told.map((one) => one.from));
  return [...told, ...unread.filter((span) => !known.has(span.from)).map((span): Diagnostic => ({ ...span, severity: "error", message: "this is no JavaScript expression" }))];
}

// In the words of the tokens, so that both themes hold.
const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null], color: "var(--busy)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.literal], color: "var(--wait)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.comment, tags.meta], color: "var(--ink-faint)" },
]);

const THEME = EditorView.theme({
  "&": { fontSize: "12.5px", backgroundColor: "var(--ed-field)", color: "var(--ed-text)", borderRadius: "6px" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-1px" },
  ".cm-content": { fontFamily: "var(--ed-mono)", caretColor: "var(--ed-text)", padding: "6px 0" },
  ".cm-placeholder": { color: "var(--ed-faint)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ed-faint)", border: "none" },
  ".cm-tooltip": { backgroundColor: "var(--ed-panel)", color: "var(--ed-text)", border: "1px solid var(--ed-line)", borderRadius: "6px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--ed-accent)", color: "var(--accent-ink)" },
  ".cm-completionDetail": { opacity: "0.7", marginLeft: "10px" },
});

export function CodeInput({ value, onChange, label, language, data, lines = false, marks, faults, placeholder }: CodeProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const changed = useEffectEvent((text: string) => onChange(text));
  const known = useEffectEvent(() => data);
  const first = useRef(value);

  useEffect(() => {
    if (!host.current) return;
    const code: Extension = LANGUAGES[language]?.() ?? [];
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          code,
          language === "template" ? templateColours(COLOURS) : [],
          history(),
          closeBrackets(),
          syntaxHighlighting(COLOURS),
          EditorView.lineWrapping,
          lines ? [lineNumbers(), lintGutter()] : [],
          lines && language === "json" ? linter((target) => (target.state.doc.length === 0 ? [] : findJsonFaults(target))) : [],
          placeholder === undefined ? [] : placeholderText(placeholder),
          language === "template" || language === "script" ? autocompletion({ override: [source(() => known(), language === "template")] }) : [],
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((transaction) => transaction.isUserEvent("outside"))) changed(update.state.doc.toString());
          }),
          EditorView.domEventHandlers({
            drop(event, target) {
              const path = event.dataTransfer?.getData(PATH_MIME);
              if (!path) return false;
              event.preventDefault();
              const at = target.posAtCoords({ x: event.clientX, y: event.clientY }) ?? target.state.doc.length;
              const inside = language === "script" || scriptAt(target.state.doc.toString(), at) !== undefined;
              const insert = inside ? path : `{{ ${path} }}`;
              target.dispatch({ changes: { from: at, insert }, selection: { anchor: at + insert.length } });
              target.focus();
              return true;
            },
          }),
          THEME,
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [language, lines, label, placeholder]);

  useEffect(() => {
    const made = view.current;
    const change = made && difference(made.state.doc.toString(), value);
    // Only what is other is replaced, so that the place that is written at stays where it is in the text.
    if (change) made.dispatch({ changes: change, userEvent: "outside" });
  }, [value]);

  useEffect(() => {
    const made = view.current;
    if (!made) return;
    const found = (marks ?? []).map<Diagnostic>((mark) => {
      const line = made.state.doc.line(Math.min(Math.max(mark.line, 1), made.state.doc.lines));
      const from = Math.min(line.from + mark.column - 1, line.to);
      return { from, to: line.to, severity: "error", message: mark.message };
    });
    made.dispatch(setDiagnostics(made.state, found));
  }, [marks]);

  useEffect(() => {
    if (language !== "template") return undefined;
    // Who is still typing is not told what is wrong with half of a word.
    const timer = setTimeout(() => {
      const made = view.current;
      if (made) made.dispatch(setDiagnostics(made.state, diagnose(made.state.doc.toString(), faults ?? NO_FAULTS)));
    }, 300);
    return () => clearTimeout(timer);
  }, [language, faults, value]);

  return <div ref={host} className="ed-code" data-lines={lines} />;
}

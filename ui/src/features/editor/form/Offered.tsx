//! A parameter whose values a service offers: chosen from the list, written by hand, or an expression.

import { List as ListIcon, Pencil, RefreshCw, X } from "lucide-react";
import { useId, useRef, useState, type KeyboardEvent } from "react";

import { isList, type Json } from "../../../canvas/graph/json";
import { problemOf, sentenceOf } from "@/api/problem";
import { IconButton } from "@/kit/Button";
import type { Choice } from "../calls";
import { textOf } from "./Cell";
import { Control } from "./Control";
import { Labelled } from "./Field";
import { labelIn, useOffers } from "./offers";
import type { Place } from "./place";
import { Said } from "./Said";
import type { FieldSpec } from "./schema";

/** The parameter with its ways to be filled in. */
export function Offered({ spec, place, hint, label = spec.label, bare = false }: { readonly spec: FieldSpec; readonly place: Place; readonly hint?: string | undefined; readonly label?: string; readonly bare?: boolean }) {
  const [byHand, setByHand] = useState(false);
  const aside = (
    <button type="button" className="ed-fx" aria-pressed={byHand} aria-label={`${label} by hand`} title={byHand ? "Choose from the list" : "Write the value by hand"} onClick={() => setByHand(!byHand)}>
      {byHand ? <ListIcon size={14} aria-hidden /> : <Pencil size={14} aria-hidden />}
    </button>
  );
  return (
    <Labelled label={label} about={spec.about} required={spec.required} place={place} hint={hint} bare={bare} aside={aside}>
      {(id) => {
        if (byHand) return <Control id={id} shape={spec.shape} label={label} otherwise={spec.otherwise} place={place} spec={spec} />;
        return spec.shape.is === "list" || isList(place.value) ? <Several id={id} label={label} spec={spec} place={place} /> : <One id={id} label={label} spec={spec} place={place} />;
      }}
    </Labelled>
  );
}

interface Props {
  readonly id: string;
  readonly label: string;
  readonly spec: FieldSpec;
  readonly place: Place;
}

function One({ id, label, spec, place }: Props) {
  return <ChoiceInput id={id} label={label} spec={spec} place={place} value={place.value} chosen={[textOf(place.value)]} onChoose={(value) => place.onChange(value === "" ? undefined : value)} />;
}

/** Several values; what was written as one text with commas becomes a list when one is added or taken away. */
function Several({ id, label, spec, place }: Props) {
  const values: readonly Json[] = isList(place.value) ? place.value : textOf(place.value).split(",").map((text) => text.trim()).filter((text) => text !== "");
  const put = (next: readonly Json[]) => place.onChange(next.length === 0 && place.value === undefined ? undefined : [...next]);
  return (
    <ChoiceInput id={id} label={label} spec={spec} place={place} value={undefined} chosen={values.map(textOf)}
      onChoose={(value) => { if (value !== "") put(values.some((one) => textOf(one) === textOf(value)) ? values.filter((one) => textOf(one) !== textOf(value)) : [...values, value]); }}
      chips={(name) => values.length > 0 && (
        <div className="ed-chips" role="group" aria-label={`Chosen for ${label.toLowerCase()}`}>
          {values.map((value, index) => (
            <button key={index} type="button" aria-label={`Remove ${name(value)}`} onClick={() => put(values.filter((_, at) => at !== index))}>{name(value)} <X size={11} aria-hidden /></button>
          ))}
        </div>
      )} />
  );
}

/** What stands in the list: a value that is offered, or what was typed, taken as it is. */
type Entry = Choice & { readonly typed?: true };

/** A text field over a list. What is typed searches; nothing is set until an entry is chosen. */
function ChoiceInput({ id, label, spec, place, value, chosen, onChoose, chips }: Props & {
  readonly value: Json | undefined;
  readonly chosen: readonly string[];
  readonly onChoose: (value: string | number) => void;
  readonly chips?: (name: (value: Json) => string) => React.ReactNode;
}) {
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  const [text, setText] = useState<string>();
  const [at, setAt] = useState(-1);
  const typed = text?.trim() ?? "";
  const { key, query, choices, behind, again } = useOffers({ pointer: place.pointer, from: spec.hints?.choices?.from ?? [], search: typed, open });
  const name = (one: Json | undefined) => labelIn(key, one) ?? textOf(one);
  const entries: readonly Entry[] = typed === "" || choices.some((choice) => textOf(choice.value) === typed) ? choices : [...choices, { value: typed, label: typed, typed: true }];
  // Who types and presses Enter means the first that fits; who only looks has chosen nothing yet.
  const active = Math.min(at === -1 && typed !== "" && !behind ? 0 : at, entries.length - 1);
  const close = () => { setOpen(false); setText(undefined); setAt(-1); };
  const choose = (entry: Entry) => { onChoose(entry.value); close(); input.current?.focus(); };
  const busy = query.isFetching && (behind || query.data === undefined);
  const further = () => { if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage(); };
  const keys = (event: KeyboardEvent) => {
    switch (event.key) {
      case "ArrowDown":
        event.preventDefault();
        if (!open) return setOpen(true);
        if (active === entries.length - 1) further();
        return setAt(Math.min(active + 1, entries.length - 1));
      case "ArrowUp":
        event.preventDefault();
        return setAt(Math.max(active - 1, 0));
      case "Enter": {
        if (!open) return;
        event.preventDefault();
        const entry = behind && at === -1 && typed !== "" ? undefined : entries[active];
        return entry === undefined ? undefined : choose(entry);
      }
      case "Escape":
        if (!open) return;
        // The node's panel stays open.
        event.preventDefault();
        event.stopPropagation();
        return close();
    }
  };
  const shown = text ?? name(value);
  const problem = query.isError ? problemOf(query.error) : undefined;
  return (
    <div className="ed-offer" onBlur={(event) => { if (!event.currentTarget.contains(event.relatedTarget)) close(); }}>
      {chips?.(name)}
      <input id={id} ref={input} role="combobox" aria-expanded={open} aria-controls={list} aria-autocomplete="list" autoComplete="off" spellCheck={false}
        aria-activedescendant={open && active >= 0 ? `${list}-${active}` : undefined}
        value={shown} placeholder={spec.example ?? (chips ? "Choose one more" : "Choose from the list")} title={value === undefined || shown === textOf(value) ? undefined : textOf(value)}
        onFocus={(event) => event.target.select()} onClick={() => setOpen(true)} onKeyDown={keys}
        onChange={(event) => { setText(event.target.value); setAt(-1); setOpen(true); if (event.target.value === "" && chips === undefined) onChoose(""); }} />
      {open && (
        <div className="ed-offers">
          {problem !== undefined ? (
            <div role="alert" className="ed-fault"><Said text={sentenceOf(problem)} /> <button type="button" className="ed-link" onClick={again}>Try again</button></div>
          ) : (
            <p role="status" className="ed-hint">{busy ? "Asking the service …" : choices.length === 0 ? (typed === "" ? "There is nothing to choose." : "Nothing fits.") : ""}</p>
          )}
          <ul id={list} role="listbox" aria-label={label} aria-busy={busy} aria-multiselectable={chips !== undefined}
            onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => { if (scrollTop + clientHeight > scrollHeight - 40) further(); }}>
            {entries.map((entry, index) => (
              // The keyboard is the text field's: the list never has the focus.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <li key={`${entry.typed === true ? "=" : ""}${textOf(entry.value)}`} id={`${list}-${index}`} role="option" aria-selected={chosen.includes(textOf(entry.value))} data-active={index === active}
                ref={index === active ? seen : undefined} onMouseDown={(event) => event.preventDefault()} onClick={() => choose(entry)}>
                {entry.typed === true ? `Take “${entry.label}” as it is` : entry.label}
                {entry.about !== undefined && <small>{entry.about}</small>}
              </li>
            ))}
          </ul>
          <div className="ed-pair">
            {query.hasNextPage && <button type="button" className="ed-link" onClick={further}>{query.isFetchingNextPage ? "Asking …" : "Show more"}</button>}
            <span className="ed-gap" />
            {problem === undefined && <IconButton look="plain" name={`Read the list of ${label} again`} icon={<RefreshCw size={13} />} onClick={again} />}
          </div>
        </div>
      )}
    </div>
  );
}

/** Scrolls the active entry into sight. */
function seen(entry: HTMLLIElement | null) {
  entry?.scrollIntoView?.({ block: "nearest" });
}

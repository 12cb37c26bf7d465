//! Choosing a node type: search as one types, arrows and Enter, or drag onto the canvas.

import { useEffect, useMemo, useRef, useState } from "react";

import { TYPE_MIME } from "../../canvas/Canvas";
import { Glyph } from "../../canvas/Glyph";
import type { NodeType } from "./calls";

const GROUPS = ["trigger", "flow", "transform", "action", "attachment", "note"];

/** Types in the order in which they fit what was typed; triggers come first where there is no node yet, else last. */
export function search(types: readonly NodeType[], wanted: string, first = false): NodeType[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (type: NodeType): number => {
    const title = type.title.toLowerCase();
    let sum = 0;
    for (const word of words) {
      if (title === word) sum += 0;
      else if (title.startsWith(word)) sum += 1;
      else if (title.split(/\s/).some((part) => part.startsWith(word))) sum += 2;
      else if (type.keywords.some((keyword) => keyword.startsWith(word)) || type.id.includes(word)) sum += 3;
      else if (type.summary.toLowerCase().includes(word) || type.n8n.some((other) => other.toLowerCase().includes(word))) sum += 5;
      else return Number.POSITIVE_INFINITY;
    }
    return sum;
  };
  const place = (type: NodeType) => (type.group === "trigger" && !first ? GROUPS.length : GROUPS.indexOf(type.group));
  return types
    .map((type) => ({ type, rank: rank(type) }))
    .filter((entry) => entry.rank < Number.POSITIVE_INFINITY)
    .sort((one, other) => one.rank - other.rank || place(one.type) - place(other.type) || one.type.title.localeCompare(other.type.title))
    .map((entry) => entry.type);
}

interface Props {
  readonly types: readonly NodeType[];
  /** The workflow is empty. */
  readonly first: boolean;
  readonly onChoose: (type: NodeType) => void;
  readonly onClose: () => void;
}

export function Palette({ types, first, onChoose, onClose }: Props) {
  const [wanted, setWanted] = useState("");
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const found = useMemo(() => search(types, wanted, first), [types, wanted, first]);
  const chosen = found[Math.min(active, found.length - 1)];
  return (
    <div className="ed-palette" role="dialog" aria-label="Add a node">
      <div className="ed-pair">
        <input ref={input} role="combobox" aria-expanded aria-controls="ed-types" aria-activedescendant={chosen ? `ed-type-${chosen.id}` : undefined} aria-label="Search node types" placeholder="Search nodes…" value={wanted}
          onChange={(event) => { setWanted(event.target.value); setActive(0); }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") setActive(Math.min(active + 1, found.length - 1));
            else if (event.key === "ArrowUp") setActive(Math.max(active - 1, 0));
            else if (event.key === "Enter" && chosen) onChoose(chosen);
            else if (event.key === "Escape") onClose();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }} />
        <button type="button" aria-label="Close the list of nodes" onClick={onClose}>×</button>
      </div>
      <ul id="ed-types" role="listbox" aria-label="Node types">
        {found.map((type, index) => (
          // The keys are the search field's: it keeps the focus and says which option is meant.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li key={type.id} id={`ed-type-${type.id}`} role="option" aria-selected={type === chosen} draggable
            ref={(element) => { if (index === active) element?.scrollIntoView({ block: "nearest" }); }}
            onDragStart={(event) => event.dataTransfer.setData(TYPE_MIME, type.id)} onClick={() => onChoose(type)}>
            <Glyph type={type.id} group={type.group} />
            <span><b>{type.title}</b><small>{type.summary}</small></span>
          </li>
        ))}
        {found.length === 0 && <li className="ed-empty" role="presentation">No node does that. `HTTP request` calls any service, `Code` does the rest.</li>}
      </ul>
    </div>
  );
}

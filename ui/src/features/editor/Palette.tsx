//! Choosing a node type: search as one types, arrows and Enter, or drag onto the canvas.

import { Clock3 } from "lucide-react";
import { Fragment, useEffect, useMemo, useRef, useState } from "react";

import { TYPE_MIME } from "../../canvas/Canvas";
import { Glyph } from "../../canvas/Glyph";
import { laterFor } from "@/resource/later";
import type { NodeType } from "./calls";
import { isCalled, search, shelves } from "./search";

interface Props {
  readonly types: readonly NodeType[];
  /** The workflow is empty. */
  readonly first: boolean;
  readonly onChoose: (type: NodeType) => void;
  readonly onClose: () => void;
}

/** Options that a key for pages goes over. */
const PAGE = 8;

export function Palette({ types, first, onChoose, onClose }: Props) {
  const [wanted, setWanted] = useState("");
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const later = useMemo(() => (isCalled(types, wanted) ? undefined : laterFor(wanted)), [types, wanted]);
  const found = useMemo(() => {
    const fit = search(types, wanted, first);
    // What does the work meanwhile is offered as if it had been searched.
    const instead = later?.meanwhile.flatMap((id) => types.filter((type) => type.id === id && !fit.includes(type))) ?? [];
    return [...fit, ...instead];
  }, [types, wanted, first, later]);
  const shown = useMemo(() => shelves(found, wanted), [found, wanted]);
  const at = Math.max(Math.min(active, found.length - 1), 0);
  const chosen = found[at];
  const move = (to: number) => setActive(Math.max(Math.min(to, found.length - 1), 0));
  return (
    <div className="ed-palette" role="dialog" aria-label="Add a node">
      <div className="ed-pair">
        <input ref={input} role="combobox" aria-expanded aria-controls="ed-types" aria-activedescendant={chosen ? `ed-type-${chosen.id}` : undefined} aria-label="Search node types" placeholder="Search: cron, spreadsheet, n8n's names…" value={wanted}
          onChange={(event) => { setWanted(event.target.value); setActive(0); }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") move(at + 1);
            else if (event.key === "ArrowUp") move(at - 1);
            else if (event.key === "PageDown") move(at + PAGE);
            else if (event.key === "PageUp") move(at - PAGE);
            else if (event.key === "Enter" && chosen) onChoose(chosen);
            else if (event.key === "Escape") onClose();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }} />
        <button type="button" aria-label="Close the list of nodes" onClick={onClose}>×</button>
      </div>
      {later && <p className="ed-later" role="status"><Clock3 size={14} aria-hidden /><span><b>{later.name}</b>: {later.comes.charAt(0).toLowerCase() + later.comes.slice(1)}.{found.length > 0 && " Until then, these do the work:"}</span></p>}
      <ul id="ed-types" role="listbox" aria-label="Node types">
        {shown.map(({ family, types: shelf }) => (
          <Fragment key={family ?? ""}>
            {family !== undefined && <li className="ed-family" role="presentation">{family}</li>}
            {shelf.map((type) => (
              // The keys are the search field's: it keeps the focus and says which option is meant.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <li key={type.id} id={`ed-type-${type.id}`} role="option" aria-selected={type === chosen} draggable
                ref={(element) => { if (type === chosen) element?.scrollIntoView({ block: "nearest" }); }}
                onDragStart={(event) => event.dataTransfer.setData(TYPE_MIME, type.id)} onClick={() => onChoose(type)}>
                <Glyph type={type.id} group={type.group} />
                <span><b>{type.title}</b><small>{type.summary}</small></span>
              </li>
            ))}
          </Fragment>
        ))}
        {found.length === 0 && !later && <li className="ed-empty" role="presentation">No node does that. `HTTP request` calls any service, `Code` does the rest; nodes for vendors&apos; services come as connectors.</li>}
      </ul>
    </div>
  );
}

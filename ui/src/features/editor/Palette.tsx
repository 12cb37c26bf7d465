//! Choosing a node type: search as one types, arrows and Enter, or drag onto the canvas.

import { ChevronLeft, ChevronRight, Clock3 } from "lucide-react";
import { Fragment, useEffect, useMemo, useRef, useState } from "react";

import { TYPE_MIME } from "../../canvas/Canvas";
import { Glyph } from "../../canvas/Glyph";
import { plural } from "@/kit/times";
import { laterFor } from "@/resource/later";
import { ServiceIcon } from "@/resource/ServiceIcon";
import type { NodeType } from "./calls";
import { isCalled, prepare, shelves, type Option } from "./search";
import { titlesOf, type Service } from "./services";

interface Props {
  readonly types: readonly NodeType[];
  /** The workflow is empty. */
  readonly first: boolean;
  readonly onChoose: (type: NodeType) => void;
  readonly onClose: () => void;
}

/** Options that a key for pages goes over. */
const PAGE = 8;
/** Types that are shown of those that fit, and how many more at a time: a thousand rows at once would halt the page. */
const FEW = 40;
const MORE = 200;

export function Palette({ types, first, onChoose, onClose }: Props) {
  const [wanted, setWanted] = useState("");
  const [active, setActive] = useState(0);
  const [limit, setLimit] = useState(FEW);
  const [opened, setOpened] = useState<Service | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    // Between the painting of the list and the first keystroke.
    const work = prepare(types);
    let next: ReturnType<typeof setTimeout>;
    const step = () => { if (work.next().done !== true) next = setTimeout(step); };
    next = setTimeout(step);
    return () => clearTimeout(next);
  }, [types]);
  const later = useMemo(() => (opened !== undefined || isCalled(types, wanted) ? undefined : laterFor(wanted)), [types, wanted, opened]);
  // What does the work meanwhile is offered as if it had been searched.
  const shown = useMemo(() => shelves(types, { wanted, first, service: opened?.name, limit, instead: later?.meanwhile ?? [] }), [types, wanted, first, opened, limit, later]);
  const found = useMemo(() => shown.flatMap(({ options }) => options), [shown]);
  const at = Math.max(Math.min(active, found.length - 1), 0);
  const chosen = found[at];
  const move = (to: number) => setActive(Math.max(Math.min(to, found.length - 1), 0));
  const search = (text: string) => { setWanted(text); setActive(0); setLimit(FEW); };
  const look = (into: Service) => { setOpened(into); search(""); input.current?.focus(); };
  const back = () => {
    const from = opened?.name;
    setOpened(undefined);
    search("");
    // One comes back to where one went in.
    const before = shelves(types, { wanted: "", first, service: undefined, limit: FEW }).flatMap(({ options }) => options);
    setActive(Math.max(before.findIndex((option) => option.kind === "service" && option.service.name === from), 0));
    input.current?.focus();
  };
  const choose = (option: Option) => {
    if (option.kind === "type") onChoose(option.type);
    else if (option.kind === "service") look(option.service);
    else setLimit(limit + MORE);
  };
  return (
    <div className="ed-palette" role="dialog" aria-label="Add a node">
      <div className="ed-pair">
        {opened !== undefined && <button type="button" aria-label="Back to all nodes" onClick={back}><ChevronLeft size={14} aria-hidden /></button>}
        <input ref={input} role="combobox" aria-expanded aria-controls="ed-types" aria-activedescendant={chosen ? `ed-${chosen.id}` : undefined} aria-label="Search node types" placeholder={opened === undefined ? "Search: cron, slack post, n8n's names…" : `Search in ${opened.title}`} value={wanted}
          onChange={(event) => search(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") move(at + 1);
            else if (event.key === "ArrowUp") move(at - 1);
            else if (event.key === "PageDown") move(at + PAGE);
            else if (event.key === "PageUp") move(at - PAGE);
            else if (event.key === "Enter" && chosen) choose(chosen);
            else if (opened !== undefined && (event.key === "Escape" || (event.key === "Backspace" && wanted === ""))) back();
            else if (event.key === "Escape") onClose();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }} />
        <button type="button" aria-label="Close the list of nodes" onClick={onClose}>×</button>
      </div>
      {opened !== undefined && <p className="ed-hint" role="status">{opened.title}: {plural(opened.types.length, "node")}</p>}
      {later && <p className="ed-later" role="status"><Clock3 size={14} aria-hidden /><span><b>{later.name}</b>: {later.comes.charAt(0).toLowerCase() + later.comes.slice(1)}.{found.length > 0 && " Until then, these do the work:"}</span></p>}
      <ul id="ed-types" role="listbox" aria-label="Node types">
        {shown.map(({ family, options }) => (
          <Fragment key={family ?? ""}>
            {family !== undefined && <li className="ed-family" role="presentation">{family}</li>}
            {options.map((option) => (
              // The keys are the search field's: it keeps the focus and says which option is meant.
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <li key={option.id} id={`ed-${option.id}`} role="option" aria-selected={option === chosen} draggable={option.kind === "type"}
                ref={(element) => { if (option === chosen) element?.scrollIntoView({ block: "nearest" }); }}
                onDragStart={(event) => { if (option.kind === "type") event.dataTransfer.setData(TYPE_MIME, option.type.id); }} onClick={() => choose(option)}>
                <Shown option={option} within={opened !== undefined} />
              </li>
            ))}
          </Fragment>
        ))}
        {found.length === 0 && !later && <li className="ed-empty" role="presentation">{opened === undefined ? <>No node does that. `HTTP request` calls any service, `Code` does the rest.</> : <>No node of {opened.title} does that. `HTTP request` calls what has no node, with the same connection.</>}</li>}
      </ul>
    </div>
  );
}

function Shown({ option, within }: { readonly option: Option; /** The service's name stands above already. */ readonly within: boolean }) {
  switch (option.kind) {
    case "type":
      return (
        <>
          <Glyph type={option.type.id} group={option.type.group} />
          <span><b>{within ? titlesOf(option.type).operation : option.type.title}</b><small>{option.type.summary}</small></span>
        </>
      );
    case "service":
      return (
        <>
          <ServiceIcon connector={option.service.name} title={option.service.title} className="ed-glyph ed-service" />
          <span className="ed-grow"><b>{option.service.title}</b><small>{plural(option.service.types.length, "node")}</small></span>
          <ChevronRight size={14} aria-hidden />
        </>
      );
    case "more":
      return <span><b>{option.left <= MORE ? "Show all" : `Show ${MORE} more`}</b><small>{option.left.toLocaleString()} more fit.</small></span>;
  }
}

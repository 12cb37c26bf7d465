//! Finding text anywhere in the workflow: names, parameters, expressions, code.

import { Search, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";

import type { Workflow } from "../../canvas/graph/document";
import { find } from "../../canvas/graph/find";
import { IconButton } from "@/kit/Button";
import { Input } from "@/kit/Field";

export function Find({ document, onClose, onGo }: { readonly document: Workflow; readonly onClose: () => void; readonly onGo: (id: string) => void }) {
  const [wanted, setWanted] = useState("");
  const hits = useMemo(() => find(document, wanted, 100), [document, wanted]);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <search className="absolute top-3 right-3 z-30 flex max-h-[60%] w-85 max-w-[calc(100%-1.5rem)] flex-col gap-2 rounded-large border bg-raised p-3 shadow-high" aria-label="Find in the workflow">
      <div className="flex items-center gap-1.5">
        <Search size={14} aria-hidden className="shrink-0 text-ink-faint" />
        <Input ref={input} aria-label="Text to find" placeholder="Names, parameters, expressions…" value={wanted} onChange={(event) => setWanted(event.target.value)} onKeyDown={(event) => { if (event.key === "Enter" && hits[0]) onGo(hits[0].node); }} />
        <IconButton name="Close find" icon={<X size={15} />} onClick={onClose} />
      </div>
      <p role="status" className="text-small text-ink-faint">{wanted === "" ? "" : `${hits.length} found`}</p>
      <ul className="overflow-auto">
        {hits.map((hit, index) => (
          <li key={index}>
            <button type="button" className="grid w-full gap-0.5 rounded-small px-2 py-1.5 text-left hover:bg-sunken" onClick={() => onGo(hit.node)}>
              <span><span className="font-medium">{hit.name}</span> <span className="font-mono text-tiny text-ink-faint">{hit.pointer}</span></span>
              <code className="truncate font-mono text-small text-ink-soft">{hit.text.slice(Math.max(hit.start - 20, 0), hit.start + hit.length + 40)}</code>
            </button>
          </li>
        ))}
      </ul>
    </search>
  );
}

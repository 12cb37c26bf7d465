//! The workflow as YAML, in step with the canvas: what is drawn is written, what is written is drawn.

import { useEffect, useRef, useState } from "react";

import { fromText, toText, type TextFault } from "../../canvas/graph/text";
import { useEditor, useHistory } from "../../canvas/store";
import { ExpressionInput } from "./form/ExpressionInput";

export function TextView({ name }: { readonly name: string }) {
  const store = useEditor();
  const { document } = useHistory();
  const [text, setText] = useState(() => toText(document, name));
  const [faults, setFaults] = useState<readonly TextFault[]>([]);
  const written = useRef(document);

  useEffect(() => {
    // A change that came from here is in the text already; any other is written into it, comments kept.
    if (document === written.current) return;
    written.current = document;
    setText((now) => (fromText(now, document).ok ? toText(document, name, now) : now));
  }, [document, name]);

  const edit = (next: string) => {
    setText(next);
    const parsed = fromText(next, store.document);
    setFaults(parsed.ok ? [] : parsed.faults);
    if (!parsed.ok) return;
    store.act("Edit text", [{ type: "become", document: parsed.value.document }], { key: "text" });
    written.current = store.document;
  };

  return (
    <section className="ed-text" aria-label="Workflow as text">
      <ExpressionInput label="Workflow as YAML" language="yaml" lines value={text} onChange={edit} marks={faults} />
      <p className="ed-textstate" role="status">
        {faults.length === 0 ? "In step with the canvas" : faults.slice(0, 3).map((fault) => `Line ${fault.line}, column ${fault.column}: ${fault.message}`).join(" · ")}
      </p>
    </section>
  );
}

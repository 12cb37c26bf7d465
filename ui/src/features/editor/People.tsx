//! The others who have the workflow open, in the toolbar. Each leads to the node that they look at.

import { useCallback } from "react";

import { nodeById, type NodeSpec } from "../../canvas/graph/document";
import { type EditorStore, useEditor, useEditorValue } from "../../canvas/store";
import { Tip } from "@/kit/Tip";
import { initialsOf } from "./company";

/** More than these are a number. */
const SHOWN = 4;

export function People({ onGo }: { readonly onGo: (node: NodeSpec) => void }) {
  const store = useEditor();
  const people = useEditorValue(useCallback((of: EditorStore) => of.people, []));
  if (people.length === 0) return null;
  const shown = people.slice(0, people.length > SHOWN ? SHOWN - 1 : SHOWN);
  const others = people.slice(shown.length);
  return (
    <ul className="flex -space-x-1.5" aria-label="Who else is here">
      {shown.map((person) => {
        const node = person.node === undefined ? undefined : nodeById(store.document, person.node);
        const who = person.myself ? "You, on another page" : person.name;
        const text = node ? `${who}: at ${node.name}` : `${who}: has it open`;
        return (
          <li key={person.client}>
            <Tip text={text}>
              <button type="button" className="ed-person grid" data-person={person.colour} aria-label={node ? `${text}. Go there` : text} aria-disabled={node === undefined} onClick={() => { if (node) onGo(node); }}>{initialsOf(person.name)}</button>
            </Tip>
          </li>
        );
      })}
      {others.length > 0 && (
        <li>
          <Tip text={others.map((person) => person.name).join(", ")}><button type="button" className="ed-person grid" aria-label={`And ${others.length} more: ${others.map((person) => person.name).join(", ")}`}>+{others.length}</button></Tip>
        </li>
      )}
    </ul>
  );
}

//! The workflow as a list, with the same acts as the canvas: for screen readers, and for whoever prefers the keyboard.

import { useState } from "react";

import { edgesOf, isNote, type NodeSpec } from "../../canvas/graph/document";
import { portsOf } from "../../canvas/graph/ports";
import { useEditor, useHistory } from "../../canvas/store";
import type { Asked } from "../../canvas/ask";

export function ListView({ onOpen, onAsk }: { readonly onOpen: (id: string) => void; readonly onAsk: (asked: Asked) => void }) {
  const { document } = useHistory();
  return (
    <div className="ed-listview">
      <table aria-label="Nodes of the workflow">
        <thead><tr><th scope="col">Node</th><th scope="col">Type</th><th scope="col">Leads to</th><th scope="col">State</th><th scope="col">Acts</th></tr></thead>
        <tbody>{document.nodes.map((node) => <Row key={node.id} node={node} onOpen={onOpen} onAsk={onAsk} />)}</tbody>
      </table>
      {document.nodes.length === 0 && <p className="ed-empty">No nodes yet.</p>}
      <button type="button" onClick={() => onAsk({ at: [0, 0] })}>Add node</button>
    </div>
  );
}

function Row({ node, onOpen, onAsk }: { readonly node: NodeSpec; readonly onOpen: (id: string) => void; readonly onAsk: (asked: Asked) => void }) {
  const store = useEditor();
  const { document, selection } = useHistory();
  const outputs = portsOf(node, store.setting.groupOf, document).outputs;
  const [output, setOutput] = useState(0);
  const [target, setTarget] = useState("");
  const state = store.stateOf(node.name);
  const problems = store.problemsOf(node.id);
  const into = document.nodes.find((other) => other.name === target);
  const inputs = into ? portsOf(into, store.setting.groupOf, document).inputs : [];
  const [input, setInput] = useState(0);
  const [x, y] = node.position ?? [0, 0];
  return (
    <tr aria-selected={selection.includes(node.id)}>
      <th scope="row">
        <label><input type="checkbox" aria-label={`Select ${node.name}`} checked={selection.includes(node.id)} onChange={(event) => store.select(event.target.checked ? [...selection, node.id] : selection.filter((id) => id !== node.id))} /></label>{" "}
        <button type="button" className="ed-link" onClick={() => onOpen(node.id)}>{node.name}</button>
      </th>
      <td>{node.type}</td>
      <td>
        {edgesOf(document).filter((edge) => edge.from === node.name).map((edge) => (
          <span key={JSON.stringify(edge)} className="ed-leads">
            {outputs[edge.output ?? 0] ? `${outputs[edge.output ?? 0]}: ` : ""}{edge.to}
            <button type="button" aria-label={`Disconnect ${node.name} from ${edge.to}`} onClick={() => store.act("Disconnect", [{ type: "disconnect", edge }])}>×</button>
          </span>
        ))}
      </td>
      <td>{[state?.status, node.disabled === true ? "disabled" : undefined, node.pinned ? "pinned" : undefined, problems.length > 0 ? `${problems.length} problems` : undefined].filter(Boolean).join(", ")}</td>
      <td>
        {!isNote(node) && outputs.length > 0 && (
          <>
            {outputs.length > 1 && <select aria-label={`Output of ${node.name}`} value={output} onChange={(event) => setOutput(Number(event.target.value))}>{outputs.map((name, index) => <option key={index} value={index}>{name || index}</option>)}</select>}
            <select aria-label={`Connect ${node.name} to`} value={target} onChange={(event) => setTarget(event.target.value)}>
              <option value="">connect to…</option>
              {document.nodes.filter((other) => portsOf(other, store.setting.groupOf, document).inputs.length > 0).map((other) => <option key={other.id}>{other.name}</option>)}
            </select>
            {inputs.length > 1 && <select aria-label={`Input of ${target}`} value={input} onChange={(event) => setInput(Number(event.target.value))}>{inputs.map((name, index) => <option key={index} value={index}>{name || index}</option>)}</select>}
            <button type="button" disabled={target === ""} onClick={() => { if (store.act("Connect", [{ type: "connect", edge: { from: node.name, output, to: target, input } }])) setTarget(""); }}>Connect</button>
            <button type="button" aria-label={`Add after ${node.name}`} onClick={() => onAsk({ at: [x + 224, y], after: { from: node.name, output } })}>Add after</button>
          </>
        )}
        <button type="button" aria-label={`Remove ${node.name}`} onClick={() => store.act("Remove node", [{ type: "removeNodes", ids: [node.id], bridge: true }])}>Remove</button>
      </td>
    </tr>
  );
}

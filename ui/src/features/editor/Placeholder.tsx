//! What stands where an import found no node type: what it was, what becomes of it, and what does its work meanwhile.

import { Clock3, Replace } from "lucide-react";

import { laterForType } from "@/resource/later";
import { edgesAt, type NodeSpec } from "../../canvas/graph/document";
import { useEditor, useHistory } from "../../canvas/store";
import { Button } from "@/kit/Button";
import type { NodeType } from "./calls";
import { initialParams } from "./form/schema";

export function Placeholder({ node, n8n, types }: { readonly node: NodeSpec; readonly n8n: string; readonly types: ReadonlyMap<string, NodeType> }) {
  const store = useEditor();
  const { document } = useHistory();
  const later = laterForType(n8n);
  // A model, a memory or a tool does its work inside another node, and goes with it.
  const hosts = edgesAt(document, node.name).flatMap((edge) => (edge.attachment !== undefined && edge.from === node.name ? [edge.to] : []));
  const offered = later.meanwhile.flatMap((id) => { const type = types.get(id); return type ? [type] : []; });
  const replace = (type: NodeType) => store.act(`Replace ${node.name}`, [{ type: "replaceNode", id: node.id, nodeType: type.id, params: initialParams(type.id, type.params, node.name) }]);
  return (
    <section className="ed-placeholder" aria-label="Placeholder">
      <p><Clock3 size={14} aria-hidden /> <b>A placeholder for n8n&apos;s “{later.name}”</b></p>
      <p>{later.comes}. The node is kept as it came, with all of its parameters, and goes back to n8n as it was. While it is here, the workflow can be edited and tried up to it, and not go live.</p>
      {hosts.length > 0
        ? <p>It is a part of {hosts.map((host) => `“${host}”`).join(", ")}: what takes the place of that node does without it.</p>
        : <p>Until then: put one of these in its place, or disable the node, so that its input goes through.</p>}
      <div className="flex flex-wrap gap-1.5">
        {hosts.length === 0 && offered.map((type) => <Button key={type.id} icon={<Replace size={13} />} onClick={() => replace(type)}>Replace with {type.title}</Button>)}
        <Button refused={node.disabled === true ? "It is disabled" : undefined} onClick={() => store.act("Disable node", [{ type: "setOption", id: node.id, option: "disabled", value: true }])}>Disable it</Button>
      </div>
    </section>
  );
}
